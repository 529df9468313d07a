#include "target/ledger.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "graph/queries.h"

namespace tessera {
namespace {

// An activation rides on the layer before it when nothing else reads that layer.
bool rides(const Graph& graph, const Node& node) {
  if (!std::holds_alternative<Unary>(node.op)) return false;
  const Node& before = graph.node(node.inputs[0]);
  const bool carries =
      std::holds_alternative<Conv>(before.op) || std::holds_alternative<ConvTranspose>(before.op) ||
      std::holds_alternative<Gemm>(before.op) || std::holds_alternative<Affine>(before.op) ||
      std::holds_alternative<Add>(before.op) || std::holds_alternative<Mul>(before.op);
  return carries && sole_user(graph, before.id) != kNoNode;
}

// Layers that act on each feature alone: splitting them divides their input.
bool acts_per_feature(const Graph& graph, const Node& node) {
  if (const auto* conv = std::get_if<Conv>(&node.op)) {
    return conv->groups > 1 && conv->groups == graph.node(node.inputs[0]).shape.c;
  }
  return !std::holds_alternative<ConvTranspose>(node.op) &&
         !std::holds_alternative<Gemm>(node.op) && !std::holds_alternative<Concat>(node.op);
}

int64_t cycles_of(const Graph& graph, const Node& node) {
  const Shape& out = node.shape;
  const int64_t columns = ceil_div(out.w, 8);
  if (const auto* conv = std::get_if<Conv>(&node.op)) {
    return conv_cycles(out.h, out.w, out.c, conv->weight.dim(2) * conv->weight.dim(3),
                       graph.node(node.inputs[0]).shape.c, conv->groups);
  }
  if (const auto* conv = std::get_if<ConvTranspose>(&node.op)) {
    const Shape& in = graph.node(node.inputs[0]).shape;
    return conv_cycles(in.h, in.w, out.c, conv->weight.dim(2) * conv->weight.dim(3), in.c,
                       conv->groups);
  }
  if (std::holds_alternative<Gemm>(node.op)) {
    return bounded_product({out.h, ceil_div(out.c, 8), graph.node(node.inputs[0]).shape.c});
  }
  if (const auto* pool = std::get_if<Pool>(&node.op)) {
    return bounded_product({out.h, columns, out.c, pool->kernel.h, pool->kernel.w});
  }
  if (std::holds_alternative<GlobalPool>(node.op)) {
    return bounded_product({out.h, out.c, graph.node(node.inputs[0]).shape.w});
  }
  return bounded_product({out.h, columns, out.c});
}

int64_t layers_of(const Node& node, const Chip& chip) {
  if (const auto* norm = std::get_if<Norm>(&node.op)) {
    return norm->kind == NormKind::batch ? 1 : chip.norm_layers;
  }
  return std::holds_alternative<Softmax>(node.op) ? chip.softmax_layers : 1;
}

// Rows a reader must see at once along H, and one that is being filled.
int64_t rows_wanted(const Node& reader) {
  if (const auto* conv = std::get_if<Conv>(&reader.op)) {
    const int64_t k = conv->weight.dim(2);
    if (k == 1) return 2;
    return conv->dilation.h == 1 ? k + 1 : (k - 1) * conv->dilation.h + 2;
  }
  if (const auto* pool = std::get_if<Pool>(&reader.op)) return pool->kernel.h + 1;
  return 2;
}

class Builder {
 public:
  Builder(const Graph& graph, const Target& target)
      : graph_(graph), chip_(chip_of(target)), link_bytes_per_s_(target.cost("link")) {}

  Ledger build() {
    for (NodeId id : graph_.order()) add_line(graph_.node(id));
    for (LedgerLine& line : ledger_.lines) set_least(line);
    ledger_.chip = {chip_.clusters * chip_.lcu, chip_.clusters * chip_.sc,
                    chip_.clusters * chip_.apu, chip_.clusters * chip_.aligners,
                    chip_.clusters * chip_.l3_cuts};
    ledger_.contexts_at_least = contexts_at_least();
    estimate();
    return std::move(ledger_);
  }

 private:
  void add_line(const Node& node) {
    if (std::holds_alternative<Input>(node.op)) return;
    if (rides(graph_, node)) {
      const size_t at = line_of_.at(index_of(node.inputs[0]));
      ledger_.lines[at].out = node.id;
      line_of_[index_of(node.id)] = at;
      return;
    }
    LedgerLine line;
    line.node = line.out = node.id;
    line.layers = layers_of(node, chip_);
    for (const NamedWeight& weight : weights_of(node.op)) {
      if (weight.name == "weight") line.weight_bytes += weight.tensor->size();
    }
    line.cycles = cycles_of(graph_, node);
    line.divides_input = acts_per_feature(graph_, node);
    line.dense = !line.divides_input && !std::holds_alternative<Concat>(node.op);
    line_of_[index_of(node.id)] = ledger_.lines.size();
    ledger_.lines.push_back(line);
  }

  // Every reading layer holds a buffer of its own.
  void set_least(LedgerLine& line) const {
    const Shape& shape = graph_.node(line.out).shape;
    const int64_t edge = least_edge_cuts(shape.w, shape.c, line.dense, chip_.l3_cut_bytes);
    const auto readers = static_cast<int64_t>(graph_.users(line.out).size());
    // One physical layer: how many a norm or softmax becomes is an estimate.
    line.least = {1, 1, 1, 1, edge * (readers + (graph_.is_output(line.out) ? 1 : 0))};
  }

