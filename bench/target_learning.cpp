// How many compiles a target needs to learn, by a simulated allocator whose limits are hidden
// inside the open intervals of the target file. The network is the default Conv-TasNet of 4 s at
// 8 kHz, with random weights.
//
// usage: bench_target_learning TARGET.toml [SEEDS] [ROW_PASS]
//
// ROW_PASS replaces what the file knows of row_bytes to pass, as of a target that has seen little.
// Prints a row per seed and the medians: compiles to a complete plan (pieces of one structure are
// compiled once), and experiments until nothing open could make the plan faster, asked by value
// and at random.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "support/conv_tasnet.h"
#include "support/hidden_limits.h"
#include "tessera/compiler/rewrite.h"

int main(int argc, char** argv) {
  using namespace tessera;
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_target_learning TARGET.toml [SEEDS] [ROW_PASS]\n");
    return 2;
  }
  const uint32_t seeds = argc > 2 ? static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10)) : 50;
  Result<Target> target = read_target(argv[1]);
  Graph legal = test::build(test::ConvTasNet{});
  const auto rewritten = rewrite(legal);
  if (!target || !rewritten || seeds == 0) {
    fmt::print(stderr, "the target or the network cannot be read\n");
    return 1;
  }
  if (argc > 3) {
    const auto rows = target->limits.find("row_bytes");
    if (rows == target->limits.end()) return 1;
    rows->second.pass = std::strtoll(argv[3], nullptr, 10);
    rows->second.data_points.clear();
  }
  const Result<Plan> plan = make_plan(legal, *target);
  if (!plan) {
    fmt::print(stderr, "{}\n", plan.error().to_string());
    return 1;
  }
  std::vector<int64_t> compiles;
  int64_t refused = 0, by_value = 0, by_chance = 0;
  fmt::print("seed\tcompiles\trefused\tby_value\tat_random\tms_by_value\tms_at_random\n");
  for (uint32_t seed = 1; seed <= seeds; ++seed) {
    std::mt19937 bits(seed);
    const test::HiddenLimits hidden(*target, bits);
    const test::CompiledPlan compiled = test::compile_distinct(*plan, hidden);
    const test::Learnt best = test::learn(legal, *target, hidden, nullptr);
    const test::Learnt chance = test::learn(legal, *target, hidden, &bits);
    compiles.push_back(compiled.compiles);
    refused += compiled.refused;
    by_value += best.experiments;
    by_chance += chance.experiments;
    fmt::print("{}\t{}\t{}\t{}\t{}\t{:.2f}\t{:.2f}\n", seed, compiled.compiles, compiled.refused,
               best.experiments, chance.experiments, best.plan_s * 1e3, chance.plan_s * 1e3);
    std::fflush(stdout);
  }
  std::nth_element(compiles.begin(), compiles.begin() + seeds / 2, compiles.end());
  fmt::print("median compiles {}, refused {}; experiments by value {:.2f}, at random {:.2f}\n",
             compiles[seeds / 2], refused, static_cast<double>(by_value) / seeds,
             static_cast<double>(by_chance) / seeds);
  return 0;
}
