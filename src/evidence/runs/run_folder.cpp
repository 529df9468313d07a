#include "evidence/runs/run_folder.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "base/text_bytes.h"
#include "evidence/runs/case_result.h"
#include "evidence/runs/summary_table.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxRunBytes = uint64_t{1} << 20;
constexpr uint64_t kMaxSummaryBytes = uint64_t{512} << 20;
constexpr size_t kMaxCases = size_t{1} << 20;
constexpr size_t kMaxNotes = 20;
constexpr int64_t kRunFormat = 1;

// A text, or nothing where it is missing or no text.
std::string optional_text(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

const Json& object_or_none(const Json& object, const char* key) {
  static const Json none = Json::object();
  const auto at = object.find(key);
  return at != object.end() && at->is_object() ? *at : none;
}

// Of a summary: true, false or nothing. Python and spreadsheets write the words their own way.
std::optional<RecordedOutcome> outcome_of_word(std::string_view word) {
  if (word.empty()) return RecordedOutcome::not_tried;
  if (word == "true" || word == "True" || word == "TRUE") return RecordedOutcome::passed;
  if (word == "false" || word == "False" || word == "FALSE") return RecordedOutcome::failed;
  return std::nullopt;
}

// The cases of a run while its files are read one after the other.
class CaseList {
 public:
  explicit CaseList(RecordedRun& run) : run_(run) {}

  // nullptr beyond the limit.
  RecordedCase* of(std::string_view name) {
    const auto [at, is_new] = index_.try_emplace(std::string(name), run_.cases.size());
    if (is_new) {
      if (run_.cases.size() == kMaxCases) {
        index_.erase(at);
        return nullptr;
      }
      run_.cases.emplace_back().name = name;
    }
    return &run_.cases[at->second];
  }

  void note(const std::string& text) {
    if (++notes_ <= kMaxNotes) run_.notes.push_back(text);
  }
  void finish() {
    if (notes_ > kMaxNotes)
      run_.notes.push_back(fmt::format("and {} more remarks of this kind", notes_ - kMaxNotes));
  }

 private:
  RecordedRun& run_;
  std::unordered_map<std::string, size_t> index_;
  size_t notes_ = 0;
};

// A table of the run; nothing where there is none, and a note where it cannot be read.
std::optional<TsvTable> read_table(const fs::path& file, CaseList& cases) {
  auto bytes = read_file(file, kMaxSummaryBytes);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::nullopt;
  auto table = bytes ? parse_tsv(text_of(*bytes), file.string()) : std::move(bytes).error();
  if (!table) {
    cases.note(table.error().to_string());
    return std::nullopt;
  }
  return std::move(*table);
}

void read_case_table(const fs::path& folder, CaseList& cases) {
  const auto table = read_table(folder / "cases.tsv", cases);
  if (!table) return;
  const size_t name = table->column("case");
  if (name == kNoColumn) {
    cases.note(fmt::format("{}: has no column 'case'", (folder / "cases.tsv").string()));
    return;
  }
  const size_t stage = table->column("stage");
  for (const TsvTable::Row& row : table->rows) {
    RecordedCase* one = cases.of(table->text(row, name));
    if (one == nullptr) return;
    one->stage = table->text(row, stage);
    for (size_t c = 0; c < table->columns.size() && c < row.fields.size(); ++c) {
      if (c != name && c != stage) one->parameters[table->columns[c]] = row.fields[c];
    }
  }
}

void read_summary(const fs::path& folder, CaseList& cases) {
  const fs::path file = folder / "summary.tsv";
  const auto table = read_table(file, cases);
  if (!table) return;
  const size_t module = table->column("module"), stage = table->column("stage"),
               har = table->column("har_success"), hef = table->column("hef_success"),
               type = table->column("exception_type"), head = table->column("failure_head"),
               family = table->column("family"), har_path = table->column("har_path"),
               hef_path = table->column("hef_path");
  if (module == kNoColumn || har == kNoColumn || hef == kNoColumn) {
    cases.note(
        fmt::format("{}: lacks a column: module, har_success or hef_success", file.string()));
    return;
  }
  for (const TsvTable::Row& row : table->rows) {
    const auto har_outcome = outcome_of_word(table->text(row, har));
    const auto hef_outcome = outcome_of_word(table->text(row, hef));
    if (table->text(row, module).empty() || !har_outcome || !hef_outcome) {
      cases.note(fmt::format("{}:{}: is no row of a summary", file.string(), row.line));
      continue;
    }
    RecordedCase* one = cases.of(table->text(row, module));
    if (one == nullptr) return;
    one->finished = true;
    one->har = *har_outcome;
    one->hef = *hef_outcome;
    one->stage = table->text(row, stage);
    one->exception_type = table->text(row, type);
    one->exception_message = table->text(row, head);
    one->family = table->text(row, family);
    one->har_path = table->text(row, har_path);
    one->hef_path = table->text(row, hef_path);
  }
}

void read_results(const fs::path& folder, CaseList& cases) {
  const fs::path results = folder / "cases";
  std::error_code failed;
  std::vector<std::string> names;
  for (fs::directory_iterator at(results, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (is_case_name(name)) names.push_back(std::move(name));  // hidden: not finished
    if (names.size() > kMaxCases) break;
  }
  if (failed && failed != std::errc::no_such_file_or_directory)
    cases.note(fmt::format("{}: {}", results.string(), failed.message()));
  std::sort(names.begin(), names.end());  // those of no table, in an order of their own
  for (const std::string& name : names) {
    const std::string relative = "cases/" + name + "/result.json";
    RecordedCase read;
    read.name = name;
    if (const auto result = read_case_result(folder / relative, read); !result) {
      if (result.error().code != ErrorCode::kNotFound) cases.note(result.error().to_string());
      continue;
    }
    RecordedCase* one = cases.of(name);
    if (one == nullptr) break;
    if (one->finished && (one->har != read.har || one->hef != read.hef))
      cases.note(fmt::format("case {}: its row in summary.tsv says otherwise than {}, which counts",
                             name, relative));
    one->finished = true;
    one->har = read.har;
    one->hef = read.hef;
    if (!read.stage.empty()) one->stage = std::move(read.stage);
    if (!read.exception_type.empty()) one->exception_type = std::move(read.exception_type);
    if (!read.exception_message.empty()) one->exception_message = std::move(read.exception_message);
    if (!read.family.empty()) one->family = std::move(read.family);
    one->signature = std::move(read.signature);
    one->layer = std::move(read.layer);
    one->key = std::move(read.key);
    one->max_abs = read.max_abs;
    one->parameters.merge(read.parameters);
    one->result_path = relative;
  }
}

std::string folder_name(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
}

}  // namespace

std::string_view to_string(RecordedOutcome outcome) {
  switch (outcome) {
    case RecordedOutcome::passed: return "passed";
    case RecordedOutcome::failed: return "failed";
    case RecordedOutcome::not_tried: break;
  }
  return "not_tried";
}

std::string compiler_text(const RunInfo& info) {
  if (info.compiler_version.empty()) return info.compiler;
  return info.compiler + " " + info.compiler_version;
}

bool is_case_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name[0] != '.' &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool is_run_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "run.json", ignored);
}

