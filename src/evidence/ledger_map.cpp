#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "evidence/evidence_table.h"
#include "evidence/ledger_evidence.h"
#include "target/ledger.h"

namespace tessera {
namespace {

// Physical layer types of the compiler's mapping.
enum MapType : int64_t {
  kConv = 0,
  kFullyConnected = 2,
  kClusterInput = 3,
  kClusterOutput = 4,
  kDepthwise = 15,
  kHostInput = 25,
  kHostFormat = 29,
  kFeatureSplitter = 40,
};

struct Buffer {
  int64_t rows = 0;
  int64_t row_bytes = 0;
};

struct MapLayer {
  std::string name;
  LayerName parsed;
  int64_t type = 0;
  int64_t in_features = 0, height = 1, width = 0, features = 0, taps = 1;
  int64_t sc = 0, lcu = 0, apu = 0, aligners = 0, l3 = 0, ports_in = 0, ports_out = 0;
  int64_t cluster = -1, lanes = 1;
  bool row_per_cut = false;
  std::vector<Buffer> buffers;

  bool host() const { return type >= kHostInput && type <= kHostFormat; }
  bool port() const { return type == kClusterInput || type == kClusterOutput; }
  bool dense() const { return type == kConv || type == kFullyConnected || type == 31; }
  int64_t weight_bytes() const {
    if (type == kConv || type == kFullyConnected) return taps * in_features * features;
    return type == kDepthwise ? taps * features : 0;
  }
};

Result<MapLayer> read_layer(const EvidenceTable& table, size_t row) {
  enum Column { name, type, in, out, kernel, sc = 8, lcu, apu, ia, l3, p_in, p_out, cluster, bufs };
  MapLayer layer;
  layer.name = table.text(row, name);
  layer.parsed = parse_layer_name(layer.name);
  TESSERA_TRY(layer.type, table.number(row, type));
  TESSERA_TRY(layer.sc, table.number(row, sc));
  TESSERA_TRY(layer.lcu, table.number(row, lcu));
  TESSERA_TRY(layer.apu, table.number(row, apu));
  TESSERA_TRY(layer.aligners, table.number(row, ia));
  TESSERA_TRY(layer.l3, table.number(row, l3));
  TESSERA_TRY(layer.ports_in, table.number(row, p_in));
  TESSERA_TRY(layer.ports_out, table.number(row, p_out));
  TESSERA_TRY(const auto inputs, table.tuples(row, in));
  TESSERA_TRY(const auto outputs, table.tuples(row, out));
  TESSERA_TRY(const auto kernels, table.tuples(row, kernel));
  TESSERA_TRY(const auto places, table.tuples(row, cluster));
  TESSERA_TRY(const auto buffers, table.tuples(row, bufs));
  TESSERA_TRY(const auto details, table.tuples(row, bufs + 1));
  if (inputs.empty() || outputs.empty() || inputs[0].size() != 3 || outputs[0].size() != 3) {
    return table.error(row, "in and out must each name a shape (height, width, features)");
  }
  for (int64_t size : {inputs[0][0], inputs[0][1], inputs[0][2], outputs[0][0], outputs[0][1],
                       outputs[0][2], layer.sc}) {
    if (size > (1 << 16)) return table.error(row, "a shape or unit count beyond 65536");
  }
  const bool flat = outputs[0][0] == 0;  // (0, features, 0) of fully connected layers
  layer.in_features = inputs[0][0] == 0 ? inputs[0][1] : inputs[0][2];
  layer.height = flat ? 1 : outputs[0][0];
  layer.width = flat ? 0 : outputs[0][1];
  layer.features = flat ? outputs[0][1] : outputs[0][2];
  if (!kernels.empty() && kernels[0].size() == 3 && kernels[0][0] > 0) {
    layer.taps = std::min<int64_t>(kernels[0][0], 4096) * std::min<int64_t>(kernels[0][1], 4096);
  }
  for (const auto& place : places) {
    if (place.size() == 2 && place[0] == 1) layer.cluster = place[1];
  }
  for (const auto& buffer : buffers) {
    if (buffer.size() != 2 || buffer[0] > (1 << 20)) {
      return table.error(row, "bufs must be pairs (rows, row bytes)");
    }
    layer.buffers.push_back({buffer[0], buffer[1]});
  }
  if (details.size() != 1 || details[0].size() % 2 != 0) {
    return table.error(row, "sc18 must be a table {number: value}");
  }
  for (size_t i = 0; i < details[0].size(); i += 2) {
    if (details[0][i] == 11) layer.lanes = std::clamp<int64_t>(details[0][i + 1], 1, 8);
    if (details[0][i] == 15) layer.row_per_cut = details[0][i + 1] == 1;
  }
  return layer;
}

class MapScorer {
 public:
  MapScorer(const std::vector<MapLayer>& layers, const Chip& chip, std::string network,
            std::vector<std::string>& misses)
      : layers_(layers), chip_(chip), misses_(misses) {
    score_.network = std::move(network);
  }

