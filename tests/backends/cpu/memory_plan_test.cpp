#include "backends/cpu/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "backends/cpu/program_of_steps.h"

namespace tessera::cpu {
namespace {

constexpr Domain kFrames{1, 100};

// A program with its schedule and memory.
struct Placed {
  explicit Placed(std::unique_ptr<Program> given)
      : program(std::move(given)),
        schedule(make_schedule(*program)),
        placement(plan_memory(*program, schedule, 0).value()) {}

  const MemorySlot& place_of(ValueId id) const { return placement.places[id]; }

  std::unique_ptr<Program> program;
  Schedule schedule;
  MemoryPlan placement;
};

// Runs the steps as an executable may: pass by pass, serial steps first, groups and their tiles in
// any order. Returns how many floats that a step read were not what had been written there.
int64_t wrong_reads(Placed& placed, uint32_t seed) {
  tessera::test::Random random(seed);
  simd::AlignedBuffer scratch(placed.placement.scratch_floats);
  const simd::Kernels kernels;
  TileContext context{.kernels = kernels,
                      .places = placed.placement.places,
                      .scratch = scratch.data(),
                      .plane = 0,
                      .tile = 0,
                      .valid_frames = 0,
                      .ahead = {},
                      .inputs = {},
                      .outputs = {}};
  for (const Pass& pass : placed.schedule.passes) {
    for (const Step* step : pass.serial) step->run(context);
    std::vector<const Group*> groups;
    for (const Group& group : pass.groups) groups.push_back(&group);
    if (random.chance(0.5)) std::reverse(groups.begin(), groups.end());
    for (const Group* chosen : groups) {
      const Group& group = *chosen;
      std::vector<size_t> tiles(group.domain.planes * placed.program->tiles(group.domain));
      std::iota(tiles.begin(), tiles.end(), size_t{0});
      for (size_t i = tiles.size(); i > 1; --i) {
        const auto other = static_cast<size_t>(random.integer(0, static_cast<int64_t>(i) - 1));
        std::swap(tiles[i - 1], tiles[other]);
      }
      for (size_t item : tiles) {
        context.plane = item / placed.program->tiles(group.domain);
        context.tile = item % placed.program->tiles(group.domain);
        for (const Step* step : group.steps) step->run(context);
      }
    }
  }
  int64_t wrong = 0;
  for (const auto& step : placed.program->steps)
    wrong += static_cast<const test::TaggingStep&>(*step).wrong;
  return wrong;
}

TEST(MemorySlot, NoValueIsOverwrittenBeforeItIsRead) {
  int64_t read = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Placed placed(test::random_program(seed));
    for (const auto& step : placed.program->steps) read += static_cast<int64_t>(step->reads.size());
    ASSERT_EQ(wrong_reads(placed, seed), 0) << seed;
  }
  EXPECT_GT(read, 200);
}

// The check above sees memory that two values share while both are needed.
TEST(MemorySlot, TheLawIsSeenToBeBroken) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kFrames, 1);
  const ValueId b = builder.value(kFrames, 1);
  builder.step({}, {a});
  builder.step({{a, Reach::whole}}, {b});
  builder.step({{a, Reach::whole}, {b, Reach::whole}}, {builder.value(kFrames, 1)});
  Placed placed(builder.build());
  ASSERT_EQ(wrong_reads(placed, 1), 0);
  placed.placement.places[b] = placed.placement.places[a];
  EXPECT_GT(wrong_reads(placed, 1), 0);
}

// Made and read on the same tile of one pass: a tile of scratch; read whole: all of it in the
// arena.
TEST(MemorySlot, WhatLivesOnOneTileIsScratch) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kFrames, 2);
  const ValueId b = builder.value(kFrames, 2);
  builder.step({}, {a});
  builder.step({{a}}, {b});
  builder.step({{b, Reach::whole}}, {builder.value(kFrames, 1)});
  const Placed placed(builder.build());
  EXPECT_EQ(placed.place_of(a).base, nullptr);
  EXPECT_NE(placed.place_of(b).base, nullptr);
  EXPECT_GE(placed.placement.scratch_floats, 2U * 16);
  EXPECT_EQ(placed.place_of(b).tile_floats, 2U * 16);
  EXPECT_EQ(placed.place_of(b).plane_floats, 7U * 2 * 16);  // 100 frames are 7 tiles of 16
}

