// The emulator beside the cpu float backend: the same network, 4 s long, and the same threads, in
// turn, so that whatever else the machine does meets both.
//
// usage: bench_emulate_network TARGET.toml SECONDS ROUNDS MODEL...
//
// Every pair is run for SECONDS at least, and ROUNDS times at least. A row per network and way to
// run it: "whole" is the network at one go, "stitched" the plan's pieces one by one with their
// halos. Columns, on one thread and on two: median milliseconds of both, and the median of their
// ratios in one round, with the middle half of these. Codes are calibrated on noise, which changes
// no time; how long that takes is told below each network.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/session.h"

namespace {

using tessera::Result;
using Clock = std::chrono::steady_clock;

constexpr std::array kThreads{1, 2};
constexpr size_t kWindows = 64;     // to calibrate on
constexpr int kDefaultRate = 8000;  // Hz, where the file tells none

struct Patience {
  double seconds = 0;
  size_t rounds = 1;
};

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

std::vector<float> noise(int64_t samples, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<float> values(static_cast<size_t>(samples));
  for (float& value : values) value = static_cast<float>(engine() % 65536) / 327680.0F - 0.1F;
  return values;
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

// Of both, round by round.
struct Times {
  std::vector<double> cpu_ms;
  std::vector<double> emulator_ms;

  std::string text() const {
    std::vector<double> ratios;
    for (size_t i = 0; i < cpu_ms.size(); ++i) ratios.push_back(emulator_ms[i] / cpu_ms[i]);
    return fmt::format("{:8.1f}  {:8.1f}  {:5.2f} ({:.2f}-{:.2f})", quantile(cpu_ms, 0.5),
                       quantile(emulator_ms, 0.5), quantile(ratios, 0.5), quantile(ratios, 0.25),
                       quantile(ratios, 0.75));
  }
};

Result<double> run_once(tessera::Executable& executable, const std::vector<float>& input,
                        std::vector<float>& output) {
  const tessera::ConstValues inputs[] = {input};
  const tessera::Values outputs[] = {output};
  const auto begin = Clock::now();
  TESSERA_TRY_VOID(executable.run(inputs, outputs));
  return milliseconds_since(begin);
}

Result<Times> compare(tessera::Executable& cpu, tessera::Executable& emulator,
                      const tessera::Graph& graph, const Patience& patience) {
  const std::vector<float> input = noise(graph.node(graph.inputs()[0]).shape.size(), 1);
  std::vector<float> output(static_cast<size_t>(graph.node(graph.outputs()[0].node).shape.size()));
  TESSERA_TRY_VOID(run_once(cpu, input, output));  // the first touches memory
  TESSERA_TRY_VOID(run_once(emulator, input, output));
  Times times;
  const auto begin = Clock::now();
  while (times.cpu_ms.size() < patience.rounds ||
         milliseconds_since(begin) < 1000 * patience.seconds) {
    TESSERA_TRY(const double cpu_ms, run_once(cpu, input, output));
    TESSERA_TRY(const double emulator_ms, run_once(emulator, input, output));
    times.cpu_ms.push_back(cpu_ms);
    times.emulator_ms.push_back(emulator_ms);
  }
  return times;
}

// As `tessera build` calibrates: on windows of one second, and after pauses where norms hear them.
Result<tessera::TensorStatistics> learn(const tessera::ImportedModel& model, int64_t rate,
                                        tessera::Backend& cpu) {
  TESSERA_TRY(tessera::Graph window, model.network->instantiate(rate));
  TESSERA_TRY_VOID(tessera::rewrite(window));
  std::vector<std::vector<float>> windows;
  for (uint32_t i = 0; i < kWindows; ++i) windows.push_back(noise(rate, 2 + i));
  tessera::TensorStatistics statistics;
  TESSERA_TRY_VOID(tessera::calibrate(window, {}, cpu, windows, statistics));
  if (!tessera::needs_silence_prefix(window)) return statistics;
  TESSERA_TRY(tessera::Graph longer, model.network->instantiate(2 * rate));
  TESSERA_TRY_VOID(tessera::rewrite(longer));
  const auto paused = tessera::with_silence_prefix(windows, 2 * rate, kWindows);
  TESSERA_TRY_VOID(tessera::calibrate(longer, {}, cpu, paused, statistics));
  return statistics;
}

// A network ready to be run in every way.
struct Subject {
  std::string name;
  tessera::Graph graph;  // as imported
  tessera::Graph legal;
  tessera::Plan plan;
  tessera::Encodings int8;
  tessera::Encodings int16;
  double calibration_s = 0;
};

Result<Subject> prepare(const char* path, const tessera::Target& target) {
  Subject subject;
  subject.name = std::filesystem::path(path).stem().string();
  TESSERA_TRY(const auto model, tessera::import_model(path, {}));
  subject.graph = model.graph;
  subject.legal = model.graph;
  TESSERA_TRY_VOID(tessera::rewrite(subject.legal));
  TESSERA_TRY(subject.plan, tessera::make_plan(subject.legal, target));
  TESSERA_TRY(const auto cpu, tessera::make_backend("cpu", {.threads = kThreads.back()}));
  const auto begin = Clock::now();
  TESSERA_TRY(const auto statistics, learn(model, model.sample_rate.value_or(kDefaultRate), *cpu));
  TESSERA_TRY(subject.int8, tessera::quantize(subject.legal, statistics, {}));
  subject.calibration_s = milliseconds_since(begin) / 1000;
  tessera::QuantizeOptions wide;
  wide.int16 = true;
  TESSERA_TRY(subject.int16, tessera::quantize(subject.legal, statistics, wide));
  return subject;
}

Result<void> print_row(const Subject& subject, bool wide, bool stitched, const Patience& patience) {
  const tessera::Encodings& encodings = wide ? subject.int16 : subject.int8;
  std::string row = fmt::format("{:<26}  {:<5}  {:<8}", subject.name, wide ? "int16" : "int8",
                                stitched ? "stitched" : "whole");
  for (const int threads : kThreads) {
    TESSERA_TRY(const auto cpu, tessera::make_backend("cpu", {.threads = threads}));
    TESSERA_TRY(const auto emulator, tessera::make_backend("emulator", {.threads = threads}));
    std::unique_ptr<tessera::Executable> floats;
    std::unique_ptr<tessera::Executable> codes;
    if (stitched) {
      TESSERA_TRY(floats, tessera::StitchedExecutable::load(subject.plan, *cpu));
      TESSERA_TRY(codes, tessera::StitchedExecutable::load(subject.plan, *emulator, &encodings));
    } else {
      TESSERA_TRY(floats, cpu->load({subject.graph}));
      TESSERA_TRY(codes, emulator->load({subject.legal, &encodings}));
    }
    TESSERA_TRY(const Times times, compare(*floats, *codes, subject.graph, patience));
    row += "  " + times.text();
  }
  fmt::print("{}\n", row);
  std::fflush(stdout);
  return {};
}

Result<void> measure(const char* path, const tessera::Target& target, const Patience& patience) {
  TESSERA_TRY(const Subject subject, prepare(path, target));
  for (const bool stitched : {false, true}) {
    for (const bool wide : {false, true})
      TESSERA_TRY_VOID(print_row(subject, wide, stitched, patience));
  }
  fmt::print("{:<26}  calibrated on {} windows of one second in {:.1f} s, {} threads\n\n",
             subject.name, kWindows, subject.calibration_s, kThreads.back());
  std::fflush(stdout);
  return {};
}

Result<void> measure_all(std::span<char*> models, const char* target_path,
                         const Patience& patience) {
  TESSERA_TRY(const tessera::Target target, tessera::read_target(target_path));
  std::string head = fmt::format("{:<26}  {:<5}  {:<8}", "network", "codes", "run");
  for (const int threads : kThreads) {
    head += fmt::format("  {:>8}  {:>8}  {:<17}", fmt::format("cpu ms/{}", threads), "emulator",
                        "ratio (half)");
  }
  head.erase(head.find_last_not_of(' ') + 1);
  fmt::print("{}\n", head);
  for (const char* model : models) TESSERA_TRY_VOID(measure(model, target, patience));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: bench_emulate_network TARGET.toml SECONDS ROUNDS MODEL...\n");
    return 2;
  }
  const Patience patience{std::atof(argv[2]), static_cast<size_t>(std::max(1, std::atoi(argv[3])))};
  const auto models = std::span(argv, static_cast<size_t>(argc)).subspan(4);
  const auto done = measure_all(models, argv[1], patience);
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
}
