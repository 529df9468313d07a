// ZipArchive: reads the central directory of a zip file held in memory, and its entries one by one.
// Made for hostile files: nothing is written to disk, nothing is allocated before it is bounded by
// the file's size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// The record that ends a zip file; its last two bytes are the size of the comment behind it.
inline constexpr size_t kZipEndBytes = 22;

struct ZipEntry {
  std::string name;
  uint64_t header_offset = 0;  // of the local header in the file
  uint64_t data_offset = 0;    // of the stored bytes in the file
  uint64_t stored_bytes = 0;
  uint64_t bytes = 0;  // after decompression
  uint32_t crc = 0;
  bool deflated = false;
};

// The contents of an entry: a view into the file, or bytes it owns when they were compressed.
class ZipBytes {
 public:
  explicit ZipBytes(std::span<const uint8_t> view) : view_(view) {}
  explicit ZipBytes(std::vector<uint8_t> owned) : owned_(std::move(owned)), view_(owned_) {}
  ZipBytes(ZipBytes&& other) noexcept =
      default;  // moving a vector keeps its buffer, hence the view
  ZipBytes& operator=(ZipBytes&& other) noexcept = default;

  std::span<const uint8_t> view() const { return view_; }

 private:
  std::vector<uint8_t> owned_;
  std::span<const uint8_t> view_;
};

class ZipArchive {
 public:
  // `file` must outlive the archive and every view read from it.
  // Errors: kCorrupt (not a zip, truncated, inconsistent), kUnsafe (duplicate or escaping names,
  // overlapping entries, explosive compression), kUnsupported (encryption, several disks, other
  // compressions).
  static Result<ZipArchive> open(std::span<const uint8_t> file);

  std::span<const ZipEntry> entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;

  // Errors: kCorrupt when compressed data does not give the bytes announced.
  Result<ZipBytes> read(const ZipEntry& entry) const;
  // Whether the checksum of `contents` is the one the directory states.
  static bool checksum_matches(const ZipEntry& entry, std::span<const uint8_t> contents);

 private:
  std::span<const uint8_t> file_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string, size_t> index_;
};

}  // namespace tessera
