// What --help tells, for tests that must not forget a command, an option or a choice.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/tool.h"

namespace tessera {

using CommandPath = std::vector<std::string>;  // {"package", "check"}

inline std::string help_of(CommandPath command) {
  static std::map<CommandPath, std::string> known;
  const auto found = known.find(command);
  if (found != known.end()) return found->second;
  CommandPath words = command;
  words.emplace_back("--help");
  return known[command] = tessera_tool(words).out;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The lines of the sections of a command's help whose headlines begin like this ("Options:"), those
// that go on with the one before left out.
inline std::vector<std::string> help_entries(const CommandPath& command,
                                             const std::string& headline) {
  std::vector<std::string> entries;
  bool inside = false;
  for (const std::string& line : lines_of(help_of(command))) {
    if (line.empty()) inside = false;
    if (inside && line.starts_with("  ") && line[2] != ' ') entries.push_back(line.substr(2));
    if (line.starts_with(headline)) inside = true;
  }
  return entries;
}

inline std::string first_word(const std::string& text) {
  return text.substr(0, text.find(' '));
}

// Names of the commands of a command; {} is the program.
inline std::vector<std::string> commands_of(const CommandPath& command) {
  std::vector<std::string> names;
  const std::string headline = command.empty() ? "Commands " : "Subcommands:";
  for (const std::string& entry : help_entries(command, headline)) {
    names.push_back(first_word(entry));
  }
  return names;
}

// Every command and every command of one, the program first.
inline std::vector<CommandPath> every_command() {
  std::vector<CommandPath> all{{}};
  for (size_t i = 0; i < all.size(); ++i) {
    for (const std::string& name : commands_of(all[i])) {
      CommandPath nested = all[i];
      nested.push_back(name);
      all.push_back(std::move(nested));
    }
  }
  return all;
}

}  // namespace tessera
