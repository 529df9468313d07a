// One HTTP connection: requests one after the other, each read, answered, logged.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "server/server_context.h"

namespace tessera::server {

// Takes the connection over; it lives until its peer or its server ends it.
void serve_connection(boost::asio::ip::tcp::socket socket, ServerContext& context);

}  // namespace tessera::server
