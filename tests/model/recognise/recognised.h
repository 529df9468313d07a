// What one recogniser makes of a small graph.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "graph/compare.h"
#include "model/recognise/recognise.h"
#include "support/difference.h"
#include "support/graph_text.h"
#include "support/random_values.h"
#include "tessera/compiler/graph.h"

namespace tessera::test {

using Recognise = Result<void> (*)(GraphEditor&);

// Changes made by the recogniser in one pass over the graph.
inline int64_t apply_once(Recognise recognise, Graph& graph) {
  GraphEditor editor(graph, "test");
  recognise(editor).value();
  const int64_t edits = editor.edits();
  editor.remove_dead();
  return edits;
}

// Pass after pass, until it finds nothing, the recogniser turns `before` into `after`; both compute
// the same.
inline void expect_becomes(Recognise recognise, std::string_view before, std::string_view after) {
  constexpr int kMaxPasses = 8;
  const Graph original = graph_of(before);
  Graph graph = original;
  int passes = 0;
  while (apply_once(recognise, graph) > 0) ASSERT_LT(++passes, kMaxPasses) << "never settles";
  EXPECT_GT(passes, 0) << "nothing was recognised";
  const GraphDifference difference = compare_graphs(graph, graph_of(after), 1e-6);
  EXPECT_TRUE(difference.same) << difference.text << "\n" << print_graph(graph, {.weights = false});
  const auto inputs = random_inputs(original, 5);
  EXPECT_LE(relative_difference(run_graph(original, inputs), run_graph(graph, inputs)), 1e-5);
}

// The recogniser leaves the graph as it is.
inline void expect_stays(Recognise recognise, std::string_view text) {
  Graph graph = graph_of(text);
  EXPECT_EQ(apply_once(recognise, graph), 0) << print_graph(graph, {.weights = false});
}

}  // namespace tessera::test
