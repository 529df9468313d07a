// ActivityTimer: the time that what is under way may take. One serves a connection, since one thing
// is under way at a time: idling, a head, a body, the work, an answer.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <utility>

namespace tessera::server {

inline std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

class ActivityTimer {
 public:
  using Clock = boost::asio::steady_timer::clock_type;

  explicit ActivityTimer(boost::asio::io_context& io) : timer_(io) {}

  // Calls `expired` then, unless start() or stop() is called before. `expired` keeps its owner
  // alive until that.
  void start(Clock::time_point then, std::function<void()> expired) {
    timer_.expires_at(then);
    timer_.async_wait([this, number = ++number_, expired = std::move(expired)](const auto& error) {
      if (!error && number_ == number) expired();
    });
  }
  void start(double seconds, std::function<void()> expired) {
    start(Clock::now() + std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6)),
          std::move(expired));
  }
  void stop() {
    ++number_;
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  uint64_t number_ = 0;
};

}  // namespace tessera::server
