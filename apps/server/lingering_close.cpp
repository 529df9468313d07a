#include "server/lingering_close.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/error.hpp>
#include <memory>

namespace tessera::server {
namespace {

using boost::asio::ip::tcp;
using boost::beast::error_code;

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr std::chrono::seconds kMaxTime{2};

class Lingering final : public std::enable_shared_from_this<Lingering> {
 public:
  explicit Lingering(boost::beast::tcp_stream connection) : connection_(std::move(connection)) {}

  void begin() {
    error_code error;
    connection_.socket().shutdown(tcp::socket::shutdown_send, error);
    connection_.expires_after(kMaxTime);
    if (!error) read();
  }

 private:
  void read() {
    connection_.async_read_some(boost::asio::buffer(dropped_),
                                [self = shared_from_this()](error_code error, size_t bytes) {
                                  self->bytes_ += bytes;
                                  if (!error && self->bytes_ <= kMaxBytes) self->read();
                                });
  }

  boost::beast::tcp_stream connection_;
  std::array<char, 4096> dropped_{};
  size_t bytes_ = 0;
};

}  // namespace

void close_lingering(boost::beast::tcp_stream connection) {
  std::make_shared<Lingering>(std::move(connection))->begin();
}

}  // namespace tessera::server
