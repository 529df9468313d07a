#include "place/allocator.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

namespace tessera {
namespace {

size_t at(int32_t index) {
  return static_cast<size_t>(index);
}

// As many compute units as hold the weights; one, with the weights in cuts, where a layer cannot
// have that many.
int64_t unhurried_sc(const PhysicalLayer& layer, const Chip& chip) {
  return sc_for(0, layer.weight_bytes, 1, chip);
}

}  // namespace

ClusterUnits Allocator::cluster_has() const {
  return {{chip_.lcu, chip_.sc, chip_.apu, chip_.aligners, chip_.l3_cuts},
          chip_.ports_in,
          chip_.ports_out};
}

// No cluster is over its capacity, and the chip not over the cap.
bool Allocator::fits(const std::vector<ClusterUnits>& clusters) const {
  Units sum;
  for (const ClusterUnits& cluster : clusters) {
    if (!covers(cluster_has(), cluster)) return false;
    sum += cluster.units;
  }
  const auto share = [&](int64_t units) {
    return static_cast<int64_t>(cap_ * static_cast<double>(units * chip_.clusters));
  };
  return sum.lcu <= share(chip_.lcu) && sum.sc <= share(chip_.sc) && sum.apu <= share(chip_.apu) &&
         sum.aligners <= share(chip_.aligners) && sum.l3_cuts <= share(chip_.l3_cuts);
}

std::vector<ClusterUnits> Allocator::layer_units(const Allocation& piece, int32_t context) const {
  const PhysicalNetwork& network = piece.network;
  std::vector<ClusterUnits> units(network.layers.size());
  const auto here = [&](int32_t layer) { return piece.context[at(layer)] == context; };
  for (size_t i = 0; i < network.layers.size(); ++i) {
    if (piece.context[i] != context) continue;
    const PhysicalLayer& layer = network.layers[i];
    const int64_t weights =
        weight_cuts(layer.weight_bytes, piece.sc[i], chip_.sc_weight_bytes, chip_.l3_cut_bytes);
    units[i].units = {1, piece.sc[i], 1, 1, weights + layer.extra_cuts};
  }
  for (const PhysicalValue& value : network.values) {
    const bool written_here = value.writer >= 0 && here(value.writer);
    const bool dense = value.writer >= 0 && network.layers[at(value.writer)].dense;
    const int64_t sc = value.writer >= 0 ? piece.sc[at(value.writer)] : 1;
    const int64_t row = row_bytes(value.width, value.features, sc, dense, RowForm::full);
    struct Waiting {
      int32_t layer;
      int64_t rows;
    };
    std::map<int32_t, Waiting> waiting;  // by cluster: the first reader there holds the rows of all
    bool leaves = value.output;
    for (const PhysicalValue::Reader& reader : value.readers) {
      if (!here(reader.layer)) {
        leaves = true;  // also for a reader that has no place yet: it may have to go elsewhere
        continue;
      }
      const auto [held, first] =
          waiting.try_emplace(piece.cluster[at(reader.layer)], Waiting{reader.layer, reader.rows});
      if (!first) held->second.rows = std::max(held->second.rows, reader.rows);
    }
    for (const auto& [cluster, held] : waiting) {
      ClusterUnits& reader = units[at(held.layer)];
      reader.units.l3_cuts += edge_cuts(held.rows, row, false, chip_.l3_cut_bytes);
      if (!written_here) ++reader.ports_in;
    }
    if (!written_here || !leaves) continue;
    units[at(value.writer)].units.l3_cuts += edge_cuts(2, row, false, chip_.l3_cut_bytes);
    ++units[at(value.writer)].ports_out;
  }
  return units;
}

std::vector<ClusterUnits> Allocator::cluster_units(const std::vector<Allocation*>& pieces,
                                                   int32_t context) const {
  std::vector<ClusterUnits> clusters(static_cast<size_t>(chip_.clusters));
  for (const Allocation* piece : pieces) {
    const std::vector<ClusterUnits> units = layer_units(*piece, context);
    for (size_t i = 0; i < units.size(); ++i) {
      if (piece->context[i] == context) clusters[at(piece->cluster[i])] += units[i];
    }
  }
  return clusters;
}

// Beside the layer it reads from if there is room, else where most room is.
bool Allocator::place_layer(Allocation& piece, size_t layer, int32_t context) {
  const std::vector<ClusterUnits> before = cluster_units(together_, context);
  std::vector<int32_t> order(before.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return before[at(a)].units.sc + before[at(a)].units.lcu <
           before[at(b)].units.sc + before[at(b)].units.lcu;
  });
  for (int32_t value : piece.network.layers[layer].reads) {
    const int32_t writer = piece.network.values[at(value)].writer;
    if (writer < 0 || piece.context[at(writer)] != context) continue;
    const auto beside = std::find(order.begin(), order.end(), piece.cluster[at(writer)]);
    std::rotate(order.begin(), beside, beside + 1);
    break;
  }
  piece.context[layer] = context;
  for (int32_t cluster : order) {
    piece.cluster[layer] = cluster;
    if (fits(cluster_units(together_, context))) return true;
  }
  piece.context[layer] = -1;
  return false;
}

