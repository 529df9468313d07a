#include "sweep/definition_cases.h"

namespace tessera::sweep_file {
namespace {

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@";
constexpr size_t kLongestName = 200;

Result<void> check_name(const std::string& name, const toml::node& at, const SweepText& origin) {
  const bool sound = !name.empty() && name.size() <= kLongestName && name[0] != '.' &&
                     name.find_first_not_of(kNameCharacters) == std::string::npos;
  if (sound) return {};
  return origin.error(at, fmt::format("\"{}\" cannot be the name of a case: letters, digits, '_', "
                                      "'-', '.' and '@', at most {}, the first no '.'",
                                      name, kLongestName));
}

Result<void> check_profiles(const std::vector<std::string>& profiles, const toml::table& table,
                            const SweepText& origin) {
  for (const std::string& profile : profiles) {
    if (profile == "quick" || profile == "full" || profile == "focused" || profile == "extended")
      continue;
    return origin.error(
        *table.get("profiles"),
        fmt::format("\"{}\" is no profile (known: quick, full, focused, extended)", profile));
  }
  return {};
}

// What the case says and the defaults that its kind reads. What it says and its kind does not read
// is a mistake.
Result<Parameters> completed(const Parameters& own, const Parameters& defaults,
                             const toml::table& table, const SweepText& origin) {
  const bool of_file = own.has("model") || (!own.has("network") && defaults.has("model"));
  const std::string kind_name =
      of_file ? "model" : own.word("network", defaults.word("network", ""));
  if (of_file && own.has("network"))
    return origin.error(table, "has both \"network\" and \"model\": one of them");
  const NetworkKind* kind = find_network_kind(kind_name);
  if (kind == nullptr) return origin.error(table, "has neither \"network\" nor \"model\"");
  for (const auto& [name, value] : own.values()) {
    if (reads(*kind, name)) continue;
    return origin.error(
        table.get(name) == nullptr ? static_cast<const toml::node&>(table) : *table.get(name),
        fmt::format("a network of kind \"{}\" does not read \"{}\" (it reads: {})", kind->name,
                    name, kind->parameters));
  }
  Parameters all;
  for (const auto& [name, value] : defaults.values()) {
    if (reads(*kind, name) && !(of_file && name == "network")) all.set(name, value);
  }
  for (const auto& [name, value] : own.values()) all.set(name, value);
  if (of_file) all.erase("network");
  return all;
}

Result<void> append(SweepCase made, const toml::table& table, const SweepText& origin,
                    std::vector<SweepCase>& cases) {
  TESSERA_TRY_VOID(check_name(made.name, table, origin));
  if (cases.size() >= kMostCases) {
    Error error = origin.error(table, fmt::format("more than {} cases", kMostCases));
    error.code = ErrorCode::kResourceLimit;
    return error;
  }
  made.line = static_cast<int64_t>(table.source().begin.line);
  cases.push_back(std::move(made));
  return {};
}

// "{n_filters}" in a template becomes the case's value.
Result<std::string> filled(const std::string& text,
                           const std::map<std::string, std::string>& values, const toml::node& at,
                           const SweepText& origin) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      name += text[i];
      continue;
    }
    const size_t end = text.find('}', i);
    if (end == std::string::npos) return origin.error(at, "\"name\" has a '{' without its '}'");
    const std::string key = text.substr(i + 1, end - i - 1);
    const auto found = values.find(key);
    if (found == values.end())
      return origin.error(at, fmt::format("\"name\" asks for {{{}}}, which the grid lacks", key));
    name += found->second;
    i = end;
  }
  return name;
}

// One list of a grid.
struct Axis {
  std::string name;
  std::vector<ParameterValue> values;
  bool parameter = true;  // false: only a word of the names
};

Result<std::vector<Axis>> axes_of(const toml::table& table, const std::string& name_template,
                                  const SweepText& origin) {
  const toml::node* over = table.get("over");
  if (over == nullptr || !over->is_array() || over->as_array()->empty())
    return origin.error(over == nullptr ? table : *over,
                        "\"over\" must be a list of the keys that are lists, outermost first");
  std::vector<Axis> axes;
  for (const toml::node& item : *over->as_array()) {
    if (!item.is_string()) return origin.error(item, "\"over\" must be a list of keys");
    Axis axis{item.as_string()->get(), {}, true};
    const toml::node* list = table.get(axis.name);
    if (list == nullptr || !list->is_array() || list->as_array()->empty())
      return origin.error(item, fmt::format("\"{}\" must be a list of values", axis.name));
    const ParameterKey* key = find_parameter(axis.name);
    axis.parameter = key != nullptr;
    if (key == nullptr && name_template.find(fmt::format("{{{}}}", axis.name)) == std::string::npos)
      return origin.error(item,
                          fmt::format("\"{}\" is neither a parameter nor in \"name\"", axis.name));
    for (const toml::node& value : *list->as_array()) {
      const ParameterKey word{axis.name, ParameterKind::text, 0, 0, "", ""};
      const ParameterKey number{axis.name, ParameterKind::count, 0, int64_t{1} << 31, "", ""};
      TESSERA_TRY(ParameterValue made, value_of(value,
                                                key != nullptr       ? *key
                                                : value.is_integer() ? number
                                                                     : word,
                                                origin));
      axis.values.push_back(std::move(made));
    }
    axes.push_back(std::move(axis));
  }
  return axes;
}

}  // namespace

