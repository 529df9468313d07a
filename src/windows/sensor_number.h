// Numbers in text files of sensors.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tessera {

// Why a field is no value of a sensor; none for a finite number, which goes to `value`.
std::optional<std::string> read_sensor_number(std::string_view field, float& value);

// The same of a number that was read already.
std::optional<std::string> check_sensor_number(double number, float& value);

// Without white space around it.
std::string_view trimmed_field(std::string_view field);

}  // namespace tessera
