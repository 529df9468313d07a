// What messages tell people to do exists: every --option and every `tessera COMMAND` that a source
// names in a string is one of the command line (docs/cli.md, which a test keeps to --help).
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = TESSERA_SOURCE_DIR;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) {
    found.push_back((*i)[1].str());
  }
  return found;
}

std::vector<fs::path> sources(std::initializer_list<const char*> folders) {
  std::vector<fs::path> files;
  for (const char* folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) {
      const fs::path extension = entry.path().extension();
      if (extension == ".cpp" || extension == ".h") files.push_back(entry.path());
    }
  }
  return files;
}

// Options of every command, "" for all together. Commands with commands of their own (target,
// package) have in their reference only what is common to these: they are held to all together.
std::map<std::string, std::set<std::string>> command_line() {
  static const std::regex kOption("(--[a-z][a-z0-9-]*)");
  static const std::regex kDefined("add_(?:option|flag|choice)\\(\\s*\"([^\"]*)\"");
  std::map<std::string, std::set<std::string>> commands;
  for (const fs::path& path : sources({"apps"})) {
    for (const std::string& names : matches(text_of(path), kDefined)) {
      for (const std::string& option : matches(names, kOption)) commands[""].insert(option);
    }
  }
  std::istringstream reference(text_of(kSource / "docs/cli.md"));
  std::string command;
  std::string line;
  while (std::getline(reference, line)) {
    if (line.starts_with("## tessera ")) command = line.substr(11);
    if (!line.starts_with("  ")) continue;  // examples and prose
    for (const std::string& option : matches(line, kOption)) {
      commands[command].insert(option);
      commands[""].insert(option);
    }
  }
  for (const char* nested : {"target", "package", "hef", "har"}) commands[nested] = commands.at("");
  return commands;
}

// The strings of a source, those that follow each other as one.
std::vector<std::string> strings_of(const fs::path& path) {
  const std::string source = text_of(path);
  std::vector<std::string> strings;
  bool joins = false;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source.compare(i, 2, "//") == 0) {
      i = std::min(source.find('\n', i), source.size());
    } else if (source[i] == '\'') {  // a character
      i += source[i + 1] == '\\' ? 3 : 2;
    } else if (source[i] == '"') {
      if (!joins) strings.emplace_back();
      for (++i; i < source.size() && source[i] != '"'; ++i) {
        const bool escaped = source[i] == '\\';
        if (escaped) ++i;
        strings.back() += escaped && source[i] == 'n' ? ' ' : source[i];
      }
      joins = true;
    } else if (std::isspace(static_cast<unsigned char>(source[i])) == 0) {
      joins = false;
    }
  }
  return strings;
}

TEST(Messages, NameOptionsThatExist) {
  static const std::regex kOption("(?:^|[^-a-zA-Z0-9_])(--[a-z][a-z0-9-]*)");
  const auto commands = command_line();
  ASSERT_GT(commands.at("").size(), 40U);
  int64_t named = 0;
  for (const fs::path& path : sources({"src", "apps"})) {
    // Names of before, and options of a vendor's tools.
    if (path.filename() == "renamed_words.cpp" ||
        path.string().find("/vendor/") != std::string::npos)
      continue;
    for (const std::string& text : strings_of(path)) {
      for (const std::string& option : matches(text, kOption)) {
        ++named;
        const bool is_of_another_tool = text.find("timeout " + option) != std::string::npos ||
                                        text.find("curl " + option) != std::string::npos;
        EXPECT_TRUE(is_of_another_tool || commands.at("").contains(option)) << path << ": " << text;
      }
    }
  }
  EXPECT_GT(named, 100);
}

TEST(Messages, NameCommandsThatExistAndHaveTheOptionsNamedWithThem) {
  static const std::regex kCall("(?:'|`)tessera ([a-z]+[^'`]*)(?:'|`)");
  static const std::regex kOption("(--[a-z][a-z0-9-]*)");
  const auto commands = command_line();
  int64_t named = 0;
  for (const fs::path& path : sources({"src", "apps"})) {
    for (const std::string& text : strings_of(path)) {
      for (const std::string& call : matches(text, kCall)) {
        ++named;
        const std::string command = call.substr(0, call.find(' '));
        ASSERT_TRUE(commands.contains(command)) << path << ": " << text;
        for (const std::string& option : matches(call, kOption)) {
          EXPECT_TRUE(commands.at(command).contains(option)) << path << ": " << text;
        }
      }
    }
  }
  EXPECT_GT(named, 20);
}

}  // namespace
