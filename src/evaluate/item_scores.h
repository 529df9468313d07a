// One mixture separated by every network, and scored.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "evaluate/data_set.h"
#include "evaluate/score_log.h"
#include "tessera/audio.h"
#include "tessera/result.h"
#include "tessera/separator.h"

namespace tessera {

struct ItemReading {
  ChannelPolicy channels;
  bool allow_truncated = false;  // as AudioReadOptions has it
};

// Sizes and times of change of the item's files. Errors: those of stat().
Result<std::string> stamp_of(const DataSetItem& item);

// One channel of every file of an item, and what the networks made of the mixture.
struct ItemAudio {
  int sample_rate = 0;  // Hz, of all
  std::vector<float> mixture;
  std::vector<std::vector<float>> sources;
  std::vector<std::vector<std::vector<float>>> voices;  // by network, in its order
  std::set<std::string> warnings;                       // of Separation::notes
};

// Errors, with a file as the subject: those of read_audio(), to_mono_input() and
// Separator::separate(); kMismatch for sources of another rate or length than their mixture's, and
// for one of another length than the metadata says.
Result<ItemAudio> separate_item(const DataSetItem& item, const ItemReading& reading,
                                std::span<Separator> networks);

// Errors: those of separate_item() and, with a file as the subject, of score_separation().
Result<ItemScores> score_item(const DataSetItem& item, const ItemReading& reading,
                              std::span<Separator> networks);

}  // namespace tessera
