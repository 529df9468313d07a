#include <algorithm>

#include "backends/emulator/program.h"
#include "backends/emulator/steps.h"
#include "graph/slot.h"

namespace tessera::emulator {
namespace {

class Lowering {
 public:
  Lowering(const Graph& graph, const Encodings& encodings, const IntegerKernels& kernels)
      : graph_(graph),
        encodings_(encodings),
        kernels_(kernels),
        lowered_(std::make_unique<Lowered>()) {}

  std::unique_ptr<Lowered> run() {
    describe_values();
    begin_with_inputs();
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (!std::holds_alternative<Input>(node.op) && !std::holds_alternative<Constant>(node.op))
        add_node(node);
    }
    end_with_outputs();
    return std::move(lowered_);
  }

 private:
  Value& value(NodeId id) { return lowered_->values[slot(id)]; }
  size_t ids() const { return static_cast<size_t>(graph_.id_limit()); }

  void describe_values() {
    auto& values = lowered_->values;
    values.resize(ids() + graph_.inputs().size() + graph_.outputs().size());
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      value(id).shape = node.shape;
      if (const auto* constant = std::get_if<Constant>(&node.op)) {
        lowered_->constants.push_back(constant->value);
        value(id).data = constant->value.data();
        continue;
      }
      if (const auto encoding = encoding_of(graph_, id, encodings_))
        value(id).coding = integer::make_coding(*encoding, node.shape.c);
    }
  }

  void begin_with_inputs() {
    for (size_t i = 0; i < graph_.inputs().size(); ++i) {
      const NodeId id = graph_.inputs()[i];
      if (!value(id).coding) {
        lowered_->inputs.push_back(slot(id));
        continue;
      }
      const size_t floats = ids() + i;
      lowered_->values[floats].shape = value(id).shape;
      lowered_->inputs.push_back(floats);
      add(quantize_step(kernels_, lowered_->values[floats], value(id)), {floats}, slot(id));
    }
  }

  void end_with_outputs() {
    for (size_t i = 0; i < graph_.outputs().size(); ++i) {
      const NodeId id = graph_.outputs()[i].node;
      const size_t floats = ids() + graph_.inputs().size() + i;
      lowered_->values[floats].shape = value(id).shape;
      lowered_->outputs.push_back(floats);
      add(dequantize_step(kernels_, value(id), lowered_->values[floats]), {slot(id)}, floats);
    }
  }

  void add(std::unique_ptr<Step> step, std::vector<size_t> operands, std::optional<size_t> result) {
    lowered_->steps.push_back({std::move(step), std::move(operands), result});
  }

  void add_node(const Node& node) {
    if (joined_activation(node) != kNoNode) return;  // made by what reads it
    if (is_part_of_frame_norm(node) || is_made_by_depthwise(node)) return;
    if (is_product_of_float_conv(node)) return;
    if (is_part(node)) return;
    std::vector<size_t> operands;
    for (NodeId input : node.inputs) operands.push_back(slot(input));
    if (add_statistics(node)) return;
    if (add_frame_norm(node)) return;
    if (add_convolution(node)) return;
    add(step_for(node), std::move(operands), slot(node.id));
  }

  // Channels that lie together are read where they are.
  bool is_part(const Node& node) {
    const auto* slice = std::get_if<Slice>(&node.op);
    if (slice == nullptr || slice->axis != Axis::c || slice->step != 1) return false;
    const Value& src = value(node.inputs[0]);
    Value& dst = value(node.id);
    if (src.coding.has_value() != dst.coding.has_value()) return false;
    if (src.coding && !keeps_codes(src, dst, node.op)) return false;
    dst.part_of = Part{slot(node.inputs[0]), slice->begin};
    return true;
  }

  // An input of a piece may have the name of the convolution that makes it in another.
  bool has_integer_weights(const Node& node) const {
    const bool multiplies =
        std::holds_alternative<Conv>(node.op) || std::holds_alternative<Gemm>(node.op);
    return multiplies && encodings_.weights.contains(node.name);
  }

  // The activation that reads the accumulators of a convolution, which nothing else sees; kNoNode
  // if there is none.
  NodeId joined_activation(const Node& node) const {
    if (!has_integer_weights(node) || lowered_->values[slot(node.id)].coding ||
        graph_.is_output(node.id)) {
      return kNoNode;
    }
    const auto users = graph_.users(node.id);
    if (users.size() != 1 || graph_.get_if<Unary>(users[0]) == nullptr) return kNoNode;
    return users[0];
  }

