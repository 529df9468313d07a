// Settings of a target: another choice of a parameter, another number of the hardware.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <optional>
#include <vector>

#include "target/quantity_bounds.h"
#include "tessera/compiler/target.h"

namespace tessera {
namespace {

std::string_view stripped(std::string_view line) {
  const size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const size_t end = line.find_last_not_of(" \t\r");
  return end == std::string_view::npos ? "" : line.substr(begin, end + 1 - begin);
}

// The text with another value of `key` in the table that `header` begins; nullopt where there is
// no such line.
std::optional<std::string> with_value(std::string_view toml, std::string_view header,
                                      std::string_view key, std::string_view literal) {
  std::string text;
  bool inside = false;
  bool found = false;
  while (!toml.empty()) {
    const size_t end = std::min(toml.find('\n'), toml.size());
    const std::string_view line = toml.substr(0, end);
    toml.remove_prefix(std::min(end + 1, toml.size()));
    const std::string_view word = stripped(line);
    if (word.starts_with('[')) inside = word == header;
    const bool sets =
        inside && word.starts_with(key) && stripped(word.substr(key.size())).starts_with('=');
    found = found || sets;
    text += sets ? fmt::format("{} = {}\n", key, literal) : fmt::format("{}\n", line);
  }
  return found ? std::optional(std::move(text)) : std::nullopt;
}

Error no_such_setting(const Target& target, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [parameter, values] : target.parameters) known.push_back(parameter);
  for (const TargetKey& key : target_keys()) {
    if (quantity_key(key.name, target.architecture) == &key) known.emplace_back(key.name);
  }
  return TESSERA_ERROR(kInvalidArgument, target.name, fmt::format("has nothing named '{}'", name),
                       fmt::format("what can be set: {}", fmt::join(known, ", ")));
}

Error not_written_so(const std::string& origin, const std::string& table) {
  return TESSERA_ERROR(kInvalidArgument, origin,
                       fmt::format("writes {} in a form that cannot be set", table),
                       "write it as a table of its own, as targets/*.toml do");
}

Result<std::string> with_choice(std::string_view toml, const std::string& name,
                                const TargetParameter& parameter, const std::string& choice,
                                const std::string& origin) {
  if (!parameter.choices.contains(choice)) {
    std::vector<std::string> names;
    for (const auto& [one, values] : parameter.choices) names.push_back(one);
    return TESSERA_ERROR(kInvalidArgument, fmt::format("{}:{}", origin, name),
                         fmt::format("'{}' is none of its choices", choice),
                         fmt::format("choose one of {}", fmt::join(names, ", ")));
  }
  const std::string header = fmt::format("[parameters.{}]", name);
  auto text = with_value(toml, header, "chosen", fmt::format("\"{}\"", choice));
  if (!text) return not_written_so(origin, header);
  return std::move(*text);
}

// A number set by hand stands against those of the parameters' choices, so that it goes there too.
Result<std::string> with_number(std::string toml, const Target& target, const TargetKey& key,
                                const std::string& number, const std::string& origin) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool whole = error == std::errc() && end == number.data() + number.size();
  const std::string fault = whole ? fault_of(key, value) : "must be a number";
  if (!fault.empty()) {
    return TESSERA_ERROR(kInvalidArgument, fmt::format("{}:{}", origin, key.name),
                         fmt::format("'{}' {}", number, fault),
                         fmt::format("give it in {}", key.unit));
  }
  const std::string header = fmt::format("[{}.{}]", to_string(key.section), key.name);
  auto text = with_value(toml, header, "value", number);
  if (!text) return not_written_so(origin, header);
  for (const auto& [name, parameter] : target.parameters) {
    for (const auto& [choice, values] : parameter.choices) {
      if (!values.contains(key.name)) continue;
      const std::string table = fmt::format("[parameters.{}.choices.{}]", name, choice);
      auto edited = with_value(*text, table, key.name, number);
      if (!edited) return not_written_so(origin, table);
      text = std::move(edited);
    }
  }
  return std::move(*text);
}

}  // namespace

Result<std::string> with_settings(std::string_view toml,
                                  const std::map<std::string, std::string>& settings,
                                  const std::string& origin) {
  TESSERA_TRY(const Target target, parse_target(toml, origin));
  std::string text(toml);
  // Choices first: numbers set by hand go over what they bring.
  for (const auto& [name, value] : settings) {
    const auto parameter = target.parameters.find(name);
    if (parameter != target.parameters.end()) {
      TESSERA_TRY(text, with_choice(text, name, parameter->second, value, origin));
      continue;
    }
    const TargetKey* key = quantity_key(name, target.architecture);
    if (key == nullptr) return no_such_setting(target, name);
    TESSERA_TRY(text, with_number(std::move(text), target, *key, value, origin));
  }
  TESSERA_TRY_VOID(parse_target(text, origin));
  return text;
}

}  // namespace tessera
