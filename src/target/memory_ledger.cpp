#include "target/memory_ledger.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "graph/queries.h"
#include "target/ledger_rules.h"

namespace tessera {
namespace {

// Kernels go through in parts of this many taps along each axis; depthwise units take the taps of a
// part four at a time (Vela's public cycle model).
constexpr int64_t kPartTaps = 8;
constexpr int64_t kTapsAtOnce = 4;
// Beyond this dilation a kernel is computed with zeros between its taps.
constexpr int64_t kOwnDilation = 2;
constexpr int64_t kStoredChannels = 16;
// A slope per channel takes a maximum, a minimum, a product and a sum.
constexpr double kElementwiseOfSlopes = 3;

constexpr int64_t round_up(int64_t value, int64_t step) {
  return ceil_div(value, step) * step;
}

// A table or a bound is applied on the way out of the operator before, when nothing else reads
// that; slopes per channel are operators of their own.
bool is_fused(const Graph& graph, const Node& node) {
  const auto* unary = std::get_if<Unary>(&node.op);
  if (unary == nullptr || unary->slope.size() > 1) return false;
  const Op& before = graph.node(node.inputs[0]).op;
  const bool stores_results = !std::holds_alternative<Input>(before) &&
                              !std::holds_alternative<Constant>(before) &&
                              !std::holds_alternative<Concat>(before);
  return stores_results && sole_user(graph, node.inputs[0]) != kNoNode;
}

// Taps along one axis with the zeros that stand between them.
int64_t taps_computed(int64_t kernel, int64_t dilation) {
  const int64_t own = dilation % kOwnDilation == 0 ? kOwnDilation : 1;
  return (kernel - 1) * (dilation / own) + 1;
}

// Rounds of four taps that a depthwise unit takes for one result.
int64_t depthwise_rounds(int64_t taps_h, int64_t taps_w) {
  int64_t rounds = 0;
  for (int64_t h = 0; h < taps_h; h += kPartTaps) {
    const int64_t rows = std::min(kPartTaps, taps_h - h);
    const int64_t whole = taps_w / kPartTaps;
    rounds += whole * ceil_div(rows * kPartTaps, kTapsAtOnce) +
              ceil_div(rows * (taps_w % kPartTaps), kTapsAtOnce);
  }
  return rounds;
}

class Builder {
 public:
  Builder(const Graph& graph, const Target& target)
      : graph_(graph),
        macs_(target.unit("macs")),
        depthwise_macs_(target.unit("depthwise_macs")),
        curves_(target.unit("curves")),
        elementwise_(target.unit("elementwise")),
        operator_cycles_(target.unit("operator_cycles")),
        channel_step_(static_cast<int64_t>(target.unit("channel_step"))),
        row_step_(static_cast<int64_t>(target.unit("row_step"))),
        dense_constants_(target.unit("dense_constants")),
        depthwise_constants_(target.unit("depthwise_constants")),
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
  // Inside, channels lie in groups.
  int64_t stored_bytes_of(NodeId id) const {
    const Shape& shape = graph_.node(id).shape;
    return shape.h * shape.w * round_up(shape.c, kStoredChannels);
  }

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
      live_ += stored_bytes_of(node.id);
      ledger_.estimated_bytes = std::max(ledger_.estimated_bytes, live_);
      return;
    }
    if (is_fused(graph_, node)) {
      const size_t at = line_of_.at(index_of(node.inputs[0]));
      fuse(node, ledger_.lines[at]);
      line_of_[index_of(node.id)] = at;
      return;
    }
    OperatorLine line;
    line.node = line.out = node.id;
    for (const NamedWeight& weight : weights_of(node.op)) {
      if (weight.name == "weight") line.weight_bytes += weight.tensor->size();
    }
    line.cycles = cycles_of(node, line.weight_bytes);
    live_ += stored_bytes_of(node.id);
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
      if (last_use_.at(index_of(input)) > now || graph_.get_if<Constant>(input) != nullptr)
        continue;
      live_ -= stored_bytes_of(input);
    }
    if (!last_use_.contains(index_of(node.id))) live_ -= stored_bytes_of(node.id);
  }

  // Its value takes the place of the one that it is applied to; a table is slower than a bound.
  void fuse(const Node& node, OperatorLine& line) {
    line.out = node.id;
    if (std::get<Unary>(node.op).kind == UnaryKind::relu) return;
    const double cycles = results_of(node) / curves_ + operator_cycles_;
    ledger_.cycles += std::max(0.0, cycles - line.cycles);
    line.cycles = std::max(line.cycles, cycles);
  }

  double results_of(const Node& node) const {
    const Shape& out = node.shape;
    return static_cast<double>(out.h * out.w * round_up(out.c, channel_step_));
  }

  // A single row of odd length leaves the units of the other rows idle.
  double idle_rows(const Shape& out) const {
    const bool turned = out.h == 1 && out.w % row_step_ == 0;
    return turned ? 1
                  : static_cast<double>(round_up(out.h, row_step_)) / static_cast<double>(out.h);
  }

  double dense_cycles(const Node& node, int64_t taps, int64_t in, int64_t groups) const {
    const int64_t per_group = round_up(ceil_div(node.shape.c, groups), channel_step_);
    const auto results = static_cast<double>(node.shape.h * node.shape.w * groups * per_group);
    const auto products = static_cast<double>(taps * round_up(in / groups, channel_step_));
    return results * products * idle_rows(node.shape) / macs_;
  }

  double depthwise_cycles(const Node& node, int64_t taps_h, int64_t taps_w) const {
    const auto rounds = static_cast<double>(depthwise_rounds(taps_h, taps_w));
    return results_of(node) * std::max(rounds * kTapsAtOnce / depthwise_macs_, 1 / curves_);
  }

  double arithmetic_cycles(const Node& node) const {
    const Shape in = node.inputs.empty() ? node.shape : graph_.node(node.inputs[0]).shape;
    if (const auto* conv = std::get_if<Conv>(&node.op)) {
      const int64_t taps_h = taps_computed(conv->weight.dim(2), conv->dilation.h);
      const int64_t taps_w = taps_computed(conv->weight.dim(3), conv->dilation.w);
      if (is_depthwise(*conv, in.c)) return depthwise_cycles(node, taps_h, taps_w);
      return dense_cycles(node, taps_h * taps_w, in.c, conv->groups);
    }
    if (const auto* conv = std::get_if<ConvTranspose>(&node.op))
      return dense_cycles(node, conv->weight.dim(2) * conv->weight.dim(3), in.c, conv->groups);
    if (std::holds_alternative<Gemm>(node.op)) return dense_cycles(node, 1, in.c, 1);
    if (std::holds_alternative<Affine>(node.op)) return depthwise_cycles(node, 1, 1);
    if (const auto* pool = std::get_if<Pool>(&node.op))
      return depthwise_cycles(node, pool->kernel.h, pool->kernel.w);
    if (std::holds_alternative<GlobalPool>(node.op)) return depthwise_cycles(node, 1, in.w);
    if (const auto* unary = std::get_if<Unary>(&node.op)) {
      const bool slopes = unary->slope.size() > 1;
      return results_of(node) * (1 / curves_ + (slopes ? kElementwiseOfSlopes / elementwise_ : 0));
    }
    return results_of(node) / elementwise_;
  }

  double constant_bytes(const Node& node, int64_t weight_bytes) const {
    if (weight_bytes == 0 && !std::holds_alternative<Affine>(node.op)) return 0;
    const auto* conv = std::get_if<Conv>(&node.op);
    const bool depthwise =
        conv == nullptr || is_depthwise(*conv, graph_.node(node.inputs[0]).shape.c);
    const double again = depthwise ? depthwise_constants_ : dense_constants_;
    return static_cast<double>(weight_bytes) + results_of(node) * again;
  }

  // Arithmetic and memories work side by side: the slowest of them counts.
  double cycles_of(const Node& node, int64_t weight_bytes) const {
    int64_t values = node.shape.size();
    for (NodeId input : node.inputs) values += bytes_of(input);
    double arena = static_cast<double>(values) / arena_bytes_per_cycle_;
    const double constants = constant_bytes(node, weight_bytes) / constant_bytes_per_cycle_;
    if (shares_port_) arena += constants;
    return std::max({arithmetic_cycles(node), arena, constants}) + operator_cycles_;
  }

  const Graph& graph_;
  const double macs_;
  const double depthwise_macs_;
  const double curves_;
  const double elementwise_;
  const double operator_cycles_;
  const int64_t channel_step_;
  const int64_t row_step_;
  const double dense_constants_;
  const double depthwise_constants_;
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
