#include "cli/interrupt.h"

#include <csignal>

namespace tessera::cli {
namespace {

volatile std::sig_atomic_t stop_wanted = 0;

void want_stop(int signal) {
  stop_wanted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

Interrupt::Interrupt() {
  stop_wanted = 0;
  std::signal(SIGINT, want_stop);
  std::signal(SIGTERM, want_stop);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interrupt::wanted() const {
  return stop_wanted != 0;
}

}  // namespace tessera::cli
