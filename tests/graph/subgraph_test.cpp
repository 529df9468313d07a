#include "graph/subgraph.h"

#include <gtest/gtest.h>

#include "graph/queries.h"
#include "support/graph_text.h"

namespace tessera {
namespace {

constexpr std::string_view kNetwork = R"(%x = input() shape=[2,1,4] -> [2,1,4]
%a = unary.relu(%x) -> [2,1,4]
%b = unary.sigmoid(%a) -> [2,1,4]
%c = unary.tanh(%a) -> [2,1,4]
output "c" = %c)";

std::vector<std::string> names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (NodeId id : graph.order()) names.push_back(graph.node(id).name);
  return names;
}

using Names = std::vector<std::string>;

TEST(SubgraphCopy, AnInputStandsForAValueThatIsNotCopied) {
  const Graph graph = test::graph_of(kNetwork, GraphForm::imported);
  Graph part;
  GraphEditor editor(part, "test");
  SubgraphCopy copy(graph, editor);
  ASSERT_TRUE(copy.add_input(graph.find("a")).has_value());
  ASSERT_TRUE(copy.add(graph.find("c")).has_value());
  copy.add_outputs();
  ASSERT_TRUE(editor.enter(GraphForm::imported).has_value());
  EXPECT_EQ(names_of(part), (Names{"a", "c"}));
  EXPECT_EQ(part.node(part.find("a")).shape, (Shape{2, 1, 4}));
  EXPECT_EQ(part.outputs()[0].name, "c");
  EXPECT_EQ(part.node(part.find("c")).origin.rule, "test");
  EXPECT_FALSE(copy.contains(graph.find("b")));
}

TEST(SubgraphCopy, AnotherOpOrNodeMayStandForOne) {
  const Graph graph = test::graph_of(kNetwork, GraphForm::imported);
  Graph part;
  GraphEditor editor(part, "test");
  SubgraphCopy copy(graph, editor);
  const NodeId x = copy.add_input(graph.find("x"), {2, 1, 7}).value();
  copy.set(graph.find("a"), x);
  ASSERT_TRUE(copy.add(graph.find("b"), Unary{UnaryKind::relu}).has_value());
  copy.add_output(graph.find("b"));
  const Node& made = part.node(part.find("b"));
  EXPECT_EQ(std::get<Unary>(made.op).kind, UnaryKind::relu);
  EXPECT_EQ(made.inputs, std::vector<NodeId>{x});
  EXPECT_EQ(made.shape, (Shape{2, 1, 7}));
}

TEST(WithOutputs, KeepsWhatTheOutputsNeed) {
  const Graph graph = test::graph_of(kNetwork, GraphForm::imported);
  const auto probed = with_outputs(graph, std::vector<NodeId>{graph.find("b"), graph.find("a")});
  ASSERT_TRUE(probed.has_value());
  EXPECT_EQ(names_of(*probed), (Names{"x", "a", "b"}));
  ASSERT_EQ(probed->outputs().size(), 2U);
  EXPECT_EQ(probed->outputs()[0].name, "b");
  EXPECT_EQ(probed->outputs()[1].name, "a");
}

TEST(WithOutputs, RefusesNone) {
  EXPECT_FALSE(with_outputs(test::graph_of(kNetwork, GraphForm::imported), {}).has_value());
}

TEST(SoleUser, IsNoneWhereAnotherReadsOrTheGraphGivesTheValue) {
  const Graph graph = test::graph_of(kNetwork, GraphForm::imported);
  EXPECT_EQ(sole_user(graph, graph.find("x")), graph.find("a"));
  EXPECT_EQ(sole_user(graph, graph.find("a")), kNoNode);  // two read it
  EXPECT_EQ(sole_user(graph, graph.find("b")), kNoNode);  // nobody does
  EXPECT_EQ(sole_user(graph, graph.find("c")), kNoNode);  // an output
  const Graph twice = test::graph_of(R"(%x = input() shape=[2,1,4] -> [2,1,4]
%a = mul(%x, %x) -> [2,1,4]
output "a" = %a)");
  EXPECT_EQ(sole_user(twice, twice.find("x")), kNoNode);
}

}  // namespace
}  // namespace tessera
