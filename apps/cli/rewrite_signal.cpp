#include "cli/rewrite_signal.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "tessera/audio.h"
#include "tessera/mono_input.h"
#include "tessera/npy.h"
#include "tessera/session.h"

namespace tessera::cli {
namespace {

Result<std::vector<std::vector<float>>> evaluate(const Graph& graph, Backend& backend,
                                                 const std::vector<float>& signal) {
  TESSERA_TRY(Session session, Session::create(graph, backend));
  return session.run({ConstValues(signal)});
}

Result<Graph> graph_for(const ImportedModel& model, const std::vector<float>& signal,
                        const std::string& path) {
  const Shape& shape = model.graph.node(model.graph.inputs()[0]).shape;
  const auto size = static_cast<int64_t>(signal.size());
  if (size == shape.size()) return model.graph;
  if (size % (shape.c * shape.h) != 0) {
    return TESSERA_ERROR(
        kInvalidArgument, path,
        fmt::format("{} values do not fit the network's input {}", size, to_string(shape)),
        "give an array of the input's channels");
  }
  return model.network->instantiate(size / (shape.c * shape.h));
}

// The graph with the operand of each norm that freeze_global_norm is about as its outputs.
std::vector<NodeId> expose_norm_operands(Graph& graph) {
  GraphEditor editor(graph, "calibrate");
  editor.clear_outputs();
  std::vector<NodeId> norms;
  for (NodeId id : graph.order()) {
    const auto* norm = graph.get_if<Norm>(id);
    if (norm == nullptr || (norm->kind != NormKind::global && norm->kind != NormKind::feature_wise))
      continue;
    norms.push_back(id);
    editor.add_output(graph.node(id).name, graph.node(id).inputs[0]);
  }
  return norms;
}

struct Moments {
  std::vector<double> sum;
  std::vector<double> squares;
  double count = 0;  // values behind each entry
};

// One entry for a global norm, one per channel for a feature-wise one.
void accumulate(const Norm& norm, const Shape& shape, const std::vector<float>& values,
                Moments& moments) {
  const bool per_channel = norm.kind == NormKind::feature_wise;
  const size_t entries = per_channel ? static_cast<size_t>(shape.c) : 1;
  moments.sum.resize(entries, 0.0);
  moments.squares.resize(entries, 0.0);
  const auto row = static_cast<size_t>(shape.h * shape.w);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto x = static_cast<double>(values[i]);
    moments.sum[per_channel ? i / row : 0] += x;
    moments.squares[per_channel ? i / row : 0] += x * x;
  }
  moments.count += static_cast<double>(values.size() / entries);
}

NormConstants constants_of(const Moments& moments) {
  NormConstants constants;
  for (size_t i = 0; i < moments.sum.size(); ++i) {
    const double mean = moments.sum[i] / moments.count;
    constants.mean.push_back(mean);
    constants.variance.push_back(std::fmax(0, moments.squares[i] / moments.count - mean * mean));
  }
  return constants;
}

}  // namespace

Result<std::vector<float>> read_signal(const std::string& path, const ImportedModel& model,
                                       Console& console) {
  if (model.graph.inputs().size() != 1) {
    return TESSERA_ERROR(kUnsupported, path, "the network has several inputs",
                         "signals are taken for networks of one input");
  }
  if (std::filesystem::path(path).extension() == ".npy") {
    TESSERA_TRY(NpyArray array, read_npy(path));
    return std::move(array.values);
  }
  TESSERA_TRY(const AudioBuffer audio, read_audio(path));
  TESSERA_TRY(MonoInput mono, to_mono_input(audio, model.sample_rate.value_or(audio.sample_rate),
                                            ChannelPolicy{}, path));
  for (const std::string& step : mono.steps) console.note(fmt::format("{}: {}", path, step));
  return std::move(mono.samples);
}

std::vector<float> noise_signal(const Graph& graph) {
  std::vector<float> values(static_cast<size_t>(graph.node(graph.inputs()[0]).shape.size()));
  uint32_t state = 20261121;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = 0.2F * (static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0F);
  }
  return values;
}

CostMeter cost_meter(Backend& backend, std::vector<float> signal, int64_t source) {
  return [&backend, signal = std::move(signal), source](const Graph& original,
                                                        const Graph& rewritten) -> Result<double> {
    TESSERA_TRY(const auto before, evaluate(original, backend, signal));
    TESSERA_TRY(const auto after, evaluate(rewritten, backend, signal));
    double energy = 0;
    double error = 0;
    for (size_t port = 0; port < after.size(); ++port) {
      const bool one_left = after[port].size() < before[port].size();
      const size_t offset = one_left ? static_cast<size_t>(source) * after[port].size() : 0;
      for (size_t i = 0; i < after[port].size(); ++i) {
        const auto a = static_cast<double>(before[port][offset + i]);
        const double d = a - static_cast<double>(after[port][i]);
        energy += a * a;
        error += d * d;
      }
    }
    return error > 0 ? 10 * std::log10(energy / error) : std::numeric_limits<double>::infinity();
  };
}

Result<std::map<std::string, NormConstants>> calibrate_norms(const ImportedModel& model,
                                                             const std::vector<std::string>& files,
                                                             Backend& backend, Console& console) {
  std::map<std::string, Moments> moments;
  for (const std::string& file : files) {
    TESSERA_TRY(const std::vector<float> signal, read_signal(file, model, console));
    TESSERA_TRY(Graph graph, graph_for(model, signal, file));
    const std::vector<NodeId> norms = expose_norm_operands(graph);
    if (norms.empty()) return std::map<std::string, NormConstants>{};
    TESSERA_TRY(const auto values, evaluate(graph, backend, signal));
    for (size_t i = 0; i < norms.size(); ++i) {
      const Node& node = graph.node(norms[i]);
      accumulate(std::get<Norm>(node.op), graph.node(node.inputs[0]).shape, values[i],
                 moments[node.name]);
    }
  }
  std::map<std::string, NormConstants> constants;
  for (const auto& [name, sums] : moments) constants[name] = constants_of(sums);
  return constants;
}

}  // namespace tessera::cli
