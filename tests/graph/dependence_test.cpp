#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/compiler/analysis.h"

namespace tessera {
namespace {

class DependenceTest : public ::testing::Test {
 protected:
  NodeId add(Op op, std::vector<NodeId> inputs) {
    return editor_.add(std::move(op), std::move(inputs)).value();
  }
  static Conv conv(int64_t kernel, int64_t stride, int64_t dilation, int64_t left, int64_t right) {
    return Conv{.weight = Tensor::full({1, 1, 1, kernel}, 1),
                .stride = {1, stride},
                .dilation = {1, dilation},
                .padding = {0, 0, left, right}};
  }
  Dependence of(NodeId target) { return dependence(graph_, x_, target); }

  Graph graph_;
  GraphEditor editor_{graph_, "import"};
  NodeId x_ = add(Input{{1, 1, 400}}, {});
};

TEST_F(DependenceTest, OfAPaddedConvolutionReachesBothWays) {
  const Dependence d = of(add(conv(3, 1, 4, 4, 4), {x_}));
  EXPECT_EQ(d.first, -4);
  EXPECT_EQ(d.last, 4);
  EXPECT_EQ(d.field(), 9);
  EXPECT_EQ(d.look_ahead(), 4);
  EXPECT_FALSE(d.causal());
}

TEST_F(DependenceTest, OfALeftPaddedConvolutionIsCausal) {
  const Dependence d = of(add(conv(3, 1, 4, 8, 0), {x_}));
  EXPECT_EQ(d.first, -8);
  EXPECT_EQ(d.last, 0);
  EXPECT_TRUE(d.causal());
}

TEST_F(DependenceTest, ThroughAStrideCountsInSourceFrames) {
  const NodeId encoded = add(conv(16, 8, 1, 0, 0), {x_});
  const Dependence d = of(add(conv(3, 1, 2, 2, 2), {encoded}));
  EXPECT_EQ(d.rate_numerator, 8);
  EXPECT_EQ(d.rate_denominator, 1);
  EXPECT_EQ(d.first, -16);
  EXPECT_EQ(d.last, 16 + 15);
}

TEST_F(DependenceTest, OfFramingAloneIsCausal) {
  const NodeId encoded = add(conv(16, 8, 1, 0, 0), {x_});
  const NodeId decoded =
      add(ConvTranspose{.weight = Tensor::full({1, 1, 1, 16}, 1), .stride = {1, 8}}, {encoded});
  const Dependence d = of(decoded);
  EXPECT_EQ(d.rate_numerator, 1);
  EXPECT_EQ(d.rate_denominator, 1);
  EXPECT_EQ(d.first, -15);
  EXPECT_EQ(d.last, 15);
  EXPECT_EQ(d.framing, 15);
  EXPECT_TRUE(d.causal());
}

TEST_F(DependenceTest, OfATransposedStrideAloneCountsFractionsOfFrames) {
  const NodeId decoded =
      add(ConvTranspose{.weight = Tensor::full({1, 1, 1, 16}, 1), .stride = {1, 8}}, {x_});
  const Dependence d = of(decoded);
  EXPECT_EQ(d.rate_numerator, 1);
  EXPECT_EQ(d.rate_denominator, 8);
  EXPECT_EQ(d.first, -1);
  EXPECT_EQ(d.last, 0);
}

TEST_F(DependenceTest, OfAGlobalNormKeepsTheFieldAndSaysWhole) {
  const NodeId y = add(conv(3, 1, 1, 1, 1), {x_});
  const Dependence d =
      of(add(Norm{.gamma = Tensor::full({1}, 1), .beta = Tensor::full({1}, 0)}, {y}));
  EXPECT_TRUE(d.whole_sequence);
  EXPECT_EQ(d.field(), 3);
  EXPECT_FALSE(d.causal());
}

TEST_F(DependenceTest, OfACumulativeNormIsCausalWithUnboundedPast) {
  const Dependence d = of(add(Norm{.kind = NormKind::cumulative,
                                   .gamma = Tensor::full({1}, 1),
                                   .beta = Tensor::full({1}, 0)},
                              {x_}));
  EXPECT_TRUE(d.unbounded_past);
  EXPECT_FALSE(d.whole_sequence);
  EXPECT_TRUE(d.causal());
}

TEST_F(DependenceTest, OfPoolingOverTimeHasNoLocalField) {
  const Dependence d = of(add(GlobalPool{}, {x_}));
  EXPECT_TRUE(d.whole_sequence);
  EXPECT_FALSE(d.local);
  EXPECT_EQ(d.field(), 0);
}

TEST_F(DependenceTest, OfAPooledGateKeepsTheFieldOfTheOtherOperand) {
  const NodeId gate = add(GlobalPool{}, {x_});
  const NodeId y = add(conv(5, 1, 1, 2, 2), {x_});
  const Dependence d = of(add(Mul{}, {y, gate}));
  EXPECT_TRUE(d.whole_sequence);
  EXPECT_EQ(d.field(), 5);
}

TEST_F(DependenceTest, OfSlicesAndPadsShifts) {
  const NodeId sliced = add(Slice{Axis::w, 10, 300, 1}, {x_});
  const Dependence d = of(add(Pad{{0, 0, 3, 0}, PadMode::zero}, {sliced}));
  EXPECT_EQ(d.first, 7);
  EXPECT_EQ(d.last, 7);
}

TEST_F(DependenceTest, OfAReflectingPadSaysThatEndsRepeat) {
  const NodeId padded = add(Pad{{0, 0, 2, 2}, PadMode::reflect}, {x_});
  const Dependence d = of(add(conv(5, 1, 1, 0, 0), {padded}));
  EXPECT_TRUE(d.repeats_ends);
  EXPECT_EQ(d.first, -2);
  EXPECT_EQ(d.last, 2);
}

TEST_F(DependenceTest, OfAnUnconnectedNodeIsNone) {
  const NodeId other = add(Input{{1, 1, 4}}, {});
  EXPECT_FALSE(dependence(graph_, other, add(conv(3, 1, 1, 1, 1), {x_})).any);
}

TEST_F(DependenceTest, OfImpossibleStridesSaysWholeInsteadOfOverflowing) {
  NodeId y = x_;
  for (int i = 0; i < 10; ++i) {
    y = add(Conv{.weight = Tensor::full({1, 1, 1, 1}, 1), .stride = {1, 1 << 28}}, {y});
  }
  EXPECT_TRUE(of(y).whole_sequence);
  EXPECT_FALSE(of(y).local);
}

TEST(DependenceOfConvTasNet, OfDefaultSizeIs1531Frames) {
  const Graph graph = build(test::ConvTasNet{});
  const Dependence d = dependence(graph, graph.find("encoder"), graph.find("mask"));
  EXPECT_EQ(d.field(), 1531);
  EXPECT_EQ(d.first, -765);
  EXPECT_TRUE(d.whole_sequence);
}

TEST(DependenceOfConvTasNet, OfDefaultSizeIs12271Samples) {
  const Graph graph = build(test::ConvTasNet{.norm = NormKind::batch});
  const Dependence d = dependence(graph, graph.inputs()[0], graph.outputs()[0].node);
  EXPECT_EQ(d.first, -(765 * 8 + 15));
  EXPECT_EQ(d.last, 765 * 8 + 15);
  EXPECT_FALSE(d.whole_sequence);
}

TEST(DependenceOfConvTasNet, IsCausalIfBuiltSo) {
  for (NormKind norm : {NormKind::channel_wise, NormKind::cumulative, NormKind::batch}) {
    const Graph graph = build(test::ConvTasNet{.norm = norm, .causal = true});
    const Dependence d = dependence(graph, graph.inputs()[0], graph.outputs()[0].node);
    EXPECT_TRUE(d.causal());
    EXPECT_EQ(d.look_ahead(), 15);
    EXPECT_EQ(d.unbounded_past, norm == NormKind::cumulative);
  }
  const Graph global = build(test::ConvTasNet{.norm = NormKind::global, .causal = true});
  EXPECT_FALSE(dependence(global, global.inputs()[0], global.outputs()[0].node).causal());
}

// A NaN in one input frame reaches exactly the results it can influence.
class Influence {
 public:
  explicit Influence(const Graph& graph)
      : graph_(graph), source_(graph.node(graph.inputs()[0])), inputs_(random_inputs()) {}

