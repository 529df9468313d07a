#include "vendor/hailo/dfc/dfc_case.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hash.h"
#include "base/process.h"
#include "tessera/file.h"
#include "vendor/hailo/dfc/artifact.h"
#include "vendor/hailo/dfc/dfc_commands.h"
#include "vendor/hailo/dfc/hn_layers.h"

namespace tessera::hailo {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxExponentRounds = 8;
constexpr std::string_view kConsole = "console.log";

// Failures that say nothing about the network: they are tried again.
bool is_about_the_network(const std::string& family) {
  constexpr std::array<std::string_view, 8> kPassing = {
      "interrupted", "environment", "out_of_memory", "timeout", "unknown",
      "info",        "ok",          "tool_crash"};
  return std::find(kPassing.begin(), kPassing.end(), family) == kPassing.end() &&
         !family.starts_with("runtime_");
}

// As the system says it, through Python or any other program.
bool tells_full_disk(const LogExplanation& told) {
  constexpr std::string_view kSaid = "No space left on device";
  return told.failure_head.find(kSaid) != std::string::npos ||
         told.exception_message.find(kSaid) != std::string::npos;
}

class CaseRun {
 public:
  CaseRun(const DfcCase& one, const DfcOptions& options, const std::string& version,
          StepStore store)
      : case_(one), options_(options), version_(version), store_(std::move(store)) {
    result_.name = one.name;
  }

  Result<DfcResult> run() {
    TESSERA_TRY_VOID(check());
    TESSERA_TRY(const auto parsed, case_.parts.empty() ? parse() : join());
    if (!parsed) return result_;
    TESSERA_TRY(const auto optimized, optimize(*parsed));
    if (!optimized) return result_;
    TESSERA_TRY(const std::string network, read_hn_name(*parsed));
    TESSERA_TRY(const auto compiled, step(compile_command(options_.hw_arch, *optimized, network)));
    if (!compiled) return result_;
    result_.har = *optimized;
    result_.hef = *compiled;
    result_.succeeded = true;
    result_.refusal.clear();
    return result_;
  }

 private:
  Result<void> check() const {
    const bool plain =
        !case_.name.empty() && std::all_of(case_.name.begin(), case_.name.end(), [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        });
    if (plain) return {};
    return TESSERA_ERROR(kInvalidArgument, case_.name, "is no name for a network of the compiler",
                         "use letters, digits and '_'");
  }

  Result<std::optional<fs::path>> parse() {
    TESSERA_TRY(auto parsed, step(parse_command(case_, options_.hw_arch)));
    if (!parsed) return parsed;
    const std::string smaller = smaller_graph();
    if (smaller.empty()) return parsed;
    refused("parser_recommendation", smaller);
    return std::optional<fs::path>();
  }

  // The parts as they were parsed, joined one after the other.
  Result<std::optional<fs::path>> join() {
    std::optional<fs::path> joined;
    for (size_t i = 0; i < case_.parts.size(); ++i) {
      CaseRun own(case_.parts[i], options_, version_, store_);
      TESSERA_TRY_VOID(own.check());
      TESSERA_TRY(const auto part, own.parse());
      if (!part) {
        result_ = std::move(own.result_);
        result_.name = case_.name;
        return part;
      }
      if (!joined) {
        joined = part;
        continue;
      }
      TESSERA_TRY(joined, step(join_command(case_, *joined, *part, i)));
      if (!joined) return joined;
    }
    TESSERA_TRY(const std::string fault, fault_of_joined(*joined));
    if (fault.empty()) return joined;
    refused("har_build", fault);
    return std::optional<fs::path>();
  }

