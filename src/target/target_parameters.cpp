// Parameters of a target: configurations of one chip, of which a file chooses one each.
#include "target/target_parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "target/quantity_bounds.h"

namespace tessera::target_file {
namespace {

// The numbers of one choice, each of a known entry of units or costs.
Result<std::map<std::string, double, std::less<>>> parse_choice(const toml::table& table,
                                                                Architecture architecture,
                                                                const Place& place) {
  std::map<std::string, double, std::less<>> values;
  for (const auto& [name, node] : table) {
    const Place here = place.in(name.str());
    const TargetKey* key = quantity_key(name.str(), architecture);
    if (key == nullptr) return here.error(node, "is no entry of units or costs");
    const double value = node.value<double>().value_or(0);
    const std::string fault = node.is_number() ? fault_of(*key, value) : "must be a number";
    if (!fault.empty()) return here.error(node, fault);
    values.emplace(name.str(), value);
  }
  return values;
}

Result<TargetParameter> parse_parameter(const toml::table& table, Architecture architecture,
                                        const Place& place) {
  TESSERA_TRY_VOID(only_keys(table, place, {"meaning", "source", "chosen", "choices"}));
  TargetParameter parameter;
  TESSERA_TRY(parameter.meaning, text_at(table, "meaning", place));
  TESSERA_TRY(parameter.source, text_at(table, "source", place));
  TESSERA_TRY(parameter.chosen, text_at(table, "chosen", place));
  TESSERA_TRY(const toml::table* choices, table_at(table, "choices", place));
  for (const auto& [name, node] : *choices) {
    const Place here = place.in("choices").in(name.str());
    if (!node.is_table()) return here.error(node, "must be a table");
    TESSERA_TRY(auto values, parse_choice(*node.as_table(), architecture, here));
    parameter.choices.emplace(name.str(), std::move(values));
  }
  if (parameter.choices.contains(parameter.chosen)) return parameter;
  std::vector<std::string> names;
  for (const auto& [name, values] : parameter.choices) names.push_back(name);
  return place.in("chosen").error(
      *table.get("chosen"),
      fmt::format("is '{}', not one of its choices: {}", parameter.chosen, fmt::join(names, ", ")));
}

}  // namespace

Result<Parameters> parse_parameters(const toml::table& file, Architecture architecture,
                                    const Place& top) {
  Parameters parameters;
  if (!file.contains("parameters")) return parameters;
  TESSERA_TRY(const toml::table* table, table_at(file, "parameters", top));
  for (const auto& [name, node] : *table) {
    const Place here = top.in("parameters").in(name.str());
    if (!node.is_table()) return here.error(node, "must be a table");
    TESSERA_TRY(TargetParameter parameter, parse_parameter(*node.as_table(), architecture, here));
    parameters.emplace(name.str(), std::move(parameter));
  }
  return parameters;
}

// The file's own values are those of what it chooses.
void settle(Target& target) {
  for (const auto& [name, parameter] : target.parameters) {
    for (const auto& [key, value] : parameter.choices.find(parameter.chosen)->second) {
      const auto unit = target.units.find(key);
      Quantity& quantity =
          unit != target.units.end() ? unit->second : target.costs.find(key)->second;
      quantity.value = value;
    }
  }
}

}  // namespace tessera::target_file
