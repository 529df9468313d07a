// Sweeps of tests: definitions as text, runs in scratch folders.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "support/scratch_folder.h"
#include "sweep/sweep_runner.h"

namespace tessera::test {

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Target target_named(const std::string& name) {
  return read_target(std::filesystem::path(TESSERA_SOURCE_DIR) / "targets" / (name + ".toml"))
      .value();
}

inline SweepDefinition preset(const std::string& name) {
  return read_sweep(std::filesystem::path(TESSERA_SOURCE_DIR) / "presets" / (name + ".toml"))
      .value();
}

// A run in `folder`, of a target of this project.
inline SweepRun run_of(const SweepDefinition& definition, const std::filesystem::path& folder,
                       const std::string& profile = "", const std::string& pattern = "",
                       const std::string& target = "hailo8") {
  SweepRun run;
  run.folder = folder;
  run.definition = definition.selected(profile, pattern).value();
  run.target = target_named(target);
  run.target_text =
      text_of(std::filesystem::path(TESSERA_SOURCE_DIR) / "targets" / (target + ".toml"));
  run.record.name = definition.name;
  run.record.command = {"tessera", "sweep", definition.name};
  run.record.created = "2026-02-23T02:06:16Z";
  run.record.tessera = "1";
  run.record.compiler.version = "1";
  run.record.profile = run.definition.default_profile;
  run.record.pattern = pattern;
  return run;
}

inline SweepOutcome run_all(const SweepRun& run, int jobs = 2,
                            const std::filesystem::path& cache = {}) {
  SweepOptions options;
  options.jobs = jobs;
  options.cache = cache;
  auto outcome = run_sweep(run, options);
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : outcome.error().to_string());
  return outcome ? std::move(*outcome) : SweepOutcome();
}

// Cases of convolutions whose rows fit up to a width of 1 024.
inline SweepDefinition convolutions(const std::string& extra = "") {
  return parse_sweep(R"(
name = "convolutions"
[[grid]]
name = "conv_{in}_w{width}"
network = "conv1x1"
over = ["in", "width"]
in = [64, 256]
width = [128, 1024, 2000]
)" + extra,
                     "convolutions.toml")
      .value();
}

}  // namespace tessera::test
