// Mistakes of earlier attempts at cutting Conv-TasNets up for a chip; each must be impossible, or
// said.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/conv_tasnet.h"
#include "support/difference.h"
#include "support/random_values.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

const test::ConvTasNet kSmall{.samples = 501,
                              .filters = 16,
                              .bottleneck = 8,
                              .hidden = 12,
                              .skip = 8,
                              .blocks = 4,
                              .repeats = 2};

struct Rewritten {
  Graph before;
  Graph after;
  RewriteLog log;

  double difference() const {
    const auto inputs = test::random_inputs(before, 5);
    return test::relative_difference(test::run_graph(before, inputs),
                                     test::run_graph(after, inputs));
  }
};

Rewritten rewritten(const test::ConvTasNet& net, const RewriteOptions& options = {}) {
  Rewritten result{test::build(net), test::build(net), {}};
  result.log = rewrite(result.after, options).value();
  return result;
}

RewriteOptions with(std::string rule) {
  RewriteOptions options;
  options.enable = {std::move(rule)};
  return options;
}

const RuleReport& report_of(const RewriteLog& log, std::string_view rule) {
  for (const RuleReport& report : log.rules) {
    if (report.rule->name == rule) return report;
  }
  ADD_FAILURE() << rule << " did not run";
  return log.rules.front();
}

int64_t count_ops(const Graph& graph, std::string_view kind) {
  int64_t count = 0;
  for (NodeId id : graph.order()) count += op_name(graph.node(id).op) == kind ? 1 : 0;
  return count;
}

TEST(Traps, TheMaskerLeftDeadByABypassIsReportedNodeByNode) {
  const Rewritten r = rewritten(kSmall, with("bypass_mask"));
  const RuleReport& report = report_of(r.log, "bypass_mask");
  EXPECT_FALSE(r.log.exact);
  EXPECT_EQ(report.changed.size(), 2U);
  int64_t macs = 0;
  bool last_block = false;
  for (const RemovedNode& node : report.removed) {
    macs += node.macs;
    last_block = last_block || node.name == "tcn.7.depthwise";
  }
  EXPECT_TRUE(last_block);
  EXPECT_EQ(macs, r.log.macs_before - r.log.macs_after);
  EXPECT_GT(macs, r.log.macs_before / 2);
}

TEST(Traps, AGlobalNormIsNeverJustItsAffine) {
  const Rewritten r = rewritten(kSmall);
  EXPECT_EQ(count_ops(r.after, "norm_statistics.global"), 17);
  EXPECT_EQ(count_ops(r.after, "scale_shift"), 17);
  EXPECT_EQ(count_ops(r.after, "affine"), 0);
  EXPECT_TRUE(r.log.exact);
  EXPECT_LE(r.difference(), 1e-5);
}

TEST(Traps, ItsAffineAloneIsAnotherNetworkAndSaysSo) {
  for (const char* rule : {"replace_norm_with_affine", "replace_norm_with_identity"}) {
    const Rewritten r = rewritten(kSmall, with(rule));
    EXPECT_FALSE(r.log.exact) << rule;
    EXPECT_GT(r.difference(), 1e-2) << rule;
  }
}

TEST(Traps, EveryPReluStaysAPReluWithItsSlope) {
  const Rewritten r = rewritten(kSmall);
  EXPECT_EQ(count_ops(r.after, "unary.prelu"), count_ops(r.before, "unary.prelu"));
  const Rewritten relu = rewritten(kSmall, with("replace_prelu_with_relu"));
  EXPECT_FALSE(relu.log.exact);
  EXPECT_GT(relu.difference(), 1e-2);
}

TEST(Traps, ADecoderIsMadeOfTrainedFiltersOnly) {
  RewriteOptions options = with("reduce_decoder");
  options.parameters.decoder_channels = 16;
  const Rewritten all = rewritten(kSmall, options);  // all of them: nothing to reduce
  EXPECT_TRUE(all.log.exact);
  options.parameters.decoder_channels = 15;
  const Rewritten fewer = rewritten(kSmall, options);
  const Rewritten again = rewritten(kSmall, options);
  EXPECT_FALSE(fewer.log.exact);
  EXPECT_LT(fewer.difference(), 0.5);  // random filters would be off by more than the signal
  const auto inputs = test::random_inputs(fewer.before, 5);
  EXPECT_EQ(test::run_graph(fewer.after, inputs), test::run_graph(again.after, inputs));
}

TEST(Traps, AllBlocksStayAndTruncationCountsThem) {
  const Rewritten r = rewritten(kSmall);
  for (int block = 0; block < 8; ++block) {
    EXPECT_NE(r.after.find(fmt::format("tcn.{}.depthwise", block)), kNoNode) << block;
  }
  for (int64_t skip : {int64_t{8}, int64_t{0}}) {
    test::ConvTasNet net = kSmall;
    net.skip = skip;
    RewriteOptions options = with("truncate_blocks");
    options.parameters.keep_blocks = 3;
    const Rewritten cut = rewritten(net, options);
    ASSERT_EQ(report_of(cut.log, "truncate_blocks").changed.size(), 1U);
    EXPECT_EQ(report_of(cut.log, "truncate_blocks").changed[0].text,
              "the first 3 of 8 blocks stay");
    EXPECT_NE(cut.after.find("tcn.2.depthwise"), kNoNode);
    EXPECT_EQ(cut.after.find("tcn.3.depthwise"), kNoNode);
    // Three blocks of eight are the network that was built with three.
    net.blocks = 3;
    net.repeats = 1;
    const Graph three = test::build(net);
    EXPECT_EQ(count_ops(cut.after, "unary.prelu"), count_ops(three, "unary.prelu"));
  }
}

