// What libsndfile does not tell: the kind of a file before its header is trusted, and whether its
// end is missing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/descriptor.h"
#include "tessera/result.h"

namespace tessera {

enum class SoundContainer { kWav, kFlac, kOgg };

struct SoundFile {
  Descriptor descriptor;  // at the start of the file
  SoundContainer container = SoundContainer::kWav;
  bool length_missing = false;  // a WAV written by a program that did not know its length
};

// Opens a regular file of a kind that is read; refuses everything else by name, and truncated WAV
// and Ogg files. (FLAC says how many samples must come; the reader counts them.)
Result<SoundFile> open_sound_file(const std::filesystem::path& path);

std::string_view to_string(SoundContainer container);

}  // namespace tessera
