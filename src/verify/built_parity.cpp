#include "verify/built_parity.h"

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
constexpr double kLeastEnergy = 1e-30;

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

using Outputs = std::vector<std::vector<float>>;

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

// Of equally many values; all finite.
void compare(const Outputs& expected, const Outputs& actual, ParityEvidence& parity) {
  for (size_t port = 0; port < expected.size(); ++port) {
    for (size_t i = 0; i < expected[port].size(); ++i) {
      const auto value = static_cast<double>(expected[port][i]);
      parity.peak = std::max(parity.peak, std::abs(value));
      parity.max_abs =
          std::max(parity.max_abs, std::abs(value - static_cast<double>(actual[port][i])));
    }
  }
}

bool same_sizes(const Outputs& a, const Outputs& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.size() == y.size(); });
}

double snr_db(const Outputs& expected, const Outputs& actual) {
  double energy = 0;
  double error = 0;
  for (size_t port = 0; port < expected.size(); ++port) {
    for (size_t i = 0; i < expected[port].size(); ++i) {
      const auto value = static_cast<double>(expected[port][i]);
      energy += value * value;
      error += std::pow(value - static_cast<double>(actual[port][i]), 2);
    }
  }
  return 10 * std::log10(std::max(energy, kLeastEnergy) / std::max(error, kLeastEnergy));
}

}  // namespace

Result<ParityEvidence> measure_parity(const ParityReference& reference, const Plan& plan,
                                      Backend& backend, const std::string& backend_name) {
  const std::vector<std::vector<float>> inputs = noise(reference.imported);
  const std::vector<ConstValues> views(inputs.begin(), inputs.end());
  TESSERA_TRY(const Outputs imported, outputs_of(reference.imported, backend, views));
  Outputs changed;
  if (reference.approximate) {
    TESSERA_TRY(changed, outputs_of(reference.approximated, backend, views));
  }
  const Outputs& expected = reference.approximate ? changed : imported;
  TESSERA_TRY(Session stitched, Session::create(plan, backend));
  TESSERA_TRY(const Outputs actual, stitched.run(views));
  if (!same_sizes(expected, actual) || !is_finite(actual)) {
    return TESSERA_ERROR(kMismatch, "stitched run",
                         "gives values that are not finite where the network's are, or another "
                         "number of them",
                         "this is a bug in Tessera: nothing was written; please report it");
  }

  ParityEvidence parity;
  parity.signal = fmt::format("uniform noise of amplitude {}, seed {}", kAmplitude, kSeed);
  parity.backend = backend_name;
  compare(expected, actual, parity);
  parity.tolerance = std::max(kTolerance * parity.peak, kSilence);
  if (reference.approximate) parity.approximation_db = snr_db(imported, actual);
  if (parity.max_abs > parity.tolerance) {
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
