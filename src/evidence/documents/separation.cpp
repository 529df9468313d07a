#include "evidence/documents.h"

#include <cmath>

namespace tessera::documents {

namespace {

// Null: there is none, or infinities of both signs met.
Json ratio(std::optional<double> value) {
  if (!value || std::isnan(*value)) return {};
  if (std::isinf(*value)) return *value > 0 ? "infinite" : "-infinite";
  return *value;
}

Json ratios(const SourceScore& score, bool improvement) {
  Json values = {{"si_snr_db", ratio(score.si_snr_db)},
                 {"sdr_db", ratio(score.sdr_db)},
                 {"snr_db", ratio(score.snr_db)}};
  if (improvement) {
    values["si_snr_improvement_db"] = ratio(score.si_snr_improvement_db);
    values["sdr_improvement_db"] = ratio(score.sdr_improvement_db);
  }
  return values;
}

}  // namespace

Json of(const SeparationScore& score) {
  const bool improvement = score.mean_si_snr_improvement_db.has_value();
  Json document;
  for (const SourceScore& source : score.sources) {
    document["sources"].push_back(ratios(source, improvement));
    document["permutation"].push_back(source.estimate + 1);
  }
  document["mean"] = ratios({0, score.mean_si_snr_db, score.mean_sdr_db, score.mean_snr_db,
                             score.mean_si_snr_improvement_db, score.mean_sdr_improvement_db},
                            improvement);
  return document;
}

Json of(const Separation& separation) {
  Json document{{"network_seconds", separation.timing.network_seconds},
                {"stretches", separation.stretches},
                {"scaled_by", separation.scale}};
  if (separation.difference) {
    document["max_abs_difference"] = separation.difference->max_abs;
    document["peak"] = separation.difference->peak;
  }
  if (separation.equal_codes) document["equal_codes"] = *separation.equal_codes;
  return document;
}

}  // namespace tessera::documents
