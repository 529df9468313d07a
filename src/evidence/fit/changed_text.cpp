// A target file's text with other limits. Lines are edited, not the parsed table printed again: so
// comments, order and spacing stay the author's.
#include <fmt/format.h>

#include <algorithm>

#include "evidence/fit/fit.h"

namespace tessera {
namespace {

std::string_view trimmed(std::string_view line) {
  const size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const size_t end = line.find_last_not_of(" \t\r");
  return end == std::string_view::npos ? "" : line.substr(begin, end - begin + 1);
}

bool sets(std::string_view line, std::string_view key) {
  return line.starts_with(key) && trimmed(line.substr(key.size())).starts_with('=');
}

// As a basic string of TOML.
std::string toml_string(std::string_view text) {
  std::string plain(text);
  std::replace_if(
      plain.begin(), plain.end(),
      [](unsigned char c) { return c < ' ' || c == 0x7f || c == '"' || c == '\\'; }, ' ');
  return fmt::format("\"{}\"", plain);
}

std::string ends_of(const FitChange& change) {
  std::string text;
  if (change.pass) text += fmt::format("pass = {}\n", *change.pass);
  if (change.fail) text += fmt::format("fail = {}\n", *change.fail);
  std::string source = change.before.source;
  for (const FitWitness& one : change.witnesses) {
    source += fmt::format("; outcomes: {} {} {}", one.source, one.passed ? "passes at" : "fails at",
                          one.value);
  }
  return text + fmt::format("source = {}\n", toml_string(source));
}

std::string points_of(const FitChange& change) {
  std::string text;
  for (const FitWitness& one : change.witnesses) {
    text += fmt::format(
        "\n  [[limits.{}.data_points]]\n  value = {}\n  outcome = \"{}\"\n  source = {}\n",
        change.limit, one.value, one.passed ? "passes" : "fails",
        toml_string("outcomes: " + one.source));
  }
  return text;
}

// Where the table's own lines and its data points end: before the blank lines and comments that
// lead the next table.
size_t end_of_content(const std::vector<std::string_view>& lines, size_t from, size_t to) {
  while (to > from + 1) {
    const std::string_view line = trimmed(lines[to - 1]);
    if (!line.empty() && !line.starts_with('#')) break;
    --to;
  }
  return to;
}

Result<std::string> with_change(std::string_view toml, const FitChange& change,
                                const std::string& origin) {
  std::vector<std::string_view> lines;
  while (!toml.empty()) {
    const size_t end = std::min(toml.find('\n'), toml.size());
    lines.push_back(toml.substr(0, end));
    toml.remove_prefix(std::min(end + 1, toml.size()));
  }
  const std::string table = fmt::format("[limits.{}]", change.limit);
  const std::string points = fmt::format("[[limits.{}.data_points]]", change.limit);
  const auto head = [&](std::string_view line) {
    return line.starts_with(table) &&
           (line.size() == table.size() || trimmed(line.substr(table.size())).starts_with('#'));
  };
  size_t begin = 0;
  while (begin < lines.size() && !head(trimmed(lines[begin]))) ++begin;
  if (begin == lines.size()) {
    return TESSERA_ERROR(
        kInvalidArgument, origin, "writes its limits in a form that is not learnt",
        fmt::format("write {} as a table of its own, as targets/*.toml do", table));
  }
  size_t own = begin + 1;
  while (own < lines.size() && !trimmed(lines[own]).starts_with('[')) ++own;
  size_t all = own;
  while (all < lines.size() &&
         (!trimmed(lines[all]).starts_with('[') || trimmed(lines[all]).starts_with(points)))
    ++all;
  all = end_of_content(lines, begin, all);
  std::string text;
  const auto copy = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) text += fmt::format("{}\n", lines[i]);
  };
  copy(0, begin + 1);
  bool written = false;
  for (size_t i = begin + 1; i < std::min(own, all); ++i) {
    const std::string_view word = trimmed(lines[i]);
    if (sets(word, "pass") || sets(word, "fail") || sets(word, "max") || sets(word, "source")) {
      if (!written) text += ends_of(change);
      written = true;
      continue;
    }
    copy(i, i + 1);
  }
  copy(std::min(own, all), all);
  text += points_of(change);
  copy(all, lines.size());
  return text;
}

}  // namespace

Result<std::string> with_changes(std::string_view toml, std::span<const FitChange> changes,
                                 const std::string& origin) {
  std::string text(toml);
  for (const FitChange& change : changes) {
    TESSERA_TRY(text, with_change(text, change, origin));
  }
  TESSERA_TRY(const Target learned, parse_target(text, origin));
  for (const FitChange& change : changes) {
    const Limit& limit = learned.limit(change.limit);
    if (limit.pass == change.pass && limit.fail == change.fail) continue;
    return TESSERA_ERROR(kInvalidArgument, origin,
                         fmt::format("writes limits.{} in a form that is not learnt", change.limit),
                         "write pass, fail and source on a line each, as targets/*.toml do");
  }
  return text;
}

}  // namespace tessera
