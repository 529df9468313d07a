// What a graph says about itself without running: which input samples an output sees, how far it
// looks ahead, what it computes and holds, how long every stage is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera {

// Which frames of one node ("source") can influence frame t of another: those from
// floor(t*rate) + first to floor(t*rate) + last, wherever they exist. First and last are the widest
// over all t. Zero weights count as influence.
struct Dependence {
  bool any = false;  // false: no path at all; nothing below means anything

  // Local: through convolutions, pools, slices and pads. False where the only way leads through
  // statistics of the whole sequence (after global pooling, say).
  bool local = false;
  int64_t rate_numerator = 1;    // source frames per frame: 8 for frames made by stride 8,
  int64_t rate_denominator = 1;  // 1/8 for samples made from frames by a transposed stride 8
  int64_t first = 0;
  int64_t last = 0;

  // On top of the local frames:
  bool whole_sequence = false;  // a statistic over all frames: global or feature-wise norm, pooling
                                // or softmax over time, one fixed frame read everywhere
  bool unbounded_past = false;  // a running statistic over all earlier frames (cumulative norm)
  bool repeats_ends = false;    // a reflecting or edge pad: near the ends of the sequence, frames
                                // of the inside stand for those beyond it

  // Source frames spanned by windows of strided convolutions, beyond their first: what framing
  // alone makes a stream wait for.
  int64_t framing = 0;

  // Frames in the local field: 1 531 from the default Conv-TasNet's encoder to its mask.
  int64_t field() const { return local ? last - first + 1 : 0; }
  int64_t look_ahead() const { return local && last > 0 ? last : 0; }
  // Nothing beyond framing is looked ahead at: can run on a stream.
  bool causal() const { return any && !whole_sequence && !repeats_ends && look_ahead() <= framing; }
};

// How every node (by id) depends on `source`.
std::vector<Dependence> dependence_on(const Graph& graph, NodeId source);

// How one node depends on one other.
Dependence dependence(const Graph& graph, NodeId source, NodeId target);

struct NodeCost {
  NodeId id = kNoNode;
  int64_t macs = 0;              // multiply-accumulates of one run
  int64_t parameters = 0;        // weights that no earlier node shares
  int64_t weight_bytes = 0;      // the same in bytes
  int64_t activation_bytes = 0;  // its result
};

struct Costs {
  std::vector<NodeCost> nodes;  // in Graph::order()
  int64_t macs = 0;
  int64_t parameters = 0;
  int64_t weight_bytes = 0;
  int64_t activation_bytes = 0;       // all results
  int64_t peak_activation_bytes = 0;  // alive at once, running node by node, inputs and outputs
                                      // included
};

// Sums saturate at the largest int64.
Costs costs(const Graph& graph);

// One place where the length of the sequence changes or is fixed.
struct LengthStep {
  NodeId id = kNoNode;
  int64_t length = 0;    // of the result along W
  int64_t previous = 0;  // of its first operand; 0 for an input
};

// Inputs, every node whose length differs from its first operand's, and outputs, in graph order.
std::vector<LengthStep> length_audit(const Graph& graph);

}  // namespace tessera
