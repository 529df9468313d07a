#include "verify/built_parity.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/energy.h"
#include "tessera/backend.h"
#include "tessera/compiler/analysis.h"
#include "tessera/compiler/verify.h"
#include "tessera/session.h"
#include "verify/noise_inputs.h"

namespace tessera {
namespace {

// Two orders of float32 summation through 24 blocks differ by less than this share of the peak.
constexpr double kTolerance = 1e-4;
constexpr double kSilence = 1e-7;
constexpr const char* kFloatBackend = "cpu";
constexpr const char* kIntegerBackend = "emulator";
constexpr const char* kBug = "this is a bug in Tessera: nothing was written; please report it";
constexpr double kMinEnergy = 1e-30;

Error not_finite(const std::string& subject, const std::string& message, const std::string& hint) {
  return TESSERA_ERROR(kInvalidModel, subject, message, hint);
}

bool is_finite(const Outputs& outputs) {
  for (const std::vector<float>& values : outputs) {
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      return false;
  }
  return true;
}

Result<Outputs> outputs_of(const Graph& graph, Backend& backend,
                           std::span<const ConstValues> inputs) {
  TESSERA_TRY(Session session, Session::create(graph, backend));
  TESSERA_TRY(Outputs outputs, session.run(inputs));
  if (is_finite(outputs)) return outputs;
  return not_finite("network", "gives values that are not finite numbers on noise",
                    "look for weights that are NaN or infinite, or for a norm without eps: "
                    "'tessera inspect' warns of such weights");
}

double snr_db(const Outputs& expected, const Outputs& actual) {
  return ratio_db(std::max(energy_of(expected), kMinEnergy),
                  std::max(error_between(expected, actual), kMinEnergy));
}

// Where a stitched run first leaves the network.
Error differs(const VerifyReport& report) {
  const ValueCheck& value = *report.first_failure();
  return TESSERA_ERROR(
      kMismatch, fmt::format("'{}' ({})", value.value, value.where),
      fmt::format("differs from the network's '{}' by {:.3g} at a peak of {:.3g}; {:.3g} is "
                  "allowed",
                  value.name, value.difference.max_abs, value.difference.peak, value.tolerance),
      kBug);
}

Result<int64_t> compared_codes(const Plan& plan, const Encodings& encodings,
                               std::span<const ConstValues> inputs, int threads) {
  if (costs(plan.graph).macs > kMaxComparedMacs) return 0;
  TESSERA_TRY(const auto backend, make_backend(kIntegerBackend, {.threads = threads}));
  TESSERA_TRY(const BitExactReport report, check_bit_exact(plan, encodings, *backend, inputs));
  if (report.passed) return report.codes;
  const BorderCheck& border = *report.first_failure();
  return TESSERA_ERROR(kMismatch, fmt::format("'{}' ({})", border.value, border.where),
                       fmt::format("{} of {} codes are not those of the arithmetic in one go",
                                   border.differing, border.values),
                       kBug);
}

}  // namespace

Result<ParityEvidence> verify_build(const ParityReference& reference, const Plan& plan,
                                    const Encodings* encodings, int threads) {
  TESSERA_TRY(const auto backend, make_backend(kFloatBackend, {.threads = threads}));
  const std::vector<std::vector<float>> inputs = noise_inputs(reference.imported);
  const std::vector<ConstValues> views(inputs.begin(), inputs.end());
  TESSERA_TRY(const Outputs imported, outputs_of(reference.imported, *backend, views));
  VerifyOptions options;
  options.tolerance = options.peak_tolerance = kTolerance;
  options.intermediates = false;
  TESSERA_TRY(const VerifyReport report,
              verify_plan(reference.approximated, plan, *backend, *backend, views, options));
  if (!report.passed) return differs(report);
  ParityEvidence parity;
  parity.signal =
      fmt::format("uniform noise of amplitude {}, seed {}", kNoiseAmplitude, Noise::kSeed);
  parity.backend = kFloatBackend;
  for (const ValueCheck& output : report.outputs) {
    parity.max_abs = std::max(parity.max_abs, output.difference.max_abs);
    parity.peak = std::max(parity.peak, output.difference.peak);
  }
  parity.tolerance = std::max(kTolerance * parity.peak, kSilence);
  parity.values = static_cast<int64_t>(report.stages.size() + report.outputs.size());
  if (reference.approximate) parity.approximation_db = snr_db(imported, report.output_values);
  if (encodings != nullptr) {
    TESSERA_TRY(parity.codes, compared_codes(plan, *encodings, views, threads));
  }
  return parity;
}

}  // namespace tessera
