// File format: PKWARE APPNOTE 6.3 (local header, central directory, zip64 records).
#include "base/zip_archive.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <zlib.h>

namespace tessera {
namespace {

constexpr uint64_t kMaxEntries = 1'000'000;
constexpr uint64_t kMaxNameBytes = 4096;
// Weights hardly compress; beyond this factor over the whole archive a file is a bomb, not a
// network.
constexpr uint64_t kMaxExpansion = 64;
constexpr uint64_t kExpansionFloorBytes = 16 << 20;

constexpr uint64_t kEnd64LocatorBytes = 20;
constexpr uint64_t kEnd64Bytes = 56;
constexpr uint64_t kCentralBytes = 46;
constexpr uint64_t kLocalBytes = 30;

// Little-endian fields at checked positions.
class Fields {
 public:
  explicit Fields(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool has(uint64_t at, uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }
  uint64_t get(uint64_t at, int width) const {
    uint64_t value = 0;
    for (int i = width - 1; i >= 0; --i) value = value << 8 | bytes_[at + static_cast<uint64_t>(i)];
    return value;
  }
  uint32_t u16(uint64_t at) const { return static_cast<uint32_t>(get(at, 2)); }
  uint32_t u32(uint64_t at) const { return static_cast<uint32_t>(get(at, 4)); }
  uint64_t u64(uint64_t at) const { return get(at, 8); }
  std::string_view text(uint64_t at, uint64_t count) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + at, count};
  }

