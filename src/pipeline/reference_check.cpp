#include "tessera/separator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/compiler/verify.h"
#include "tessera/session.h"

namespace tessera {
namespace {

constexpr const char* kHint =
    "this is a bug in a backend: please report it with the model and the input";

bool same_sizes(std::span<const std::vector<float>> a, std::span<const std::vector<float>> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.size() == y.size(); });
}

}  // namespace

Result<OutputDifference> compare_outputs(std::span<const std::vector<float>> reference,
                                         std::span<const std::vector<float>> outputs,
                                         const std::string& subject) {
  if (!same_sizes(reference, outputs)) {
    return TESSERA_ERROR(kMismatch, subject,
                         "has outputs of other sizes than on the reference backend", kHint);
  }
  OutputDifference difference;
  for (size_t i = 0; i < reference.size(); ++i) {
    for (size_t k = 0; k < reference[i].size(); ++k) {
      const double want = reference[i][k];
      const double got = outputs[i][k];
      if (std::isfinite(want) && std::isfinite(got)) {
        difference.peak = std::max(difference.peak, std::abs(want));
        difference.max_abs = std::max(difference.max_abs, std::abs(want - got));
      } else if (!std::isfinite(want) && !std::isfinite(got)) {
        return TESSERA_ERROR(
            kInvalidModel, subject,
            fmt::format("value {} of output {} is {}, on the reference backend "
                        "{}: the network itself gives no number there",
                        k, i, got, want),
            "look for weights that are NaN or infinite, or for a norm without eps");
      } else {
        return TESSERA_ERROR(kMismatch, subject,
                             fmt::format("value {} of output {} is {}, on the reference backend {}",
                                         k, i, got, want),
                             kHint);
      }
    }
  }
  if (difference.max_abs > std::max(1e-7, 1e-4 * difference.peak)) {
    return TESSERA_ERROR(
        kMismatch, subject,
        fmt::format("differs from the reference backend by {:.3g} at a peak of {:.3g}",
                    difference.max_abs, difference.peak),
        kHint);
  }
  return difference;
}

Result<OutputDifference> compare_with_reference(const Graph& graph,
                                                std::span<const std::vector<float>> inputs,
                                                std::span<const std::vector<float>> outputs,
                                                const std::string& subject,
                                                int64_t memory_limit_bytes) {
  TESSERA_TRY(const auto backend,
              make_backend("reference", {.memory_limit_bytes = memory_limit_bytes}));
  TESSERA_TRY(Session session, Session::create(graph, *backend));
  const std::vector<ConstValues> values(inputs.begin(), inputs.end());
  TESSERA_TRY(const auto expected, session.run(values));
  return compare_outputs(expected, outputs, subject);
}

Result<int64_t> compare_codes_with_reference(const Plan& plan, const Encodings& encodings,
                                             const Devices& devices,
                                             std::span<const std::vector<float>> inputs,
                                             const std::string& subject) {
  const std::vector<ConstValues> values(inputs.begin(), inputs.end());
  TESSERA_TRY(const BitExactReport report, check_bit_exact(plan, encodings, devices, values));
  const BorderCheck* bad = report.first_failure();
  if (bad == nullptr) return report.codes;
  return TESSERA_ERROR(
      kMismatch, subject,
      fmt::format("{} of {} values of '{}' in {} are not those of the integer reference",
                  bad->differing, bad->values, bad->value, bad->where),
      kHint);
}

}  // namespace tessera
