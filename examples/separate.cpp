// separate MODEL RECORDING FOLDER: the library in thirty lines. Writes FOLDER/voice_1.wav, ...
#include <tessera/audio.h>
#include <tessera/import.h>
#include <tessera/metrics.h>
#include <tessera/mono_input.h>
#include <tessera/session.h>

#include <cstdio>
#include <string>

namespace {

tessera::Result<void> separate(const char* model_path, const char* recording, std::string folder) {
  TESSERA_TRY(auto model, tessera::import_model(model_path));
  TESSERA_TRY(auto audio, tessera::read_audio(recording));
  const int rate = model.sample_rate.value_or(audio.sample_rate);
  TESSERA_TRY(auto mixture, tessera::to_mono_input(std::move(audio), rate, {}, recording));
  const auto length = static_cast<int64_t>(mixture.samples.size());
  TESSERA_TRY(auto graph, model.network->instantiate(length));

  TESSERA_TRY(auto backend, tessera::make_backend("cpu"));
  TESSERA_TRY(auto session, tessera::Session::create(graph, *backend));
  TESSERA_TRY(auto outputs, session.run({mixture.samples}));

  std::vector<std::vector<float>> voices;
  for (auto at = outputs[0].begin(); at != outputs[0].end(); at += length) {
    voices.emplace_back(at, at + length);
  }
  tessera::rescale_to_mixture(voices, mixture.samples);
  for (size_t i = 0; i < voices.size(); ++i) {
    const std::string path = folder + "/voice_" + std::to_string(i + 1) + ".wav";
    TESSERA_TRY(auto report, tessera::write_audio(path, voices[i], rate, {.force = true}));
    std::printf("%s: %lld samples\n", path.c_str(), static_cast<long long>(report.frames));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: separate MODEL RECORDING FOLDER\n"), 2;
  const auto done = separate(argv[1], argv[2], argv[3]);
  if (!done) return std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str()), 1;
}