 private:
  std::span<const uint8_t> bytes_;
};

Error corrupt_zip(std::string subject, std::string message) {
  return TESSERA_ERROR(kCorrupt, std::move(subject), std::move(message),
                       "the file is damaged or was cut short: copy or download it again");
}

struct Directory {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  uint64_t offset = 0;
};

std::optional<uint64_t> find_end_record(const Fields& file, uint64_t size) {
  if (size < kZipEndBytes) return std::nullopt;
  const uint64_t lowest = size - std::min<uint64_t>(size, kZipEndBytes + 0xffff);
  for (uint64_t at = size - kZipEndBytes + 1; at-- > lowest;) {
    if (file.u32(at) == 0x06054b50 && at + kZipEndBytes + file.u16(at + 20) == size) return at;
  }
  return std::nullopt;
}

Result<Directory> read_directory64(const Fields& file, uint64_t end) {
  if (end < kEnd64LocatorBytes || file.u32(end - kEnd64LocatorBytes) != 0x07064b50) {
    return corrupt_zip("", "the zip64 directory locator is missing");
  }
  const uint64_t at = file.u64(end - kEnd64LocatorBytes + 8);
  if (!file.has(at, kEnd64Bytes) || file.u32(at) != 0x06064b50) {
    return corrupt_zip("", "the zip64 directory record is missing");
  }
  if (file.u32(at + 16) != 0 || file.u32(at + 20) != 0) {
    return TESSERA_ERROR(kUnsupported, "", "the zip file spans several disks",
                         "join the parts first");
  }
  return Directory{file.u64(at + 32), file.u64(at + 40), file.u64(at + 48)};
}

Result<Directory> locate_directory(const Fields& file, uint64_t size) {
  const auto end = find_end_record(file, size);
  if (!end) return corrupt_zip("", "the zip directory at the end of the file is missing");
  if (file.u16(*end + 4) != 0 || file.u16(*end + 6) != 0) {
    return TESSERA_ERROR(kUnsupported, "", "the zip file spans several disks",
                         "join the parts first");
  }
  Directory directory{file.u16(*end + 10), file.u32(*end + 12), file.u32(*end + 16)};
  if (directory.entries == 0xffff || directory.bytes == 0xffffffff ||
      directory.offset == 0xffffffff) {
    TESSERA_TRY(directory, read_directory64(file, *end));
  }
  if (directory.offset > *end || directory.bytes > *end - directory.offset) {
    return corrupt_zip("", "the zip directory lies outside the file");
  }
  if (directory.entries > directory.bytes / kCentralBytes) {
    return corrupt_zip("", fmt::format("the zip directory announces {} entries but has room for {}",
                                       directory.entries, directory.bytes / kCentralBytes));
  }
  if (directory.entries > kMaxEntries) {
    return TESSERA_ERROR(
        kResourceLimit, "",
        fmt::format("{} zip entries exceed the limit of {}", directory.entries, kMaxEntries), "");
  }
  return directory;
}

// Sizes and offset of 0xffffffff are replaced by 64-bit ones from the extra field, in this fixed
// order.
Result<void> apply_zip64_extra(const Fields& file, uint64_t at, uint64_t count, ZipEntry& entry,
                               uint64_t& header_offset) {
  const uint64_t end = at + count;
  while (at + 4 <= end) {
    const uint32_t id = file.u16(at);
    const uint64_t size = file.u16(at + 2);
    at += 4;
    if (size > end - at) break;
    if (id == 1) {
      uint64_t field = at;
      for (uint64_t* value : {&entry.bytes, &entry.stored_bytes, &header_offset}) {
        if (*value != 0xffffffff) continue;
        if (field + 8 > at + size) return corrupt_zip(entry.name, "its zip64 sizes are cut short");
        *value = file.u64(field);
        field += 8;
      }
    }
    at += size;
  }
  return {};
}

// TensorFlow's arrays have a colon in their names, "conv1/kernel:0"; behind one letter it names a
// disk.
bool escapes(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != name.npos ||
      name.find('\0') != name.npos || name.find(':') == 1) {
    return true;
  }
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

// Reads one central record at `at`, moves `at` behind it and returns where the local header lies.
Result<uint64_t> read_central_record(const Fields& file, uint64_t& at, uint64_t end,
                                     ZipEntry& entry) {
  if (end - at < kCentralBytes || file.u32(at) != 0x02014b50) {
    return corrupt_zip("", "the zip directory is damaged");
  }
  const uint64_t name_bytes = file.u16(at + 28);
  const uint64_t extra_bytes = file.u16(at + 30);
  const uint64_t record_bytes = kCentralBytes + name_bytes + extra_bytes + file.u16(at + 32);
  if (record_bytes > end - at) return corrupt_zip("", "the zip directory is cut short");
  if (name_bytes > kMaxNameBytes) {
    return TESSERA_ERROR(kUnsafe, "", fmt::format("a zip entry has a name of {} bytes", name_bytes),
                         "");
  }
  entry.name = file.text(at + kCentralBytes, name_bytes);
  if (escapes(entry.name)) {
    return TESSERA_ERROR(kUnsafe, entry.name, "a zip entry's name tries to leave its folder",
                         "no honest tool writes such names: do not trust this file");
  }
  const uint32_t flags = file.u16(at + 8);
  const uint32_t method = file.u16(at + 10);
  if ((flags & 1) != 0) {
    return TESSERA_ERROR(kUnsupported, entry.name, "the zip entry is encrypted",
                         "save it unencrypted");
  }
  if (method != 0 && method != 8) {
    return TESSERA_ERROR(kUnsupported, entry.name,
                         fmt::format("zip compression {} is not known", method),
                         "store the entries uncompressed");
  }
  entry.deflated = method == 8;
  entry.crc = file.u32(at + 16);
  entry.stored_bytes = file.u32(at + 20);
  entry.bytes = file.u32(at + 24);
  uint64_t header_offset = file.u32(at + 42);
  TESSERA_TRY_VOID(
      apply_zip64_extra(file, at + kCentralBytes + name_bytes, extra_bytes, entry, header_offset));
  if (!entry.deflated && entry.bytes != entry.stored_bytes) {
    return corrupt_zip(entry.name, "a stored zip entry states two different sizes");
  }
  at += record_bytes;
  return header_offset;
}

// The local header must repeat the name: a file that shows different names to different readers is
// a trick.
Result<void> locate_data(const Fields& file, uint64_t directory_offset, uint64_t header,
                         ZipEntry& entry) {
  if (header > directory_offset || directory_offset - header < kLocalBytes ||
      file.u32(header) != 0x04034b50) {
    return corrupt_zip(entry.name, "its zip header is missing");
  }
  const uint64_t name_bytes = file.u16(header + 26);
  const uint64_t skip = kLocalBytes + name_bytes + file.u16(header + 28);
  if (skip > directory_offset - header || entry.stored_bytes > directory_offset - header - skip) {
    return corrupt_zip(entry.name, "its data lies outside the zip file");
  }
  if (file.text(header + kLocalBytes, name_bytes) != entry.name) {
    return TESSERA_ERROR(kUnsafe, entry.name, "the zip entry has another name in its own header",
                         "no honest tool writes such files: do not trust this file");
  }
  entry.header_offset = header;
  entry.data_offset = header + skip;
  return {};
}

Result<void> refuse_tricks(const std::vector<ZipEntry>& entries, uint64_t file_bytes) {
  std::vector<const ZipEntry*> sorted;
  uint64_t total = 0;
  for (const ZipEntry& entry : entries) {
    sorted.push_back(&entry);
    total = entry.bytes > UINT64_MAX - total ? UINT64_MAX : total + entry.bytes;
  }
  std::sort(sorted.begin(), sorted.end(), [](const ZipEntry* a, const ZipEntry* b) {
    return a->header_offset < b->header_offset;
  });
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i]->header_offset < sorted[i - 1]->data_offset + sorted[i - 1]->stored_bytes) {
      return TESSERA_ERROR(kUnsafe, sorted[i]->name,
                           "zip entries overlap: this is how zip bombs are built",
                           "do not trust this file");
    }
  }
  if (total > kExpansionFloorBytes && total / kMaxExpansion > file_bytes) {
    return TESSERA_ERROR(
        kUnsafe, "",
        fmt::format("{} bytes would unpack to {}: this is a zip bomb", file_bytes, total),
        "do not trust this file");
  }
  return {};
}

}  // namespace

