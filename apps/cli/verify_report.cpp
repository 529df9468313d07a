#include "cli/verify_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "cli/backend_words.h"
#include "cli/comparison_text.h"
#include "cli/table.h"

namespace tessera::cli {
namespace {

constexpr int64_t kReferenceMacs = 4'000'000'000;  // about ten seconds of plain loops

std::string number(double value) {
  return fmt::format("{:.3g}", value);
}

void add_stage_row(Table& table, const ValueCheck& stage) {
  table.add_row(
      {compared_name(stage.name, stage.how), fmt::format("{}", fmt::join(stage.roles, ", ")),
       stage.where,
       stage.shape == stage.expected_shape
           ? to_string(stage.shape)
           : fmt::format("{}, not {}", to_string(stage.shape), to_string(stage.expected_shape)),
       number(stage.difference.peak), number(stage.difference.max_abs), number(stage.tolerance),
       decibels(stage.difference.snr_db), stage.passed ? "same" : "DIFFERS"});
}

void print_not_compared(const std::vector<NotCompared>& list, std::string_view whose,
                        Console& console) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const NotCompared& one : list) by_reason[one.reason].push_back(one.name);
  for (const auto& [reason, names] : by_reason) {
    console.print("not compared, {}: {} ({}): {}{}\n", whose, names.size(), printable(reason),
                  printable(fmt::format(
                      "{}", fmt::join(names.begin(),
                                      names.begin() + static_cast<std::ptrdiff_t>(
                                                          std::min<size_t>(names.size(), 4)),
                                      ", "))),
                  names.size() > 4 ? ", ..." : "");
  }
}

}  // namespace

void add_reference_option(CommandLine& app, ReferenceChoice& choice) {
  app.add_option("--reference-backend", choice.name,
                 "What evaluates the imported network to compare with: a backend, or auto "
                 "(reference; cpu for large networks)")
      ->one_of(backends_or_auto())
      ->capture_default_str();
}

Result<std::unique_ptr<Backend>> open_reference(const ReferenceChoice& choice,
                                                const Graph& imported, const BackendChoice& backend,
                                                std::string& chosen, Console& console) {
  chosen = choice.name;
  if (choice.name == "auto") {
    int64_t total = 0;
    for (NodeId id : imported.order()) {
      const Node& node = imported.node(id);
      const int64_t count = macs(node.op, imported.operand_shapes(id), node.shape);
      total = count > kReferenceMacs - total ? kReferenceMacs : total + count;
    }
    chosen = total < kReferenceMacs ? "reference" : "cpu";
  }
  if (chosen == backend.name) {
    console.note(
        fmt::format("both sides are computed by the {} backend; --reference-backend reference or "
                    "--backend torch is a second opinion",
                    chosen));
  }
  return open_backend({.name = chosen, .threads = backend.threads});
}

void add_tolerance_options(CommandLine& app, VerifyOptions& options) {
  app.add_option("--tolerance", options.tolerance,
                 "Largest difference that passes; times the peak where that is above 1")
      ->not_negative()
      ->capture_default_str();
  app.add_option("--peak-tolerance", options.peak_tolerance,
                 "And at most this part of the value's peak")
      ->not_negative()
      ->capture_default_str();
}

size_t add_stages(const VerifyReport& report, bool all, Table& table,
                  void (*add_stage_row)(Table& table, const ValueCheck& stage)) {
  size_t left_out = 0;
  for (const ValueCheck& stage : report.stages) {
    if (all || !stage.passed || !stage.roles.empty()) {
      add_stage_row(table, stage);
    } else {
      ++left_out;
    }
  }
  table.add_rule();
  for (const ValueCheck& stage : report.outputs) add_stage_row(table, stage);
  return left_out;
}

void print_report(const VerifyReport& report, bool all, Console& console) {
  Table table;
  table.add_columns({"value", "role", "in", "shape"});
  table.add_columns({"peak", "max abs", "allowed", "SNR dB"}, Table::Align::right);
  table.add_column("verdict");
  const size_t left_out = add_stages(report, all, table, add_stage_row);
  console.print("{}", table.to_string());
  if (left_out > 0) console.print("and {} other values, all the same (--all)\n", left_out);
  print_not_compared(report.model_only, "the network's", console);
  print_not_compared(report.plan_only, "the plan's", console);
}

Result<void> verdict_of(const VerifyReport& report, const std::string& subject) {
  const ValueCheck* bad = report.first_failure();
  if (bad == nullptr) return {};
  const int64_t width = std::max<int64_t>(1, bad->shape.w);
  const std::string what =
      bad->shape != bad->expected_shape
          ? fmt::format("is {}, not {}", to_string(bad->shape), to_string(bad->expected_shape))
          : fmt::format(
                "differs by {:.3g} at a peak of {:.3g} (channel {}, frame {}); {:.3g} is "
                "allowed",
                bad->difference.max_abs, bad->difference.peak,
                bad->difference.worst_at / (width * std::max<int64_t>(1, bad->shape.h)),
                bad->difference.worst_at % width, bad->tolerance);
  return TESSERA_ERROR(kMismatch, subject,
                       fmt::format("is not the network it was made from: '{}' in {} {}",
                                   printable(bad->name), bad->where, what),
                       "every stage before it is the same: look at what computes it");
}

}  // namespace tessera::cli
