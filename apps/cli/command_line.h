// CommandLine: the options of a command and what their values may be. It is all of CLI11 that
// commands see: that library is large and header-only, so it is compiled where it is used, in a few
// files, and not in every command's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tessera::cli {

// One option. Each call returns the option again, so that calls chain.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(option) {}

  Option* required(bool value = true);
  // What stands for the value in --help. Words in capitals say what it is (FILE.wav, DIR, RULE, N);
  // those in small letters within braces are values themselves: {refuse,mix,N}. Completion offers
  // the files, folders, rules and values that a type names; "...", as in FILE... or RULE,..., means
  // several.
  Option* type_name(const std::string& text);
  // --help tells the default: the variable's value now, or `text`.
  Option* capture_default_str();
  Option* default_str(const std::string& text);
  // Whether one spelling takes several values: --reference a.wav b.wav. Without, it is repeated.
  Option* allow_extra_args(bool value);
  Option* delimiter(char separator);
  Option* excludes(const Option* other);
  Option* needs(const Option* other);

  // Other values are refused while parsing. one_of() also makes the type name: {a,b}; its
  // "mixed[=dB]" takes "mixed=" and anything, which the command judges.
  Option* one_of(const std::vector<std::string>& words);
  Option* within(double least, double most);
  Option* not_negative();
  Option* positive();

  // How many values were given.
  size_t count() const;

 private:
  CLI::Option& option_;
};

class CommandLine {
 public:
  // `app` must outlive it.
  explicit CommandLine(CLI::App& app) : app_(app) {}

  // An option "-o,--output" or a positional argument "MODEL", its value stored in `variable`, which
  // must live until the line is parsed. T: std::string, std::vector<std::string>, int, int64_t,
  // uint32_t, double, or std::optional of int, int64_t or double.
  template <typename T>
  Option* add_option(const std::string& names, T& variable, const std::string& description);
  // A value of an enumeration by its name, in capitals or not; the names are its type name.
  template <typename Enum>
  Option* add_choice(const std::string& names, Enum& variable, const std::string& description,
                     const std::vector<std::pair<std::string, Enum>>& values) {
    std::vector<std::string> words;
    words.reserve(values.size());
    for (const auto& [word, value] : values) words.push_back(word);
    return add_named(names, description, words,
                     [&variable, values](size_t i) { variable = values[i].second; });
  }
  // "--force", or "--intermediates,!--no-intermediates" where it can also be turned off.
  Option* add_flag(const std::string& names, bool& variable, const std::string& description);
  // An option added before.
  Option* get_option(const std::string& name);

  // A command of this command, which must then be given one, unless it does something without.
  CommandLine* add_subcommand(const std::string& name, const std::string& summary,
                              bool optional = false);
  bool parsed() const;

  // What --help ends with.
  void footer(std::string text);

  // For what is about the parser itself: main and completion.
  CLI::App& parser() { return app_; }

 private:
  Option* keep(CLI::Option* option);
  Option* add_named(const std::string& names, const std::string& description,
                    const std::vector<std::string>& words,
                    const std::function<void(size_t)>& store);

  CLI::App& app_;
  std::deque<Option> options_;  // handed out as pointers
  std::deque<CommandLine> subcommands_;
};

}  // namespace tessera::cli
