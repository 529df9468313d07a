#include "bisect/fake_quantized.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "bisect/operand_scales.h"
#include "run/host_group.h"

namespace tessera {
namespace {

using quantization::Matrix;
using quantization::matrix_of;

// Adding it rounds floats of magnitude below 2^22 to integers, half to even.
constexpr float kRounder = 12582912.0F;  // 1.5 * 2^23

void round_to_codes(std::vector<float>& values, const Shape& shape, const ValueEncoding& encoding) {
  const auto each = static_cast<size_t>(shape.h * shape.w);
  for (int64_t c = 0; c < shape.c; ++c) {
    const float scale = encoding.scale_of(c);
    const int32_t zero = encoding.zero_point_of(c);
    const auto low = static_cast<float>(encoding.lowest() - zero);
    const auto high = static_cast<float>(encoding.highest() - zero);
    float* at = values.data() + static_cast<size_t>(c) * each;
    for (size_t i = 0; i < each; ++i) {
      const float q = std::min(std::max(at[i] / scale, low), high);
      at[i] = ((q + kRounder) - kRounder) * scale;
    }
  }
}

// The encoding that a Slice or zero Pad has from its operand alone.
std::optional<ValueEncoding> inherited(const Graph& graph, NodeId node,
                                       const Encodings& encodings) {
  const Op& op = graph.node(node).op;
  if (!std::holds_alternative<Slice>(op) && !std::holds_alternative<Pad>(op)) return std::nullopt;
  Encodings without;
  without.values = encodings.values;
  without.values.erase(graph.node(node).name);
  return encoding_of(graph, node, without);
}

// Weights with one factor per output row and operand channel.
template <typename Entry>
Tensor weights_from(const Matrix& matrix, const Entry& entry) {
  std::vector<float> values;
  values.reserve(static_cast<size_t>(matrix.weight->size()));
  const int64_t row = matrix.inputs() * matrix.taps();
  for (int64_t o = 0; o < matrix.outputs(); ++o) {
    for (int64_t i = 0; i < row; ++i)
      values.push_back(static_cast<float>(entry(o, i, matrix.channel(o, i / matrix.taps()))));
  }
  return Tensor(matrix.weight->dims(), std::move(values));
}

Op with_weights(const Op& op, const Tensor& weight, const Tensor& bias) {
  if (const auto* conv = std::get_if<Conv>(&op)) {
    Conv made = *conv;
    made.weight = weight;
    made.bias = bias;
    return made;
  }
  return Gemm{weight, bias};
}

// One evaluation of a graph, stopping behind every value that is rounded.
class FakeQuantizedEvaluation {
 public:
  using Rounding = std::function<const ValueEncoding*(NodeId)>;  // null: none

  FakeQuantizedEvaluation(const Graph& graph, Backend& backend,
                          std::map<NodeId, std::vector<float>>* shown, Rounding rounding)
      : graph_(graph), backend_(backend), shown_(shown), rounding_(std::move(rounding)) {}

  Result<std::vector<std::vector<float>>> run(std::span<const ConstValues> inputs) {
    cut();
    for (size_t i = 0; i < inputs.size(); ++i)
      keep(graph_.inputs()[i], {inputs[i].begin(), inputs[i].end()});
    for (size_t g = 0; g < groups_.size(); ++g) {
      TESSERA_TRY_VOID(run_group(groups_[g]));
      std::erase_if(values_, [&](const auto& entry) {
        const auto last = last_read_.find(entry.first);
        return last == last_read_.end() || last->second <= g;
      });
    }
    std::vector<std::vector<float>> outputs;
    for (const GraphOutput& output : graph_.outputs()) outputs.push_back(values_.at(output.node));
    return outputs;
  }

 private:
  void cut() {
    groups_.emplace_back();
    for (NodeId id : graph_.order()) {
      if (graph_.get_if<Input>(id) != nullptr) continue;
      groups_.back().push_back(id);
      if (rounding_(id) != nullptr) groups_.emplace_back();
    }
    if (groups_.back().empty()) groups_.pop_back();
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (NodeId id : groups_[g]) {
        for (NodeId input : graph_.node(id).inputs) last_read_[input] = g;
      }
    }
    for (const GraphOutput& output : graph_.outputs()) last_read_[output.node] = groups_.size();
  }

  bool is_shown(NodeId id) const { return shown_ != nullptr && shown_->contains(id); }

  void keep(NodeId id, std::vector<float> value) {
    if (const ValueEncoding* encoding = rounding_(id))
      round_to_codes(value, graph_.node(id).shape, *encoding);
    if (is_shown(id)) (*shown_)[id] = value;
    values_[id] = std::move(value);
  }

