// The end of a connection whose peer may still be sending: closed at once, it would see a reset
// rather than the answer.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>

namespace tessera::server {

// Ends our side, then reads and drops what comes, for a while and up to a bound, before it closes.
void close_lingering(boost::beast::tcp_stream connection);

}  // namespace tessera::server
