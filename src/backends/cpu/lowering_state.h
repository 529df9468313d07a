// What lowering a graph keeps at hand; shared by the lower_*.cpp files, one per family of ops.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backends/cpu/lowering.h"
#include "backends/cpu/matching.h"
#include "backends/cpu/steps/convolution.h"
#include "backends/cpu/steps/norm.h"

namespace tessera::cpu {

// What a root node takes over from nodes absorbed into it.
struct FusedNodes {
  NodeId residual = kNoNode;  // other operand of an absorbed-into addition
  const Unary* activation = nullptr;
};

// A convolution's operand after looking through what was absorbed on the way to it.
struct ConvOperand {
  NodeId source = kNoNode;  // the node whose value is read
  Padding padding;
  PadMode mode = PadMode::zero;
  NodeId norm = kNoNode;  // absorbed Norm or Affine between source and padding
};

// A norm applied behind the product of all its readers.
struct BehindNorm {
  ValueId product = kNoValue;
  NormRows rows;
};

class LoweringState {
 public:
  LoweringState(const Graph& of, const simd::Kernels& with)
      : graph(of),
        kernels(with),
        matching(match(of)),
        value_of(static_cast<size_t>(of.id_limit()), kNoValue) {
    program.tile_frames = with.tile_frames;
  }

  static Domain domain_of(const Shape& shape) {
    return {static_cast<size_t>(shape.h), static_cast<size_t>(shape.w)};
  }
  const Shape& shape_of(NodeId id) const { return graph.node(id).shape; }
  ValueId value(NodeId id) const { return value_of[static_cast<size_t>(index_of(id))]; }
  void set_value(NodeId id, ValueId value) { value_of[static_cast<size_t>(index_of(id))] = value; }
  size_t tiles(const Domain& domain) const { return program.tiles(domain); }

  ValueId add_value(const Domain& domain, size_t channels) {
    const auto id = static_cast<ValueId>(program.values.size());
    program.values.push_back({.domain = domain, .channels = channels, .root = id});
    return id;
  }
  ValueId add_value(const Shape& shape) {
    return add_value(domain_of(shape), static_cast<size_t>(shape.c));
  }
  ValueId add_blob(size_t floats) {
    const ValueId id = add_value({}, 0);
    program.values[id].blob_floats = floats;
    return id;
  }
  ValueId add_view(ValueId of, size_t first_channel, size_t channels) {
    const Value base = program.values[of];
    const ValueId id = add_value(base.domain, channels);
    program.values[id].root = base.root;
    program.values[id].first_channel = base.first_channel + first_channel;
    return id;
  }

  // Adds a step; its domain is that of `dst`.
  template <class S>
  S& add_step(S step, ValueId dst) {
    auto owned = std::make_unique<S>(std::move(step));
    S& result = *owned;
    result.writes.push_back(dst);
    result.domain = program.values[dst].domain;
    maker[program.values[dst].root] = &result;
    program.steps.push_back(std::move(owned));
    return result;
  }
  template <class S>
  S& add_serial_step(S step, ValueId dst) {
    S& result = add_step(std::move(step), dst);
    result.serial = true;
    return result;
  }

  const Graph& graph;
  const simd::Kernels& kernels;
  Matching matching;
  Program program;
  std::vector<std::pair<ValueId, Tensor>> constants;
  std::vector<ValueId> value_of;                   // by node
  std::unordered_map<ValueId, Step*> maker;        // last step that wrote a root
  std::unordered_map<int32_t, BehindNorm> behind;  // by node of the norm
  std::unordered_map<int32_t, ValueId>
      product_of;                                 // by node of a convolution behind which a norm is
  std::unordered_map<int32_t, ValueId> gains_of;  // by node of a norm that goes into taps
};

// Each lowers one node that was not absorbed, with what was absorbed into it, and sets its value.
void lower_convolution(LoweringState& state, NodeId root, NodeId conv, const FusedNodes& fused);
void lower_gemm(LoweringState& state, NodeId root, NodeId gemm, const FusedNodes& fused);
void lower_transposed(LoweringState& state, NodeId node);
void lower_affine(LoweringState& state, NodeId root, NodeId node, const FusedNodes& fused);
void lower_norm(LoweringState& state, NodeId root, NodeId node, const FusedNodes& fused);
void lower_norm_statistics(LoweringState& state, NodeId node);
void lower_pair(LoweringState& state, NodeId root, NodeId node, const FusedNodes& fused);
void lower_scale_shift(LoweringState& state, NodeId node);
void lower_unary(LoweringState& state, NodeId node);
void lower_softmax(LoweringState& state, NodeId node);
void lower_concat(LoweringState& state, NodeId node);
void lower_slice(LoweringState& state, NodeId node);
void lower_pad(LoweringState& state, NodeId node);
void lower_by_reference(LoweringState& state, NodeId node);

// Starts the norm of a node that was absorbed: its statistics and what its readers need.
void start_absorbed_norm(LoweringState& state, NodeId norm);

// Shared details.
void set_activation(const FusedNodes& fused, size_t channels, const simd::Kernels& kernels,
                    Epilogue& epilogue);
// Constants of an Affine or batch norm as gain and offset per channel.
struct ChannelAffine {
  std::vector<float> gain;
  std::vector<float> offset;
};
ChannelAffine channel_affine(const Op& op);
simd::AlignedBuffer to_buffer(const std::vector<float>& values, size_t padded_size);
ConvOperand operand_of(const LoweringState& state, NodeId conv);

}  // namespace tessera::cpu