  Result<void> run_group(const std::vector<NodeId>& nodes) {
    TESSERA_TRY(HostGroup group, make_host_group(graph_, nodes));
    GraphEditor editor(group.graph, "fake_quantized");
    for (NodeId id : nodes) {
      const auto& writes = group.writes;
      if (!is_shown(id) || std::find(writes.begin(), writes.end(), id) != writes.end()) continue;
      editor.add_output(graph_.node(id).name, group.graph.find(graph_.node(id).name));
      group.writes.push_back(id);
    }
    if (group.writes.empty()) return {};  // nothing that anything reads
    TESSERA_TRY(const auto executable, backend_.load({group.graph}));
    std::vector<ConstValues> sources;
    for (NodeId id : group.reads) sources.emplace_back(values_.at(id));
    std::vector<std::vector<float>> results;
    for (NodeId id : group.writes)
      results.emplace_back(static_cast<size_t>(graph_.node(id).shape.size()));
    const std::vector<Values> targets(results.begin(), results.end());
    TESSERA_TRY_VOID(executable->run(sources, targets));
    for (size_t i = 0; i < group.writes.size(); ++i) keep(group.writes[i], std::move(results[i]));
    return {};
  }

  const Graph& graph_;
  Backend& backend_;
  std::map<NodeId, std::vector<float>>* shown_;
  Rounding rounding_;
  std::vector<std::vector<NodeId>> groups_;
  std::map<NodeId, size_t> last_read_;           // group; groups_.size() for outputs
  std::map<NodeId, std::vector<float>> values_;  // those that live now
};

}  // namespace

std::string_view to_string(QuantizedItem::Kind kind) {
  switch (kind) {
    case QuantizedItem::Kind::value: return "value";
    case QuantizedItem::Kind::operand: return "operand";
    case QuantizedItem::Kind::weights: return "weights";
  }
  return "";
}

Result<FakeQuantized> FakeQuantized::create(const Graph& graph, const Encodings& encodings,
                                            Backend& backend) {
  TESSERA_TRY_VOID(check_encodings(graph, encodings));
  FakeQuantized made;
  made.graph_ = graph;
  made.backend_ = &backend;
  TESSERA_TRY_VOID(made.add_operand_reads(encodings));
  TESSERA_TRY_VOID(made.list_items(encodings));
  return made;
}

// A node of its own for every float value that convolutions read as codes.
Result<void> FakeQuantized::add_operand_reads(const Encodings& encodings) {
  GraphEditor editor(graph_, "fake_quantized");
  for (NodeId id : graph_.order()) {
    const Node node = graph_.node(id);
    const auto weights = encodings.weights.find(node.name);
    if (weights == encodings.weights.end() || !weights->second.operand) continue;
    const NodeId operand = node.inputs[0];
    if (encoding_of(graph_, operand, encodings)) continue;
    NodeId read = kNoNode;
    for (const auto& [candidate, of] : reads_) {
      if (of == operand && read_encodings_.at(candidate) == *weights->second.operand)
        read = candidate;
    }
    if (read == kNoNode) {
      const int64_t channels = graph_.node(operand).shape.c;
      TESSERA_TRY(read,
                  editor.add(Affine{Tensor::full({channels}, 1.0F), Tensor::full({channels}, 0.0F)},
                             {operand}, graph_.node(operand).name + ".read"));
      reads_[read] = operand;
      read_encodings_[read] = *weights->second.operand;
    }
    TESSERA_TRY_VOID(editor.replace(id, node.op, {read}));
  }
  return {};
}

Result<void> FakeQuantized::list_items(const Encodings& encodings) {
  for (NodeId id : graph_.order()) {
    const Node& node = graph_.node(id);
    if (const auto read = reads_.find(id); read != reads_.end()) {
      value_item_[id] = items_.size();
      items_.push_back({QuantizedItem::Kind::operand, graph_.node(read->second).name, id,
                        read_encodings_.at(id)});
      continue;
    }
    const auto weights = encodings.weights.find(node.name);
    if (weights != encodings.weights.end() && !std::holds_alternative<Input>(node.op))
      weigh(encodings, id);
    const auto value = encodings.values.find(node.name);
    if (value == encodings.values.end() || inherited(graph_, id, encodings) == value->second)
      continue;
    value_item_[id] = items_.size();
    items_.push_back({QuantizedItem::Kind::value, node.name, id, value->second});
  }
  return {};
}

// The item whose codes a convolution reads.
size_t FakeQuantized::operand_item(NodeId operand) const {
  for (;;) {
    if (const auto found = value_item_.find(operand); found != value_item_.end())
      return found->second;
    const Node& node = graph_.node(operand);
    const bool passes_on =
        std::holds_alternative<Slice>(node.op) || std::holds_alternative<Pad>(node.op);
    if (!passes_on) return items_.size();
    operand = node.inputs[0];
  }
}

