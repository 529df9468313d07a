// tessera sweep: many compiles from one definition.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "base/shell_word.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/machine.h"
#include "cli/sweep_display.h"
#include "cli/sweep_options.h"
#include "cli/sweep_parts.h"
#include "cli/target_options.h"
#include "tessera/file.h"
#include "vendor/hailo/dfc/python_steps.h"
#include "vendor/vela/vela_command.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostTargetBytes = uint64_t{1} << 20;

// --runs, else $TESSERA_RUNS, else ./runs.
fs::path root_of(const SweepArguments& options) {
  if (!options.runs.empty()) return options.runs;
  const char* named = std::getenv("TESSERA_RUNS");
  return named != nullptr && *named != '\0' ? named : "runs";
}

// Results over runs are kept in the root of runs. A run in a folder of one's own, without a root
// named, keeps to itself.
fs::path cache_of(const SweepArguments& options) {
  const char* named = std::getenv("TESSERA_RUNS");
  const bool has_root = !options.runs.empty() || (named != nullptr && *named != '\0');
  if (options.no_cache || (!options.output.empty() && !has_root)) return {};
  std::error_code ignored;
  return fs::absolute(root_of(options), ignored) / "cache";
}

Result<std::string> target_text(const Target& target) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(target.file, kMostTargetBytes));
  std::string text(bytes.begin(), bytes.end());
  if (target.settings.empty()) return text;
  return with_settings(text, target.settings, target.file.string());
}

// A folder that is gone when it is no longer needed.
class ScratchStore {
 public:
  ScratchStore() {
    std::error_code ignored;
    std::string name = (fs::temp_directory_path(ignored) / "tessera-sweep-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  ~ScratchStore() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  ScratchStore(const ScratchStore&) = delete;
  ScratchStore& operator=(const ScratchStore&) = delete;

  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

Result<SweepCompiler> compiler_of(const SweepArguments& options, const Target& target,
                                  const fs::path& folder) {
  SweepCompiler compiler;
  compiler.version = TESSERA_VERSION;
  if (options.compiler == "builtin") return compiler;
  // Where a vendor's compiler leaves what it says when it is asked for its version. The run's
  // folder is nobody's yet.
  const ScratchStore scratch;
  if (options.compiler == "dfc") {
    compiler.kind = CompilerKind::dfc;
    compiler.dfc.store = scratch.folder();
    compiler.dfc.program = options.dfc;
    compiler.dfc.hw_arch = options.hw_arch.empty() ? target.name : options.hw_arch;
    if (!options.dfc_python.empty()) {
      const fs::path steps = fs::absolute(folder / "steps");
      TESSERA_TRY_VOID(ensure_directory(steps));
      TESSERA_TRY_VOID(hailo::use_python(compiler.dfc, options.dfc_python, steps));
    }
    TESSERA_TRY(compiler.version, hailo::dfc_version(compiler.dfc));
  } else {
    compiler.kind = CompilerKind::vela;
    compiler.vela.store = scratch.folder();
    compiler.vela.program = options.vela;
    TESSERA_TRY(compiler.vela.configuration, vela::configuration_of(target));
    TESSERA_TRY(compiler.version, vela::vela_version(compiler.vela));
  }
  return compiler;
}

Json machine_json() {
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return {{"host", host},
          {"processor", processor_name()},
          {"threads", usable_threads()},
          {"memory_bytes", total_memory_bytes()}};
}

std::vector<std::string> command_words(const SweepArguments& options) {
  std::vector<std::string> words = {"tessera", "sweep", options.sweep};
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {flag, value});
  };
  add("--profile", options.profile);
  add("--cases", options.pattern);
  add("--model", options.model);
  add("--compiler", options.compiler);
  add("--target", options.target);
  add("--hw-arch", options.hw_arch);
  if (options.compiler == "dfc") add("--dfc", options.dfc);
  if (options.compiler == "dfc") add("--dfc-python", options.dfc_python);
  if (options.compiler == "vela") add("--vela", options.vela);
  add("--runs", options.runs);
  return words;
}

Error stopped_error(const SweepOutcome& outcome, const SweepRun& run,
                    const SweepArguments& options) {
  std::vector<std::string> words = command_words(options);
  words.insert(words.end(), {"-o", run.folder.string()});
  for (std::string& word : words) word = shell_word(word);
  return TESSERA_ERROR(kCancelled, run.folder.string(),
                       fmt::format("stopped: {}; {} of {} are finished and stay", outcome.stopped,
                                   outcome.cases.size(), counted(outcome.all, "case")),
                       fmt::format("go on with: {}", fmt::join(words, " ")));
}

Result<Document> run_sweep_command(const SweepArguments& options, Console& console) {
  if (options.sweep.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "tessera sweep", "which sweep?",
                         "name a preset ('tessera sweep list') or a definition's file");
  }
  TESSERA_TRY(const SweepDefinition definition, find_sweep(options.sweep, preset_folders()));
  SweepRun run;
  TESSERA_TRY(run.definition, definition.selected(options.profile, options.pattern));
  if (!options.model.empty()) {
    std::error_code ignored;
    run.record.model = fs::absolute(options.model, ignored).lexically_normal().string();
    TESSERA_TRY(run.definition, run.definition.on_model(run.record.model));
  }
  TESSERA_TRY(run.target, load_target(options.target));
  TESSERA_TRY(run.target_text, target_text(run.target));
  run.folder = options.output.empty()
                   ? root_of(options) / fmt::format("{}-{}", utc_stamp(), definition.name)
                   : fs::path(options.output);
  RunRecord& record = run.record;
  TESSERA_TRY(record.compiler, compiler_of(options, run.target, run.folder));
  record.name = definition.name;
  record.command = command_words(options);
  record.created = utc_now();
  record.tessera = TESSERA_VERSION;
  record.machine = machine_json();
  record.profile = run.definition.default_profile;
  record.pattern = options.pattern;

