#include "target/learned_target.h"

#include <algorithm>

#include <fmt/format.h>

#include "tessera/compiler/target.h"

namespace tessera {
namespace {

std::string_view trimmed(std::string_view line) {
  const size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const size_t end = line.find_last_not_of(" \t\r");
  return end == std::string_view::npos ? "" : line.substr(begin, end - begin + 1);
}

bool sets(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return false;
  const std::string_view rest = trimmed(line.substr(key.size()));
  return rest.starts_with('=');
}

// What stands in the table of a limit.
std::string lines_of(int64_t pass, int64_t fail, std::string_view source) {
  std::string plain(source);
  std::replace_if(
      plain.begin(), plain.end(),
      [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; }, ' ');
  return fmt::format("pass = {}\nfail = {}\nsource = \"{}\"\n", pass, fail, plain);
}

std::string_view unit_of(std::string_view key) {
  for (const TargetKey& one : target_keys()) {
    if (one.section == TargetSection::limits && one.name == key) return one.unit;
  }
  return "";
}

}  // namespace

Result<std::string> with_limit(std::string_view toml, std::string_view key, int64_t pass,
                               int64_t fail, std::string_view source, const std::string& origin) {
  if (pass < 1 || fail <= pass) {
    return TESSERA_ERROR(kInvalidArgument, fmt::format("limits.{}", key),
                         fmt::format("cannot pass at {} and fail from {}", pass, fail), "");
  }
  const std::string table = fmt::format("[limits.{}]", key);
  std::string text;
  bool inside = false;
  bool found = false;
  while (!toml.empty()) {
    const size_t end = std::min(toml.find('\n'), toml.size());
    const std::string_view line = toml.substr(0, end);
    toml.remove_prefix(std::min(end + 1, toml.size()));
    const std::string_view word = trimmed(line);
    if (word.starts_with('[')) inside = word == table;
    const bool replaced = inside && (sets(word, "pass") || sets(word, "fail") ||
                                     sets(word, "max") || sets(word, "source"));
    if (!replaced) text += fmt::format("{}\n", line);
    if (!inside || word != table) continue;
    found = true;
    text += lines_of(pass, fail, source);
  }
  if (!found)
    text +=
        fmt::format("\n{}\nunit = \"{}\"\n{}", table, unit_of(key), lines_of(pass, fail, source));
  TESSERA_TRY(const Target learned, parse_target(text, origin));
  if (!learned.has(TargetSection::limits, key) || learned.limit(key).fail != fail) {
    return TESSERA_ERROR(
        kInvalidArgument, origin, "writes its limits in a form that is not learnt",
        fmt::format("write {} as a table of its own, as targets/*.toml do", table));
  }
  return text;
}

Result<std::string> with_row_limit(std::string_view toml, int64_t pass, int64_t fail,
                                   std::string_view source, const std::string& origin) {
  return with_limit(toml, "row_bytes", pass, fail, source, origin);
}

}  // namespace tessera
