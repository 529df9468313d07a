// tessera eval: its files, its tables, and what becomes of it when it is killed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "cli/tool.h"
#include "exit_codes.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const std::string kSource = TESSERA_SOURCE_DIR;
const std::string kMixtures = kSource + "/models/mixtures";
const std::string kCausal = kSource + "/models/convtasnet_demo_causal_8k.pth";

class CliEval : public ::testing::Test {
 protected:
  std::vector<std::string> line(const std::string& root, const std::string& folder,
                                std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"eval", kDemoModel,   "--root",    root,
                                   "-o",   path(folder), "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Outcome eval(const std::string& root, const std::string& folder,
               std::vector<std::string> more = {}) const {
    return tessera_tool(line(root, folder, std::move(more)), folder_.path());
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string file(const std::string& folder, const std::string& name) const {
    return contents(folder_ / folder / name);
  }
  // Copies of the bundled mixtures under other names.
  std::string many(int count) {
    const fs::path root = folder_ / "many";
    fs::create_directories(root);
    const char* const names[] = {"04", "06", "08"};
    for (int i = 0; i < count; ++i) {
      for (const char* part : {"mix", "s1", "s2"}) {
        fs::copy_file(fmt::format("{}/{}_{}.wav", kMixtures, names[i % 3], part),
                      root / fmt::format("{:02}_{}.wav", i, part));
      }
    }
    return root.string();
  }

  ScratchFolder folder_;
};

TEST_F(CliEval, TellsMeansWithIntervalsAndWritesThem) {
  const Outcome outcome = eval(kMixtures, "out", {"--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json printed = json::parse(outcome.out);
  const json written = json::parse(file("out", "evaluation.json"));
  EXPECT_EQ(written.at("layout"), "folders");
  EXPECT_EQ(written.at("means").at(0), printed.at("means").at(0));
  const json& mean = written.at("means").at(0).at("si_snr_improvement_db");
  EXPECT_NEAR(mean.at("mean").get<double>(), 11.25, 0.005);  // models/README.md
  EXPECT_EQ(mean.at("count"), 3);
  EXPECT_GT(mean.at("half_width_95").get<double>(), 0);
  EXPECT_EQ(written.at("worst").size(), 3u);
  EXPECT_EQ(written.at("items").at(0).at("references").size(), 2u);
  const std::string rows = file("out", "items.tsv");
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 4);
  EXPECT_TRUE(rows.starts_with("name\tmodel\tmixture\t"));
  const std::string drawing = file("out", "scores.svg");
  static const std::regex bars("class=\"bar\"");
  EXPECT_GT(std::distance(std::sregex_iterator(drawing.begin(), drawing.end(), bars),
                          std::sregex_iterator()),
            0);
  EXPECT_EQ(read_audio(kMixtures + "/08_mix.wav")->channels,
            read_audio(folder_ / "out/worst/01_mixture.wav")->channels);
  const std::string page = file("out", "report.html");
  static const std::regex players("src=\"(worst/[a-z0-9_]+\\.wav)\"");
  int clips = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), players), end; at != end; ++at, ++clips)
    EXPECT_TRUE(fs::exists(folder_ / "out" / (*at)[1].str())) << (*at)[1];
  EXPECT_EQ(clips, 15);  // mixture, two sources, two voices, of three
  const Outcome again = eval(kMixtures, "out");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.out.find("0 mixtures scored"), std::string::npos) << again.out;
  EXPECT_NE(again.out.find("3 known from an earlier run"), std::string::npos) << again.out;
}

