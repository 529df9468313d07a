// A computation that nobody waits for ends between its steps.
#include "base/cancellation.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/recordings.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

TEST(Cancellation, IsOfTheThreadAndOfTheInnermostScope) {
  EXPECT_FALSE(CancellationScope::is_cancelled());
  const CancellationScope outer([] { return true; });
  EXPECT_TRUE(CancellationScope::is_cancelled());
  {
    const CancellationScope inner([] { return false; });
    EXPECT_FALSE(CancellationScope::is_cancelled());
  }
  EXPECT_TRUE(CancellationScope::is_cancelled());
  bool elsewhere = true;
  std::thread([&] { elsewhere = CancellationScope::is_cancelled(); }).join();
  EXPECT_FALSE(elsewhere);
}

TEST(Cancellation, EndsASeparationBeforeItsNextStretch) {
  SeparatorOptions options;
  options.window_seconds = 1;
  auto separator = Separator::open(test::kDemoNetwork, options);
  ASSERT_TRUE(separator) << separator.error().to_string();
  int asked = 0;
  {
    const CancellationScope scope([&] { return ++asked == 3; });
    const auto separated = separator->separate(test::sawtooth(8000, 8 * 8000));
    ASSERT_FALSE(separated);
    EXPECT_EQ(separated.error().code, ErrorCode::kCancelled);
  }
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(
      separator->separate(test::sawtooth(8000, 8000)));  // the next one is not touched by it
}

}  // namespace
}  // namespace tessera
