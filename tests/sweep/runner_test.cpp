#include "sweep/sweep_runner.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "support/full_disk.h"
#include "sweep/build_id.h"

#include "sweep/work_folders.h"
#include "sweep_fixture.h"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const SweepOutcome& outcome) {
  std::vector<std::string> names;
  for (const CaseResult& one : outcome.cases) names.push_back(one.name);
  return names;
}

// Stops after so many cases.
SweepOutcome run_some(const SweepRun& run, size_t cases) {
  std::atomic<size_t> done{0};
  SweepOptions options;
  options.on_case = [&](const CaseEvent& event) { done += event.result != nullptr; };
  options.is_cancelled = [&] { return done >= cases; };
  return run_sweep(run, options).value();
}

TEST(SweepRunner, ARunFolderHoldsWhatItsContractSays) {
  const ScratchFolder folder;
  const SweepRun run = run_of(convolutions(), folder / "run");
  const SweepOutcome outcome = run_all(run);
  EXPECT_TRUE(outcome.complete);
  EXPECT_EQ(outcome.computed, 6U);
  const Json record = Json::parse(text_of(run.folder / "run.json"));
  EXPECT_EQ(record["format"], 1);
  EXPECT_EQ(record["kind"], "sweep");
  EXPECT_EQ(record["state"], "finished");
  EXPECT_EQ(record["target"]["name"], "hailo8");
  EXPECT_EQ(record["compiler"]["name"], "builtin");
  EXPECT_EQ(text_of(run.folder / "definition.toml"), convolutions().text);
  EXPECT_TRUE(text_of(run.folder / "cases.tsv")
                  .starts_with("case\tnetwork\twidth\tin\nconv_64_w128\tconv1x1\t128\t64\n"));
  const std::string summary = text_of(run.folder / "summary.tsv");
  EXPECT_TRUE(summary.starts_with(
      "stage\tmodule\trun_tag\tinput_len\tinput_chan\tcalib_npz\thar_path\thef_path\thar_success\t"
      "hef_success\texception_type\tfailure_head\thar_log\thef_log\tfailure_log\n"
      "convolutions\tconv_64_w128\tconvolutions\t128\t64\t\tcases/conv_64_w128/network.onnx\t"
      "cases/conv_64_w128/placement.json\ttrue\ttrue\t\t\tcases/conv_64_w128/har.log\t"
      "cases/conv_64_w128/hef.log\t\n"))
      << summary;
  for (const char* file : {"network.onnx", "result.json", "har.log", "hef.log"})
    EXPECT_TRUE(fs::exists(run.case_folder("conv_64_w128") / file)) << file;
  EXPECT_TRUE(fs::exists(run.case_folder("conv_256_w2000") / "_compile_failure.txt"));
  EXPECT_FALSE(fs::exists(run.folder / ".work"));
}

TEST(SweepRunner, AStoppedRunGoesOnAndItsTableIsThatOfAnUndisturbedOne) {
  const ScratchFolder folder;
  const SweepRun whole = run_of(convolutions(), folder / "whole");
  run_all(whole);
  const SweepRun run = run_of(convolutions(), folder / "run");
  const SweepOutcome first = run_some(run, 2);
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(first.computed, 2U);
  EXPECT_EQ(Json::parse(text_of(run.folder / "run.json"))["state"], "stopped");
  // What a killed worker leaves: the folder of a process that is gone.
  const pid_t gone = ::fork();
  if (gone == 0) {
    const bool made = work_folder(run.folder, "conv_64_w2000").has_value();
    ::_exit(made ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(gone, &status, 0), gone);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(run.folder / ".work"));
  const SweepOutcome second = run_all(run, 3);
  EXPECT_TRUE(second.complete);
  EXPECT_EQ(second.resumed, 2U);
  EXPECT_EQ(second.computed, 4U);
  EXPECT_EQ(text_of(run.folder / "summary.tsv"), text_of(whole.folder / "summary.tsv"));
  EXPECT_FALSE(fs::exists(run.folder / ".work"));
  // That of another machine is left alone: its process may still work.
  fs::create_directories(run.folder / ".work" / "conv_64_w2000.another-machine.1.0");
  EXPECT_EQ(run_all(run).computed, 0U);
  EXPECT_TRUE(fs::exists(run.folder / ".work" / "conv_64_w2000.another-machine.1.0"));
}

