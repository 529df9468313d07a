#include "evidence/runs/index_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/descriptor.h"
#include "base/system_error.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kApplicationId = 0x54455353;  // "TESS": ours, and not another program's
constexpr int64_t kSchemaVersion = 1;           // raised with every change of the tables

constexpr const char* kSchema = R"sql(
CREATE TABLE runs(
  id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, problem TEXT NOT NULL,
  kind TEXT NOT NULL, name TEXT NOT NULL, created TEXT NOT NULL, state TEXT NOT NULL,
  tessera TEXT NOT NULL, compiler TEXT NOT NULL, compiler_version TEXT NOT NULL,
  target TEXT NOT NULL, target_hash TEXT NOT NULL, definition_hash TEXT NOT NULL,
  cases INTEGER NOT NULL, finished INTEGER NOT NULL, har_passed INTEGER NOT NULL,
  hef_passed INTEGER NOT NULL, failed INTEGER NOT NULL) STRICT;
CREATE TABLE cases(
  run INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, stage TEXT NOT NULL,
  finished INTEGER NOT NULL, har INTEGER NOT NULL, hef INTEGER NOT NULL, family TEXT NOT NULL,
  signature TEXT NOT NULL, har_path TEXT NOT NULL, hef_path TEXT NOT NULL,
  result_path TEXT NOT NULL, max_abs REAL, PRIMARY KEY(run, position)) STRICT, WITHOUT ROWID;
)sql";

// --- the lock -------------------------------------------------------------------------------

// Users of the file share a lock; who replaces it holds it alone. Given up when the last copy goes.
Result<std::shared_ptr<void>> lock_index(const fs::path& root, int operation) {
  constexpr auto kPatience = std::chrono::seconds(10);
  constexpr auto kStep = std::chrono::milliseconds(20);
  constexpr mode_t kAllReadWrite = 0666;  // less the umask
  const fs::path path = root / ".index.lock";
  auto file = std::make_shared<Descriptor>(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kAllReadWrite));
  if (file->get() < 0) return system_error(errno, path.string(), "lock");
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (::flock(file->get(), operation | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return system_error(errno, path.string(), "lock");
    if (std::chrono::steady_clock::now() > end) {
      return TESSERA_ERROR(kUnavailable, path.string(), "another program keeps the index locked",
                           "end it, or try again later");
    }
    std::this_thread::sleep_for(kStep);
  }
  return std::static_pointer_cast<void>(file);
}

// The write-ahead log needs memory that all its users share: one machine.
bool is_on_one_machine(const fs::path& root) {
  constexpr std::array<uint32_t, 9> kNetworkFileSystems = {
      0x6969,      // NFS
      0x517b,      // SMB
      0xff534d42,  // CIFS
      0xfe534d42,  // SMB2
      0x0bd00bd0,  // Lustre
      0x19830326,  // BeeGFS
      0x47504653,  // GPFS
      0x00c36400,  // Ceph
      0x65735546,  // FUSE: sshfs and others
  };
  struct statfs told {};
  if (::statfs(root.c_str(), &told) != 0) return true;
  for (const uint32_t one : kNetworkFileSystems)
    if (static_cast<uint32_t>(told.f_type) == one) return false;
  return true;
}

// --- the schema -----------------------------------------------------------------------------

enum class IndexKind { ours, none_yet, of_another_version, of_another_program };

Result<IndexKind> kind_of(const Database& database) {
  TESSERA_TRY(const int64_t tables, database.number("SELECT count(*) FROM sqlite_schema"));
  TESSERA_TRY(const int64_t application, database.number("PRAGMA application_id"));
  TESSERA_TRY(const int64_t version, database.number("PRAGMA user_version"));
  if (tables == 0 && application == 0) return IndexKind::none_yet;
  if (application != kApplicationId) return IndexKind::of_another_program;
  return version == kSchemaVersion ? IndexKind::ours : IndexKind::of_another_version;
}

Result<void> make_tables(Database& database) {
  TESSERA_TRY(Transaction transaction, Transaction::begin(database));
  TESSERA_TRY(const IndexKind kind, kind_of(database));
  if (kind == IndexKind::ours) return {};  // another program was faster
  TESSERA_TRY_VOID(database.execute(kSchema));
  TESSERA_TRY_VOID(
      database.execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str()));
  TESSERA_TRY_VOID(
      database.execute(fmt::format("PRAGMA user_version = {}", kSchemaVersion).c_str()));
  return transaction.commit();
}

// Whether other programs may have it open at the same time: none makes it then, since what sets it
// up cannot wait for others.
enum class Users { alone, shared };

