#include "tessera/compiler/calibrate.h"

#include <fmt/format.h>

#include "calibrate/windows.h"
#include "graph/subgraph.h"

namespace tessera {

Result<void> calibrate(const Graph& legal, const QuantizeOptions& options, Backend& backend,
                       std::span<const std::vector<float>> windows, TensorStatistics& statistics,
                       const CalibrationProgress& progress, int64_t done) {
  TESSERA_TRY_VOID(check_windows(legal, windows));
  TESSERA_TRY(const Graph graph, with_outputs(legal, calibrated_nodes(legal, options)));
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
    TESSERA_TRY_VOID(executable->run(inputs_of(graph, windows[i]), targets));
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
