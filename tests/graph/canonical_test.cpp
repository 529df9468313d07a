#include "graph/canonical.h"

#include <gtest/gtest.h>

#include "graph/compare.h"

namespace tessera {
namespace {

Op relu() {
  return Unary{.kind = UnaryKind::relu};
}

class CanonicalTest : public ::testing::Test {
 protected:
  NodeId add(Op op, std::vector<NodeId> inputs, std::string name) {
    return editor_.add(std::move(op), std::move(inputs), std::move(name)).value();
  }
  std::vector<std::string> canonical_names() {
    const Graph canonical = canonical_order(graph_).value();
    std::vector<std::string> names;
    for (NodeId id : canonical.order()) names.push_back(canonical.node(id).name);
    return names;
  }
  using Names = std::vector<std::string>;

  Graph graph_;
  GraphEditor editor_{graph_, "import"};
};

TEST_F(CanonicalTest, NumbersNodesDepthFirstFromTheOutputs) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  const NodeId b1 = add(relu(), {x}, "b1");
  const NodeId a1 = add(relu(), {x}, "a1");
  const NodeId b2 = add(relu(), {b1}, "b2");
  const NodeId a2 = add(relu(), {a1}, "a2");
  editor_.add_output("out", add(Concat{}, {a2, b2}, "join"));
  EXPECT_EQ(canonical_names(), (Names{"x", "a1", "a2", "b1", "b2", "join"}));
}

TEST_F(CanonicalTest, PutsInputsFirstInTheirOrderEvenUnusedOnes) {
  add(Input{{4, 1, 8}}, {}, "unused");
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  editor_.add_output("out", add(relu(), {x}, "y"));
  EXPECT_EQ(canonical_names(), (Names{"unused", "x", "y"}));
}

TEST_F(CanonicalTest, DropsNodesNoOutputNeeds) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  add(relu(), {x}, "dead");
  editor_.add_output("out", add(relu(), {x}, "y"));
  EXPECT_EQ(canonical_names(), (Names{"x", "y"}));
}

TEST_F(CanonicalTest, PutsTheShallowerOperandOfAddFirst) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  const NodeId deep = add(relu(), {x}, "deep");
  const NodeId sum = add(Add{}, {deep, x}, "sum");
  editor_.add_output("out", sum);
  const Graph canonical = canonical_order(graph_).value();
  const Node& node = canonical.node(canonical.find("sum"));
  EXPECT_EQ(canonical.node(node.inputs[0]).name, "x");
  EXPECT_EQ(canonical.node(node.inputs[1]).name, "deep");
}

TEST_F(CanonicalTest, KeepsTheOrderOfEquallyDeepOperands) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  const NodeId a = add(relu(), {x}, "a");
  const NodeId b = add(relu(), {x}, "b");
  editor_.add_output("out", add(Mul{}, {b, a}, "product"));
  EXPECT_EQ(canonical_names(), (Names{"x", "b", "a", "product"}));
}

TEST_F(CanonicalTest, PutsConstantsBeforeInputs) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  const NodeId c = add(Constant{Tensor::full({4, 1, 1}, 2.0F)}, {}, "c");
  editor_.add_output("out", add(Mul{}, {x, c}, "product"));
  const Graph canonical = canonical_order(graph_).value();
  const Node& node = canonical.node(canonical.find("product"));
  EXPECT_EQ(canonical.node(node.inputs[0]).name, "c");
}

TEST_F(CanonicalTest, LeavesOperandsOfSubtractionAlone) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  const NodeId deep = add(relu(), {x}, "deep");
  editor_.add_output("out", add(Binary{BinaryKind::sub}, {deep, x}, "difference"));
  const Graph canonical = canonical_order(graph_).value();
  const Node& node = canonical.node(canonical.find("difference"));
  EXPECT_EQ(canonical.node(node.inputs[0]).name, "deep");
}

TEST_F(CanonicalTest, KeepsNamesOriginsStageAndOutputNames) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  GraphEditor rule(graph_, "fold_norm");
  const NodeId y = rule.add(relu(), {x}, "y", "/layers/0/Relu").value();
  editor_.add_output("voices", y);
  ASSERT_TRUE(editor_.enter(GraphForm::imported).has_value());
  const Graph canonical = canonical_order(graph_).value();
  const Node& node = canonical.node(canonical.find("y"));
  EXPECT_EQ(node.origin.source, "/layers/0/Relu");
  EXPECT_EQ(node.origin.rule, "fold_norm");
  EXPECT_EQ(canonical.node(canonical.find("x")).origin.rule, "import");
  EXPECT_EQ(canonical.form(), GraphForm::imported);
  EXPECT_EQ(canonical.outputs()[0].name, "voices");
}

TEST_F(CanonicalTest, IsIdempotent) {
  const NodeId x = add(Input{{4, 1, 8}}, {}, "x");
  const NodeId b = add(relu(), {x}, "b");
  const NodeId c = add(relu(), {b}, "c");
  editor_.add_output("out", add(Add{}, {c, b}, "sum"));
  const Graph once = canonical_order(graph_).value();
  const Graph twice = canonical_order(once).value();
  ASSERT_EQ(once.id_limit(), twice.id_limit());
  for (int32_t i = 0; i < once.id_limit(); ++i) {
    EXPECT_EQ(once.node(NodeId{i}).name, twice.node(NodeId{i}).name);
    EXPECT_EQ(once.node(NodeId{i}).inputs, twice.node(NodeId{i}).inputs);
  }
}

TEST_F(CanonicalTest, RefusesAGraphWithoutOutputs) {
  add(Input{{4, 1, 8}}, {}, "x");
  EXPECT_EQ(canonical_order(graph_).error().to_string(), "graph: has no output");
}

}  // namespace
}  // namespace tessera
