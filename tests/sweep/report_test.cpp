#include "sweep/sweep_report.h"

#include <gtest/gtest.h>

#include "sweep_fixture.h"

namespace tessera::test {
namespace {

SweepReport report_on(const SweepRun& run) {
  return report_of(run, run_all(run).cases);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(SweepReport, SaysHowFarCasesCameAndWhatFailsFirst) {
  const ScratchFolder folder;
  const SweepReport report = report_on(run_of(convolutions(), folder / "run"));
  EXPECT_EQ(report.har_status, "6 of 6 translated");
  EXPECT_EQ(report.hef_status,
            "5 of 6 compiled, 1 failed; first allocator_infeasible at conv (conv_256_w2000)");
  EXPECT_FALSE(report.reached);
}

TEST(SweepReport, TheNextKnobIsTheNumberThatSetsTheViolatedOneAndItsValueFits) {
  const ScratchFolder folder;
  const SweepReport report = report_on(run_of(convolutions(), folder / "run"));
  ASSERT_EQ(report.knob.changes.size(), 2U);
  // 262 144 bytes are 256 channels of 1 024 frames, or 131 of 2 000.
  EXPECT_EQ(to_string(report.knob.changes[0]), "width 2000 -> 1024");
  EXPECT_EQ(to_string(report.knob.changes[1]), "in 256 -> 128");
  EXPECT_TRUE(contains(report.knob.text, "limits.row_bytes at conv")) << report.knob.text;
  EXPECT_TRUE(contains(report.knob.text, "keeps the network: tile_time")) << report.knob.text;
}

TEST(SweepReport, TheRowThatNFiltersSetsIsNotBlamedOnTheBlock) {
  const ScratchFolder folder;
  const SweepReport report = report_on(run_of(preset("smallest-full"), folder / "run"));
  EXPECT_EQ(report.answer, "none compiles");
  std::vector<std::string> changes;
  for (const KnobChange& one : report.knob.changes) changes.push_back(to_string(one));
  EXPECT_EQ(changes, (std::vector<std::string>{"input_len 16000 -> 4088", "n_filters 256 -> 64"}));
  EXPECT_EQ(report.earlier_rule, "hid_chan 64 -> 48");
}

TEST(SweepReport, TheFixedRuleLowersOneNumberAfterTheOther) {
  Parameters parameters;
  parameters.set("network", std::string("conv_tasnet"));
  const auto next = [&] { return to_string(earlier_rule(parameters).value()); };
  EXPECT_EQ(next(), "hid_chan 256 -> 240");
  parameters.set("hid_chan", int64_t{20});
  EXPECT_EQ(next(), "hid_chan 20 -> 16");
  parameters.set("hid_chan", int64_t{16});
  EXPECT_EQ(next(), "bn_chan 128 -> 120");
  parameters.set("bn_chan", int64_t{8});
  EXPECT_EQ(next(), "skip_chan 128 -> 120");
  parameters.set("skip_chan", int64_t{8});
  EXPECT_EQ(next(), "n_filters 256 -> 224");
  parameters.set("n_filters", int64_t{32});
  parameters.set("n_blocks", int64_t{3});
  EXPECT_EQ(next(), "n_blocks 3 -> 2");
  parameters.set("n_blocks", int64_t{1});
  EXPECT_EQ(next(), "input_len 16000 -> 8000");
  parameters.set("input_len", int64_t{8000});
  EXPECT_FALSE(earlier_rule(parameters));
}

TEST(SweepReport, CalibrationOfOtherChannelsIsMendedByCalibration) {
  const ScratchFolder folder;
  const SweepReport report = report_on(run_of(preset("modules"), folder / "run"));
  EXPECT_TRUE(report.knob.text.starts_with("calibration of 128 channels")) << report.knob.text;
  EXPECT_TRUE(report.knob.changes.empty());
  EXPECT_EQ(report.earlier_rule, "look at bad_inputs_shape (norm_affine)");
}

TEST(SweepReport, AFormThatIsRefusedIsAnsweredWithAnotherForm) {
  const ScratchFolder folder;
  const SweepReport report =
      report_on(run_of(preset("topology"), folder / "run", "quick", "project_bypass_grouped*"));
  EXPECT_TRUE(report.knob.text.starts_with(
      "decoder grouped -> ungrouped_blockdiag, exact for a grouped one"))
      << report.knob.text;
}

TEST(SweepReport, TheLargestThatCompilesIsTheFirstInOrder) {
  const SweepDefinition definition = parse_sweep(R"(
name = "sizes"
rule = "largest"
[[grid]]
name = "w{width}"
network = "conv1x1"
in = 256
over = ["width"]
width = [2000, 1024, 512]
)",
                                                 "sizes.toml")
                                         .value();
  const ScratchFolder folder;
  const SweepReport report = report_on(run_of(definition, folder / "run"));
  EXPECT_EQ(report.answer, "the largest that compiles: w1024");
  EXPECT_EQ(report.knob.text, "none needed");
  EXPECT_TRUE(report.reached);
}

TEST(Frontier, IsDrawnByTheLayerThatTheNextDepthAdds) {
  const ScratchFolder folder;
  SweepRun run = run_of(preset("prefix-ramp"), folder / "run", "focused");
  const size_t section = run.target_text.find("[limits.dilation]");
  const size_t pass = run.target_text.find("pass = 2\n", section);
  ASSERT_NE(pass, std::string::npos);
  run.target_text.insert(pass + 9, "fail = 4\n");
  run.target = parse_target(run.target_text, "narrow.toml").value();
  const SweepReport report = report_on(run);
  ASSERT_EQ(report.frontiers.size(), 1U);
  const Frontier& frontier = report.frontiers[0];
  EXPECT_EQ(frontier.series, "A: active depth");
  EXPECT_EQ(frontier.before, "masker_active2_b4_r3");
  EXPECT_EQ(frontier.at, "masker_active3_b4_r3");
  EXPECT_FALSE(frontier.unknown);
  EXPECT_EQ(frontier.signature, "DoesNotFit:tcn2_depth");
  EXPECT_EQ(frontier.family, "unsupported_kernel");
  EXPECT_EQ(frontier.added, std::vector<std::string>{"block 2"});
  ASSERT_FALSE(frontier.causes.empty());
  EXPECT_EQ(frontier.causes[0].component, "block 2");
  EXPECT_EQ(frontier.causes[0].node, "tcn2_depth");
  EXPECT_TRUE(frontier.causes[0].added);
  EXPECT_EQ(frontier.causes[0].entry, "limits.dilation");
  EXPECT_EQ(frontier.causes[0].number, 4);
  // Depth it is, that is to be lowered.
  EXPECT_EQ(to_string(report.knob.changes.at(0)), "truncate_k 3 -> 2");
}

TEST(Frontier, OfTheWholeNetworkTellsBothNumbersAndWhatTheStepAdds) {
  const SweepDefinition deep = parse_sweep(R"(
name = "deep"
rule = "frontier"
[defaults]
network = "masker"
hid_chan = 512
width = 128
n_blocks = 2
n_repeats = 12
[[grid]]
name = "active{truncate_k}"
over = ["truncate_k"]
truncate_k = [1, 12, 24]
)",
                                           "deep.toml")
                                   .value();
  const ScratchFolder folder;
  SweepRun run = run_of(deep, folder / "run");
  const size_t section = run.target_text.find("[limits.contexts]");
  const size_t pass = run.target_text.find("pass = 9\n", section);
  ASSERT_NE(pass, std::string::npos);
  run.target_text.replace(pass, 9, "pass = 1\nfail = 2\n");
  run.target = parse_target(run.target_text, "narrow.toml").value();
  const SweepReport report = report_on(run);
  ASSERT_EQ(report.frontiers.size(), 1U);
  const Frontier& frontier = report.frontiers[0];
  ASSERT_FALSE(frontier.unknown);
  EXPECT_EQ(frontier.before, "active12");
  EXPECT_EQ(frontier.at, "active24");
  EXPECT_EQ(frontier.added.size(), 12U);
  EXPECT_TRUE(contains(frontier.text, "the step adds block 12, ")) << frontier.text;
  const auto cause = std::find_if(frontier.causes.begin(), frontier.causes.end(),
                                  [](const auto& one) { return one.rule == "context_count"; });
  ASSERT_NE(cause, frontier.causes.end());
  EXPECT_EQ(cause->component, "the whole network");
  EXPECT_EQ(cause->number, 2);
}

TEST(Frontier, ARowThatFailsBeforeDepthMattersIsNotBlamedOnDepth) {
  const ScratchFolder folder;
  const SweepReport report =
      report_on(run_of(preset("prefix-ramp"), folder / "run", "full", "fullA*"));
  ASSERT_EQ(report.frontiers.size(), 1U);
  EXPECT_EQ(report.frontiers[0].at, "fullA_active1_b4_r3");
  EXPECT_EQ(report.frontiers[0].before, "");
  EXPECT_EQ(report.frontiers[0].causes.at(0).component, "mask head");
  EXPECT_TRUE(contains(report.frontiers[0].text, "the first row")) << report.frontiers[0].text;
}

TEST(Frontier, WhatMayFailIsToldWhereNothingFailsForCertain) {
  const ScratchFolder folder;
  const SweepReport report = report_on(run_of(preset("prefix-ramp"), folder / "run", "focused"));
  ASSERT_EQ(report.frontiers.size(), 1U);
  EXPECT_TRUE(report.frontiers[0].unknown);
  EXPECT_EQ(report.frontiers[0].at, "masker_active3_b4_r3");
  EXPECT_EQ(report.frontiers[0].causes.at(0).node, "tcn2_depth");
}

TEST(Frontier, ComponentsAreBlocksAndModules) {
  EXPECT_EQ(component_of("tcn12_depth"), "block 12");
  EXPECT_EQ(component_of("mask_output"), "mask head");
  EXPECT_EQ(component_of("source_projector"), "source projector");
  EXPECT_EQ(component_of("tcn"), "tcn");
  EXPECT_EQ(component_of("conv7"), "conv7");
}

}  // namespace
}  // namespace tessera::test