TEST(SweepRunner, ACaseFolderWithoutAReadableResultIsMadeAgain) {
  const ScratchFolder folder;
  const SweepRun run = run_of(convolutions(), folder / "run");
  run_all(run);
  const std::string summary = text_of(run.folder / "summary.tsv");
  fs::resize_file(run.case_folder("conv_64_w128") / "result.json", 40);
  fs::remove(run.case_folder("conv_64_w1024") / "result.json");
  fs::resize_file(run.case_folder("conv_64_w2000") / "network.onnx", 0);
  const SweepOutcome again = run_all(run);
  EXPECT_EQ(again.computed, 3U);
  EXPECT_EQ(text_of(run.folder / "summary.tsv"), summary);
}

TEST(SweepRunner, AFolderOfAnotherSweepIsRefusedWithWhatDiffers) {
  const ScratchFolder folder;
  run_all(run_of(convolutions(), folder / "run"));
  const auto refusal = [&](const SweepRun& run) {
    const auto outcome = run_sweep(run, {});
    EXPECT_FALSE(outcome);
    return outcome ? Error() : outcome.error();
  };
  const Error definition =
      refusal(run_of(convolutions("[[case]]\nname = \"a\"\nnetwork = \"norm\"\n"), folder / "run"));
  EXPECT_EQ(definition.code, ErrorCode::kMismatch);
  EXPECT_NE(definition.message.find("another definition"), std::string::npos);
  EXPECT_NE(refusal(run_of(convolutions(), folder / "run", "", "conv_64*"))
                .message.find("another choice of cases: '', not 'conv_64*'"),
            std::string::npos);
  EXPECT_NE(refusal(run_of(convolutions(), folder / "run", "", "", "generic"))
                .message.find("another target: 'hailo8', not 'generic'"),
            std::string::npos);
  SweepRun newer = run_of(convolutions(), folder / "run");
  newer.record.compiler.version = "2";
  EXPECT_NE(refusal(newer).message.find("another version of the compiler: '1', not '2'"),
            std::string::npos);
}

TEST(SweepRunner, AFolderWithOtherFilesIsNotTaken) {
  const ScratchFolder folder;
  fs::create_directories(folder / "run");
  std::ofstream(folder / "run" / "thesis.txt") << "mine";
  const auto outcome = run_sweep(run_of(convolutions(), folder / "run"), {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(outcome.error().message.find("thesis.txt"), std::string::npos);
}

TEST(SweepRunner, ASecondSweepOnAFolderIsRefusedWhileTheFirstRuns) {
  const ScratchFolder folder;
  const SweepRun run = run_of(convolutions(), folder / "run");
  std::optional<ErrorCode> second;
  SweepOptions options;
  options.on_case = [&](const CaseEvent&) {
    if (!second) {
      const auto outcome = run_sweep(run, {});
      second = outcome ? ErrorCode::kCancelled : outcome.error().code;
    }
  };
  EXPECT_TRUE(run_sweep(run, options).value().complete);
  EXPECT_EQ(second, ErrorCode::kUnavailable);
}

TEST(SweepRunner, UnderFirstSuccessCasesAfterTheFirstSuccessAreNoPartOfTheTable) {
  const SweepDefinition definition = parse_sweep(R"(
name = "ladder"
rule = "first-success"
[[grid]]
name = "w{width}"
network = "conv1x1"
in = 256
over = ["width"]
width = [4000, 2000, 1024, 512, 256, 128]
)",
                                                 "ladder.toml")
                                         .value();
  const ScratchFolder folder;
  const std::vector<std::string> expected = {"w4000", "w2000", "w1024"};
  for (const int jobs : {1, 4}) {
    const SweepRun run = run_of(definition, folder / std::to_string(jobs));
    const SweepOutcome outcome = run_all(run, jobs);
    EXPECT_EQ(names_of(outcome), expected);
    EXPECT_TRUE(outcome.complete);
    EXPECT_TRUE(run_all(run, jobs).complete);
  }
  EXPECT_EQ(text_of(folder / "1" / "summary.tsv"), text_of(folder / "4" / "summary.tsv"));
  EXPECT_FALSE(fs::exists(folder / "1" / "cases" / "w256"));
}

TEST(SweepRunner, ACaseThatCannotBeImportedIsThatCasesFailureAndTheSweepGoesOn) {
  const ScratchFolder folder;
  std::ofstream(folder / "broken.onnx") << "no network";
  SweepDefinition definition = parse_sweep(R"(
name = "models"
[[case]]
name = "broken"
model = "broken.onnx"
[[case]]
name = "missing"
model = "missing.onnx"
[[case]]
name = "too_deep"
network = "partial"
of = "bottleneck"
out_block = 99
[[case]]
name = "sound"
network = "sigmoid"
width = 64
)",
                                           "models.toml")
                                   .value();
  definition.folder = folder.path();
  const SweepRun run = run_of(definition, folder / "run");
  const SweepOutcome outcome = run_all(run);
  ASSERT_EQ(outcome.cases.size(), 4U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome.cases[i].har, StepOutcome::failed);
    EXPECT_EQ(outcome.cases[i].hef, StepOutcome::not_tried);
    EXPECT_EQ(outcome.cases[i].failure->family, "har_build");
    EXPECT_EQ(outcome.cases[i].failure->exception_type, "ImportFailed");
  }
  EXPECT_EQ(outcome.cases[3].hef, StepOutcome::passed);
  EXPECT_TRUE(fs::exists(run.case_folder("broken") / "_compile_failure.txt"));
}

