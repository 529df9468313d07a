#include "target/memory_ledger.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "graph/queries.h"
#include "target/ledger_rules.h"

namespace tessera {
namespace {

// A depthwise unit takes the taps of a kernel four at a time.
constexpr int64_t kTapsAtOnce = 4;

constexpr int64_t round_up(int64_t value, int64_t step) {
  return ceil_div(value, step) * step;
}

// Functions of one value ride on the operator before them when nothing else reads it.
bool is_fused(const Graph& graph, const Node& node) {
  if (!std::holds_alternative<Unary>(node.op)) return false;
  const Op& before = graph.node(node.inputs[0]).op;
  const bool stores_results = !std::holds_alternative<Input>(before) &&
                              !std::holds_alternative<Constant>(before) &&
                              !std::holds_alternative<Concat>(before);
  return stores_results && sole_user(graph, node.inputs[0]) != kNoNode;
}

class Builder {
 public:
  Builder(const Graph& graph, const Target& target)
      : graph_(graph),
        macs_(target.unit("macs")),
        depthwise_macs_(target.unit("depthwise_macs")),
        results_(target.unit("results")),
        operator_cycles_(target.unit("operator_cycles")),
        channel_step_(static_cast<int64_t>(target.unit("channel_step"))),
        arena_bytes_per_cycle_(rate(target, "arena_port")),
        constant_bytes_per_cycle_(rate(target, "constant_port")),
        shares_port_(target.unit("arena_port") == target.unit("constant_port")),
        constants_share_memory_(target.unit("constant_port") == 1) {}

  MemoryLedger build() {
    find_last_uses();
    for (NodeId id : graph_.order()) add(graph_.node(id));
    for (NodeId id : graph_.inputs()) in_bytes_ += bytes_of(id);
    std::set<NodeId> outputs;
    for (const GraphOutput& output : graph_.outputs()) outputs.insert(output.node);
    int64_t out_bytes = 0;
    for (NodeId id : outputs) out_bytes += bytes_of(id);
    ledger_.at_least_bytes = std::max(in_bytes_, out_bytes);
    if (constants_share_memory_) {
      ledger_.at_least_bytes += ledger_.weight_bytes;
      ledger_.estimated_bytes += ledger_.weight_bytes;
    }
    ledger_.estimated_bytes = std::max(ledger_.estimated_bytes, ledger_.at_least_bytes);
    return std::move(ledger_);
  }

 private:
  static double rate(const Target& target, std::string_view port) {
    const bool is_sram = target.unit(port) == 1;
    return target.unit(is_sram ? "sram_rate" : "memory_rate") / target.unit("clock");
  }

  int64_t bytes_of(NodeId id) const { return graph_.node(id).shape.size(); }

  // A value is needed until its last reader has run; an output of the graph to the end.
  void find_last_uses() {
    int64_t at = 0;
    for (NodeId id : graph_.order()) {
      for (NodeId input : graph_.node(id).inputs) last_use_[index_of(input)] = at;
      ++at;
    }
    for (const GraphOutput& output : graph_.outputs()) last_use_[index_of(output.node)] = at;
  }

  void add(const Node& node) {
    const int64_t now = at_++;
    if (std::holds_alternative<Constant>(node.op)) return;
    if (std::holds_alternative<Input>(node.op)) {
      live_ += bytes_of(node.id);
      ledger_.estimated_bytes = std::max(ledger_.estimated_bytes, live_);
      return;
    }
    if (is_fused(graph_, node)) {
      const size_t at = line_of_.at(index_of(node.inputs[0]));
      ledger_.lines[at].out = node.id;
      line_of_[index_of(node.id)] = at;
      return;  // its value takes the place of the one that it is applied to
    }
    OperatorLine line;
    line.node = line.out = node.id;
    for (const NamedWeight& weight : weights_of(node.op)) {
      if (weight.name == "weight") line.weight_bytes += weight.tensor->size();
    }
    line.cycles = cycles_of(node, line.weight_bytes);
    live_ += bytes_of(node.id);
    line.live_bytes = live_;
    release(node, now);
    ledger_.estimated_bytes = std::max(ledger_.estimated_bytes, line.live_bytes);
    ledger_.weight_bytes += line.weight_bytes;
    ledger_.cycles += line.cycles;
    line_of_[index_of(node.id)] = ledger_.lines.size();
    ledger_.lines.push_back(line);
  }

