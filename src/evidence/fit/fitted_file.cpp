// The text of a target file, limits and words changed in place.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "evidence/fit/fit_target.h"

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

// What a basic string of TOML may hold as it is.
std::string plain(std::string_view text) {
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(),
      [](char c) { return c < ' ' || c == 0x7f || c == '"' || c == '\\'; }, ' ');
  return result;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += "; ";
    text += part;
  }
  return plain(text);
}

// One table of the file: its lines without its header, and what stands behind them and belongs to
// it.
using EditTable = std::function<std::string(const std::vector<std::string_view>& lines)>;

// Errors: kInvalidArgument where the file has no such table.
Result<std::string> edit_table(std::string_view toml, const std::string& name,
                               const std::string& origin, const EditTable& edit) {
  const std::string header = fmt::format("[{}]", name);
  std::string text;
  std::vector<std::string_view> inside;
  bool is_inside = false;
  bool found = false;
  const auto leave = [&] {
    if (is_inside) text += edit(inside);
    is_inside = false;
  };
  while (!toml.empty()) {
    const size_t end = std::min(toml.find('\n'), toml.size());
    const std::string_view line = toml.substr(0, end);
    toml.remove_prefix(std::min(end + 1, toml.size()));
    const std::string_view word = trimmed(line);
    if (word.starts_with('[')) leave();
    if (is_inside) {
      inside.push_back(line);
      continue;
    }
    text += fmt::format("{}\n", line);
    if (word != header) continue;
    is_inside = found = true;
  }
  leave();
  if (!found) {
    return TESSERA_ERROR(kInvalidArgument, origin, fmt::format("has no table {}", header),
                         "write each limit as a table of its own, as targets/*.toml do");
  }
  return text;
}

std::string data_point(const std::string& key, int64_t value, std::string_view outcome,
                       const std::string& witness) {
  return fmt::format(
      "\n  [[limits.{}.data_points]]\n  value = {}\n  outcome = \"{}\"\n  source = \"fitted: "
      "{}\"\n",
      key, value, outcome, plain(witness));
}

// The value of a line 'source = "..."'.
std::string_view source_in(std::string_view line) {
  const size_t begin = line.find('"');
  const size_t end = line.rfind('"');
  return begin == std::string_view::npos || end <= begin ? ""
                                                         : line.substr(begin + 1, end - begin - 1);
}

std::string limit_lines(const FittedLimit& limit, const std::vector<std::string_view>& lines) {
  std::string kept;
  std::string source;
  std::string blank;  // lines at the end of the table stay at its end
  for (std::string_view line : lines) {
    const std::string_view word = trimmed(line);
    if (sets(word, "source")) source = source_in(word);
    if (sets(word, "pass") || sets(word, "fail") || sets(word, "max") || sets(word, "source"))
      continue;
    (word.empty() ? blank : kept) += fmt::format("{}\n", line);
  }
  if (limit.pass) kept += fmt::format("pass = {}\n", *limit.pass);
  if (limit.fail) kept += fmt::format("fail = {}\n", *limit.fail);
  const std::string fitted = limit.pass_witness.empty() && limit.fail_witness.empty()
                                 ? ""
                                 : "fitted: " + joined({limit.pass_witness, limit.fail_witness});
  kept +=
      fmt::format("source = \"{}\"\n", joined({fitted, source.empty() ? "" : "before: " + source}));
  if (!limit.pass_witness.empty())
    kept += data_point(limit.key, *limit.pass, "passes", limit.pass_witness);
  if (!limit.fail_witness.empty())
    kept += data_point(limit.key, *limit.fail, "fails", limit.fail_witness);
  return kept + (blank.empty() ? "\n" : blank);
}

std::string list_of(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back('"' + plain(word) + '"');
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string support_lines(const Support& support, const std::string& witnesses,
                          const std::vector<std::string_view>& lines) {
  std::string kept;
  std::string blank;
  for (std::string_view line : lines) {
    const std::string_view word = trimmed(line);
    if (sets(word, "supported") || sets(word, "unsupported") || sets(word, "source")) continue;
    (word.empty() ? blank : kept) += fmt::format("{}\n", line);
  }
  kept += fmt::format("supported = {}\n", list_of(support.supported));
  if (!support.unsupported.empty())
    kept += fmt::format("unsupported = {}\n", list_of(support.unsupported));
  return kept +
         fmt::format("source = \"{}\"\n",
                     joined({"fitted: " + witnesses, "before: " + support.source})) +
         (blank.empty() ? "\n" : blank);
}

}  // namespace

Result<std::string> with_fit(std::string_view toml, const TargetFit& fit,
                             const std::string& origin) {
  TESSERA_TRY(const Target before, parse_target(toml, origin));
  std::string text(toml);
  for (const FittedLimit& limit : fit.limits) {
    TESSERA_TRY(text, edit_table(text, "limits." + limit.key, origin,
                                 [&](const auto& lines) { return limit_lines(limit, lines); }));
  }
  std::map<std::string, Support> changed;
  std::map<std::string, std::string> witnesses;
  for (const FittedWord& word : fit.words) {
    Support& support = changed.try_emplace(word.key, before.words(word.key)).first->second;
    (word.supported ? support.supported : support.unsupported).push_back(word.word);
    std::string& all = witnesses[word.key];
    all += fmt::format("{}{} with {}", all.empty() ? "" : ", ", word.witness, word.word);
  }
  for (const auto& [key, support] : changed) {
    TESSERA_TRY(text, edit_table(text, "support." + key, origin, [&](const auto& lines) {
                  return support_lines(support, witnesses[key], lines);
                }));
  }
  // What was written is what is read.
  TESSERA_TRY(const Target after, parse_target(text, origin));
  for (const FittedLimit& limit : fit.limits) {
    const Limit& written = after.limit(limit.key);
    if (written.pass != limit.pass || written.fail != limit.fail) {
      return TESSERA_ERROR(
          kInvalidArgument, origin,
          fmt::format("writes limits.{} in a form that cannot be changed in place", limit.key),
          fmt::format("write [limits.{}] as a table of its own, as targets/*.toml do", limit.key));
    }
  }
  return text;
}

}  // namespace tessera
