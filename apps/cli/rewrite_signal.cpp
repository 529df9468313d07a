#include "cli/rewrite_signal.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/energy.h"
#include "base/npy.h"
#include "tessera/audio.h"
#include "tessera/compiler/tune.h"
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

}  // namespace

Result<std::vector<float>> read_signal(const std::string& path, const ImportedModel& model,
                                       const RecordingOptions& options, Console& console) {
  if (model.graph.inputs().size() != 1) {
    return TESSERA_ERROR(kUnsupported, path, "the network has several inputs",
                         "signals are taken for networks of one input");
  }
  if (std::filesystem::path(path).extension() == ".npy") {
    TESSERA_TRY(NpyArray array, read_npy(path));
    return std::move(array.values);
  }
  TESSERA_TRY(const ChannelPolicy policy, parse_channel_policy(options.channel));
  TESSERA_TRY(const AudioReadOptions reading, options.reading());
  TESSERA_TRY(const AudioBuffer audio, read_audio(path, reading));
  TESSERA_TRY(MonoInput mono,
              to_mono_input(audio, model.sample_rate.value_or(audio.sample_rate), policy, path));
  for (const std::string& step : mono.steps) console.note(fmt::format("{}: {}", path, step));
  return std::move(mono.samples);
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
    return ratio_db(energy, error);
  };
}

Result<std::map<std::string, NormConstants>> calibrate_norms(const ImportedModel& model,
                                                             const std::vector<std::string>& files,
                                                             const RecordingOptions& options,
                                                             Backend& backend, Console& console) {
  NormCalibration statistics;
  for (const std::string& file : files) {
    TESSERA_TRY(std::vector<float> signal, read_signal(file, model, options, console));
    TESSERA_TRY(const Graph graph, graph_for(model, signal, file));
    const std::vector<std::vector<float>> windows{std::move(signal)};
    TESSERA_TRY_VOID(statistics.observe(graph, backend, windows));
  }
  return statistics.constants();
}

}  // namespace tessera::cli
