#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace tessera::cli {
namespace {

constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr int kBarWidth = 28;

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double fraction, double seconds) {
  std::string cells(kBarWidth, ' ');
  if (fraction >= 0) {
    const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
    std::fill_n(cells.begin(), filled, '=');
    if (filled < kBarWidth) cells[filled] = '>';
    const double left = fraction > 0.02 ? seconds / fraction - seconds : -1;
    const std::string rest = left >= 0 ? fmt::format(", {:.0f} s left", left) : "";
    return fmt::format("[{}] {:3.0f} %  {:.0f} s{}", cells, fraction * 100, seconds, rest);
  }
  // Unknown length: a mark that walks to and fro.
  const int way = kBarWidth - 3;
  const int step = static_cast<int>(seconds * 10) % (2 * way);
  std::fill_n(cells.begin() + (step < way ? step : 2 * way - step), 3, '=');
  return fmt::format("[{}] {:.0f} s", cells, seconds);
}

}  // namespace

Progress::Progress(Console& console, std::string label)
    : console_(console), label_(std::move(label)), begin_(std::chrono::steady_clock::now()) {
  if (::isatty(STDERR_FILENO) == 1) drawer_ = std::thread([this] { draw_until_stopped(); });
}

Progress::~Progress() {
  if (!drawer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_signal_.notify_one();
  drawer_.join();
  console_.set_status_line("");
}

void Progress::draw_until_stopped() {
  std::unique_lock lock(mutex_);
  auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
  while (!stop_signal_.wait_for(lock, wait, [this] { return stopped_; })) {
    wait = kInterval;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin_;
    std::string line = printable(label_ + "  " + bar(fraction_, elapsed.count()));
    line.resize(std::min(line.size(), static_cast<size_t>(terminal_columns() - 1)));
    console_.set_status_line(line);
  }
}

}  // namespace tessera::cli
