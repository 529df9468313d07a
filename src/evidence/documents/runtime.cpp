#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "evidence/documents.h"

namespace tessera::documents {

namespace {

// What a chip may tell of itself, whether this one does or not.
constexpr std::array kReadings = {"power_watts", "temperature_celsius"};

Json milliseconds(double seconds, int64_t count) {
  return count > 0 ? Json(seconds * 1e3 / static_cast<double>(count)) : Json();
}

Json pieces(const RuntimeMetrics& metrics) {
  Json rows = Json::array();
  for (const PieceDevice& piece : metrics.pieces) {
    rows.push_back({{"piece", piece.piece},
                    {"backend", piece.backend},
                    {"calls", piece.calls},
                    {"ms", piece.seconds * 1e3},
                    {"ms_per_call", milliseconds(piece.seconds, piece.calls)}});
    if (!piece.reason.empty()) rows.back()["reason"] = piece.reason;
  }
  return rows;
}

void add_readings(const RuntimeMetrics& metrics, Json& document, Json& missing) {
  Json ranges = Json::object();
  for (const char* name : kReadings) {
    document[name] = nullptr;
    missing[name] = "the backend's device measures nothing of itself";
  }
  for (const MeasuredReading& reading : metrics.readings) {
    if (reading.samples == 0) {
      document[reading.name] = nullptr;
      missing[reading.name] = "not told by the runtime: " + reading.reason;
      continue;
    }
    document[reading.name] = reading.mean;
    missing.erase(reading.name);
    ranges[reading.name] = {
        {"least", reading.least}, {"most", reading.most}, {"samples", reading.samples}};
  }
  document["readings"] = std::move(ranges);
}

}  // namespace

Json of(const RuntimeMetrics& metrics) {
  Json missing = Json::object();
  Json document{{"runs", metrics.runs},
                {"latency_ms", milliseconds(metrics.run_seconds, metrics.runs)},
                {"load_ms", metrics.load_seconds * 1e3},
                {"rtf", nullptr},
                {"parity_max_abs_vs_reference", nullptr}};
  if (metrics.audio_seconds > 0) {
    document["rtf"] = metrics.run_seconds / metrics.audio_seconds;
  } else {
    missing["rtf"] = "the length of what was run is not known in seconds";
  }
  if (metrics.parity_max_abs) {
    document["parity_max_abs_vs_reference"] = number(*metrics.parity_max_abs);
  } else {
    missing["parity_max_abs_vs_reference"] = "the run was not compared with the reference";
  }
  for (size_t i = 0; i < metrics.si_snr_db.size(); ++i)
    document[fmt::format("si_snr_{}_db", i + 1)] = number(metrics.si_snr_db[i]);
  if (metrics.si_snr_db.empty()) missing["si_snr_db"] = "the true voices are not known";
  add_readings(metrics, document, missing);
  document["pieces"] = pieces(metrics);
  document["not_measured"] = std::move(missing);
  return document;
}

}  // namespace tessera::documents
