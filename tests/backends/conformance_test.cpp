// Every backend computes what the plain loops of its arithmetic compute: every op, every fusion,
// any length. Floats within a tolerance; integers, with random encodings, to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/npy.h"
#include "support/conv_tasnet.h"
#include "support/integer_reference.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

using Outputs = std::vector<std::vector<float>>;

Outputs run_on(std::string_view name, const Graph& graph, const Outputs& inputs, int threads = 1,
               const Encodings* encodings = nullptr) {
  auto backend = make_backend(name, {.threads = threads}).value();
  auto executable = backend->load({graph, encodings}).value();
  Outputs results;
  for (const GraphOutput& output : graph.outputs()) {
    results.emplace_back(graph.node(output.node).shape.size(), NAN);
  }
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  const std::vector<Values> targets(results.begin(), results.end());
  EXPECT_TRUE(executable->run(sources, targets).has_value());
  return results;
}

// Within `tolerance` of the largest value of each output, 0: equal; NaN only where expected.
void expect_close(const Outputs& expected, const Outputs& actual, double tolerance, uint32_t seed) {
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t port = 0; port < expected.size(); ++port) {
    double peak = 1;
    for (float value : expected[port]) peak = std::max(peak, std::abs(double{value}));
    for (size_t i = 0; i < expected[port].size(); ++i) {
      const double e = expected[port][i];
      const double a = actual[port][i];
      if (e == a || (std::isnan(e) && std::isnan(a))) continue;
      ASSERT_NEAR(e, a, tolerance * peak) << "seed " << seed << " output " << port << " at " << i;
    }
  }
}

class EveryBackend : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto backend = make_backend(GetParam());
    if (!backend) {
      ASSERT_TRUE(backend_is_optional(GetParam())) << backend.error().to_string();
      GTEST_SKIP() << backend.error().to_string();
    }
    arithmetic_ = (*backend)->arithmetic();
  }
  bool in_integers() const { return arithmetic_ == Arithmetic::integer; }
  // What this backend is given besides the graph; must outlive load().
  const Encodings* encodings_of(const Graph& graph, uint32_t seed) {
    if (!in_integers()) return nullptr;
    encodings_ = test::random_encodings(graph, seed);
    return &encodings_;
  }
  // Both by the plain loops and by the backend, on random inputs.
  void expect_conformance(const Graph& graph, uint32_t seed, double tolerance, int threads = 1) {
    const Outputs inputs = test::random_inputs(graph, seed);
    const Encodings* encodings = encodings_of(graph, seed);
    const Outputs expected = in_integers() ? test::run_in_integers(graph, *encodings, inputs)
                                           : test::run_graph(graph, inputs);
    expect_close(expected, run_on(GetParam(), graph, inputs, threads, encodings),
                 in_integers() ? 0 : tolerance, seed);
  }

 private:
  Arithmetic arithmetic_ = Arithmetic::float32;
  Encodings encodings_;
};

INSTANTIATE_TEST_SUITE_P(All, EveryBackend, ::testing::Values("cpu", "torch", "emulator"),
                         [](const auto& tested) { return std::string(tested.param); });

// Those that compute in floats, as toolkits do.
class FloatBackend : public EveryBackend {};
INSTANTIATE_TEST_SUITE_P(All, FloatBackend, ::testing::Values("cpu", "torch"),
                         [](const auto& tested) { return std::string(tested.param); });

// Frames along H and tiles side by side on W, as a chip's stripes lie.
Graph striped_graph(int64_t frames, int64_t stripes) {
  test::Random random(7);
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId y = editor.add(Input{{20, frames + 4, stripes}}, {}, "y").value();
  const NodeId skip = editor.add(Input{{12, frames, stripes}}, {}, "skip").value();
  Conv depthwise;
  depthwise.weight = random.tensor({20, 1, 3, 1}, -1, 1);
  depthwise.bias = random.tensor({20}, -1, 1);
  depthwise.dilation = {2, 1};
  depthwise.groups = 20;
  Conv pointwise;
  pointwise.weight = random.tensor({24, 20, 1, 1}, -1, 1);
  Unary prelu{.kind = UnaryKind::prelu, .slope = random.tensor({1}, 0, 1)};
  const NodeId deep = editor.add(depthwise, {y}).value();
  const NodeId bent = editor.add(prelu, {deep}).value();
  const NodeId both = editor.add(pointwise, {bent}).value();
  const NodeId left = editor.add(Slice{Axis::c, 0, 12, 1}, {both}).value();
  const NodeId right = editor.add(Slice{Axis::c, 12, 24, 1}, {both}).value();
  editor.add_output("residual", editor.add(Add{}, {skip, left}).value());
  editor.add_output("joined", editor.add(Concat{Axis::h}, {right, right}).value());
  EXPECT_TRUE(editor.enter(GraphForm::legal).has_value());
  return graph;
}

