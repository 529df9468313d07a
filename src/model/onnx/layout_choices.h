// Layouts of all inputs of a model together.
#pragma once

#include <span>
#include <vector>

#include "model/onnx/input_layout.h"

namespace tessera::onnx_import {

// Every input's k-th likely layout first, for each k, then every other combination; at most
// kMaxLayoutChoices. A length asked for is that of the inputs whose time dimension is open, or of
// the first input where none is; the others (caches) keep the file's.
// Errors: those of input_layouts; kInvalidArgument for a length that contradicts the file.
inline constexpr size_t kMaxLayoutChoices = 256;
Result<std::vector<std::vector<InputLayout>>> layout_choices(
    std::span<const onnx::ValueInfoProto* const> inputs, const ReadOptions& options);

// The input whose length the network's is: the first whose time is open, else the first of all.
size_t leading_input(std::span<const InputLayout> layouts);

}  // namespace tessera::onnx_import
