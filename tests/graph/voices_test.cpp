#include "graph/voices.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

// A network of one input and outputs of the shapes given.
Graph network(const Shape& input, const std::vector<Shape>& outputs) {
  Graph graph;
  GraphEditor editor(graph, "test");
  (void)editor.add(Input{input}, {}, "x");
  for (size_t i = 0; i < outputs.size(); ++i) {
    const NodeId node = editor.add(Input{outputs[i]}, {}, "o" + std::to_string(i)).value();
    editor.add_output("y" + std::to_string(i), node);
  }
  return graph;
}

// Only the first input counts: the others stand for outputs.
Graph separator(const Shape& input, const std::vector<Shape>& outputs) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{input}, {}, "x").value();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Shape& shape = outputs[i];
    Conv conv;
    conv.weight = Tensor::full({shape.c, input.c, 1, input.w - shape.w + 1}, 1);
    const NodeId node = editor.add(std::move(conv), {x}).value();
    editor.add_output("y" + std::to_string(i), node);
  }
  return graph;
}

std::string refusal(const Graph& graph) {
  const auto layout = voice_layout(graph);
  return layout ? "a separator" : layout.error().message;
}

const std::string kNone = "is not a separator: it does not turn one wave into waves; ";

TEST(Voices, AreTheChannelsOfOneOutput) {
  const auto layout = voice_layout(separator({1, 1, 20}, {{3, 1, 18}}));
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->count, 3);
  EXPECT_EQ(layout->samples, 18);
}

TEST(Voices, AreOutputsOfOneChannel) {
  const auto layout = voice_layout(separator({1, 1, 20}, {{1, 1, 20}, {1, 1, 20}, {1, 1, 20}}));
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->count, 3);
  const std::vector<std::vector<float>> outputs{
      std::vector<float>(20, 1), std::vector<float>(20, 2), std::vector<float>(20, 3)};
  const auto voices = voices_in(*layout, outputs);
  ASSERT_EQ(voices.size(), 3U);
  EXPECT_EQ(voices[1][19], 2);
}

TEST(Voices, OfOneOutputFollowEachOther) {
  std::vector<float> values(6);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const std::vector<std::vector<float>> outputs{values};
  const auto voices = voices_in({2, 3}, outputs);
  ASSERT_EQ(voices.size(), 2U);
  EXPECT_EQ(voices[1][0], 3);
}

TEST(Voices, OfDifferentLengthsAreNone) {
  EXPECT_EQ(refusal(separator({1, 1, 20}, {{1, 1, 20}, {1, 1, 18}})),
            kNone + "its outputs 'y0' and 'y1' have 20 and 18 samples");
}

TEST(Voices, AreWavesOnly) {
  EXPECT_EQ(refusal(separator({1, 1, 20}, {{10, 1, 1}})),
            kNone + "its output 'y0' is [10,1,1] for an input of 20 samples");
  EXPECT_EQ(refusal(separator({1, 1, 20}, {{1, 1, 20}, {4, 1, 20}})),
            kNone + "its output 'y1' is [4,1,20] for an input of 20 samples");
  EXPECT_EQ(refusal(separator({6, 1, 20}, {{1, 1, 20}})), kNone + "its input 'x' is [6,1,20]");
  EXPECT_EQ(refusal(separator({1, 1, 20}, {{1, 1, 20}, {65, 1, 20}})),
            kNone + "its output 'y1' is [65,1,20] for an input of 20 samples");
}

TEST(Voices, NeedOneInput) {
  EXPECT_EQ(refusal(network({1, 1, 20}, {{1, 1, 20}})), kNone + "it has 2 inputs");
}

}  // namespace
}  // namespace tessera