Result<Parameters> parameters_of(const toml::table& table, std::string_view where,
                                 std::initializer_list<std::string_view> others,
                                 const SweepText& origin) {
  std::vector<std::string_view> known(others);
  for (const ParameterKey& key : parameter_keys()) known.push_back(key.name);
  TESSERA_TRY_VOID(only_keys(table, origin, where, known));
  Parameters parameters;
  for (const ParameterKey& key : parameter_keys()) {
    const toml::node* node = table.get(key.name);
    if (node == nullptr || node->is_array()) {
      if (node != nullptr && std::find(others.begin(), others.end(), "over") == others.end())
        return origin.error(*node,
                            fmt::format("\"{}\" is a list: lists stand in a [[grid]]", key.name));
      continue;
    }
    TESSERA_TRY(ParameterValue value, value_of(*node, key, origin));
    parameters.set(key.name, std::move(value));
  }
  return parameters;
}

Result<void> add_case(const toml::table& table, const Parameters& defaults, const SweepText& origin,
                      std::vector<SweepCase>& cases) {
  TESSERA_TRY(const Parameters own, parameters_of(table, "a case", {"name", "profiles"}, origin));
  SweepCase made;
  TESSERA_TRY(made.name, text_of(table, "name", origin, ""));
  TESSERA_TRY(made.profiles, texts_of(table, "profiles", origin));
  TESSERA_TRY_VOID(check_profiles(made.profiles, table, origin));
  TESSERA_TRY(made.parameters, completed(own, defaults, table, origin));
  return append(std::move(made), table, origin, cases);
}

Result<void> add_grid(const toml::table& table, const Parameters& defaults, const SweepText& origin,
                      std::vector<SweepCase>& cases) {
  TESSERA_TRY(const std::string name, text_of(table, "name", origin, ""));
  TESSERA_TRY(const std::vector<Axis> axes, axes_of(table, name, origin));
  // Lists under names of their own are known too.
  toml::table plain = table;
  for (const Axis& axis : axes) {
    if (!axis.parameter) plain.erase(axis.name);
  }
  TESSERA_TRY(const Parameters own,
              parameters_of(plain, "a grid", {"name", "profiles", "over"}, origin));
  for (const auto& [key, value] : plain) {
    const bool listed = std::any_of(axes.begin(), axes.end(),
                                    [&](const Axis& axis) { return axis.name == key.str(); });
    if (value.is_array() && !listed && key.str() != "over" && key.str() != "profiles")
      return origin.error(value,
                          fmt::format("the list \"{}\" is not named in \"over\"", key.str()));
  }
  TESSERA_TRY(const std::vector<std::string> profiles, texts_of(table, "profiles", origin));
  TESSERA_TRY_VOID(check_profiles(profiles, table, origin));

  std::vector<size_t> at(axes.size(), 0);
  while (true) {
    Parameters of_case = own;
    std::map<std::string, std::string> words;
    for (const auto& [key, value] : own.values()) words[key] = to_string(value);
    for (size_t i = 0; i < axes.size(); ++i) {
      const ParameterValue& value = axes[i].values[at[i]];
      words[axes[i].name] = to_string(value);
      if (axes[i].parameter) of_case.set(axes[i].name, value);
    }
    SweepCase made;
    made.profiles = profiles;
    TESSERA_TRY(made.name, filled(name, words, table, origin));
    TESSERA_TRY(made.parameters, completed(of_case, defaults, table, origin));
    TESSERA_TRY_VOID(append(std::move(made), table, origin, cases));
    size_t axis = axes.size();
    while (axis > 0 && ++at[axis - 1] == axes[axis - 1].values.size()) at[--axis] = 0;
    if (axis == 0) return {};
  }
}

}  // namespace tessera::sweep_file
