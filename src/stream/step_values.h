// Values of a step graph under construction: where they lie, and windows of them over the blocks of
// this step and earlier ones.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "stream/step_graph.h"

namespace tessera::stream {

// How a value of the network is read in the step graph.
struct StepValue {
  NodeId node = kNoNode;    // whose blocks hold it
  std::string base;         // the network's node of which `node` is the value
  bool is_input = false;    // the network's input, or a part of it
  bool is_static = false;   // one frame, the same for ever: has no blocks
  int64_t frames = 0;       // in a block
  int64_t delay = 0;        // of this value's own frames
  int64_t base_delay = 0;   // of `base`
  int64_t base_length = 0;  // frames of `base` in the network
  int64_t begin = 0;        // the first frame that `base` has; frames below it are zero padding
  int64_t end = 0;          // likewise: the first that it has no longer
  bool cut_begin = false;   // a slice took frames away before `begin`, which `base` still has
  bool cut_end = false;
};

class StepValues {
 public:
  StepValues(const Graph& network, const Encodings* encodings, StepGraph& step, GraphEditor& editor)
      : network_(network), encodings_(encodings), step_(step), editor_(editor) {}

  // Adds the network's input. First of all.
  Result<StepValue> add_input(const Node& input, int64_t step_frames, int64_t advance);

  // Adds a node that bears the name of `like`, with its origin.
  Result<NodeId> add(Op op, std::vector<NodeId> operands, const Node& like);
  // Adds a node with a name of its own whose value has the codes of `coded`.
  Result<NodeId> add_coded(Op op, std::vector<NodeId> operands, const std::string& name,
                           NodeId coded);

  // The node to read `value` from for frames first .. last of its own: with zeros in place of those
  // that do not exist. Errors: kUnsupported for frames that a slice cut away.
  Result<NodeId> readable(const StepValue& value, int64_t first, int64_t last);

  // `frames` frames of a node in blocks of `block`, from `start` on, counted from the first frame
  // of this step's block; start + frames is at most `block`.
  Result<NodeId> window(NodeId node, int64_t block, int64_t start, int64_t frames);
  // Blocks of a node as they were `steps` ago each, joined along time.
  Result<NodeId> blocks(NodeId node, const std::vector<int64_t>& steps_ago);

  // `value` with the delay `delay`, which is at least its own: one block of the same size.
  Result<NodeId> delayed(const StepValue& value, int64_t delay, int64_t last);

 private:
  // A name that no node of the network has.
  std::string free_name(std::string name) const;
  void encode_like(NodeId made, NodeId coded);
  Result<NodeId> earlier(NodeId node, int64_t steps_ago);
  Result<NodeId> masked(const StepValue& value);
  size_t keep(NodeId node);

  const Graph& network_;
  const Encodings* encodings_;
  StepGraph& step_;
  GraphEditor& editor_;
  std::map<NodeId, size_t> kept_;
  std::map<std::pair<NodeId, int64_t>, NodeId> earlier_;
  std::map<NodeId, NodeId> masked_;
  std::map<std::pair<int64_t, int64_t>, std::map<int64_t, NodeId>> mask_inputs_;
};

}  // namespace tessera::stream
