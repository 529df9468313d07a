// Reads target files. They are data from anywhere: every entry is checked, and what is not known is
// refused by name and line.
#include "target/toml_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "target/quantity_bounds.h"
#include "target/target_parameters.h"
#include "tessera/compiler/target.h"
#include "tessera/file.h"

namespace tessera {

using namespace target_file;  // NOLINT(google-build-using-namespace): its own parts

namespace {

constexpr uint64_t kTargetLimitBytes = uint64_t{1} << 20;
constexpr int64_t kSchema = 1;

Result<void> check_unit(const toml::table& table, std::string_view wanted, const Place& place) {
  TESSERA_TRY(const std::string unit, text_at(table, "unit", place));
  if (unit == wanted) return {};
  return place.in("unit").error(*table.get("unit"),
                                fmt::format("must be \"{}\", not \"{}\"", wanted, unit));
}

Result<std::vector<DataPoint>> data_points_of(const toml::table& table, const Place& place) {
  std::vector<DataPoint> result;
  // "witnesses" is their former name.
  const std::string_view key = table.contains("witnesses") ? "witnesses" : "data_points";
  const toml::node* node = table.get(key);
  if (node == nullptr) return result;
  const Place here = place.in(key);
  if (!node->is_array()) return here.error(*node, "must be an array of tables");
  for (const toml::node& item : *node->as_array()) {
    const toml::table* one = item.as_table();
    if (one == nullptr) return here.error(item, "must be an array of tables");
    TESSERA_TRY_VOID(only_keys(*one, here, {"value", "outcome", "source"}));
    DataPoint point;
    TESSERA_TRY(point.value, count_at(*one, "value", here, 0));
    TESSERA_TRY(point.outcome, text_at(*one, "outcome", here));
    TESSERA_TRY(point.source, text_at(*one, "source", here));
    if (point.outcome != "passes" && point.outcome != "probably passes" &&
        point.outcome != "fails") {
      return here.in("outcome").error(*one->get("outcome"),
                                      "must be \"passes\", \"probably passes\" or \"fails\"");
    }
    result.push_back(std::move(point));
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const DataPoint& a, const DataPoint& b) { return a.value < b.value; });
  return result;
}

Result<Limit> parse_limit(const toml::table& table, const TargetKey& key, const Place& place) {
  TESSERA_TRY_VOID(only_keys(
      table, place, {"unit", "max", "pass", "fail", "source", "data_points", "witnesses"}));
  TESSERA_TRY_VOID(check_unit(table, key.unit, place));
  Limit limit;
  limit.unit = key.unit;
  TESSERA_TRY(limit.source, text_at(table, "source", place));
  TESSERA_TRY(limit.data_points, data_points_of(table, place));
  if (table.contains("max")) {
    if (table.contains("pass") || table.contains("fail")) {
      return place.error(table, "has max beside pass or fail: max says both");
    }
    TESSERA_TRY(const int64_t most, count_at(table, "max", place, 0));
    limit.pass = most;
    limit.fail = most + 1;
    return limit;
  }
  if (table.contains("pass")) {
    TESSERA_TRY(limit.pass, count_at(table, "pass", place, 0));
  }
  if (table.contains("fail")) {
    TESSERA_TRY(limit.fail, count_at(table, "fail", place, 1));
  }
  if (!limit.pass && !limit.fail) return place.error(table, "needs max, pass or fail");
  if (limit.pass && limit.fail && *limit.pass >= *limit.fail) {
    return place.error(table, fmt::format("passes up to {} but fails from {}: pass must be smaller",
                                          *limit.pass, *limit.fail));
  }
  return limit;
}

Result<std::vector<std::string>> words_at(const toml::table& table, std::string_view key,
                                          const Place& place) {
  std::vector<std::string> words;
  const toml::node* node = table.get(key);
  if (node == nullptr) return words;
  const Place here = place.in(key);
  if (!node->is_array()) return here.error(*node, "must be a list of words");
  for (const toml::node& item : *node->as_array()) {
    const auto* word = item.as_string();
    if (word == nullptr) return here.error(item, "must be a list of words");
    words.push_back(word->get());
  }
  return words;
}

Result<Support> parse_support(const toml::table& table, const TargetKey&, const Place& place) {
  TESSERA_TRY_VOID(only_keys(table, place, {"supported", "unsupported", "source"}));
  Support support;
  TESSERA_TRY(support.source, text_at(table, "source", place));
  TESSERA_TRY(support.supported, words_at(table, "supported", place));
  TESSERA_TRY(support.unsupported, words_at(table, "unsupported", place));
  for (const std::string& word : support.supported) {
    const auto& no = support.unsupported;
    if (std::find(no.begin(), no.end(), word) != no.end()) {
      return place.error(table, fmt::format("calls \"{}\" both supported and unsupported", word));
    }
  }
  return support;
}

Result<Quantity> parse_quantity(const toml::table& table, const TargetKey& key,
                                const Place& place) {
  TESSERA_TRY_VOID(only_keys(table, place, {"unit", "value", "source"}));
  TESSERA_TRY_VOID(check_unit(table, key.unit, place));
  Quantity quantity;
  quantity.unit = key.unit;
  TESSERA_TRY(quantity.source, text_at(table, "source", place));
  const toml::node* value = table.get("value");
  if (value == nullptr) return place.in("value").error(table, "is missing");
  quantity.value = value->value<double>().value_or(0);
  const std::string fault =
      value->is_number() ? fault_of(key, quantity.value) : "must be a number above 0";
  if (!fault.empty()) return place.in("value").error(*value, fault);
  return quantity;
}

// One section: every known entry, no other. All missing entries are named at once.
template <typename Entry, typename Parse>
Result<std::map<std::string, Entry, std::less<>>> parse_section(const toml::table& file,
                                                                TargetSection section, Parse parse,
                                                                Architecture architecture,
                                                                const std::string& origin) {
  const Place top{origin, ""};
  const Place here = top.in(to_string(section));
  TESSERA_TRY(const toml::table* table, table_at(file, to_string(section), top));
  std::map<std::string, Entry, std::less<>> entries;
  std::vector<std::string> missing;
  std::set<std::string_view> known;
  for (const TargetKey& key : target_keys()) {
    if (key.section != section || !key.belongs_to(architecture)) continue;
    known.insert(key.name);
    if (!table->contains(key.name)) {
      if (!key.optional) missing.emplace_back(key.name);
      continue;
    }
    TESSERA_TRY(const toml::table* one, table_at(*table, key.name, here));
    TESSERA_TRY(Entry entry, parse(*one, key, here.in(key.name)));
    entries.emplace(key.name, std::move(entry));
  }
  for (const auto& [key, value] : *table) {
    if (known.count(key.str()) == 0) {
      return here.in(key.str()).error(value, fmt::format("is not an entry of a target file "
                                                         "(known here: {})",
                                                         fmt::join(known, ", ")));
    }
  }
  if (!missing.empty()) {
    return here.error(*table, fmt::format("lacks {}", fmt::join(missing, ", ")));
  }
  return entries;
}

// toml++ 3.3 cannot be trusted with every byte, and target files need none but these.
Result<void> check_plain_text(std::string_view text, const std::string& origin) {
  int64_t line = 1;
  for (const char c : text) {
    line += c == '\n';
    if ((c >= ' ' && c <= '~') || c == '\n' || c == '\t' || c == '\r') continue;
    return TESSERA_ERROR(kCorrupt, fmt::format("{}:{}", origin, line),
                         fmt::format("not plain text: byte 0x{:02x}", static_cast<uint8_t>(c)),
                         "write target files in ASCII");
  }
  return {};
}

}  // namespace

