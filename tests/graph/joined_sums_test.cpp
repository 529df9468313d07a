// Which values sums join, and who may be among them.
#include "graph/joined_sums.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

struct Stream {
  Graph graph;
  NodeId made = kNoNode;    // [4, 1, 8]: two parts
  NodeId first = kNoNode;   // channels 0..1 of it
  NodeId second = kNoNode;  // channels 2..3
  NodeId other = kNoNode;   // [2, 1, 8]
  NodeId sum = kNoNode;     // first + other
};

Conv pointwise(int64_t out, int64_t in) {
  Conv conv;
  conv.weight = Tensor::full({out, in, 1, 1}, 0.5F);
  return conv;
}

Stream stream() {
  Stream s;
  GraphEditor editor(s.graph, "test");
  const NodeId input = editor.add(Input{{2, 1, 8}}, {}, "in").value();
  s.made = editor.add(pointwise(4, 2), {input}, "made").value();
  s.first = editor.add(Slice{Axis::c, 0, 2, 1}, {s.made}, "first").value();
  s.second = editor.add(Slice{Axis::c, 2, 4, 1}, {s.made}, "second").value();
  s.other = editor.add(pointwise(2, 2), {input}, "other").value();
  s.sum = editor.add(Add{}, {s.first, s.other}, "sum").value();
  return s;
}

std::vector<JoinedParts> joined(const Graph& graph) {
  const auto is_conv = [](const Node& node) { return std::holds_alternative<Conv>(node.op); };
  return joined_by_sums(graph, {[](NodeId) { return true; }, is_conv, is_conv});
}

TEST(JoinedBySums, TakesAPartWhateverReadsTheOtherParts) {
  Stream s = stream();
  GraphEditor editor(s.graph, "test");
  const NodeId read = editor.add(pointwise(1, 2), {s.sum}, "read").value();
  const NodeId relu = editor.add(Unary{}, {s.second}, "relu").value();
  editor.add_output("read", read);
  editor.add_output("relu", relu);
  const auto groups = joined(s.graph);
  ASSERT_EQ(groups.size(), 1U);
  ASSERT_EQ(groups[0].size(), 3U);
  EXPECT_EQ(groups[0][0].node, s.sum);
  EXPECT_EQ(groups[0][1].node, s.made);
  EXPECT_EQ(groups[0][1].begin, 0);
  EXPECT_EQ(groups[0][1].end, 2);
  EXPECT_EQ(groups[0][2].node, s.other);
  EXPECT_EQ(readers_of(s.graph, groups[0][1]), std::vector<NodeId>{s.sum});
}

TEST(JoinedBySums, AsksEveryReader) {
  Stream s = stream();
  GraphEditor editor(s.graph, "test");
  editor.add_output("read", editor.add(pointwise(1, 2), {s.sum}, "read").value());
  editor.add_output("relu", editor.add(Unary{}, {s.other}, "relu").value());
  EXPECT_TRUE(joined(s.graph).empty());
}

TEST(JoinedBySums, LeavesOutPartsThatShareChannels) {
  Stream s = stream();
  GraphEditor editor(s.graph, "test");
  editor.add_output("read", editor.add(pointwise(1, 2), {s.sum}, "read").value());
  const NodeId shared = editor.add(Slice{Axis::c, 1, 3, 1}, {s.made}, "shared").value();
  editor.add_output("shared", editor.add(pointwise(1, 2), {shared}, "reads").value());
  EXPECT_TRUE(joined(s.graph).empty());
}

// A sum in parts would have to share its channels' measure with sums of fewer channels.
TEST(JoinedBySums, LeavesOutASumThatIsReadInParts) {
  Stream s = stream();
  GraphEditor editor(s.graph, "test");
  const NodeId part = editor.add(Slice{Axis::c, 0, 1, 1}, {s.sum}, "part").value();
  const NodeId input = s.graph.inputs()[0];
  const NodeId one = editor.add(pointwise(1, 2), {input}, "one").value();
  const NodeId smaller = editor.add(Add{}, {part, one}, "smaller").value();
  editor.add_output("read", editor.add(pointwise(1, 1), {smaller}, "read").value());
  EXPECT_TRUE(joined(s.graph).empty());
}

}  // namespace
}  // namespace tessera