TEST(SweepRunner, PartsOfARealNetworkAreCompiled) {
  SweepDefinition definition = parse_sweep(R"(
name = "demo"
[defaults]
model = "models/convtasnet_demo_gln_8k.pth"
length = 2000
[[grid]]
name = "{part}"
over = ["part"]
part = ["whole", "encoder", "masker", "decoder"]
[[grid]]
name = "block{block}"
part = "block"
over = ["block"]
block = [0, 1]
[[grid]]
name = "prefix{depth}"
part = "prefix"
over = ["depth"]
depth = [1, 2]
[[case]]
name = "prefix_too_deep"
part = "prefix"
depth = 4000
)",
                                           "demo.toml")
                                   .value();
  definition.folder = TESSERA_SOURCE_DIR;
  const ScratchFolder folder;
  const SweepOutcome outcome = run_all(run_of(definition, folder / "run"));
  ASSERT_EQ(outcome.cases.size(), 9U);
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(outcome.cases[i].har, StepOutcome::passed)
        << outcome.cases[i].name << ": " << outcome.cases[i].failure_head();
  }
  EXPECT_EQ(outcome.cases[1].input_chan, 1);
  EXPECT_GT(outcome.cases[2].input_chan, 1);
  EXPECT_NE(outcome.cases[8].failure_head().find("the network has"), std::string::npos);
}

TEST(SweepRunner, APresetIsAskedOfARealNetwork) {
  const std::string model = TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth";
  for (const char* name : {"tiled-parity-decoder", "tiled-parity-masker", "tiled-parity-chain"}) {
    const ScratchFolder folder;
    const bool chain = std::string_view(name) == "tiled-parity-chain";
    SweepRun run = run_of(preset(name), folder / "run", "", chain ? "*8192x256" : "*1024x256");
    run.record.model = model;
    run.definition = run.definition.on_model(model).value();
    const SweepOutcome outcome = run_all(run);
    ASSERT_EQ(outcome.cases.size(), 1U);
    EXPECT_EQ(outcome.cases[0].hef, StepOutcome::passed)
        << name << ": " << outcome.cases[0].failure_head();
    EXPECT_EQ(open_run(run.folder).value().definition.cases[0].parameters,
              run.definition.cases[0].parameters);
    const auto other = run_sweep(run_of(preset(name), folder / "run", "", run.record.pattern), {});
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("another model"), std::string::npos);
  }
}

TEST(SweepRunner, APresetWithoutAPartOfNetworksIsNotAskedOfOne) {
  const auto made = preset("micro").on_model("net.pth");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(preset("fine").on_model("net.pth").value().cases.size(), 4U);
  const SweepDefinition one = preset("stage7").on_model("net.pth").value();
  ASSERT_EQ(one.cases.size(), 1U);
  EXPECT_EQ(one.cases[0].name, "whole_16000");
  EXPECT_FALSE(preset("topology").on_model("net.pth"));
}

