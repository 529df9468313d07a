#include "backends/cpu/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backends/cpu/program_of_steps.h"

namespace tessera::cpu {
namespace {

constexpr Domain kLong{1, 100};
constexpr Domain kShort{1, 25};

TEST(MakeSchedule, StepsThatReadTileByTileShareAPass) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kLong, 2);
  const ValueId b = builder.value(kLong, 2);
  builder.step({}, {a});
  builder.step({{a}}, {b});
  builder.step({{b}}, {builder.value(kLong, 1)});
  const auto program = builder.build();
  const Schedule schedule = make_schedule(*program);
  EXPECT_EQ(schedule.pass_of, (std::vector<size_t>{0, 0, 0}));
  ASSERT_EQ(schedule.passes.size(), 1U);
  ASSERT_EQ(schedule.passes[0].groups.size(), 1U);
  EXPECT_EQ(schedule.passes[0].groups[0].steps.size(), 3U);
}

TEST(MakeSchedule, AStepThatLooksAtTheWholeValueWaitsForIt) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kLong, 2);
  const ValueId b = builder.value(kLong, 2);
  builder.step({}, {a});
  builder.step({{a, Reach::whole}}, {b});
  builder.step({{a}}, {builder.value(kLong, 2)});
  builder.step({{b}}, {builder.value(kLong, 2)});
  const auto program = builder.build();
  const Schedule schedule = make_schedule(*program);
  EXPECT_EQ(schedule.pass_of, (std::vector<size_t>{0, 1, 0, 1}));
  EXPECT_FALSE(schedule.passes[0].backwards);
  EXPECT_TRUE(schedule.passes[1].backwards);
}

TEST(MakeSchedule, AStepOverOtherFramesWaitsAndHasAGroupOfItsOwn) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kLong, 1);
  builder.step({}, {a});
  builder.step({{a}}, {builder.value(kShort, 1)});
  builder.step({{a, Reach::whole}}, {builder.value(kLong, 1)});
  const auto program = builder.build();
  const Schedule schedule = make_schedule(*program);
  EXPECT_EQ(schedule.pass_of, (std::vector<size_t>{0, 1, 1}));
  ASSERT_EQ(schedule.passes[1].groups.size(), 2U);
  EXPECT_EQ(schedule.passes[1].groups[0].domain, kShort);
  EXPECT_EQ(schedule.passes[1].groups[1].domain, kLong);
}

// Sums of a norm: left by the pass that makes its operand, finished by one thread before the next.
TEST(MakeSchedule, ASerialStepRunsBeforeThePassThatReadsIt) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kLong, 1);
  const ValueId sums = builder.blob(8);
  builder.step({}, {a});
  builder.step({{a, Reach::whole}}, {sums}, true);
  builder.step({{a}, {sums, Reach::whole}}, {builder.value(kLong, 1)});
  const auto program = builder.build();
  const Schedule schedule = make_schedule(*program);
  EXPECT_EQ(schedule.pass_of, (std::vector<size_t>{0, 1, 1}));
  EXPECT_EQ(schedule.passes[1].serial.size(), 1U);
  EXPECT_EQ(schedule.passes[1].groups.size(), 1U);
}

TEST(MakeSchedule, AViewWaitsForTheValueThatItIsAPartOf) {
  test::ProgramBuilder builder;
  const ValueId a = builder.value(kLong, 4);
  const ValueId half = builder.view(a, 2, 2);
  builder.step({}, {a});
  builder.step({{half, Reach::whole}}, {builder.value(kLong, 1)});
  const auto program = builder.build();
  EXPECT_EQ(make_schedule(*program).pass_of, (std::vector<size_t>{0, 1}));
}

// Whether everything that a step reads is complete, or is made before it on the same tile.
void expect_dependencies_kept(const Program& program, const Schedule& schedule) {
  std::vector<std::vector<size_t>> writers(program.values.size());
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = *program.steps[i];
    for (const Read& read : step.reads) {
      for (size_t w : writers[read.value]) {
        const Step& writer = *program.steps[w];
        const bool same_tile =
            read.reach == Reach::tile && !step.serial && writer.domain == step.domain;
        if (writer.serial || same_tile) {
          EXPECT_LE(schedule.pass_of[w], schedule.pass_of[i]) << w << " before " << i;
        } else {
          EXPECT_LT(schedule.pass_of[w], schedule.pass_of[i]) << w << " before " << i;
        }
      }
    }
    for (ValueId value : step.writes) writers[value].push_back(i);
  }
}

TEST(MakeSchedule, KeepsDependenciesAndRunsEveryStepOnce) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    const auto program = test::random_program(seed);
    const Schedule schedule = make_schedule(*program);
    expect_dependencies_kept(*program, schedule);
    std::vector<const Step*> run;
    for (const Pass& pass : schedule.passes) {
      run.insert(run.end(), pass.serial.begin(), pass.serial.end());
      for (const Group& group : pass.groups) {
        run.insert(run.end(), group.steps.begin(), group.steps.end());
        for (const Step* step : group.steps) EXPECT_EQ(step->domain, group.domain);
      }
    }
    EXPECT_EQ(run.size(), program->steps.size());
    for (const auto& step : program->steps)
      EXPECT_EQ(std::count(run.begin(), run.end(), step.get()), 1);
  }
}

}  // namespace
}  // namespace tessera::cpu