Result<ZipArchive> ZipArchive::open(std::span<const uint8_t> file) {
  const Fields fields(file);
  TESSERA_TRY(const Directory directory, locate_directory(fields, file.size()));
  ZipArchive archive;
  archive.file_ = file;
  uint64_t at = directory.offset;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    ZipEntry entry;
    TESSERA_TRY(const uint64_t header,
                read_central_record(fields, at, directory.offset + directory.bytes, entry));
    TESSERA_TRY_VOID(locate_data(fields, directory.offset, header, entry));
    if (!archive.index_.emplace(entry.name, archive.entries_.size()).second) {
      return TESSERA_ERROR(kUnsafe, entry.name, "the zip file holds two entries of this name",
                           "no honest tool writes such files: do not trust this file");
    }
    archive.entries_.push_back(std::move(entry));
  }
  TESSERA_TRY_VOID(refuse_tricks(archive.entries_, file.size()));
  return archive;
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto it = index_.find(std::string(name));
  return it == index_.end() ? nullptr : &entries_[it->second];
}

Result<ZipBytes> ZipArchive::read(const ZipEntry& entry) const {
  const auto stored = file_.subspan(entry.data_offset, entry.stored_bytes);
  if (!entry.deflated) return ZipBytes(stored);
  // One byte more than announced, so that data which goes on is noticed without being unpacked.
  std::vector<uint8_t> bytes(entry.bytes + 1);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    return TESSERA_ERROR(kResourceLimit, entry.name, "no memory to decompress", "");
  }
  size_t in = 0;
  size_t out = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    constexpr size_t kStep = 1 << 30;  // zlib counts in 32 bits
    const size_t in_step = std::min(kStep, stored.size() - in);
    const size_t out_step = std::min(kStep, bytes.size() - out);
    stream.next_in = const_cast<Bytef*>(stored.data() + in);  // zlib does not write through it
    stream.avail_in = static_cast<uInt>(in_step);
    stream.next_out = bytes.data() + out;
    stream.avail_out = static_cast<uInt>(out_step);
    status = inflate(&stream, Z_NO_FLUSH);
    in += in_step - stream.avail_in;
    out += out_step - stream.avail_out;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || out != entry.bytes) {
    return corrupt_zip(
        entry.name,
        fmt::format("its compressed data does not give the {} bytes announced", entry.bytes));
  }
  bytes.resize(entry.bytes);
  return ZipBytes(std::move(bytes));
}

bool ZipArchive::checksum_matches(const ZipEntry& entry, std::span<const uint8_t> contents) {
  return crc32_z(0, contents.data(), contents.size()) == entry.crc;
}

}  // namespace tessera
