#include <algorithm>

#include "backends/emulator/fusion.h"
#include "backends/emulator/program.h"
#include "backends/emulator/steps.h"
#include "graph/slot.h"

namespace tessera::emulator {
namespace {

class Lowering {
 public:
  Lowering(const Graph& graph, const Encodings& encodings, const IntegerKernels& kernels,
           const CarriedNodes* carried)
      : graph_(graph),
        encodings_(encodings),
        kernels_(kernels),
        carried_(carried),
        lowered_(std::make_unique<Lowered>()) {}

  std::unique_ptr<Lowered> run() {
    describe_values();
    fusion_ = tflite() ? Fusion{std::vector<Fused>(ids(), Fused::no)}
                       : fuse(graph_, encodings_, lowered_->values);
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
  bool tflite() const { return encodings_.arithmetic == IntegerArithmetic::tflite; }
  size_t ids() const { return static_cast<size_t>(graph_.id_limit()); }

  void describe_values() {
    auto& values = lowered_->values;
    // Those of graph inputs and outputs follow, and of accumulators.
    next_sum_ = ids() + graph_.inputs().size() + graph_.outputs().size();
    values.resize(next_sum_ + (tflite() ? encodings_.weights.size() : 0));
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
      add(tflite() ? tflite_quantize_step(lowered_->values[floats], value(id))
                   : quantize_step(kernels_, lowered_->values[floats], value(id)),
          {floats}, slot(id));
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
    switch (fusion_.of(node.id)) {
      case Fused::no: return add_step(node);
      case Fused::part_of_its_source:
        value(node.id).part_of = Part{slot(node.inputs[0]), std::get<Slice>(node.op).begin};
        return;
      default: return;  // computed by what reads it
    }
  }

  void add_step(const Node& node) {
    if (tflite() && add_tflite(node)) return;
    if (add_statistics(node) || add_frame_norm(node) || add_convolution(node)) return;
    std::vector<size_t> operands;
    for (NodeId input : node.inputs) operands.push_back(slot(input));
    add(step_for(node), std::move(operands), slot(node.id));
  }

  // Whether the node is an operator of TensorFlow Lite's integers, part of one, or rounded to codes
  // as there.
  bool add_tflite(const Node& node) {
    using Form = quantization::TfliteForm;
    const Form form = quantization::tflite_form_of(graph_, node, encodings_);
    if (form == Form::into_relu) return true;
    if (form == Form::float_op && !value(node.id).coding) return false;
    const Node& source = form == Form::relu_of_convolution ? graph_.node(node.inputs[0]) : node;
    std::vector<size_t> slots;
    std::vector<const Value*> operands;
    for (NodeId input : source.inputs) {
      slots.push_back(slot(input));
      operands.push_back(&value(input));
    }
    const Value& dst = value(node.id);
    if (form == Form::float_op) {
      add(reference_step(node.op, std::move(operands), dst, skip_of(node),
                         IntegerArithmetic::tflite),
          std::move(slots), slot(node.id));
      return true;
    }
    if (add_fast_tflite(form, source, node)) return true;
    std::optional<IntegerWeights> weights;
    if (encodings_.weights.contains(source.name)) weights = encodings_.weights.at(source.name);
    add(tflite_step(form, source.op, std::move(weights), std::move(operands), dst),
        std::move(slots), slot(node.id));
    return true;
  }

  // By kernels that are faster than the plain loops and give the same bits.
  bool add_fast_tflite(quantization::TfliteForm form, const Node& source, const Node& node) {
    using Form = quantization::TfliteForm;
    const Value& src = value(source.inputs[0]);
    const Value& dst = value(node.id);
    if (!src.coding) return false;
    const std::vector<size_t> from{slot(source.inputs[0])};
    if (form == Form::movement) {
      auto step = step_of_codes(node.op, src, dst);
      if (step == nullptr) return false;
      add(std::move(step), from, slot(node.id));
      return true;
    }
    if (src.coding->is_int16) return false;
    const bool of_one = form == Form::relu || form == Form::leaky_relu || form == Form::prelu ||
                        form == Form::curve;
    if (of_one) {
      add(tflite_table_step(kernels_, form, node.op, src, dst), from, slot(node.id));
      return true;
    }
    const bool convolution = form == Form::convolution || form == Form::relu_of_convolution;
    if (!convolution || dst.coding->is_int16) return false;
    const IntegerConv conv = integer_conv_of(source, encodings_, nullptr);
    if (!sums_are_exact_floats(conv.weights, *src.coding)) return false;
    IntegerConv sums = conv;
    std::fill(sums.weights.scale.begin(), sums.weights.scale.end(), 1.0F);
    const size_t between = next_sum_++;
    lowered_->values[between].shape = dst.shape;
    add(integer_conv_step(kernels_, sums, src, lowered_->values[between]), from, between);
    add(tflite_requantize_step(conv.weights, *src.coding, form == Form::relu_of_convolution,
                               lowered_->values[between], dst),
        {between}, slot(node.id));
    return true;
  }

  // Of a node that goes on from run to run.
  std::optional<int64_t> skip_of(const Node& node) const {
    if (carried_ == nullptr || !carried_->contains(node.name)) return std::nullopt;
    return carried_->at(node.name);
  }

  // A convolution, or the activation that it is fused into.
  bool add_convolution(const Node& node) {
    const auto* activation = std::get_if<Unary>(&node.op);
    if (activation != nullptr && fusion_.of(node.inputs[0]) != Fused::into_activation) return false;
    const Node& source = activation != nullptr ? graph_.node(node.inputs[0]) : node;
    if (has_integer_weights(source, encodings_)) {
      add_integer_conv(integer_conv_of(source, encodings_, activation), source, node);
      return true;
    }
    const auto* conv = std::get_if<Conv>(&source.op);
    if (conv == nullptr || value(source.inputs[0]).coding) return false;
    add_float_conv(*conv, graph_.node(source.inputs[0]), node);
    return true;
  }

  void add_integer_conv(IntegerConv conv, const Node& source, const Node& result) {
    const Node& operand = graph_.node(source.inputs[0]);
    const Value& dst = value(result.id);
    if (fusion_.of(operand.id) != Fused::into_depthwise) {
      add(integer_conv_step(kernels_, conv, value(operand.id), dst), {slot(operand.id)},
          slot(result.id));
      return;
    }
    const NodeId src = operand.inputs[0];
    const NodeId ab = operand.inputs[1];
    conv.rows = scale_shift_rows(kernels_, value(src), value(ab), value(operand.id));
    add(integer_conv_step(kernels_, conv, value(operand.id), dst), {slot(src), slot(ab)},
        slot(result.id));
  }

  void add_float_conv(const Conv& conv, const Node& operand, const Node& result) {
    const Value& dst = value(result.id);
    if (fusion_.of(operand.id) != Fused::into_float_conv) {
      add(float_conv_step(kernels_, conv, value(operand.id), dst), {slot(operand.id)},
          slot(result.id));
      return;
    }
    const NodeId a = operand.inputs[0];
    const NodeId b = operand.inputs[1];
    add(float_conv_step(kernels_, conv, value(a), dst, &value(b)), {slot(a), slot(b)},
        slot(result.id));
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
    if (!src.coding) return add_float_statistics(*op, node);
    if (op->kind == NormKind::cumulative) {
      add(cumulative_statistics_step(*op, src, dst, skip_of(node)), {slot(node.inputs[0])},
          slot(node.id));
      return true;
    }
    auto sums = std::make_shared<RowSums>();
    add(sum_step(kernels_, src, sums), {slot(node.inputs[0])}, std::nullopt);
    add(statistics_of_sums_step(*op, src, dst, sums), {}, slot(node.id));
    return true;
  }

  // Over the whole sequence, of floats.
  bool add_float_statistics(const NormStatistics& op, const Node& node) {
    if (op.kind != NormKind::global) return false;
    const size_t read = slot(node.inputs[0]);
    const Value& src = value(node.inputs[0]);
    auto moments = std::make_shared<SequenceMoments>(src.shape);
    add(row_sums_step(src, moments), {read}, std::nullopt);
    add(means_step(moments), {}, std::nullopt);
    add(row_spreads_step(src, moments), {read}, std::nullopt);
    add(coefficients_step(op, value(node.id), moments), {}, slot(node.id));
    return true;
  }

  bool add_frame_norm(const Node& node) {
    if (!std::holds_alternative<ScaleShift>(node.op)) return false;
    const Node& statistics = graph_.node(node.inputs[1]);
    if (fusion_.of(statistics.id) != Fused::into_frame_norm) return false;
    const NodeId of = statistics.inputs[0];
    const NodeId src = node.inputs[0];
    add(frame_norm_step(kernels_, std::get<NormStatistics>(statistics.op), value(of), value(src),
                        value(node.id)),
        {slot(of), slot(src)}, slot(node.id));
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
    return reference_step(node.op, std::move(operands), dst, skip_of(node));
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

  const Graph& graph_;
  const Encodings& encodings_;
  const IntegerKernels& kernels_;
  const CarriedNodes* carried_;
  std::unique_ptr<Lowered> lowered_;
  size_t next_sum_ = 0;
  Fusion fusion_;
};

}  // namespace

Result<std::unique_ptr<Lowered>> lower(const Graph& graph, const Encodings& encodings,
                                       const simd::IntegerKernels& kernels,
                                       const CarriedNodes* carried) {
  TESSERA_TRY_VOID(check_encodings(graph, encodings));
  return Lowering(graph, encodings, kernels, carried).run();
}

}  // namespace tessera::emulator
