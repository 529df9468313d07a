// Interrupt: Ctrl-C (or SIGTERM) as a wish to stop that long work looks at between its steps, so
// that it can keep what it has. A second Ctrl-C ends the program at once.
#pragma once

namespace tessera::cli {

class Interrupt {
 public:
  // One at a time.
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool wanted() const;
};

}  // namespace tessera::cli
