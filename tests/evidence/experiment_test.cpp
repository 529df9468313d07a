#include "evidence/experiment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/npy.h"
#include "support/planned.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class Experiment : public ::testing::Test {
 protected:
  Experiment() : target_(test::hailo8()), cases_(experiment_cases(target_)) {}

  void write() {
    const Result<void> written = write_experiment(target_, cases_, folder_ / "q", false);
    ASSERT_TRUE(written) << written.error().to_string();
  }
  void result(const std::string& name, const std::string& step, const std::string& log, int code) {
    fs::create_directories(folder_ / "q/results");
    const std::string stem = "results/" + name + "." + step;
    ASSERT_TRUE(write_file_atomically(folder_ / "q" / (stem + ".log"), log));
    ASSERT_TRUE(
        write_file_atomically(folder_ / "q" / (stem + ".code"), std::to_string(code) + "\n"));
  }
  ExperimentRow row(const std::string& name) {
    const Result<ExperimentReport> report = read_experiment(folder_ / "q");
    EXPECT_TRUE(report) << report.error().to_string();
    for (const ExperimentRow& one : report->rows) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << name;
    return {};
  }

  Target target_;
  std::vector<ExperimentCase> cases_;
  ScratchFolder folder_;
};

TEST_F(Experiment, AsksWhatTheTargetLeavesOpen) {
  std::set<std::string> names;
  for (const ExperimentCase& one : cases_) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    if (one.limit.empty()) continue;
    EXPECT_EQ(target_.limit(one.limit).judge(one.number), Verdict::unknown) << one.name;
  }
  EXPECT_TRUE(names.contains("dilation_h_128"));
  EXPECT_TRUE(names.contains("broadcast_multiply"));
  EXPECT_TRUE(names.contains("int16_residual"));
  EXPECT_GE(names.size(), 12U);
}

TEST_F(Experiment, ASettledLimitIsNotAskedAbout) {
  target_.limits.find("dilation")->second.pass = 64;
  target_.limits.find("row_bytes")->second.fail =
      *target_.limits.find("row_bytes")->second.pass + 1;
  for (const ExperimentCase& one : experiment_cases(target_)) {
    EXPECT_NE(one.limit, "row_bytes");
    EXPECT_FALSE(one.limit == "dilation" && one.number <= 64) << one.name;
  }
}

TEST_F(Experiment, HoldsTheNetworksAndDataInFourAxes) {
  write();
  for (const ExperimentCase& one : cases_) {
    const fs::path folder = folder_ / "q" / one.name;
    const Result<ImportedModel> model = import_model(folder / "network.onnx");
    ASSERT_TRUE(model) << model.error().to_string();
    EXPECT_EQ(model->graph.inputs().size(), one.graph.inputs().size());
    for (const IoLayout& input : model->inputs) EXPECT_EQ(input.sizes().size(), 4U) << one.name;
    if (one.graph.inputs().size() > 1) {
      EXPECT_TRUE(fs::exists(folder / "calibration.npz"));
      continue;
    }
    const Result<NpyArray> data = read_npy(folder / "calibration.npy");
    ASSERT_TRUE(data) << data.error().to_string();
    const Shape& shape = one.graph.node(one.graph.inputs()[0]).shape;
    EXPECT_EQ(std::vector<int64_t>(data->dims.begin() + 1, data->dims.end()),
              (std::vector<int64_t>{shape.h, shape.w, shape.c}));
    EXPECT_GE(data->dims[0], 2);
  }
}

TEST_F(Experiment, TheLastStepDecides) {
  write();
  result("dilation_h_4", "parse", "Translation completed on ONNX model\n", 0);
  result("dilation_h_4", "optimize", "Model Optimization is done\n", 0);
  EXPECT_EQ(row("dilation_h_4").outcome, ExperimentOutcome::unclear);  // not compiled yet
  result("dilation_h_4", "compile", "[info] Successful Compilation (compilation time: 1s)\n", 0);
  EXPECT_EQ(row("dilation_h_4").outcome, ExperimentOutcome::passes);

  result("dilation_h_8", "parse", "Translation completed on ONNX model\n", 0);
  result("dilation_h_8", "optimize", "Model Optimization is done\n", 0);
  result("dilation_h_8", "compile",
         "[error] Mapping Failed (allocation time: 5s)\nNo successful assignments: dw1 errors:\n"
         "\tAgent infeasible\n",
         1);
  EXPECT_EQ(row("dilation_h_8").outcome, ExperimentOutcome::fails);
  EXPECT_EQ(row("dilation_h_8").told.layers, std::vector<std::string>{"dw1"});
  EXPECT_EQ(row("dilation_h_16").outcome, ExperimentOutcome::not_run);

  const std::string toml = read_experiment(folder_ / "q")->toml;
  EXPECT_NE(toml.find("[[limits.dilation.data_points]]\n  value = 4\n  outcome = \"passes\""),
            std::string::npos)
      << toml;
  EXPECT_NE(toml.find("value = 8\n  outcome = \"fails\""), std::string::npos) << toml;
  EXPECT_EQ(toml.find("value = 16"), std::string::npos);
}

TEST_F(Experiment, WhatSaysNothingAboutTheNetworkIsUnclear) {
  write();
  result("dilation_h_4", "parse", "PermissionError: [Errno 13] Permission denied: 'x'\n", 1);
  EXPECT_EQ(row("dilation_h_4").outcome, ExperimentOutcome::unclear);
  result("dilation_h_8", "parse", "", 137);
  EXPECT_EQ(row("dilation_h_8").outcome, ExperimentOutcome::unclear);
  EXPECT_TRUE(read_experiment(folder_ / "q")->toml.empty());
}

TEST_F(Experiment, RunsThroughTheCommandLineOfTheCompiler) {
  write();
  // Stand-in: it compiles nothing.
  const std::string stand_in = TESSERA_SOURCE_DIR "/tests/dfc_stand_in";
  const std::string command =
      "PATH=" + stand_in + ":$PATH " + (folder_ / "q/run.sh").string() + " >/dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Result<ExperimentReport> report = read_experiment(folder_ / "q");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->rows.size(), cases_.size());
  for (const ExperimentRow& one : report->rows)
    EXPECT_EQ(one.outcome, ExperimentOutcome::passes) << one.name;
}

TEST_F(Experiment, AFolderThatIsNoneIsRefused) {
  EXPECT_EQ(read_experiment(folder_.path()).error().code, ErrorCode::kNotFound);
  write();
  EXPECT_EQ(write_experiment(target_, cases_, folder_ / "q", false).error().code,
            ErrorCode::kAlreadyExists);
  const fs::path table = folder_ / "q/cases.tsv";
  for (const char* text :
       {"", "case\n", "# target hailo8\ncase\n",
        "# target hailo8\na\tb\tc\td\te\tf\n../x\tq\t\t0\tu\t1\n",
        "# target hailo8\na\tb\tc\td\te\tf\nx\tq\t\t99999999999999999999\tu\t1\n"}) {
    ASSERT_TRUE(write_file_atomically(table, std::string_view(text), {.force = true}));
    const Result<ExperimentReport> report = read_experiment(folder_ / "q");
    if (std::string_view(text).empty()) continue;
    ASSERT_FALSE(report.has_value()) << text;
    EXPECT_EQ(report.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace tessera
