// Fields of a sweep's definition, each checked. Errors name the line and what may stand there.
#pragma once

#include "target/toml_fields.h"

#include <string>
#include <string_view>
#include <vector>

#include "sweep/parameters.h"
#include "tessera/result.h"

namespace tessera::sweep_file {

inline constexpr std::string_view kGuide = "docs/sweeps.md describes every entry";

struct SweepText {
  std::string name;

  Error error(const toml::node& at, const std::string& what) const {
    return TESSERA_ERROR(kInvalidArgument, fmt::format("{}:{}", name, at.source().begin.line), what,
                         std::string(kGuide));
  }
};

template <typename Words>
Result<void> only_keys(const toml::table& table, const SweepText& origin, std::string_view where,
                       const Words& known) {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    return origin.error(value, fmt::format("unknown entry \"{}\" of {} (known: {})", key.str(),
                                           where, fmt::join(known, ", ")));
  }
  return {};
}

// A string that says something; `fallback` where the key is missing, an error where it is empty.
inline Result<std::string> text_of(const toml::table& table, std::string_view key,
                                   const SweepText& origin, std::string_view fallback) {
  const toml::node* node = table.get(key);
  if (node == nullptr) {
    if (!fallback.empty()) return std::string(fallback);
    return origin.error(table, fmt::format("\"{}\" is missing", key));
  }
  const auto* text = node->as_string();
  if (text == nullptr || text->get().empty())
    return origin.error(*node, fmt::format("\"{}\" must be a string that says something", key));
  return text->get();
}

inline Result<std::vector<std::string>> texts_of(const toml::table& table, std::string_view key,
                                                 const SweepText& origin) {
  std::vector<std::string> list;
  const toml::node* node = table.get(key);
  if (node == nullptr) return list;
  const auto wrong = [&] {
    return origin.error(*node, fmt::format("\"{}\" must be a list of strings", key));
  };
  if (!node->is_array()) return wrong();
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_string()) return wrong();
    list.push_back(item.as_string()->get());
  }
  return list;
}

// A parameter's value, within what its key allows.
inline Result<ParameterValue> value_of(const toml::node& node, const ParameterKey& key,
                                       const SweepText& origin) {
  switch (key.kind) {
    case ParameterKind::count: {
      const auto* number = node.as_integer();
      if (number == nullptr || number->get() < key.least || number->get() > key.most) {
        return origin.error(node, fmt::format("\"{}\" must be a whole number of {} to {}", key.name,
                                              key.least, key.most));
      }
      return ParameterValue(number->get());
    }
    case ParameterKind::flag:
      if (!node.is_boolean())
        return origin.error(node, fmt::format("\"{}\" must be true or false", key.name));
      return ParameterValue(node.as_boolean()->get());
    case ParameterKind::word:
    case ParameterKind::text: break;
  }
  const auto* text = node.as_string();
  if (text == nullptr || text->get().empty())
    return origin.error(node, fmt::format("\"{}\" must be a string that says something", key.name));
  // A cell of a table: a tab or a line end would be another cell.
  if (text->get().find_first_of("\t\n\r") != std::string::npos)
    return origin.error(node, fmt::format("\"{}\" must be one line without tabs", key.name));
  std::vector<std::string_view> words = words_of(key.words);
  if (key.name == "network") {
    for (const NetworkKind& kind : network_kinds()) {
      if (kind.name != "model") words.push_back(kind.name);
    }
  }
  if (key.kind == ParameterKind::word &&
      std::find(words.begin(), words.end(), text->get()) == words.end()) {
    return origin.error(node, fmt::format("\"{}\" is no \"{}\" (known: {})", text->get(), key.name,
                                          fmt::join(words, ", ")));
  }
  return ParameterValue(text->get());
}

}  // namespace tessera::sweep_file
