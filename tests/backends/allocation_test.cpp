// Executable::run() promises to allocate nothing. This binary counts what operator new is asked
// for.
#include <gtest/gtest.h>

#include "support/counted_new.h"
#include "support/integer_reference.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

int64_t allocations_while_running(const Graph& graph, std::string_view name,
                                  const Encodings& encodings = {}) {
  auto executable = make_backend(name, {.threads = 2}).value()->load({graph, &encodings}).value();
  const auto inputs = test::random_inputs(graph, 1);
  std::vector<std::vector<float>> results;
  for (const GraphOutput& output : graph.outputs())
    results.emplace_back(static_cast<size_t>(graph.node(output.node).shape.size()));
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  const std::vector<Values> targets(results.begin(), results.end());
  const int64_t before = allocations;
  const bool ran = executable->run(sources, targets).has_value();
  const int64_t after = allocations;
  EXPECT_TRUE(ran);
  return after - before;
}

TEST(ExecutableRun, AllocatesNothingOnAnyBackend) {
  for (std::string_view name : backend_names()) {
    if (name == "torch") continue;  // libtorch allocates every result
    if (name == "hailo") continue;  // runs compiled pieces only
    for (uint32_t seed = 0; seed < 10; ++seed) {
      EXPECT_EQ(allocations_while_running(test::random_conv_tasnet(seed), name), 0) << name;
      EXPECT_EQ(allocations_while_running(test::random_graph(seed), name), 0) << name;
    }
  }
}

TEST(ExecutableRun, AllocatesNothingForIntegers) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    for (const Graph& graph : {test::random_conv_tasnet(seed), test::random_graph(seed)}) {
      EXPECT_EQ(allocations_while_running(graph, "emulator", test::random_encodings(graph, seed)),
                0)
          << seed;
    }
  }
}

TEST(ExecutableRun, IsWatchedByACounterThatCounts) {
  const int64_t before = allocations;
  ::operator delete(::operator new(64));
  EXPECT_EQ(allocations - before, 1);
}

}  // namespace
}  // namespace tessera
