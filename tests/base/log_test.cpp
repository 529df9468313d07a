#include "base/log.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Log, DefaultDiscards) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Log().warning("nobody hears this");
  EXPECT_EQ(testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr(), "");
}

TEST(Log, PassesLevelAndLineToTheSink) {
  std::vector<std::string> heard;
  const Log log([&](LogLevel level, std::string_view line) {
    heard.push_back((level == LogLevel::kWarning ? "warning " : "info ") + std::string(line));
  });
  log.info("a");
  log.warning("b");
  EXPECT_EQ(heard, (std::vector<std::string>{"info a", "warning b"}));
}

}  // namespace
}  // namespace tessera