  // A convolution, or the activation that takes one in.
  bool add_convolution(const Node& node) {
    const Node* source = &node;
    const auto* unary = std::get_if<Unary>(&node.op);
    if (unary != nullptr) source = &graph_.node(node.inputs[0]);
    if (unary != nullptr && joined_activation(*source) != node.id) return false;
    const auto* conv = std::get_if<Conv>(&source->op);
    const Value& dst = value(node.id);
    if (!has_integer_weights(*source)) {
      if (conv == nullptr || value(source->inputs[0]).coding) return false;
      const Node& operand = graph_.node(source->inputs[0]);
      if (is_product_of_float_conv(operand)) {
        const NodeId a = operand.inputs[0];
        const NodeId b = operand.inputs[1];
        add(float_conv_step(kernels_, *conv, value(a), dst, &value(b)), {slot(a), slot(b)},
            slot(node.id));
        return true;
      }
      add(float_conv_step(kernels_, *conv, value(operand.id), dst), {slot(operand.id)},
          slot(node.id));
      return true;
    }
    const IntegerWeights& weights = encodings_.weights.at(source->name);
    // A Gemm is one row of a pointwise convolution.
    IntegerConv integer{conv != nullptr ? *conv : Conv{}, weights, unary};
    // Stripes turn kernels without moving their values.
    if (conv != nullptr) integer.weights.dims = conv->weight.dims();
    if (add_depthwise_of_norm(integer, *source, node)) return true;
    add(integer_conv_step(kernels_, integer, value(source->inputs[0]), dst),
        {slot(source->inputs[0])}, slot(node.id));
    return true;
  }

  // Whether this is a product of floats that only a convolution of floats reads, each frame for its
  // own: that takes it in.
  bool is_product_of_float_conv(const Node& node) const {
    if (!std::holds_alternative<Mul>(node.op) || graph_.is_output(node.id)) return false;
    for (NodeId id : {node.id, node.inputs[0], node.inputs[1]}) {
      const Value& floats = lowered_->values[slot(id)];
      if (floats.coding || floats.shape != node.shape) return false;
    }
    const auto users = graph_.users(node.id);
    if (users.size() != 1) return false;
    const auto* conv = graph_.get_if<Conv>(users[0]);
    return conv != nullptr && !has_integer_weights(graph_.node(users[0])) && may_have_factor(*conv);
  }

  bool add_statistics(const Node& node) {
    const auto* op = std::get_if<NormStatistics>(&node.op);
    if (op == nullptr) return false;
    const Value& src = value(node.inputs[0]);
    const Value& dst = value(node.id);
    if (dst.coding) return false;
    if (op->kind == NormKind::channel_wise) {
      add(frame_statistics_step(kernels_, *op, src, dst), {slot(node.inputs[0])}, slot(node.id));
      return true;
    }
    if (!src.coding) {
      if (op->kind != NormKind::global) return false;
      const size_t read = slot(node.inputs[0]);
      auto moments = std::make_shared<SequenceMoments>(src.shape);
      add(row_sums_step(src, moments), {read}, std::nullopt);
      add(means_step(moments), {}, std::nullopt);
      add(row_spreads_step(src, moments), {read}, std::nullopt);
      add(coefficients_step(*op, dst, moments), {}, slot(node.id));
      return true;
    }
    if (op->kind == NormKind::cumulative) {
      add(cumulative_statistics_step(*op, src, dst), {slot(node.inputs[0])}, slot(node.id));
      return true;
    }
    auto sums = std::make_shared<RowSums>();
    add(sum_step(kernels_, src, sums), {slot(node.inputs[0])}, std::nullopt);
    add(statistics_of_sums_step(*op, src, dst, sums), {}, slot(node.id));
    return true;
  }

  // Whether these are statistics of each frame alone that only a scale and shift reads: that takes
  // them in.
  bool is_part_of_frame_norm(const Node& node) const {
    const auto* op = std::get_if<NormStatistics>(&node.op);
    if (op == nullptr || op->kind != NormKind::channel_wise || graph_.is_output(node.id) ||
        lowered_->values[slot(node.id)].coding) {
      return false;
    }
    const auto users = graph_.users(node.id);
    if (users.size() != 1 || graph_.get_if<ScaleShift>(users[0]) == nullptr) return false;
    const auto& inputs = graph_.node(users[0]).inputs;
    return inputs[1] == node.id && inputs[0] != node.id;
  }