  // Results of frame t of the first channel and row, for each output, with frame `at` spoiled.
  std::vector<std::vector<float>> with_nan(int64_t at) {
    std::vector<std::vector<float>> spoiled = inputs_;
    for (int64_t row = 0; row < source_.shape.c * source_.shape.h; ++row)
      spoiled[0][static_cast<size_t>(row * source_.shape.w + at)] =
          std::numeric_limits<float>::quiet_NaN();
    return test::run_graph(graph_, spoiled);
  }
  int64_t frames() const { return source_.shape.w; }

 private:
  std::vector<std::vector<float>> random_inputs() { return test::random_inputs(graph_, 1); }

  const Graph& graph_;
  const Node& source_;
  std::vector<std::vector<float>> inputs_;
};

TEST(DependenceProperty, CoversEveryInfluenceInRandomGraphs) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const Graph graph =
        test::random_graph(seed, {.nodes = 12, .most_w = 40, .rewritten = seed % 3 == 0});
    Influence influence(graph);
    const std::vector<Dependence> dependences = dependence_on(graph, graph.inputs()[0]);
    for (int64_t at = 0; at < influence.frames(); ++at) {
      const auto results = influence.with_nan(at);
      for (size_t o = 0; o < results.size(); ++o) {
        const Node& node = graph.node(graph.outputs()[o].node);
        const Dependence& d = dependences[static_cast<size_t>(index_of(node.id))];
        if (d.whole_sequence || d.repeats_ends) continue;
        for (size_t i = 0; i < results[o].size(); ++i) {
          if (!std::isnan(results[o][i])) continue;
          const int64_t t = static_cast<int64_t>(i) % node.shape.w;
          const int64_t now = t * d.rate_numerator / d.rate_denominator;
          ASSERT_TRUE(d.any && d.local) << "seed " << seed;
          ASSERT_LE(at, now + d.last) << "seed " << seed << " output " << o << " frame " << t;
          if (!d.unbounded_past) {
            ASSERT_GE(at, now + d.first) << "seed " << seed << " output " << o << " frame " << t;
          }
        }
      }
    }
  }
}

TEST(DependenceProperty, IsAttainedInConvTasNet) {
  const test::ConvTasNet net{.samples = 171,
                             .kernel = 6,
                             .stride = 3,
                             .filters = 3,
                             .bottleneck = 2,
                             .hidden = 3,
                             .skip = 2,
                             .blocks = 3,
                             .repeats = 1,
                             .sources = 1,
                             .norm = NormKind::batch};
  const Graph graph = build(net);
  const Dependence d = dependence(graph, graph.inputs()[0], graph.outputs()[0].node);
  int64_t first = 0;
  int64_t last = 0;
  Influence influence(graph);
  for (int64_t at = 0; at < influence.frames(); ++at) {
    const std::vector<float> voice = influence.with_nan(at)[0];
    for (int64_t t = 0; t < net.samples; ++t) {
      if (!std::isnan(voice[static_cast<size_t>(t)])) continue;
      first = std::min(first, at - t);
      last = std::max(last, at - t);
    }
  }
  EXPECT_EQ(d.first, first);
  EXPECT_EQ(d.last, last);
}

}  // namespace
}  // namespace tessera
