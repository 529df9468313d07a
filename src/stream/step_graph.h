// Step graph: a causal network as the graph of one step of a stream. Each step takes the next
// `step_frames` frames of the input and gives the next frames of every output. What an op needs of
// earlier steps enters as inputs: blocks of a value as they were so many steps ago, which a
// StreamingSession keeps in rings. Names of nodes are kept, so that encodings hold.
//
// How frames are counted. A value has `frames` frames in a block and a delay: block s (from 0)
// holds its frames s*frames - delay .. (s + 1)*frames - delay - 1 of the sequence. Frames below 0
// do not exist; blocks of steps before the first hold zeros, which is what zero padding reads
// there. The input's delay is minus the `advance`: the first step begins when so many samples are
// there already, which stand in the input's earlier blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera::stream {

// A value of which earlier blocks are read.
struct KeptValue {
  std::string name;   // of the node in the step graph
  Shape block;        // [C, H, frames]
  int64_t depth = 0;  // the oldest block that is read, in steps
};

// What the graph's inputs are, in their order.
struct StepInput {
  enum class Kind : uint8_t {
    samples,  // the block of this step
    earlier,  // of kept[index], `steps_ago`
    mask,     // masks[index]
  };
  Kind kind = Kind::samples;
  size_t index = 0;
  int64_t steps_ago = 0;
};

// [1, 1, frames]: 1 for frames that exist, 0 for those before and after the sequence.
struct FrameMask {
  std::string value;  // whose frames: a node of the network
  int64_t frames = 0;
  int64_t delay = 0;
  friend bool operator==(const FrameMask&, const FrameMask&) = default;
};

struct StepOutput {
  std::string name;
  Shape block;
  int64_t delay = 0;
};

struct StepGraph {
  // Outputs: the network's, then every kept value but the first.
  Graph graph;
  Encodings encodings;
  CarriedNodes carried;
  std::vector<StepInput> inputs;
  std::vector<KeptValue> kept;  // the first is the input
  std::vector<FrameMask> masks;
  std::vector<StepOutput> outputs;
  int64_t step_frames = 0;  // of the input
  int64_t advance = 0;      // of the input
};

// `encodings`: null for floats. A step takes the least number of whole hops with at least
// `least_frames` input frames. Errors: kUnsupported naming the node that cannot run on a stream;
// kResourceLimit.
Result<StepGraph> make_step_graph(const Graph& network, const Encodings* encodings,
                                  int64_t least_frames);

// The same network with cumulative norms in place of its global ones, of codes and of floats.
Result<Graph> with_running_norms(const Graph& network);
// How many that are.
int64_t global_norms_of(const Graph& network);

// The first node that needs the whole sequence, as an error that tells what to do; none for
// networks whose every value depends on bounded stretches of the input and running sums.
Result<void> check_streamable(const Graph& network);

// How the end of an output lies in the value it is cut from: without the zero padding and the
// slices along W that fit its length.
struct OutputEnd {
  NodeId value = kNoNode;  // the node below them
  int64_t shift = 0;       // frame f of the output is frame f - shift of the value
};
OutputEnd output_end(const Graph& network, NodeId output);

}  // namespace tessera::stream
