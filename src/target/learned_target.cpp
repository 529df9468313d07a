#include "target/learned_target.h"

#include <algorithm>

#include <fmt/format.h>

#include "tessera/compiler/target.h"

namespace tessera {
namespace {

constexpr std::string_view kRowTable = "[limits.row_bytes]";

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

}  // namespace

Result<std::string> with_row_limit(std::string_view toml, int64_t pass, int64_t fail,
                                   std::string_view source, const std::string& origin) {
  if (pass < 1 || fail <= pass) {
    return TESSERA_ERROR(kInvalidArgument, "limits.row_bytes",
                         fmt::format("cannot pass at {} and fail from {}", pass, fail), "");
  }
  std::string text;
  bool inside = false;
  while (!toml.empty()) {
    const size_t end = std::min(toml.find('\n'), toml.size());
    const std::string_view line = toml.substr(0, end);
    toml.remove_prefix(std::min(end + 1, toml.size()));
    const std::string_view word = trimmed(line);
    if (word.starts_with('[')) inside = word == kRowTable;
    const bool replaced = inside && (sets(word, "pass") || sets(word, "fail") ||
                                     sets(word, "max") || sets(word, "source"));
    if (!replaced) text += fmt::format("{}\n", line);
    if (inside && word == kRowTable) {
      std::string plain(source);
      std::replace_if(
          plain.begin(), plain.end(),
          [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; }, ' ');
      text += fmt::format("pass = {}\nfail = {}\nsource = \"{}\"\n", pass, fail, plain);
    }
  }
  TESSERA_TRY(const Target learned, parse_target(text, origin));
  if (!learned.has(TargetSection::limits, "row_bytes")) {
    return TESSERA_ERROR(kInvalidArgument, origin, "has no limit of rows to learn", "");
  }
  if (learned.limit("row_bytes").fail != fail) {
    return TESSERA_ERROR(kInvalidArgument, origin, "writes its limits in a form that is not learnt",
                         "write [limits.row_bytes] as a table of its own, as targets/*.toml do");
  }
  return text;
}

}  // namespace tessera
