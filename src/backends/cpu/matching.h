// Decides, before anything is lowered, which nodes vanish into which others.
#pragma once

#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera::cpu {

// How a norm (or affine) reaches those who read it.
enum class NormRoute : uint8_t {
  materialise,   // applied to its operand, as a value of its own
  after_gemm,    // applied behind the pointwise convolutions that read it
  into_taps,     // folded into the taps of the depthwise convolutions that read it
  into_weights,  // constants, folded into the weights of the convolutions that read it
};

struct Matching {
  // By node: makes no value of its own, because a reader does its work.
  std::vector<bool> absorbed;
  std::vector<NormRoute> route;  // for Norm and Affine nodes

  bool is_absorbed(NodeId id) const { return absorbed[static_cast<size_t>(index_of(id))]; }
  NormRoute route_of(NodeId id) const { return route[static_cast<size_t>(index_of(id))]; }
};

Matching match(const Graph& graph);

// One filter per channel, along W only, stride 1: what kernels/simd/depthwise.h computes. Never
// pointwise too.
bool has_depthwise_kernel(const Conv& conv, const Shape& operand);

}  // namespace tessera::cpu
