#include "target/learned_target.h"

#include <gtest/gtest.h>

#include "tessera/compiler/target.h"
#include "tessera/file.h"

namespace tessera {
namespace {

std::string text_of(const std::string& name) {
  const auto bytes = read_file(TESSERA_SOURCE_DIR "/targets/" + name + ".toml", 1 << 20).value();
  return {bytes.begin(), bytes.end()};
}

TEST(LearnedTarget, HasOtherEndsOfTheRowLimitAndNothingElse) {
  for (const char* name : {"hailo8", "hailo8l", "generic"}) {
    const std::string before = text_of(name);
    const auto text = with_row_limit(before, 1000, 2000, "outcomes: a \"refusal\"\n", name);
    ASSERT_TRUE(text) << text.error().to_string();
    const Target old = parse_target(before, name).value();
    const Target learned = parse_target(*text, name).value();
    EXPECT_EQ(learned.limit("row_bytes").pass, 1000);
    EXPECT_EQ(learned.limit("row_bytes").fail, 2000);
    EXPECT_EQ(learned.limit("row_bytes").source, "outcomes: a  refusal  ");
    for (const auto& [key, limit] : old.limits) {
      if (key == "row_bytes") continue;
      EXPECT_EQ(learned.limit(key).pass, limit.pass) << key;
      EXPECT_EQ(learned.limit(key).fail, limit.fail) << key;
    }
    EXPECT_EQ(learned.units.size(), old.units.size());
  }
}

TEST(LearnedTarget, TeachesAgain) {
  const auto once = with_row_limit(text_of("hailo8"), 1000, 2000, "first", "hailo8");
  const auto twice = with_row_limit(*once, 500, 1000, "second", "hailo8");
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->find("first"), std::string::npos);
  EXPECT_EQ(parse_target(*twice, "hailo8")->limit("row_bytes").fail, 1000);
}

TEST(LearnedTarget, RefusesEndsThatContradictAndTextsThatAreNone) {
  EXPECT_FALSE(with_row_limit(text_of("hailo8"), 2000, 2000, "", "x"));
  EXPECT_FALSE(with_row_limit(text_of("hailo8"), 0, 10, "", "x"));
  EXPECT_FALSE(with_row_limit("name = 1", 10, 20, "", "x"));
}

}  // namespace
}  // namespace tessera