TEST(MemorySlot, AViewLiesInItsValueFromItsFirstChannelOn) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kFrames, 4);
  const ValueId half = builder.view(a, 3, 1);
  builder.step({}, {a});
  builder.step({{half, Reach::whole}}, {builder.value(kFrames, 1)});
  const Placed placed(builder.build());
  EXPECT_EQ(placed.place_of(half).base, placed.place_of(a).base + 3 * 16);
  EXPECT_EQ(placed.place_of(half).root_channels, 4U);
}

TEST(MemorySlot, AResultTakesOverItsOperandsMemoryWhereNothingReadsThatLater) {
  const auto shares = [](bool read_later) {
    test::ProgramBuilder builder;
    const ValueId a = builder.value(kFrames, 2);
    const ValueId b = builder.value(kFrames, 2);
    const ValueId sum = builder.value(kFrames, 2);
    builder.step({}, {a});
    builder.step({{a, Reach::whole}}, {sum});
    builder.step({{a}, {sum, Reach::whole}}, {b}).overwrites = a;
    std::vector<Read> last{{b, Reach::whole}};
    if (read_later) last.push_back({a, Reach::whole});
    builder.step(last, {builder.value(kFrames, 1)});
    const Placed placed(builder.build());
    return placed.place_of(a).base == placed.place_of(b).base;
  };
  EXPECT_TRUE(shares(false));
  EXPECT_FALSE(shares(true));
}

TEST(MemorySlot, AConstantKeepsItsMemoryForEver) {
  test::ProgramBuilder builder;
  const ValueId constant = builder.value(kFrames, 1);
  std::vector<ValueId> later;
  ValueId at = builder.value(kFrames, 1);
  builder.step({}, {at});
  for (int i = 0; i < 4; ++i) {
    const ValueId next = builder.value(kFrames, 1);
    builder.step(i == 0 ? std::vector<Read>{{at, Reach::whole}, {constant}}
                        : std::vector<Read>{{at, Reach::whole}},
                 {next});
    later.push_back(next);
    at = next;
  }
  auto program = builder.build();
  program->values[constant].persistent = true;
  const Placed placed(std::move(program));
  for (ValueId id : later) EXPECT_NE(placed.place_of(id).base, placed.place_of(constant).base);
}

TEST(MemorySlot, RefusesMoreMemoryThanAllowed) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value({1, 100'000}, 8);
  builder.step({}, {a});
  builder.step({{a, Reach::whole}}, {builder.value({1, 100'000}, 8)});
  const auto program = builder.build();
  Schedule schedule = make_schedule(*program);
  const Result<MemoryPlan> placed = plan_memory(*program, schedule, 1'000'000);
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, ErrorCode::kResourceLimit);
}

// The value of the pass before lies in the arena and is fetched while the longest step computes;
// what the pass makes itself is not.
TEST(MemorySlot, NotesWhatAGroupReadsFromTheArena) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kFrames, 1);
  const ValueId b = builder.value(kFrames, 1);
  builder.step({}, {a});
  builder.step({{a, Reach::whole, 20, 4}}, {b});
  builder.step({{b}}, {builder.value(kFrames, 1)});
  const Placed placed(builder.build());
  ASSERT_EQ(placed.schedule.passes.size(), 2U);
  const std::vector<Group::Fetch>& fetches = placed.schedule.passes[1].groups[0].fetches;
  ASSERT_EQ(fetches.size(), 1U);
  EXPECT_EQ(fetches[0].value, a);
  EXPECT_EQ(fetches[0].lead_tiles, 1U + 2);  // 20 frames reach two tiles of 16 further
  EXPECT_EQ(fetches[0].lag_tiles, 1U + 1);
}

}  // namespace
}  // namespace tessera::cpu
