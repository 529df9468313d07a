#include "cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>

namespace tessera::cli {
namespace {

// `say_wrong` returns what is wrong with a value, or nothing. type_name alone tells people the
// type.
void check(CLI::Option& option, std::function<std::string(const std::string&)> say_wrong) {
  option.check(std::move(say_wrong), "");
}

// Not a number fails too.
void check_number(CLI::Option& option, double least, double most, const std::string& complaint) {
  check(option, [=](const std::string& text) -> std::string {
    double value = 0;
    if (!CLI::detail::lexical_cast(text, value)) return fmt::format("'{}' is no number", text);
    return value >= least && value <= most ? "" : fmt::format("{} {}", text, complaint);
  });
}

std::string lowercase(std::string text) {
  return CLI::detail::to_lower(std::move(text));
}

std::string braced(const std::vector<std::string>& words) {
  return fmt::format("{{{}}}", fmt::join(words, ","));
}

// "mixed[=dB]" is matched by "mixed" and by "mixed=0.1dB".
bool matches(const std::string& text, const std::string& word) {
  const size_t bracket = word.find("[=");
  if (bracket == std::string::npos) return text == word;
  const std::string bare = word.substr(0, bracket);
  return text == bare || text.starts_with(bare + "=");
}

}  // namespace

Option* Option::required(bool value) {
  option_.required(value);
  return this;
}

Option* Option::type_name(const std::string& text) {
  option_.type_name(text);
  return this;
}

Option* Option::capture_default_str() {
  option_.capture_default_str();
  return this;
}

Option* Option::default_str(const std::string& text) {
  option_.default_str(text);
  return this;
}

Option* Option::allow_extra_args(bool value) {
  option_.allow_extra_args(value);
  return this;
}

Option* Option::delimiter(char separator) {
  option_.delimiter(separator);
  return this;
}

Option* Option::excludes(const Option* other) {
  option_.excludes(&other->option_);
  return this;
}

Option* Option::needs(const Option* other) {
  option_.needs(&other->option_);
  return this;
}

Option* Option::one_of(const std::vector<std::string>& words) {
  option_.type_name(braced(words));
  check(option_, [words](const std::string& text) -> std::string {
    for (const std::string& word : words) {
      if (matches(text, word)) return "";
    }
    return fmt::format("'{}' is none of {}", text, fmt::join(words, ", "));
  });
  return this;
}

Option* Option::within(double least, double most) {
  check_number(option_, least, most, fmt::format("is not from {} to {}", least, most));
  return this;
}

Option* Option::not_negative() {
  check_number(option_, 0, std::numeric_limits<double>::max(), "is not 0 or more");
  return this;
}

Option* Option::positive() {
  check_number(option_, std::numeric_limits<double>::min(), std::numeric_limits<double>::max(),
               "is not above 0");
  return this;
}

size_t Option::count() const {
  return option_.count();
}

Option* CommandLine::keep(CLI::Option* option) {
  return &options_.emplace_back(*option);
}

template <typename T>
Option* CommandLine::add_option(const std::string& names, T& variable,
                                const std::string& description) {
  CLI::Option* option = app_.add_option(names, variable, description);
  // An empty name of a file is a shell variable that was not set, not a wish for no file.
  check(*option,
        [](const std::string& text) { return std::string(text.empty() ? "is empty" : ""); });
  return keep(option);
}

template Option* CommandLine::add_option(const std::string&, std::string&, const std::string&);
template Option* CommandLine::add_option(const std::string&, std::vector<std::string>&,
                                         const std::string&);
template Option* CommandLine::add_option(const std::string&, int&, const std::string&);
template Option* CommandLine::add_option(const std::string&, int64_t&, const std::string&);
template Option* CommandLine::add_option(const std::string&, uint32_t&, const std::string&);
template Option* CommandLine::add_option(const std::string&, uint64_t&, const std::string&);
template Option* CommandLine::add_option(const std::string&, double&, const std::string&);
template Option* CommandLine::add_option(const std::string&, std::optional<int>&,
                                         const std::string&);
template Option* CommandLine::add_option(const std::string&, std::optional<int64_t>&,
                                         const std::string&);
template Option* CommandLine::add_option(const std::string&, std::optional<double>&,
                                         const std::string&);

Option* CommandLine::add_named(const std::string& names, const std::string& description,
                               const std::vector<std::string>& words,
                               const std::function<void(size_t)>& store) {
  const auto find = [words](const std::string& text) {
    const auto found = std::find(words.begin(), words.end(), lowercase(text));
    return static_cast<size_t>(found - words.begin());
  };
  CLI::Option* option = app_.add_option_function<std::string>(
      names, [=](const std::string& text) { store(find(text)); }, description);
  option->type_name(braced(words));
  check(*option, [=](const std::string& text) -> std::string {
    if (find(text) < words.size()) return "";
    return fmt::format("'{}' is none of {}", text, fmt::join(words, ", "));
  });
  return keep(option);
}

Option* CommandLine::add_flag(const std::string& names, bool& variable,
                              const std::string& description) {
  return keep(app_.add_flag(names, variable, description));
}

Option* CommandLine::get_option(const std::string& name) {
  return keep(app_.get_option(name));
}

CommandLine* CommandLine::add_subcommand(const std::string& name, const std::string& summary,
                                         bool optional) {
  if (optional) {
    app_.require_subcommand(0, 1);
  } else {
    app_.require_subcommand(1);
  }
  CLI::App* sub = app_.add_subcommand(name, summary);
  sub->fallthrough();         // --json belongs to the command
  sub->group("Subcommands");  // CLI11 would take the command's own
  return &subcommands_.emplace_back(*sub);
}

bool CommandLine::parsed() const {
  return app_.parsed();
}

void CommandLine::footer(std::string text) {
  text.erase(text.find_last_not_of('\n') + 1);
  app_.footer(text + "\n");
}

}  // namespace tessera::cli
