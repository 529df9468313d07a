// The emulator against the plain loops of kernels/ref, bit for bit, on random networks.
#include <gtest/gtest.h>

#include "support/integer_reference.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/backend.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

using Outputs = std::vector<std::vector<float>>;

Outputs emulate(const Graph& graph, const Encodings& encodings, const Outputs& inputs,
                int threads) {
  const auto backend = make_backend("emulator", {.threads = threads}).value();
  const auto loaded = backend->load({graph, &encodings});
  EXPECT_TRUE(loaded.has_value()) << loaded.error().to_string();
  Outputs results;
  for (const GraphOutput& output : graph.outputs())
    results.emplace_back(static_cast<size_t>(graph.node(output.node).shape.size()));
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  const std::vector<Values> targets(results.begin(), results.end());
  EXPECT_TRUE((*loaded)->run(sources, targets).has_value());
  return results;
}

// Bits, but that any NaN is as good as another and zero has no sign.
void expect_same(const Graph& graph, const Outputs& expected, const Outputs& actual,
                 uint32_t seed) {
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t j = 0; j < expected[i].size(); ++j) {
      const float a = expected[i][j];
      const float b = actual[i][j];
      ASSERT_TRUE(a == b || (a != a && b != b))
          << "seed " << seed << ", " << op_name(graph.node(graph.outputs()[i].node).op) << " [" << j
          << "]: " << a << " and " << b;
    }
  }
}

// Longer than one item of work in every direction, and with more threads than it has.
TEST(EmulatedNetworks, AreTheSameWithAnyNumberOfThreads) {
  for (uint32_t seed = 0; seed < 24; ++seed) {
    const Graph graph = test::random_graph(
        1000 + seed, {.nodes = 15, .most_h = 3, .most_c = 40, .most_w = 2500, .rewritten = true});
    const Encodings encodings = test::random_encodings(graph, seed);
    const Outputs inputs = test::random_inputs(graph, seed);
    const Outputs expected = test::run_in_integers(graph, encodings, inputs);
    for (int threads : {1, 3}) {
      expect_same(graph, expected, emulate(graph, encodings, inputs, threads), seed);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(EmulatedNetworks, OfConvTasNetsHaveTheBitsOfThePlainLoops) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Graph graph = test::random_conv_tasnet(seed);
    ASSERT_TRUE(rewrite(graph).has_value());
    const Encodings encodings = test::random_encodings(graph, seed);
    const Outputs inputs = test::random_inputs(graph, seed);
    expect_same(graph, test::run_in_integers(graph, encodings, inputs),
                emulate(graph, encodings, inputs, 2), seed);
    if (HasFatalFailure()) return;
  }
}

// Rows long enough to be convolved in place between their ends, and frames for several items.
TEST(EmulatedNetworks, OfManyFramesHaveTheBitsOfThePlainLoops) {
  for (uint32_t seed = 0; seed < 48; ++seed) {
    test::Random random(seed);
    test::ConvTasNet net = test::random_conv_tasnet_options(seed);
    net.norm = seed % 3 == 0 ? NormKind::channel_wise : NormKind::global;
    net.samples = net.kernel + net.stride * random.integer(260, 1100);
    Graph graph = test::build(net, seed);
    ASSERT_TRUE(rewrite(graph).has_value());
    const Encodings encodings = test::random_encodings(graph, seed);
    const Outputs inputs = test::random_inputs(graph, seed);
    expect_same(graph, test::run_in_integers(graph, encodings, inputs),
                emulate(graph, encodings, inputs, 1 + static_cast<int>(seed % 2)), seed);
    if (HasFatalFailure()) return;
  }
}

// Masks are multiplied where the decoder reads them, and samples are made in several items.
TEST(EmulatedNetworks, WithDecodersInFloatHaveTheBitsOfThePlainLoops) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    test::Random random(seed);
    test::ConvTasNet net = test::random_conv_tasnet_options(seed);
    net.samples = net.kernel + net.stride * random.integer(200, 700);
    Graph graph = test::build(net, seed);
    ASSERT_TRUE(rewrite(graph).has_value());
    const Outputs inputs = test::random_inputs(graph, seed);
    expect_same(graph, test::run_in_integers(graph, {}, inputs), emulate(graph, {}, inputs, 2),
                seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tessera