TEST_F(CliEval, ComparesTwoNetworks) {
  const Outcome outcome = eval(kMixtures, "out", {"--against", kCausal, "--jobs", "2"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("the second less the first"), std::string::npos) << outcome.out;
  const json written = json::parse(file("out", "evaluation.json"));
  EXPECT_NEAR(written.at("means").at(1).at("si_snr_improvement_db").at("mean").get<double>(), 8.17,
              0.005);  // models/README.md
  EXPECT_NEAR(written.at("difference").at("si_snr_db").at("mean").get<double>(), 8.17 - 11.25,
              0.01);
}

// Ended by SIGKILL after the first scores, then run again: nothing is scored twice, and every file
// is what an undisturbed run writes.
TEST_F(CliEval, KilledItGoesOnAndWritesTheSameFiles) {
  constexpr int kCount = 12;
  const std::string root = many(kCount);
  ASSERT_EQ(eval(root, "whole").code, 0);
  const auto lines = [&] {
    const std::string log = file("parts", "scores.jsonl");
    return std::count(log.begin(), log.end(), '\n');
  };
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<std::string> words = line(root, "parts");
    std::vector<char*> arguments{const_cast<char*>(TESSERA_CLI)};
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 1);
    ::dup2(null, 2);
    ::alarm(kToolDeadline_s);
    ::execv(TESSERA_CLI, arguments.data());
    ::_exit(127);
  }
  while (lines() < 3 && ::kill(child, 0) == 0 && ::waitpid(child, nullptr, WNOHANG) == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto known = lines() - 1;
  ASSERT_GE(known, 2);
  ASSERT_LT(known, kCount) << "it was faster than the test";
  EXPECT_FALSE(fs::exists(folder_ / "parts/evaluation.json"));
  const Outcome rest = eval(root, "parts", {"--json"});
  ASSERT_EQ(rest.code, 0) << rest.err;
  EXPECT_EQ(json::parse(rest.out).at("resumed"), known);
  EXPECT_EQ(json::parse(rest.out).at("scored"), kCount - known);
  EXPECT_EQ(lines(), kCount + 1);
  for (const char* name : {"evaluation.json", "items.tsv", "scores.svg", "report.html",
                           "worst/01_mixture.wav", "worst/10_source_2_network_1.wav"})
    EXPECT_EQ(file("parts", name), file("whole", name)) << name;
}

TEST_F(CliEval, BadFilesAreToldTheOthersAreDone) {
  const std::string root = many(4);
  std::ofstream(root + "/01_s2.wav") << "no sound";
  fs::remove(root + "/02_s1.wav");
  const Outcome outcome = eval(root, "out");
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.out.find("02_s1.wav"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.err.find("2 of 4 mixtures were not scored"), std::string::npos) << outcome.err;
  const json written = json::parse(file("out", "evaluation.json"));
  EXPECT_EQ(written.at("items").size(), 2u);
  EXPECT_EQ(written.at("failed").size(), 2u);
  EXPECT_EQ(written.at("failed").at(1).at("code"), "not_found");
}

TEST_F(CliEval, FoldersThatAreNotItsOwnAreLeftAlone) {
  fs::create_directories(folder_ / "out");
  std::ofstream(folder_ / "out/letter.txt") << "dear";
  const Outcome outcome = eval(kMixtures, "out");
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kAlreadyExists));
  EXPECT_NE(outcome.err.find("add --force"), std::string::npos) << outcome.err;
  fs::create_directories(folder_ / "empty");
  const Outcome empty = eval(path("empty"), "new");
  EXPECT_EQ(empty.code, exit_code(ErrorCode::kNotFound)) << empty.err;
  EXPECT_FALSE(fs::exists(folder_ / "new"));
}

// The folder of another network, and the option that replaces it.
TEST_F(CliEval, AnotherNetworkNeedsAnotherFolder) {
  const std::string root = many(1);
  ASSERT_EQ(eval(root, "out").code, 0);
  std::vector<std::string> other = line(root, "out");
  other[1] = kCausal;
  const Outcome refused = tessera_tool(other, folder_.path());
  EXPECT_EQ(refused.code, exit_code(ErrorCode::kMismatch)) << refused.err;
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
  other.emplace_back("--force");
  EXPECT_EQ(tessera_tool(other, folder_.path()).code, 0);
}

}  // namespace
}  // namespace tessera
