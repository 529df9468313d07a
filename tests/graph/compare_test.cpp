#include "graph/compare.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tessera {
namespace {

struct Recipe {
  std::string prefix = "a";
  float weight = 0.5F;
  int64_t dilation = 1;
  double eps = 1e-8;
  NormKind norm = NormKind::global;
  bool swapped = false;
  bool two_outputs = false;
};

// norm -> conv -> + with the input.
Graph build(const Recipe& recipe) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{2, 1, 9}}, {}, recipe.prefix + "x").value();
  Norm norm{.kind = recipe.norm,
            .gamma = Tensor({2}, {1, 2}),
            .beta = Tensor({2}, {0, 0.25F}),
            .eps = recipe.eps,
            .mean = {},
            .variance = {}};
  const NodeId n = editor.add(norm, {x}, recipe.prefix + "n").value();
  Conv conv{.weight = Tensor({2, 2, 1, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, recipe.weight}),
            .bias = {},
            .stride = {},
            .dilation = {1, recipe.dilation},
            .padding = {0, 0, recipe.dilation, recipe.dilation},
            .groups = 1};
  const NodeId c = editor.add(conv, {n}, recipe.prefix + "c").value();
  const std::vector<NodeId> terms =
      recipe.swapped ? std::vector<NodeId>{c, x} : std::vector<NodeId>{x, c};
  const NodeId sum = editor.add(Add{}, terms).value();
  editor.add_output(recipe.prefix, sum);
  if (recipe.two_outputs) editor.add_output("second", n);
  return graph;
}

TEST(CompareGraphs, FindsEqualGraphsEqualWhateverTheirNames) {
  const GraphDifference difference = compare_graphs(build({}), build({.prefix = "other"}), 0);
  EXPECT_TRUE(difference.same) << difference.text;
  EXPECT_EQ(difference.text, "");
  EXPECT_EQ(difference.max_weight_difference, 0);
}

TEST(CompareGraphs, DoesNotMindTheOrderOfOperandsOfAdd) {
  EXPECT_TRUE(compare_graphs(build({}), build({.swapped = true}), 0).same);
}

TEST(CompareGraphs, AllowsWeightsWithinTheTolerance) {
  const GraphDifference difference = compare_graphs(build({}), build({.weight = 0.625F}), 0.125);
  EXPECT_TRUE(difference.same);
  EXPECT_EQ(difference.max_weight_difference, 0.125);
}

TEST(CompareGraphs, NamesTheFirstWeightBeyondTheTolerance) {
  const GraphDifference difference = compare_graphs(build({}), build({.weight = 0.625F}), 0.0625);
  EXPECT_FALSE(difference.same);
  EXPECT_EQ(difference.text,
            "node 2 (conv 'ac' against conv 'ac'): weight element 11 is 0.5 against 0.625, "
            "tolerance 0.0625");
}

TEST(CompareGraphs, TakesNanForDifferentFromANumberButEqualToItself) {
  const Graph with_nan = build({.weight = NAN});
  EXPECT_TRUE(compare_graphs(with_nan, build({.weight = NAN}), 0).same);
  const GraphDifference difference = compare_graphs(build({}), with_nan, 1e9);
  EXPECT_FALSE(difference.same);
  EXPECT_TRUE(std::isinf(difference.max_weight_difference));
}

TEST(CompareGraphs, NamesADifferentAttribute) {
  EXPECT_EQ(compare_graphs(build({}), build({.dilation = 2}), 0).text,
            "node 2 (conv 'ac' against conv 'ac'): dilation h 1 w 1 against h 1 w 2");
}

TEST(CompareGraphs, ComparesRealAttributesRelatively) {
  EXPECT_TRUE(compare_graphs(build({}), build({.eps = 1.0000001e-8}), 0).same);
  EXPECT_EQ(compare_graphs(build({}), build({.eps = 1e-5}), 0).text,
            "node 1 (norm.global 'an' against norm.global 'an'): eps 1e-08 against 1e-05");
}

TEST(CompareGraphs, NamesADifferentOp) {
  EXPECT_EQ(compare_graphs(build({}), build({.norm = NormKind::channel_wise}), 0).text,
            "node 1 (norm.global 'an' against norm.channel_wise 'an'): different ops");
}

TEST(CompareGraphs, CountsOutputs) {
  EXPECT_EQ(compare_graphs(build({}), build({.two_outputs = true}), 0).text,
            "graph: 1 outputs against 2");
}

TEST(CompareGraphs, SaysWhichGraphIsBroken) {
  EXPECT_EQ(compare_graphs(build({}), Graph(), 0).text, "second graph: graph: has no input");
}

}  // namespace
}  // namespace tessera
