// The backend to copy keeps the contract of all.
#include "backends/null/null_backend.h"

#include <gtest/gtest.h>

#include "support/integer_reference.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/session.h"

namespace tessera {
namespace {

// Two inputs in the other order, and a constant.
Graph handed_on() {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId a = editor.add(Input{{2, 1, 3}}, {}, "a").value();
  const NodeId b = editor.add(Input{{1, 1, 4}}, {}, "b").value();
  const NodeId c = editor.add(Constant{Tensor({1, 1, 2}, {5, 6})}, {}, "c").value();
  editor.add_output("y", b);
  editor.add_output("x", a);
  editor.add_output("z", c);
  EXPECT_TRUE(editor.enter(GraphForm::imported).has_value());
  return graph;
}

TEST(NullBackend, HandsInputsAndConstantsOn) {
  const Graph graph = handed_on();
  const auto backend = make_null_backend({});
  Session session = Session::create(graph, *backend).value();
  const auto inputs = test::random_inputs(graph, 1);
  const auto outputs = session.run(std::vector<ConstValues>(inputs.begin(), inputs.end())).value();
  EXPECT_EQ(outputs, (std::vector<std::vector<float>>{inputs[1], inputs[0], {5, 6}}));
  EXPECT_EQ(session.arena_bytes(), 0);
}

TEST(NullBackend, NamesTheNodeThatItCannotCompute) {
  const Graph graph = test::random_conv_tasnet(1);
  const auto refused = make_null_backend({})->load({graph});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(refused.error().subject, graph.node(graph.outputs()[0].node).name);
}

TEST(NullBackend, RefusesEncodingsAndValuesOfOtherSizes) {
  const Graph graph = handed_on();
  const auto backend = make_null_backend({});
  Encodings encodings;
  encodings.values["a"] = {8, false, {0.5F}, {128}};
  EXPECT_EQ(backend->load({graph, &encodings}).error().code, ErrorCode::kInvalidArgument);
  Session session = Session::create(graph, *backend).value();
  const std::vector<float> right(6);
  const std::vector<float> short_by_one(3);
  EXPECT_EQ(session.run({right, short_by_one}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera
