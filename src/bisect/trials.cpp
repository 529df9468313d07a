#include "bisect/trials.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "bisect/source_references.h"

namespace tessera {

Result<void> Trials::announce(const std::string& what) const {
  if (!progress_ || progress_(measured_, what)) return {};
  return TESSERA_ERROR(kCancelled, "bisect",
                       fmt::format("stopped after {} measurements", measured_),
                       options_.state.empty() ? "" : "the same command goes on from there");
}

Result<Trial> Trials::measure(const std::string& key, const Outputs& expected,
                              const std::function<Result<Outputs>()>& work) {
  ++requested_;
  if (const Trial* known = log_.find(key)) return *known;
  TESSERA_TRY_VOID(announce(key));
  TESSERA_TRY(const Outputs outputs, work());
  Trial made;
  made.error = error_between(expected, outputs);
  if (!std::isfinite(made.error)) made.error = std::numeric_limits<double>::max();
  TESSERA_TRY(made.si_snr_db, mean_si_snr_db(outputs, options_.references));
  if (made.si_snr_db && !std::isfinite(*made.si_snr_db)) made.si_snr_db = -kExactDb;
  ++measured_;
  TESSERA_TRY_VOID(log_.add(key, made));
  return made;
}

int64_t Trials::resumed() const {
  return std::min(log_.resumed(), requested_ - measured_);
}

}  // namespace tessera
