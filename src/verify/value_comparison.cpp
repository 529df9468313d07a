#include "tessera/compiler/verify.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "calibrate/windows.h"
#include "tessera/backend.h"
#include "verify/probe_values.h"
#include "verify/reference_evaluator.h"
#include "verify/value_pairs.h"
#include "verify/visible_values.h"

namespace tessera {
namespace {

using ValuesOf = std::map<NodeId, std::vector<float>>;

Result<void> check_compared_ports(const std::vector<Port>& a, const std::vector<Port>& b,
                                  std::string_view kind) {
  if (a.size() != b.size()) {
    return TESSERA_ERROR(kMismatch, "comparison",
                         fmt::format("A has {} {}s, B {}", a.size(), kind, b.size()),
                         "compare networks that do the same");
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].shape == b[i].shape) continue;
    return TESSERA_ERROR(
        kMismatch, fmt::format("{} '{}'", kind, a[i].name),
        fmt::format("is {} in A, {} in B", to_string(a[i].shape), to_string(b[i].shape)),
        "compare networks that do the same, at the same length");
  }
  return {};
}

Result<void> check_inputs(const Graph& a, const Graph& b, std::span<const ConstValues> inputs) {
  const Signature of_a = signature_of(a);
  const Signature of_b = signature_of(b);
  TESSERA_TRY_VOID(check_compared_ports(of_a.inputs, of_b.inputs, "input"));
  TESSERA_TRY_VOID(check_compared_ports(of_a.outputs, of_b.outputs, "output"));
  TESSERA_TRY_VOID(check_input_values(of_a, inputs));
  if (!std::all_of(inputs.begin(), inputs.end(), is_silent)) return {};
  return TESSERA_ERROR(kInvalidArgument, "inputs", "are silent: every network agrees on silence",
                       "compare on a signal");
}

std::string coding_of(const Graph& graph, NodeId node, const Encodings* encodings) {
  if (encodings == nullptr) return "float";
  const auto encoding = encoding_of(graph, node, *encodings);
  if (!encoding) return "float";
  return fmt::format("{}{}", encoding->is_signed ? 'i' : 'u', encoding->bits);
}

class Comparison {
 public:
  Comparison(const ComparedNetwork& a, const ComparedNetwork& b,
             std::span<const ConstValues> inputs, const ComparisonOptions& options)
      : a_(a),
        b_(b),
        inputs_(inputs),
        options_(options),
        pairs_(pair_values(a.graph, b.graph)),
        original_(pairs_.swapped ? b : a),
        derived_(pairs_.swapped ? a : b),
        roles_(conv_tasnet_roles(original_.graph)) {}

  Result<ComparisonReport> run() {
    TESSERA_TRY(judge_, make_backend("cpu"));
    report_.matched_by = pairs_.matched_by;
    report_.a_only = std::move(pairs_.a_only);
    report_.b_only = std::move(pairs_.b_only);
    TESSERA_TRY_VOID(leave_out_hidden());
    for (size_t begin = 0; begin < pairs_.pairs.size();) {
      const size_t end = as_many_as_fit(begin);
      TESSERA_TRY_VOID(compare_pairs(begin, end));
      begin = end;
    }
    fill_falls();
    TESSERA_TRY_VOID(compare_outputs());
    return std::move(report_);
  }

 private:
  // Inputs, and what a played plan shows; every node of a graph that is evaluated whole.
  static Result<std::set<NodeId>> shown_by(const ComparedNetwork& network) {
    std::set<NodeId> shown;
    if (network.plan == nullptr) {
      const std::vector<NodeId> order = network.graph.order();
      shown.insert(order.begin(), order.end());
      return shown;
    }
    TESSERA_TRY(const auto visible, visible_values(*network.plan, HostSteps::one_by_one));
    shown.insert(visible.begin(), visible.end());
    shown.insert(network.graph.inputs().begin(), network.graph.inputs().end());
    return shown;
  }

  // Pairs of which a side does not show its value.
  Result<void> leave_out_hidden() {
    TESSERA_TRY(const std::set<NodeId> sources, shown_by(original_));
    TESSERA_TRY(const std::set<NodeId> nodes, shown_by(derived_));
    std::vector<ValuePair> kept;
    for (ValuePair& pair : pairs_.pairs) {
      const bool is_shown = nodes.contains(pair.node) &&
                            std::all_of(pair.sources.begin(), pair.sources.end(),
                                        [&](NodeId source) { return sources.contains(source); });
      if (is_shown) {
        kept.push_back(std::move(pair));
        continue;
      }
      const Node& node = derived_.graph.node(pair.node);
      (pairs_.swapped ? report_.a_only : report_.b_only)
          .push_back({node.name, op_name(node.op), "inside a compiled piece"});
    }
    pairs_.pairs = std::move(kept);
    return {};
  }

