#include "audio/sound_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tessera {

// libsndfile's file access.
struct SoundBytes::Callbacks {
  static SoundBytes& self(void* user) { return *static_cast<SoundBytes*>(user); }

  static sf_count_t length(void* user) { return static_cast<sf_count_t>(self(user).size_); }

  static sf_count_t seek(sf_count_t offset, int whence, void* user) {
    SoundBytes& bytes = self(user);
    const int64_t from = whence == SEEK_SET   ? 0
                         : whence == SEEK_CUR ? bytes.position_
                                              : static_cast<int64_t>(bytes.size_);
    int64_t to = 0;
    if (__builtin_add_overflow(from, offset, &to) || to < 0) return -1;
    return bytes.position_ = to;
  }

  static sf_count_t read(void* data, sf_count_t count, void* user) {
    SoundBytes& bytes = self(user);
    if (count <= 0) return 0;
    const size_t got =
        bytes.read_into(static_cast<char*>(data), static_cast<uint64_t>(bytes.position_),
                        static_cast<size_t>(count));
    bytes.position_ += static_cast<int64_t>(got);
    return static_cast<sf_count_t>(got);
  }

  static sf_count_t write(const void*, sf_count_t, void*) { return 0; }

  static sf_count_t tell(void* user) { return self(user).position_; }
};

size_t SoundBytes::read_into(char* out, uint64_t offset, size_t bytes) const {
  if (offset >= size_) return 0;
  bytes = static_cast<size_t>(std::min<uint64_t>(bytes, size_ - offset));
  size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got = ::pread(descriptor_.get(), out + filled, bytes - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && error_number_ == 0) error_number_ = errno;
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  for (const Patch& patch : patches_) {
    const uint64_t begin = std::max(offset, patch.offset);
    const uint64_t end = std::min(offset + filled, patch.offset + patch.bytes.size());
    if (begin >= end) continue;
    std::memcpy(out + (begin - offset), patch.bytes.data() + (begin - patch.offset), end - begin);
  }
  return filled;
}

std::string SoundBytes::read_at(uint64_t offset, size_t bytes) const {
  std::string data(bytes, '\0');
  data.resize(read_into(data.data(), offset, bytes));
  return data;
}

void SoundBytes::replace(uint64_t offset, std::string_view bytes) {
  patches_.push_back({offset, std::string(bytes)});
}

SNDFILE* SoundBytes::open(SF_INFO& info) {
  SF_VIRTUAL_IO io{Callbacks::length, Callbacks::seek, Callbacks::read, Callbacks::write,
                   Callbacks::tell};
  return sf_open_virtual(&io, SFM_READ, &info, this);
}

}  // namespace tessera
