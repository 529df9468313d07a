// What may stand in place of the last word of a command line that is being typed, taken from the
// parser itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace tessera::cli {

struct CompletionWord {
  std::string text;
  std::string description;  // one line; of commands and options
};

// Paths that fit besides the words: the shell completes these itself.
enum class CompletionPaths : uint8_t { none, files, folders };

struct Completions {
  std::vector<CompletionWord> words;  // each begins with what is typed
  CompletionPaths paths = CompletionPaths::none;
};

// `typed`: the words after the program's name, the last being the one to complete, maybe empty. An
// "=" may be a word of its own, as in bash.
Completions complete(const CLI::App& program, std::vector<std::string> typed);

}  // namespace tessera::cli