  LedgerScore run() {
    for (const MapLayer& layer : layers_) {
      ++score_.layers;
      score_.layers_honoured += honours_least(layer);
      compare_cuts(layer);
    }
    compare_groups();
    compare_clusters();
    return std::move(score_);
  }

 private:
  // Rows by formula, where it speaks: splitters and ports pass on rows of layers the record does
  // not name. Which of the two forms an edge has is the allocator's choice, read from the record.
  int64_t ledger_row(const MapLayer& layer, int64_t recorded) {
    if (layer.port() || layer.type == kFeatureSplitter) return recorded;
    const int64_t sc = std::max<int64_t>(1, layer.sc);
    const auto row = [&](RowForm form) {
      return row_bytes(layer.width, layer.features, sc, layer.dense(), form);
    };
    const int64_t full = row(RowForm::full);
    const int64_t partial = row(RowForm::partial);
    ++score_.rows;
    score_.rows_exact += recorded == full || recorded == partial;
    return recorded == partial ? partial : full;
  }

  int64_t lanes_of(const MapLayer& layer) const {
    const std::string& name = layer.name;
    constexpr std::string_view kSplitter = "_lanes_feature_splitter";
    if (!name.ends_with(kSplitter)) return layer.lanes;
    const std::string lanes = name.substr(0, name.size() - kSplitter.size()) + "_lanes_";
    for (const MapLayer& other : layers_) {
      if (other.name.starts_with(lanes) && other.parsed.lanes > 1) return other.parsed.lanes;
    }
    return layer.lanes;
  }

  void compare_cuts(const MapLayer& layer) {
    if (layer.host()) return;
    int64_t predicted = 0;
    if (layer.type != kClusterOutput) {
      for (const Buffer& buffer : layer.buffers) {
        predicted += edge_cuts(buffer.rows, ledger_row(layer, buffer.row_bytes), layer.row_per_cut,
                               chip_.l3_cut_bytes);
      }
      predicted = predicted * lanes_of(layer) +
                  weight_cuts(layer.weight_bytes(), std::max<int64_t>(1, layer.sc),
                              chip_.sc_weight_bytes, chip_.l3_cut_bytes);
    }
    ++score_.l3_layers;
    score_.l3_exact += predicted == layer.l3;
    if (predicted != layer.l3) {
      misses_.push_back(fmt::format("{}/{}: {} cuts, predicted {}", score_.network, layer.name,
                                    layer.l3, predicted));
    }
  }

  // What the ledger claims a layer needs at least, against what it was given.
  bool honours_least(const MapLayer& layer) {
    if (layer.host()) return true;
    bool kept = true;
    if (layer.port()) {
      kept = (layer.type == kClusterInput ? layer.ports_in : layer.ports_out) >= 1;
    } else {
      const int64_t room = layer.sc * chip_.sc_weight_bytes + layer.l3 * chip_.l3_cut_bytes;
      kept = layer.lcu >= 1 && layer.apu >= layer.lanes && layer.aligners >= layer.lanes &&
             layer.sc >= layer.lanes && room >= layer.weight_bytes();
    }
    const int64_t edges = layer.type == kClusterOutput ? 0 : int64_t(layer.buffers.size());
    const int64_t cuts =
        edges * least_edge_cuts(layer.width, layer.features, layer.dense(), chip_.l3_cut_bytes);
    kept = kept && cuts <= layer.l3;
    if (!kept) {
      misses_.push_back(
          fmt::format("{}/{}: given less than 'at least'", score_.network, layer.name));
    }
    return kept;
  }

