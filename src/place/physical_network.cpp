#include "place/physical_network.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "target/ledger.h"

namespace tessera {
namespace {

class Builder {
 public:
  Builder(const Graph& graph, const Target& target)
      : graph_(graph), chip_(chip_of(target)), ledger_(make_ledger(graph, target)) {}

  PhysicalNetwork build() {
    for (NodeId id : graph_.inputs())
      value_of_[index_of(id)] = add_value(-1, graph_.node(id).shape);
    for (const LedgerLine& line : ledger_.lines) add_line(line);
    for (const GraphOutput& output : graph_.outputs()) {
      network_.values[at(value_of_.at(index_of(output.node)))].output = true;
    }
    add_shortcuts();
    return std::move(network_);
  }

 private:
  static size_t at(int32_t index) { return static_cast<size_t>(index); }

  int32_t add_value(int32_t writer, const Shape& shape) {
    PhysicalValue value;
    value.writer = writer;
    value.width = shape.w;
    value.features = shape.c;
    network_.values.push_back(value);
    return static_cast<int32_t>(network_.values.size() - 1);
  }

  int32_t add_layer(PhysicalLayer layer, const Node& node) {
    const auto index = static_cast<int32_t>(network_.layers.size());
    for (int32_t value : layer.reads) {
      network_.values[at(value)].readers.push_back({index, rows_needed(node, node.shape.h)});
    }
    network_.layers.push_back(std::move(layer));
    return index;
  }

  // An operation made of several physical layers is a chain of them.
  void add_line(const LedgerLine& line) {
    const Node& node = graph_.node(line.node);
    const Shape& shape = graph_.node(line.out).shape;
    std::vector<int32_t> reads;
    for (NodeId input : node.inputs) {
      const int32_t value = value_of_.at(index_of(input));
      if (std::find(reads.begin(), reads.end(), value) == reads.end()) reads.push_back(value);
    }
    const bool joins = std::holds_alternative<Add>(node.op) || std::holds_alternative<Mul>(node.op);
    int32_t value = 0;
    for (int64_t i = 0; i < line.layers; ++i) {
      PhysicalLayer layer;
      layer.node = node.name;
      layer.name = i == 0 ? node.name : fmt::format("{}#{}", node.name, i + 1);
      layer.weight_bytes = i == 0 ? line.weight_bytes : 0;
      layer.cycles = line.cycles;
      layer.dense = line.dense;
      layer.extra_cuts = joins && reads.size() > 1 ? 1 : 0;
      layer.reads = i == 0 ? reads : std::vector<int32_t>{value};
      value = add_value(add_layer(std::move(layer), node), shape);
    }
    value_of_[index_of(line.node)] = value_of_[index_of(line.out)] = value;
  }

  void add_shortcuts() {
    const size_t values = network_.values.size();
    for (size_t v = 0; v < values; ++v) {
      const auto readers = static_cast<int64_t>(network_.values[v].readers.size());
      const int32_t writer = network_.values[v].writer;
      if (writer < 0) continue;
      const PhysicalLayer source = network_.layers[at(writer)];
      for (int64_t i = 0; i < shortcut_layers(readers, chip_.fan_out); ++i) {
        PhysicalLayer layer;
        layer.node = source.node;
        layer.name = fmt::format("{}.shortcut{}", source.name, i + 1);
        layer.kind = LayerKind::shortcut;
        layer.reads = {static_cast<int32_t>(v)};
        add_layer(std::move(layer), graph_.node(graph_.find(source.node)));
      }
    }
  }

  const Graph& graph_;
  Chip chip_;
  Ledger ledger_;
  PhysicalNetwork network_;
  std::unordered_map<int32_t, int32_t> value_of_;  // by node
};

}  // namespace

PhysicalNetwork physical_network(const Graph& piece, const Target& target) {
  return Builder(piece, target).build();
}

}  // namespace tessera
