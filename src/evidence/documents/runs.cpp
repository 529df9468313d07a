#include "evidence/documents.h"
#include "evidence/runs/run_diff.h"
#include "evidence/runs/run_import.h"
#include "evidence/runs/run_index.h"
#include "evidence/runs/run_removal.h"
#include "evidence/runs/tracker.h"

namespace tessera::documents {
namespace {

Json info_json(const RunInfo& info) {
  return {{"run", info.folder},
          {"kind", info.kind},
          {"name", info.name},
          {"created", info.created},
          {"state", info.state},
          {"tessera", info.tessera},
          {"compiler", {{"name", info.compiler}, {"version", info.compiler_version}}},
          {"builtin", info.is_builtin()},
          {"target", {{"name", info.target}, {"hash", info.target_hash}}},
          {"definition_hash", info.definition_hash}};
}

Json case_json(const RecordedCase& one) {
  return {{"case", one.name},
          {"stage", one.stage},
          {"finished", one.finished},
          {"har", to_string(one.har)},
          {"hef", to_string(one.hef)},
          {"family", one.family},
          {"signature", one.signature},
          {"exception_type", one.exception_type},
          {"exception_message", one.exception_message},
          {"layer", one.layer},
          {"max_abs", one.max_abs ? number(*one.max_abs) : Json(nullptr)},
          {"har_path", one.har_path},
          {"hef_path", one.hef_path},
          {"result", one.result_path},
          {"parameters", one.parameters}};
}

Json tick_json(const std::optional<Tick>& tick) {
  if (!tick) return nullptr;
  return {{"run", tick->run}, {"path", tick->artifact}, {"compiler", tick->compiler}};
}

Json entry_json(const ChecklistEntry& entry) {
  return {{"case", entry.name},
          {"ticked", entry.ticked()},
          {"tried", entry.tried()},
          {"vendor", tick_json(entry.vendor)},
          {"builtin", tick_json(entry.builtin)},
          {"lost", tick_json(entry.lost)},
          {"passed", entry.passed},
          {"failed", entry.failed},
          {"family", entry.family},
          {"signature", entry.signature},
          {"max_abs", entry.max_abs ? number(*entry.max_abs) : Json(nullptr)}};
}

}  // namespace

Json of(const IndexedRun& run) {
  Json json = info_json(run.info);
  json["cases"] = run.cases;
  json["finished"] = run.finished;
  json["har_passed"] = run.har_passed;
  json["hef_passed"] = run.hef_passed;
  json["failed"] = run.failed;
  json["problem"] = run.problem;
  return json;
}

Json of(const RecordedRun& run) {
  Json json = info_json(run.info);
  json["command"] = run.info.command;
  json["cases"] = Json::array();
  std::map<std::string, std::vector<std::string>> families;
  for (const RecordedCase& one : run.cases) {
    json["cases"].push_back(case_json(one));
    if (one.failed()) families[one.family.empty() ? "unknown" : one.family].push_back(one.name);
  }
  json["families"] = families;
  json["remarks"] = run.notes;
  return json;
}

Json of(const RunDifference& difference) {
  Json changed = Json::array();
  for (const CaseDifference& one : difference.changed) {
    changed.push_back({{"case", one.name},
                       {"before", outcome_text(one.before)},
                       {"after", outcome_text(one.after)}});
  }
  return {{"is_same", difference.is_same()},
          {"same", difference.same},
          {"changed", std::move(changed)},
          {"appeared", difference.appeared},
          {"vanished", difference.vanished}};
}

Json of(const ImportedTable& imported) {
  return {{"table", imported.source.string()},
          {"run", imported.run},
          {"cases", imported.cases},
          {"found_files", imported.found_files},
          {"bad_rows", imported.bad_rows}};
}

Json of(const RemovalCandidate& candidate) {
  return {{"run", candidate.run}, {"bytes", candidate.bytes}, {"kept", candidate.kept}};
}

Json of(const Tracker& tracker) {
  Json goals = Json::array();
  for (const GoalStatus& status : tracker.goals) {
    Json entries = Json::array();
    for (const ChecklistEntry& entry : status.entries) entries.push_back(entry_json(entry));
    goals.push_back({{"goal", status.goal->id},
                     {"title", status.goal->title},
                     {"state", to_string(status.state)},
                     {"detail", status.detail},
                     {"path", status.path},
                     {"cases", status.entries.size()},
                     {"tried", status.tried},
                     {"ticked", status.ticked},
                     {"ticked_by_vendor", status.ticked_by_vendor},
                     {"families", status.families},
                     {"runs", status.runs},
                     {"checklist", std::move(entries)}});
  }
  return {{"goals", std::move(goals)},
          {"targets", tracker.targets},
          {"runs", tracker.runs},
          {"cases", tracker.cases}};
}

}  // namespace tessera::documents