  void release(const Node& node, int64_t now) {
    const std::set<NodeId> inputs(node.inputs.begin(), node.inputs.end());
    for (NodeId input : inputs) {
      if (last_use_.at(index_of(input)) > now || graph_.get_if<Constant>(input) != nullptr) continue;
      live_ -= bytes_of(input);
    }
    if (!last_use_.contains(index_of(node.id))) live_ -= bytes_of(node.id);
  }

  double arithmetic_cycles(const Node& node) const {
    const Shape& out = node.shape;
    const auto positions = static_cast<double>(out.h * out.w);
    const auto channels = static_cast<double>(round_up(out.c, channel_step_));
    if (const auto* conv = std::get_if<Conv>(&node.op)) {
      const int64_t taps = conv->weight.dim(2) * conv->weight.dim(3);
      const int64_t in = graph_.node(node.inputs[0]).shape.c;
      if (is_depthwise(*conv, in)) return depthwise_cycles(positions * channels, taps);
      const auto per_group = static_cast<double>(round_up(out.c / conv->groups, channel_step_));
      return positions * per_group * static_cast<double>(conv->groups * taps) *
             static_cast<double>(round_up(in / conv->groups, channel_step_)) / macs_;
    }
    if (const auto* conv = std::get_if<ConvTranspose>(&node.op)) {
      const int64_t taps = conv->weight.dim(2) * conv->weight.dim(3);
      const int64_t in = graph_.node(node.inputs[0]).shape.c;
      return positions * channels * static_cast<double>(taps * round_up(in, channel_step_)) / macs_;
    }
    if (std::holds_alternative<Gemm>(node.op)) {
      const int64_t in = graph_.node(node.inputs[0]).shape.c;
      return positions * channels * static_cast<double>(round_up(in, channel_step_)) / macs_;
    }
    if (const auto* pool = std::get_if<Pool>(&node.op))
      return depthwise_cycles(positions * channels, pool->kernel.h * pool->kernel.w);
    if (std::holds_alternative<GlobalPool>(node.op))
      return depthwise_cycles(positions * channels, graph_.node(node.inputs[0]).shape.w);
    double results = positions * channels;
    for (NodeId input : node.inputs)
      results = std::max(results, static_cast<double>(graph_.node(input).shape.size()));
    return results / results_;
  }

  double depthwise_cycles(double results, int64_t taps) const {
    return results * static_cast<double>(round_up(taps, kTapsAtOnce)) / depthwise_macs_;
  }

  // Arithmetic and memories work side by side: the slowest of them counts.
  double cycles_of(const Node& node, int64_t weight_bytes) const {
    int64_t values = node.shape.size();
    for (NodeId input : node.inputs) values += bytes_of(input);
    double arena = static_cast<double>(values) / arena_bytes_per_cycle_;
    double constants = static_cast<double>(weight_bytes) / constant_bytes_per_cycle_;
    if (shares_port_) arena += constants;
    return std::max({arithmetic_cycles(node), arena, constants}) + operator_cycles_;
  }

  const Graph& graph_;
  const double macs_;
  const double depthwise_macs_;
  const double results_;
  const double operator_cycles_;
  const int64_t channel_step_;
  const double arena_bytes_per_cycle_;
  const double constant_bytes_per_cycle_;
  const bool shares_port_;
  const bool constants_share_memory_;
  MemoryLedger ledger_;
  int64_t at_ = 0;
  int64_t live_ = 0;
  int64_t in_bytes_ = 0;
  std::unordered_map<int32_t, int64_t> last_use_;
  std::unordered_map<int32_t, size_t> line_of_;
};

}  // namespace

MemoryLedger make_memory_ledger(const Graph& graph, const Target& target) {
  return Builder(graph, target).build();
}

}  // namespace tessera
