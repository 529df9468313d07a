#include "backends/emulator/program.h"
#include "backends/emulator/steps.h"

namespace tessera::emulator {
namespace {

size_t slot(NodeId id) {
  return static_cast<size_t>(index_of(id));
}

class Lowering {
 public:
  Lowering(const Graph& graph, const Encodings& encodings)
      : graph_(graph), encodings_(encodings), lowered_(std::make_unique<Lowered>()) {}

  std::unique_ptr<Lowered> run() {
    describe_values();
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (std::holds_alternative<Input>(node.op) || std::holds_alternative<Constant>(node.op))
        continue;
      std::vector<size_t> operands;
      for (NodeId input : node.inputs) operands.push_back(slot(input));
      add(step_for(node), std::move(operands), slot(id));
    }
    for (const GraphOutput& output : graph_.outputs())
      lowered_->outputs.push_back(slot(output.node));
    return std::move(lowered_);
  }

 private:
  void describe_values() {
    auto& values = lowered_->values;
    const auto ids = static_cast<size_t>(graph_.id_limit());
    values.resize(ids + graph_.inputs().size());
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      values[slot(id)].shape = node.shape;
      if (const auto* constant = std::get_if<Constant>(&node.op)) {
        lowered_->constants.push_back(constant->value);
        values[slot(id)].data = constant->value.data();
        continue;
      }
      if (const auto encoding = encoding_of(graph_, id, encodings_))
        values[slot(id)].coding = integer::make_coding(*encoding, node.shape.c);
    }
    for (size_t i = 0; i < graph_.inputs().size(); ++i) {
      const NodeId id = graph_.inputs()[i];
      if (!values[slot(id)].coding) {
        lowered_->inputs.push_back(slot(id));
        continue;
      }
      values[ids + i].shape = graph_.node(id).shape;
      lowered_->inputs.push_back(ids + i);
      add(quantize_step(values[ids + i], values[slot(id)]), {ids + i}, slot(id));
    }
  }

  void add(std::unique_ptr<Step> step, std::vector<size_t> operands, size_t result) {
    lowered_->steps.push_back({std::move(step), std::move(operands), result});
  }

  std::unique_ptr<Step> step_for(const Node& node) const {
    const Value& dst = lowered_->values[slot(node.id)];
    if (!node.inputs.empty()) {
      const Value& src = lowered_->values[slot(node.inputs[0])];
      if (auto step = integer_step(node, src, dst)) return step;
    }
    std::vector<const Value*> operands;
    for (NodeId input : node.inputs) operands.push_back(&lowered_->values[slot(input)]);
    return float_step(node.op, std::move(operands), dst);
  }

  // Null where there is none: the op is evaluated in float.
  std::unique_ptr<Step> integer_step(const Node& node, const Value& src, const Value& dst) const {
    const auto weights = encodings_.weights.find(node.name);
    if (weights != encodings_.weights.end()) {
      if (const auto* conv = std::get_if<Conv>(&node.op))
        return conv_step(*conv, with_dims_of(*conv, weights->second), src, dst);
      return conv_step(Conv{}, weights->second, src, dst);  // Gemm: one row of a pointwise
    }
    if (!src.coding) return nullptr;
    if (const auto* statistics = std::get_if<NormStatistics>(&node.op); statistics && !dst.coding)
      return statistics_step(*statistics, src, dst);
    if (!dst.coding) return nullptr;
    const bool table =
        std::holds_alternative<Unary>(node.op) || std::holds_alternative<Affine>(node.op);
    if (table && !src.coding->wide) return table_step(node.op, src, dst);
    if (!keeps_codes(src, dst, node.op)) return nullptr;
    if (const auto* slice = std::get_if<Slice>(&node.op)) return slice_step(*slice, src, dst);
    if (const auto* pad = std::get_if<Pad>(&node.op); pad && pad->mode == PadMode::zero)
      return pad_step(*pad, src, dst);
    return nullptr;
  }

  // Stripes turn kernels without moving their values.
  static IntegerWeights with_dims_of(const Conv& conv, IntegerWeights weights) {
    weights.dims = conv.weight.dims();
    return weights;
  }

  static bool keeps_codes(const Value& src, const Value& dst, const Op& op) {
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

  const Graph& graph_;
  const Encodings& encodings_;
  std::unique_ptr<Lowered> lowered_;
};

}  // namespace

Result<std::unique_ptr<Lowered>> lower(const Graph& graph, const Encodings& encodings) {
  TESSERA_TRY_VOID(check_encodings(graph, encodings));
  return Lowering(graph, encodings).run();
}

}  // namespace tessera::emulator