Error Allocator::no_cluster_holds(const Allocation& piece, size_t layer) const {
  Allocation alone = piece;
  std::fill(alone.context.begin(), alone.context.end(), -1);
  alone.context[layer] = 0;
  alone.cluster[layer] = 0;
  const ClusterUnits need = layer_units(alone, 0)[layer];
  const ClusterUnits have = cluster_has();
  const struct {
    const char* name;
    int64_t need, have;
  } rows[] = {{"L3 cuts", need.units.l3_cuts, have.units.l3_cuts},
              {"input ports", need.ports_in, have.ports_in},
              {"output ports", need.ports_out, have.ports_out},
              {"compute units", need.units.sc, have.units.sc},
              {"control units", need.units.lcu, have.units.lcu}};
  const auto* worst = std::begin(rows);
  for (const auto& row : rows) {
    if (row.need * worst->have > worst->need * row.have) worst = &row;
  }
  return TESSERA_ERROR(
      kUnsupported,
      fmt::format("piece '{}', layer '{}'", piece.piece, piece.network.layers[layer].name),
      fmt::format("needs {} {}, a cluster has {}", worst->need, worst->name, worst->have),
      "build with narrower tiles (PlanOptions::tile_frames) or channel blocks "
      "(PlanOptions::block_channels)");
}

Result<void> Allocator::place(std::vector<Allocation>& pieces, int32_t most_contexts) {
  contexts_ = 1;
  const auto next_context = [&]() -> Result<void> {
    if (contexts_ >= most_contexts) {
      return TESSERA_ERROR(kResourceLimit, "",
                           fmt::format("more than {} contexts would be needed", most_contexts),
                           "build with wider channel blocks: PlanOptions::block_channels");
    }
    ++contexts_;
    together_.clear();
    return {};
  };
  together_.clear();
  for (Allocation& piece : pieces) {
    const size_t layers = piece.network.layers.size();
    piece.context.assign(layers, -1);
    piece.cluster.assign(layers, 0);
    piece.sc.clear();
    for (const PhysicalLayer& layer : piece.network.layers) {
      piece.sc.push_back(unhurried_sc(layer, chip_));
    }
    // Whole in the context at hand, else from the start of a new one.
    bool shared = !together_.empty();
    together_.push_back(&piece);
    for (size_t i = 0; i < layers;) {
      if (place_layer(piece, i, contexts_ - 1)) {
        ++i;
        continue;
      }
      const bool empty = !shared && (i == 0 || piece.context[i - 1] != contexts_ - 1);
      if (empty) return no_cluster_holds(piece, i);
      TESSERA_TRY_VOID(next_context());
      together_.push_back(&piece);
      if (!shared) continue;  // the rest of the piece goes on in the next context
      std::fill(piece.context.begin(), piece.context.end(), -1);
      shared = false;
      i = 0;
    }
  }
  return {};
}

// The pieces that have layers in each context.
std::vector<std::vector<Allocation*>> Allocator::by_context(std::vector<Allocation>& pieces) const {
  std::vector<std::vector<Allocation*>> contexts(at(contexts_));
  for (Allocation& piece : pieces) {
    for (int32_t context : std::set<int32_t>(piece.context.begin(), piece.context.end())) {
      contexts[at(context)].push_back(&piece);
    }
  }
  return contexts;
}

void Allocator::speed_up(std::vector<Allocation>& pieces) const {
  const std::vector<std::vector<Allocation*>> contexts = by_context(pieces);
  for (int32_t context = 0; context < contexts_; ++context) {
    std::vector<Allocation*> open = contexts[at(context)];
    const auto slowest = [&](const Allocation& piece) {
      size_t worst = piece.network.layers.size();
      for (size_t i = 0; i < piece.network.layers.size(); ++i) {
        if (piece.context[i] != context) continue;
        if (worst == piece.network.layers.size() || piece.cycles(i) > piece.cycles(worst))
          worst = i;
      }
      return worst;
    };
    const auto waited = [&](const Allocation* piece) {
      return piece->calls * piece->cycles(slowest(*piece));
    };
    while (!open.empty()) {
      const auto longest = std::max_element(
          open.begin(), open.end(), [&](auto* a, auto* b) { return waited(a) < waited(b); });
      Allocation& piece = **longest;
      const size_t layer = slowest(piece);
      const bool enough = piece.cycles(layer) <= piece.enough_cycles;
      if (!enough && piece.sc[layer] < chip_.sc_per_layer) {
        // Wider rows may also weigh on the contexts that read this layer.
        ++piece.sc[layer];
        const std::set<int32_t> touched(piece.context.begin(), piece.context.end());
        if (std::all_of(touched.begin(), touched.end(), [&](int32_t other) {
              return fits(cluster_units(contexts[at(other)], other));
            })) {
          continue;
        }
        --piece.sc[layer];
      }
      open.erase(longest);
    }
  }
}

}  // namespace tessera
