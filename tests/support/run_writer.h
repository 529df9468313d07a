// Writes run folders as sweeps leave them (docs/runs.md), for tests of what reads them.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "evidence/runs/run_folder.h"

namespace tessera::test {

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

// Files that have lain there for an hour: younger ones are read again by every refresh.
inline void settle(const std::filesystem::path& folder) {
  const auto then = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  for (const char* name : {"run.json", "cases.tsv", "summary.tsv", "cases"})
    if (std::filesystem::exists(folder / name))
      std::filesystem::last_write_time(folder / name, then);
}

struct WrittenRun {
  std::string folder = "20260223T020616Z-micro";
  std::string name = "micro";
  std::string created = "2026-02-23T02:06:16Z";
  std::string compiler = "builtin";
  std::string target = "hailo8";
  std::string state = "finished";
  // Cases; those that passed have a file cases/<case>/out.hef.
  std::vector<RecordedCase> cases{};
  bool results = true;  // result.json of each
};

inline RecordedCase passing(const std::string& name) {
  RecordedCase one;
  one.name = name;
  one.har = one.hef = RecordedOutcome::passed;
  return one;
}

inline RecordedCase failing(const std::string& name, const std::string& family) {
  RecordedCase one = passing(name);
  one.hef = RecordedOutcome::failed;
  one.family = family;
  one.signature = "Class:" + name;
  return one;
}

inline std::filesystem::path write_run(const std::filesystem::path& root, const WrittenRun& run) {
  const std::filesystem::path folder = root / run.folder;
  write_text(folder / "run.json",
             R"({"format":1,"kind":"sweep","name":")" + run.name + R"(","created":")" +
                 run.created + R"(","tessera":"0.1.0","state":")" + run.state +
                 R"(","compiler":{"name":")" + run.compiler +
                 R"(","version":"1"},"target":{"name":")" + run.target + R"(","hash":"ab"}})");
  std::string cases = "case\n";
  std::string summary = "stage\tmodule\thar_path\thef_path\thar_success\thef_success\n";
  const auto word = [](RecordedOutcome outcome) {
    return std::string(outcome == RecordedOutcome::passed   ? "true"
                       : outcome == RecordedOutcome::failed ? "false"
                                                            : "");
  };
  for (const RecordedCase& one : run.cases) {
    cases += one.name + "\n";
    const std::string inner = "cases/" + one.name;
    const bool passed = one.hef == RecordedOutcome::passed;
    const std::string hef = passed ? inner + "/out.hef" : "";
    summary += one.stage + "\t" + one.name + "\t\t" + hef + "\t" + word(one.har) + "\t" +
               word(one.hef) + "\n";
    if (passed) write_text(folder / hef, "hef");
    if (!run.results) continue;
    const std::string failure = one.failed()
                                    ? R"({"exception_type":"Class","signature":")" + one.signature +
                                          R"(","family":")" + one.family + R"(","layer":""})"
                                    : "null";
    const std::string numbers = one.max_abs ? R"({"final_output_max_abs":{"value":)" +
                                                  std::to_string(*one.max_abs) +
                                                  R"(,"unit":"","how":"measured"}})"
                                            : "{}";
    write_text(folder / inner / "result.json",
               R"({"format":1,"case":")" + one.name + R"(","key":"k","stage":")" + one.stage +
                   R"(","parameters":{"width":256},"har":")" + std::string(to_string(one.har)) +
                   R"(","hef":")" + std::string(to_string(one.hef)) + R"(","failure":)" + failure +
                   R"(,"numbers":)" + numbers + R"(,"seconds":1.5})");
  }
  write_text(folder / "cases.tsv", cases);
  write_text(folder / "summary.tsv", summary);
  settle(folder);
  return folder;
}

}  // namespace tessera::test
