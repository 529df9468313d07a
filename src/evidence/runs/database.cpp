#include "evidence/runs/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/system_error.h"

namespace tessera {
namespace {

// `connection` may be null: SQLite has no memory for one.
Error database_error(sqlite3* connection, int code, const std::string& origin) {
  if (connection == nullptr || (code & 0xff) == SQLITE_NOMEM)
    return TESSERA_ERROR(kResourceLimit, origin, "out of memory", "");
  const int system = sqlite3_system_errno(connection);
  const std::string words = sqlite3_errmsg(connection);
  switch (code & 0xff) {
    case SQLITE_FULL: return system_error(ENOSPC, origin, "write");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system == ENOSPC || system == EDQUOT) return system_error(system, origin, "write");
      return TESSERA_ERROR(kIo, origin, fmt::format("SQLite: {}", words), "");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:  // of statements that are right: a table or column is missing
      return TESSERA_ERROR(kCorrupt, origin, fmt::format("is no index of runs: {}", words), "");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return TESSERA_ERROR(kUnavailable, origin, "other programs write it all the time",
                           "try again later");
    default: return TESSERA_ERROR(kIo, origin, fmt::format("SQLite: {}", words), "");
  }
}

// A path as a URI, so that options may follow.
std::string uri_of(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return uri;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement::Statement(sqlite3_stmt* statement, std::string origin)
    : statement_(statement), origin_(std::move(origin)) {}

Statement& Statement::bind(int parameter, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);  // NOLINT(*-cast)
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind(int parameter, int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), parameter, value);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  const int code = sqlite3_bind_double(statement_.get(), parameter, value);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  const int code = sqlite3_bind_null(statement_.get(), parameter);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Result<bool> Statement::step() {
  const int code = bind_error_ != 0 ? bind_error_ : sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_error(sqlite3_db_handle(statement_.get()), code, origin_);
}

Result<void> Statement::run() {
  const auto stepped = step();
  reset();
  if (!stepped) return stepped.error();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bind_error_ = 0;
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

Database::Database(sqlite3* connection, std::string origin)
    : connection_(connection), origin_(std::move(origin)) {}

Result<Database> Database::open(const std::string& name, int flags, const std::string& origin) {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &connection,
                                   flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(connection, origin);  // closes it also where it could not be opened
  if (code != SQLITE_OK) return database_error(connection, code, origin);
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyTimeout_ms);
  for (const int off : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                        SQLITE_DBCONFIG_ENABLE_VIEW})
    sqlite3_db_config(connection, off, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return database;
}

Result<Database> Database::open(const std::filesystem::path& file, Access access) {
  if (access == Access::immutable)
    return open(uri_of(file) + "?immutable=1", SQLITE_OPEN_READONLY, file.string());
  return open(uri_of(file), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, file.string());
}

Result<Database> Database::in_memory() {
  return open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "the index in memory");
}

Result<void> Database::execute(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return database_error(connection_.get(), code, origin_);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      0, &statement, nullptr);
  if (code != SQLITE_OK) return database_error(connection_.get(), code, origin_);
  return Statement(statement, origin_);
}

Result<int64_t> Database::number(const char* sql) const {
  TESSERA_TRY(Statement statement, prepare(sql));
  TESSERA_TRY(const bool is_row, statement.step());
  return is_row ? statement.integer(0) : 0;
}

Result<void> Database::copy_from(const Database& from) {
  sqlite3_backup* copy =
      sqlite3_backup_init(connection_.get(), "main", from.connection_.get(), "main");
  if (copy == nullptr)
    return database_error(connection_.get(), sqlite3_errcode(connection_.get()), from.origin_);
  const int code = sqlite3_backup_step(copy, -1);
  sqlite3_backup_finish(copy);
  if (code != SQLITE_DONE) return database_error(connection_.get(), code, from.origin_);
  return {};
}

Result<Transaction> Transaction::begin(Database& database) {
  TESSERA_TRY_VOID(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // A full disk may have rolled it back already: an error says only that.
  if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK").has_value());
}

Result<void> Transaction::commit() {
  TESSERA_TRY_VOID(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace tessera
