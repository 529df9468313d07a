// tessera: parses the command line, runs one command, maps its outcome to an exit code.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/renamed_words.h"
#include "exit_codes.h"

namespace tessera::cli {
namespace {

std::string exit_code_text() {
  std::string text = "Exit codes:\n   0  success\n   1  a bug in Tessera\n";
  text += "   2  the command line was not understood\n";
  for (const ExitCode& row : kExitCodes) {
    text += fmt::format("  {:2}  {} ({})\n", row.code, row.when, to_string(row.error));
  }
  return text;
}

struct Program {
  CLI::App app{"Trained temporal convolutional networks: read, checked, run, written.", "tessera"};
  bool json = false;
  std::deque<CommandLine> lines;  // one per command; actions refer to them
  std::vector<std::pair<CLI::App*, Action>> actions;

  Program() {
    app.set_version_flag("--version", "tessera " TESSERA_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);
    app.footer(
        "Examples:\n"
        "  tessera separate --help           # options and examples of a command\n"
        "  tessera inspect net.pth --json    # one JSON document instead of text\n\n" +
        exit_code_text());
    for (const Command& command : commands()) {
      CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
      sub->group(std::string(command.group));
      actions.emplace_back(sub, command.define(lines.emplace_back(*sub)));
      if (!command.plain) sub->add_flag("--json", json, "Print one JSON document, errors included");
    }
  }
};

// What a command may still throw: memory that the machine does not have is an ordinary error.
Result<Document> perform(const Action& action, Console& console) {
  try {
    return action(console);
  } catch (const std::bad_alloc&) {
    return TESSERA_ERROR(kResourceLimit, "", "out of memory",
                         "give shorter input, or a machine with more memory");
  }
}

int run(int argc, char** argv) {
  Program program;
  CurrentWords current = with_current_names({argv + 1, argv + argc});
  const std::vector<std::string>& words = current.words;
  // Known before parsing, because errors of parsing obey it too.
  Console console(std::find(words.begin(), words.end(), "--json") != words.end());
  watch_signals(console);
  for (const std::string& note : current.notes) console.note(note);
  const auto usage_error = [&](std::string message) {
    std::string command = "tessera";
    for (const auto& [sub, action] : program.actions) {
      if (sub->parsed()) command += " " + sub->get_name();
    }
    console.fail(TESSERA_ERROR(kInvalidArgument, command, std::move(message),
                               fmt::format("see '{} --help'", command)));
    return kExitUsage;
  };
  if (words.empty()) {
    std::fputs(program.app.help().c_str(), stderr);
    return kExitUsage;
  }
  try {
    program.app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& success) {  // --help, --version
    std::ostringstream text;
    program.app.exit(success, text, text);
    Console people(false);
    people.print("{}", text.str());
    const auto done = people.finish({});
    if (done) return kExitSuccess;
    console.fail(done.error());
    return exit_code(done.error().code);
  } catch (const CLI::RequiredError& error) {
    const bool unknown = program.app.get_subcommands().empty() && words[0][0] != '-';
    return usage_error(unknown ? fmt::format("unknown command '{}'", words[0]) : error.what());
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  for (auto& [sub, action] : program.actions) {
    if (!sub->parsed()) continue;
    Result<Document> document = perform(action, console);
    Result<void> done;
    if (document) done = console.finish(std::move(*document));
    const Error* error = !document ? &document.error() : !done ? &done.error() : nullptr;
    if (error == nullptr) return kExitSuccess;
    console.fail(*error);
    return exit_code(error->code);
  }
  return kExitUsage;
}

}  // namespace
}  // namespace tessera::cli

int main(int argc, char** argv) {
  try {
    return tessera::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n  next: this is a bug in Tessera; please report it\n",
                 error.what());
    return tessera::kExitBug;
  }
}
