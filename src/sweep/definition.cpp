#include "sweep/definition.h"

#include <algorithm>
#include <set>

#include "sweep/definition_cases.h"
#include "tessera/file.h"

namespace tessera {

using namespace sweep_file;  // NOLINT(google-build-using-namespace): its own parts

namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 20;
constexpr SweepRule kRules[] = {SweepRule::all, SweepRule::first_success, SweepRule::largest,
                                SweepRule::frontier};

Result<SweepRule> rule_of(const toml::table& table, const SweepText& origin) {
  TESSERA_TRY(const std::string word, text_of(table, "rule", origin, "all"));
  for (const SweepRule rule : kRules) {
    if (to_string(rule) == word) return rule;
  }
  return origin.error(
      *table.get("rule"),
      fmt::format("\"{}\" is no rule (known: all, first-success, largest, frontier)", word));
}

Result<void> read_profiles(const toml::table& file, const SweepText& origin,
                           SweepDefinition& definition) {
  const toml::node* node = file.get("profile");
  if (node == nullptr) return {};
  if (!node->is_array()) return origin.error(*node, "\"profile\" must be a list: [[profile]]");
  for (const toml::node& item : *node->as_array()) {
    const toml::table* table = item.as_table();
    if (table == nullptr) return origin.error(item, "\"profile\" must be a list: [[profile]]");
    constexpr std::string_view kKnown[] = {"name", "summary", "rule"};
    TESSERA_TRY_VOID(only_keys(*table, origin, "a profile", std::span(kKnown)));
    SweepProfile profile;
    TESSERA_TRY(profile.name, text_of(*table, "name", origin, ""));
    TESSERA_TRY(profile.summary, text_of(*table, "summary", origin, profile.name));
    if (profile.name != "quick" && profile.name != "full" && profile.name != "focused" &&
        profile.name != "extended")
      return origin.error(*table->get("name"),
                          fmt::format("\"{}\" is no profile (known: quick, full, focused, "
                                      "extended)",
                                      profile.name));
    if (table->contains("rule")) {
      TESSERA_TRY(profile.rule, rule_of(*table, origin));
    }
    definition.profiles.push_back(std::move(profile));
  }
  if (!definition.profiles.empty()) definition.default_profile = definition.profiles[0].name;
  return {};
}

// Cases and grids come in the order of their lines, whichever of both they are.
Result<void> read_cases(const toml::table& file, const SweepText& origin,
                        SweepDefinition& definition) {
  Parameters defaults;
  if (const toml::node* node = file.get("defaults"); node != nullptr) {
    if (!node->is_table()) return origin.error(*node, "\"defaults\" must be a table");
    TESSERA_TRY(defaults, parameters_of(*node->as_table(), "the defaults", {}, origin));
  }
  std::vector<std::pair<const toml::table*, bool>> tables;  // and whether it is a grid
  for (const char* key : {"case", "grid"}) {
    const toml::node* node = file.get(key);
    if (node == nullptr) continue;
    if (!node->is_array())
      return origin.error(*node, fmt::format("\"{0}\" must be a list: [[{0}]]", key));
    for (const toml::node& item : *node->as_array()) {
      if (!item.is_table())
        return origin.error(item, fmt::format("\"{0}\" must be a list: [[{0}]]", key));
      tables.emplace_back(item.as_table(), std::string_view(key) == "grid");
    }
  }
  if (tables.empty()) return origin.error(file, "has neither a [[case]] nor a [[grid]]");
  std::stable_sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) {
    return a.first->source().begin.line < b.first->source().begin.line;
  });
  for (const auto& [table, is_grid] : tables) {
    TESSERA_TRY_VOID(is_grid ? add_grid(*table, defaults, origin, definition.cases)
                             : add_case(*table, defaults, origin, definition.cases));
  }
  std::set<std::string_view> names;
  for (const SweepCase& one : definition.cases) {
    if (names.insert(one.name).second) continue;
    return TESSERA_ERROR(kInvalidArgument, fmt::format("{}:{}", origin.name, one.line),
                         fmt::format("a second case is named \"{}\"", one.name),
                         "a case's name is also its folder's");
  }
  return {};
}

Result<void> read_columns(const toml::table& file, const SweepText& origin,
                          SweepDefinition& definition) {
  TESSERA_TRY(definition.columns, texts_of(file, "columns", origin));
  for (const std::string& column : definition.columns) {
    if (find_parameter(column) == nullptr)
      return origin.error(*file.get("columns"), fmt::format("\"{}\" is no parameter", column));
  }
  return {};
}

}  // namespace

std::string_view to_string(SweepRule rule) {
  switch (rule) {
    case SweepRule::all: return "all";
    case SweepRule::first_success: return "first-success";
    case SweepRule::largest: return "largest";
    case SweepRule::frontier: return "frontier";
  }
  return "?";
}

std::string_view to_string(SweepGoal goal) {
  return goal == SweepGoal::har ? "har" : "hef";
}

Result<SweepDefinition> parse_sweep(std::string_view text, const std::string& origin_name) {
  try {
    toml::parse_result parsed = toml::parse(text, origin_name);
    if (!parsed) {
      return TESSERA_ERROR(kCorrupt,
                           fmt::format("{}:{}", origin_name, parsed.error().source().begin.line),
                           std::string(parsed.error().description()), std::string(kGuide));
    }
    const toml::table& file = parsed.table();
    const SweepText origin{origin_name};
    constexpr std::string_view kKnown[] = {"name",    "summary",  "stage",   "rule", "goal",
                                           "columns", "defaults", "profile", "case", "grid"};
    TESSERA_TRY_VOID(only_keys(file, origin, "a sweep", std::span(kKnown)));
    SweepDefinition definition;
    definition.text = text;
    TESSERA_TRY(definition.name, text_of(file, "name", origin, ""));
    if (definition.name.find_first_of("/\t\n\r ") != std::string::npos || definition.name[0] == '.')
      return origin.error(*file.get("name"), "\"name\" must be one word: folders are named by it");
    TESSERA_TRY(definition.summary, text_of(file, "summary", origin, definition.name));
    TESSERA_TRY(definition.stage, text_of(file, "stage", origin, definition.name));
    if (definition.stage.find_first_of("\t\n\r") != std::string::npos)
      return origin.error(*file.get("stage"), "\"stage\" must be one line without tabs");
    TESSERA_TRY(definition.rule, rule_of(file, origin));
    TESSERA_TRY(const std::string goal, text_of(file, "goal", origin, "hef"));
    if (goal != "har" && goal != "hef")
      return origin.error(*file.get("goal"), "\"goal\" must be \"har\" or \"hef\"");
    definition.goal = goal == "har" ? SweepGoal::har : SweepGoal::hef;
    TESSERA_TRY_VOID(read_columns(file, origin, definition));
    TESSERA_TRY_VOID(read_profiles(file, origin, definition));
    TESSERA_TRY_VOID(read_cases(file, origin, definition));
    return definition;
  } catch (const internal::TomlAssertion&) {
    return TESSERA_ERROR(kCorrupt, origin_name, "is no TOML", std::string(kGuide));
  }
}

Result<SweepDefinition> read_sweep(const std::filesystem::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMostBytes));
  TESSERA_TRY(
      SweepDefinition definition,
      parse_sweep({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string()));
  std::error_code ignored;
  definition.folder = std::filesystem::absolute(path, ignored).parent_path();
  return definition;
}

}  // namespace tessera
