// Recordings and voices as bytes in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "tessera/audio.h"
#include "tessera/result.h"

namespace tessera::server {

// `name` stands for the bytes in errors. Errors: those of AudioReader; kResourceLimit for a
// recording that is longer than `max_seconds`, before it is decoded where its header tells.
Result<AudioBuffer> decode_recording(std::string_view bytes, double max_seconds,
                                     const std::string& name);

// A sound file; its container follows the extension of `file_name`, under which it is made in
// `scratch_folder`. Nothing stays there. Errors: those of AudioWriter.
Result<std::string> encode_recording(std::span<const float> samples, int sample_rate,
                                     SampleFormat format,
                                     const std::filesystem::path& scratch_folder,
                                     const std::string& file_name);

}  // namespace tessera::server