  int64_t bytes_of(const ValuePair& pair) const {
    int64_t values = derived_.graph.node(pair.node).shape.size();
    for (NodeId source : pair.sources) values += original_.graph.node(source).shape.size();
    return values * static_cast<int64_t>(sizeof(float));
  }

  // At least one pair.
  size_t as_many_as_fit(size_t begin) const {
    int64_t bytes = bytes_of(pairs_.pairs[begin]);
    size_t end = begin + 1;
    while (end < pairs_.pairs.size()) {
      bytes += bytes_of(pairs_.pairs[end]);
      if (bytes > options_.memory_bytes) break;
      ++end;
    }
    return end;
  }

  Result<ValuesOf> values_of(const ComparedNetwork& network, std::vector<NodeId> nodes) const {
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    std::erase_if(nodes, [&](NodeId id) { return network.graph.get_if<Input>(id) != nullptr; });
    TESSERA_TRY(
        ValuesOf values,
        network.plan != nullptr && network.devices
            ? probe_plan(*network.plan, *network.devices, network.encodings, nodes, inputs_)
            : probe_values(network.graph, network.backend, network.encodings, nodes, inputs_));
    for (size_t i = 0; i < inputs_.size(); ++i)
      values[network.graph.inputs()[i]].assign(inputs_[i].begin(), inputs_[i].end());
    return values;
  }

  Result<void> compare_pairs(size_t begin, size_t end) {
    std::vector<NodeId> sources;
    std::vector<NodeId> nodes;
    for (size_t i = begin; i < end; ++i) {
      const ValuePair& pair = pairs_.pairs[i];
      sources.insert(sources.end(), pair.sources.begin(), pair.sources.end());
      nodes.push_back(pair.node);
    }
    TESSERA_TRY(const ValuesOf from, values_of(original_, std::move(sources)));
    TESSERA_TRY(const ValuesOf made, values_of(derived_, std::move(nodes)));
    for (size_t i = begin; i < end; ++i)
      TESSERA_TRY_VOID(compare(pairs_.pairs[i], from, made.at(pairs_.pairs[i].node)));
    return {};
  }

  // The ops of a counterpart applied to its sources.
  Result<std::vector<float>> counterpart(const ValuePair& pair, const ValuesOf& from,
                                         Shape& shape) const {
    std::vector<Shape> shapes;
    std::vector<ConstValues> operands;
    for (NodeId source : pair.sources) {
      shapes.push_back(original_.graph.node(source).shape);
      operands.emplace_back(from.at(source));
    }
    shape = shapes[0];
    if (pair.ops.empty()) return from.at(pair.sources[0]);
    std::vector<float> computed;
    for (const Op& op : pair.ops) {
      TESSERA_TRY(shape, infer_shape(op, shapes));
      TESSERA_TRY(std::vector<float> next, evaluate_op(op, shapes, operands, *judge_));
      computed = std::move(next);
      shapes = {shape};
      operands = {ConstValues(computed)};
    }
    return computed;
  }

  Result<void> compare(const ValuePair& pair, const ValuesOf& from,
                       const std::vector<float>& made) {
    const Node& node = derived_.graph.node(pair.node);
    const Node& source = original_.graph.node(pair.sources.back());
    Shape shape;
    TESSERA_TRY(const std::vector<float> expected, counterpart(pair, from, shape));
    if (shape != node.shape) {
      (pairs_.swapped ? report_.a_only : report_.b_only)
          .push_back(
              {node.name, op_name(node.op),
               fmt::format("is {}, its counterpart {}", to_string(node.shape), to_string(shape))});
      return {};
    }
    ValueComparison value =
        measured(pairs_.swapped ? made : expected, pairs_.swapped ? expected : made);
    value.name = pairs_.swapped ? node.name : source.name;
    value.value = pairs_.swapped ? source.name : node.name;
    value.op = op_name(pairs_.swapped ? node.op : source.op);
    value.how = pair.how;
    value.shape = shape;
    value.coding =
        coding_of(b_.graph, pairs_.swapped ? pair.sources.back() : pair.node, b_.encodings);
    value.statistics = std::holds_alternative<NormStatistics>(node.op);
    if (pair.sources.size() == 1 && !value.statistics) {
      const auto roles = roles_.find(pair.sources[0]);
      if (roles != roles_.end()) value.roles = roles->second;
    }
    index_of_[pair.node] = report_.values.size();
    report_.values.push_back(std::move(value));
    return {};
  }

