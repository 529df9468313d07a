// Which element of its data each element that a scatter writes goes to, read off constant indices.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/onnx/const_array.h"
#include "model/onnx/op_context.h"

namespace tessera::onnx_import {

// A scatter that moves elements along one dim of its data: `positions` along it, row-major over the
// dims `running` of what is written; every other dim of the data is a dim of what is written.
struct ScatterTargets {
  size_t along = 0;
  std::vector<size_t> running;
  std::vector<int64_t> positions;
  std::vector<std::optional<size_t>> source;  // per dim of the data; nothing: `along`, or size 1
};

// Errors of both: kInvalidModel for shapes that do not fit and indices outside the data;
// kUnsupported where positions along several dims, or other positions for other channels, are told.
Result<ScatterTargets> scatter_element_targets(const OpContext& context, const Dims& data,
                                               const ConstArray& indices, const Dims& updates,
                                               size_t axis);
Result<ScatterTargets> scatter_nd_targets(const OpContext& context, const Dims& data,
                                          const ConstArray& indices, const Dims& updates);

// The same operations on constants; `add`: onto what is there, else in its place.
// Errors: kInvalidModel as above; kResourceLimit.
Result<ConstArray> fold_scatter_elements(const ConstArray& data, const ConstArray& indices,
                                         const ConstArray& updates, size_t axis, bool add);
Result<ConstArray> fold_scatter_nd(const ConstArray& data, const ConstArray& indices,
                                   const ConstArray& updates, bool add);

}  // namespace tessera::onnx_import
