#include "compile/freeze_stage.h"

#include "calibrate/calibration_data.h"

namespace tessera {

Result<FrozenNorms> freeze_norms(const ImportedModel& model, const Target& target,
                                 const CalibrationData& data, const BuildOptions& options) {
  FrozenNorms frozen;
  frozen.freezable = static_cast<int64_t>(freezable_norms(model.graph).size());
  if (frozen.freezable == 0) {
    return TESSERA_ERROR(kInvalidArgument, "BuildOptions::norm",
                         "the network has no norm over its whole sequence behind its first one",
                         "leave BuildOptions::norm out: there is nothing to freeze");
  }
  TESSERA_TRY(const auto backend, make_backend("cpu", {.threads = options.threads}));
  TESSERA_TRY(const Graph graph, model.network->instantiate(data.length));
  NormCalibration statistics;
  TESSERA_TRY_VOID(statistics.observe(graph, *backend, data.windows));
  const std::map<std::string, NormConstants> constants = statistics.constants();
  FrozenNormsOptions search{options.plan};
  // Below 0 the curve is not walked: only what freezing everything costs is asked for.
  search.stop_loss_db = options.norm == NormMode::budget ? options.norm_loss_db : -1;
  TESSERA_TRY(
      const FrozenNormsCurve curve,
      measure_frozen_norms(model.graph, graph, target, constants, data.windows, search, *backend));
  frozen.exact_segments = curve.points.front().segments;
  frozen.point = options.norm == NormMode::budget ? curve.within(options.norm_loss_db) : curve.all;
  for (const std::string& name : frozen.point.frozen) {
    frozen.constants.insert(*constants.find(name));
  }
  return frozen;
}

}  // namespace tessera
