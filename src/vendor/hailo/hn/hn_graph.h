// HN -> Graph: the network that Hailo's parser made, in the ops of this program.
//
// With its weights the result is a Graph that runs. Without them there is none: an outline tells
// for each layer what it would become, and which layers cannot be said in these ops.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "vendor/hailo/hn/hn.h"
#include "vendor/hailo/hn/hn_weights.h"

namespace tessera {

struct HnRefusal {
  std::string layer;
  std::string type;
  std::string why;
};

// A weight that a layer needs, in the layout of the HN's arrays.
struct HnNeeded {
  std::string parameter;
  std::vector<int64_t> dims;
};

struct HnOutlined {
  std::string layer;
  std::string type;
  std::vector<std::string> ops;  // "conv", "unary.relu"; empty where the value is passed on
  Shape shape;
  std::vector<HnNeeded> weights;
};

struct HnOutline {
  std::vector<HnOutlined> layers;  // operands before their readers
  std::vector<HnRefusal> refused;
};

struct HnGraph {
  Graph graph;
  std::map<std::string, std::string> node_of_layer;  // the node that computes a layer's value
};

// Names every layer that would be refused, not only the first. Errors: kInvalidModel where layers
// read one another in a circle or read none that exists.
Result<HnOutline> outline_hn(const Hn& hn);

// Errors: kUnsupported naming the first layers that are refused and how many there are; kNotFound
// and kMismatch for weights; kInvalidModel.
Result<HnGraph> hn_to_graph(const Hn& hn, const HnWeights& weights);

}  // namespace tessera
