// Rules that a chip is asked about which runs one operator after another.
#include <gtest/gtest.h>

#include "target/target_text.h"
#include "tessera/compiler/graph.h"

namespace tessera {
namespace {

class OneOp {
 public:
  explicit OneOp(Op op, std::vector<Shape> inputs) {
    GraphEditor editor(graph, "test");
    std::vector<NodeId> ids;
    for (const Shape& shape : inputs) ids.push_back(editor.add(Input{shape}, {}).value());
    const auto node = editor.add(std::move(op), ids, "it");
    EXPECT_TRUE(node) << (node ? "" : node.error().to_string());
    if (node) editor.add_output("y", *node);
  }
  Graph graph;
};

Conv conv(std::vector<int64_t> weight, int64_t stride, int64_t dilation, int64_t groups = 1) {
  Conv op{.weight = Tensor::full(std::move(weight), 1), .groups = groups};
  op.stride.w = stride;
  op.dilation.w = dilation;
  return op;
}

Verdict verdict(const Graph& graph, const std::string& target, std::string_view rule = "") {
  const CheckReport report = check(graph, real_target(target));
  for (const Violation& violation : report.violations) {
    if (violation.rule == rule) return violation.verdict;
  }
  return rule.empty() ? report.verdict : Verdict::fits;
}

TEST(SequentialCheck, StridesOfDepthwiseConvolutionsEndAtThreeExceptOnU85) {
  const OneOp three(conv({16, 1, 1, 5}, 3, 1, 16), {{16, 1, 100}});
  const OneOp four(conv({16, 1, 1, 5}, 4, 1, 16), {{16, 1, 100}});
  for (const char* target : {"ethos_u55", "ethos_u65"}) {
    EXPECT_EQ(verdict(three.graph, target), Verdict::fits);
    EXPECT_EQ(verdict(four.graph, target, "depthwise_stride"), Verdict::does_not_fit);
  }
  EXPECT_EQ(verdict(four.graph, "ethos_u85"), Verdict::fits);
}

TEST(SequentialCheck, AStrideBeyondThreeAllowsNoDilationExceptOnU85) {
  const OneOp plain(conv({8, 8, 1, 5}, 8, 1), {{8, 1, 100}});
  const OneOp dilated(conv({8, 8, 1, 5}, 4, 2), {{8, 1, 100}});
  EXPECT_EQ(verdict(plain.graph, "ethos_u65"), Verdict::fits);
  EXPECT_EQ(verdict(dilated.graph, "ethos_u65", "dilated_stride"), Verdict::does_not_fit);
  EXPECT_EQ(verdict(dilated.graph, "ethos_u85"), Verdict::fits);
}

TEST(SequentialCheck, ChannelsEndWhereTheChipCannotCountThem) {
  const OneOp most(conv({4, 65536, 1, 1}, 1, 1), {{65536, 1, 2}});
  const OneOp more(conv({4, 65537, 1, 1}, 1, 1), {{65537, 1, 2}});
  EXPECT_EQ(verdict(most.graph, "ethos_u85", "conv_channels"), Verdict::fits);
  EXPECT_EQ(verdict(more.graph, "ethos_u85", "conv_channels"), Verdict::does_not_fit);
}

TEST(SequentialCheck, WeightsThatAddUpToMoreThanTheAccumulatorTakesDoNotFit) {
  const OneOp all_large(conv({2, 700, 1, 100}, 1, 1), {{700, 1, 120}});
  EXPECT_EQ(verdict(all_large.graph, "ethos_u65", "weight_sum"), Verdict::does_not_fit);
  Conv small = conv({2, 700, 1, 100}, 1, 1);
  std::vector<float> values(2 * 700 * 100, 0.1F);
  values[0] = values[70000] = 1;
  small.weight = Tensor({2, 700, 1, 100}, std::move(values));
  EXPECT_EQ(verdict(OneOp(small, {{700, 1, 120}}).graph, "ethos_u65", "weight_sum"), Verdict::fits);
}

TEST(SequentialCheck, AStepAlongChannelsIsNoSlice) {
  EXPECT_EQ(verdict(OneOp(Slice{Axis::w, 0, 10, 3}, {{8, 1, 10}}).graph, "ethos_u65"),
            Verdict::fits);
  EXPECT_EQ(verdict(OneOp(Slice{Axis::c, 0, 8, 2}, {{8, 1, 10}}).graph, "ethos_u65", "slice_axis"),
            Verdict::does_not_fit);
}

TEST(SequentialCheck, ConstantsAreOperandsOnlyAsWeights) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{8, 1, 10}}, {}).value();
  const NodeId c = editor.add(Constant{Tensor::full({8, 1, 10}, 1)}, {}).value();
  editor.add_output("y", editor.add(Add{}, {x, c}, "it").value());
  EXPECT_EQ(verdict(graph, "ethos_u65", "constant_operand"), Verdict::does_not_fit);
}

TEST(SequentialCheck, ValuesMustFitTheSharedMemoryWhereTheyLieInIt) {
  const OneOp wide(Unary{.kind = UnaryKind::relu}, {{512, 1, 20000}});
  EXPECT_EQ(verdict(wide.graph, "ethos_u65", "memory"), Verdict::does_not_fit);
  const std::filesystem::path folders[] = {TESSERA_SOURCE_DIR "/targets"};
  const Target cached = find_target("ethos_u65:memory=Dedicated_Sram_384KB", folders).value();
  EXPECT_EQ(check(wide.graph, cached).verdict, Verdict::fits);
}

TEST(SequentialCheck, ReportsMemoryInsteadOfContexts) {
  const OneOp op(Unary{.kind = UnaryKind::relu}, {{16, 1, 100}});
  const CheckReport report = check(op.graph, real_target("ethos_u65"));
  EXPECT_EQ(report.memory_at_least_bytes, 1600);
  EXPECT_EQ(report.memory_estimated_bytes, 3200);
  EXPECT_EQ(report.physical_layers, 1);
}

}  // namespace
}  // namespace tessera
