// Delta debugging over what is quantised: which encodings and weights cost most.
#pragma once

#include <span>

#include "bisect/fake_quantized.h"
#include "bisect/trials.h"
#include "tessera/compiler/bisect.h"
#include "tessera/result.h"

namespace tessera {

// Fills items, contributors, remaining_groups, without_contributors_snr_db and notes of the report.
// `signal` is the energy of A's outputs. Errors: those of Trials::measure() and
// FakeQuantized::run().
Result<void> find_contributors(const FakeQuantized& fake, std::span<const ConstValues> inputs,
                               double signal, const BisectOptions& options, Trials& trials,
                               BisectReport& report);

}  // namespace tessera
