// Voices of a long recording on the disk, until all of it is known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "tessera/result.h"

namespace tessera {

// A file of floats without a name.
class VoiceSpool {
 public:
  // Errors: those of nameless_file().
  static Result<VoiceSpool> create(const std::filesystem::path& folder);

  // `voices`: of one length. Errors: kNoSpace, kIo.
  Result<void> append(std::span<const std::vector<float>> voices);

  // All blocks again, in order. Errors: kIo, those of `take`.
  Result<void> play(
      const std::function<Result<void>(std::vector<std::vector<float>>& voices)>& take) const;

 private:
  struct Block {
    size_t voices;
    size_t samples;  // of each
  };

  std::string folder_;
  Descriptor file_;
  std::vector<Block> blocks_;
};

}  // namespace tessera
