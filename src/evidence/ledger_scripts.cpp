#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "evidence/evidence_table.h"
#include "evidence/ledger_evidence.h"

namespace tessera {
namespace {

struct Group {
  int64_t parts = 0;
  bool divides = false;
};

struct Network {
  LedgerScore score;
  std::map<std::string, Group> groups;
  std::map<std::string, LayerName> layers;
  std::map<std::string, std::set<std::string>> readers;
};

// Dense layers read all features, so their parts share the input; all others divide it.
bool divides_input(const std::string& group) {
  for (std::string_view dense : {"conv", "fc", "matmul", "linear"}) {
    if (group.starts_with(dense)) return false;
  }
  return true;
}

Result<void> read_layers(const std::filesystem::path& file,
                         std::map<std::string, Network>& networks,
                         std::vector<std::string>& misses) {
  enum Column { net, layer, sc = 4, apu, aligners, mode = 11 };
  TESSERA_TRY(const EvidenceTable table,
              EvidenceTable::read(file, {"net", "layer", "context", "cluster", "SC", "APU", "IA",
                                         "out_format", "l4", "mixed_mem", "no_contexts", "16x4"}));
  for (size_t row = 0; row < table.rows(); ++row) {
    Network& network = networks[table.text(row, net)];
    const LayerName name = parse_layer_name(table.text(row, layer));
    TESSERA_TRY(const int64_t given_sc, table.number(row, sc));
    TESSERA_TRY(const int64_t given_apu, table.number(row, apu));
    TESSERA_TRY(const int64_t given_aligners, table.number(row, aligners));
    const int64_t wide = table.text(row, mode) == "enabled" ? 2 : 1;
    const bool kept = name.host || (given_sc >= name.lanes && given_apu >= name.lanes &&
                                    given_aligners >= name.lanes * wide);
    LedgerScore& score = network.score;
    ++score.layers;
    ++score.physical_layers;
    score.layers_honoured += kept;
    if (!kept) {
      misses.push_back(fmt::format("{}/{}: given less than 'at least'", table.text(row, net),
                                   table.text(row, layer)));
    }
    network.layers[table.text(row, layer)] = name;
    if (name.helper) continue;
    Group& group = network.groups[name.group];
    group.parts += name.lanes;
    group.divides = divides_input(name.group);
  }
  return {};
}

Result<void> read_edges(const std::filesystem::path& file,
                        std::map<std::string, Network>& networks) {
  enum Column { net, src, dst };
  TESSERA_TRY(const EvidenceTable table, EvidenceTable::read(file, {"net", "src", "dst"}));
  for (size_t row = 0; row < table.rows(); ++row) {
    networks[table.text(row, net)].readers[table.text(row, src)].insert(table.text(row, dst));
  }
  return {};
}

Result<void> read_clusters(const std::filesystem::path& file, const Chip& chip,
                           std::map<std::string, Network>& networks,
                           std::vector<std::string>& misses) {
  TESSERA_TRY(const EvidenceTable table,
              EvidenceTable::read(file, {"net", "context", "cluster", "LCU", "SC", "APU", "IA"}));
  for (size_t row = 0; row < table.rows(); ++row) {
    TESSERA_TRY(const int64_t lcu, table.number(row, 3));
    TESSERA_TRY(const int64_t sc, table.number(row, 4));
    TESSERA_TRY(const int64_t apu, table.number(row, 5));
    TESSERA_TRY(const int64_t aligners, table.number(row, 6));
    LedgerScore& score = networks[table.text(row, 0)].score;
    ++score.clusters;
    const Units have{chip.lcu, chip.sc, chip.apu, chip.aligners, 0};
    if (covers(have, Units{lcu, sc, apu, aligners, 0})) continue;
    ++score.clusters_over;
    misses.push_back(fmt::format("{}: {} cluster {} passes a capacity", table.text(row, 0),
                                 table.text(row, 1), table.text(row, 2)));
  }
  return {};
}

// Readers of a layer once shortcuts are looked through. `left` bounds the walk in broken records.
int64_t readers_of(const Network& network, const std::string& layer, int64_t& left) {
  const auto found = network.readers.find(layer);
  if (found == network.readers.end() || --left < 0) return 0;
  int64_t count = 0;
  for (const std::string& reader : found->second) {
    const auto known = network.layers.find(reader);
    const bool shortcut = known != network.layers.end() && known->second.shortcut;
    count += shortcut ? readers_of(network, reader, left) : 1;
  }
  return count;
}

// Physical layers by rule, given into how many parts the allocator split each layer.
void predict_layers(Network& network, const Chip& chip) {
  LedgerScore& score = network.score;
  score.logical_layers = static_cast<int64_t>(network.groups.size());
  for (const auto& [name, group] : network.groups) {
    score.predicted_layers +=
        group.parts + tree_layers(group.parts, chip.fan_out) * (group.divides ? 2 : 1);
  }
  for (const auto& [name, layer] : network.layers) {
    if (layer.shortcut) continue;
    int64_t left = 10000;
    score.predicted_layers += shortcut_layers(readers_of(network, name, left), chip.fan_out);
  }
}

}  // namespace

Result<std::vector<LedgerScore>> measure_scripts(const std::filesystem::path& folder,
                                                 const Chip& chip,
                                                 std::vector<std::string>& misses) {
  std::map<std::string, Network> networks;
  TESSERA_TRY_VOID(read_layers(folder / "layers.tsv", networks, misses));
  TESSERA_TRY_VOID(read_edges(folder / "edges.tsv", networks));
  TESSERA_TRY_VOID(read_clusters(folder / "cluster_load.tsv", chip, networks, misses));
  std::vector<LedgerScore> scores;
  for (auto& [name, network] : networks) {
    network.score.network = name;
    predict_layers(network, chip);
    scores.push_back(std::move(network.score));
  }
  return scores;
}

}  // namespace tessera
