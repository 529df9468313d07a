// Allocator: gives the layers of physical networks a context, a cluster and compute units.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "place/cluster_units.h"
#include "place/physical_network.h"
#include "target/ledger_rules.h"
#include "tessera/result.h"

namespace tessera {

// A piece while it is being placed; all vectors follow network.layers.
struct Allocation {
  std::string piece;
  int64_t calls = 0;
  int64_t enough_cycles = 0;  // the link needs as long: no layer need be faster
  PhysicalNetwork network;
  std::vector<int32_t> context;  // -1: not placed
  std::vector<int32_t> cluster;
  std::vector<int64_t> sc;

  int64_t cycles(size_t layer) const { return ceil_div(network.layers[layer].cycles, sc[layer]); }
};

class Allocator {
 public:
  // `cap`: share of the chip that one context may fill.
  Allocator(const Chip& chip, double cap) : chip_(chip), cap_(cap) {}

  // Places every layer, in order, in as few contexts as filling one after the other takes, but at
  // most `most_contexts`. Errors: kUnsupported naming a layer that no empty cluster holds;
  // kResourceLimit beyond `most_contexts`.
  Result<void> place(std::vector<Allocation>& pieces, int32_t most_contexts);

  // Gives spare compute units of each context to the layers that calls wait for longest.
  void speed_up(std::vector<Allocation>& pieces) const;

  int32_t contexts() const { return contexts_; }

  // What each layer takes, in the order of network.layers; layers of other contexts are left out.
  std::vector<ClusterUnits> layer_units(const Allocation& piece, int32_t context) const;
  std::vector<ClusterUnits> cluster_units(const std::vector<Allocation*>& pieces,
                                          int32_t context) const;
  ClusterUnits cluster_has() const;

 private:
  bool fits(const std::vector<ClusterUnits>& clusters) const;
  bool place_layer(Allocation& piece, size_t layer, int32_t context);
  std::vector<std::vector<Allocation*>> by_context(std::vector<Allocation>& pieces) const;
  Error no_cluster_holds(const Allocation& piece, size_t layer) const;

  Chip chip_;
  double cap_;
  int32_t contexts_ = 0;
  std::vector<Allocation*> together_;  // pieces with layers in the last context
};

}  // namespace tessera
