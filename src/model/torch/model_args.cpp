#include "model/torch/model_args.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/torch/argument_names.h"

namespace tessera {

ArgValue parse_arg_value(std::string_view text) {
  if (text == "None" || text == "none" || text == "null") return std::monostate{};
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  const char* end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto parsed = std::from_chars(text.data(), end, whole);
      parsed.ec == std::errc() && parsed.ptr == end) {
    return whole;
  }
  double real = 0;
  if (const auto parsed = std::from_chars(text.data(), end, real);
      parsed.ec == std::errc() && parsed.ptr == end) {
    return real;
  }
  return std::string(text);
}

ModelArgs::ModelArgs(const std::map<std::string, ArgValue>& stored,
                     const std::map<std::string, std::string>& given, std::vector<Note>& notes)
    : values_(stored) {
  for (const auto& [spelling, text] : given) {
    const std::string name(common_argument_name(spelling));
    ArgValue value = parse_arg_value(text);
    if (const auto it = values_.find(name); it != values_.end() && it->second != value) {
      notes.push_back(
          {NoteSeverity::info, fmt::format("{} is {} instead of the file's {}, as asked", name,
                                           to_string(value), to_string(it->second))});
    }
    values_[name] = std::move(value);
    given_.insert(name);
  }
}

const ArgValue* ModelArgs::look_up(const std::string& name) {
  known_.insert(name);
  const auto it = values_.find(name);
  if (it == values_.end() || std::holds_alternative<std::monostate>(it->second)) return nullptr;
  return &it->second;
}

Error ModelArgs::wrong_value(const std::string& name, std::string_view expected) const {
  const std::string message = fmt::format("model argument {} is {}, expected {}", name,
                                          to_string(values_.at(name)), expected);
  if (given_.contains(name)) return TESSERA_ERROR(kInvalidArgument, "", message, "");
  return TESSERA_ERROR(kInvalidModel, "", message,
                       fmt::format("override it with ImportOptions::model_args {}=VALUE", name));
}

Result<std::optional<int64_t>> ModelArgs::integer(const std::string& name, int64_t low,
                                                  int64_t high) {
  const ArgValue* value = look_up(name);
  if (value == nullptr) return std::optional<int64_t>();
  std::optional<int64_t> number;
  if (const auto* whole = std::get_if<int64_t>(value)) number = *whole;
  if (const auto* real = std::get_if<double>(value); real != nullptr && std::abs(*real) < 1e15) {
    if (std::trunc(*real) == *real)
      number = static_cast<int64_t>(*real);  // Asteroid writes sample rates as 8000.0
  }
  if (!number || *number < low || *number > high) {
    return wrong_value(name, fmt::format("a whole number from {} to {}", low, high));
  }
  return number;
}

Result<std::optional<bool>> ModelArgs::flag(const std::string& name) {
  const ArgValue* value = look_up(name);
  if (value == nullptr) return std::optional<bool>();
  if (const auto* flag = std::get_if<bool>(value)) return std::optional<bool>(*flag);
  if (const auto* number = std::get_if<int64_t>(value);
      number != nullptr && (*number == 0 || *number == 1)) {
    return std::optional<bool>(*number == 1);
  }
  return wrong_value(name, "true or false");
}

Result<std::optional<std::string>> ModelArgs::text(const std::string& name) {
  const ArgValue* value = look_up(name);
  if (value == nullptr) return std::optional<std::string>();
  if (const auto* text = std::get_if<std::string>(value)) return std::optional<std::string>(*text);
  return wrong_value(name, "a name");
}

std::optional<std::vector<std::string>> ModelArgs::list(const std::string& name) {
  const ArgValue* value = look_up(name);
  if (value == nullptr) return std::nullopt;
  const auto* text = std::get_if<std::string>(value);
  const std::string joined = text != nullptr ? *text : to_string(*value);
  std::vector<std::string> entries;
  for (size_t begin = 0; begin <= joined.size();) {
    const size_t end = std::min(joined.find(',', begin), joined.size());
    const size_t first = std::min(joined.find_first_not_of(' ', begin), end);
    size_t last = end;
    while (last > first && joined[last - 1] == ' ') --last;
    entries.push_back(joined.substr(first, last - first));
    begin = end + 1;
  }
  return entries;
}

Result<void> ModelArgs::finish(std::vector<Note>& notes) const {
  for (const auto& [name, value] : values_) {
    if (known_.contains(name)) continue;
    if (given_.contains(name)) {
      return TESSERA_ERROR(kInvalidArgument, "", fmt::format("unknown model argument {}", name),
                           fmt::format("known here: {}", fmt::join(known_, ", ")));
    }
    notes.push_back({NoteSeverity::info,
                     fmt::format("stored model argument {}={} has no meaning here and was left out",
                                 name, to_string(value))});
  }
  return {};
}

}  // namespace tessera
