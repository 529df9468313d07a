// Which values become codes, and what their readers allow.
#pragma once

#include <optional>
#include <vector>

#include "graph/joined_sums.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/quantize.h"

namespace tessera::quantization {

// How many scales a value may have.
enum class Scaling : uint8_t {
  per_tensor,   // a sum, say, needs both operands in one measure
  per_slice,    // one for each Slice of channels that reads it, where these share no channel
  per_channel,  // maker and readers treat channels apart, or take them into their weights
};

struct Role {
  bool on_chip = false;  // else the host evaluates the node, in float
  // The node's own value is encoded.
  bool encoded = false;
  // The value stays float, since the host reads it too; convolutions of the chip read codes of it.
  bool encoded_for_readers = false;
  // A Slice or Pad of an encoded value: its codes are its operand's.
  bool inherits = false;
  Scaling scaling = Scaling::per_tensor;
  // What the chip makes has one zero point. What the host writes may have one per channel: it lays
  // the codes of padding too, so that a zero point is nothing but a constant in the reader's bias.
  // So may an affine's result, whose own bias is per channel.
  bool one_zero_point = true;
};

// By NodeId.
std::vector<Role> roles_of(const Graph& legal, const QuantizeOptions& options);

// Encoded values whose channels share their proportions, since additions join them.
std::vector<JoinedParts> joined_values(const Graph& legal, const QuantizeOptions& options);

// Weight matrix of a convolution or Gemm.
struct Matrix {
  const Tensor* weight = nullptr;
  const Tensor* bias = nullptr;
  int64_t groups = 1;

  int64_t outputs() const { return weight->dim(0); }
  int64_t inputs() const { return weight->dim(1); }  // per group
  int64_t taps() const { return weight->size() / (outputs() * inputs()); }
  // Channel of the operand that input i of output o is.
  int64_t channel(int64_t o, int64_t i) const { return o / (outputs() / groups) * inputs() + i; }
};
std::optional<Matrix> matrix_of(const Op& op);

// Whether the activation is the only reader of a convolution or Gemm.
bool follows_matrix(const Graph& graph, const Node& activation);

}  // namespace tessera::quantization