  // Weights stay in compute units or in cuts: their sum is bounded as well.
  int64_t contexts_at_least() {
    int64_t weight_bytes = 0;
    for (const LedgerLine& line : ledger_.lines) {
      ledger_.least += line.least;
      weight_bytes += line.weight_bytes;
    }
    const Units& chip = ledger_.chip;
    const int64_t memory = chip.sc * chip_.sc_weight_bytes + chip.l3_cuts * chip_.l3_cut_bytes;
    return std::max(
        {int64_t{1}, ceil_div(ledger_.least.lcu, chip.lcu), ceil_div(ledger_.least.sc, chip.sc),
         ceil_div(ledger_.least.apu, chip.apu), ceil_div(ledger_.least.aligners, chip.aligners),
         ceil_div(ledger_.least.l3_cuts, chip.l3_cuts), ceil_div(weight_bytes, memory)});
  }

  int64_t contexts_for(const Units& need) const {
    const auto of = [](int64_t units, int64_t have, double cap) {
      return ceil_div(units, std::max<int64_t>(1, static_cast<int64_t>(cap * double(have))));
    };
    const auto worst = [&](double cap) {
      return std::max({of(need.lcu, ledger_.chip.lcu, cap), of(need.sc, ledger_.chip.sc, cap),
                       of(need.apu, ledger_.chip.apu, cap),
                       of(need.aligners, ledger_.chip.aligners, cap),
                       of(need.l3_cuts, ledger_.chip.l3_cuts, cap)});
    };
    return worst(chip_.cap_single) <= 1 ? 1 : std::max<int64_t>(1, worst(chip_.cap_multi));
  }

  // Sets sc, parts, helpers and units of every line for a time per layer; returns the sum.
  Units spread(int64_t cycles_each) {
    for (LedgerLine& line : ledger_.lines) {
      // More units than there are would be refused anyway.
      line.sc =
          std::min(sc_for(line.cycles, line.weight_bytes, cycles_each, chip_), ledger_.chip.sc + 1);
      line.parts = ceil_div(line.sc, chip_.sc_per_layer);
    }
    Units sum;
    ledger_.physical_layers = 0;
    for (LedgerLine& line : ledger_.lines) {
      int64_t readers = 0;
      int64_t edges = 0;
      const Shape& shape = graph_.node(line.out).shape;
      const int64_t row = row_bytes(shape.w, shape.c, std::min(line.sc, chip_.sc_per_layer),
                                    line.dense, RowForm::full);
      for (NodeId user : graph_.users(line.out)) {
        const LedgerLine& reader = ledger_.lines[line_of_.at(index_of(user))];
        readers += reader.divides_input ? 1 : reader.parts;
        edges += edge_cuts(rows_needed(graph_.node(user), shape.h), row, false, chip_.l3_cut_bytes);
      }
      if (graph_.is_output(line.out)) edges += edge_cuts(2, row, false, chip_.l3_cut_bytes);
      line.helpers = tree_layers(line.parts, chip_.fan_out) * (line.divides_input ? 2 : 1) +
                     shortcut_layers(readers, chip_.fan_out);
      const int64_t layers = line.layers * line.parts + line.helpers;
      const int64_t weights =
          weight_cuts(line.weight_bytes, line.sc, chip_.sc_weight_bytes, chip_.l3_cut_bytes);
      line.estimate = {layers, line.layers * line.sc + line.helpers, layers, layers,
                       edges + weights + line.helpers};
      sum += line.estimate;
      ledger_.physical_layers += layers;
    }
    return sum;
  }

  // Cycles in which the host can send and fetch one frame: no layer need be faster.
  int64_t frame_cycles() const {
    int64_t bytes = 0;
    for (NodeId id : graph_.inputs()) bytes += graph_.node(id).shape.size();
    for (const GraphOutput& output : graph_.outputs())
      bytes += graph_.node(output.node).shape.size();
    const double cycles = double(bytes) / link_bytes_per_s_ * chip_.clock_hz;
    return std::max<int64_t>(1, static_cast<int64_t>(std::min(cycles, 1e15)));
  }

  // The fewest contexts with which the network fits unhurried, then the fastest spread in them.
  void estimate() {
    int64_t slowest = 1;
    for (const LedgerLine& line : ledger_.lines) slowest = std::max(slowest, line.cycles);
    ledger_.contexts = std::max(contexts_for(spread(slowest)), ledger_.contexts_at_least);
    int64_t low = std::min(frame_cycles() - 1, slowest - 1);  // too fast, or faster than of use
    int64_t high = slowest;
    while (high - low > std::max<int64_t>(1, high / 256)) {
      const int64_t middle = low + (high - low) / 2;
      (contexts_for(spread(middle)) <= ledger_.contexts ? high : low) = middle;
    }
    ledger_.estimate = spread(high);
    for (const LedgerLine& line : ledger_.lines) {
      ledger_.bottleneck_cycles =
          std::max(ledger_.bottleneck_cycles, ceil_div(line.cycles, line.sc));
    }
  }

  const Graph& graph_;
  Chip chip_;
  double link_bytes_per_s_;
  Ledger ledger_;
  std::unordered_map<int32_t, size_t> line_of_;
};

}  // namespace

int64_t rows_needed(const Node& reader, int64_t height) {
  // No more rows than there are.
  return std::min(rows_wanted(reader), std::max<int64_t>(2, height));
}

Ledger make_ledger(const Graph& graph, const Target& target) {
  return Builder(graph, target).build();
}

int64_t equal_cycles(const std::vector<LayerWork>& layers, int64_t sc_budget, const Chip& chip) {
  int64_t high = 1;
  for (const LayerWork& layer : layers) high = std::max(high, layer.cycles);
  const auto fits = [&](int64_t cycles_each) {
    int64_t sum = 0;
    for (const LayerWork& layer : layers) {
      sum += sc_for(layer.cycles, layer.weight_bytes, cycles_each, chip);
    }
    return sum <= sc_budget;
  };
  int64_t low = 0;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (fits(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace tessera
