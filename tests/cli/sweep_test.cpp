// tessera sweep as a user calls it: presets, runs that are killed and go on, vendors' compilers.
#include <signal.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

class CliSweep : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome sweep(std::vector<std::string> words) const {
    words.insert(words.begin(), "sweep");
    return tessera_tool(words, folder_.path());
  }

  // A definition of `count` small cases: some fail, a few cannot be made.
  std::string many_cases(int count) const {
    std::string widths;
    for (int i = 0; i < count; ++i) widths += (i == 0 ? "" : ", ") + std::to_string(8 + 5 * i);
    std::ofstream(path("many.toml"))
        << "name = \"many\"\n[[grid]]\nname = \"conv_w{width}\"\nnetwork = \"conv1x1\"\nin = 128\n"
           "over = [\"width\"]\nwidth = ["
        << widths << "]\n[[case]]\nname = \"missing\"\nmodel = \"none.onnx\"\n";
    return path("many.toml");
  }

  ScratchFolder folder_;
};

TEST_F(CliSweep, ListAndShowTellThePresets) {
  const Outcome list = sweep({"list"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_NE(list.out.find("allocator-fixes"), std::string::npos);
  EXPECT_NE(list.out.find("tiled-parity-chain"), std::string::npos);
  const Outcome show = sweep({"show", "allocator-fixes", "--json"});
  EXPECT_EQ(Json::parse(show.out)["cases"].size(), 17U);
  const Outcome full = sweep({"show", "allocator-fixes", "--profile", "full", "--json"});
  EXPECT_EQ(Json::parse(full.out)["cases"].size(), 49U);
  const Outcome text = sweep({"show", "modules", "--toml"});
  EXPECT_EQ(text.out, contents(TESSERA_SOURCE_DIR "/presets/modules.toml"));
}

TEST_F(CliSweep, NewWritesADefinitionThatRunsAsItIs) {
  EXPECT_EQ(sweep({"new", "mine.toml"}).code, 0);
  EXPECT_EQ(sweep({"new", "mine.toml"}).code, exit_code(ErrorCode::kAlreadyExists));
  const Outcome run = sweep({"mine.toml", "-o", "run"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.out.find("HAR status: 7 of 7 translated\n"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("HEF status: 6 of 7 compiled, 1 failed; first allocator_infeasible"),
            std::string::npos)
      << run.out;
  EXPECT_NE(run.out.find("Next knob: "), std::string::npos) << run.out;
}

TEST_F(CliSweep, APresetRunsByItsNameAloneIntoTheRootOfRuns) {
  const Outcome first = sweep({"micro", "--runs", "runs", "--json"});
  ASSERT_EQ(first.code, 0) << first.out;
  const Json document = Json::parse(first.out);
  EXPECT_EQ(document["cases"].size(), 6U);
  EXPECT_EQ(document["computed"], 6);
  EXPECT_EQ(document["report"]["hef_status"].get<std::string>().substr(0, 25),
            "0 of 6 compiled, 6 failed");
  const fs::path run = folder_ / document["run"].get<std::string>();
  EXPECT_EQ(run.parent_path().filename(), "runs");
  EXPECT_TRUE(run.filename().string().ends_with("Z-micro")) << run;
  EXPECT_TRUE(fs::exists(run / "summary.tsv"));
  const Json second = Json::parse(sweep({"micro", "--runs", "runs", "-o", "b", "--json"}).out);
  EXPECT_EQ(second["cached"], 6);
  EXPECT_EQ(contents(run / "summary.tsv"), contents(folder_ / "b/summary.tsv"));
  const Json third =
      Json::parse(sweep({"micro", "--runs", "runs", "-o", "c", "--no-cache", "--json"}).out);
  EXPECT_EQ(third["computed"], 6);
}

TEST_F(CliSweep, AnUnknownKeyNamesItsLineAndAnUnknownPresetTheKnownOnes) {
  std::ofstream(path("bad.toml")) << "name = \"bad\"\ncasses = 3\n";
  const Outcome bad = sweep({"bad.toml"});
  EXPECT_EQ(bad.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(bad.err.find("unknown entry \"casses\""), std::string::npos) << bad.err;
  EXPECT_NE(bad.err.find("bad.toml:2"), std::string::npos) << bad.err;
  const Outcome unknown = sweep({"modulse"});
  EXPECT_EQ(unknown.code, exit_code(ErrorCode::kNotFound));
  EXPECT_NE(unknown.err.find("modules"), std::string::npos) << unknown.err;
  EXPECT_EQ(sweep({}).code, exit_code(ErrorCode::kInvalidArgument));
}

// Ends the tool with `signal` after a while, or as soon as `ready` says; its exit code, or 128 +
// the signal.
int end_after(std::vector<std::string> words, const fs::path& folder, milliseconds after,
              int signal, const fs::path& err, const std::function<bool()>& ready = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    ::signal(SIGINT, SIG_DFL);
    ::alarm(kToolDeadline_s);
    const int null = ::open("/dev/null", O_RDWR);
    const int out = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(null, 0);
    ::dup2(null, 1);
    ::dup2(out, 2);
    std::vector<char*> list{const_cast<char*>(TESSERA_CLI)};
    for (std::string& word : words) list.push_back(word.data());
    list.push_back(nullptr);
    ::execv(TESSERA_CLI, list.data());
    ::_exit(127);
  }
  if (!ready) std::this_thread::sleep_for(after);
  const auto deadline = std::chrono::steady_clock::now() + after;
  while (ready && !ready() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(1));
  ::kill(child, signal);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Finished cases by name: their folder's inode and the time of their result, which change where a
// case is done again.
std::map<std::string, std::pair<ino_t, time_t>> finished(const fs::path& run) {
  std::map<std::string, std::pair<ino_t, time_t>> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run / "cases", none)) {
    struct stat folder {};
    struct stat result {};
    if (::stat(entry.path().c_str(), &folder) != 0) continue;
    // A folder that has its name is whole.
    EXPECT_EQ(::stat((entry.path() / "result.json").c_str(), &result), 0) << entry.path();
    all[entry.path().filename()] = {folder.st_ino, result.st_mtime};
  }
  return all;
}

// 4 kills in a usual run; TESSERA_SWEEP_KILLS=20 in an extended one.
TEST_F(CliSweep, FiveHundredCasesKilledAtRandomMomentsGiveTheTableOfAnUndisturbedRun) {
  const char* wanted = std::getenv("TESSERA_SWEEP_KILLS");
  const int kills = wanted == nullptr ? 4 : std::atoi(wanted);
  const std::string definition = many_cases(499);
  const auto begin = std::chrono::steady_clock::now();
  const Outcome whole = sweep({definition, "-o", "whole", "-j", "2"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  std::mt19937 random(20260223);
  std::map<std::string, std::pair<ino_t, time_t>> before;
  int disturbed = 0;
  for (int kill = 0; kill < kills; ++kill) {
    // Each attempt gets about as far as its share of the whole.
    const auto after = milliseconds(std::uniform_int_distribution<int64_t>(
        20, std::max<int64_t>(40, 2 * took.count() / (kills + 1)))(random));
    disturbed += end_after({"sweep", definition, "-o", "run", "-j", "2"}, folder_.path(), after,
                           SIGKILL, path("err")) == 128 + SIGKILL;
    const auto now = finished(folder_ / "run");
    for (const auto& [name, stamp] : before) {
      ASSERT_TRUE(now.contains(name)) << name << " was lost";
      EXPECT_EQ(now.at(name), stamp) << name << " was done again";
    }
    before = now;
  }
  EXPECT_GT(disturbed, 0);
  const Json last = Json::parse(sweep({definition, "-o", "run", "-j", "2", "--json"}).out);
  EXPECT_EQ(last["complete"], true);
  EXPECT_EQ(last["before"].get<size_t>(), before.size());
  EXPECT_EQ(last["computed"].get<size_t>(), 500 - before.size());
  EXPECT_EQ(contents(folder_ / "run/summary.tsv"), contents(folder_ / "whole/summary.tsv"));
  EXPECT_EQ(contents(folder_ / "run/cases.tsv"), contents(folder_ / "whole/cases.tsv"));
  EXPECT_FALSE(fs::exists(folder_ / "run/.work"));
}

TEST_F(CliSweep, AnInterruptLeavesWhatIsFinishedAndSaysHowToGoOn) {
  const std::string definition = many_cases(499);
  const int code = end_after({"sweep", definition, "-o", "run", "-j", "1"}, folder_.path(),
                             std::chrono::seconds(60), SIGINT, path("err"),
                             [&] { return !finished(folder_ / "run").empty(); });
  const std::string said = contents(path("err"));
  EXPECT_EQ(code, exit_code(ErrorCode::kCancelled)) << said;
  EXPECT_NE(said.find("are finished and stay"), std::string::npos) << said;
  EXPECT_NE(said.find("-o run"), std::string::npos) << said;
  EXPECT_EQ(Json::parse(contents(folder_ / "run/run.json"))["state"], "stopped");
  const size_t stay = finished(folder_ / "run").size();
  EXPECT_GT(stay, 0U);
  const Json rest = Json::parse(sweep({definition, "-o", "run", "--json"}).out);
  EXPECT_EQ(rest["before"].get<size_t>(), stay);
  EXPECT_EQ(rest["complete"], true);
}

TEST_F(CliSweep, CasesInProcessesOfTheirOwnGiveTheSameTable) {
  ASSERT_EQ(sweep({"masker-fixes", "-o", "a"}).code, 0);
  const Outcome limited = sweep({"masker-fixes", "-o", "b", "--case-limit", "100"});
  ASSERT_EQ(limited.code, 0) << limited.err;
  EXPECT_EQ(contents(folder_ / "a/summary.tsv"), contents(folder_ / "b/summary.tsv"));
  const Outcome time = sweep({"masker-fixes", "-o", "c", "--time-limit", "0.001"});
  EXPECT_EQ(time.code, exit_code(ErrorCode::kCancelled)) << time.out;
  EXPECT_NE(time.err.find("the time limit of 0.001 s is over"), std::string::npos) << time.err;
  EXPECT_EQ(sweep({"masker-fixes", "-o", "c"}).code, 0);
  EXPECT_EQ(contents(folder_ / "a/summary.tsv"), contents(folder_ / "c/summary.tsv"));
}

TEST_F(CliSweep, AnotherChoiceOfCasesOnARunIsRefusedWithWhatDiffers) {
  ASSERT_EQ(sweep({"micro", "-o", "run"}).code, 0);
  const Outcome other = sweep({"micro", "-o", "run", "--cases", "*head*"});
  EXPECT_EQ(other.code, exit_code(ErrorCode::kMismatch));
  EXPECT_NE(other.err.find("another choice of cases: '', not '*head*'"), std::string::npos)
      << other.err;
}

TEST_F(CliSweep, RunCaseAndCollectAreWhatTasksOfAClusterCall) {
  ASSERT_EQ(sweep({"micro", "-o", "whole"}).code, 0);
  ASSERT_EQ(sweep({"micro", "-o", "run", "--time-limit", "0.001"}).code,
            exit_code(ErrorCode::kCancelled));
  std::ifstream table(path("run/cases.tsv"));
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    const Outcome one = sweep({"run-case", "run", line.substr(0, line.find('\t')), "--json"});
    ASSERT_EQ(one.code, 0) << one.out;
    EXPECT_EQ(Json::parse(one.out)["har"], "passed");
  }
  EXPECT_EQ(sweep({"run-case", "run", "none"}).code, exit_code(ErrorCode::kNotFound));
  const Outcome collected = sweep({"collect", "run"});
  EXPECT_EQ(collected.code, 0) << collected.err;
  EXPECT_EQ(contents(folder_ / "run/summary.tsv"), contents(folder_ / "whole/summary.tsv"));
}

TEST_F(CliSweep, HailosCompilerIsDrivenAndItsRefusalsAreExplained) {
  std::ofstream(path("cases.toml")) << R"(
name = "cases"
[defaults]
network = "conv1x1"
[[case]]
name = "small"
width = 64
[[case]]
name = "wide"
width = 128
in = 32
calib_chan = 1
[[case]]
name = "calibrated"
width = 128
calib_chan = 64
calib_len = 100
calib_samples = 4
)";
  const Outcome run = run_program(
      "env",
      {"DFC_STAND_IN_CALLS=" + path("calls"), TESSERA_CLI, "sweep", "cases.toml", "-o", "run",
       "--compiler", "dfc", "--dfc", TESSERA_SOURCE_DIR "/tests/dfc_stand_in/hailo", "--json"},
      folder_.path());
  ASSERT_EQ(run.code, 0) << run.out;
  const Json document = Json::parse(run.out);
  EXPECT_EQ(document["compiler"], "dfc");
  const Json& cases = document["cases"];
  EXPECT_EQ(cases[0]["hef"], "passed") << cases[0].dump(1);
  for (const char* file : {"network.onnx", "network.har", "network.hef", "har.log"})
    EXPECT_TRUE(fs::exists(folder_ / "run/cases/small" / file)) << file;
  // Calibration of another number of channels is an error before the compiler is called.
  EXPECT_EQ(cases[1]["har"], "passed");
  EXPECT_EQ(cases[1]["failure"]["family"], "bad_inputs_shape");
  EXPECT_EQ(cases[2]["hef"], "passed") << cases[2].dump(1);
  EXPECT_EQ(cases[2]["notes"][0],
            "warning: calibration of 100 frames was padded with zeros to 128");
  std::ifstream calls(path("calls"));
  int lines = 0;
  for (std::string line; std::getline(calls, line);) ++lines;
  EXPECT_GE(lines, 6);
  const Outcome again =
      run_program(TESSERA_CLI, {"sweep", "cases.toml", "-o", "run"}, folder_.path());
  EXPECT_EQ(again.code, exit_code(ErrorCode::kMismatch));
  EXPECT_NE(again.err.find("another compiler: 'dfc', not 'builtin'"), std::string::npos)
      << again.err;
}

TEST_F(CliSweep, ARefusalOfHailosCompilerIsTheCasesFailure) {
  std::ofstream(path("rules")) << "* compiler infeasible\n";
  const Outcome run =
      run_program("env",
                  {"DFC_STAND_IN_RULES=" + path("rules"), TESSERA_CLI, "sweep", "micro", "--cases",
                   "*head*", "-o", "run", "--compiler", "dfc", "--dfc",
                   TESSERA_SOURCE_DIR "/tests/dfc_stand_in/hailo", "--json"},
                  folder_.path());
  ASSERT_EQ(run.code, 0) << run.out;
  const Json document = Json::parse(run.out);
  for (const Json& one : document["cases"]) {
    EXPECT_EQ(one["har"], "passed") << one.dump(1);
    EXPECT_EQ(one["hef"], "failed");
    EXPECT_EQ(one["failure"]["family"], "allocator_infeasible") << one.dump(1);
  }
  // The target explains it: the next knob comes from the row that is too wide.
  EXPECT_EQ(document["report"]["changes"][0]["parameter"], "width");
}

TEST_F(CliSweep, ACompilerThatHangsIsEndedWithItsCase) {
  std::ofstream(path("rules")) << "* compiler hang\n";
  const Outcome run =
      run_program("env",
                  {"DFC_STAND_IN_RULES=" + path("rules"), TESSERA_CLI, "sweep", "micro", "--cases",
                   "*head*", "-o", "run", "-j", "2", "--compiler", "dfc", "--dfc",
                   TESSERA_SOURCE_DIR "/tests/dfc_stand_in/hailo", "--case-limit", "2", "--json"},
                  folder_.path());
  ASSERT_EQ(run.code, 0) << run.out;
  const Json document = Json::parse(run.out);
  ASSERT_EQ(document["cases"].size(), 2U);
  for (const Json& one : document["cases"]) EXPECT_EQ(one["failure"]["family"], "timeout");
  // Its command line names the run's folder, below this one.
  EXPECT_NE(run_program("pgrep", {"-f", "hailo.*" + folder_.path().filename().string()}).code, 0);
}

TEST_F(CliSweep, VelaIsDriven) {
  const Outcome run = run_program(
      TESSERA_CLI,
      {"sweep", "allocator-fixes", "--cases", "*_w256", "-o", "run", "--compiler", "vela",
       "--target", "ethos_u65", "--vela", TESSERA_SOURCE_DIR "/tests/vela_stand_in/vela", "--json"},
      folder_.path());
  ASSERT_EQ(run.code, 0) << run.out;
  const Json document = Json::parse(run.out);
  for (const Json& one : document["cases"]) EXPECT_EQ(one["hef"], "passed") << one.dump(1);
}

}  // namespace
}  // namespace tessera