  // Empty where every part has its inputs under its own name: calibration, precisions and streams
  // are told apart by it.
  Result<std::string> fault_of_joined(const fs::path& joined) const {
    TESSERA_TRY(const auto layers, read_hn_layers(joined));
    for (const DfcCase& part : case_.parts) {
      const auto inputs = std::count_if(layers.begin(), layers.end(), [&](const HnLayer& layer) {
        return layer.type == "input_layer" && layer.name.starts_with(part.name + "/");
      });
      if (static_cast<size_t>(inputs) == std::max<size_t>(1, part.inputs.size())) continue;
      return fmt::format("the joined network has {} inputs named {}/ instead of {}", inputs,
                         part.name, part.inputs.size());
    }
    return std::string();
  }

  // A layer that would have to shift further than its bits may do so in the next round, as long as
  // each round names another one of the network's.
  Result<std::optional<fs::path>> optimize(const fs::path& parsed) {
    ModelScript script = case_.script;
    for (int round = 0;; ++round) {
      TESSERA_TRY_VOID(write_script(parsed, script));
      TESSERA_TRY(auto optimized,
                  step(optimize_command(case_, options_.hw_arch, parsed, !result_.script.empty())));
      if (optimized || round == kMaxExponentRounds) return optimized;
      TESSERA_TRY(const std::optional<std::string> layer, layer_without_exponent(parsed));
      auto& known = script.exponent_layers;
      if (!layer || std::find(known.begin(), known.end(), *layer) != known.end()) return optimized;
      known.push_back(*layer);
    }
  }

  // Of the last refusal, if it is one of the network's.
  Result<std::optional<std::string>> layer_without_exponent(const fs::path& parsed) const {
    if (!result_.told.negative_exponent) return std::optional<std::string>();
    TESSERA_TRY(const auto layers, read_hn_layers(parsed));
    for (const HnLayer& layer : layers) {
      if (layer.name == result_.told.negative_exponent->layer) return std::optional(layer.name);
    }
    return std::optional<std::string>();
  }

  // Everything that decides what a step gives. Where its files lie changes nothing.
  Result<std::string> key_of(const DfcCommand& command) const {
    ContentHasher hasher;
    const auto add = [&](std::string_view text) {
      hasher.update(fmt::format("{}:", text.size()));
      hasher.update(text);
    };
    add(version_);
    for (const std::string& argument : command.arguments) {
      const bool is_file = std::any_of(
          command.files.begin(), command.files.end(),
          [&](const fs::path& file) { return fs::absolute(file).string() == argument; });
      add(is_file ? "file" : argument);
    }
    if (command.stage == LogStage::optimize) add(result_.script);
    for (const fs::path& file : command.files) {
      TESSERA_TRY(const std::string hash, hash_of_file(file));
      add(hash);
    }
    return fmt::format("{}-{}-{}", case_.name, to_string(command.stage), hasher.hex());
  }

  // The step's file; nullopt where the compiler refuses, which result_ then tells.
  Result<std::optional<fs::path>> step(const DfcCommand& command) {
    TESSERA_TRY(const std::string key, key_of(command));
    TESSERA_TRY(std::optional<StoredStep> stored, store_.find(key));
    if (stored && !stored->succeeded && options_.retry_failures) {
      store_.forget(key);
      stored.reset();
    }
    const bool from_store = stored.has_value();
    if (options_.on_step) options_.on_step(case_.name, command.stage, from_store);
    if (!from_store) {
      TESSERA_TRY(stored, perform(command, key));
    } else {
      TESSERA_TRY(result_.told, explain_log_file(stored->folder / kConsole));
    }
    result_.steps.push_back(
        {command.stage, stored->end, stored->seconds, from_store, stored->folder / kConsole});
    if (!stored->succeeded) {
      refuse(stored->output.empty() ? stored->end : stored->output);
      return std::optional<fs::path>();
    }
    if (command.stage == LogStage::parse) result_.har = stored->folder / stored->output;
    return std::optional(stored->folder / stored->output);
  }

  Result<std::optional<StoredStep>> perform(const DfcCommand& command, const std::string& key) {
    TESSERA_TRY(const fs::path work, store_.begin(key));
    auto done = perform_in(work, command, key);
    if (!done) store_.drop(work);
    return done;
  }

