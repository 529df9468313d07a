// Progress: a line on the terminal for work that takes longer than a second.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "cli/console.h"

namespace tessera::cli {

// Shows nothing unless standard error is a terminal and the work outlasts a second; erases its line
// when it ends. It draws from a thread of its own, so work that cannot report still shows its time.
class Progress {
 public:
  Progress(Console& console, std::string label);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Part of the work that is done, 0..1. Callable from any thread.
  void set(double fraction) { fraction_ = fraction; }

 private:
  void draw_until_stopped();

  Console& console_;
  std::string label_;
  std::atomic<double> fraction_{-1};  // below 0: unknown
  std::chrono::steady_clock::time_point begin_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopped_ = false;
  std::thread drawer_;  // last: it uses everything above
};

}  // namespace tessera::cli