TEST(SweepRunner, ResultsAreKnownOverRunsByWhatTheyDependOn) {
  const ScratchFolder folder;
  const fs::path cache = folder / "cache";
  const SweepOutcome first = run_all(run_of(convolutions(), folder / "a"), 2, cache);
  EXPECT_EQ(first.computed, 6U);
  const SweepOutcome second = run_all(run_of(convolutions(), folder / "b"), 2, cache);
  EXPECT_EQ(second.cached, 6U);
  EXPECT_EQ(text_of(folder / "a" / "summary.tsv"), text_of(folder / "b" / "summary.tsv"));
  EXPECT_EQ(second.cases[5].failure_head(), first.cases[5].failure_head());
  EXPECT_TRUE(fs::exists(folder / "b" / "cases" / "conv_256_w2000" / "_compile_failure.txt"));
  SweepRun newer = run_of(convolutions(), folder / "c");
  newer.record.compiler.version = "2";
  EXPECT_EQ(run_all(newer, 2, cache).computed, 6U);
  EXPECT_EQ(run_all(run_of(convolutions(), folder / "d", "", "", "generic"), 2, cache).computed,
            6U);
}

TEST(SweepRunner, ResultsOfTheBuiltinCompilerAreThoseOfThisBuild) {
  const std::string id = program_build_id();
  EXPECT_GE(id.size(), 16U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
}

TEST(SweepRunner, ADamagedEntryOfTheCacheIsMadeAgain) {
  const ScratchFolder folder;
  const fs::path cache = folder / "cache";
  const SweepOutcome first = run_all(run_of(convolutions(), folder / "a"), 1, cache);
  std::ofstream(cache / first.cases[0].key / "result.json") << "{";
  const SweepOutcome second = run_all(run_of(convolutions(), folder / "b"), 1, cache);
  EXPECT_EQ(second.computed, 1U);
  EXPECT_EQ(second.cached, 5U);
  EXPECT_EQ(text_of(folder / "a" / "summary.tsv"), text_of(folder / "b" / "summary.tsv"));
}

TEST(SweepRunner, ACaseOverItsLimitIsEndedAndHasFailed) {
  const ScratchFolder folder;
  const SweepRun run = run_of(convolutions(), folder / "run", "", "conv_64*");
  SweepOptions options;
  options.case_command = {"sh", "-c", "exec sleep 60"};
  options.case_limit_s = 0.2;
  options.jobs = 3;
  const auto begin = std::chrono::steady_clock::now();
  const SweepOutcome outcome = run_sweep(run, options).value();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  ASSERT_EQ(outcome.cases.size(), 3U);
  for (const CaseResult& one : outcome.cases) {
    EXPECT_EQ(one.failure->family, "timeout");
    EXPECT_EQ(one.failure->signature, "CaseTimeout");
    EXPECT_EQ(one.hef, StepOutcome::failed);
  }
}

TEST(SweepRunner, ASweepOverItsTimeStopsAndNothingUnfinishedCounts) {
  const ScratchFolder folder;
  const SweepRun run = run_of(convolutions(), folder / "run", "", "conv_64*");
  SweepOptions options;
  options.case_command = {"sh", "-c", "exec sleep 60"};
  options.time_limit_s = 0.3;
  const SweepOutcome outcome = run_sweep(run, options).value();
  EXPECT_FALSE(outcome.complete);
  EXPECT_EQ(outcome.stopped, "the time limit of 0.3 s is over");
  EXPECT_TRUE(outcome.cases.empty());
  EXPECT_TRUE(run_all(run).complete);
}

TEST(SweepRunner, ACrashOfACaseIsItsFailureAndACommandThatFailsEndsTheSweep) {
  const ScratchFolder folder;
  SweepOptions options;
  options.case_limit_s = 60;
  options.case_command = {"sh", "-c", "kill -SEGV $$"};
  const SweepOutcome outcome =
      run_sweep(run_of(convolutions(), folder / "a", "", "conv_64_w128"), options).value();
  EXPECT_EQ(outcome.cases.at(0).failure->family, "tool_crash");
  options.case_command = {"sh", "-c", "echo no room; exit 5"};
  const auto ended = run_sweep(run_of(convolutions(), folder / "b", "", "conv_64_w128"), options);
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().message.find("no room"), std::string::npos);
}

