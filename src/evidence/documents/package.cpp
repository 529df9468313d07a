#include "evidence/documents.h"

#include <algorithm>

namespace tessera::documents {

Json of(const ValueSummary& s) {
  return {{"channels", s.channels},
          {"dead_channels", s.dead_channels},
          {"count", s.count},
          {"min", s.low},
          {"p0_1", s.low_percentile},
          {"mean", s.mean},
          {"median", s.median},
          {"p99_9", s.high_percentile},
          {"max", s.high},
          {"rms", s.rms},
          {"channel_range_ratio", s.channel_range_ratio}};
}

Json of(const CalibrationReport& report) {
  const CalibrationReport::Arithmetic& arithmetic = report.arithmetic;
  const CalibrationReport::Source& source = report.source;
  return {{"arithmetic", arithmetic.asked},
          {"values_in_8_bits", arithmetic.in_8_bits},
          {"values_in_16_bits", arithmetic.in_16_bits},
          {"values_in_float", arithmetic.in_float},
          {"integer_convolutions", arithmetic.convolutions},
          {"snr_db", arithmetic.snr_db},
          {"lowest_snr_db", arithmetic.lowest_snr_db},
          {"calibration",
           {{"files", source.files},
            {"windows", source.windows},
            {"seed", source.seed},
            {"silence_db", source.silence_db},
            {"range_estimator", report.method.range_estimator},
            {"range_margin", report.method.range_margin},
            {"sum_range_margin", report.method.sum_range_margin},
            {"values", report.values.size()}}}};
}

Json of(const FrozenNormsPoint& point) {
  return {{"names", point.frozen}, {"loss_db", point.loss_db}, {"snr_db", number(point.snr_db)}};
}

Json of(const Package& package) {
  const PackageManifest& manifest = package.manifest();
  return {{"hash", package.hash()},
          {"schema", manifest.schema},
          {"tessera", manifest.tessera},
          {"model", manifest.model.files.front().name},
          {"model_hash", manifest.model.hash},
          {"length", manifest.model.length_samples},
          {"target", manifest.target},
          {"norm", manifest.options.norm}};
}

namespace {

Json channel_bases(const Built& built) {
  Json streams = Json::array();
  for (const ChannelBasisChoice& choice : built.channel_bases) {
    streams.push_back({{"stream", choice.stream},
                       {"channels", choice.channels},
                       {"values", choice.values},
                       {"gain_db", choice.gain_db}});
  }
  return streams;
}

int64_t pieces_of(const Plan& plan) {
  int64_t pieces = 0;
  for (const ChipSegment& segment : plan.segments)
    pieces += static_cast<int64_t>(segment.pieces.size());
  return pieces;
}

}  // namespace

Json of(const Built& built) {
  const PackageManifest& manifest = built.package.manifest();
  const ParityEvidence& parity = manifest.parity.front();
  return {{"hash", built.package.hash()},
          {"bytes", built.package.bytes().size()},
          {"target", manifest.target},
          {"frozen_norms", built.frozen_norms ? of(*built.frozen_norms) : Json(nullptr)},
          {"channel_bases", channel_bases(built)},
          {"exact", built.rewritten.exact},
          {"length", manifest.model.length_samples},
          {"verdict", to_string(built.plan.verdict)},
          {"segments", built.plan.segments.size()},
          {"pieces", pieces_of(built.plan)},
          {"calls", built.plan.cost.calls},
          {"contexts", built.placement.contexts.size()},
          {"bytes_in", built.cost.bytes_in},
          {"bytes_out", built.cost.bytes_out},
          {"estimated_seconds", built.cost.seconds()},
          {"parity",
           {{"backend", parity.backend},
            {"max_abs", parity.max_abs},
            {"peak", parity.peak},
            {"tolerance", parity.tolerance},
            {"values", parity.values},
            {"codes", parity.codes}}}};
}

}  // namespace tessera::documents
