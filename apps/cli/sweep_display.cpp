// What a sweep tells at its end.
#include "cli/sweep_display.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/counted.h"
#include "cli/sweep_parts.h"
#include "cli/table.h"
#include "sweep/sweep_report.h"

namespace tessera::cli {

LiveTable::LiveTable(Console& console, const SweepDefinition& definition) : console_(console) {
  for (const SweepCase& one : definition.cases) width_ = std::max(width_, one.name.size());
  terminal_ = ::isatty(STDERR_FILENO) != 0 && !console.json();
  console_.print("{:{}}  {:8}{:11}{:28}{}\n", "case", width_, "har", "hef", "family", "why");
}

void LiveTable::show(const CaseEvent& event) {
  if (event.result == nullptr) {
    running_ = event.which->name;
  } else {
    row(event);
  }
  if (terminal_)
    console_.set_status_line(
        fmt::format("{} of {}: {}", event.finished, event.all, printable_line(running_)));
}

void LiveTable::row(const CaseEvent& event) {
  const CaseResult& result = *event.result;
  const std::string hef =
      result.unknown.empty() ? std::string(to_string(result.hef)) : std::string("unknown");
  const std::string family = result.failure ? result.failure->family : "";
  std::string why =
      event.source == CaseSource::computed ? "" : fmt::format("({}) ", to_string(event.source));
  why += result.failure ? result.failure->exception_message : result.unknown;
  constexpr size_t kMostWhy = 100;
  if (why.size() > kMostWhy) why = why.substr(0, kMostWhy - 3) + "...";
  if (terminal_) console_.set_status_line("");
  std::string line = fmt::format("{:{}}  {:8}{:11}{:28}{}", result.name, width_,
                                 to_string(result.har), hef, family, printable_line(why));
  line.erase(line.find_last_not_of(' ') + 1);
  console_.print("{}\n", line);
}

Document sweep_document(const SweepRun& run, const SweepOutcome& outcome) {
  Document cases = Document::array();
  for (const CaseResult& one : outcome.cases) cases.push_back(to_json(one));
  return {{"run", run.folder.string()},
          {"name", run.record.name},
          {"profile", run.record.profile},
          {"target", run.record.target_name},
          {"compiler", to_string(run.record.compiler.kind)},
          {"complete", outcome.complete},
          {"all", outcome.all},
          {"computed", outcome.computed},
          {"cached", outcome.cached},
          {"before", outcome.resumed},
          {"report", to_json(report_of(run, outcome.cases))},
          {"cases", std::move(cases)}};
}

void print_outcome(const SweepRun& run, const SweepOutcome& outcome, Console& console) {
  console.print(
      "{}: {} of {} in summary.tsv; {} computed, {} known from the cache, {} from before\n",
      run.folder.string(), outcome.cases.size(), counted(outcome.all, "case"), outcome.computed,
      outcome.cached, outcome.resumed);
  console.print("{}", report_text(report_of(run, outcome.cases)));
}

}  // namespace tessera::cli
