#include "stream/stream_lengths.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/counted.h"
#include "kernels/ref/time_tile.h"

namespace tessera::stream {
namespace {

using reference::floor_div;

// Frames of a value with `frames` in a block that `steps` more steps add.
int64_t extended(int64_t length, int64_t frames, int64_t steps) {
  return std::max(int64_t{0}, length + frames * steps);
}

StreamLengths lengths_in(const Graph& graph, const StepGraph& step, int64_t steps) {
  StreamLengths result;
  for (const FrameMask& mask : step.masks) {
    const int64_t length = graph.node(graph.find(mask.value)).shape.w;
    result.masked.push_back(extended(length, mask.frames, steps));
  }
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    const NodeId node = graph.outputs()[i].node;
    const OutputEnd end = output_end(graph, node);
    const int64_t frames = step.outputs[i].block.w;
    OutputLength length;
    length.frames = extended(graph.node(node).shape.w, frames, steps);
    length.computed =
        std::min(length.frames, extended(graph.node(end.value).shape.w + end.shift, frames, steps));
    result.outputs.push_back(length);
  }
  return result;
}

// At this length the network runs on the same step graph: where its ends are padded, the step graph
// masks them.
Result<void> check_same_step(const Graph& graph, const Encodings* encodings,
                             const StepGraph& step) {
  TESSERA_TRY(const StepGraph here, make_step_graph(graph, encodings, step.step_frames));
  const bool outputs_match =
      std::equal(here.outputs.begin(), here.outputs.end(), step.outputs.begin(), step.outputs.end(),
                 [](const StepOutput& a, const StepOutput& b) { return a.delay == b.delay; });
  const bool masks_match =
      std::all_of(here.masks.begin(), here.masks.end(), [&](const FrameMask& mask) {
        return std::find(step.masks.begin(), step.masks.end(), mask) != step.masks.end();
      });
  const bool values_match =
      std::all_of(step.masks.begin(), step.masks.end(),
                  [&](const FrameMask& mask) { return graph.find(mask.value) != kNoNode; });
  if (outputs_match && masks_match && values_match && here.advance == step.advance) return {};
  return TESSERA_ERROR(kUnsupported, "network",
                       "has other values for inputs of another length: how its stream ends is not "
                       "known",
                       "separate windows of the recording instead");
}

Result<void> set_length(LoadedNetwork& network, const StepGraph& step, GlobalNorms norms,
                        int64_t samples) {
  TESSERA_TRY_VOID(network.set_length(samples));
  TESSERA_TRY(const Graph graph, streamed_graph(network, norms));
  const Encodings* encodings = step.encodings.empty() ? nullptr : &*network.encodings;
  return check_same_step(graph, encodings, step);
}

Result<StreamLengths> of_fixed_length(const Graph& graph, const StepGraph& step, int64_t built,
                                      int64_t samples) {
  const int64_t steps = -floor_div(built - samples, step.step_frames);
  const int64_t beyond = built + steps * step.step_frames - samples;
  StreamLengths result = lengths_in(graph, step, steps);
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    OutputLength& length = result.outputs[i];
    const int64_t frames = step.outputs[i].block.w;
    length.frames = std::max(int64_t{0}, length.frames - beyond * frames / step.step_frames);
    length.computed = std::min(length.computed, length.frames);
  }
  return result;
}

}  // namespace

Result<Graph> streamed_graph(const LoadedNetwork& network, GlobalNorms norms) {
  if (norms == GlobalNorms::running) return with_running_norms(network.graph());
  return network.graph();
}

Result<void> check_other_length(LoadedNetwork& network, const StepGraph& step, GlobalNorms norms,
                                int64_t built_samples) {
  if (network.model.network->length_is_fixed()) return {};
  return set_length(network, step, norms, built_samples + step.step_frames);
}

Result<StreamLengths> stream_lengths(LoadedNetwork& network, const StepGraph& step,
                                     GlobalNorms norms, int64_t built_samples, int64_t samples) {
  if (samples == 0) {
    StreamLengths none;
    none.masked.resize(step.masks.size());
    none.outputs.resize(step.outputs.size());
    return none;
  }
  const Network& model = *network.model.network;
  if (model.length_is_fixed())
    return of_fixed_length(network.graph(), step, built_samples, samples);
  if (samples < model.min_length()) {
    return TESSERA_ERROR(kInvalidArgument, "stream",
                         fmt::format("ended after {}; the network takes at least {}",
                                     counted(samples, "sample"), model.min_length()),
                         "");
  }
  const int64_t steps = std::max(int64_t{0}, (samples - built_samples) / step.step_frames);
  TESSERA_TRY_VOID(set_length(network, step, norms, samples - steps * step.step_frames));
  return lengths_in(network.graph(), step, steps);
}

}  // namespace tessera::stream