void FakeQuantized::weigh(const Encodings& encodings, NodeId id) {
  const Node& node = graph_.node(id);
  const IntegerWeights& integers = encodings.weights.at(node.name);
  const Matrix matrix = matrix_of(node.op).value();
  const NodeId operand = node.inputs[0];
  const ValueEncoding read = reads_.contains(operand)
                                 ? read_encodings_.at(operand)
                                 : encoding_of(graph_, operand, encodings).value();
  Weighted weighted;
  weighted.node = id;
  weighted.item = items_.size();
  items_.push_back({QuantizedItem::Kind::weights, node.name, id, {}});
  weighted.operand_item = operand_item(operand);
  const OperandScales scales =
      infer_operand_scales(matrix, integers, read, graph_.node(operand).shape.c);
  if (scales.weights_off != 1) {
    contradictions_[weighted.item] = fmt::format(
        "its scales are {:.2g} times what its weights and biases have", scales.weights_off);
  } else if (scales.operand_off != 1 && weighted.operand_item < items_.size()) {
    contradictions_[weighted.operand_item] =
        fmt::format("its scale is {:.2g} times the one that the weights of '{}' were made for",
                    scales.operand_off, node.name);
  }
  fill_weights(weighted, matrix, integers, read, scales.of_channel);
  weighted_.push_back(std::move(weighted));
}

// What the op multiplies by in each state: with weights or integers, for an operand in float or
// in codes.
void FakeQuantized::fill_weights(Weighted& weighted, const quantization::Matrix& matrix,
                                 const IntegerWeights& integers, const ValueEncoding& read,
                                 const std::vector<double>& meant) {
  const int64_t row = matrix.inputs() * matrix.taps();
  const auto in_codes = [&](int64_t c) { return static_cast<double>(read.scale_of(c)); };
  const auto in_float = [&](int64_t c) { return meant[static_cast<size_t>(c)]; };
  const auto integer = [&](int64_t o, int64_t i) {
    return integers.values[static_cast<size_t>(o * row + i)] *
           static_cast<double>(integers.scale[static_cast<size_t>(o)]);
  };
  weighted.weight[0][0] = *matrix.weight;
  weighted.weight[0][1] = weights_from(matrix, [&](int64_t o, int64_t i, int64_t c) {
    return static_cast<double>((*matrix.weight)[o * row + i]) * in_float(c) / in_codes(c);
  });
  weighted.weight[1][0] = weights_from(
      matrix, [&](int64_t o, int64_t i, int64_t c) { return integer(o, i) / in_float(c); });
  weighted.weight[1][1] = weights_from(
      matrix, [&](int64_t o, int64_t i, int64_t c) { return integer(o, i) / in_codes(c); });
  weighted.bias[0] = matrix.bias == nullptr ? Tensor() : *matrix.bias;
  std::vector<float> bias;
  for (size_t o = 0; o < integers.bias.size(); ++o)
    bias.push_back(static_cast<float>(integers.bias[o] * static_cast<double>(integers.scale[o])));
  weighted.bias[1] = Tensor({matrix.outputs()}, std::move(bias));
}

Result<Graph> FakeQuantized::graph_with(const std::set<size_t>& active) const {
  Graph graph = graph_;
  GraphEditor editor(graph, "fake_quantized");
  for (const Weighted& weighted : weighted_) {
    const size_t own = active.contains(weighted.item) ? 1 : 0;
    // An operand that is no item is always read as codes.
    const size_t codes =
        weighted.operand_item == items_.size() || active.contains(weighted.operand_item) ? 1 : 0;
    const Node& node = graph.node(weighted.node);
    TESSERA_TRY_VOID(editor.replace(
        weighted.node, with_weights(node.op, weighted.weight[own][codes], weighted.bias[own]),
        std::vector<NodeId>(node.inputs)));
  }
  return graph;
}

Result<FakeQuantized::Outputs> FakeQuantized::run(
    const std::set<size_t>& active, std::span<const ConstValues> inputs,
    std::map<NodeId, std::vector<float>>* shown) const {
  TESSERA_TRY(const Graph graph, graph_with(active));
  return FakeQuantizedEvaluation(graph, *backend_, shown,
                                 [&](NodeId id) -> const ValueEncoding* {
                                   const auto item = value_item_.find(id);
                                   const bool rounded =
                                       item != value_item_.end() && active.contains(item->second);
                                   return rounded ? &items_[item->second].encoding : nullptr;
                                 })
      .run(inputs);
}

}  // namespace tessera
