#include <gtest/gtest.h>

#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

std::vector<std::vector<float>> run(const Graph& graph, const Encodings& encodings,
                                    const std::vector<std::vector<float>>& inputs) {
  const auto backend = make_backend("emulator").value();
  const auto loaded = backend->load({graph, &encodings});
  EXPECT_TRUE(loaded.has_value()) << loaded.error().to_string();
  std::vector<std::vector<float>> results;
  for (const GraphOutput& output : graph.outputs())
    results.emplace_back(static_cast<size_t>(graph.node(output.node).shape.size()));
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  const std::vector<Values> targets(results.begin(), results.end());
  EXPECT_TRUE((*loaded)->run(sources, targets).has_value());
  return results;
}

TEST(EmulatorBackend, WhatIsNotEncodedRunsAsOnTheReference) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    const Graph graph = test::random_graph(seed);
    const auto inputs = test::random_inputs(graph, seed);
    EXPECT_EQ(run(graph, {}, inputs), test::run_graph(graph, inputs)) << seed;
  }
}

TEST(EmulatorBackend, RefusesANetworkWithoutEncodings) {
  const Graph graph = test::random_graph(1);
  EXPECT_EQ(make_backend("emulator").value()->load({graph}).error().to_string(),
            "backend 'emulator': has no encodings of this network: it would run in float (quantise "
            "the network, or use the cpu backend)");
}

TEST(EmulatorBackend, RefusesEncodingsThatContradictTheNetwork) {
  const Graph graph = test::random_graph(1);
  Encodings encodings;
  encodings.values[graph.node(graph.inputs()[0]).name] = {8, false, {-1.0F}, {0}};
  EXPECT_EQ(make_backend("emulator").value()->load({graph, &encodings}).error().code,
            ErrorCode::kInvalidModel);
}

// x -> conv -> prelu -> y, worked out by hand.
class EmulatorByHand : public testing::Test {
 protected:
  void SetUp() override {
    GraphEditor editor(graph_, "import");
    const NodeId x = editor.add(Input{Shape{2, 1, 3}}, {}, "x").value();
    Conv conv;
    conv.weight = Tensor({1, 2, 1, 1}, {1.0F, -0.5F});
    const NodeId product = editor.add(conv, {x}, "conv").value();
    Unary prelu{.kind = UnaryKind::prelu, .slope = Tensor::full({1}, 0.25F)};
    const NodeId y = editor.add(prelu, {product}, "y").value();
    editor.add_output("y", y);
    encodings_.values["x"] = {8, false, {0.5F}, {128}};
    encodings_.weights["conv"] = {{1, 2, 1, 1}, {127, -64}, {100}, {0.004F}};
    encodings_.values["y"] = {8, false, {0.25F}, {100}};
  }
  // codes (x - .. ) : 1 -> 130, -2 -> 124, 100 -> 255 (saturated: 63.5)
  const std::vector<std::vector<float>> input_{{1.0F, -2.0F, 100.0F, 0.0F, 3.0F, 0.0F}};

  Graph graph_;
  Encodings encodings_;
};

TEST_F(EmulatorByHand, AConvWithoutAnEncodingIsNotRoundedBeforeItsActivation) {
  // acc: 100 + 127*2 = 354; 100 - 127*4 - 64*6 = -792; 100 + 127*127 = 16229
  // times 0.004: 1.416; -3.168 -> -0.792 after the PReLU; 64.916
  // in steps of 0.25: 6 (5.664); -3 (-3.168); saturated at 255 - 100
  EXPECT_EQ(run(graph_, encodings_, input_)[0], (std::vector<float>{1.5F, -0.75F, 38.75F}));
}

TEST_F(EmulatorByHand, AConvWithAnEncodingIs) {
  encodings_.values["conv"] = {8, true, {1.0F}, {0}};
  // 1; -3 -> -0.75; 65 -> saturated
  EXPECT_EQ(run(graph_, encodings_, input_)[0], (std::vector<float>{1.0F, -0.75F, 38.75F}));
}

TEST_F(EmulatorByHand, CodesOf16BitsDoNotSaturateWhereThoseOf8Do) {
  encodings_.values["y"] = {16, true, {0.25F}, {0}};
  EXPECT_EQ(run(graph_, encodings_, input_)[0], (std::vector<float>{1.5F, -0.75F, 65.0F}));
}

}  // namespace
}  // namespace tessera
