#include <gtest/gtest.h>

#include "tessera/compiler/graph.h"

namespace tessera {
namespace {

// x -> a -> b -> c, c is the output.
class EditorTest : public ::testing::Test {
 protected:
  NodeId add(std::vector<NodeId> inputs, std::string name) {
    return editor_.add(Unary{}, std::move(inputs), std::move(name)).value();
  }
  std::vector<NodeId> users(NodeId id) const {
    return {graph_.users(id).begin(), graph_.users(id).end()};
  }

  Graph graph_;
  GraphEditor editor_{graph_, "import"};
  NodeId x_ = editor_.add(Input{{4, 1, 8}}, {}, "x").value();
  NodeId a_ = add({x_}, "a");
  NodeId b_ = add({a_}, "b");
  NodeId c_ = add({b_}, "c");
};

TEST_F(EditorTest, RecordsOriginAndRule) {
  GraphEditor rule(graph_, "fuse_norm");
  const NodeId made = rule.add(Unary{}, {c_}, "made", "/net/Relu_3").value();
  EXPECT_EQ(graph_.node(made).origin.source, "/net/Relu_3");
  EXPECT_EQ(graph_.node(made).origin.rule, "fuse_norm");
  EXPECT_EQ(graph_.node(a_).origin.rule, "import");
}

TEST_F(EditorTest, NamesNodesItselfAndKeepsNamesApart) {
  EXPECT_EQ(graph_.node(add({c_}, "")).name, "unary_4");
  EXPECT_EQ(graph_.node(add({c_}, "a")).name, "a.1");
  EXPECT_EQ(graph_.node(add({c_}, "a")).name, "a.2");
}

TEST_F(EditorTest, NamesTheNodeThatDoesNotInfer) {
  const Result<NodeId> made = editor_.add(Slice{Axis::w, 0, 9, 1}, {x_}, "cut");
  EXPECT_EQ(made.error().to_string(),
            "node 'cut' (slice): slice 0:9:1 along w does not lie inside 8 elements");
  EXPECT_EQ(graph_.find("cut"), kNoNode);
}

TEST_F(EditorTest, ReplacesAnOpAndItsOperands) {
  ASSERT_TRUE(editor_.replace(c_, Add{}, {x_, a_}).has_value());
  EXPECT_TRUE(graph_.get_if<Add>(c_) != nullptr);
  EXPECT_TRUE(users(b_).empty());
  EXPECT_EQ(users(a_), (std::vector<NodeId>{b_, c_}));
  EXPECT_EQ(graph_.node(c_).name, "c");
}

TEST_F(EditorTest, RecordsTheRuleThatReplaced) {
  GraphEditor rule(graph_, "lower_relu");
  ASSERT_TRUE(rule.replace(b_, Unary{.kind = UnaryKind::abs}, {a_}).has_value());
  EXPECT_EQ(graph_.node(b_).origin.rule, "lower_relu");
  EXPECT_EQ(rule.edits(), 1);
}

TEST_F(EditorTest, RefusesAReplacementThatReadsItself) {
  EXPECT_EQ(editor_.replace(a_, Add{}, {x_, c_}).error().to_string(),
            "node 'a' (add): would read its own result");
  EXPECT_EQ(users(x_), (std::vector<NodeId>{a_}));
}

TEST_F(EditorTest, RefusesAReplacementOfAnotherShape) {
  EXPECT_EQ(editor_.replace(b_, Slice{Axis::w, 0, 4, 1}, {a_}).error().to_string(),
            "node 'b' (slice): replacement gives [4,1,4], the node's users read [4,1,8]");
}

TEST_F(EditorTest, RefusesToReplaceAnInput) {
  EXPECT_EQ(editor_.replace(x_, Constant{Tensor::full({4, 1, 8}, 0)}, {}).error().to_string(),
            "node 'x' (constant): a graph's input is neither replaced nor made (add a node and "
            "redirect the readers)");
  EXPECT_FALSE(editor_.replace(a_, Input{{4, 1, 8}}, {}).has_value());
}

TEST_F(EditorTest, RedirectsReadersAndOutputs) {
  editor_.add_output("out", b_);
  ASSERT_TRUE(editor_.redirect(b_, a_).has_value());
  EXPECT_EQ(graph_.node(c_).inputs[0], a_);
  EXPECT_EQ(graph_.outputs()[0].node, a_);
  EXPECT_TRUE(users(b_).empty());
}

TEST_F(EditorTest, RedirectsOneReaderThatReadsTwice) {
  const NodeId twice = editor_.add(Add{}, {a_, a_}).value();
  ASSERT_TRUE(editor_.redirect(a_, x_).has_value());
  EXPECT_EQ(graph_.node(twice).inputs, (std::vector<NodeId>{x_, x_}));
  EXPECT_TRUE(users(a_).empty());
}

TEST_F(EditorTest, RedirectsAllButTheExcepted) {
  // Inserting a node behind a: its readers read the new node, the new node reads a.
  const NodeId inserted = add({a_}, "inserted");
  ASSERT_TRUE(editor_.redirect(a_, inserted, inserted).has_value());
  EXPECT_EQ(graph_.node(inserted).inputs[0], a_);
  EXPECT_EQ(graph_.node(b_).inputs[0], inserted);
}

TEST_F(EditorTest, RefusesToRedirectIntoACycle) {
  EXPECT_EQ(editor_.redirect(a_, c_).error().to_string(),
            "node 'c': depends on 'b', which would read it");
  EXPECT_EQ(graph_.node(b_).inputs[0], a_);
}

TEST_F(EditorTest, RefusesToRedirectToAnotherShape) {
  const NodeId shorter = editor_.add(Slice{Axis::w, 0, 4, 1}, {x_}, "shorter").value();
  EXPECT_EQ(editor_.redirect(c_, shorter).error().to_string(),
            "node 'c': has shape [4,1,8], its substitute 'shorter' has [4,1,4]");
}

TEST_F(EditorTest, RemovesWhatNoOutputNeeds) {
  editor_.add_output("out", a_);
  EXPECT_EQ(editor_.remove_dead(), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(graph_.node(b_).removed);
  EXPECT_EQ(graph_.find("b"), kNoNode);
  EXPECT_TRUE(users(a_).empty());
  EXPECT_EQ(graph_.order(), (std::vector<NodeId>{x_, a_}));
}

TEST_F(EditorTest, KeepsInputsThatNobodyReads) {
  const NodeId spare = editor_.add(Input{{1, 1, 1}}, {}, "spare").value();
  editor_.add_output("out", c_);
  EXPECT_TRUE(editor_.remove_dead().empty());
  EXPECT_FALSE(graph_.node(spare).removed);
}

TEST_F(EditorTest, FreesTheNameOfARenamedNode) {
  editor_.rename(a_, "first");
  EXPECT_EQ(graph_.find("first"), a_);
  EXPECT_EQ(graph_.find("a"), kNoNode);
  editor_.rename(b_, "first");
  EXPECT_EQ(graph_.node(b_).name, "first.1");
}

TEST_F(EditorTest, OrdersOperandsBeforeUsersWhateverTheirIds) {
  const NodeId late = add({x_}, "late");
  ASSERT_TRUE(editor_.replace(a_, Unary{}, {late}).has_value());
  EXPECT_EQ(graph_.order(), (std::vector<NodeId>{x_, late, a_, b_, c_}));
}

TEST_F(EditorTest, EntersAStageThatVerifies) {
  EXPECT_EQ(editor_.enter(GraphForm::imported).error().to_string(), "graph: has no output");
  EXPECT_EQ(graph_.form(), GraphForm::importing);
  editor_.add_output("out", c_);
  EXPECT_TRUE(editor_.enter(GraphForm::imported).has_value());
  EXPECT_EQ(graph_.form(), GraphForm::imported);
}

TEST(Verify, LetsALegalPieceBeAConstantAlone) {
  Graph graph;
  GraphEditor editor(graph, "import");
  editor.add_output("c", editor.add(Constant{Tensor::full({1, 1, 1}, 1)}, {}).value());
  EXPECT_TRUE(validate(graph, GraphForm::legal));
  EXPECT_EQ(validate(graph, GraphForm::imported).error().to_string(), "graph: has no input");
}

TEST(Verify, WantsAnInputAndAnOutput) {
  Graph graph;
  EXPECT_EQ(validate(graph, GraphForm::imported).error().to_string(), "graph: has no input");
  GraphEditor editor(graph, "import");
  ASSERT_TRUE(editor.add(Input{{1, 1, 1}}, {}).has_value());
  EXPECT_EQ(validate(graph, GraphForm::imported).error().to_string(), "graph: has no output");
}

}  // namespace
}  // namespace tessera
