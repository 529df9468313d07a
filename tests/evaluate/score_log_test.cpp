#include "evaluate/score_log.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cmath>
#include <limits>

#include "base/text_bytes.h"
#include "support/full_disk.h"
#include "support/scratch_folder.h"
#include "tessera/file.h"

namespace tessera {
namespace {

SeparationScore score(double value) {
  SeparationScore made;
  for (int s = 0; s < 2; ++s)
    made.sources.push_back({1 - s, value + s, value / 3, value * 7, value - 1, value + 0.1});
  made.mean_si_snr_db = value;
  made.mean_sdr_db = -std::numeric_limits<double>::infinity();
  made.mean_snr_db = std::numeric_limits<double>::quiet_NaN();
  made.mean_si_snr_improvement_db = std::numeric_limits<double>::infinity();
  made.mean_sdr_improvement_db = 1.0 / 3.0;
  return made;
}

class ScoreLogTest : public testing::Test {
 protected:
  ScoreLog open(const std::string& binding = "b", bool force = false) {
    auto log = ScoreLog::open(path_, binding, force);
    EXPECT_TRUE(log.has_value()) << log.error().to_string();
    return std::move(log).value();
  }
  std::string refusal(const std::string& binding = "b") {
    const auto log = ScoreLog::open(path_, binding, false);
    return log ? "" : log.error().message;
  }
  std::string text() const {
    const auto bytes = read_file(path_, 1 << 20).value();
    return std::string(text_of(bytes));
  }
  void write(std::string_view text) {
    ASSERT_TRUE(write_file_atomically(path_, text, {.force = true}).has_value());
  }

  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "scores.jsonl";
};

TEST_F(ScoreLogTest, EveryNumberComesBackAsItWas) {
  ASSERT_TRUE(open().add("a \"name\"", "1@2", {8000, 32000, {score(0.1), score(1e-300)}}));
  const ScoreLog again = open();
  const ItemScores* kept = again.find("a \"name\"", "1@2");
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->sample_rate, 8000);
  EXPECT_EQ(kept->frames, 32000);
  ASSERT_EQ(kept->models.size(), 2u);
  const SeparationScore expected = score(0.1);
  const SeparationScore& first = kept->models[0];
  EXPECT_EQ(first.mean_si_snr_db, 0.1);
  EXPECT_EQ(first.mean_sdr_db, expected.mean_sdr_db);
  EXPECT_TRUE(std::isnan(first.mean_snr_db));
  EXPECT_EQ(first.mean_si_snr_improvement_db, expected.mean_si_snr_improvement_db);
  EXPECT_EQ(first.mean_sdr_improvement_db, 1.0 / 3.0);
  ASSERT_EQ(first.sources.size(), 2u);
  EXPECT_EQ(first.sources[0].estimate, 1);
  EXPECT_EQ(first.sources[1].sdr_db, expected.sources[1].sdr_db);
  EXPECT_EQ(first.sources[1].sdr_improvement_db, expected.sources[1].sdr_improvement_db);
}

TEST_F(ScoreLogTest, FilesThatChangedAreNotKnown) {
  ASSERT_TRUE(open().add("a", "1@2", {8000, 10, {score(1)}}));
  EXPECT_EQ(open().find("a", "1@3"), nullptr);
  EXPECT_EQ(open().find("b", "1@2"), nullptr);
}

TEST_F(ScoreLogTest, ALineThatWasNotWrittenToItsEndIsDropped) {
  ASSERT_TRUE(open().add("a", "1", {8000, 10, {score(1)}}));
  const std::string whole = text();
  ASSERT_TRUE(open().add("b", "1", {8000, 10, {score(1)}}));
  const std::string both = text();
  for (const size_t size : {whole.size() + 1, both.size() - 1}) {
    write(both.substr(0, size));
    EXPECT_EQ(open().find("b", "1"), nullptr);
    EXPECT_EQ(text(), whole);
  }
  write(whole.substr(0, 7));  // of the first line
  EXPECT_EQ(open().find("a", "1"), nullptr);
  EXPECT_TRUE(whole.starts_with(text()));
}

TEST_F(ScoreLogTest, AnotherEvaluationIsRefusedUnlessItIsToBeReplaced) {
  ASSERT_TRUE(open("b").add("a", "1", {8000, 10, {score(1)}}));
  const std::string before = text();
  EXPECT_EQ(refusal("c"), "is of another model, other options or another data set");
  EXPECT_EQ(text(), before);
  EXPECT_EQ(open("c", true).find("a", "1"), nullptr);
  EXPECT_EQ(refusal("c"), "");
}

TEST_F(ScoreLogTest, WhatIsNoLogIsLeftAsItIs) {
  for (const std::string other : {"some notes of mine\n", "{\"a\":1}\n", "x", "[[[[\n"}) {
    write(other);
    EXPECT_EQ(refusal(), "is no log of scores") << other;
    EXPECT_EQ(text(), other);
  }
  const std::string head = "{\"tessera_scores\":1,\"binding\":\"b\"}\n";
  for (const std::string line :
       {"{}\n",
        "{\"item\":\"a\",\"stamp\":\"1\",\"sample_rate\":8000,\"frames\":-1,\"models\":[]}\n",
        "{\"item\":\"a\",\"stamp\":\"1\",\"sample_rate\":8000,\"frames\":1,\"models\":[1]}\n"}) {
    write(head + line);
    EXPECT_NE(refusal(), "") << line;
  }
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(refusal(), "is no file");
}

TEST_F(ScoreLogTest, AFullDiskTakesNothingBackThatWasKept) {
  const std::filesystem::path disk = folder_ / "disk";
  std::filesystem::create_directory(disk);
  const auto result = on_full_disk(disk, [&] {  // 64 KiB
    path_ = disk / "scores.jsonl";
    int kept = 0;
    {
      ScoreLog log = open();
      for (;; ++kept) {
        const auto added = log.add(std::to_string(kept), "1", {8000, 10, {score(kept)}});
        if (!added && added.error().code != ErrorCode::kNoSpace) return false;
        if (!added) break;
      }
    }
    const ScoreLog again = open();
    for (int i = 0; i < kept; ++i) {
      if (again.find(std::to_string(i), "1") == nullptr) return false;
    }
    return kept > 10 && text().ends_with("\n") && again.find(std::to_string(kept), "1") == nullptr;
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

}  // namespace
}  // namespace tessera
