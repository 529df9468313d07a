#include "tessera/compiler/verify.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "graph/subgraph.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/metrics.h"
#include "tessera/session.h"

namespace tessera {
namespace {

constexpr ParityCase kDecoderCases[] = {{ParityPart::decoder, 2000, 256},
                                        {ParityPart::decoder, 1024, 256},
                                        {ParityPart::decoder, 2000, 512}};
constexpr ParityCase kMaskerCases[] = {{ParityPart::masker, 2000, 256},
                                       {ParityPart::masker, 1024, 256},
                                       {ParityPart::masker, 2000, 512}};
constexpr ParityCase kChainCases[] = {{ParityPart::chain, 16000, 256},
                                      {ParityPart::chain, 16000, 512},
                                      {ParityPart::chain, 8192, 256}};

// Values of a role in graph order.
std::vector<NodeId> nodes_of(const Graph& graph, const std::string& role) {
  const auto roles = conv_tasnet_roles(graph);
  std::vector<NodeId> nodes;
  for (NodeId id : graph.order()) {
    const auto found = roles.find(id);
    if (found != roles.end() &&
        std::find(found->second.begin(), found->second.end(), role) != found->second.end())
      nodes.push_back(id);
  }
  return nodes;
}

struct Borders {
  std::vector<NodeId> inputs;
  std::vector<NodeId> outputs;
};

Result<Borders> borders_of(const Graph& graph, ParityPart part) {
  Borders borders;
  if (part == ParityPart::decoder) {
    borders.inputs = nodes_of(graph, "masked_rep");
    for (const GraphOutput& output : graph.outputs()) borders.outputs.push_back(output.node);
  } else {
    borders.inputs = nodes_of(graph, "encoder");
    borders.outputs = nodes_of(graph, "masker_output");
  }
  if (borders.inputs.empty() || borders.outputs.empty()) {
    return TESSERA_ERROR(kUnsupported, fmt::format("{}", to_string(part)),
                         "is not found: this network is no Conv-TasNet of encoder, masker and "
                         "decoder",
                         "'tessera verify' compares whole networks of any kind");
  }
  return borders;
}

int64_t representation_frames(const Graph& graph) {
  const std::vector<NodeId> encoder = nodes_of(graph, "encoder");
  return encoder.empty() ? 0 : graph.node(encoder[0]).shape.w;
}

// The network whose encoder gives `frames`. How samples become frames is the network's business,
// so it is asked.
Result<Graph> with_frames(const ImportedModel& model, int64_t frames) {
  const int64_t known = representation_frames(model.graph);
  if (known < 2) {
    TESSERA_TRY_VOID(borders_of(model.graph, ParityPart::masker));
    return TESSERA_ERROR(kUnsupported, "parity", "the network's own length is too short",
                         "import it at a longer length");
  }
  // Samples per frame, from two lengths of the network itself.
  int64_t length = model.length_samples;
  TESSERA_TRY(const Graph twice, model.network->instantiate(2 * length));
  const int64_t hop =
      std::max<int64_t>(1, length / std::max<int64_t>(1, representation_frames(twice) - known));
  length += (frames - known) * hop;
  for (int round = 0; round < 16; ++round) {
    TESSERA_TRY(Graph graph,
                model.network->instantiate(std::max(length, model.network->min_length())));
    const int64_t have = representation_frames(graph);
    if (have == frames) return graph;
    length += (frames - have) * hop;
  }
  return TESSERA_ERROR(kUnsupported, "parity",
                       fmt::format("no input length gives {} frames", frames),
                       "choose another one: ImportOptions::length_samples");
}

Result<Graph> whole_for(const ImportedModel& model, const ParityCase& which) {
  if (which.part == ParityPart::chain) return model.network->instantiate(which.length);
  return with_frames(model, which.length);
}

// The values that enter the part when the whole network hears `audio`.
Result<std::vector<std::vector<float>>> inputs_from(const Graph& whole, const Borders& borders,
                                                    std::span<const float> audio,
                                                    Backend& reference) {
  const int64_t samples = whole.node(whole.inputs()[0]).shape.size();
  if (static_cast<int64_t>(audio.size()) < samples) {
    return TESSERA_ERROR(kInvalidArgument, "audio",
                         fmt::format("has {} samples, this case hears {}", audio.size(), samples),
                         "give a longer recording");
  }
  const ConstValues heard = audio.first(static_cast<size_t>(samples));
  std::vector<NodeId> computed;
  std::copy_if(borders.inputs.begin(), borders.inputs.end(), std::back_inserter(computed),
               [&](NodeId id) { return whole.get_if<Input>(id) == nullptr; });
  if (computed.empty()) return std::vector<std::vector<float>>{{heard.begin(), heard.end()}};
  TESSERA_TRY(const Graph graph, with_outputs(whole, computed));
  TESSERA_TRY(Session session, Session::create(graph, reference));
  return session.run({heard});
}

// Each channel of each output.
std::vector<std::vector<float>> sources_of(const std::vector<std::vector<float>>& outputs,
                                           const Graph& part) {
  std::vector<std::vector<float>> result;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto count = static_cast<size_t>(part.node(part.outputs()[i].node).shape.c);
    const size_t each = outputs[i].size() / count;
    for (size_t s = 0; s < count; ++s) {
      const auto begin = outputs[i].begin() + static_cast<std::ptrdiff_t>(s * each);
      result.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(each));
    }
  }
  return result;
}

