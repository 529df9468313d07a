#include "deploy/destination.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "support/scratch_folder.h"

namespace tessera {
namespace {

using std::chrono::seconds;

TEST(Destinations, AreFoldersHereOrThere) {
  const auto here = Destination::parse("/opt/tessera/");
  ASSERT_TRUE(here);
  EXPECT_FALSE(here->is_remote());
  EXPECT_EQ(here->folder(), "/opt/tessera");
  const auto there = Destination::parse("pi@board.local:/opt/tessera");
  ASSERT_TRUE(there);
  EXPECT_TRUE(there->is_remote());
  EXPECT_EQ(there->name(), "pi@board.local:/opt/tessera");
  const auto with_colon = Destination::parse("./folder:with");
  ASSERT_FALSE(with_colon);  // a folder of this machine, whose name no unit could hold
  EXPECT_EQ(with_colon.error().code, ErrorCode::kInvalidArgument);
}

TEST(Destinations, ThatCouldBeTakenForOptionsOrWordsOfAShellAreRefused) {
  for (const char* text : {"-x:/opt", "@host:/opt", ":/opt", "ho st:/opt", "host;id:/opt",
                           "$(id):/opt", "host:opt", "host:", "host:/opt/$(id)", "host:/opt/a b",
                           "host:/opt/'", "/opt/a b", "/opt/a;b", "/", "host:/", "/opt/\n"}) {
    const auto parsed = Destination::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_FALSE(parsed.error().hint.empty()) << text;
  }
}

TEST(Destinations, GetWordsAsTheyAreWhateverIsInThem) {
  const auto here = Destination::parse("/tmp");
  ASSERT_TRUE(here);
  std::mt19937 random(7);
  constexpr std::string_view kLetters = "ab'\"\\$`!;&|<>(){}[]*?~# \n\t%=";
  for (int trial = 0; trial < 40; ++trial) {
    std::string word;
    for (size_t n = random() % 12; n > 0; --n) word += kLetters[random() % kLetters.size()];
    const auto answer = here->run("printf '%s.' " + single_quoted(word), seconds(10));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->output, word + ".");
  }
}

TEST(Destinations, TellHowAScriptEnds) {
  auto here = Destination::parse("/tmp");
  ASSERT_TRUE(here);
  const auto failed = here->run("echo said; exit 7", seconds(10));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->code, 7);
  EXPECT_EQ(failed->output, "said\n");
  const auto late = here->run("sleep 60", seconds(1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
  here->is_cancelled = [] { return true; };
  const auto stopped = here->run("sleep 60", seconds(60));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST(Destinations, KeepNoMoreOfWhatIsSaidThanNeeded) {
  const auto here = Destination::parse("/tmp");
  ASSERT_TRUE(here);
  const auto answer = here->run("head -c 1000000 /dev/zero | tr '\\0' x", seconds(20));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->output.size(), size_t{1} << 16);
}

TEST(Destinations, CopyWholeFolders) {
  const ScratchFolder scratch;
  const auto here = Destination::parse(scratch.path().string());
  ASSERT_TRUE(here);
  std::filesystem::create_directories(scratch / "from/in it");
  std::ofstream(scratch / "from/in it/file") << "text";
  ASSERT_TRUE(here->copy(scratch / "from", (scratch / "to").string()));
  EXPECT_TRUE(std::filesystem::exists(scratch / "to/in it/file"));
  const auto refused = here->copy(scratch / "nowhere", (scratch / "to2").string());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace tessera