TEST(SweepRunner, AReadOnlyFolderIsRefusedClearly) {
  if (::geteuid() == 0) {
    // Nothing is read-only for root, but a folder below a file is none for anybody.
    const ScratchFolder folder;
    std::ofstream(folder / "file") << "x";
    const auto outcome = run_sweep(run_of(convolutions(), folder / "file" / "run"), {});
    ASSERT_FALSE(outcome);
    EXPECT_FALSE(outcome.error().message.empty());
    return;
  }
  const ScratchFolder folder;
  fs::create_directories(folder / "run");
  fs::permissions(folder / "run", fs::perms::owner_read | fs::perms::owner_exec);
  const auto outcome = run_sweep(run_of(convolutions(), folder / "run"), {});
  fs::permissions(folder / "run", fs::perms::owner_all);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kIo) << outcome.error().to_string();
}

TEST(SweepRunner, AFullDiskEndsTheSweepAndTakesNothingBackThatIsFinished) {
  const ScratchFolder folder;
  const fs::path disk = folder / "disk";
  fs::create_directory(disk);
  const SweepRun run = run_of(preset("allocator-fixes"), disk / "run", "full");
  const auto result = on_full_disk(disk, [&] {  // 64 KiB
    const auto outcome = run_sweep(run, {});
    if (outcome || outcome.error().code != ErrorCode::kNoSpace) return false;
    const auto opened = open_run(run.folder);
    if (!opened) return false;
    const auto finished = finished_cases(*opened, false);
    return finished && std::any_of(finished->begin(), finished->end(),
                                   [](const auto& one) { return one.has_value(); });
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

TEST(SweepRunner, TheResultOfAnotherCaseInAFolderIsMadeAgain) {
  const ScratchFolder folder;
  const SweepRun run = run_of(convolutions(), folder / "run");
  run_all(run);
  fs::remove_all(run.case_folder("conv_64_w128"));
  fs::copy(run.case_folder("conv_64_w1024"), run.case_folder("conv_64_w128"));
  EXPECT_EQ(run_all(run).computed, 1U);
}

TEST(SweepRunner, OneCaseAloneAndACollectionMakeTheTableOfASweep) {
  const ScratchFolder folder;
  const SweepRun whole = run_of(convolutions(), folder / "whole");
  run_all(whole);
  const SweepRun begun = begin_run([&] {
                           SweepRun run = run_of(convolutions(), folder / "run");
                           fs::create_directories(run.folder);
                           return run;
                         }())
                             .value();
  const SweepRun run = open_run(begun.folder).value();
  EXPECT_FALSE(collect_run(run).value().complete);
  for (auto one = run.definition.cases.rbegin(); one != run.definition.cases.rend(); ++one)
    EXPECT_EQ(run_case_of(run, one->name, {}).value().source, CaseSource::computed);
  EXPECT_EQ(run_case_of(run, "conv_64_w128", {}).value().source, CaseSource::resumed);
  EXPECT_TRUE(collect_run(run).value().complete);
  EXPECT_EQ(text_of(run.folder / "summary.tsv"), text_of(whole.folder / "summary.tsv"));
  EXPECT_EQ(run_case_of(run, "conv", {}).error().code, ErrorCode::kNotFound);
  fs::resize_file(run.case_folder("conv_64_w128") / "result.json", 3);
  EXPECT_EQ(run_case_of(run, "conv_64_w128", {}).value().source, CaseSource::computed);
}

TEST(SweepRunner, ARunWhoseDefinitionWasChangedIsNotOpened) {
  const ScratchFolder folder;
  run_all(run_of(convolutions(), folder / "run"));
  std::ofstream(folder / "run" / "definition.toml", std::ios::app) << "# mine\n";
  const auto opened = open_run(folder / "run");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_run(folder.path()).error().code, ErrorCode::kNotFound);
}

TEST(CaseResult, IsReadBackAsItWasWritten) {
  const ScratchFolder folder;
  const SweepRun run = run_of(preset("topology"), folder / "run", "quick", "concat_normal*");
  for (const CaseResult& one : run_all(run).cases) {
    const CaseResult back = read_case_result(run.case_folder(one.name)).value();
    EXPECT_EQ(to_json(back), to_json(one));
    EXPECT_EQ(back.parameters, one.parameters);
  }
}

}  // namespace
}  // namespace tessera::test
