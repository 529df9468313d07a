// What SIGINT, SIGTERM and SIGHUP do, the same for every command: unfinished files are removed,
// finished ones stay, and the exit code is that of kCancelled. A command that can keep its state
// holds an Interrupt: it is asked to stop at its next step, and ends at once at the second signal.
#pragma once

#include "cli/console.h"

namespace tessera::cli {

// Watches from a thread of its own until the process ends. Call once, before any other thread
// starts. Signals that are ignored (nohup, a job in the background) stay ignored.
void watch_signals(Console& console);

// While one lives, the first signal only sets wanted().
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool wanted() const;
};

}  // namespace tessera::cli
