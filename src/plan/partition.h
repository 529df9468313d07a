// Assignment: which nodes the chip gets, and why the host keeps the others.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"

namespace tessera {

struct PartitionOptions {
  // What the host keeps although the chip could take it.
  bool encoder_on_chip = false;  // the first convolution of each input and its activation
  bool masks_on_chip = false;    // products of two computed values, and all after them
  // The chip gets convolutions and nothing else: with channel blocks, sums and what follows them
  // wait for every partial result.
  bool convolutions_only = false;
  // Nodes that the target's rules keep from the chip, by name, with the rule.
  std::map<std::string, std::string> on_host;
  // Others that the host keeps, by name, with the reason.
  std::map<std::string, std::string> kept_by_host;
};

struct Assignment {
  Place place = Place::chip;
  std::string reason;  // of Place::host
};

// Assignment of every node by NodeId. On the host always: inputs, constants nobody on the chip
// reads, ops that look at the whole sequence or that no chip does, ScaleShift (its numbers change
// with every input; a chip's weights do not).
std::vector<Assignment> partition_nodes(const Graph& graph, const PartitionOptions& options);

// Whether an op copies values and computes none: Slice, Concat, Pad.
bool only_moves_data(const Op& op);

// Nodes that break a rule of the target, or leave it open, which no cut remedies: neither narrower
// tiles nor channel blocks, phases or halos. By name, with the rule and the value that breaks it.
std::map<std::string, std::string> beyond_cutting(const Graph& graph, const Target& target);

}  // namespace tessera
