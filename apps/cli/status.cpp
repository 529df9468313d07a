// tessera status: the tracker of goals, made from what runs left behind.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/runs_folder.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "evidence/runs/tracker.h"

namespace tessera::cli {
namespace {

struct StatusOptions {
  std::string runs;
  std::string target;
  std::string goal;
  bool all = false;
};

constexpr size_t kShownDetail = 90;

// Vendors' ticks and ours are told apart: ours say nothing about a chip.
std::string_view mark_of(GoalState state) {
  return state == GoalState::reached              ? "[x]"
         : state == GoalState::reached_by_builtin ? "[b]"
                                                  : "[ ]";
}

std::string shortened(std::string text) {
  if (text.size() <= kShownDetail) return text;
  size_t end = kShownDetail - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

void print_goals(const Tracker& tracker, Console& console) {
  Table table;
  table.add_columns({"", "goal", "what"});
  table.add_column("cases", Table::Align::right);
  table.add_column("ticked", Table::Align::right);
  table.add_column("by vendor", Table::Align::right);
  table.add_columns({"found", "path behind the tick"});
  for (const GoalStatus& one : tracker.goals) {
    table.add_row({std::string(mark_of(one.state)), std::string(one.goal->id),
                   std::string(one.goal->title), fmt::to_string(one.entries.size()),
                   fmt::to_string(one.ticked), fmt::to_string(one.ticked_by_vendor),
                   shortened(printable_line(one.detail)), printable_line(one.path)});
  }
  console.print("{}", table.to_string());
}

std::string entry_outcome(const ChecklistEntry& entry) {
  if (entry.vendor) return entry.vendor->compiler;
  if (entry.builtin) return entry.builtin->compiler;
  if (entry.lost) return "passed, but the file is gone";
  if (entry.failed > 0) return entry.family.empty() ? "fails" : "fails: " + entry.family;
  return entry.passed > 0 ? "passed, no file was recorded" : "not tried";
}

void print_checklist(const GoalStatus& status, Console& console) {
  console.print("\n{} {}: {}\n", mark_of(status.state), status.goal->id, status.goal->title);
  if (status.entries.empty()) {
    console.print("  not begun: no run of this name or stage\n");
    return;
  }
  Table table;
  table.add_columns({"", "case"});
  table.add_column("passed", Table::Align::right);
  table.add_column("failed", Table::Align::right);
  table.add_columns({"by", "path"});
  for (const ChecklistEntry& one : status.entries) {
    const std::optional<Tick>& tick = one.vendor    ? one.vendor
                                      : one.builtin ? one.builtin
                                                    : one.lost;
    table.add_row({one.vendor    ? "[x]"
                   : one.builtin ? "[b]"
                                 : "[ ]",
                   printable_line(one.name), fmt::to_string(one.passed), fmt::to_string(one.failed),
                   printable_line(entry_outcome(one)), tick ? printable_line(tick->artifact) : ""});
  }
  console.print("{}", table.to_string(2));
  if (!status.families.empty()) {
    std::vector<std::string> families;
    for (const auto& [family, count] : status.families)
      families.push_back(fmt::format("{} {}", printable_line(family), count));
    console.print("  failures: {}\n", fmt::join(families, ", "));
  }
}

Result<Document> run_status(const StatusOptions& options, Console& console) {
  const Goal* chosen = options.goal.empty() ? nullptr : find_goal(options.goal);
  if (!options.goal.empty() && chosen == nullptr) {
    std::vector<std::string_view> names;
    for (const Goal& one : goals()) names.push_back(one.id);
    return TESSERA_ERROR(kInvalidArgument, options.goal, "is no goal",
                         fmt::format("choose from: {}", fmt::join(names, ", ")));
  }
  TESSERA_TRY(const RunIndex index, open_runs(options.runs, console));
  TESSERA_TRY(Tracker tracker, track(index, options.target));
  if (chosen != nullptr) {
    std::erase_if(tracker.goals, [&](const GoalStatus& one) { return one.goal != chosen; });
  }
  if (tracker.targets.size() > 1)
    console.note(fmt::format("counts runs for {}: --target NAME shows one",
                             fmt::join(tracker.targets, ", ")));
  console.print("{} in {}, {}\n\n", counted(tracker.runs, "run"), index.root().string(),
                counted(tracker.cases, "case"));
  if (chosen == nullptr) print_goals(tracker, console);
  if (chosen != nullptr || options.all)
    for (const GoalStatus& one : tracker.goals) print_checklist(one, console);
  console.print(
      "\n[x] by a vendor's compiler  [b] by the builtin compiler alone, which is no "
      "evidence about a chip\n");
  Document document = documents::of(tracker);
  document["folder"] = index.root().string();
  return document;
}

}  // namespace

Action define_status(CommandLine& app) {
  auto options = std::make_shared<StatusOptions>();
  add_runs_option(app, options->runs);
  app.add_option("--target", options->target, "Only runs for this target")->type_name("TARGET");
  app.add_option("--goal", options->goal, "One goal with its checklist: a name of the list")
      ->type_name("GOAL");
  app.add_flag("--all", options->all, "The checklist of every goal");
  app.footer(
      "Every tick is a success on record whose file is there now; none is set by hand. Paths are\n"
      "relative to the folder of runs.\n\n"
      "Examples:\n"
      "  tessera status\n"
      "  tessera status --goal modules\n"
      "  tessera status --all --json");
  return [options](Console& console) { return run_status(*options, console); };
}

}  // namespace tessera::cli
