// Commands and options under the names that they had before: they keep working for one version,
// with a note.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::cli {

// The words that begin a command line, or an option of one command, before and now. Words are
// separated by one space.
struct RenamedWords {
  std::string_view command;  // as it is called now; empty: `old` is a command itself
  std::string_view old;
  std::string_view now;
};
std::span<const RenamedWords> renamed_words();

struct CurrentWords {
  std::vector<std::string> words;  // of the command line, without the program's name
  std::vector<std::string> notes;  // one for each name that was replaced
};
CurrentWords with_current_names(std::vector<std::string> words);

}  // namespace tessera::cli
