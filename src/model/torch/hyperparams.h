// A hyperparams.yaml of SpeechBrain (HyperPyYAML) as data: the numbers of a Conv-TasNet in it. What
// the file would make or call in Python stays text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/torch/checkpoint.h"
#include "tessera/result.h"

namespace tessera {

struct HyperParameters {
  std::map<std::string, ArgValue> args;  // of MaskNet, Encoder and Decoder, by their common names
  std::string masknet;  // class of the mask network: "MaskNet", or empty where none is named
  std::optional<int> sample_rate;  // Hz
};

// Errors: kCorrupt (no YAML, or no mapping), kResourceLimit (too large or too deep).
Result<HyperParameters> read_hyperparams(std::span<const uint8_t> yaml, std::string_view file_name);

}  // namespace tessera
