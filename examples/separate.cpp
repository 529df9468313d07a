// separate MODEL RECORDING FOLDER: the library in ten lines. MODEL is a network's file or a
// package. FOLDER/voice_1.wav and the others have the rate and the length of RECORDING.
#include <tessera/tessera.h>

#include <cstdio>

tessera::Result<void> separate(const char* model, const char* recording, const char* folder) {
  TESSERA_TRY(auto separator, tessera::Separator::open(model));
  TESSERA_TRY(auto mixture, tessera::read_audio(recording));
  TESSERA_TRY(auto separation, separator.separate(mixture, recording));
  TESSERA_TRY(auto reports, tessera::write_voices(folder, separation));
  return {};
}

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: separate MODEL RECORDING FOLDER\n", stderr), 2;
  const auto done = separate(argv[1], argv[2], argv[3]);
  if (!done) return std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str()), 1;
}
