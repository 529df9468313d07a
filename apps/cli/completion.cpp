// tessera completion: scripts for bash, zsh and fish. A script asks the tool itself what may stand
// in place of the word that is being typed, so that it always knows what the parser knows.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/completion_words.h"

namespace tessera::cli {
namespace {

constexpr std::string_view kBash =
    R"(# bash completion for tessera; load with: source <(tessera completion bash)
_tessera() {
  local paths='' current="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  {
    IFS= read -r paths
    mapfile -t COMPREPLY
  } < <("${COMP_WORDS[0]/#\~/$HOME}" completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case "$paths ${#COMPREPLY[@]}" in
    'files 0') compopt -o default ;;
    'folders 0') compopt -o dirnames ;;
    files*)
      compopt -o filenames
      [ "$current" != '=' ] || current=''
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}
complete -F _tessera tessera
)";

constexpr std::string_view kZsh = R"(#compdef tessera
# zsh completion for tessera; load with: source <(tessera completion zsh)
_tessera() {
  local paths
  local -a answer
  answer=("${(@f)$(${~words[1]} completion zsh -- "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  paths=$answer[1]
  shift answer
  (( $#answer )) && _describe value answer
  case $paths in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _tessera ]]; then
  _tessera "$@"
else
  compdef _tessera tessera
fi
)";

constexpr std::string_view kFish =
    R"(# fish completion for tessera; load with: tessera completion fish | source
function __tessera_complete
    set -l typed (commandline -opc) (commandline -ct)
    set -l answer ($typed[1] completion fish -- $typed[2..] 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path (commandline -ct)
        case folders
            __fish_complete_directories (commandline -ct) ''
    end
    for word in $answer[2..]
        echo $word
    end
end
complete -c tessera -f -a '(__tessera_complete)'
)";

struct Shell {
  std::string name;
  std::string_view script;
  std::string (*entry)(const CompletionWord& word);  // a line of what the script is answered
};

std::string bash_entry(const CompletionWord& word) {
  return word.text;
}

// A colon parts the word from its description.
std::string zsh_entry(const CompletionWord& word) {
  std::string entry;
  for (const char c : word.text) entry += c == ':' ? std::string("\\:") : std::string(1, c);
  return word.description.empty() ? entry : entry + ":" + word.description;
}

std::string fish_entry(const CompletionWord& word) {
  return word.description.empty() ? word.text : word.text + "\t" + word.description;
}

const std::vector<Shell>& shells() {
  static const std::vector<Shell> kShells = {
      {"bash", kBash, bash_entry}, {"zsh", kZsh, zsh_entry}, {"fish", kFish, fish_entry}};
  return kShells;
}

std::string_view to_string(CompletionPaths paths) {
  switch (paths) {
    case CompletionPaths::none: return "none";
    case CompletionPaths::files: return "files";
    case CompletionPaths::folders: return "folders";
  }
  return "";
}

// The kind of paths that fit, then a line for each word.
std::string answer_of(const Completions& completions, const Shell& shell) {
  std::string text = std::string(to_string(completions.paths)) + "\n";
  for (const CompletionWord& word : completions.words) text += shell.entry(word) + "\n";
  return text;
}

}  // namespace

Action define_completion(CommandLine& app) {
  struct Options {
    std::string shell;
    std::vector<std::string> typed;
  };
  auto options = std::make_shared<Options>();
  std::vector<std::string> names;
  for (const Shell& shell : shells()) names.push_back(shell.name);
  app.add_option("SHELL", options->shell, "The shell to complete in")->required()->one_of(names);
  // Not by add_option of CommandLine: the word that is being typed may be empty.
  app.parser()
      .add_option("WORD", options->typed,
                  "After --: the words typed so far; prints what may stand in place of the last, "
                  "as the script asks")
      ->type_name("TEXT");
  app.footer(
      "Examples:\n"
      "  source <(tessera completion bash)    # this session; in ~/.bashrc: every one\n"
      "  source <(tessera completion zsh)     # in ~/.zshrc after compinit\n"
      "  tessera completion fish | source     # in ~/.config/fish/config.fish");
  return [options, &app](Console& console) -> Result<Document> {
    const auto shell = std::find_if(shells().begin(), shells().end(),
                                    [&](const Shell& one) { return one.name == options->shell; });
    if (app.parser().get_option("WORD")->count() == 0) {
      console.print("{}", shell->script);
    } else {
      const CLI::App& program = *app.parser().get_parent();
      console.print("{}", answer_of(complete(program, options->typed), *shell));
    }
    return Document{};
  };
}

}  // namespace tessera::cli
