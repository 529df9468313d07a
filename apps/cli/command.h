// Command: one subcommand of `tessera`. Each lives in a file of its own; commands.cpp lists them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "cli/command_line.h"
#include "cli/console.h"
#include "tessera/result.h"

namespace tessera::cli {

// What a command has found out: the document that --json prints. A command also prints the same
// for people, by Console::print, which is silent under --json.
using Document = nlohmann::ordered_json;
using Action = std::function<Result<Document>(Console&)>;

struct Command {
  std::string_view group;  // the headline under which --help lists it
  std::string_view name;
  std::string_view summary;  // one line
  // Adds the command's options to `app` and returns what to do once they are parsed. Options live
  // in what the action captures. Examples go into app.footer().
  Action (*define)(CommandLine& app);
  // Prints a script for a shell, not a document, and takes no --json.
  bool plain = false;
};

std::span<const Command> commands();

// One per file of the same name.
Action define_bisect(CommandLine& app);
Action define_build(CommandLine& app);
Action define_calibrate(CommandLine& app);
Action define_classify(CommandLine& app);
Action define_compare(CommandLine& app);
Action define_compile(CommandLine& app);
Action define_completion(CommandLine& app);
Action define_diff(CommandLine& app);
Action define_doctor(CommandLine& app);
Action define_encode(CommandLine& app);
Action define_explain(CommandLine& app);
Action define_export(CommandLine& app);
Action define_formats(CommandLine& app);
Action define_har(CommandLine& app);
Action define_hef(CommandLine& app);
Action define_inspect(CommandLine& app);
Action define_tune(CommandLine& app);
Action define_package(CommandLine& app);
Action define_check(CommandLine& app);
Action define_eval(CommandLine& app);
Action define_plan(CommandLine& app);
Action define_verify(CommandLine& app);
Action define_rewrite(CommandLine& app);
Action define_run(CommandLine& app);
Action define_runs(CommandLine& app);
Action define_status(CommandLine& app);
Action define_target(CommandLine& app);
Action define_score(CommandLine& app);
Action define_separate(CommandLine& app);
Action define_serve(CommandLine& app);
Action define_stream(CommandLine& app);
Action define_sweep(CommandLine& app);

}  // namespace tessera::cli
