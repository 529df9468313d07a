#include "evidence/runs/run_import.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hash.h"
#include "base/json_fields.h"
#include "base/system_error.h"
#include "base/text_bytes.h"
#include "evidence/runs/imported_rows.h"
#include "tessera/file.h"
#include "vendor/hailo/log/explanation.h"
#include "vendor/hailo/log/failure_record.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTableBytes = uint64_t{64} << 20;
constexpr int kMaxDepth = 8;
constexpr int kMaxAncestors = 4;  // scripts name files from the folder they were started in

std::string utc_text(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32] = {};
  const size_t size = std::strftime(text, sizeof text, format, &parts);
  return {text, size};
}

// Letters, digits, '-' and '_', for the name of a run's folder.
std::string run_name_of(std::string text) {
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (!plain) c = '-';
  }
  return text.empty() ? "table" : text.substr(0, 100);
}

// Where a file that a row names lies: as it stands, beside the table, or from a folder above.
fs::path found_file(const std::string& recorded, const fs::path& table) {
  if (recorded.empty()) return {};
  std::error_code ignored;
  const fs::path path = recorded;
  if (path.is_absolute()) return fs::is_regular_file(path, ignored) ? path : fs::path();
  fs::path folder = fs::absolute(table).parent_path();
  for (int i = 0; i <= kMaxAncestors; ++i) {
    if (fs::is_regular_file(folder / path, ignored)) return (folder / path).lexically_normal();
    folder = folder.parent_path();
  }
  return {};
}

// The log tells family, layer and signature; without it, what the row says is read as a log.
void explain_failure(ImportedRow& row, const fs::path& table, Json& failure) {
  RecordedCase& one = row.outcome;
  hailo::LogExplanation told = hailo::explain_log(
      one.exception_message.empty() ? one.exception_type : one.exception_message);
  for (const std::string& log : row.logs) {
    const fs::path file = found_file(log, table);
    if (file.empty()) continue;
    const auto explained = hailo::explain_log_file(file);
    if (!explained || explained->outcome != hailo::LogOutcome::fail ||
        explained->family == "unknown")
      continue;
    told = *explained;
    break;
  }
  if (told.outcome != hailo::LogOutcome::fail || told.family.empty()) told.family = "unknown";
  if (one.family.empty()) one.family = told.family;
  failure = hailo::failure_json(told);
  failure.erase("first_failing_layers");
  if (!one.exception_type.empty()) failure["exception_type"] = one.exception_type;
  if (!one.exception_message.empty()) failure["exception_message"] = one.exception_message;
  if (told.signature.empty()) failure["signature"] = one.exception_type;
  failure["family"] = one.family;
  failure["layer"] = told.layers.empty() ? "" : told.layers.front();
}

std::string result_text(ImportedRow& row, const fs::path& table) {
  const RecordedCase& one = row.outcome;
  Json failure = nullptr;
  if (one.failed()) explain_failure(row, table, failure);
  Json parameters = Json::object();
  for (const auto& [name, value] : one.parameters) parameters[name] = value;
  return print_json({{"format", 1},
                     {"case", one.name},
                     {"key", ""},
                     {"stage", one.stage},
                     {"parameters", std::move(parameters)},
                     {"har", to_string(one.har)},
                     {"hef", to_string(one.hef)},
                     {"failure", std::move(failure)},
                     {"violations", Json::array()},
                     {"numbers", Json::object()},
                     {"seconds", nullptr}});
}

std::string_view summary_word(RecordedOutcome outcome) {
  return outcome == RecordedOutcome::passed   ? "true"
         : outcome == RecordedOutcome::failed ? "false"
                                              : "";
}

// The run that was made of the same table, or nothing.
std::optional<std::string> imported_before(const fs::path& root, const std::string& hash) {
  std::error_code failed;
  for (fs::directory_iterator at(root, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().filename().string().starts_with('.') || !is_run_folder(at->path())) continue;
    const auto info = read_run_info(at->path());
    if (info && info->kind == "imported" && info->definition_hash == hash) return info->folder;
  }
  return std::nullopt;
}

// A folder that goes away unless it gets its name.
class FolderInTheMaking {
 public:
  explicit FolderInTheMaking(fs::path path) : path_(std::move(path)) {}
  FolderInTheMaking(const FolderInTheMaking&) = delete;
  FolderInTheMaking& operator=(const FolderInTheMaking&) = delete;
  ~FolderInTheMaking() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Result<void> write_cases(ImportedRows& rows, const fs::path& table, const fs::path& making,
                         const fs::path& run_folder, ImportedTable& imported) {
  std::string summary = fmt::format("{}", fmt::join(kSummaryColumns, "\t"));
  std::string cases = "case\tstage\tinput_len\tinput_chan";
  if (rows.has_ladder) {
    for (std::string* header : {&summary, &cases})
      *header += fmt::format("\t{}", fmt::join(kLadderColumns, "\t"));
  }
  summary += '\n';
  cases += '\n';
  constexpr size_t kHarPath = 6, kHefPath = 7, kHarSuccess = 8, kHefSuccess = 9, kFirstLog = 12,
                   kColumns = std::size(kSummaryColumns);
  for (ImportedRow& row : rows.rows) {
    RecordedCase& one = row.outcome;
    for (const size_t column : {kHarPath, kHefPath, kFirstLog, kFirstLog + 1, kFirstLog + 2}) {
      const fs::path file = found_file(row.summary[column], table);
      if (file.empty()) continue;
      row.summary[column] = tsv_field(file.lexically_relative(run_folder).string());
      if (column < kFirstLog) ++imported.found_files;
    }
    row.summary[kHarSuccess] = summary_word(one.har);
    row.summary[kHefSuccess] = summary_word(one.hef);
    summary += fmt::format("{}\n", fmt::join(row.summary, "\t"));
    cases += fmt::format("{}\t{}\t{}\t{}", one.name, one.stage, row.summary[3], row.summary[4]);
    for (size_t c = kColumns; c < row.summary.size(); ++c) cases += "\t" + row.summary[c];
    cases += '\n';
    const fs::path folder = making / "cases" / one.name;
    TESSERA_TRY_VOID(ensure_directory(folder));
    TESSERA_TRY_VOID(write_file_atomically(folder / "result.json", result_text(row, table)));
  }
  imported.cases = static_cast<int64_t>(rows.rows.size());
  TESSERA_TRY_VOID(write_file_atomically(making / "cases.tsv", cases));
  return write_file_atomically(making / "summary.tsv", summary);
}

}  // namespace

