#include "run/arena.h"

#include <random>

#include <gtest/gtest.h>

namespace tessera {
namespace {

std::vector<int64_t> offsets(const std::vector<BufferLife>& buffers) {
  return plan_arena(buffers, 0).value().offsets;
}

TEST(PlanArena, GivesBuffersAliveTogetherTheirOwnBytes) {
  EXPECT_EQ(offsets({{128, 0, 1}, {64, 1, 1}}), (std::vector<int64_t>{0, 128}));
}

TEST(PlanArena, ReusesBytesOfABufferWhoseLifeEnded) {
  const std::vector<BufferLife> chain = {{640, 0, 1}, {640, 1, 2}, {640, 2, 3}, {640, 3, 3}};
  const ArenaPlan plan = plan_arena(chain, 0).value();
  EXPECT_EQ(plan.offsets, (std::vector<int64_t>{0, 640, 0, 640}));
  EXPECT_EQ(plan.size_bytes, 1280);
}

TEST(PlanArena, AlignsOffsets) {
  EXPECT_EQ(offsets({{1, 0, 0}, {65, 0, 0}, {4, 0, 0}}), (std::vector<int64_t>{0, 64, 192}));
}

TEST(PlanArena, PrefersTheSmallestGapThatFits) {
  // Gaps of 256 at 0 and of 64 at 320 when the last buffer comes.
  EXPECT_EQ(offsets({{256, 0, 0}, {64, 0, 1}, {64, 0, 0}, {64, 0, 1}, {64, 1, 1}}).back(), 320);
}

TEST(PlanArena, ExtendsAGapAtTheEndInsteadOfAddingToIt) {
  const ArenaPlan plan = plan_arena(std::vector<BufferLife>{{64, 0, 0}, {256, 1, 1}}, 0).value();
  EXPECT_EQ(plan.size_bytes, 256);
}

TEST(PlanArena, RefusesToPassTheLimit) {
  const std::vector<BufferLife> buffers = {{3'000'000, 0, 1}, {1'500'000, 1, 1}};
  EXPECT_TRUE(plan_arena(buffers, 5'000'000).has_value());
  EXPECT_EQ(plan_arena(buffers, 4'000'000).error().to_string(),
            "activations: need at least 5 MB, the limit is 4 MB (process a shorter input or raise "
            "the memory limit)");
}

TEST(PlanArena, RefusesSizesThatCannotBeAdded) {
  const std::vector<BufferLife> buffers(100, {INT64_MAX / 2, 0, 0});
  EXPECT_EQ(plan_arena(buffers, 0).error().code, ErrorCode::kResourceLimit);
}

TEST(PlanArena, NeverLetsLivingBuffersOverlap) {
  std::mt19937 engine(7);
  const auto random = [&engine](int64_t limit) { return static_cast<int64_t>(engine()) % limit; };
  for (int round = 0; round < 50; ++round) {
    std::vector<BufferLife> buffers;
    for (int64_t step = 0; step < 60; ++step) {
      for (int64_t i = random(3); i > 0; --i)
        buffers.push_back({1 + random(1000), step, step + random(10)});
    }
    const ArenaPlan plan = plan_arena(buffers, 0).value();
    for (size_t a = 0; a < buffers.size(); ++a) {
      ASSERT_LE(plan.offsets[a] + buffers[a].size_bytes, plan.size_bytes);
      for (size_t b = 0; b < a; ++b) {
        const bool together = buffers[a].first_step <= buffers[b].last_step &&
                              buffers[b].first_step <= buffers[a].last_step;
        const bool apart = plan.offsets[a] + buffers[a].size_bytes <= plan.offsets[b] ||
                           plan.offsets[b] + buffers[b].size_bytes <= plan.offsets[a];
        ASSERT_TRUE(apart || !together);
      }
    }
  }
}

TEST(Arena, AlignsItsBlock) {
  const Arena arena = Arena::create(1000).value();
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.at(0)) % kArenaAlignmentBytes, 0);
  EXPECT_EQ(arena.size_bytes(), 1000);
}

}  // namespace
}  // namespace tessera
