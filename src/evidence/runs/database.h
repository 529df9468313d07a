// SQLite behind Result<T>: a connection and its prepared statements. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tessera/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tessera {

// A prepared statement; parameters and columns count from 1 and 0, as SQLite's.
class Statement {
 public:
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, int64_t value);
  Statement& bind(int parameter, double value);
  Statement& bind_null(int parameter);

  // Whether there is a row. Errors: those of Database.
  Result<bool> step();
  // Runs a statement that gives no rows, and makes it ready for the next values.
  Result<void> run();
  void reset();

  std::string_view text(int column) const;  // until the next step
  int64_t integer(int column) const;
  double real(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3_stmt* statement, std::string origin);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string origin_;
  int bind_error_ = 0;
};

class Database {
 public:
  enum class Access : uint8_t {
    create,     // read and write; made if it does not exist
    immutable,  // read a file that nobody writes, without locks or files beside it
  };
  // Waits for other writers up to `kBusyTimeout_ms`. What the file itself defines is not trusted:
  // no triggers, no views. Errors, here and in every call: kNoSpace, kCorrupt (no database, or a
  // damaged one, or one without the tables asked for), kUnavailable (others write all the time),
  // kResourceLimit, kIo.
  static constexpr int kBusyTimeout_ms = 10'000;
  static Result<Database> open(const std::filesystem::path& file, Access access);
  static Result<Database> in_memory();

  Result<void> execute(const char* sql);
  Result<Statement> prepare(std::string_view sql) const;
  // The first column of the first row, as a number.
  Result<int64_t> number(const char* sql) const;
  // Everything of `from` replaces what is here.
  Result<void> copy_from(const Database& from);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  Database(sqlite3* connection, std::string origin);
  static Result<Database> open(const std::string& name, int flags, const std::string& origin);

  std::unique_ptr<sqlite3, Close> connection_;
  std::string origin_;
};

// Rolls back unless committed.
class Transaction {
 public:
  // For writing, at once: what follows does not meet another writer.
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace tessera
