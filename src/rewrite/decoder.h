// What every replacement of a transposed convolution shares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/op.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/result.h"

namespace tessera {

// Why a transposed convolution is not one along W of one group; empty if it is.
std::string not_along_time(const ConvTranspose& conv);

struct NamedOp {
  Op op;
  std::string_view suffix;
  // Of the replaced node's value; none: no value that the network had.
  std::optional<DerivedKind> derived = {};
};

// From frames summed to `width` samples to the conv's `result`: output padding, crop and bias (once
// per sample, not once per tap). Empty if nothing is left to do.
std::vector<NamedOp> after_overlap(const ConvTranspose& conv, const Shape& result, int64_t width);

// Adds `steps` one after the other behind the operands of `node` and puts the last in its place.
Result<void> replace_with_chain(GraphEditor& editor, NodeId node, std::vector<NamedOp> steps);

}  // namespace tessera