TEST(Traps, EveryTapOfALongFilterIsUsed) {
  test::ConvTasNet net = kSmall;
  net.kernel = 32;
  net.stride = 8;
  const Rewritten r = rewritten(net);
  EXPECT_LE(r.difference(), 1e-5);
  for (NodeId id : r.after.order()) {
    const auto* overlap = r.after.get_if<OverlapAdd>(id);
    if (overlap == nullptr) continue;
    EXPECT_EQ(overlap->kernel, 32);
    EXPECT_EQ(overlap->stride, 8);
    EXPECT_EQ(r.after.node(r.after.node(id).inputs[0]).shape.c, 32);
  }
}

TEST(Traps, EachSourceKeepsItsOwnFilters) {
  test::ConvTasNet net = kSmall;
  net.sources = 3;
  const Graph graph = test::build(net);
  const auto inputs = test::random_inputs(graph, 5);
  const std::vector<float> all = test::run_graph(graph, inputs)[0];
  for (int64_t source = 0; source < 3; ++source) {
    RewriteOptions options = with("keep_one_source");
    options.parameters.source = source;
    const Rewritten one = rewritten(net, options);
    const std::vector<float> voice = test::run_graph(one.after, inputs)[0];
    ASSERT_EQ(voice.size(), 501U);
    for (size_t i = 0; i < voice.size(); ++i)
      ASSERT_NEAR(voice[i], all[static_cast<size_t>(source) * 501 + i], 1e-5) << source;
    ASSERT_EQ(one.log.outputs.size(), 1U);
    EXPECT_EQ(one.log.outputs[0].before, (Shape{3, 1, 501}));
    EXPECT_EQ(one.log.outputs[0].after, (Shape{1, 1, 501}));
  }
}

TEST(Traps, LengthsAreExactForEveryRemainder) {
  for (int64_t samples = 496; samples < 513; ++samples) {
    test::ConvTasNet net = kSmall;
    net.samples = samples;
    RewriteOptions options;
    for (const ListedRule& listed : rewrite_rules()) {
      if (listed.rule->exactness == Exactness::exact)
        options.enable.emplace_back(listed.rule->name);
    }
    const Rewritten r = rewritten(net, options);
    EXPECT_EQ(r.after.node(r.after.outputs()[0].node).shape, (Shape{2, 1, samples}));
    EXPECT_LE(r.difference(), 1e-5) << samples;
  }
}

TEST(Traps, ATransposedConvolutionYieldsEverySample) {
  // 16 000 samples: 1 999 frames, whose overlap-add is 16 000 samples, not 15 992.
  test::ConvTasNet net = kSmall;
  net.samples = 16000;
  net.repeats = 1;
  const Rewritten r = rewritten(net);
  int64_t decoders = 0;
  for (NodeId id : r.after.order()) {
    const auto* overlap = r.after.get_if<OverlapAdd>(id);
    if (overlap == nullptr) continue;
    ++decoders;
    EXPECT_EQ(r.after.node(r.after.node(id).inputs[0]).shape.w, 1999);
    EXPECT_EQ(r.after.node(id).shape.w, 16000);
  }
  EXPECT_EQ(decoders, 2);
}

TEST(Traps, AZeroPaddedConvolutionNeverTakesInAShift) {
  test::ConvTasNet net = kSmall;
  net.norm = NormKind::batch;
  const Rewritten r = rewritten(net);
  EXPECT_TRUE(r.log.exact);
  EXPECT_LE(r.difference(), 1e-5);
  EXPECT_EQ(count_ops(r.after, "affine"), 8);  // before each padded depthwise conv
  const std::vector<RuleEvent>& declined = report_of(r.log, "fold_affine_into_conv").declined;
  ASSERT_EQ(declined.size(), 8U);
  EXPECT_EQ(declined[0].text,
            "it follows unary.prelu, which takes no affine; the conv after it pads with zeros, and "
            "the shift would be missing there");
}

TEST(Traps, AFrozenNormNeedsCalibratedStatistics) {
  const Rewritten r = rewritten(kSmall, with("freeze_global_norm"));
  EXPECT_TRUE(r.log.exact);
  EXPECT_EQ(report_of(r.log, "freeze_global_norm").declined[0].text,
            "no calibrated statistics were given for it");
}

TEST(Traps, AFrozenNormIsTheSameOnlyOnItsOwnStatistics) {
  RewriteOptions options = with("freeze_global_norm");
  options.parameters.calibrated["bottleneck.norm"] = {{0.1}, {2.0}};
  const Rewritten r = rewritten(kSmall, options);
  EXPECT_FALSE(r.log.exact);
  EXPECT_EQ(report_of(r.log, "freeze_global_norm").changed.size(), 1U);
  EXPECT_EQ(report_of(r.log, "freeze_global_norm").declined.size(), 16U);
}

}  // namespace
}  // namespace tessera