  Result<std::optional<StoredStep>> perform_in(const fs::path& work, const DfcCommand& command,
                                               const std::string& key) {
    if (!result_.script.empty()) {
      TESSERA_TRY_VOID(
          write_file_atomically(work / (case_.name + ".alls"), std::string_view(result_.script)));
    }
    LogExplainer explainer;
    ProcessOptions process;
    process.program = options_.program;
    process.arguments = options_.leading_arguments;
    process.arguments.insert(process.arguments.end(), command.arguments.begin(),
                             command.arguments.end());
    process.folder = work;
    process.output = work / kConsole;
    process.environment = options_.environment;
    process.time_limit = options_.time_limit;
    process.grace = options_.grace;
    process.is_cancelled = options_.is_cancelled;
    process.on_output = [&](std::string_view text) {
      explainer.feed(text);
      if (options_.on_output) options_.on_output(case_.name, command.stage, text);
    };
    TESSERA_TRY(const ProcessEnd end, run_process(process));
    if (end.how == ProcessEnd::How::cancelled) {
      return TESSERA_ERROR(kCancelled, case_.name, "stopped",
                           "run it again: finished steps are kept");
    }
    result_.told = explainer.finish();
    return keep(work, command, key, end);
  }

  // Whether the step gave what it should, and what of it is kept.
  Result<std::optional<StoredStep>> keep(const fs::path& work, const DfcCommand& command,
                                         const std::string& key, const ProcessEnd& end) {
    StoredStep step{work, false, to_string(end), "", end.seconds};
    const std::string fault = fault_of(work, command, end);
    if (fault.empty()) {
      step.succeeded = true;
      step.output = command.output;
      TESSERA_TRY(StoredStep kept, store_.finish(key, work, std::move(step)));
      return std::optional(std::move(kept));
    }
    settle_failure(command, end, fault);
    if (is_about_the_network(result_.told.family)) {
      TESSERA_TRY(StoredStep kept, store_.finish(key, work, std::move(step)));
      return std::optional(std::move(kept));
    }
    // What may pass by another day is not remembered; its log stays until the step is tried again.
    const fs::path failed = work.parent_path() / (key + ".failed");
    std::error_code ignored;
    fs::remove_all(failed, ignored);
    fs::rename(work, failed, ignored);
    if (tells_full_disk(result_.told)) {
      return TESSERA_ERROR(kNoSpace, failed.string(),
                           "the compiler found no space left on the disk",
                           "free some space, also in the folder for temporary files, and run it "
                           "again: finished steps are kept");
    }
    step.folder = failed;
    return std::optional(std::move(step));
  }

  // Empty: it succeeded. The program's own word is not enough: it also succeeds without a file.
  std::string fault_of(const fs::path& work, const DfcCommand& command,
                       const ProcessEnd& end) const {
    if (!end.succeeded()) return to_string(end);
    if (result_.told.outcome == LogOutcome::fail) return "exit code 0, and its log tells a failure";
    const auto whole = check_artifact(work / command.output);
    if (!whole) return fmt::format("exit code 0, and {} {}", command.output, whole.error().message);
    if (command.tells_end && result_.told.family != "ok")
      return "exit code 0, and its log does not say that it finished";
    return "";
  }

  void settle_failure(const DfcCommand& command, const ProcessEnd& end, const std::string& fault) {
    LogExplanation& told = result_.told;
    if (end.how == ProcessEnd::How::timed_out && told.family != "timeout") {
      told.family = "timeout";
      told.layers.clear();
    } else if (told.outcome != LogOutcome::fail) {
      told.family = end.how == ProcessEnd::How::signalled ? "out_of_memory" : "unknown";
    }
    told.outcome = LogOutcome::fail;
    told.stage = command.stage;
    if (told.failure_head.empty()) told.failure_head = fault;
    if (told.exception_message.empty()) told.exception_message = fault;
    if (told.signature.empty()) told.signature = told.family;
  }

