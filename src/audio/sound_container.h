// Kinds of sound files, told by their first bytes before anything in them is believed.
#pragma once

#include <string>
#include <string_view>

#include "tessera/result.h"

namespace tessera {

enum class SoundContainer { kWav, kWave64, kAiff, kCaf, kAu, kNist, kFlac, kOgg, kMpeg, kRaw };

std::string_view to_string(SoundContainer container);

inline constexpr size_t kContainerHeadBytes = 16;

// `head`: the first kContainerHeadBytes, fewer of shorter files; after an ID3 tag where there is
// one. Errors: kUnsupported with the name of what it is, where it is another known kind.
Result<SoundContainer> container_of(std::string_view head, const std::string& subject);

// A hint with a command line that makes a file libsndfile reads of one that ffmpeg reads.
std::string conversion_hint(const std::string& path);

}  // namespace tessera
