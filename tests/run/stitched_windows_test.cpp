// Windows that meet in one tile: each op gets the frames that are its own, and nothing of what its
// neighbours need.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "support/random_values.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/session.h"

namespace tessera {
namespace {

Target hailo8() {
  return read_target(TESSERA_SOURCE_DIR "/targets/hailo8.toml").value();
}

// A network built op by op, then planned and played.
class Built {
 public:
  NodeId input(Shape shape) { return add(Input{shape}, {}); }
  NodeId add(Op op, std::vector<NodeId> inputs) {
    return editor_.add(std::move(op), std::move(inputs)).value();
  }
  NodeId conv(NodeId x, int64_t outputs, int64_t kernel, int64_t dilation, Padding padding) {
    const int64_t inputs = graph_.node(x).shape.c;
    return add(Conv{.weight = random_.tensor({outputs, inputs, 1, kernel}, -1, 1),
                    .bias = random_.tensor({outputs}, 0.5F, 1),
                    .dilation = {1, dilation},
                    .padding = padding},
               {x});
  }
  Tensor tensor(std::vector<int64_t> dims) { return random_.tensor(std::move(dims), -1, 1); }
  const Shape& shape(NodeId id) const { return graph_.node(id).shape; }

  Plan plan(std::vector<NodeId> outputs, const PlanOptions& options = {},
            const Target& target = hailo8()) {
    for (size_t i = 0; i < outputs.size(); ++i)
      editor_.add_output("out" + std::to_string(i), outputs[i]);
    editor_.enter(GraphForm::imported).value();
    Graph legal = graph_;
    const Result<RewriteLog> log = rewrite(legal);
    EXPECT_TRUE(log.has_value()) << log.error().to_string();
    Result<Plan> plan = make_plan(legal, target, options);
    EXPECT_TRUE(plan.has_value()) << plan.error().to_string();
    return std::move(plan).value();
  }

  // Largest difference of the plan from the network evaluated whole, relative to the peak.
  double error(const Plan& plan) const {
    const auto inputs = test::random_inputs(graph_, 3);
    const auto expected = test::run_graph(graph_, inputs);
    const auto backend = make_backend("reference").value();
    Session session = Session::create(plan, *backend).value();
    const std::vector<ConstValues> views(inputs.begin(), inputs.end());
    const auto actual = session.run(views).value();
    double error = 0;
    double peak = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      for (size_t k = 0; k < expected[i].size(); ++k) {
        const auto value = static_cast<double>(expected[i][k]);
        error = std::max(error, std::abs(static_cast<double>(actual[i][k]) - value));
        peak = std::max(peak, std::abs(value));
      }
    }
    return error / peak;
  }

 private:
  test::Random random_{11};
  Graph graph_;
  GraphEditor editor_{graph_, "import"};
};

constexpr double kRounding = 1e-6;

// A convolution's zeros outside the sequence come with the value that both read.
TEST(StitchedWindows, APoolBesideAPaddedConvolutionSeesNoZeros) {
  for (const PoolKind kind : {PoolKind::max, PoolKind::average}) {
    Built net;
    const NodeId x = net.input({3, 1, 60});
    const NodeId below = net.add(Affine{Tensor::full({3}, 1), Tensor::full({3}, -5)},
                                 {x});  // where 0 would be the largest
    const NodeId pooled = net.add(
        Pool{.kind = kind, .kernel = {1, 3}, .padding = {0, 0, 1, 1}, .count_padding = false},
        {below});
    const NodeId made = net.conv(below, 3, 5, 1, {0, 0, 2, 2});
    const Plan plan = net.plan({net.add(Add{}, {pooled, made})}, {.tile_frames = 16});
    EXPECT_LE(net.error(plan), kRounding);
  }
}

TEST(StitchedWindows, APoolOfOneFrameIsNoBroadcast) {
  Built net;
  const NodeId x = net.input({3, 1, 1});
  const Pool pool{.kind = PoolKind::average, .kernel = {1, 4}, .padding = {0, 0, 3, 2}};
  const Plan plan = net.plan({net.add(pool, {x})});
  EXPECT_EQ(plan.segments.size(), 1U);
  EXPECT_LE(net.error(plan), kRounding);
}

// In stripes the neighbours on W are other tiles: a stride or a window over rows would reach them.
TEST(StitchedWindows, RowsOfHAreNeverStripes) {
  const auto plan_of = [](Built& net, Extent stride, int64_t rows, Padding padding) {
    const NodeId x = net.input({3, 1, 300});
    Conv conv{.weight = net.tensor({4, 3, rows, 1}), .stride = stride, .padding = padding};
    return net.plan({net.add(std::move(conv), {x})},
                    {.layout = LayoutChoice::stripes, .tile_frames = 16});
  };
  Built strided;
  const Plan plan = plan_of(strided, {2, 1}, 1, {});
  EXPECT_EQ(plan.segments.at(0).tiling.layout, Layout::stripes);
  EXPECT_LE(strided.error(plan), kRounding);
  Built tall;
  EXPECT_LE(tall.error(plan_of(tall, {1, 1}, 2, {1, 0, 0, 0})), kRounding);
}

TEST(StitchedWindows, OneFrameIsTheSameInEveryPhase) {
  Target target = hailo8();
  Support& broadcast = target.support.at("broadcast");
  broadcast.supported = {"none", "per_channel", "time"};
  broadcast.unsupported = {"channels"};
  Built net;
  const NodeId x = net.input({3, 1, 90});
  const NodeId y = net.conv(x, 3, 3, 4, {0, 0, 8, 0});
  const NodeId gate = net.add(GlobalPool{}, {x});
  const Plan plan = net.plan({net.add(Mul{}, {y, gate})}, {}, target);
  ASSERT_EQ(plan.segments.size(), 1U);
  EXPECT_EQ(plan.segments[0].tiling.phases, 4);
  EXPECT_EQ(plan.segments[0].nodes.size(), 2U);
  EXPECT_LE(net.error(plan), kRounding);
}

TEST(StitchedWindows, AConstantOfEveryFrameMakesNoPieceOfEveryTile) {
  Built net;
  const NodeId x = net.input({3, 1, 200});
  const NodeId constant = net.add(Constant{net.tensor({3, 1, 200})}, {});
  const NodeId y = net.conv(net.add(Add{}, {x, constant}), 3, 3, 1, {});
  const Plan plan = net.plan({y}, {.tile_frames = 16});
  for (const ChipSegment& segment : plan.segments) EXPECT_EQ(segment.pieces.size(), 1U);
  EXPECT_LE(net.error(plan), kRounding);
}

TEST(StitchedWindows, StripesThatFitNoSegmentAreRowsWithANote) {
  Built net;
  const NodeId x = net.input({3, 2, 80});  // two rows: none is free for time
  const Plan plan =
      net.plan({net.conv(x, 4, 3, 1, {0, 0, 1, 1})}, {.layout = LayoutChoice::stripes});
  ASSERT_EQ(plan.segments.size(), 1U);
  EXPECT_EQ(plan.segments[0].tiling.layout, Layout::row);
  ASSERT_EQ(plan.notes.size(), 1U);
  EXPECT_EQ(plan.notes[0].text, "seg00 lies in rows: no stripes of it fit");
  EXPECT_LE(net.error(plan), kRounding);
}

}  // namespace
}  // namespace tessera
