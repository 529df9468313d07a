#include "backends/emulator/fusion.h"

#include "graph/queries.h"
#include "graph/slot.h"

namespace tessera::emulator {
namespace {

class Fuser {
 public:
  Fuser(const Graph& graph, const Encodings& encodings, std::span<const Value> values)
      : graph_(graph), encodings_(encodings), values_(values) {
    fusion_.nodes.resize(static_cast<size_t>(graph.id_limit()), Fused::no);
  }

  Fusion run() {
    // What a depthwise convolution can take in depends on the activation and norm fused before.
    for (NodeId id : graph_.order()) {
      if (goes_into_activation(graph_.node(id))) set(id, Fused::into_activation);
      if (goes_into_frame_norm(graph_.node(id))) set(id, Fused::into_frame_norm);
    }
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (goes_into_depthwise(node)) set(id, Fused::into_depthwise);
      if (goes_into_float_conv(node)) set(id, Fused::into_float_conv);
      if (is_part_of_its_source(node)) set(id, Fused::part_of_its_source);
    }
    return std::move(fusion_);
  }

 private:
  void set(NodeId id, Fused how) { fusion_.nodes[slot(id)] = how; }
  const Value& value(NodeId id) const { return values_[slot(id)]; }
  bool in_integers(const Node& node) const { return has_integer_weights(node, encodings_); }

  bool goes_into_activation(const Node& node) const {
    if (!in_integers(node) || value(node.id).coding) return false;
    const NodeId reader = sole_user(graph_, node.id);
    return reader != kNoNode && graph_.get_if<Unary>(reader) != nullptr;
  }

  bool goes_into_frame_norm(const Node& node) const {
    const auto* op = std::get_if<NormStatistics>(&node.op);
    if (op == nullptr || op->kind != NormKind::channel_wise || value(node.id).coding) return false;
    const NodeId reader = sole_user(graph_, node.id);
    if (reader == kNoNode || graph_.get_if<ScaleShift>(reader) == nullptr) return false;
    const auto& inputs = graph_.node(reader).inputs;
    return inputs[1] == node.id && inputs[0] != node.id;
  }

  bool goes_into_depthwise(const Node& node) const {
    if (!std::holds_alternative<ScaleShift>(node.op) || !value(node.id).coding) return false;
    const NodeId statistics = node.inputs[1];
    if (value(statistics).coding || fusion_.of(statistics) == Fused::into_frame_norm) return false;
    const NodeId reader = sole_user(graph_, node.id);
    if (reader == kNoNode || graph_.get_if<Conv>(reader) == nullptr) return false;
    const Node& conv = graph_.node(reader);
    if (!in_integers(conv)) return false;
    const Unary* activation = fusion_.of(reader) == Fused::into_activation
                                  ? graph_.get_if<Unary>(sole_user(graph_, reader))
                                  : nullptr;
    return runs_as_depthwise(integer_conv_of(conv, encodings_, activation), node.shape, conv.shape);
  }

  // The convolution reads each frame of both factors for its own.
  bool goes_into_float_conv(const Node& node) const {
    if (!std::holds_alternative<Mul>(node.op)) return false;
    for (NodeId id : {node.id, node.inputs[0], node.inputs[1]}) {
      if (value(id).coding || value(id).shape != node.shape) return false;
    }
    const NodeId reader = sole_user(graph_, node.id);
    const auto* conv = reader == kNoNode ? nullptr : graph_.get_if<Conv>(reader);
    return conv != nullptr && !in_integers(graph_.node(reader)) && may_have_factor(*conv);
  }

  bool is_part_of_its_source(const Node& node) const {
    const auto* slice = std::get_if<Slice>(&node.op);
    if (slice == nullptr || slice->axis != Axis::c || slice->step != 1) return false;
    const Value& src = value(node.inputs[0]);
    const Value& dst = value(node.id);
    if (src.coding.has_value() != dst.coding.has_value()) return false;
    return !src.coding || keeps_codes(src, dst, node.op);
  }

  const Graph& graph_;
  const Encodings& encodings_;
  std::span<const Value> values_;
  Fusion fusion_;
};

}  // namespace

bool has_integer_weights(const Node& node, const Encodings& encodings) {
  const bool multiplies =
      std::holds_alternative<Conv>(node.op) || std::holds_alternative<Gemm>(node.op);
  return multiplies && encodings.weights.contains(node.name);
}

IntegerConv integer_conv_of(const Node& node, const Encodings& encodings, const Unary* activation) {
  // A Gemm is one row of a pointwise convolution.
  const auto* conv = std::get_if<Conv>(&node.op);
  IntegerConv integer{conv != nullptr ? *conv : Conv{}, encodings.weights.at(node.name),
                      activation};
  // Stripes transpose kernels without moving their values.
  if (conv != nullptr) integer.weights.dims = conv->weight.dims();
  return integer;
}

bool keeps_codes(const Value& src, const Value& dst, const Op& op) {
  const auto* slice = std::get_if<Slice>(&op);
  if (slice == nullptr || slice->axis != Axis::c) return *src.coding == *dst.coding;
  integer::Coding part = *src.coding;
  part.scale.clear();
  part.zero_point.clear();
  for (int64_t c = slice->begin; c < slice->end; c += slice->step) {
    part.scale.push_back(src.coding->scale[static_cast<size_t>(c)]);
    part.zero_point.push_back(src.coding->zero_point[static_cast<size_t>(c)]);
  }
  return part == *dst.coding;
}

Fusion fuse(const Graph& graph, const Encodings& encodings, std::span<const Value> values) {
  return Fuser(graph, encodings, values).run();
}

}  // namespace tessera::emulator
