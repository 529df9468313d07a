#include "tessera/calibrate.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "compile/observation.h"

namespace tessera {
namespace {

Result<void> check_window(const std::vector<float>& window, size_t index, int64_t size) {
  const std::string subject = fmt::format("calibration window {}", index);
  if (static_cast<int64_t>(window.size()) != size) {
    return TESSERA_ERROR(kInvalidArgument, subject,
                         fmt::format("has {} values, the network takes {}", window.size(), size),
                         "cut or pad it to the network's input");
  }
  if (!std::all_of(window.begin(), window.end(), [](float x) { return std::isfinite(x); })) {
    return TESSERA_ERROR(kInvalidArgument, subject, "holds NaN or infinity",
                         "leave it out, or repair the recording");
  }
  return {};
}

}  // namespace

Result<void> check_windows(const Graph& legal, std::span<const std::vector<float>> windows) {
  if (legal.inputs().size() != 1) {
    return TESSERA_ERROR(kUnsupported, "calibration",
                         fmt::format("the network has {} inputs, not one", legal.inputs().size()),
                         "");
  }
  if (windows.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "calibration", "there are no windows",
                         "give recordings that are long and loud enough");
  }
  const int64_t size = legal.node(legal.inputs()[0]).shape.size();
  bool silent = true;
  for (size_t i = 0; i < windows.size(); ++i) {
    TESSERA_TRY_VOID(check_window(windows[i], i, size));
    silent = silent &&
             std::all_of(windows[i].begin(), windows[i].end(), [](float x) { return x == 0.0F; });
  }
  if (silent) {
    return TESSERA_ERROR(kInvalidArgument, "calibration", "every window is silent",
                         "give recordings of what the network will hear");
  }
  return {};
}

Result<Graph> tapped(const Graph& legal, std::span<const NodeId> nodes) {
  Graph graph = legal;
  GraphEditor editor(graph, "calibrate");
  editor.clear_outputs();
  for (NodeId id : nodes) editor.add_output(legal.node(id).name, id);
  editor.remove_dead();
  TESSERA_TRY_VOID(verify(graph, graph.stage()));
  return graph;
}

Result<void> calibrate(const Graph& legal, const QuantizeOptions& options, Backend& backend,
                       std::span<const std::vector<float>> windows,
                       CalibrationStatistics& statistics, const CalibrationProgress& progress,
                       int64_t done) {
  TESSERA_TRY_VOID(check_windows(legal, windows));
  TESSERA_TRY(const Graph graph, tapped(legal, calibrated_nodes(legal, options)));
  TESSERA_TRY(const auto executable, backend.load({graph}));
  std::vector<std::vector<float>> values;
  for (const GraphOutput& output : graph.outputs())
    values.emplace_back(static_cast<size_t>(graph.node(output.node).shape.size()));
  const std::vector<Values> targets(values.begin(), values.end());
  std::vector<ObservedValue> observed;
  for (size_t v = 0; v < values.size(); ++v)
    observed.push_back({&graph.node(graph.outputs()[v].node), values[v]});
  const int threads = backend.probe().threads;
  for (auto i = static_cast<size_t>(done); i < windows.size(); ++i) {
    const ConstValues source(windows[i]);
    TESSERA_TRY_VOID(executable->run(std::span(&source, 1), targets));
    TESSERA_TRY_VOID(statistics.observe(observed, threads));
    if (progress && !progress(static_cast<int64_t>(i + 1), static_cast<int64_t>(windows.size()))) {
      return TESSERA_ERROR(kCancelled, "calibration",
                           fmt::format("stopped after {} of {} windows", i + 1, windows.size()),
                           "");
    }
  }
  return {};
}

}  // namespace tessera