Result<RunInfo> read_run_info(const fs::path& folder) {
  const fs::path file = folder / "run.json";
  auto bytes = read_file(file, kMaxRunBytes);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
    return TESSERA_ERROR(kNotFound, folder.string(), "is no folder of a run: it has no run.json",
                         "'tessera runs ls' lists the runs; 'tessera runs import' makes one of a "
                         "table of earlier compiles");
  }
  if (!bytes) return std::move(bytes).error();
  TESSERA_TRY(const Json json, parse_json(*bytes, file.string()));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, file.string()));
  TESSERA_TRY(const int64_t format, fields.integer("format", 0, INT32_MAX));
  if (format != kRunFormat) {
    return TESSERA_ERROR(kUnsupported, file.string(),
                         fmt::format("is of format {}; this Tessera reads {}", format, kRunFormat),
                         "read it with the Tessera that wrote it");
  }
  RunInfo info;
  info.folder = folder_name(folder);
  TESSERA_TRY(info.kind, fields.text("kind"));
  TESSERA_TRY(info.name, fields.text("name"));
  info.created = optional_text(json, "created");
  info.state = optional_text(json, "state");
  info.tessera = optional_text(json, "tessera");
  info.definition_hash = optional_text(json, "definition_hash");
  const Json& compiler = object_or_none(json, "compiler");
  info.compiler = optional_text(compiler, "name");
  info.compiler_version = optional_text(compiler, "version");
  const Json& target = object_or_none(json, "target");
  info.target = optional_text(target, "name");
  info.target_hash = optional_text(target, "hash");
  if (json.contains("command") && json["command"].is_array()) {
    for (const Json& word : json["command"])
      if (word.is_string()) info.command.push_back(word.get<std::string>());
  }
  return info;
}

Result<RecordedRun> read_run(const fs::path& folder) {
  RecordedRun run;
  TESSERA_TRY(run.info, read_run_info(folder));
  CaseList cases(run);
  read_case_table(folder, cases);
  read_summary(folder, cases);
  read_results(folder, cases);
  cases.finish();
  if (run.cases.size() == kMaxCases)
    run.notes.push_back(fmt::format("only the first {} cases are read", kMaxCases));
  return run;
}

}  // namespace tessera