Result<std::vector<fs::path>> find_tables(const fs::path& source) {
  std::error_code failed;
  if (!fs::is_directory(source, failed)) {
    if (!fs::exists(source, failed))
      return TESSERA_ERROR(kNotFound, source.string(), "no such file or directory",
                           "check the path");
    return std::vector<fs::path>{source};
  }
  std::vector<fs::path> tables;
  for (fs::recursive_directory_iterator at(source, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at.depth() >= kMaxDepth) at.disable_recursion_pending();
    std::error_code ignored;
    if (at->path().extension() != ".tsv" || !at->is_regular_file(ignored)) continue;
    const auto bytes = read_file(at->path(), kMaxTableBytes);
    if (!bytes) return bytes.error();
    const auto table = parse_tsv(text_of(*bytes), at->path().string());
    // Of a run of our own, the folder itself is the evidence.
    if (table && is_summary(*table) && !is_run_folder(at->path().parent_path()))
      tables.push_back(at->path());
  }
  if (failed) return system_error(failed.value(), source.string(), "read");
  if (tables.empty()) {
    return TESSERA_ERROR(kNotFound, source.string(), "holds no summary table of a run",
                         "a summary's first line names module, har_success and hef_success");
  }
  std::sort(tables.begin(), tables.end());
  return tables;
}

Result<ImportedTable> import_table(const fs::path& table, const fs::path& root,
                                   const RunImportOptions& options) {
  ImportedTable imported;
  imported.source = table;
  TESSERA_TRY(const auto bytes, read_file(table, kMaxTableBytes));
  TESSERA_TRY(const TsvTable parsed, parse_tsv(text_of(bytes), table.string()));
  TESSERA_TRY(ImportedRows rows, check_rows(parsed, table.string()));
  imported.bad_rows = rows.bad;
  if (rows.rows.empty()) {
    return TESSERA_ERROR(kCorrupt, table.string(),
                         rows.bad.empty() ? "holds no row" : "holds no good row: " + rows.bad[0],
                         "give the summary table of a run");
  }
  const std::string hash = content_hash(bytes);
  if (const auto run = imported_before(root, hash); run && !options.force) {
    return TESSERA_ERROR(kAlreadyExists, table.string(),
                         fmt::format("was imported before, as {}", *run),
                         "WriteOptions::force imports it again");
  }
  TESSERA_TRY_VOID(ensure_directory(root));
  const std::string name = run_name_of(options.name.empty() ? table.stem().string() : options.name);
  const std::string stamped = fmt::format("{}-{}", utc_text("%Y%m%dT%H%M%SZ"), name);
  const fs::path absolute_root = fs::absolute(root).lexically_normal();
  const FolderInTheMaking making(absolute_root / fmt::format(".importing-{}-{}", name, ::getpid()));
  TESSERA_TRY_VOID(ensure_directory(making.path() / "cases"));
  TESSERA_TRY_VOID(write_cases(rows, table, making.path(), absolute_root / stamped, imported));
  const Json record = {
      {"format", 1},
      {"kind", "imported"},
      {"name", name},
      {"command", {"tessera", "runs", "import", table.string()}},
      {"created", utc_text("%Y-%m-%dT%H:%M:%SZ")},
      {"tessera", ""},
      {"machine", Json::object()},
      {"target", {{"name", options.target}, {"hash", ""}}},
      {"compiler", {{"name", "dfc"}, {"version", ""}}},
      {"definition_hash", hash},
      {"state", "finished"},
      {"imported",
       {{"from", fs::absolute(table).lexically_normal().string()}, {"bad_rows", rows.bad}}}};
  TESSERA_TRY_VOID(write_file_atomically(making.path() / "run.json", print_json(record)));
  imported.run = stamped;
  for (int n = 2;; ++n) {
    std::error_code failed;
    fs::rename(making.path(), absolute_root / imported.run, failed);
    if (!failed) return imported;
    if (failed != std::errc::directory_not_empty && failed != std::errc::file_exists)
      return system_error(failed.value(), (absolute_root / imported.run).string(), "write");
    imported.run = fmt::format("{}-{}", stamped, n);
  }
}

}  // namespace tessera
