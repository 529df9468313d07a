// The emulator beside the cpu float backend: the same network, length and threads, in turn, so that
// whatever else the machine does meets both.
//
// usage: bench_emulate_network MODEL TARGET.toml LENGTH THREADS ROUNDS
//
// One line per way to run it: least and median milliseconds of both, and the ratio of the medians.
// "whole" is the network at one go, "stitched" the plan's pieces one by one with their halos. Codes
// are calibrated on noise, which changes no time.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tessera/calibrate.h"
#include "tessera/import.h"
#include "tessera/plan.h"
#include "tessera/rewrite.h"
#include "tessera/session.h"
#include "tessera/stitched.h"

namespace {

using tessera::Result;

constexpr int64_t kWindow = 8000;

std::vector<float> noise(int64_t samples, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<float> values(static_cast<size_t>(samples));
  for (float& value : values) value = static_cast<float>(engine() % 65536) / 327680.0F - 0.1F;
  return values;
}

struct Times {
  std::vector<double> ms;

  double least() const { return *std::min_element(ms.begin(), ms.end()); }
  double median() const {
    std::vector<double> sorted = ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

struct Setting {
  int64_t length = 0;
  int threads = 1;
  int rounds = 1;
};

Result<void> run_once(tessera::Executable& executable, const std::vector<float>& input,
                      std::vector<float>& output, Times* times) {
  const tessera::ConstValues inputs[] = {input};
  const tessera::Values outputs[] = {output};
  const auto begin = std::chrono::steady_clock::now();
  TESSERA_TRY_VOID(executable.run(inputs, outputs));
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  if (times != nullptr) times->ms.push_back(taken.count());
  return {};
}

Result<void> compare(const char* name, tessera::Executable& cpu, tessera::Executable& emulator,
                     const Setting& setting, size_t output_size) {
  const std::vector<float> input = noise(setting.length, 1);
  std::vector<float> output(output_size);
  Times cpu_times;
  Times emulator_times;
  for (int round = -1; round < setting.rounds; ++round) {
    TESSERA_TRY_VOID(run_once(cpu, input, output, round < 0 ? nullptr : &cpu_times));
    TESSERA_TRY_VOID(run_once(emulator, input, output, round < 0 ? nullptr : &emulator_times));
  }
  fmt::print(
      "{:<16} {:>2} threads   cpu {:7.1f} {:7.1f} ms   emulator {:7.1f} {:7.1f} ms   {:.2f}\n",
      name, setting.threads, cpu_times.least(), cpu_times.median(), emulator_times.least(),
      emulator_times.median(), emulator_times.median() / cpu_times.median());
  std::fflush(stdout);
  return {};
}

// Encodings of the network, from windows of noise.
Result<tessera::Encodings> encode(const tessera::ImportedModel& model, const tessera::Graph& legal,
                                  tessera::Backend& cpu, const tessera::QuantizeOptions& options) {
  TESSERA_TRY(tessera::Graph window, model.network->instantiate(kWindow));
  TESSERA_TRY_VOID(tessera::rewrite(window));
  tessera::CalibrationStatistics statistics;
  const std::vector<std::vector<float>> windows{noise(kWindow, 2)};
  TESSERA_TRY_VOID(tessera::calibrate(window, options, cpu, windows, statistics));
  return tessera::quantize(legal, statistics, options);
}

Result<void> measure(const char* model_path, const char* target_path, const Setting& setting) {
  TESSERA_TRY(const tessera::Target target, tessera::read_target(target_path));
  tessera::ImportOptions import;
  import.length_samples = setting.length;
  TESSERA_TRY(const auto model, tessera::import_model(model_path, import));
  tessera::Graph legal = model.graph;
  TESSERA_TRY_VOID(tessera::rewrite(legal));
  TESSERA_TRY(const tessera::Plan plan, tessera::make_plan(legal, target));
  TESSERA_TRY(const auto cpu, tessera::make_backend("cpu", {.threads = setting.threads}));
  TESSERA_TRY(const auto emulator, tessera::make_backend("emulator", {.threads = setting.threads}));
  TESSERA_TRY(const auto cpu_whole, cpu->load({model.graph}));
  TESSERA_TRY(const auto cpu_stitched, tessera::StitchedExecutable::load(plan, *cpu));
  const auto size = static_cast<size_t>(legal.node(legal.outputs()[0].node).shape.size());
  for (bool wide : {false, true}) {
    tessera::QuantizeOptions options;
    options.wide = wide;
    TESSERA_TRY(const tessera::Encodings encodings, encode(model, legal, *cpu, options));
    TESSERA_TRY(const auto whole, emulator->load({legal, &encodings}));
    TESSERA_TRY(const auto stitched,
                tessera::StitchedExecutable::load(plan, *emulator, &encodings));
    TESSERA_TRY_VOID(
        compare(wide ? "int16, whole" : "int8, whole", *cpu_whole, *whole, setting, size));
    TESSERA_TRY_VOID(compare(wide ? "int16, stitched" : "int8, stitched", *cpu_stitched, *stitched,
                             setting, size));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: bench_emulate_network MODEL TARGET.toml LENGTH THREADS ROUNDS\n");
    return 2;
  }
  const auto done = measure(
      argv[1], argv[2], {std::atoll(argv[3]), std::atoi(argv[4]), std::max(1, std::atoi(argv[5]))});
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
}
