#include "vendor/hailo/hef/hef_header.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/counted.h"
#include "vendor/hailo/hef/md5.h"
#include "vendor/hailo/other_file.h"

namespace tessera {
namespace {

constexpr std::array<uint8_t, 4> kMagic{1, 'H', 'E', 'F'};
constexpr std::array<uint64_t, 4> kHeaderBytes{32, 28, 44, 56};  // by version

constexpr std::string_view kCopyAgain =
    "copy or download the file again, or compile it again; its first bytes are not damaged";

class BigEndian {
 public:
  explicit BigEndian(std::span<const uint8_t> bytes) : rest_(bytes) {}

  uint64_t take(size_t count) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | rest_[i];
    rest_ = rest_.subspan(count);
    return value;
  }
  std::string digits(size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += fmt::format("{:02x}", take(1));
    return text;
  }

 private:
  std::span<const uint8_t> rest_;
};

uint64_t add_saturating(uint64_t a, uint64_t b) {
  return a > std::numeric_limits<uint64_t>::max() - b ? std::numeric_limits<uint64_t>::max()
                                                      : a + b;
}

// The fields that follow magic, version and the description's length.
void read_rest(BigEndian& in, HefHeader& header) {
  switch (header.version) {
    case 0:
      in.take(4);
      header.checksum = HefChecksum::md5;
      header.stated = in.digits(16);
      return;
    case 1:
      header.checksum = HefChecksum::crc32;
      header.stated = in.digits(4);
      header.weight_bytes = in.take(8);
      return;
    case 2:
      header.checksum = HefChecksum::xxh3;
      header.stated = in.digits(8);
      header.weight_bytes = in.take(8);
      return;
    default: {
      header.checksum = HefChecksum::xxh3;
      header.stated = in.digits(8);
      const uint64_t with_padding = in.take(8);
      header.padding_bytes = in.take(4);
      header.weight_bytes = with_padding - std::min(with_padding, header.padding_bytes);
      header.additional_bytes = in.take(8);
      const std::string own = in.digits(8);
      if (own.find_first_not_of('0') != own.npos) header.description_stated = own;
    }
  }
}

std::string digits_of(HefChecksum kind, std::span<const uint8_t> bytes) {
  switch (kind) {
    case HefChecksum::md5: return md5(bytes);
    case HefChecksum::crc32: return fmt::format("{:08x}", ::crc32_z(0, bytes.data(), bytes.size()));
    case HefChecksum::xxh3: return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
  }
  return "";
}

}  // namespace

std::string_view to_string(HefChecksum kind) {
  switch (kind) {
    case HefChecksum::md5: return "MD5";
    case HefChecksum::crc32: return "CRC-32";
    case HefChecksum::xxh3: return "XXH3-64";
  }
  return "";
}

uint64_t HefHeader::file_bytes() const {
  return add_saturating(add_saturating(weights_offset(), weight_bytes), additional_bytes);
}

Result<HefHeader> read_hef_header(std::span<const uint8_t> file) {
  const auto shown = std::min(file.size(), kMagic.size());
  if (file.empty() || !std::equal(kMagic.begin(), kMagic.begin() + shown, file.begin())) {
    return other_file(file, "a HEF");
  }
  if (file.size() < 12) {
    return TESSERA_ERROR(kCorrupt, "",
                         fmt::format("a HEF that ends at byte {}, within its header", file.size()),
                         std::string(kCopyAgain));
  }
  BigEndian in(file);
  in.take(4);
  HefHeader header;
  header.version = static_cast<uint32_t>(in.take(4));
  if (header.version >= kHeaderBytes.size()) {
    return TESSERA_ERROR(
        kUnsupported, "",
        fmt::format("a HEF of version {} (byte 4): versions 0 to 3 are read", header.version),
        "compile the network with a compiler whose files the installed HailoRT reads");
  }
  header.header_bytes = kHeaderBytes[header.version];
  if (file.size() < header.header_bytes) {
    return TESSERA_ERROR(kCorrupt, "",
                         fmt::format("a HEF of version {} that ends at byte {}: its header alone "
                                     "has {} bytes",
                                     header.version, file.size(), header.header_bytes),
                         std::string(kCopyAgain));
  }
  header.description_bytes = in.take(4);
  read_rest(in, header);
  return header;
}

HefChecksums check_hef_bytes(const HefHeader& header, std::span<const uint8_t> file,
                             DamageLog& log) {
  HefChecksums sums;
  const uint64_t stated = header.file_bytes();
  if (file.size() < stated) {
    log.add(file.size(), fmt::format("the file ends here, and should have {} bytes: {} missing",
                                     stated, counted(stated - file.size(), "byte")));
    return sums;
  }
  if (file.size() > stated) {
    log.add(stated, fmt::format("{} behind the end that the header states",
                                counted(file.size() - stated, "byte")));
  }
  const auto description = file.subspan(header.header_bytes, header.description_bytes);
  const bool partly = !header.description_stated.empty();
  sums.computed = true;
  sums.actual = partly ? digits_of(header.checksum, description)
                       : digits_of(header.checksum, file.subspan(header.header_bytes));
  const std::string& expected = partly ? header.description_stated : header.stated;
  sums.matches = sums.actual == expected;
  if (!sums.matches) {
    log.add(
        header.header_bytes,
        fmt::format("the {} of {} is {}, and the header states {}", to_string(header.checksum),
                    partly ? "the description" : "the bytes from here on", sums.actual, expected));
  }
  return sums;
}

}  // namespace tessera
