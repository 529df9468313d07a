// Measures the float32 fused-multiply-add rate of this processor: the ceiling every kernel is
// compared with. usage: fma_peak [THREADS] [SECONDS] [INSTRUCTION_SET]   -> one JSON line
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fma_peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "instruction_set.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Runs `rounds` of 12 independent FMA chains; returns the floating-point operations done. `sink`
// keeps the result alive.
int64_t fma_rounds(int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, 0.999f);
  const auto b = hn::Set(d, 0.001f);
  // Distinct starting values: equal chains would be merged into one by the compiler.
  auto c0 = hn::Set(d, 1.0f);
  auto c1 = hn::Set(d, 2.0f);
  auto c2 = hn::Set(d, 3.0f);
  auto c3 = hn::Set(d, 4.0f);
  auto c4 = hn::Set(d, 5.0f);
  auto c5 = hn::Set(d, 6.0f);
  auto c6 = hn::Set(d, 7.0f);
  auto c7 = hn::Set(d, 8.0f);
  auto c8 = hn::Set(d, 9.0f);
  auto c9 = hn::Set(d, 10.0f);
  auto c10 = hn::Set(d, 11.0f);
  auto c11 = hn::Set(d, 12.0f);
  for (int64_t i = 0; i < rounds; ++i) {
    c0 = hn::MulAdd(c0, a, b);
    c1 = hn::MulAdd(c1, a, b);
    c2 = hn::MulAdd(c2, a, b);
    c3 = hn::MulAdd(c3, a, b);
    c4 = hn::MulAdd(c4, a, b);
    c5 = hn::MulAdd(c5, a, b);
    c6 = hn::MulAdd(c6, a, b);
    c7 = hn::MulAdd(c7, a, b);
    c8 = hn::MulAdd(c8, a, b);
    c9 = hn::MulAdd(c9, a, b);
    c10 = hn::MulAdd(c10, a, b);
    c11 = hn::MulAdd(c11, a, b);
  }
  const auto left =
      hn::Add(hn::Add(hn::Add(c0, c1), hn::Add(c2, c3)), hn::Add(hn::Add(c4, c5), hn::Add(c6, c7)));
  hn::StoreU(hn::Add(left, hn::Add(hn::Add(c8, c9), hn::Add(c10, c11))), d, sink);
  return rounds * 12 * 2 * static_cast<int64_t>(hn::Lanes(d));
}

const char* target_name() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace tessera::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::bench {
HWY_EXPORT(fma_rounds);
HWY_EXPORT(target_name);

// The best of several short slices on one thread: what the core can do when nobody disturbs it.
double best_rate(double seconds) {
  using Clock = std::chrono::steady_clock;
  alignas(64) float sink[64];
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  double best = 0;
  while (Clock::now() < end) {
    const auto start = Clock::now();
    const auto operations = static_cast<double>(HWY_DYNAMIC_DISPATCH(fma_rounds)(400000, sink));
    best = std::max(best, operations / std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

const char* isa_name() {
  return HWY_DYNAMIC_DISPATCH(target_name)();
}

}  // namespace tessera::bench

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1.0;
  if (threads < 1 || threads > 1024 || !(seconds > 0)) {
    std::fprintf(stderr, "usage: fma_peak [THREADS] [SECONDS] [INSTRUCTION_SET]\n");
    return 2;
  }
  if (argc > 3 && !tessera::bench::use_instruction_set(argv[3])) {
    std::fprintf(stderr, "error: this processor has no %s\n", argv[3]);
    return 1;
  }
  std::vector<double> rates(static_cast<size_t>(threads));
  std::vector<std::thread> pool;
  for (double& rate : rates)
    pool.emplace_back([&rate, seconds] { rate = tessera::bench::best_rate(seconds); });
  for (std::thread& thread : pool) thread.join();
  double total = 0;
  for (double rate : rates) total += rate;
  std::printf("{\"isa\": \"%s\", \"threads\": %d, \"gflops\": %.2f}\n", tessera::bench::isa_name(),
              threads, total / 1e9);
}
#endif
