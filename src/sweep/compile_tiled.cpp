#include <fmt/format.h>

#include <array>

#include "evidence/documents.h"
#include "package/plan_json.h"
#include "sweep/case_failure.h"
#include "sweep/case_files.h"
#include "sweep/compile_case.h"
#include "tessera/backend.h"
#include "tessera/compiler/chip_placement.h"
#include "tessera/compiler/verify.h"
#include "tessera/file.h"
#include "verify/noise_inputs.h"

namespace tessera {
namespace {

// Values of seeded networks under the names that parity files have for them.
struct NamedRole {
  std::string_view node;
  std::string_view role;
};
constexpr NamedRole kRoles[] = {
    {"source_projector", "source_projector"},
    {"decoder_pre", "decoder_pre"},
    {"decoder_head", "decoder_head"},
    {"decoder_head", "decoder_output"},
    {"decoder_head", "final_output"},
    {"bottleneck", "bottleneck"},
    {"tcn0_in_relu", "tcn0_in"},
    {"tcn0_depth_relu", "tcn0_depth"},
    {"tcn0_out", "tcn0_residual"},
    {"tcn0_skip", "tcn0_skip"},
    {"mask_head", "mask_score"},
    {"mask_output", "mask_output"},
    {"mask_output", "masker_output"},
    {"masked_rep", "masked_rep"},
};

Json parity_document(const VerifyReport& report, const VerifyOptions& options) {
  Json document = documents::of(report, options);
  const auto fill = [&](const std::vector<ValueCheck>& values) {
    for (const ValueCheck& value : values) {
      for (const NamedRole& one : kRoles) {
        Json& entry = document[std::string(one.role) + "_max_abs"];
        if (one.node == value.name && entry.is_null())
          entry = documents::number(value.difference.max_abs);
      }
    }
  };
  fill(report.stages);
  fill(report.outputs);
  return document;
}

void tell(const VerifyReport& report, CaseResult& result) {
  double largest = 0;
  for (const ValueCheck& value : report.outputs)
    largest = std::max(largest, value.difference.max_abs);
  result.numbers["final_output_max_abs"] = {largest, "amplitude", "emulated"};
  for (const ValueCheck& value : report.stages)
    largest = std::max(largest, value.difference.max_abs);
  result.numbers["largest_max_abs"] = {largest, "amplitude", "emulated"};
  result.numbers["chip_calls"] = {static_cast<double>(report.chip_calls), "calls", "estimated"};
  if (report.passed) return;
  const ValueCheck* first = report.first_failure();
  CaseFailure failure;
  failure.exception_type = "ParityFailed";
  failure.layer = first == nullptr ? "" : first->name;
  failure.exception_message =
      first == nullptr ? "the stitched tiles are not the whole"
                       : fmt::format("{} differs by {:.3g}, more than {:.3g}", first->name,
                                     first->difference.max_abs, first->tolerance);
  failure.signature = failure.exception_type + (failure.layer.empty() ? "" : ":" + failure.layer);
  failure.family = "unknown";
  result.failure = std::move(failure);
}

}  // namespace

Result<void> compile_tiled(const CaseContext& context, const CompileInput& input,
                           int64_t tile_frames, bool alone, CaseResult& result) {
  result.hef = StepOutcome::failed;
  result.hef_log = "hef.log";
  const auto finish = [&](const std::string& log) {
    return write_case_file(input.folder / result.hef_log, log);
  };
  const auto plan =
      make_plan(input.legal, context.target,
                {.tile_frames = tile_frames, .encoder_on_chip = alone, .masks_on_chip = alone});
  if (!plan) {
    result.failure = other_failure(plan.error(), "PlanFailed", "allocator_infeasible");
    return finish(plan.error().to_string() + "\n");
  }
  const auto placement = place_on_chip(*plan, context.target);
  if (!placement) {
    result.failure = other_failure(placement.error(), "PlacementFailed", "memory_units");
    return finish(placement.error().to_string() + "\n");
  }
  TESSERA_TRY(const auto backend, make_backend("cpu", {.threads = 1}));
  TESSERA_TRY(const auto reference, make_backend("reference", {.threads = 1}));
  const std::vector<std::vector<float>> noise = noise_inputs(input.written);
  const std::vector<ConstValues> signals(noise.begin(), noise.end());
  const VerifyOptions options;
  TESSERA_TRY(const VerifyReport report,
              verify_plan(input.written, *plan, *backend, *reference, signals, options));
  tell(report, result);
  TESSERA_TRY_VOID(
      write_case_file(input.folder / "parity.json", print_json(parity_document(report, options))));
  if (report.passed) {
    result.hef = StepOutcome::passed;
    result.hef_file = "placement.json";
    TESSERA_TRY_VOID(write_case_file(input.folder / result.hef_file, print_placement(*placement)));
  }
  return finish(
      fmt::format("{} segments, {} pieces, {} calls; stitched tiles {} the whole, "
                  "largest difference {:.3g}\n",
                  report.segments, report.pieces, report.chip_calls,
                  report.passed ? "are" : "are not", result.numbers["largest_max_abs"].value));
}

}  // namespace tessera
