// tessera sweep list, show, new: definitions of sweeps.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "cli/output_files.h"
#include "cli/sweep_parts.h"
#include "cli/table.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

Document document_of(const SweepDefinition& definition) {
  Document profiles = Document::array();
  for (const SweepProfile& one : definition.profiles)
    profiles.push_back({{"name", one.name}, {"summary", one.summary}});
  return {{"name", definition.name},
          {"summary", definition.summary},
          {"stage", definition.stage},
          {"rule", to_string(definition.rule)},
          {"goal", to_string(definition.goal)},
          {"profiles", std::move(profiles)}};
}

std::string parameters_text(const Parameters& parameters) {
  std::vector<std::string> words;
  for (const ParameterKey& key : parameter_keys()) {
    const ParameterValue* value = parameters.find(key.name);
    if (value != nullptr) words.push_back(fmt::format("{}={}", key.name, to_string(*value)));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::vector<std::filesystem::path> preset_folders() {
  std::error_code ignored;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path folder = program.parent_path();
  return {(folder / "../share/tessera/presets").lexically_normal(),
          (folder / "../../../presets").lexically_normal()};
}

std::string preset_type() {
  std::string type = "{";
  for (const SweepFile& file : list_sweeps(preset_folders())) type += file.name + ",";
  return type + "FILE.toml}";
}

Result<Document> list_presets(Console& console) {
  Table table;
  table.add_columns({"preset", "rule", "summary", "profiles"});
  table.add_column("cases", Table::Align::right);
  Document presets = Document::array();
  for (const SweepFile& file : list_sweeps(preset_folders())) {
    TESSERA_TRY(const SweepDefinition definition, read_sweep(file.path));
    std::vector<std::string> profiles;
    for (const SweepProfile& one : definition.profiles) profiles.push_back(one.name);
    TESSERA_TRY(const SweepDefinition selected, definition.selected("", ""));
    table.add_row({file.name, std::string(to_string(definition.rule)),
                   printable_line(definition.summary), fmt::format("{}", fmt::join(profiles, ", ")),
                   grouped(static_cast<int64_t>(selected.cases.size()))});
    Document entry = document_of(definition);
    entry["cases"] = selected.cases.size();
    entry["file"] = file.path.string();
    presets.push_back(std::move(entry));
  }
  console.print("{}", table.to_string());
  return Document{{"presets", std::move(presets)}};
}

Result<Document> show_preset(const ShowArguments& options, Console& console) {
  TESSERA_TRY(const SweepDefinition definition, find_sweep(options.preset, preset_folders()));
  if (options.as_file) {
    console.print("{}", definition.text);
    return Document{{"name", definition.name}, {"toml", definition.text}};
  }
  TESSERA_TRY(const SweepDefinition selected, definition.selected(options.profile, ""));
  console.print("{}: {}\nrule {}, goal {}, {}\n", printable_line(definition.name),
                printable_line(definition.summary), to_string(selected.rule),
                to_string(selected.goal), counted(selected.cases.size(), "case"));
  for (const SweepProfile& one : definition.profiles) {
    console.print("  profile {}{}: {}\n", one.name,
                  one.name == selected.default_profile ? " (shown)" : "",
                  printable_line(one.summary));
  }
  Table table;
  table.add_columns({"case", "parameters"});
  Document cases = Document::array();
  for (const SweepCase& one : selected.cases) {
    table.add_row({one.name, printable_line(parameters_text(one.parameters))});
    Document parameters = Document::object();
    for (const auto& [name, value] : one.parameters.values())
      std::visit([&](const auto& plain) { parameters[name] = plain; }, value);
    cases.push_back({{"case", one.name}, {"parameters", std::move(parameters)}});
  }
  console.print("\n{}", table.to_string());
  Document document = document_of(definition);
  document["rule"] = to_string(selected.rule);
  document["profile"] = selected.default_profile;
  document["cases"] = std::move(cases);
  return document;
}

Result<Document> write_new_sweep(const NewArguments& options, Console& console) {
  const std::filesystem::path path(options.file);
  TESSERA_TRY_VOID(check_writable(path, {.force = options.force}));
  TESSERA_TRY_VOID(
      write_file_atomically(path, sweep_template(path.stem().string()), {.force = options.force}));
  console.print("{}: a sweep that runs as it is: tessera sweep {}\n", options.file,
                options.file.find('/') == std::string::npos && !options.file.ends_with(".toml")
                    ? "./" + options.file
                    : options.file);
  return Document{{"file", options.file}};
}

}  // namespace tessera::cli
