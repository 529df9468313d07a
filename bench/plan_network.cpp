// How long it takes to know whether and how a network fits: one thread, each stage timed on its
// own.
//
// usage: bench_plan_network MODEL TARGET.toml [LENGTH] [ROUNDS]
//
// Prints the least milliseconds of each stage over the rounds, and of the whole.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "tessera/compiler/chip_placement.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"

namespace {

using tessera::Result;

constexpr std::array kStages{"rewrite", "plan", "check", "place"};

// Milliseconds of `work`, and its result.
template <typename Work>
auto timed(double& least, const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  auto result = work();
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  least = least == 0 ? taken.count() : std::min(least, taken.count());
  return result;
}

tessera::Verdict check_pieces(const tessera::Plan& plan, const tessera::Target& target) {
  tessera::Verdict verdict = tessera::Verdict::fits;
  for (const tessera::ChipSegment& segment : plan.segments) {
    for (const tessera::Piece& piece : segment.pieces) {
      verdict = tessera::worse(verdict, tessera::check(piece.graph, target).verdict);
    }
  }
  return verdict;
}

Result<void> measure(const char* model_path, const char* target_path, int64_t length, int rounds) {
  TESSERA_TRY(const tessera::Target target, tessera::read_target(target_path));
  tessera::ImportOptions options;
  if (length > 0) options.length_samples = length;
  TESSERA_TRY(const auto model, tessera::import_model(model_path, options));
  std::array<double, kStages.size()> least{};
  tessera::Verdict verdict = tessera::Verdict::unknown;
  size_t contexts = 0;
  for (int round = 0; round < rounds; ++round) {
    tessera::Graph legal = model.graph;
    TESSERA_TRY_VOID(timed(least[0], [&] { return tessera::rewrite(legal); }));
    TESSERA_TRY(const tessera::Plan plan,
                timed(least[1], [&] { return tessera::make_plan(legal, target); }));
    verdict = timed(least[2], [&] { return check_pieces(plan, target); });
    TESSERA_TRY(const tessera::ChipPlacement placement,
                timed(least[3], [&] { return tessera::place_on_chip(plan, target); }));
    contexts = placement.contexts.size();
  }
  double total = 0;
  for (size_t i = 0; i < kStages.size(); ++i) {
    fmt::print("{:<8} {:9.1f} ms\n", kStages[i], least[i]);
    total += least[i];
  }
  fmt::print("{:<8} {:9.1f} ms   {} on {}, {} contexts, {} samples\n", "all", total,
             tessera::to_string(verdict), target.name, contexts, model.length_samples);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: bench_plan_network MODEL TARGET.toml [LENGTH] [ROUNDS]\n");
    return 2;
  }
  const int64_t length = argc > 3 ? std::atoll(argv[3]) : 0;
  const int rounds = argc > 4 ? std::max(1, std::atoi(argv[4])) : 5;
  const Result<void> done = measure(argv[1], argv[2], length, rounds);
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
  return 0;
}
