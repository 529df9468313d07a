// One WebSocket: samples in, voices out.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>

#include "serve/pcm_stream.h"
#include "server/http_messages.h"
#include "server/server_context.h"

namespace tessera::server {

// Takes over a connection that asked for an upgrade. context.streams counts it already, and no more
// once it ends.
void serve_stream(boost::beast::tcp_stream connection, HttpRequest request, PcmStream stream,
                  std::string id, ServerContext& context);

}  // namespace tessera::server
