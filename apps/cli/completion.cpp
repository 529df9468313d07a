// tessera completion: scripts for bash, zsh and fish, made from the parser itself so that they
// always know what the parser knows.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"

namespace tessera::cli {
namespace {

struct OptionWords {
  std::vector<std::string> spellings;  // "-o", "--output"; none for a positional
  std::vector<std::string> choices;    // {a,b} of its type name; empty: any text or file
  std::string description;
  bool takes_value = false;
};

struct CommandWords {
  std::string name;
  std::string summary;
  std::vector<OptionWords> options;
};

std::vector<std::string> choices_in(const std::string& type_name) {
  std::vector<std::string> choices;
  const size_t begin = type_name.find('{');
  const size_t end = type_name.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::string word;
  for (const char c : type_name.substr(begin + 1, end - begin - 1) + ",") {
    if (c != ',') {
      word += c;
    } else if (!word.empty()) {
      choices.push_back(std::move(word));
      word.clear();
    }
  }
  return choices;
}

std::vector<CommandWords> words_of(const CLI::App& program) {
  std::vector<CommandWords> commands;
  for (const CLI::App* app : program.get_subcommands({})) {
    CommandWords command{app->get_name(), app->get_description(), {}};
    for (const CLI::Option* option : app->get_options()) {
      OptionWords words;
      for (const std::string& name : option->get_snames()) words.spellings.push_back("-" + name);
      for (const std::string& name : option->get_lnames()) words.spellings.push_back("--" + name);
      words.choices = choices_in(option->get_type_name());
      words.description = option->get_description();
      words.takes_value = option->get_items_expected_max() > 0;
      command.options.push_back(std::move(words));
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

std::string bash_script(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  std::string values, words;
  for (const CommandWords& command : commands) {
    names.push_back(command.name);
    std::vector<std::string> options, positionals;
    for (const OptionWords& option : command.options) {
      options.insert(options.end(), option.spellings.begin(), option.spellings.end());
      if (option.spellings.empty()) {
        positionals.insert(positionals.end(), option.choices.begin(), option.choices.end());
      }
      if (option.spellings.empty() || !option.takes_value) continue;
      for (const std::string& spelling : option.spellings) {
        values += fmt::format("    '{} {}') words='{}' ;;\n", command.name, spelling,
                              fmt::join(option.choices, " "));
      }
    }
    words += fmt::format("    '{} -'*) words='{}' ;;\n", command.name, fmt::join(options, " "));
    if (!positionals.empty()) {
      words +=
          fmt::format("    '{} '*) words='{}' ;;\n", command.name, fmt::join(positionals, " "));
    }
  }
  return fmt::format(
      R"(# bash completion for tessera; load with: source <(tessera completion bash)
_tessera() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{} --help --version' -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}} $previous" in
{}    *) case "${{COMP_WORDS[1]}} $current" in
{}    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _tessera tessera
)",
      fmt::join(names, " "), values, words);
}

// Text inside single quotes for zsh and fish.
std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Also escapes what _arguments and _describe read as punctuation.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_script(const std::vector<CommandWords>& commands) {
  std::string list, cases;
  for (const CommandWords& command : commands) {
    list += fmt::format("    {}\n", single_quoted(command.name + ":" + zsh_text(command.summary)));
    std::string arguments;
    for (const OptionWords& option : command.options) {
      const std::string value =
          option.choices.empty() ? "_files" : fmt::format("({})", fmt::join(option.choices, " "));
      if (option.spellings.empty()) {
        arguments += " \\\n        " + single_quoted("*:argument:" + value);
      }
      for (const std::string& spelling : option.spellings) {
        std::string entry = fmt::format("*{}[{}]", spelling, zsh_text(option.description));
        if (option.takes_value) entry += ":value:" + value;
        arguments += " \\\n        " + single_quoted(entry);
      }
    }
    cases += fmt::format("    {})\n      _arguments{} ;;\n", command.name, arguments);
  }
  return fmt::format(
      R"(#compdef tessera
# zsh completion for tessera; load with: source <(tessera completion zsh)
_tessera() {{
  local -a commands
  commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{}  esac
}}
compdef _tessera tessera
)",
      list, cases);
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string text = "# fish completion for tessera; load with: tessera completion fish | source\n";
  for (const CommandWords& command : commands) {
    text += fmt::format("complete -c tessera -n __fish_use_subcommand -f -a {} -d {}\n",
                        command.name, single_quoted(command.summary));
    const std::string seen =
        single_quoted(fmt::format("__fish_seen_subcommand_from {}", command.name));
    for (const OptionWords& option : command.options) {
      std::string line = fmt::format("complete -c tessera -n {}", seen);
      for (const std::string& spelling : option.spellings) {
        const bool is_long = spelling.starts_with("--");
        line += fmt::format(" {} {}", is_long ? "-l" : "-s", spelling.substr(is_long ? 2 : 1));
      }
      if (!option.choices.empty()) {
        line += fmt::format(" {} -a {}", option.spellings.empty() ? "-f" : "-x",
                            single_quoted(fmt::format("{}", fmt::join(option.choices, " "))));
      } else if (option.spellings.empty()) {
        continue;  // files: fish's default
      } else if (option.takes_value) {
        line += " -r";
      }
      text += line + fmt::format(" -d {}\n", single_quoted(option.description));
    }
  }
  return text;
}

}  // namespace

Action define_completion(CommandLine& app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "The shell to complete in")
      ->required()
      ->one_of({"bash", "zsh", "fish"})
      ->type_name("{bash,zsh,fish}");
  app.footer(
      "Examples:\n"
      "  source <(tessera completion bash)        this session\n"
      "  tessera completion bash > ~/.local/share/bash-completion/completions/tessera\n"
      "  tessera completion fish | source");
  return [shell, &app](Console& console) -> Result<Document> {
    const auto commands = words_of(*app.parser().get_parent());
    console.print("{}", *shell == "bash"  ? bash_script(commands)
                        : *shell == "zsh" ? zsh_script(commands)
                                          : fish_script(commands));
    return Document{};
  };
}

}  // namespace tessera::cli