  static ValueComparison measured(ConstValues a, ConstValues b) {
    ValueComparison value;
    value.difference = difference(a, b);
    value.cosine = cosine_similarity(a, b);
    return value;
  }

  // Least SNR of the nearest compared values that a node is made of.
  double least_before(NodeId node, std::map<NodeId, double>& known) const {
    double least = kExactDb;
    for (NodeId operand : derived_.graph.node(node).inputs) {
      const auto compared = index_of_.find(operand);
      if (compared != index_of_.end()) {
        least = std::min(least, report_.values[compared->second].difference.snr_db);
        continue;
      }
      const auto before = known.find(operand);
      if (before != known.end()) least = std::min(least, before->second);
    }
    return least;
  }

  void fill_falls() {
    std::map<NodeId, double> known;  // of values without a counterpart
    for (NodeId id : derived_.graph.order()) {
      known[id] = least_before(id, known);
      const auto compared = index_of_.find(id);
      if (compared == index_of_.end()) continue;
      ValueComparison& value = report_.values[compared->second];
      value.snr_drop_db = std::max(0.0, known[id] - std::min(kExactDb, value.difference.snr_db));
    }
  }

  Result<void> compare_outputs() {
    for (const ComparedNetwork* network : {&a_, &b_}) {
      std::vector<NodeId> nodes;
      for (const GraphOutput& output : network->graph.outputs()) nodes.push_back(output.node);
      TESSERA_TRY(const ValuesOf values, values_of(*network, nodes));
      auto& outputs = network == &a_ ? report_.a_outputs : report_.b_outputs;
      for (NodeId node : nodes) outputs.push_back(values.at(node));
    }
    for (size_t i = 0; i < report_.a_outputs.size(); ++i) {
      const GraphOutput& of_a = a_.graph.outputs()[i];
      const GraphOutput& of_b = b_.graph.outputs()[i];
      ValueComparison value = measured(report_.a_outputs[i], report_.b_outputs[i]);
      value.name = of_a.name;
      value.value = of_b.name;
      value.op = op_name(a_.graph.node(of_a.node).op);
      value.shape = a_.graph.node(of_a.node).shape;
      value.coding = coding_of(b_.graph, of_b.node, b_.encodings);
      value.roles = {"output"};
      report_.outputs.push_back(std::move(value));
    }
    return {};
  }

  const ComparedNetwork& a_;
  const ComparedNetwork& b_;
  std::span<const ConstValues> inputs_;
  ComparisonOptions options_;
  ValuePairs pairs_;
  const ComparedNetwork& original_;
  const ComparedNetwork& derived_;
  std::unique_ptr<Backend> judge_;                    // of what rewriting makes of a node
  std::map<NodeId, std::vector<std::string>> roles_;  // by node of original_
  std::map<NodeId, size_t> index_of_;                 // by node of derived_: in report_.values
  ComparisonReport report_;
};

}  // namespace

double cosine_similarity(ConstValues a, ConstValues b) {
  TESSERA_CHECK(a.size() == b.size(), "only values of equal number are compared");
  double product = 0;
  double of_a = 0;
  double of_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]);
    const auto y = static_cast<double>(b[i]);
    product += x * y;
    of_a += x * x;
    of_b += y * y;
  }
  if (of_a == 0 && of_b == 0) return 1;
  return of_a > 0 && of_b > 0 ? std::clamp(product / std::sqrt(of_a) / std::sqrt(of_b), -1.0, 1.0)
                              : 0;
}

std::vector<size_t> ComparisonReport::worst_first() const {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [this](size_t x, size_t y) {
    return values[x].difference.snr_db < values[y].difference.snr_db;
  });
  return order;
}

Result<ComparisonReport> compare_values(const ComparedNetwork& a, const ComparedNetwork& b,
                                        std::span<const ConstValues> inputs,
                                        const ComparisonOptions& options) {
  TESSERA_TRY_VOID(check_inputs(a.graph, b.graph, inputs));
  return Comparison(a, b, inputs, options).run();
}

}  // namespace tessera
