#include "cli/sweep_options.h"

#include "cli/sweep_parts.h"
#include "cli/target_options.h"

namespace tessera::cli {
namespace {

constexpr double kMostSeconds = 1e8;

}  // namespace

void add_sweep_options(CommandLine& app, SweepArguments& options) {
  app.add_option("PRESET", options.sweep, "A preset, or the file of a definition")
      ->type_name(preset_type());
  app.add_option("--profile", options.profile,
                 "Which cases of the sweep; default: the first profile that it has")
      ->one_of({"quick", "full", "focused", "extended"});
  app.add_option("--cases", options.pattern,
                 "Only cases named like this: '*' and '?' stand for "
                 "anything")
      ->type_name("GLOB");
  app.add_option("--model", options.model,
                 "Ask a real network instead of seeded ones: its encoder, masker, decoder, first "
                 "block, or all of it")
      ->type_name("FILE");
  app.add_option("--compiler", options.compiler,
                 "builtin: our own opinion of the target; dfc, vela: the vendor's compiler")
      ->one_of({"builtin", "dfc", "vela"})
      ->capture_default_str();
  add_target_option(app, options.target);
  app.add_option("-o,--output", options.output,
                 "The run's folder; an unfinished run in it goes on. Default: a new one in --runs")
      ->type_name("DIR");
  app.add_option("--runs", options.runs,
                 "The root of runs and of their cache; default: $TESSERA_RUNS, else runs")
      ->type_name("DIR");
  app.add_flag("--no-cache", options.no_cache, "Compile what an earlier run has compiled, too");
  app.add_option("-j,--jobs", options.jobs, "Cases at once; default: as many as there are cores")
      ->within(1, 256)
      ->type_name("N");
  app.add_option("--case-limit", options.case_limit_s,
                 "Seconds that one case may take: then it is ended, and has failed")
      ->positive()
      ->within(0.001, kMostSeconds)
      ->type_name("S");
  app.add_option("--time-limit", options.time_limit_s,
                 "Seconds that the sweep may take: then it stops; the same command goes on")
      ->positive()
      ->within(0.001, kMostSeconds)
      ->type_name("S");
  app.add_option("--dfc", options.dfc, "Hailo's compiler: a name in PATH, or a path")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--dfc-python", options.dfc_python,
                 "Call Hailo's compiler by its Python interface, in this virtual environment")
      ->type_name("DIR");
  app.add_option("--hw-arch", options.hw_arch,
                 "The chip as Hailo's compiler calls it; default: the target's name")
      ->type_name("NAME");
  app.add_option("--vela", options.vela, "Arm's compiler Vela: a name in PATH, or a path")
      ->type_name("PATH")
      ->capture_default_str();
}

}  // namespace tessera::cli
