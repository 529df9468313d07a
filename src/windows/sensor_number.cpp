#include "windows/sensor_number.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr size_t kMaxShownBytes = 24;

// An error may be of a field of any size.
std::string shown_field(std::string_view field) {
  if (field.size() <= kMaxShownBytes) return std::string(field);
  return std::string(field.substr(0, kMaxShownBytes)) + "...";
}

}  // namespace

std::string_view trimmed_field(std::string_view field) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const size_t begin = field.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return field.substr(begin, field.find_last_not_of(kBlank) - begin + 1);
}

std::optional<std::string> check_sensor_number(double number, float& value) {
  if (std::isnan(number)) return "is NaN";
  if (std::isinf(number)) return "is infinite";
  if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max()))
    return fmt::format("is {:g}, beyond float32", number);
  value = static_cast<float>(number);
  return std::nullopt;
}

std::optional<std::string> read_sensor_number(std::string_view field, float& value) {
  std::string_view text = trimmed_field(field);
  if (text.empty()) return "is empty";
  if (text == "?") return "is missing ('?')";
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size())
    return fmt::format("is '{}', beyond float32", shown_field(text));
  if (error != std::errc() || end != text.data() + text.size())
    return fmt::format("is '{}', which is no number", shown_field(text));
  return check_sensor_number(number, value);
}

}  // namespace tessera
