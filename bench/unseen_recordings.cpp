// What builds in integers keep of recordings that they were not calibrated on, beside what they
// said when they were built. Started by bench/unseen_recordings.
//
// usage: bench_unseen_recordings MODEL TARGET CALIBRATION_FOLDER RECORDINGS_FOLDER...
//
// One line per build (int8, mixed, int16): what it printed. Then one line per recording: its name
// and the output SNR over float in dB of each build.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tessera/audio.h"
#include "tessera/build.h"
#include "tessera/compiler/tune.h"
#include "tessera/metrics.h"
#include "tessera/session.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr double kMixedLossDb = 0.05;

struct Recording {
  std::string name;
  std::vector<float> samples;
};

Result<std::vector<Recording>> recordings_in(const fs::path& folder, int sample_rate) {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".wav") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Recording> recordings;
  for (const fs::path& path : paths) {
    TESSERA_TRY(const AudioBuffer audio, read_audio(path));
    const ChannelPolicy mix{ChannelPolicy::Kind::kMix, 1};
    TESSERA_TRY(MonoInput mono,
                to_mono_input(audio, sample_rate > 0 ? sample_rate : audio.sample_rate, mix,
                              path.string()));
    recordings.push_back({path.filename().string(), std::move(mono.samples)});
  }
  return recordings;
}

struct Build {
  std::string name;
  std::string said;
  Package package;
};

Result<Build> build_as(const char* model, const char* target, const char* calibration,
                       std::string name, const IntegerOptions& integers) {
  BuildOptions options;
  options.target = target;
  options.calibration.sources = {calibration};
  options.integers = integers;
  std::string said;
  TESSERA_TRY(Built built, build(model, options, [&](const StageEvent& event) {
                if (event.ended && event.stage == BuildStage::channel_basis)
                  said += event.text + "; ";
                if (event.ended && event.stage == BuildStage::quantize) {
                  said += event.text;
                  std::printf("%-6s %6.1f s  %s\n", name.c_str(), event.seconds, said.c_str());
                  std::fflush(stdout);
                }
              }));
  for (const Note& note : built.notes) std::printf("       %s\n", note.text.c_str());
  return Build{std::move(name), std::move(said), std::move(built.package)};
}

Result<double> output_snr_db(const Package& package, const std::vector<float>& samples,
                             Backend& cpu, Backend& emulator) {
  TESSERA_TRY(const PackagedNetwork network, package.network(static_cast<int64_t>(samples.size())));
  TESSERA_TRY(Session in_float, Session::create(network.model.graph, cpu));
  TESSERA_TRY(const auto expected, in_float.run({ConstValues(samples)}));
  TESSERA_TRY(Session in_integers,
              Session::create(network.plan.graph, emulator, &*network.encodings));
  TESSERA_TRY(const auto outputs, in_integers.run({ConstValues(samples)}));
  return snr_db(outputs[0], expected[0]);
}

Result<void> run(int count, char** arguments) {
  IntegerOptions int8;
  IntegerOptions mixed;
  mixed.mixed_loss_db = kMixedLossDb;
  IntegerOptions int16;
  int16.quantize.int16 = true;
  std::vector<Build> builds;
  for (const auto& [name, options] :
       {std::pair{"int8", int8}, std::pair{"mixed", mixed}, std::pair{"int16", int16}}) {
    TESSERA_TRY(Build made, build_as(arguments[1], arguments[2], arguments[3], name, options));
    builds.push_back(std::move(made));
  }
  TESSERA_TRY(const auto cpu, make_backend("cpu"));
  TESSERA_TRY(const auto emulator, make_backend("emulator"));
  std::printf("\n%-36s", "SNR over float in dB");
  for (const Build& made : builds) std::printf(" %7s", made.name.c_str());
  std::printf("\n");
  for (int folder = 4; folder < count; ++folder) {
    TESSERA_TRY(const auto recordings,
                recordings_in(arguments[folder],
                              builds[0].package.manifest().model.sample_rate.value_or(0)));
    for (const Recording& recording : recordings) {
      std::printf("%-36s", recording.name.c_str());
      for (const Build& made : builds) {
        TESSERA_TRY(const double db,
                    output_snr_db(made.package, recording.samples, *cpu, *emulator));
        std::printf(" %7.1f", db);
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  }
  return {};
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr,
                 "usage: bench_unseen_recordings MODEL TARGET CALIBRATION_FOLDER "
                 "RECORDINGS_FOLDER...\n");
    return 2;
  }
  const auto done = tessera::run(argc, argv);
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
}
