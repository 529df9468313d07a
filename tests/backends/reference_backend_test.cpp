#include <gtest/gtest.h>

#include "tessera/backend.h"

namespace tessera {
namespace {

class ReferenceBackend : public ::testing::Test {
 protected:
  NodeId add(Op op, std::vector<NodeId> inputs, std::string name = "") {
    return editor_.add(std::move(op), std::move(inputs), std::move(name)).value();
  }
  NodeId scaled(NodeId x, float factor) {
    const int64_t channels = graph_.node(x).shape.c;
    return add(Affine{Tensor::full({channels}, factor), Tensor::full({channels}, 0)}, {x});
  }
  std::unique_ptr<Executable> load(int64_t memory_limit_bytes = 0) {
    auto backend = make_backend("reference", {.memory_limit_bytes = memory_limit_bytes}).value();
    return backend->load({graph_}).value();
  }
  // Runs on one input.
  std::vector<std::vector<float>> run(Executable& executable, const std::vector<float>& input) {
    std::vector<std::vector<float>> results;
    std::vector<Values> outputs;
    for (const GraphOutput& output : graph_.outputs())
      results.emplace_back(graph_.node(output.node).shape.size(), -1.0F);
    for (std::vector<float>& result : results) outputs.emplace_back(result);
    const std::vector<ConstValues> inputs{input};
    EXPECT_TRUE(executable.run(inputs, outputs).has_value());
    return results;
  }

  Graph graph_;
  GraphEditor editor_{graph_, "import"};
  const std::vector<float> input_ = {1, 2, 3, 4};
};

TEST_F(ReferenceBackend, EvaluatesInGraphOrder) {
  const NodeId x = add(Input{{2, 1, 2}}, {}, "x");
  const NodeId a = scaled(x, 2);
  const NodeId b = scaled(a, 3);
  editor_.add_output("out", add(Add{}, {b, x}));
  EXPECT_EQ(run(*load(), input_)[0], (std::vector<float>{7, 14, 21, 28}));
}

TEST_F(ReferenceBackend, KeepsAValueUntilItsLastReader) {
  const NodeId x = add(Input{{1, 1, 4}}, {}, "x");
  const NodeId kept = scaled(x, 10);
  NodeId chain = kept;
  for (int i = 0; i < 5; ++i) chain = scaled(chain, 2);
  editor_.add_output("out", add(Add{}, {kept, chain}));
  EXPECT_EQ(run(*load(), input_)[0], (std::vector<float>{330, 660, 990, 1320}));
}

TEST_F(ReferenceBackend, NeedsTwoBuffersForAChain) {
  NodeId chain = add(Input{{1, 1, 4000}}, {}, "x");
  for (int i = 0; i < 50; ++i) chain = scaled(chain, 1);
  editor_.add_output("out", chain);
  EXPECT_EQ(load()->arena_bytes(), 2 * 16000);
}

TEST_F(ReferenceBackend, DeliversInputsConstantsAndOneNodeTwice) {
  const NodeId x = add(Input{{1, 1, 4}}, {}, "x");
  const NodeId y = scaled(x, -1);
  const NodeId c = add(Constant{Tensor({1, 1, 2}, {5, 6})}, {});
  editor_.add_output("y", y);
  editor_.add_output("c", c);
  editor_.add_output("x", x);
  editor_.add_output("y again", y);
  const auto results = run(*load(), input_);
  EXPECT_EQ(results[0], (std::vector<float>{-1, -2, -3, -4}));
  EXPECT_EQ(results[1], (std::vector<float>{5, 6}));
  EXPECT_EQ(results[2], input_);
  EXPECT_EQ(results[3], results[0]);
}

TEST_F(ReferenceBackend, DeliversAnOutputThatIsReadAgainAndOverwrittenLater) {
  const NodeId x = add(Input{{1, 1, 4}}, {}, "x");
  const NodeId first = scaled(x, 2);
  NodeId chain = first;
  for (int i = 0; i < 6; ++i) chain = scaled(chain, 2);
  editor_.add_output("last", chain);
  editor_.add_output("first", first);
  const auto results = run(*load(), input_);
  EXPECT_EQ(results[0], (std::vector<float>{128, 256, 384, 512}));
  EXPECT_EQ(results[1], (std::vector<float>{2, 4, 6, 8}));
}

TEST_F(ReferenceBackend, GivesTheSameAgainWhenRunAgain) {
  const NodeId x = add(Input{{1, 1, 4}}, {}, "x");
  editor_.add_output("out", add(Unary{.kind = UnaryKind::tanh}, {scaled(x, 0.5F)}));
  const auto executable = load();
  const auto first = run(*executable, input_);
  run(*executable, {9, 9, 9, 9});
  EXPECT_EQ(run(*executable, input_), first);
}

TEST_F(ReferenceBackend, OutlivesTheGraphItWasLoadedFrom) {
  std::unique_ptr<Executable> executable;
  {
    Graph graph;
    GraphEditor editor(graph, "import");
    const NodeId x = editor.add(Input{{1, 1, 4}}, {}).value();
    editor.add_output("out",
                      editor.add(Affine{Tensor::full({1}, 3), Tensor::full({1}, 1)}, {x}).value());
    executable = make_backend("reference").value()->load({graph}).value();
  }
  std::vector<float> result(4);
  const std::vector<ConstValues> inputs{input_};
  const std::vector<Values> outputs{result};
  ASSERT_TRUE(executable->run(inputs, outputs).has_value());
  EXPECT_EQ(result, (std::vector<float>{4, 7, 10, 13}));
}

TEST_F(ReferenceBackend, RefusesValuesOfTheWrongSize) {
  editor_.add_output("out", scaled(add(Input{{1, 1, 4}}, {}, "x"), 1));
  const auto executable = load();
  std::vector<float> result(4);
  const std::vector<ConstValues> inputs{ConstValues(input_).first(3)};
  const std::vector<Values> outputs{result};
  EXPECT_EQ(executable->run(inputs, outputs).error().to_string(),
            "input 'x': 3 values given, shape [1,1,4] has 4");
}

TEST_F(ReferenceBackend, RefusesAGraphThatPassesTheMemoryLimit) {
  editor_.add_output("out", scaled(add(Input{{1, 1, 1'000'000}}, {}, "x"), 1));
  auto backend = make_backend("reference", {.memory_limit_bytes = 1'000'000}).value();
  const auto executable = backend->load({graph_});
  ASSERT_FALSE(executable.has_value());
  EXPECT_EQ(executable.error().code, ErrorCode::kResourceLimit);
}

TEST_F(ReferenceBackend, RefusesABrokenGraph) {
  add(Input{{1, 1, 4}}, {}, "x");
  EXPECT_EQ(make_backend("reference").value()->load({graph_}).error().to_string(),
            "graph: has no output");
}

}  // namespace
}  // namespace tessera
