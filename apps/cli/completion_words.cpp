#include "cli/completion_words.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <CLI/CLI.hpp>

#include "tessera/compiler/rewrite.h"

namespace tessera::cli {
namespace {

// What an option's type name tells about its value; see Option::type_name().
struct ValueWords {
  std::vector<std::string> choices;
  CompletionPaths paths = CompletionPaths::none;
  bool is_list = false;  // a,b,c
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool is_capital(char c) {
  return std::isupper(static_cast<unsigned char>(c)) != 0;
}

// A word in capitals says what a value is: "FILE.wav" is a FILE.
void add_kind(const std::string& word, ValueWords& values) {
  const auto end = std::find_if_not(word.begin(), word.end(), is_capital);
  const std::string kind(word.begin(), end);
  if (kind == "FILE" || kind == "PATH") {
    values.paths = CompletionPaths::files;
  } else if (kind == "DIR") {
    values.paths = CompletionPaths::folders;
  } else if (kind == "RULE") {
    for (const ListedRule& listed : rewrite_rules()) {
      values.choices.emplace_back(listed.rule->name);
    }
  }
}

ValueWords values_of(const CLI::Option& option) {
  std::string type = option.get_type_name();
  ValueWords values;
  values.is_list = type.find(",...") != std::string::npos;
  const size_t begin = type.find('{');
  const size_t end = type.find('}', begin);
  const bool is_braced = begin != std::string::npos && end != std::string::npos;
  if (is_braced) type = type.substr(begin + 1, end - begin - 1);
  for (const std::string& part : split(type, is_braced ? ',' : '|')) {
    const std::string word = part.substr(0, part.find('['));  // mixed[=dB]
    if (word.empty()) continue;
    if (is_capital(word[0])) {
      add_kind(word, values);
    } else if (is_braced) {
      values.choices.push_back(word);
    }
  }
  return values;
}

// The options that may follow a command: its own, and those of the commands it is one of where they
// are taken after its name.
std::vector<const CLI::Option*> options_after(const CLI::App* command) {
  std::vector<const CLI::Option*> found;
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      const bool is_known = std::any_of(found.begin(), found.end(), [&](const CLI::Option* other) {
        return other->get_name() == option->get_name();
      });
      if (option->nonpositional() && !is_known) found.push_back(option);
    }
    if (!command->get_fallthrough()) break;
  }
  return found;
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> words;
  for (const std::string& name : option.get_snames()) words.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) words.push_back("--" + name);
  return words;
}

// Where in a command line one is: found by going along its words.
class Place {
 public:
  explicit Place(const CLI::App& program) : command_(&program) {}

  void pass(const std::string& word) {
    if (takes_as_value(word)) {
      ++values_;
    } else if (word == "--" && !only_positionals_) {
      only_positionals_ = true;
    } else if (is_option(word)) {
      const size_t equals = word.find('=');
      const CLI::Option* option = find_option(word.substr(0, equals));
      if (equals == std::string::npos) start(option);
    } else if (const CLI::App* nested = find_command(word)) {
      command_ = nested;
    } else {
      ++positionals_;
    }
  }

  Completions complete(const std::string& word) const {
    Completions made;
    const size_t equals = word.find('=');
    if (takes_as_value(word)) {
      add_values(*option_, "", word, made);
    } else if (is_option(word) && equals != std::string::npos) {
      const CLI::Option* option = find_option(word.substr(0, equals));
      if (option != nullptr) {
        add_values(*option, word.substr(0, equals + 1), word.substr(equals + 1), made);
      }
    } else if (is_option(word)) {
      for (const CLI::Option* option : options_after(command_)) {
        for (const std::string& spelling : spellings(*option)) {
          add(spelling, option->get_description(), word, made);
        }
      }
    } else {
      add_commands(word, made);
      if (const CLI::Option* positional = next_positional()) {
        add_values(*positional, "", word, made);
      }
    }
    return made;
  }

 private:
  bool is_option(const std::string& word) const {
    return !only_positionals_ && word.starts_with('-');
  }

  // The value of the option before it.
  bool takes_as_value(const std::string& word) const {
    if (option_ == nullptr || option_->get_items_expected_max() == 0) return false;
    if (values_ == 0) return !word.starts_with("--");
    const bool takes_more =
        option_->get_items_expected_max() > 1 && option_->get_allow_extra_args();
    return takes_more && !word.starts_with('-');
  }

  void start(const CLI::Option* option) {
    option_ = option;
    values_ = 0;
  }

  const CLI::Option* find_option(const std::string& spelling) const {
    for (const CLI::Option* option : options_after(command_)) {
      const auto words = spellings(*option);
      if (std::find(words.begin(), words.end(), spelling) != words.end()) return option;
    }
    return nullptr;
  }

  const CLI::App* find_command(const std::string& name) const {
    if (only_positionals_) return nullptr;
    for (const CLI::App* nested : command_->get_subcommands({})) {
      if (nested->get_name() == name) return nested;
    }
    return nullptr;
  }

  // The last one takes what follows where it takes several.
  const CLI::Option* next_positional() const {
    std::vector<const CLI::Option*> positionals;
    for (const CLI::Option* option : command_->get_options()) {
      if (!option->nonpositional()) positionals.push_back(option);
    }
    if (positionals_ < positionals.size()) return positionals[positionals_];
    const bool takes_more = !positionals.empty() && positionals.back()->get_allow_extra_args();
    return takes_more ? positionals.back() : nullptr;
  }

  void add_commands(const std::string& word, Completions& made) const {
    if (only_positionals_) return;
    for (const CLI::App* nested : command_->get_subcommands({})) {
      add(nested->get_name(), nested->get_description(), word, made);
    }
  }

  static void add_values(const CLI::Option& option, std::string before, std::string word,
                         Completions& made) {
    const ValueWords values = values_of(option);
    const size_t comma = word.rfind(',');
    if (values.is_list && comma != std::string::npos) {
      before += word.substr(0, comma + 1);
      word.erase(0, comma + 1);
    }
    for (const std::string& choice : values.choices) add(before + choice, "", before + word, made);
    made.paths = values.paths;
  }

  static void add(std::string text, std::string description, const std::string& word,
                  Completions& made) {
    if (text.starts_with(word)) made.words.push_back({std::move(text), std::move(description)});
  }

  const CLI::App* command_;
  const CLI::Option* option_ = nullptr;  // the last one, whose values may follow
  int values_ = 0;                       // that it has already
  size_t positionals_ = 0;
  bool only_positionals_ = false;  // after "--"
};

// "--format", "=", "fl" -> "--format=fl". Returns what is in front of the last word now and was not
// before.
std::string join_at_equals(std::vector<std::string>& words) {
  std::vector<std::string> joined;
  std::string before;
  bool glue = false;
  for (const std::string& word : words) {
    const bool is_equals = word == "=" && !joined.empty();
    before = is_equals ? joined.back() + word : glue ? joined.back() : "";
    if (is_equals || glue) {
      joined.back() += word;
    } else {
      joined.push_back(word);
    }
    glue = is_equals;
  }
  words = std::move(joined);
  return before;
}

}  // namespace

Completions complete(const CLI::App& program, std::vector<std::string> typed) {
  if (typed.empty()) typed.emplace_back();
  const std::string before = join_at_equals(typed);
  Place place(program);
  for (size_t i = 0; i + 1 < typed.size(); ++i) place.pass(typed[i]);
  Completions made = place.complete(typed.back());
  for (CompletionWord& word : made.words) word.text.erase(0, before.size());
  return made;
}

}  // namespace tessera::cli
