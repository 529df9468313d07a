// Overlap-add, as a transposed convolution whose weights are zeros and ones.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/onnx/op_context.h"
#include "model/onnx/value.h"

namespace tessera::onnx_import {

// Frames laid along time: tap k of frame l goes to element l*stride + offsets[k] - crop of `length`
// elements; taps that fall on the same element are summed, elements that no tap reaches are 0, and
// what falls outside is dropped.
struct Frames {
  std::vector<Atom> taps;        // of the channels, major to minor; offsets are in their order
  std::vector<int64_t> offsets;  // of each tap, at least 0
  int64_t stride = 1;            // at least 1
  int64_t crop = 0;
  int64_t length = 1;
};

// The summed frames, of all channels of x that are no taps; `dims` receive the view: those of x
// without the taps, their factors of the channels renumbered, and time nowhere yet.
// Errors: kUnsupported when the taps and the other dims do not divide the channels of x among them;
// kResourceLimit for kernels beyond what any network has.
Result<Value> overlap_add(OpContext& context, const Value& x, const Frames& frames);

// A dim that counts frames and, inside each frame, channels (frames of samples written one after
// the other) as a dim of time alone. nothing when the dim is none of these.
Result<std::optional<Value>> interleaved(OpContext& context, const Value& x, size_t dim);

}  // namespace tessera::onnx_import
