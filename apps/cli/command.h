// Command: one subcommand of `tessera`. Each lives in a file of its own; commands.cpp lists them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "cli/console.h"
#include "tessera/result.h"

namespace tessera::cli {

// What a command has found out: the document that --json prints. A command also prints the same
// for people, by Console::print, which is silent under --json.
using Document = nlohmann::ordered_json;
using Action = std::function<Result<Document>(Console&)>;

struct Command {
  std::string_view name;
  std::string_view summary;  // one line
  // Adds the command's options to `app` and returns what to do once they are parsed. Options live
  // in what the action captures. Examples go into app.footer().
  Action (*define)(CLI::App& app);
  // Prints a script for a shell, not a document, and takes no --json.
  bool plain = false;
};

std::span<const Command> commands();

// One per file of the same name.
Action define_bisect(CLI::App& app);
Action define_build(CLI::App& app);
Action define_calibrate(CLI::App& app);
Action define_compare(CLI::App& app);
Action define_completion(CLI::App& app);
Action define_doctor(CLI::App& app);
Action define_export(CLI::App& app);
Action define_inspect(CLI::App& app);
Action define_norms(CLI::App& app);
Action define_package(CLI::App& app);
Action define_check(CLI::App& app);
Action define_plan(CLI::App& app);
Action define_parity(CLI::App& app);
Action define_verify(CLI::App& app);
Action define_rewrite(CLI::App& app);
Action define_run(CLI::App& app);
Action define_target(CLI::App& app);
Action define_score(CLI::App& app);
Action define_separate(CLI::App& app);

}  // namespace tessera::cli
