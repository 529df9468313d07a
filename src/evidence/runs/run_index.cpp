#include "evidence/runs/run_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/format.h>

#include "base/system_error.h"
#include "evidence/runs/index_file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// --- what lies in the root -------------------------------------------------------------------

// A file that was written so shortly before it was read may be written again within the same time
// stamp: such a run is read once more.
constexpr int64_t kRestlessNanoseconds = 2'000'000'000;

// Times and sizes of what the index reads of a run. Empty while it may still change unseen.
std::string stamp_of(const fs::path& folder) {
  std::string stamp;
  int64_t newest = 0;
  for (const char* name : {"run.json", "cases.tsv", "summary.tsv", "cases"}) {
    struct stat told {};
    if (::stat((folder / name).c_str(), &told) != 0) {
      stamp += "-;";
      continue;
    }
    const int64_t changed = int64_t{told.st_mtim.tv_sec} * 1'000'000'000 + told.st_mtim.tv_nsec;
    newest = std::max(newest, changed);
    stamp += fmt::format("{}:{}:{};", told.st_ino, told.st_size, changed);
  }
  const int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  return now - newest < kRestlessNanoseconds ? std::string() : stamp;
}

Result<std::vector<std::string>> run_folders(const fs::path& root) {
  std::error_code failed;
  std::vector<std::string> folders;
  for (fs::directory_iterator at(root, failed), end; !failed && at != end; at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (name.starts_with('.') || !is_run_folder(at->path())) continue;
    folders.push_back(std::move(name));
  }
  if (failed == std::errc::not_a_directory)
    return TESSERA_ERROR(kInvalidArgument, root.string(), "is a file, not a folder of runs",
                         "name the folder around the runs");
  if (failed) return system_error(failed.value(), root.string(), "read");
  return folders;
}

// --- rows ------------------------------------------------------------------------------------

struct FreshRun {
  std::string folder;
  std::string stamp;
  std::string problem;
  RecordedRun run;
};

FreshRun read_fresh(const fs::path& root, const std::string& folder) {
  FreshRun fresh;
  fresh.folder = folder;
  fresh.stamp = stamp_of(root / folder);  // before the files: what changes now is seen next time
  if (auto run = read_run(root / folder)) {
    fresh.run = std::move(*run);
  } else {
    fresh.problem = run.error().to_string();
  }
  fresh.run.info.folder = folder;
  return fresh;
}

Result<int64_t> insert_run(Database& database, const FreshRun& fresh) {
  const RunInfo& info = fresh.run.info;
  int64_t finished = 0, har = 0, hef = 0, failed = 0;
  for (const RecordedCase& one : fresh.run.cases) {
    finished += one.finished ? 1 : 0;
    har += one.har == RecordedOutcome::passed ? 1 : 0;
    hef += one.hef == RecordedOutcome::passed ? 1 : 0;
    failed += one.failed() ? 1 : 0;
  }
  TESSERA_TRY(Statement insert,
              database.prepare("INSERT INTO runs(folder, stamp, problem, kind, name, created, "
                               "state, tessera, compiler, compiler_version, target, target_hash, "
                               "definition_hash, cases, finished, har_passed, hef_passed, failed) "
                               "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id"));
  int at = 0;
  for (const std::string* text :
       {&fresh.folder, &fresh.stamp, &fresh.problem, &info.kind, &info.name, &info.created,
        &info.state, &info.tessera, &info.compiler, &info.compiler_version, &info.target,
        &info.target_hash, &info.definition_hash})
    insert.bind(++at, *text);
  for (const int64_t count :
       {static_cast<int64_t>(fresh.run.cases.size()), finished, har, hef, failed})
    insert.bind(++at, count);
  TESSERA_TRY(const bool is_row, insert.step());
  const int64_t id = is_row ? insert.integer(0) : 0;
  TESSERA_TRY_VOID(insert.step());
  return id;
}

