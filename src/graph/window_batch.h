// WindowBatch: arrays for a network's inputs, taken window by window.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/npy.h"
#include "graph/window_reading.h"
#include "tessera/result.h"

namespace tessera {

// An array and what it is called in errors: its file.
struct WindowArray {
  std::string source;
  NpyArray array;
};

class WindowBatch {
 public:
  // One array for each of `inputs`, in that order; `readings` say how each of them lies. An array
  // of one window beside stacks of others stands for each of them, which a note says. Errors:
  // kInvalidArgument for stacks of different heights, naming them, and for none at all.
  static Result<WindowBatch> create(std::vector<WindowArray> arrays,
                                    std::vector<WindowReading> readings);

  int64_t windows() const { return windows_; }
  // By input: how its array is read.
  std::span<const WindowReading> readings() const { return readings_; }
  bool stacked() const { return stacked_; }  // what comes of them is stacked too
  const std::vector<Note>& notes() const { return notes_; }

  // By input: values in the graph's order.
  Result<std::vector<std::vector<float>>> window(int64_t n) const;

 private:
  std::vector<WindowArray> arrays_;
  std::vector<WindowReading> readings_;
  int64_t windows_ = 1;
  bool stacked_ = false;
  std::vector<Note> notes_;
};

}  // namespace tessera