  void refuse(const std::string& end) {
    result_.refusal =
        fmt::format("{}: {}", result_.told.family,
                    result_.told.failure_head.empty() ? end : result_.told.failure_head);
  }

  void refused(const std::string& family, const std::string& why) {
    result_.told.outcome = LogOutcome::fail;
    result_.told.family = family;
    result_.told.failure_head = why;
    result_.refusal = result_.told.family + ": " + why;
  }

  // A parser that helps itself to other end nodes leaves out what lies behind them.
  std::string smaller_graph() const {
    const auto& ends = result_.told.mapped_end_nodes;
    if (case_.end_nodes.empty() || ends.empty()) return "";
    for (const std::string& wanted : case_.end_nodes) {
      if (std::find(ends.begin(), ends.end(), wanted) == ends.end()) {
        return fmt::format("the parser ended at {} instead of {}", fmt::join(ends, ", "), wanted);
      }
    }
    return "";
  }

  static bool is_wide(const HnLayer& layer, const DfcCase& network, bool is_part) {
    if (is_part && !layer.name.starts_with(network.name + "/")) return false;
    const auto& wide = network.wide_nodes;
    return std::any_of(
        layer.original_names.begin(), layer.original_names.end(),
        [&](const auto& name) { return std::find(wide.begin(), wide.end(), name) != wide.end(); });
  }

  // Precisions are asked for by the names that the parser gave.
  Result<void> write_script(const fs::path& har, ModelScript script) {
    std::vector<const DfcCase*> networks{&case_};
    for (const DfcCase& part : case_.parts) networks.push_back(&part);
    const bool any_wide = std::any_of(networks.begin(), networks.end(),
                                      [](const auto* one) { return !one->wide_nodes.empty(); });
    if (any_wide) {
      TESSERA_TRY(const auto layers, read_hn_layers(har));
      for (const HnLayer& layer : layers) {
        const bool wide = std::any_of(networks.begin(), networks.end(), [&](const auto* one) {
          return is_wide(layer, *one, one != &case_);
        });
        if (wide) script.wide_layers.push_back(layer.name);
      }
    }
    result_.script = print_model_script(script);
    return {};
  }

  const DfcCase& case_;
  const DfcOptions& options_;
  const std::string& version_;
  StepStore store_;
  DfcResult result_;
};

}  // namespace

Result<std::string> dfc_version(const DfcOptions& options) {
  const auto unavailable = [&](const std::string& why) {
    return TESSERA_ERROR(
        kUnavailable, options.program, why,
        "install Hailo's Dataflow Compiler (a login wheel for Python 3.10 on x86_64 from "
        "hailo.ai/developer-zone) and put its 'hailo' into PATH, or give --dfc PATH");
  };
  TESSERA_TRY(const StepStore store, StepStore::open(options.store));
  TESSERA_TRY(const fs::path work, store.begin("version"));
  std::string text;
  ProcessOptions process;
  process.program = options.program;
  process.arguments = options.leading_arguments;
  process.arguments.emplace_back("--version");
  process.folder = work;
  process.output = work / kConsole;
  process.environment = options.environment;
  process.time_limit = std::chrono::minutes(2);
  process.is_cancelled = options.is_cancelled;
  process.on_output = [&](std::string_view more) { text += more.substr(0, 10000); };
  const auto end = run_process(process);
  store.drop(work);
  if (!end)
    return end.error().code == ErrorCode::kNotFound ? unavailable("is not installed here")
                                                    : end.error();
  if (!end->succeeded())
    return unavailable(fmt::format("does not tell its version: {}", to_string(*end)));
  const LogExplanation told = explain_log(text);
  if (told.version.starts_with("DFC ")) return told.version;
  return unavailable("does not tell the version of a Dataflow Compiler");
}

Result<DfcResult> run_dfc_case(const DfcCase& one, const DfcOptions& options,
                               const std::string& version) {
  TESSERA_TRY(StepStore store, StepStore::open(options.store));
  return CaseRun(one, options, version, std::move(store)).run();
}

}  // namespace tessera::hailo
