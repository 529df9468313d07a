// What a stream costs: the time of each push, and its share of the time that its samples last.
//
// usage: bench_stream_network SECONDS CHUNK MODEL[:BACKEND[:STEP]]...
//
// SECONDS of noise are pushed in chunks of CHUNK samples, on one thread, after a tenth of it that
// is not counted. A row per network: the samples of one evaluation, the latency that follows from
// it, median, 99th percentile and maximum of the microseconds of a push; median, 99th percentile
// and mean as a share of the time that CHUNK samples last at the network's rate (8 kHz where it
// tells none); memory that is not weights. Where a step takes more samples than CHUNK, most pushes
// only store theirs: there the mean counts.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tessera/streaming.h"

namespace {

using tessera::Result;
using Clock = std::chrono::steady_clock;

constexpr int kDefaultRate = 8000;

struct Subject {
  std::string path;
  tessera::StreamingOptions options;
};

Subject parse(const std::string& text) {
  Subject subject;
  const size_t backend = text.find(':');
  subject.path = text.substr(0, backend);
  if (backend == std::string::npos) return subject;
  const size_t step = text.find(':', backend + 1);
  subject.options.backend = text.substr(backend + 1, step - backend - 1);
  if (step != std::string::npos)
    subject.options.step_samples = std::strtoll(text.c_str() + step + 1, nullptr, 10);
  return subject;
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
}

Result<std::vector<double>> times_of_pushes(tessera::StreamingSession& stream, int64_t chunk,
                                            size_t pushes) {
  std::mt19937 engine(1);
  std::vector<float> samples(static_cast<size_t>(chunk * stream.input_frame().size()));
  std::vector<std::vector<float>> room(stream.outputs().size());
  std::vector<tessera::Values> views(room.size());
  std::vector<double> times;
  times.reserve(pushes);
  for (size_t i = 0; i < pushes + pushes / 10; ++i) {
    for (float& sample : samples) sample = static_cast<float>(engine() % 65536) / 327680.0F - 0.1F;
    for (size_t o = 0; o < room.size(); ++o) {
      const int64_t frames = stream.frames_after(chunk, o);
      room[o].resize(static_cast<size_t>(frames * stream.outputs()[o].shape.size()));
      views[o] = room[o];
    }
    const auto begin = Clock::now();
    TESSERA_TRY_VOID(stream.push(samples, views));
    const std::chrono::duration<double, std::micro> took = Clock::now() - begin;
    if (i >= pushes / 10) times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  return times;
}

Result<void> measure(const Subject& subject, double seconds, int64_t chunk) {
  TESSERA_TRY(auto stream, tessera::StreamingSession::open(subject.path, subject.options));
  const int rate = stream.sample_rate().value_or(kDefaultRate);
  const auto pushes = static_cast<size_t>(seconds * rate / static_cast<double>(chunk)) + 1;
  TESSERA_TRY(const auto times, times_of_pushes(stream, chunk, pushes));
  const double budget_us = 1e6 * static_cast<double>(chunk) / rate;
  const double mean =
      std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  fmt::print("{:36} {:9} {:5} {:8} {:9.1f} {:9.1f} {:9.1f} {:7.2f} % {:7.2f} % {:7.2f} % {:6}\n",
             subject.path.substr(subject.path.rfind('/') + 1), stream.backend(),
             stream.step_samples(), stream.latency_samples(), quantile(times, 0.5),
             quantile(times, 0.99), times.back(), 100 * quantile(times, 0.5) / budget_us,
             100 * quantile(times, 0.99) / budget_us, 100 * mean / budget_us,
             stream.memory_bytes() / 1024);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: {} SECONDS CHUNK MODEL[:BACKEND[:STEP]]...\n", argv[0]);
    return 2;
  }
  const double seconds = std::strtod(argv[1], nullptr);
  const int64_t chunk = std::strtoll(argv[2], nullptr, 10);
  if (!(seconds > 0) || chunk < 1) {
    fmt::print(stderr, "SECONDS and CHUNK are numbers above 0\n");
    return 2;
  }
  fmt::print("pushes of {} samples, one thread; times in microseconds\n", chunk);
  fmt::print("{:36} {:9} {:>5} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>6}\n", "network",
             "backend", "step", "latency", "median", "p99", "max", "median", "p99", "mean", "KiB");
  for (int i = 3; i < argc; ++i) {
    const Result<void> measured = measure(parse(argv[i]), seconds, chunk);
    if (measured) continue;
    fmt::print(stderr, "{}: {}\n", argv[i], measured.error().to_string());
    return 1;
  }
  return 0;
}
