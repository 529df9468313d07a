// Segment::carried: cumulative norms and sums that go on from run to run, on every backend that
// keeps them.
#include <gtest/gtest.h>

#include "backends/null/null_backend.h"
#include "support/random_values.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

constexpr int64_t kChannels = 5;
constexpr int64_t kRows = 2;

Op norm() {
  test::Random random(3);
  Norm op;
  op.kind = NormKind::cumulative;
  op.gamma = random.tensor({kChannels}, 0.5F, 1.5F);
  op.beta = random.tensor({kChannels}, -0.5F, 0.5F);
  return op;
}

Op statistics() {
  test::Random random(4);
  NormStatistics op;
  op.kind = NormKind::cumulative;
  op.gamma = random.tensor({3}, 0.5F, 1.5F);
  op.beta = random.tensor({3}, -0.5F, 0.5F);
  op.center = random.tensor({3}, -0.5F, 0.5F);
  return op;
}

Graph graph_of(const Op& op, int64_t frames) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId in = editor.add(Input{{kChannels, kRows, frames}}, {}, "in").value();
  editor.add_output("out", editor.add(op, {in}, "running").value());
  EXPECT_TRUE(editor.enter(GraphForm::rewriting).has_value());
  return graph;
}

std::vector<float> run(Executable& executable, const std::vector<float>& input, size_t size) {
  std::vector<float> output(size);
  const ConstValues inputs[] = {input};
  const Values outputs[] = {output};
  EXPECT_TRUE(executable.run(inputs, outputs).has_value());
  return output;
}

// Frames begin .. begin + count of every row of [rows, frames].
std::vector<float> part(const std::vector<float>& values, int64_t frames, int64_t begin,
                        int64_t count) {
  std::vector<float> result;
  for (size_t row = 0; row < values.size(); row += static_cast<size_t>(frames)) {
    const auto from = values.begin() + static_cast<std::ptrdiff_t>(row) + begin;
    result.insert(result.end(), from, from + count);
  }
  return result;
}

class Carried : public ::testing::TestWithParam<const char*> {
 protected:
  // Steps of 4 frames of 24 are the whole, frames before `skip` left out of both.
  static void expect_goes_on(const Op& op, int64_t skip) {
    const auto backend = make_backend(GetParam(), {.threads = 1}).value();
    const Encodings encodings;  // no codes: floats in the emulator, too
    const Encodings* used = backend->arithmetic() == Arithmetic::integer ? &encodings : nullptr;
    const Graph whole = graph_of(op, 24 - skip);
    const Graph step = graph_of(op, 4);
    const CarriedNodes carried{{"running", skip}};
    const auto input = test::random_inputs(graph_of(op, 24), 1)[0];
    const auto expected = test::run_graph(whole, {part(input, 24, skip, 24 - skip)})[0];
    const int64_t rows = step.node(step.outputs()[0].node).shape.size() / 4;
    auto executable =
        backend->load({.graph = step, .encodings = used, .carried = &carried}).value();
    for (int round = 0; round < 2; ++round) {  // reset() begins the sequence anew
      for (int64_t begin = 0; begin < 24; begin += 4) {
        const auto got = run(*executable, part(input, 24, begin, 4), static_cast<size_t>(rows * 4));
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t t = begin; t < begin + 4; ++t) {
            if (t < skip) continue;
            ASSERT_NEAR(got[static_cast<size_t>(row * 4 + t - begin)],
                        expected[static_cast<size_t>(row * (24 - skip) + t - skip)], 1e-5)
                << row << " at " << t;
          }
        }
      }
      executable->reset();
    }
  }
};

TEST_P(Carried, NormsGoOn) {
  for (int64_t skip : {0, 3, 4, 6}) expect_goes_on(norm(), skip);
}

TEST_P(Carried, StatisticsGoOn) {
  for (int64_t skip : {0, 3, 4, 6}) expect_goes_on(statistics(), skip);
}

TEST_P(Carried, SumsGoOn) {
  for (int64_t skip : {0, 3, 4, 6}) expect_goes_on(CumulativeSum{}, skip);
}

INSTANTIATE_TEST_SUITE_P(Backends, Carried, ::testing::Values("reference", "cpu", "emulator"));

TEST(CarriedNodes, ABackendThatKeepsNothingRefuses) {
  const Graph graph = graph_of(CumulativeSum{}, 4);
  const CarriedNodes carried{{"running", 0}};
  const auto refused = make_null_backend({})->load({.graph = graph, .carried = &carried});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(refused.error().to_string(),
            "node 'running': is cumulative; backend 'null' keeps no sums from run to run (use the "
            "cpu, emulator or reference backend)");
}

}  // namespace
}  // namespace tessera