Result<Target> parse_target(std::string_view text, const std::string& origin) {
  TESSERA_TRY_VOID(check_plain_text(text, origin));
  toml::parse_result parsed;
  try {
    parsed = toml::parse(text);
  } catch (const internal::TomlAssertion&) {
    return TESSERA_ERROR(kCorrupt, origin, "not TOML: a character where none may stand",
                         "look at the keys and the names in brackets");
  }
  if (!parsed) {
    const auto& error = parsed.error();
    return TESSERA_ERROR(
        kCorrupt, fmt::format("{}:{}", origin, error.source().begin.line),
        fmt::format("not TOML: {}", error.description()),
        fmt::format("correct column {} of that line", error.source().begin.column));
  }
  const toml::table& file = parsed.table();
  const Place top{origin, ""};
  TESSERA_TRY_VOID(only_keys(file, top,
                             {"schema", "name", "summary", "architecture", "arithmetic", "limits",
                              "support", "units", "costs", "parameters"}));
  TESSERA_TRY(const int64_t schema, count_at(file, "schema", top, 1));
  if (schema != kSchema) {
    return top.in("schema").error(
        *file.get("schema"),
        fmt::format("is {}, and this Tessera reads schema {}", schema, kSchema));
  }
  Target target;
  TESSERA_TRY(target.name, text_at(file, "name", top));
  TESSERA_TRY(target.summary, text_at(file, "summary", top));
  TESSERA_TRY(const std::string architecture,
              word_at(file, "architecture", top, {"clusters", "sequential"}));
  const bool sequential = architecture == to_string(Architecture::sequential);
  const Architecture kind = sequential ? Architecture::sequential : Architecture::clusters;
  target.architecture = kind;
  if (file.contains("arithmetic")) {
    TESSERA_TRY(const std::string name, text_at(file, "arithmetic", top));
    const auto arithmetic = integer_arithmetic_of(name);
    if (!arithmetic) {
      return top.in("arithmetic")
          .error(*file.get("arithmetic"),
                 fmt::format("is \"{}\", and must be \"onnx\" or \"tflite\"", name));
    }
    target.arithmetic = *arithmetic;
  }
  using enum TargetSection;
  TESSERA_TRY(target.limits, parse_section<Limit>(file, limits, parse_limit, kind, origin));
  TESSERA_TRY(target.support, parse_section<Support>(file, support, parse_support, kind, origin));
  TESSERA_TRY(target.units, parse_section<Quantity>(file, units, parse_quantity, kind, origin));
  TESSERA_TRY(target.costs, parse_section<Quantity>(file, costs, parse_quantity, kind, origin));
  TESSERA_TRY(target.parameters, parse_parameters(file, kind, top));
  settle(target);
  return target;
}

Result<Target> read_target(const std::filesystem::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kTargetLimitBytes));
  const std::string text(bytes.begin(), bytes.end());
  TESSERA_TRY(Target target, parse_target(text, path.string()));
  target.file = path;
  return target;
}

}  // namespace tessera
