#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "target/target_text.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"

namespace tessera {
namespace {

// A graph of one op on inputs of the given shapes.
class OneOp {
 public:
  explicit OneOp(Op op, std::vector<Shape> inputs = {{8, 1, 64}}) {
    GraphEditor editor(graph, "import");
    std::vector<NodeId> ids;
    for (const Shape& shape : inputs) ids.push_back(*editor.add(Input{shape}, {}));
    auto node = editor.add(std::move(op), ids, "it");
    EXPECT_TRUE(node) << (node ? "" : node.error().to_string());
    if (node) editor.add_output("out", *node);
  }
  Graph graph;
};

Conv conv(std::vector<int64_t> weight, Extent stride = {}, Extent dilation = {},
          Padding padding = {}, int64_t groups = 1) {
  return {Tensor::full(std::move(weight), 0), {}, stride, dilation, padding, groups};
}

const Target& hailo8() {
  static const Target target = real_target("hailo8");
  return target;
}

// The violation of `rule` at "it".
Violation violation(const Graph& graph, std::string_view rule, const Target& target = hailo8()) {
  for (const Violation& v : check(graph, target).violations) {
    if (v.rule == rule && v.node_name == "it") return v;
  }
  Violation none;
  none.verdict = Verdict::fits;
  return none;
}

TEST(Check, ASmallPointwiseConvolutionFits) {
  const OneOp one(conv({64, 64, 1, 1}), {{64, 1, 256}});
  const CheckReport report = check(one.graph, hailo8());
  EXPECT_EQ(report.verdict, Verdict::fits);
  EXPECT_TRUE(report.violations.empty());
  EXPECT_EQ(report.widest_row_bytes, 64 * 256);
}

TEST(Check, ARowBeyondTheLimitDoesNotFitAndSaysWhichTensor) {
  const OneOp one(conv({512, 256, 1, 1}), {{256, 1, 2001}});
  const Violation v = violation(one.graph, "row_width");
  EXPECT_EQ(v.verdict, Verdict::does_not_fit);
  EXPECT_EQ(v.number, 512 * 2001);
  EXPECT_EQ(v.value, "1024512 bytes");
  EXPECT_EQ(v.reason, "its output of [512,1,2001]: 1024512 bytes");
  EXPECT_EQ(v.limit, "passes up to 262144 bytes, fails from 512000");
  EXPECT_EQ(v.remedy, "tile_time, block_channels, stripe_time");
}

TEST(Check, ARowInsideTheIntervalIsUnknownAndNamesTheNearestCompiles) {
  const OneOp one(conv({300, 300, 1, 1}), {{300, 1, 1020}});
  const Violation v = violation(one.graph, "row_width");
  EXPECT_EQ(v.verdict, Verdict::unknown);
  EXPECT_FALSE(v.estimated);
  EXPECT_EQ(v.reason,
            "its input of [300,1,1020]: 306000 bytes; nearest compiles: 301056 passes (document: "
            "public compile, H = 1), 310800 fails (document: public compile, H = 1; 336000 bytes "
            "when padded)");
}

TEST(Check, TimeInStripesKeepsRowsNarrowAtAnyLength) {
  const OneOp one(conv({512, 256, 1, 1}), {{256, 4000, 8}});
  EXPECT_EQ(check(one.graph, hailo8()).verdict, Verdict::fits);
}

TEST(Check, AllViolationsOfANodeAreReportedTogether) {
  const OneOp one(conv({512, 1, 1, 16}, {1, 8}, {1, 4}, {0, 0, 60, 0}), {{1, 1, 16000}});
  std::set<std::string_view> rules;
  for (const Violation& v : check(one.graph, hailo8()).violations) {
    if (v.node_name == "it") rules.insert(v.rule);
  }
  EXPECT_EQ(rules, (std::set<std::string_view>{"row_width", "conv_kernel", "conv_stride",
                                               "conv_dilation", "conv_padding"}));
}

TEST(Check, BatchesAreCalledOneSampleAfterAnother) {
  const OneOp one(conv({8, 8, 1, 1}));
  CheckOptions options;
  options.batch = 4;
  const CheckReport report = check(one.graph, hailo8(), options);
  ASSERT_EQ(report.violations.size(), 1u);
  EXPECT_EQ(report.violations[0].rule, "batch_of_one");
  EXPECT_EQ(report.violations[0].limit, "at most 1 sample");
  EXPECT_EQ(report.violations[0].remedy, "run_one_sample_per_call");
}

TEST(Check, ConvolutionsBeyondWhatWasCompiledAreUnknownWithACure) {
  const OneOp encoder(conv({8, 8, 1, 16}, {1, 8}));
  EXPECT_EQ(violation(encoder.graph, "conv_kernel").verdict, Verdict::unknown);
  EXPECT_EQ(violation(encoder.graph, "conv_kernel").remedy, "factor_strided_conv");
  EXPECT_EQ(violation(encoder.graph, "conv_stride").remedy, "factor_strided_conv");
  const OneOp dilated(conv({8, 1, 1, 3}, {}, {1, 16}, {0, 0, 16, 16}, 8));
  const Violation v = violation(dilated.graph, "conv_dilation");
  EXPECT_EQ(v.verdict, Verdict::unknown);
  EXPECT_EQ(v.number, 16);
  EXPECT_EQ(v.remedy, "lower_dilation_to_phases");
  const OneOp one_tap(conv({8, 8, 1, 1}, {}, {1, 16}));
  EXPECT_EQ(violation(one_tap.graph, "conv_dilation").verdict, Verdict::fits);
  const OneOp causal(conv({8, 8, 1, 3}, {}, {}, {0, 0, 2, 0}));
  EXPECT_EQ(violation(causal.graph, "conv_padding").remedy, "gather_halo_on_host");
}

TEST(Check, AChipWithoutGroupsNamesTheRewritesThatRemoveThem) {
  const std::string text =
      replaced(target_text("hailo8"), "supported = [\"dense\", \"depthwise\", \"grouped\"]",
               "supported = [\"dense\"]\n"
               "unsupported = [\"depthwise\", \"grouped\"]");
  const auto dense_only = parse_target(text, "dense.toml");
  ASSERT_TRUE(dense_only);
  const OneOp depthwise(conv({8, 1, 1, 3}, {}, {}, {0, 0, 1, 1}, 8));
  EXPECT_EQ(violation(depthwise.graph, "conv_kind", *dense_only).remedy,
            "lower_depthwise_to_dense");
  const OneOp grouped(conv({8, 4, 1, 1}, {}, {}, {}, 2));
  const Violation v = violation(grouped.graph, "conv_kind", *dense_only);
  EXPECT_EQ(v.verdict, Verdict::does_not_fit);
  EXPECT_EQ(v.value, "grouped");
  EXPECT_EQ(v.remedy, "lower_grouped_conv_to_dense, lower_grouped_conv_to_slices");
}

TEST(Check, AGroupedTransposedConvolutionDoesNotFit) {
  ConvTranspose op{Tensor::full({8, 1, 1, 16}, 0), {}, {1, 8}, {}, {}, {0, 0}, 2};
  const OneOp one(op);
  const Violation v = violation(one.graph, "transposed_conv_kind");
  EXPECT_EQ(v.verdict, Verdict::does_not_fit);
  EXPECT_EQ(v.remedy, "lower_transposed_conv");
  EXPECT_EQ(violation(one.graph, "transposed_conv_kernel").verdict, Verdict::unknown);
  EXPECT_EQ(violation(one.graph, "transposed_conv_stride").verdict, Verdict::unknown);
}

TEST(Check, StatisticsOverTimeCannotBeOnTheChip) {
  const auto norm = [](NormKind kind) {
    Norm op;
    op.kind = kind;
    op.gamma = op.beta = op.mean = op.variance = Tensor::full({8}, 1);
    if (kind != NormKind::batch) op.mean = op.variance = Tensor();
    return op;
  };
  const std::pair<NormKind, const char*> refused[] = {
      {NormKind::global, "split_global_norm"},
      {NormKind::feature_wise, "split_feature_wise_norm"},
      {NormKind::cumulative, "split_cumulative_norm"}};
  for (const auto& [kind, remedy] : refused) {
    const Violation v = violation(OneOp(norm(kind)).graph, "norm");
    EXPECT_EQ(v.verdict, Verdict::does_not_fit);
    EXPECT_EQ(v.remedy, remedy);
  }
  EXPECT_EQ(violation(OneOp(norm(NormKind::channel_wise)).graph, "norm").verdict, Verdict::fits);
  EXPECT_EQ(violation(OneOp(norm(NormKind::batch)).graph, "norm").verdict, Verdict::fits);
}

TEST(Check, ActivationsAreSupportedOrUnknown) {
  EXPECT_EQ(violation(OneOp(Unary{UnaryKind::relu, {}}).graph, "activation").verdict,
            Verdict::fits);
  const Violation v = violation(OneOp(Unary{UnaryKind::erf, {}}).graph, "activation");
  EXPECT_EQ(v.verdict, Verdict::unknown);
  EXPECT_EQ(v.remedy, "place_on_host");
}

TEST(Check, ASoftmaxOverSourcesNeedsAFifthAxis) {
  const OneOp one(Softmax{SoftmaxOver::source, 2});
  EXPECT_EQ(violation(one.graph, "tensor_rank").value, "5 axes");
  EXPECT_EQ(violation(one.graph, "softmax").verdict, Verdict::does_not_fit);
}

TEST(Check, ElementWiseOperandsMayDifferByAConstantPerChannelOnly) {
  EXPECT_EQ(violation(OneOp(Mul{}, {{8, 1, 64}, {8, 1, 64}}).graph, "elementwise_shapes").verdict,
            Verdict::fits);
  const Violation v = violation(OneOp(Mul{}, {{1, 1, 64}, {8, 1, 64}}).graph, "elementwise_shapes");
  EXPECT_EQ(v.verdict, Verdict::does_not_fit);
  EXPECT_EQ(v.value, "channels");
  EXPECT_EQ(violation(OneOp(Binary{BinaryKind::pow}, {{8, 1, 64}, {8, 1, 64}}).graph, "elementwise")
                .verdict,
            Verdict::unknown);
}

TEST(Check, JoinsSlicesPadsPoolsAndReductionsHaveRules) {
  const std::vector<Shape> two = {{8, 2, 64}, {8, 2, 64}};
  EXPECT_EQ(violation(OneOp(Concat{Axis::c}, two).graph, "concat_axis").verdict, Verdict::fits);
  EXPECT_EQ(violation(OneOp(Concat{Axis::h}, two).graph, "concat_axis").verdict, Verdict::unknown);
  EXPECT_EQ(violation(OneOp(Slice{Axis::w, 0, 64, 4}).graph, "slice_axis").remedy,
            "gather_phases_on_host");
  EXPECT_EQ(violation(OneOp(Pad{{0, 0, 2, 2}, PadMode::reflect}).graph, "pad_mode").remedy,
            "gather_halo_on_host");
  EXPECT_EQ(violation(OneOp(GlobalPool{PoolKind::max}).graph, "pool_kind").verdict,
            Verdict::unknown);
  EXPECT_EQ(violation(OneOp(GlobalPool{}, {{8, 1, 101}}).graph, "pool_kernel").verdict,
            Verdict::unknown);
  Reduce over_time;
  over_time.over_w = true;
  EXPECT_EQ(violation(OneOp(over_time).graph, "reduction").verdict, Verdict::does_not_fit);
  EXPECT_EQ(violation(OneOp(CumulativeSum{}).graph, "operation").verdict, Verdict::does_not_fit);
}

TEST(Check, AnAxisLongerThanTheFrontEndTakesIsRefused) {
  const OneOp one(Unary{UnaryKind::relu, {}}, {{1, 1, 262144}});
  EXPECT_EQ(violation(one.graph, "axis_size").verdict, Verdict::does_not_fit);
}

TEST(Check, EstimatedUnitsMakeUnknownNeverDoesNotFit) {
  const std::string text =
      replaced(target_text("hailo8"), "unit = \"cuts per cluster\"\nvalue = 128",
               "unit = \"cuts per cluster\"\nvalue = 8");
  const auto small = parse_target(text, "small.toml");
  ASSERT_TRUE(small);
  const OneOp one(conv({256, 256, 1, 3}, {}, {}, {0, 0, 1, 1}), {{256, 1, 1024}});
  const Violation v = violation(one.graph, "cluster_memory", *small);
  EXPECT_EQ(v.verdict, Verdict::unknown);
  EXPECT_TRUE(v.estimated);
}

TEST(Check, MoreLayersThanAnyCompiledNetworkHadAreUnknown) {
  Graph graph;
  GraphEditor editor(graph, "import");
  NodeId last = *editor.add(Input{{8, 1, 8}}, {});
  for (int i = 0; i < 1000; ++i) last = *editor.add(conv({8, 8, 1, 1}), {last});
  editor.add_output("out", last);
  const CheckReport report = check(graph, hailo8());
  EXPECT_GE(report.contexts_at_least, 8);  // 1000 control units of 128
  ASSERT_FALSE(report.violations.empty());
  EXPECT_EQ(report.violations.back().rule, "context_count");
  EXPECT_EQ(report.violations.back().node_name, "(whole graph)");
  EXPECT_EQ(report.violations.back().verdict, Verdict::unknown);
}

TEST(Check, TheSameNetworkNeedsMoreContextsOnHalfAChip) {
  Graph graph;
  GraphEditor editor(graph, "import");
  NodeId last = *editor.add(Input{{8, 1, 8}}, {});
  for (int i = 0; i < 100; ++i) last = *editor.add(conv({8, 8, 1, 1}), {last});
  editor.add_output("out", last);
  EXPECT_LT(check(graph, hailo8()).contexts_at_least,
            check(graph, real_target("hailo8l")).contexts_at_least);
}

TEST(Check, MoreInputsThanPortsDoNotFit) {
  const auto with_inputs = [](size_t count) {
    return OneOp(Concat{Axis::c}, std::vector<Shape>(count, Shape{8, 1, 64}));
  };
  EXPECT_EQ(check(with_inputs(64).graph, hailo8()).verdict, Verdict::fits);
  const CheckReport report = check(with_inputs(65).graph, hailo8());
  ASSERT_EQ(report.violations.size(), 1u);
  EXPECT_EQ(report.violations[0].rule, "input_ports");
  EXPECT_EQ(report.violations[0].verdict, Verdict::does_not_fit);
  EXPECT_EQ(report.violations[0].reason, "65 inputs: 9 ports per cluster");
}

TEST(Cures, OfKindRewriteAreRulesThatExist) {
  std::set<std::string_view> rules;
  for (const ListedRule& listed : rewrite_rules()) rules.insert(listed.rule->name);
  for (const Remedy& remedy : remedies()) {
    if (remedy.kind != Remedy::Kind::rewrite) continue;
    EXPECT_TRUE(rules.count(remedy.name)) << remedy.name;
  }
}

TEST(Constraints, HaveUniqueIdsKnownEntriesAndKnownCures) {
  std::set<std::string_view> ids;
  std::set<std::string_view> known;
  for (const Remedy& remedy : remedies()) known.insert(remedy.name);
  for (const Constraint& rule : constraints()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    const auto keys = target_keys();
    EXPECT_TRUE(std::any_of(keys.begin(), keys.end(), [&](const TargetKey& key) {
      return key.section == rule.section && key.name == rule.key;
    })) << rule.id;
    std::string_view rest = rule.remedy;
    while (!rest.empty()) {
      const size_t comma = rest.find(", ");
      EXPECT_TRUE(known.count(rest.substr(0, comma))) << rule.id << ": " << rest;
      rest = comma == rest.npos ? "" : rest.substr(comma + 2);
    }
  }
}

TEST(Constraints, EveryLimitAndSupportEntryIsAskedAbout) {
  for (const TargetKey& key : target_keys()) {
    if (key.section != TargetSection::limits && key.section != TargetSection::support) continue;
    const auto rules = constraints();
    EXPECT_TRUE(std::any_of(rules.begin(), rules.end(), [&](const Constraint& rule) {
      return rule.section == key.section && rule.key == key.name;
    })) << key.name;
  }
}

TEST(Violation, IsCuredByTheWholeNamesItLists) {
  Violation violation;
  violation.remedy = "tile_time, block_channels";
  EXPECT_TRUE(violation.has_remedy("tile_time"));
  EXPECT_TRUE(violation.has_remedy("block_channels"));
  EXPECT_FALSE(violation.has_remedy("block"));
  EXPECT_FALSE(violation.has_remedy("time"));
  EXPECT_FALSE(violation.has_remedy("stripe_time"));
  EXPECT_FALSE(Violation().has_remedy("tile_time"));
}

}  // namespace
}  // namespace tessera