  // Parts of one layer together: estimated compute units, and helpers by rule.
  void compare_groups() {
    struct Group {
      int64_t parts = 0, sc = 0;
      bool divides = false;
      LayerWork work;
    };
    std::map<std::string, Group> groups;
    int64_t budget = 0;
    for (const MapLayer& layer : layers_) {
      if (layer.host() || layer.port()) continue;
      ++score_.logical_layers;  // physical ones so far
      if (layer.parsed.helper) continue;
      Group& group = groups[layer.parsed.group];
      group.parts += layer.lanes;
      group.sc += layer.sc;
      group.divides = layer.type != kConv && layer.type != kFullyConnected;
      group.work.weight_bytes += layer.weight_bytes();
      group.work.cycles += cycles(layer);
      budget += layer.sc;
    }
    score_.physical_layers = std::exchange(score_.logical_layers, int64_t(groups.size()));
    std::vector<LayerWork> work;
    for (const auto& [name, group] : groups) work.push_back(group.work);
    const int64_t each = equal_cycles(work, budget, chip_);
    for (const auto& [name, group] : groups) {
      const int64_t estimate = sc_for(group.work.cycles, group.work.weight_bytes, each, chip_);
      ++score_.sc_layers;
      score_.sc_near += std::abs(estimate - group.sc) <= 1;
      const int64_t parts = ceil_div(estimate, chip_.sc_per_layer);
      score_.estimated_layers += with_helpers(parts, group.divides);
      score_.predicted_layers += with_helpers(group.parts, group.divides);
    }
  }

  // The record does not say who reads a layer, so a split layer is its input's only reader.
  int64_t with_helpers(int64_t parts, bool divides) const {
    return parts + tree_layers(parts, chip_.fan_out) * (divides ? 2 : 1) +
           (divides ? 0 : shortcut_layers(parts, chip_.fan_out));
  }

  static int64_t cycles(const MapLayer& layer) {
    const int64_t width = std::max<int64_t>(1, layer.width);
    switch (layer.type) {
      case kConv:
      case kFullyConnected:
        return conv_cycles(layer.height, width, layer.features, layer.taps, layer.in_features, 1);
      default: return layer.height * ceil_div(width, 8) * layer.features * layer.taps;
    }
  }

  void compare_clusters() {
    std::map<int64_t, std::array<int64_t, 7>> loads;
    for (const MapLayer& layer : layers_) {
      if (layer.cluster < 0) continue;
      auto& load = loads[layer.cluster];
      const std::array<int64_t, 7> one{layer.lcu,      layer.sc, layer.apu,      layer.aligners,
                                       layer.ports_in, layer.l3, layer.ports_out};
      for (size_t i = 0; i < one.size(); ++i) load[i] += one[i];
    }
    const std::array<int64_t, 7> have{chip_.lcu,      chip_.sc,      chip_.apu,      chip_.aligners,
                                      chip_.ports_in, chip_.l3_cuts, chip_.ports_out};
    for (const auto& [cluster, load] : loads) {
      ++score_.clusters;
      bool over = false;
      for (size_t i = 0; i < have.size(); ++i) over = over || load[i] > have[i];
      score_.clusters_over += over;
      if (over) {
        misses_.push_back(fmt::format("{}: cluster {} passes a capacity", score_.network, cluster));
      }
    }
  }

  const std::vector<MapLayer>& layers_;
  const Chip& chip_;
  std::vector<std::string>& misses_;
  LedgerScore score_;
};

}  // namespace

Result<LedgerScore> measure_map(const std::filesystem::path& file, const Chip& chip,
                                std::vector<std::string>& misses) {
  TESSERA_TRY(const EvidenceTable table,
              EvidenceTable::read(file, {"name", "type", "in", "out", "kernel", "stride", "dil",
                                         "f9", "SC", "LCU", "APU", "IA", "L3", "IN", "OUT",
                                         "cluster", "bufs(dst,n,rowbytes)", "sc18"}));
  std::vector<MapLayer> layers;
  for (size_t row = 0; row < table.rows(); ++row) {
    TESSERA_TRY(MapLayer layer, read_layer(table, row));
    layers.push_back(std::move(layer));
  }
  return MapScorer(layers, chip, file.stem().string(), misses).run();
}

}  // namespace tessera
