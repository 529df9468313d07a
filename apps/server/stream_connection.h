// One WebSocket: samples in, voices out.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "serve/pcm_stream.h"
#include "server/server_context.h"

namespace tessera::server {

using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

// Takes over a connection that asked for an upgrade. context.streams counts it already, and no more once it ends.
void serve_stream(boost::beast::tcp_stream connection, UpgradeRequest request, PcmStream stream, std::string id,
                  ServerContext& context);

}  // namespace tessera::server
