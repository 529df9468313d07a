// The bytes of a sound file as libsndfile is to read them: the file's own, but for the fields of
// its header that are wrong.
#pragma once

#include <sndfile.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace tessera {

class SoundBytes {
 public:
  SoundBytes() = default;
  // A regular file of `size` bytes, open for reading.
  SoundBytes(Descriptor descriptor, uint64_t size)
      : descriptor_(std::move(descriptor)), size_(size) {}

  uint64_t size() const { return size_; }
  // Reads at `offset`; what lies beyond the end, or cannot be read, is left out.
  std::string read_at(uint64_t offset, size_t bytes) const;
  // From now on these bytes are read at `offset`. They do not lengthen the file.
  void replace(uint64_t offset, std::string_view bytes);
  // errno of the first failure to read; 0 if there was none.
  int error_number() const { return error_number_; }

  // Opens it with libsndfile, which reads through this object: it must outlive the sound and stay
  // where it is. Null as sf_open() returns it.
  SNDFILE* open(SF_INFO& info);

 private:
  struct Patch {
    uint64_t offset;
    std::string bytes;
  };
  struct Callbacks;

  size_t read_into(char* out, uint64_t offset, size_t bytes) const;

  Descriptor descriptor_;
  uint64_t size_ = 0;
  std::vector<Patch> patches_;
  int64_t position_ = 0;  // of libsndfile
  mutable int error_number_ = 0;
};

}  // namespace tessera
