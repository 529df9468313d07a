#include "graph/voices.h"

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr int64_t kMaxVoices = 64;

Error no_separator(std::string why) {
  return TESSERA_ERROR(
      kInvalidArgument, "",
      "is not a separator: it does not turn one wave into waves; " + std::move(why), "");
}

// At the input's rate: as long as the input, give or take frames lost at the end.
bool of_like_length(int64_t samples, int64_t input) {
  return samples > 1 && 2 * samples > input && samples < 2 * input;
}

}  // namespace

Result<VoiceLayout> voice_layout(const Graph& graph) {
  if (graph.inputs().size() != 1)
    return no_separator(fmt::format("it has {} inputs", graph.inputs().size()));
  const Node& input = graph.node(graph.inputs()[0]);
  if (input.shape.c != 1 || input.shape.h != 1)
    return no_separator(fmt::format("its input '{}' is {}", input.name, to_string(input.shape)));
  if (graph.outputs().empty()) return no_separator("it has no output");
  VoiceLayout layout;
  const GraphOutput& first = graph.outputs()[0];
  for (const GraphOutput& output : graph.outputs()) {
    const Shape& shape = graph.node(output.node).shape;
    const bool one_each = graph.outputs().size() > 1;
    if (shape.h != 1 || (one_each && shape.c != 1) || !of_like_length(shape.w, input.shape.w)) {
      return no_separator(fmt::format("its output '{}' is {} for an input of {} samples",
                                      output.name, to_string(shape), input.shape.w));
    }
    if (layout.count > 0 && shape.w != layout.samples) {
      return no_separator(fmt::format("its outputs '{}' and '{}' have {} and {} samples",
                                      first.name, output.name, layout.samples, shape.w));
    }
    layout.samples = shape.w;
    if (shape.c > kMaxVoices - layout.count)
      return no_separator(fmt::format("it gives more than {} waves", kMaxVoices));
    layout.count += static_cast<int>(shape.c);
  }
  return layout;
}

std::vector<std::span<const float>> voices_in(const VoiceLayout& layout,
                                              std::span<const std::vector<float>> outputs) {
  std::vector<std::span<const float>> voices;
  const auto each = static_cast<size_t>(layout.samples);
  for (const std::vector<float>& output : outputs) {
    for (size_t at = 0; at + each <= output.size(); at += each)
      voices.push_back(std::span(output).subspan(at, each));
  }
  return voices;
}

}  // namespace tessera
