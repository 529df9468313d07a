// A sound file before libsndfile reads it: its kind, and how much of it is there.
#pragma once

#include <filesystem>

#include "audio/sample_extent.h"
#include "audio/sound_bytes.h"
#include "audio/sound_container.h"
#include "tessera/result.h"

namespace tessera {

struct SoundFile {
  SoundBytes bytes;
  SoundContainer container = SoundContainer::kWav;
  SampleExtent extent;
};

// Opens a regular file of a kind that is read; refuses everything else by name. A file that is cut
// off is opened, too: its extent tells.
Result<SoundFile> open_sound_file(const std::filesystem::path& path);

// Samples and nothing else, `frame_bytes` for a moment of all channels. Errors: kCorrupt where the
// last frame is incomplete and `allow_truncated` is not set.
Result<SoundFile> open_raw_sound(const std::filesystem::path& path, int64_t frame_bytes,
                                 bool allow_truncated);
// The same two for an open regular file.
Result<SoundFile> open_sound_file(Descriptor descriptor, const std::string& subject);
Result<SoundFile> open_raw_sound(Descriptor descriptor, int64_t frame_bytes, bool allow_truncated,
                                 const std::string& subject);

}  // namespace tessera