TEST_P(EveryBackend, ComputesStripesAsThePlainLoopsDo) {
  for (const auto& [frames, stripes] :
       {std::pair<int64_t, int64_t>{60, 8}, {5, 8}, {33, 1}, {16, 128}}) {
    expect_conformance(striped_graph(frames, stripes), static_cast<uint32_t>(frames), 1e-5, 2);
  }
}

TEST_P(EveryBackend, ComputesEveryOpAsThePlainLoopsDo) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    expect_conformance(test::random_graph(seed), seed, 1e-4);
    if (HasFatalFailure()) return;
  }
}

TEST_P(EveryBackend, ComputesTheOpsOfRewrittenNetworksAsThePlainLoopsDo) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    expect_conformance(test::random_graph(seed, {.rewritten = true}), seed, 1e-4);
    if (HasFatalFailure()) return;
  }
}

TEST_P(EveryBackend, ComputesConvTasNetsOfEveryOptionAsThePlainLoopsDo) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    // A norm behind a bottleneck of one channel sees multiples of one vector: near the zeros of
    // that channel it divides rounding errors by almost nothing.
    const double tolerance = test::random_conv_tasnet_options(seed).bottleneck == 1 ? 1e-3 : 1e-5;
    expect_conformance(test::random_conv_tasnet(seed), seed, tolerance);
    if (HasFatalFailure()) return;
  }
}

TEST_P(FloatBackend, GivesWhatAsteroidComputed) {
  const std::string folder = TESSERA_SOURCE_DIR "/tests/data/asteroid/";
  for (const char* name : {"bn_k5", "causal_cgln", "causal_cln", "enc_relu_k20", "gln_relu_skip0",
                           "gln_sigmoid", "gln_softmax_3src", "one_src_denoise", "seed_shape_k1"}) {
    const NpyArray input = read_npy(folder + name + ".in.npy").value();
    const NpyArray expected = read_npy(folder + name + ".out.npy").value();
    const auto length = static_cast<int64_t>(input.values.size());
    const Graph graph =
        import_model(folder + name + ".pth", {.length_samples = length, .model_args = {}})
            .value()
            .graph;
    const Outputs actual = run_on(GetParam(), graph, {input.values}, 2);
    ASSERT_EQ(actual[0].size(), expected.values.size());
    for (size_t i = 0; i < expected.values.size(); ++i)
      ASSERT_NEAR(actual[0][i], expected.values[i], 1e-5) << name << " at " << i;
  }
}

TEST_P(EveryBackend, GivesTheSameAgainWhenRunAgain) {
  const Graph graph = test::random_conv_tasnet(3);
  auto executable = make_backend(GetParam(), {.threads = 2})
                        .value()
                        ->load({graph, encodings_of(graph, 3)})
                        .value();
  const Outputs inputs = test::random_inputs(graph, 3);
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  Outputs first = test::run_graph(graph, inputs);
  Outputs second = first;
  const std::vector<Values> first_views(first.begin(), first.end());
  const std::vector<Values> second_views(second.begin(), second.end());
  ASSERT_TRUE(executable->run(sources, first_views).has_value());
  ASSERT_TRUE(executable->run(sources, second_views).has_value());
  EXPECT_EQ(first, second);
}

TEST_P(EveryBackend, RefusesAGraphThatPassesTheMemoryLimit) {
  const Graph graph = build(test::ConvTasNet{});
  const Encodings nothing;
  const auto backend = make_backend(GetParam(), {.memory_limit_bytes = 1'000'000}).value();
  EXPECT_EQ(backend->load({graph, &nothing}).error().code, ErrorCode::kResourceLimit);
}

TEST(CpuBackend, GivesTheSameBitsWithAnyNumberOfThreads) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const Graph graph = test::random_conv_tasnet(seed);
    const Outputs inputs = test::random_inputs(graph, seed);
    const Outputs one = run_on("cpu", graph, inputs, 1);
    EXPECT_EQ(one, run_on("cpu", graph, inputs, 2)) << "seed " << seed;
    EXPECT_EQ(one, run_on("cpu", graph, inputs, 5)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tessera
