// Decides, before anything is lowered, which nodes have a step of their own and which are computed
// within the step of the node that reads them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backends/emulator/program.h"
#include "backends/emulator/steps.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace tessera::emulator {

enum class Fused : uint8_t {
  no,                 // a step of its own
  into_activation,    // a convolution in integers: its accumulators go into the activation
  into_frame_norm,    // statistics of each frame alone: made by the scale and shift
  into_depthwise,     // a scale and shift to codes: the convolution makes the rows as it needs them
  into_float_conv,    // a product of floats: multiplied as the convolution reads
  part_of_its_source  // channels that lie together: read where they are
};

struct Fusion {
  std::vector<Fused> nodes;  // by node id

  Fused of(NodeId id) const { return nodes[static_cast<size_t>(index_of(id))]; }
};

// `values` by node id: shapes and codings.
Fusion fuse(const Graph& graph, const Encodings& encodings, std::span<const Value> values);

// A Conv or Gemm whose weights are integers. An input of a piece may have the name of the
// convolution that makes it in another.
bool has_integer_weights(const Node& node, const Encodings& encodings);

// The convolution in integers of `node`, without what makes its operand.
IntegerConv integer_conv_of(const Node& node, const Encodings& encodings, const Unary* activation);

// Whether the op hands codes on as they are.
bool keeps_codes(const Value& src, const Value& dst, const Op& op);

}  // namespace tessera::emulator
