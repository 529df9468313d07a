// How much of a sound file its header promises, beside how much is there. libsndfile is silent
// about both: it shortens a file that is cut off, and finds nothing where a length was never
// stored.
#pragma once

#include <cstdint>
#include <string>

#include "audio/sound_bytes.h"
#include "audio/sound_container.h"
#include "tessera/result.h"

namespace tessera {

struct SampleExtent {
  // The writer never stored the length (pipes, recorders that were switched off): what it stored
  // instead, for people. Such a file is read to its end.
  std::string placeholder;
  // What is missing at the end, for people; empty if nothing is.
  std::string cut_off;
  int64_t announced_bytes = -1;       // of samples, where cut_off says that too few are there
  uint64_t unread_bytes = 0;          // behind the samples, and nothing that the format knows
  bool frames_are_estimated = false;  // libsndfile's count is a guess (MP3 without a Xing header)
};

// Looks where the samples lie, and corrects the length in `bytes` where it says too much or
// nothing, so that libsndfile reads what is there. FLAC is left alone: it says how many samples
// must come, and the reader counts them. Errors: kCorrupt where no samples can be found.
Result<SampleExtent> find_sample_extent(SoundContainer container, SoundBytes& bytes,
                                        const std::string& subject);

// The tag before the first frame of some MP3 files; 0 without one.
uint64_t id3_tag_bytes(const SoundBytes& bytes);

}  // namespace tessera
