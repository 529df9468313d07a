// The builtin compiler: puts the pieces of a plan on a chip's clusters, layer by layer, as the unit
// ledger says what each takes. It stands where the vendor's compiler stands and knows what its
// allocator is known to do; what it places is never more than a cluster has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// How many units of each kind a layer takes, or a cluster has or gives: the kinds are those of
// ChipPlacement::unit_names, in the same order.
using UnitCounts = std::vector<int64_t>;

enum class LayerKind : uint8_t {
  operation,  // computes
  shortcut,   // passes a value on that more layers read than one can feed
};
std::string_view to_string(LayerKind kind);

struct PlacedLayer {
  std::string name;  // unique in its piece
  std::string node;  // of the piece's graph
  LayerKind kind = LayerKind::operation;
  int32_t context = 0;
  int32_t cluster = 0;
  UnitCounts units;  // rows that wait count where they are read, once per cluster
  int64_t weight_bytes = 0;
  int64_t cycles = 0;  // for one call

  friend bool operator==(const PlacedLayer&, const PlacedLayer&) = default;
};

struct PlacedPiece {
  std::string name;
  int64_t calls = 0;  // in one run over the sequence
  // What a call takes: those of its slowest layer; where operators follow each other, of all.
  int64_t cycles = 0;
  std::vector<PlacedLayer> layers;

  friend bool operator==(const PlacedPiece&, const PlacedPiece&) = default;
};

// What is on the chip together.
struct PlacedContext {
  std::vector<UnitCounts> clusters;  // what each gives
  int64_t weight_bytes = 0;
  std::vector<std::string> pieces;  // in order of first use

  friend bool operator==(const PlacedContext&, const PlacedContext&) = default;
};

struct ChipPlacement {
  std::string target;
  std::vector<std::string> unit_names;  // kinds of units: what the chip's clusters are made of
  UnitCounts cluster;                   // what one cluster has
  double utilisation_cap = 0;           // share of the chip that contexts may fill
  std::vector<PlacedContext> contexts;
  std::vector<PlacedPiece> pieces;  // in order of first use

  friend bool operator==(const ChipPlacement&, const ChipPlacement&) = default;
};

// Contexts are filled in order of execution; spare compute units then go to the slowest layers. The
// same plan gives the same placement. Errors: kUnsupported naming the layer that no cluster holds.
Result<ChipPlacement> place_on_chip(const Plan& plan, const Target& target);

}  // namespace tessera