  SweepOptions running;
  running.jobs = options.jobs > 0            ? options.jobs
                 : options.compiler == "dfc" ? hailo::dfc_jobs()
                                             : usable_threads();
  running.cache = cache_of(options);
  running.case_limit_s = options.case_limit_s;
  running.time_limit_s = options.time_limit_s;
  std::error_code ignored;
  running.case_command = {fs::read_symlink("/proc/self/exe", ignored).string(), "sweep",
                          "run-case"};
  if (!running.cache.empty())
    running.case_command.insert(running.case_command.end(), {"--cache", running.cache.string()});
  const Interrupt interrupt;
  running.is_cancelled = [&] { return interrupt.wanted(); };
  std::optional<LiveTable> table;
  table.emplace(console, run.definition);
  running.on_case = [&](const CaseEvent& event) { table->show(event); };
  Result<SweepOutcome> outcome = run_sweep(run, running);
  table.reset();
  TESSERA_TRY_VOID(!outcome ? Result<void>(outcome.error()) : Result<void>());
  print_outcome(run, *outcome, console);
  Document document = sweep_document(run, *outcome);
  if (outcome->complete) return document;
  console.keep(std::move(document));
  return stopped_error(*outcome, run, options);
}

}  // namespace

Action define_sweep(CommandLine& app) {
  struct All {
    SweepArguments run;
    ShowArguments show;
    NewArguments created;
    TaskArguments task;
  };
  auto all = std::make_shared<All>();
  add_sweep_options(app, all->run);
  CommandLine* list = app.add_subcommand("list", "Presets known here", true);
  list->footer("Examples:\n  tessera sweep list");
  CommandLine* show = app.add_subcommand("show", "The cases of a sweep", true);
  show->add_option("SWEEP", all->show.preset, "A preset, or the file of a definition")
      ->required()
      ->type_name(preset_type());
  show->add_option("--profile", all->show.profile, "Of another profile than the first")
      ->one_of({"quick", "full", "focused", "extended"});
  show->add_flag("--toml", all->show.as_file, "The definition itself, to start one's own from");
  show->footer(
      "Examples:\n  tessera sweep show modules\n  tessera sweep show stage7 --toml > mine.toml");
  CommandLine* created =
      app.add_subcommand("new", "A definition to start from: it runs as it is", true);
  created->add_option("FILE", all->created.file, "The file to write")
      ->required()
      ->type_name("FILE.toml");
  created->add_flag("--force", all->created.force, "Replace a file that is there");
  created->footer("Examples:\n  tessera sweep new fresh.toml");
  CommandLine* task =
      app.add_subcommand("run-case", "One case of a run: what a task of a cluster calls", true);
  task->add_option("RUN", all->task.run, "The run's folder")->required()->type_name("DIR");
  task->add_option("CASE", all->task.name, "The case's name")->required()->type_name("NAME");
  task->add_option("--cache", all->task.cache, "Results over runs")->type_name("DIR");
  task->footer("Examples:\n  tessera sweep run-case runs/modules encoder");
  CommandLine* collected =
      app.add_subcommand("collect", "summary.tsv and the report, from the cases of a run", true);
  collected->add_option("RUN", all->task.run, "The run's folder")->required()->type_name("DIR");
  collected->footer("Examples:\n  tessera sweep collect runs/modules");
  app.footer(
      "A run is a folder: run.json, definition.toml, cases.tsv, summary.tsv, and a folder for "
      "each\n"
      "case. Ended in any way, the same command with -o FOLDER goes on where it was.\n\n"
      "Examples:\n"
      "  tessera sweep modules\n"
      "  tessera sweep allocator-fixes --profile full -o fixes -j 4\n"
      "  tessera sweep tiled-parity-masker --model net.pth\n"
      "  tessera sweep mine.toml --compiler dfc --case-limit 3600");
  return [=](Console& console) -> Result<Document> {
    if (list->parsed()) return list_presets(console);
    if (show->parsed()) return show_preset(all->show, console);
    if (created->parsed()) return write_new_sweep(all->created, console);
    if (task->parsed()) return run_one_case(all->task, console);
    if (collected->parsed()) return collect(all->task, console);
    return run_sweep_command(all->run, console);
  };
}

}  // namespace tessera::cli
