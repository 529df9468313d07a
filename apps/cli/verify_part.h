// Decoder, masker or chain of a Conv-TasNet in tiles and channel blocks of known sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/recording_options.h"
#include "cli/verify_report.h"
#include "tessera/compiler/verify.h"

namespace tessera::cli {

struct PartArguments {
  std::string part;  // "decoder", "masker", "chain"
  ModelOptions model;
  BackendChoice backend;
  ReferenceChoice reference;
  std::string target;
  std::string audio;                    // a recording; empty: noise
  std::vector<std::string> references;  // its true voices, of the chain
  RecordingOptions recordings;
  // One case of this length or tile instead of the known ones; frames, of the chain samples.
  std::optional<int64_t> length;
  std::optional<int64_t> tile_frames;
  std::optional<int64_t> block_channels;
  VerifyOptions verify;
};

// Verifies the part in each of its cases, or in the one that the arguments name. Errors: kMismatch
// naming the case and the value that differs; those of reading and planning.
Result<Document> verify_part(const PartArguments& arguments, Console& console);

}  // namespace tessera::cli
