#include "backends/emulator/fusion.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/graph_text.h"

namespace tessera::emulator {
namespace {

// By name, what is not a step of its own.
using Expected = std::map<std::string, Fused>;

// Values in `coded` are uint8; convolutions in `integer` have integer weights.
Expected fused(std::string_view text, const std::vector<std::string>& coded,
               const std::vector<std::string>& integer) {
  const Graph graph = test::graph_of(text, GraphForm::rewriting);
  Encodings encodings;
  std::vector<Value> values(static_cast<size_t>(graph.id_limit()));
  for (NodeId id : graph.order())
    values[static_cast<size_t>(index_of(id))].shape = graph.node(id).shape;
  for (const std::string& name : coded) {
    const NodeId id = graph.find(name);
    encodings.values[name] = {8, false, {0.5F}, {128}};
    values[static_cast<size_t>(index_of(id))].coding =
        integer::make_coding(encodings.values[name], graph.node(id).shape.c);
  }
  for (const std::string& name : integer) {
    const Tensor& weight = graph.get_if<Conv>(graph.find(name))->weight;
    IntegerWeights& made = encodings.weights[name];
    made.dims = weight.dims();
    made.values.resize(weight.values().size(), 1);
    made.bias.resize(static_cast<size_t>(weight.dim(0)));
    made.scale.resize(made.bias.size(), 1.0F);
  }
  const Fusion fusion = fuse(graph, encodings, values);
  Expected found;
  for (NodeId id : graph.order()) {
    if (fusion.of(id) != Fused::no) found[graph.node(id).name] = fusion.of(id);
  }
  return found;
}

TEST(EmulatorFusion, AccumulatorsGoStraightIntoTheActivation) {
  constexpr std::string_view kText = R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,8]
    %y = unary.relu(%c) -> [2,1,8]
    output "y" = %y
    weights
    @w 4 full 1)";
  EXPECT_EQ(fused(kText, {"x", "y"}, {"c"}), (Expected{{"c", Fused::into_activation}}));
  EXPECT_EQ(fused(kText, {"x", "c", "y"}, {"c"}), Expected{});  // codes between them
  EXPECT_EQ(fused(kText, {}, {}), Expected{});                  // in float
}

TEST(EmulatorFusion, AnActivationOfWhatSomebodyElseReadsIsOnItsOwn) {
  EXPECT_EQ(fused(R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,8]
    %y = unary.relu(%c) -> [2,1,8]
    output "y" = %y
    output "c" = %c
    weights
    @w 4 full 1)",
                  {"x", "y"}, {"c"}),
            Expected{});
}

TEST(EmulatorFusion, AFloatConvolutionMultipliesAsItReads) {
  constexpr std::string_view kText = R"(%x = input() shape=[2,1,8] -> [2,1,8]
    %m = input() shape=[2,1,8] -> [2,1,8]
    %p = mul(%x, %m) -> [2,1,8]
    %y = conv(%p) weight=@w[3,2,1,1] -> [3,1,8]
    output "y" = %y
    weights
    @w 6 full 1)";
  EXPECT_EQ(fused(kText, {}, {}), (Expected{{"p", Fused::into_float_conv}}));
  EXPECT_EQ(fused(kText, {"p"}, {"y"}), Expected{});
}

TEST(EmulatorFusion, ChannelsThatLieTogetherAreReadWhereTheyAre) {
  EXPECT_EQ(fused(R"(%x = input() shape=[4,1,8] -> [4,1,8]
    %a = slice(%x) axis=c begin=1 end=3 -> [2,1,8]
    %b = slice(%x) axis=c begin=0 end=4 step=2 -> [2,1,8]
    %t = slice(%x) axis=w begin=0 end=4 -> [4,1,4]
    output "a" = %a
    output "b" = %b
    output "t" = %t)",
                  {}, {}),
            (Expected{{"a", Fused::part_of_its_source}}));
}

TEST(EmulatorFusion, OtherCodesThanTheSourceHasAreMade) {
  EXPECT_EQ(fused(R"(%x = input() shape=[4,1,8] -> [4,1,8]
    %a = slice(%x) axis=c begin=1 end=3 -> [2,1,8]
    output "a" = %a)",
                  {"x"}, {}),
            Expected{});
}

}  // namespace
}  // namespace tessera::emulator
