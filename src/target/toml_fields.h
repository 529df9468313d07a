// Fields of a TOML file, each checked, with errors that name their line. Included by the readers of
// target files alone.
#pragma once

// toml++ 3.3 asserts things that a file can make false (a control character after "["), and tells
// the optimiser to believe them under NDEBUG. Here they are errors like any other.
namespace tessera::internal {
struct TomlAssertion {};
[[noreturn]] inline void toml_assertion() {
  throw TomlAssertion{};
}
}  // namespace tessera::internal
#undef NDEBUG
#define TOML_ASSERT(condition) \
  (static_cast<bool>(condition) ? void() : ::tessera::internal::toml_assertion())
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tessera/result.h"

namespace tessera::target_file {

inline constexpr std::string_view kGuide = "docs/targets.md describes every entry";

// Where an entry stands: for messages.
struct Place {
  const std::string& origin;
  std::string path;  // "limits.row_bytes"

  Error error(const toml::node& at, const std::string& what) const {
    return TESSERA_ERROR(kInvalidArgument, fmt::format("{}:{}", origin, at.source().begin.line),
                         fmt::format("{} {}", path, what), std::string(kGuide));
  }
  Place in(std::string_view key) const {
    return {origin, path.empty() ? std::string(key) : fmt::format("{}.{}", path, key)};
  }
};

inline Result<void> only_keys(const toml::table& table, const Place& place,
                              std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    return place.in(key.str()).error(
        value,
        fmt::format("is not an entry of a target file (known here: {})", fmt::join(known, ", ")));
  }
  return {};
}

inline Result<const toml::table*> table_at(const toml::table& parent, std::string_view key,
                                           const Place& place) {
  const toml::node* node = parent.get(key);
  const Place here = place.in(key);
  if (node == nullptr) return here.error(parent, "is missing");
  if (!node->is_table()) return here.error(*node, "must be a table");
  return node->as_table();
}

inline Result<std::string> text_at(const toml::table& table, std::string_view key,
                                   const Place& place) {
  const toml::node* node = table.get(key);
  const Place here = place.in(key);
  if (node == nullptr) return here.error(table, "is missing");
  const auto* text = node->as_string();
  if (text == nullptr || text->get().empty()) {
    return here.error(*node, "must be a string that says something");
  }
  return text->get();
}

// A whole number >= `least`.
inline Result<int64_t> count_at(const toml::table& table, std::string_view key, const Place& place,
                                int64_t least) {
  const toml::node* node = table.get(key);
  const Place here = place.in(key);
  if (node == nullptr) return here.error(table, "is missing");
  const auto* number = node->as_integer();
  if (number == nullptr || number->get() < least || number->get() > (int64_t{1} << 53)) {
    return here.error(*node, fmt::format("must be a whole number of at least {}", least));
  }
  return number->get();
}

// One of a few words; the first where the file leaves it out.
inline Result<std::string> word_at(const toml::table& file, std::string_view key, const Place& top,
                                   std::initializer_list<std::string_view> words) {
  if (!file.contains(key)) return std::string(*words.begin());
  TESSERA_TRY(std::string word, text_at(file, key, top));
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  return top.in(key).error(*file.get(key),
                           fmt::format("must be one of {}", fmt::join(words, ", ")));
}

}  // namespace tessera::target_file
