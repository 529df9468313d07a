// Executable::trim(): memory that was given back changes nothing that is computed afterwards.
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "support/random_values.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

constexpr int64_t kFrames = 400'000;

// Large enough for pages of its own, with a constant, which some backends keep beside activations.
Graph long_graph() {
  test::Random random(3);
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{4, 1, kFrames}}, {}, "x").value();
  const NodeId constant =
      editor.add(Constant{random.tensor({4, 1, kFrames}, -1, 1)}, {}, "constant").value();
  Conv conv;
  conv.weight = random.tensor({8, 4, 1, 3}, -1, 1);
  conv.padding = {0, 0, 1, 1};
  const NodeId sum = editor.add(Add{}, {x, constant}).value();
  const NodeId wide = editor.add(conv, {sum}).value();
  const NodeId bent = editor.add(Unary{.kind = UnaryKind::tanh}, {wide}).value();
  const NodeId half = editor.add(Slice{Axis::c, 0, 4, 1}, {bent}).value();
  editor.add_output("y", editor.add(Add{}, {half, constant}).value());
  EXPECT_TRUE(editor.enter(GraphForm::legal).has_value());
  return graph;
}

int64_t resident_bytes() {
  std::ifstream statistics("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statistics >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

class Trim : public ::testing::TestWithParam<const char*> {};

TEST_P(Trim, GivesMemoryBackAndChangesNoBitOfTheNextRun) {
  const Graph graph = long_graph();
  const auto backend = make_backend(GetParam(), {.threads = 2}).value();
  const Encodings floats;
  const auto executable = backend->load({graph, &floats}).value();
  const auto inputs = test::random_inputs(graph, 5);
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  std::vector<float> first(4 * kFrames);
  std::vector<float> second(4 * kFrames);
  const Values first_view(first);
  const Values second_view(second);
  ASSERT_TRUE(executable->run(sources, std::span(&first_view, 1)).has_value());
  const int64_t held = resident_bytes();
  executable->trim();
  EXPECT_LT(resident_bytes(), held - executable->arena_bytes() / 2);
  ASSERT_TRUE(executable->run(sources, std::span(&second_view, 1)).has_value());
  EXPECT_EQ(first, second);
}

INSTANTIATE_TEST_SUITE_P(All, Trim, ::testing::Values("reference", "cpu", "emulator"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace tessera
