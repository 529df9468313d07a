// How long the values of a network are for an input of any length: what the end of a stream needs.
#pragma once

#include <cstdint>
#include <vector>

#include "stream/step_graph.h"
#include "tessera/streaming.h"

namespace tessera::stream {

struct OutputLength {
  int64_t frames = 0;    // of the output
  int64_t computed = 0;  // of these, from the start: zeros follow, which fit the length
};

struct StreamLengths {
  std::vector<int64_t> masked;        // by StepGraph::masks: frames of the value
  std::vector<OutputLength> outputs;  // by StepGraph::outputs
};

// The graph that a stream runs of a network: its own, or with running norms.
Result<Graph> streamed_graph(const LoadedNetwork& network, GlobalNorms norms);

// Whether inputs that are a step longer run on the same step graph, as those of any length must.
// `network` is of that length afterwards. Errors: as below.
Result<void> check_other_length(LoadedNetwork& network, const StepGraph& step, GlobalNorms norms,
                                int64_t built_samples);

// For an input of `samples`, by a network of about `built_samples`: every `step.step_frames` more
// samples make every value longer by its block, so that none longer is ever made. A network that
// was exported for one length gives what it gives for whole steps more or less, the rest being
// zeros. `network` is of another length afterwards. Errors: kInvalidArgument for too few samples;
// those of LoadedNetwork::set_length(); kUnsupported where an end lies elsewhere than in the step
// graph.
Result<StreamLengths> stream_lengths(LoadedNetwork& network, const StepGraph& step,
                                     GlobalNorms norms, int64_t built_samples, int64_t samples);

}  // namespace tessera::stream