Result<void> insert_cases(Database& database, int64_t run, const std::vector<RecordedCase>& cases) {
  TESSERA_TRY(Statement insert,
              database.prepare("INSERT INTO cases VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  int64_t position = 0;
  for (const RecordedCase& one : cases) {
    insert.bind(1, run).bind(2, position++).bind(3, one.name).bind(4, one.stage);
    insert.bind(5, int64_t{one.finished});
    insert.bind(6, static_cast<int64_t>(one.har)).bind(7, static_cast<int64_t>(one.hef));
    insert.bind(8, one.family).bind(9, one.signature).bind(10, one.har_path);
    insert.bind(11, one.hef_path).bind(12, one.result_path);
    if (one.max_abs) {
      insert.bind(13, *one.max_abs);
    } else {
      insert.bind_null(13);
    }
    TESSERA_TRY_VOID(insert.run());
  }
  return {};
}

Result<void> forget(Database& database, const std::string& folder) {
  TESSERA_TRY(
      Statement cases,
      database.prepare("DELETE FROM cases WHERE run IN (SELECT id FROM runs WHERE folder = ?)"));
  TESSERA_TRY_VOID(cases.bind(1, folder).run());
  TESSERA_TRY(Statement run, database.prepare("DELETE FROM runs WHERE folder = ?"));
  return run.bind(1, folder).run();
}

// A run is replaced as a whole: an indexer that is killed leaves its old rows.
Result<void> replace_run(Database& database, const FreshRun& fresh) {
  TESSERA_TRY(Transaction transaction, Transaction::begin(database));
  TESSERA_TRY_VOID(forget(database, fresh.folder));
  TESSERA_TRY(const int64_t id, insert_run(database, fresh));
  TESSERA_TRY_VOID(insert_cases(database, id, fresh.run.cases));
  return transaction.commit();
}

RecordedOutcome step_of(int64_t stored) {
  return stored == 1   ? RecordedOutcome::passed
         : stored == 2 ? RecordedOutcome::failed
                       : RecordedOutcome::not_tried;
}

}  // namespace

// --- opening ---------------------------------------------------------------------------------

Result<RunIndex> RunIndex::open_file(const fs::path& root) {
  std::vector<std::string> notes;
  TESSERA_TRY(IndexFile file, open_index_file(root, notes));
  RunIndex index(root, std::move(file.database));
  index.lock_ = std::move(file.lock);
  auto refreshed = index.refresh();
  if (!refreshed && refreshed.error().code == ErrorCode::kCorrupt) {
    // Damage inside: found where it is read.
    notes.push_back(fmt::format("{} {}: it is made anew", refreshed.error().subject,
                                refreshed.error().message));
    TESSERA_TRY(file,
                replace_index_file(root, {std::move(index.database_), std::move(index.lock_)}));
    index.database_ = std::move(file.database);
    index.lock_ = std::move(file.lock);
    refreshed = index.refresh();
  }
  if (!refreshed) return std::move(refreshed).error();
  index.notes_ = std::move(notes);
  return index;
}

Result<RunIndex> RunIndex::open_memory(const fs::path& root, const Error& why) {
  TESSERA_TRY(Database database, index_in_memory(root));
  RunIndex index(root, std::move(database));
  index.in_memory_ = true;
  if (auto refreshed = index.refresh(); !refreshed) {
    if (refreshed.error().code != ErrorCode::kCorrupt) return std::move(refreshed).error();
    TESSERA_TRY(index.database_, empty_index_in_memory());  // the copy was damaged
    TESSERA_TRY_VOID(index.refresh());
  }
  index.notes_.push_back(fmt::format(
      "the index is kept in memory this time, which takes longer: {}", why.to_string()));
  return index;
}

Result<RunIndex> RunIndex::open(const fs::path& root) {
  TESSERA_TRY(const std::vector<std::string> folders, run_folders(root));
  std::error_code ignored;
  // No file is made in a folder that has nothing to do with runs.
  if (folders.empty() && !fs::exists(index_path(root), ignored)) return empty(root);
  auto index = open_file(root);
  if (index) return index;
  return open_memory(root, index.error());
}

Result<RunIndex> RunIndex::empty(const fs::path& root) {
  TESSERA_TRY(Database database, empty_index_in_memory());
  return RunIndex(root, std::move(database));
}

Result<void> RunIndex::refresh() {
  refreshed_ = {};
  TESSERA_TRY(const std::vector<std::string> folders, run_folders(root_));
  std::map<std::string, std::string> known;
  {
    TESSERA_TRY(Statement select, database_.prepare("SELECT folder, stamp FROM runs"));
    for (;;) {
      TESSERA_TRY(const bool is_row, select.step());
      if (!is_row) break;
      known.emplace(select.text(0), select.text(1));
    }
  }
  refreshed_.runs = static_cast<int64_t>(folders.size());
  for (const std::string& folder : folders) {
    const auto at = known.find(folder);
    const std::string stamp = at == known.end() ? std::string() : at->second;
    if (at != known.end()) known.erase(at);
    if (!stamp.empty() && stamp == stamp_of(root_ / folder)) continue;
    TESSERA_TRY_VOID(replace_run(database_, read_fresh(root_, folder)));
    ++refreshed_.read;
  }
  if (known.empty()) return {};
  TESSERA_TRY(Transaction transaction, Transaction::begin(database_));
  for (const auto& [folder, stamp] : known) TESSERA_TRY_VOID(forget(database_, folder));
  refreshed_.forgotten = static_cast<int64_t>(known.size());
  return transaction.commit();
}

// --- reading ---------------------------------------------------------------------------------

Result<std::vector<IndexedRun>> RunIndex::runs() const {
  TESSERA_TRY(Statement select,
              database_.prepare(
                  "SELECT id, folder, problem, kind, name, created, state, tessera, compiler, "
                  "compiler_version, target, target_hash, definition_hash, cases, finished, "
                  "har_passed, hef_passed, failed FROM runs ORDER BY created, folder"));
  std::vector<IndexedRun> runs;
  for (;;) {
    TESSERA_TRY(const bool is_row, select.step());
    if (!is_row) return runs;
    IndexedRun& run = runs.emplace_back();
    run.id = select.integer(0);
    int at = 0;
    for (std::string* text :
         {&run.info.folder, &run.problem, &run.info.kind, &run.info.name, &run.info.created,
          &run.info.state, &run.info.tessera, &run.info.compiler, &run.info.compiler_version,
          &run.info.target, &run.info.target_hash, &run.info.definition_hash})
      *text = select.text(++at);
    for (int64_t* count :
         {&run.cases, &run.finished, &run.har_passed, &run.hef_passed, &run.failed})
      *count = select.integer(++at);
  }
}

Result<void> RunIndex::each_case(std::optional<int64_t> run,
                                 const std::function<void(const IndexedCase&)>& visit) const {
  TESSERA_TRY(Statement select,
              database_.prepare(
                  "SELECT run, position, name, stage, finished, har, hef, family, signature, "
                  "har_path, hef_path, result_path, max_abs FROM cases WHERE run BETWEEN ? AND ? "
                  "ORDER BY run, position"));
  select.bind(1, run.value_or(INT64_MIN)).bind(2, run.value_or(INT64_MAX));
  IndexedCase one;
  for (;;) {
    TESSERA_TRY(const bool is_row, select.step());
    if (!is_row) return {};
    one.run = select.integer(0);
    one.position = select.integer(1);
    one.name = select.text(2);
    one.stage = select.text(3);
    one.finished = select.integer(4) != 0;
    one.har = step_of(select.integer(5));
    one.hef = step_of(select.integer(6));
    one.family = select.text(7);
    one.signature = select.text(8);
    one.har_path = select.text(9);
    one.hef_path = select.text(10);
    one.result_path = select.text(11);
    one.max_abs = select.is_null(12) ? std::nullopt : std::optional<double>(select.real(12));
    visit(one);
  }
}

}  // namespace tessera
