// What Hailo's parser made of a network of ours: layer by layer, by the names of nodes that the HN
// keeps.
#pragma once

#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "vendor/hailo/hn/hn.h"
#include "vendor/hailo/hn/hn_weights.h"

namespace tessera {

struct HnDifference {
  std::string what;  // "kernel", "stride", "padding", "weight", "shape", "layout", "activation"
  std::string ours;
  std::string theirs;
};

// A layer and the nodes of ours that became it.
struct HnMatch {
  std::string layer;
  std::string type;
  std::vector<std::string> nodes;
  std::vector<HnDifference> differences;
  bool weights_compared = false;
  double weight_difference = 0;  // largest |ours - theirs|, relative to the largest weight
};

struct HnSplit {
  std::string node;
  std::vector<std::string> layers;
};

struct HnDiff {
  std::vector<HnMatch> layers;        // in the HN's order; those that one of our nodes became
  std::vector<std::string> vanished;  // nodes that no layer names
  std::vector<std::string> added;     // layers that name none of our nodes
  std::vector<HnSplit> split;         // nodes that became several layers

  // Nothing vanished and no matched layer differs. Layers that were added or split are no
  // difference of themselves.
  bool same() const;
  size_t different_layers() const;
  size_t fused_layers() const;  // made of several nodes
};

// `weights`: null where only the structure is compared. Errors: kNotFound where not one node is
// named by the HN: it is of another network; those of the weights' file.
Result<HnDiff> diff_hn(const Graph& ours, const Hn& hn, const HnWeights* weights);

}  // namespace tessera
