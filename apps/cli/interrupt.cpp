#include "cli/interrupt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "exit_codes.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

// A terminal or pipe that takes no more text must not keep the process.
constexpr unsigned kSecondsToSaySo = 1;

// timeout(1) and the like signal a process and then its group: what comes that soon after the first
// is the same wish.
constexpr std::chrono::milliseconds kSameWish{300};

std::atomic<int> listeners{0};
std::atomic<bool> stop_wanted{false};

// Those of SIGINT, SIGTERM and SIGHUP that are not ignored.
sigset_t signals_to_watch() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(&set, signal);
  }
  return set;
}

std::string_view name_of(int signal) {
  return signal == SIGINT ? "SIGINT" : signal == SIGTERM ? "SIGTERM" : "SIGHUP";
}

[[noreturn]] void end_now(Console& console, int signal) {
  discard_unfinished_files();
  std::thread([] {
    ::sleep(kSecondsToSaySo);
    std::_Exit(exit_code(ErrorCode::kCancelled));
  }).detach();
  console.fail(TESSERA_ERROR(kCancelled, "", fmt::format("stopped by {}", name_of(signal)),
                             "files that are there are whole, unfinished ones are gone: give the "
                             "same command again"));
  std::_Exit(exit_code(ErrorCode::kCancelled));
}

}  // namespace

void watch_signals(Console& console) {
  const sigset_t watched = signals_to_watch();
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);  // in every thread from now on
  std::thread([watched, &console] {
    std::chrono::steady_clock::time_point asked;
    for (;;) {
      int signal = 0;
      if (sigwait(&watched, &signal) != 0) return;  // nothing to watch: all are ignored
      const auto now = std::chrono::steady_clock::now();
      const bool first = !stop_wanted.exchange(true);
      if (first) asked = now;
      const bool again = !first && now - asked > kSameWish;
      if (again || listeners.load() == 0) end_now(console, signal);
    }
  }).detach();
}

Interrupt::Interrupt() {
  listeners.fetch_add(1);
}

Interrupt::~Interrupt() {
  listeners.fetch_sub(1);
}

bool Interrupt::wanted() const {
  return stop_wanted.load();
}

}  // namespace tessera::cli