  bool add_frame_norm(const Node& node) {
    if (!std::holds_alternative<ScaleShift>(node.op)) return false;
    const Node& statistics = graph_.node(node.inputs[1]);
    if (!is_part_of_frame_norm(statistics)) return false;
    const size_t of = slot(statistics.inputs[0]);
    const size_t src = slot(node.inputs[0]);
    add(frame_norm_step(kernels_, std::get<NormStatistics>(statistics.op), lowered_->values[of],
                        lowered_->values[src], value(node.id)),
        {of, src}, slot(node.id));
    return true;
  }

  // Whether this is a scale and shift to codes that only a depthwise convolution along one axis
  // reads: that makes its rows as it needs them.
  bool is_made_by_depthwise(const Node& node) const {
    if (!std::holds_alternative<ScaleShift>(node.op) || graph_.is_output(node.id)) return false;
    const auto& values = lowered_->values;
    if (!values[slot(node.id)].coding || values[slot(node.inputs[1])].coding) return false;
    if (is_part_of_frame_norm(graph_.node(node.inputs[1]))) return false;
    const auto users = graph_.users(node.id);
    if (users.size() != 1 || graph_.get_if<Conv>(users[0]) == nullptr) return false;
    const Node& user = graph_.node(users[0]);
    if (!has_integer_weights(user)) return false;
    const auto& conv = std::get<Conv>(user.op);
    IntegerConv integer{conv, encodings_.weights.at(user.name)};
    integer.weights.dims = conv.weight.dims();
    const NodeId activation = joined_activation(user);
    if (activation != kNoNode) integer.activation = graph_.get_if<Unary>(activation);
    return runs_as_depthwise(integer, node.shape, user.shape);
  }

  bool add_depthwise_of_norm(IntegerConv conv, const Node& source, const Node& result) {
    const Node& norm = graph_.node(source.inputs[0]);
    if (!is_made_by_depthwise(norm)) return false;
    const size_t src = slot(norm.inputs[0]);
    const size_t ab = slot(norm.inputs[1]);
    conv.rows =
        scale_shift_rows(kernels_, lowered_->values[src], lowered_->values[ab], value(norm.id));
    add(integer_conv_step(kernels_, conv, value(norm.id), value(result.id)), {src, ab},
        slot(result.id));
    return true;
  }

  std::unique_ptr<Step> step_for(const Node& node) {
    const Value& dst = value(node.id);
    std::vector<const Value*> operands;
    for (NodeId input : node.inputs) operands.push_back(&value(input));
    const auto* overlap_add = std::get_if<OverlapAdd>(&node.op);
    if (overlap_add != nullptr && !operands[0]->coding && !dst.coding)
      return overlap_add_step(*overlap_add, *operands[0], dst);
    if (!operands.empty()) {
      if (auto step = step_of_codes(node.op, *operands[0], dst)) return step;
      if (auto step = elementwise_step(kernels_, node.op, operands, dst)) return step;
    }
    return reference_step(node.op, std::move(operands), dst);
  }

  // Null where there is none.
  std::unique_ptr<Step> step_of_codes(const Op& op, const Value& src, const Value& dst) const {
    if (!src.coding || !dst.coding) return nullptr;
    const bool table = std::holds_alternative<Unary>(op) || std::holds_alternative<Affine>(op);
    if (table && !src.coding->is_int16) return table_step(kernels_, op, src, dst);
    if (!keeps_codes(src, dst, op)) return nullptr;
    if (const auto* slice = std::get_if<Slice>(&op)) return slice_step(*slice, src, dst);
    if (const auto* pad = std::get_if<Pad>(&op); pad && pad->mode == PadMode::zero)
      return pad_step(*pad, src, dst);
    return nullptr;
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
  const IntegerKernels& kernels_;
  std::unique_ptr<Lowered> lowered_;
};

}  // namespace

Result<std::unique_ptr<Lowered>> lower(const Graph& graph, const Encodings& encodings,
                                       const simd::IntegerKernels& kernels) {
  TESSERA_TRY_VOID(check_encodings(graph, encodings));
  return Lowering(graph, encodings, kernels).run();
}

}  // namespace tessera::emulator
