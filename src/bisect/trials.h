// Measurements of a bisection: each made once, remembered in the log, announced before.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/energy.h"
#include "bisect/trial_log.h"
#include "tessera/compiler/bisect.h"
#include "tessera/result.h"

namespace tessera {

class Trials {
 public:
  // `options` and `progress` outlive this object.
  Trials(const BisectOptions& options, const BisectProgress& progress, TrialLog log)
      : options_(options), progress_(progress), log_(std::move(log)) {}

  // Reports what comes next. Errors: kCancelled where the caller wants no more.
  Result<void> announce(const std::string& what) const;

  // The trial of this name: remembered, or measured now, the outputs of `work` against `expected`.
  // Errors: those of announce(), of `work` and of writing the log.
  Result<Trial> measure(const std::string& key, const Outputs& expected,
                        const std::function<Result<Outputs>()>& work);

  int64_t measured() const { return measured_; }
  // Known from an earlier run, of those that were asked for.
  int64_t resumed() const;

 private:
  const BisectOptions& options_;
  const BisectProgress& progress_;
  TrialLog log_;
  int64_t measured_ = 0;
  int64_t requested_ = 0;  // remembered ones included
};

}  // namespace tessera
