#include "tessera/session.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

// out = 2*x + 1, and the mean of x over time.
Graph twice_plus_one() {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{1, 1, 4}}, {}, "x").value();
  const NodeId y = editor.add(Affine{Tensor::full({1}, 2), Tensor::full({1}, 1)}, {x}, "y").value();
  editor.add_output("y", y);
  editor.add_output("mean", editor.add(GlobalPool{PoolKind::average}, {x}).value());
  return graph;
}

class SessionTest : public ::testing::Test {
 protected:
  std::unique_ptr<Backend> backend_ = make_backend("reference").value();
  Session session_ = Session::create(twice_plus_one(), *backend_).value();
  const std::vector<float> x_ = {1, 2, 3, 6};
};

TEST_F(SessionTest, RunsOnValues) {
  const auto outputs = session_.run({x_}).value();
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0], (std::vector<float>{3, 5, 7, 13}));
  EXPECT_EQ(outputs[1], (std::vector<float>{3}));
}

TEST_F(SessionTest, WritesIntoTheCallersMemory) {
  std::vector<float> y(4);
  std::vector<float> mean(1);
  const std::vector<ConstValues> inputs{x_};
  const std::vector<Values> outputs{y, mean};
  ASSERT_TRUE(session_.run(inputs, outputs).has_value());
  EXPECT_EQ(y, (std::vector<float>{3, 5, 7, 13}));
  EXPECT_EQ(mean[0], 3);
}

TEST_F(SessionTest, TellsWhatTheNetworkTakesAndGives) {
  EXPECT_EQ(session_.signature().inputs[0].name, "x");
  EXPECT_EQ(session_.signature().outputs[1].shape, (Shape{1, 1, 1}));
  EXPECT_EQ(session_.arena_bytes(), 64);
}

TEST_F(SessionTest, CountsRunsThatSucceeded) {
  EXPECT_EQ(session_.timing().runs, 0);
  EXPECT_GT(session_.timing().load_seconds, 0);
  ASSERT_TRUE(session_.run({x_}).has_value());
  EXPECT_FALSE(session_.run({}).has_value());
  EXPECT_EQ(session_.timing().runs, 1);
  EXPECT_GT(session_.timing().run_seconds, 0);
}

TEST_F(SessionTest, NamesTheInputOfWrongSize) {
  const std::vector<float> shorter = {1, 2};
  EXPECT_EQ(session_.run({shorter}).error().to_string(),
            "input 'x': 2 values given, shape [1,1,4] has 4");
  EXPECT_EQ(session_.run({}).error().to_string(), "inputs: 0 given, the network has 1");
}

TEST_F(SessionTest, RefusesABrokenGraph) {
  EXPECT_EQ(Session::create(Graph(), *backend_).error().to_string(), "graph: has no input");
}

}  // namespace
}  // namespace tessera