std::vector<double> scores(const VerifyReport& report, const Graph& part) {
  int64_t sources = 0;
  for (const GraphOutput& output : part.outputs()) sources += part.node(output.node).shape.c;
  if (sources > kMaxScoredSources) return {};
  const auto score = score_separation(sources_of(report.output_values, part),
                                      sources_of(report.expected_output_values, part));
  std::vector<double> values;
  if (!score) return values;  // a silent source has no ratio
  for (const SourceScore& source : score->sources) values.push_back(source.si_snr_db);
  return values;
}

}  // namespace

std::string_view to_string(ParityPart part) {
  switch (part) {
    case ParityPart::decoder: return "decoder";
    case ParityPart::masker: return "masker";
    case ParityPart::chain: return "chain";
  }
  return "";
}

std::span<const ParityCase> parity_cases(ParityPart part) {
  switch (part) {
    case ParityPart::decoder: return kDecoderCases;
    case ParityPart::masker: return kMaskerCases;
    case ParityPart::chain: return kChainCases;
  }
  return {};
}

Result<Graph> parity_network(const Graph& imported, ParityPart part) {
  if (part == ParityPart::chain) return imported;
  TESSERA_TRY(const Borders borders, borders_of(imported, part));
  return part_between(imported, borders.inputs, borders.outputs, to_string(part));
}

Result<ParityResult> run_parity(const ImportedModel& model, const ParityCase& which,
                                const Target& target, Backend& backend, Backend& reference,
                                std::optional<std::span<const float>> audio,
                                const VerifyOptions& options) {
  TESSERA_TRY(const Graph whole, whole_for(model, which));
  TESSERA_TRY(const Graph part, parity_network(whole, which.part));
  // The part is fed what it gets when the network hears this.
  const std::vector<float> noise =
      audio ? std::vector<float>{} : verification_signal(whole.node(whole.inputs()[0]).shape);
  Borders borders{{whole.inputs().begin(), whole.inputs().end()}, {}};
  if (which.part != ParityPart::chain) {
    TESSERA_TRY(borders, borders_of(whole, which.part));
  }
  TESSERA_TRY(
      const auto inputs,
      inputs_from(whole, borders, audio.value_or(std::span<const float>(noise)), reference));
  Graph legal = part;
  TESSERA_TRY(const RewriteLog log, rewrite(legal));
  if (!log.not_legal.empty()) return TESSERA_ERROR(kUnsupported, "parity", log.not_legal, "");
  // A part alone is the chip's as far as it can; the chain is placed as a build places it.
  const bool alone = which.part != ParityPart::chain;
  TESSERA_TRY(const Plan plan, make_plan(legal, target,
                                         {.tile_frames = which.tile_frames,
                                          .block_channels = which.block_channels,
                                          .encoder_on_chip = alone,
                                          .masks_on_chip = alone}));
  const std::vector<ConstValues> signals(inputs.begin(), inputs.end());
  ParityResult result;
  result.which = which;
  TESSERA_TRY(result.report, verify_plan(part, plan, backend, reference, signals, options));
  if (model.sample_rate) {
    result.audio_seconds = static_cast<double>(whole.node(whole.inputs()[0]).shape.w) /
                           static_cast<double>(*model.sample_rate);
  }
  if (which.part != ParityPart::masker) result.si_snr_db = scores(result.report, part);
  return result;
}

}  // namespace tessera