// Errors besides those of the database: kNotFound where it is still to be made.
Result<Database> open_checked(const fs::path& root, Users users) {
  TESSERA_TRY(Database database, Database::open(index_path(root), Database::Access::create));
  TESSERA_TRY(const IndexKind kind, kind_of(database));
  if (kind == IndexKind::of_another_program) {
    return TESSERA_ERROR(kAlreadyExists, index_path(root).string(),
                         "is a database of another program",
                         "move it, so that the index of runs has its place");
  }
  if (kind == IndexKind::of_another_version)
    return TESSERA_ERROR(kCorrupt, index_path(root).string(), "is of another version", "");
  if (kind == IndexKind::none_yet && users == Users::shared)
    return TESSERA_ERROR(kNotFound, index_path(root).string(), "is still to be made", "");
  if (kind == IndexKind::none_yet || !is_on_one_machine(root)) {
    TESSERA_TRY_VOID(database.execute(is_on_one_machine(root) ? "PRAGMA journal_mode = WAL"
                                                              : "PRAGMA journal_mode = TRUNCATE"));
  }
  TESSERA_TRY_VOID(database.execute("PRAGMA synchronous = NORMAL"));
  if (kind == IndexKind::none_yet) TESSERA_TRY_VOID(make_tables(database));
  return database;
}

Result<void> remove_index(const fs::path& root) {
  // The log goes first: beside another database it would be taken for that one's.
  for (const char* suffix : {"-wal", "-journal", "-shm", ""}) {
    const fs::path file = index_path(root).string() + suffix;
    std::error_code failed;
    fs::remove(file, failed);
    if (failed) return system_error(failed.value(), file.string(), "remove");
  }
  return {};
}

Result<IndexFile> make_anew(const fs::path& root, bool even_if_whole) {
  {
    TESSERA_TRY(const auto alone, lock_index(root, LOCK_EX));
    bool is_whole = false;
    if (!even_if_whole) {  // another program may have replaced it meanwhile
      const auto there = open_checked(root, Users::alone);
      is_whole = there.has_value();
      if (!is_whole && there.error().code != ErrorCode::kCorrupt) return there.error();
    }
    if (!is_whole) {
      TESSERA_TRY_VOID(remove_index(root));
      TESSERA_TRY_VOID(open_checked(root, Users::alone));
    }
  }
  TESSERA_TRY(auto shared, lock_index(root, LOCK_SH));
  TESSERA_TRY(Database database, open_checked(root, Users::shared));
  return IndexFile{std::move(database), std::move(shared)};
}

bool has_content(const fs::path& file) {
  std::error_code missing;
  const auto size = fs::file_size(file, missing);
  return !missing && size > 0;
}

Result<Database> whole_copy(const fs::path& root) {
  const fs::path file = index_path(root);
  if (has_content(file.string() + "-wal") || has_content(file.string() + "-journal"))
    return TESSERA_ERROR(kUnavailable, file.string(), "is being written", "");
  TESSERA_TRY(const Database source, Database::open(file, Database::Access::immutable));
  TESSERA_TRY(const IndexKind kind, kind_of(source));
  if (kind != IndexKind::ours)
    return TESSERA_ERROR(kCorrupt, file.string(), "is no index of this version", "");
  TESSERA_TRY(Database copy, Database::in_memory());
  TESSERA_TRY_VOID(copy.copy_from(source));
  TESSERA_TRY(Statement check, copy.prepare("PRAGMA quick_check(1)"));
  TESSERA_TRY(const bool told, check.step());
  if (!told || check.text(0) != "ok")
    return TESSERA_ERROR(kCorrupt, file.string(), "is damaged", "");
  return copy;
}

}  // namespace

fs::path index_path(const fs::path& root) {
  return root / "index.sqlite";
}

Result<IndexFile> open_index_file(const fs::path& root, std::vector<std::string>& notes) {
  {
    TESSERA_TRY(auto shared, lock_index(root, LOCK_SH));
    auto database = open_checked(root, Users::shared);
    if (database) return IndexFile{std::move(*database), std::move(shared)};
    const ErrorCode code = database.error().code;
    if (code != ErrorCode::kCorrupt && code != ErrorCode::kNotFound)
      return std::move(database).error();
    if (code == ErrorCode::kCorrupt) {
      notes.push_back(fmt::format("{} {}: it is made anew", database.error().subject,
                                  database.error().message));
    }
  }
  return make_anew(root, false);
}

Result<IndexFile> replace_index_file(const fs::path& root, IndexFile old) {
  { const IndexFile closed = std::move(old); }
  return make_anew(root, true);
}

Result<Database> index_in_memory(const fs::path& root) {
  if (auto copy = whole_copy(root)) return std::move(*copy);
  return empty_index_in_memory();
}

Result<Database> empty_index_in_memory() {
  TESSERA_TRY(Database database, Database::in_memory());
  TESSERA_TRY_VOID(make_tables(database));
  return database;
}

}  // namespace tessera
