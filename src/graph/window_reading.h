// How an array that someone made lies over a network's input: one window of its values, or several
// in a stack.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

struct WindowReading {
  int64_t windows = 1;
  bool stacked = false;  // the array's first axis counts windows; what comes of them is stacked too
  IoLayout layout;       // of one window
  bool time_first = false;  // [time, channels], which is neither the file's order nor the graph's

  int64_t frames() const { return layout.shape.w; }
};

// Every way to read an array of these dimensions as windows of an input, the likeliest first: axis
// for axis as the model file lays the input out, its batch counting windows; the same with an axis
// for windows in front, or with dimensions of 1 added or left out; then as [C, H, W], and as
// [W, C] or [H, W, C]. Channels and devices are those of the input, frames are the array's. Empty:
// none.
std::vector<WindowReading> readings_of(std::span<const int64_t> dims, const IoLayout& input);

// Values of window `n` in the graph's order, [C, H, W], from those of the whole array. Errors:
// kInvalidArgument where the array does not hold them.
Result<std::vector<float>> window_of(std::span<const float> values, const WindowReading& reading,
                                     int64_t n);

// The same input at another number of frames; none where the file divides its time axis.
std::optional<IoLayout> with_frames(const IoLayout& layout, int64_t frames);

// What keeps an array of these dimensions from being windows of the input, where no reading has its
// frames, or where there is none at all (any_frames): "has 30 along time, dimension 1 of
// [1, 30, 6]; the network takes 40".
std::string misfit_text(std::span<const int64_t> dims, const IoLayout& input, bool any_frames);

// Dimensions of `windows` values of a port in a stack: its batch of 1 counts them, or an axis in
// front.
std::vector<int64_t> stacked_dims(const IoLayout& layout, int64_t windows);

}  // namespace tessera
