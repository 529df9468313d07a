#include "cli/renamed_words.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::cli {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool begins_with(const std::vector<std::string>& words, std::string_view with) {
  const std::vector<std::string> first = split(with);
  return words.size() >= first.size() && std::equal(first.begin(), first.end(), words.begin());
}

std::string note(std::string_view old, std::string_view now) {
  return fmt::format("'{}' is now '{}'; the old name goes with the next version", old, now);
}

// "--inner" and "--inner=x", nothing longer.
bool is_option(std::string_view word, std::string_view option) {
  return word == option ||
         (word.size() > option.size() && word.starts_with(option) && word[option.size()] == '=');
}

}  // namespace

std::span<const RenamedWords> renamed_words() {
  static constexpr RenamedWords kRenamed[] = {
      {"", "parity", "verify --part"},
      {"", "norms", "tune norms"},
      {"", "package verify", "package check"},
      {"verify", "--judge", "--reference-backend"},
      {"verify", "--inner", "--intermediates"},
      {"verify", "--no-inner", "--no-intermediates"},
      {"bisect", "--culprits", "--contributors"},
      {"build", "--observer", "--range-estimator"},
      {"build", "--calib-length", "--array-length"},
      {"calibrate", "--calib-length", "--array-length"},
      {"tune norms", "--calib-length", "--array-length"},
      {"build", "--one-length", "--fixed-length"},
      {"plan", "--one-length", "--fixed-length"},
      {"verify", "--one-length", "--fixed-length"},
      {"tune norms", "--one-length", "--fixed-length"},
  };
  return kRenamed;
}

CurrentWords with_current_names(std::vector<std::string> words) {
  CurrentWords current{std::move(words), {}};
  std::vector<std::string>& line = current.words;
  for (const RenamedWords& renamed : renamed_words()) {
    if (renamed.command.empty()) {
      if (!begins_with(line, renamed.old)) continue;
      const std::vector<std::string> now = split(renamed.now);
      line.erase(line.begin(),
                 line.begin() + static_cast<std::ptrdiff_t>(split(renamed.old).size()));
      line.insert(line.begin(), now.begin(), now.end());
      current.notes.push_back(note(renamed.old, renamed.now));
      continue;
    }
    if (!begins_with(line, renamed.command)) continue;
    for (std::string& word : line) {
      if (word == "--") break;
      if (!is_option(word, renamed.old)) continue;
      word.replace(0, renamed.old.size(), renamed.now);
      current.notes.push_back(note(renamed.old, renamed.now));
    }
  }
  return current;
}

}  // namespace tessera::cli
