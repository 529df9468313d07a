#include <fmt/format.h>

#include "package/plan_json.h"
#include "sweep/case_failure.h"
#include "sweep/case_files.h"
#include "sweep/compile_case.h"
#include "tessera/compiler/chip_placement.h"
#include "tessera/file.h"

namespace tessera {
namespace {

std::string log_of(const CheckReport& report, const Target& target) {
  std::string text = fmt::format("{}: {}, {} nodes, widest row {} bytes at {}\n", target.name,
                                 to_string(report.verdict), report.nodes, report.widest_row_bytes,
                                 report.widest_row_node);
  for (const Violation& one : report.violations) {
    text +=
        fmt::format("{}: {} ({}): {}: {}; {}\n  remedy: {}\n  source: {}\n", to_string(one.verdict),
                    one.node_name, one.op, one.rule, one.reason, one.limit, one.remedy, one.source);
  }
  return text;
}

}  // namespace

Plan plan_of_one_piece(const Graph& legal, const Target& target) {
  Plan plan;
  plan.graph = legal;
  ChipSegment segment;
  segment.name = "network";
  for (NodeId id : legal.order()) {
    if (legal.get_if<Input>(id) == nullptr) segment.nodes.push_back(id);
  }
  Piece piece;
  piece.name = "network";
  piece.graph = legal;
  Tile tile;
  for (NodeId id : legal.inputs()) {
    segment.reads.push_back(id);
    piece.frames.push_back(legal.node(id).shape.w);
    tile.read_begin.push_back(0);
  }
  for (const GraphOutput& output : legal.outputs()) {
    segment.writes.push_back(output.node);
    tile.write_frames = legal.node(output.node).shape.w;
  }
  segment.tiling.tile_frames = tile.write_frames;
  segment.pieces.push_back(std::move(piece));
  segment.calls.push_back({0, {std::move(tile)}});
  segment.verdict = Verdict::fits;
  plan.segments.push_back(std::move(segment));
  plan.steps.push_back(SegmentStep{0});
  plan.recipe.target = target.name;
  plan.verdict = Verdict::fits;
  return plan;
}

void tell_check(const CheckReport& report, CaseResult& result) {
  for (const Violation& one : report.violations) result.violations.push_back(case_violation(one));
  result.numbers["widest_row_bytes"] = {static_cast<double>(report.widest_row_bytes), "bytes",
                                        "estimated"};
  result.numbers["physical_layers"] = {static_cast<double>(report.physical_layers), "layers",
                                       "estimated"};
  result.numbers["contexts_at_least"] = {static_cast<double>(report.contexts_at_least), "contexts",
                                         "estimated"};
}

Result<void> compile_builtin(const CaseContext& context, const CompileInput& input,
                             CaseResult& result) {
  const CheckReport report = check(input.legal, context.target);
  tell_check(report, result);
  std::string log = log_of(report, context.target);
  result.hef_log = "hef.log";
  if (report.verdict == Verdict::does_not_fit) {
    result.hef = StepOutcome::failed;
    result.failure = failure_of(report);
  } else {
    // An open question does not stop the placement: where that fails, the answer is no.
    const auto placement =
        place_on_chip(plan_of_one_piece(input.legal, context.target), context.target);
    if (!placement) {
      result.hef = StepOutcome::failed;
      result.failure = other_failure(placement.error(), "PlacementFailed", "memory_units");
      log += fmt::format("placement failed: {}\n", placement.error().to_string());
    } else {
      log += fmt::format("placed in {} contexts\n", placement->contexts.size());
      result.numbers["contexts"] = {static_cast<double>(placement->contexts.size()), "contexts",
                                    "estimated"};
      if (report.verdict == Verdict::unknown) {
        result.unknown = open_question(report);
        log += fmt::format("unknown: {}\n", result.unknown);
      } else {
        result.hef = StepOutcome::passed;
        result.hef_file = "placement.json";
        TESSERA_TRY_VOID(
            write_case_file(input.folder / result.hef_file, print_placement(*placement)));
      }
    }
  }
  return write_case_file(input.folder / result.hef_log, log);
}

}  // namespace tessera
