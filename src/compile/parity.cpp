#include "compile/parity.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tessera/session.h"

namespace tessera {
namespace {

constexpr uint32_t kSeed = 20261121;
constexpr float kAmplitude = 0.2F;
// Two orders of float32 summation through 24 blocks differ by less than this share of the peak.
constexpr double kTolerance = 1e-4;
constexpr double kSilence = 1e-7;

std::vector<std::vector<float>> noise(const Graph& graph) {
  std::vector<std::vector<float>> inputs;
  uint32_t state = kSeed;
  for (NodeId id : graph.inputs()) {
    std::vector<float>& values =
        inputs.emplace_back(static_cast<size_t>(graph.node(id).shape.size()));
    for (float& value : values) {
      state = state * 1664525U + 1013904223U;
      value = kAmplitude * (static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0F);
    }
  }
  return inputs;
}

}  // namespace

Result<ParityEvidence> measure_parity(const Graph& imported, const Plan& plan, bool exact,
                                      Backend& backend, const std::string& backend_name) {
  const std::vector<std::vector<float>> inputs = noise(imported);
  const std::vector<ConstValues> views(inputs.begin(), inputs.end());
  TESSERA_TRY(Session whole, Session::create(imported, backend));
  TESSERA_TRY(const auto expected, whole.run(views));
  TESSERA_TRY(Session stitched, Session::create(plan, backend));
  TESSERA_TRY(const auto actual, stitched.run(views));

  ParityEvidence parity;
  parity.signal = fmt::format("uniform noise of amplitude {}, seed {}", kAmplitude, kSeed);
  parity.backend = backend_name;
  bool finite = expected.size() == actual.size();
  for (size_t port = 0; finite && port < expected.size(); ++port) {
    finite = expected[port].size() == actual[port].size();
    for (size_t i = 0; finite && i < expected[port].size(); ++i) {
      const auto value = static_cast<double>(expected[port][i]);
      // Where the network itself has no value (norms without eps on silence), the pieces have none.
      if (std::isnan(value) && std::isnan(actual[port][i])) continue;
      const double apart = std::abs(value - static_cast<double>(actual[port][i]));
      finite = std::isfinite(apart);
      parity.peak = std::max(parity.peak, std::abs(value));
      parity.max_abs = std::max(parity.max_abs, apart);
    }
  }
  parity.tolerance = exact ? std::max(kTolerance * parity.peak, kSilence) : 0;
  if (!finite) {
    return TESSERA_ERROR(kMismatch, "stitched run",
                         "gives values that are not finite where the network's are, or another "
                         "number of them",
                         "check the network: tessera run MODEL --input FILE.npy --check");
  }
  if (exact && parity.max_abs > parity.tolerance) {
    return TESSERA_ERROR(
        kMismatch, "stitched run",
        fmt::format("differs from the imported network by {:.3g} at a peak of {:.3g}; {:.3g} is "
                    "allowed",
                    parity.max_abs, parity.peak, parity.tolerance),
        "this is a bug in Tessera: nothing was written; please report it");
  }
  return parity;
}

}  // namespace tessera
