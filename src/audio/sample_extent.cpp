#include "audio/sample_extent.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr int kMaxChunks = 10'000;
constexpr uint64_t kMaxOggPageBytes = 27 + 255 + 255 * 255;

uint64_t integer(std::string_view bytes, bool big_endian) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t at = big_endian ? i : bytes.size() - 1 - i;
    value = value << 8 | static_cast<uint8_t>(bytes[at]);
  }
  return value;
}

std::string stored(uint64_t value, size_t size, bool big_endian) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[big_endian ? size - 1 - i : i] = static_cast<char>(value >> (8 * i) & 0xff);
  }
  return bytes;
}

// How a format writes its chunks.
struct ChunkSyntax {
  std::string_view samples;  // id of the chunk that holds them
  uint64_t first;            // offset of the first chunk
  size_t size_bytes;         // of a chunk's length; it follows the id
  bool big_endian;
  bool counts_header;  // whether a length counts id and length
  uint64_t alignment;  // of the next chunk
};
constexpr ChunkSyntax kRiff{"data", 12, 4, false, false, 2};
constexpr ChunkSyntax kRifx{"data", 12, 4, true, false, 2};
constexpr ChunkSyntax kAiff{"SSND", 12, 4, true, false, 2};
constexpr ChunkSyntax kCaf{"data", 8, 8, true, false, 1};
constexpr ChunkSyntax kWave64{
    std::string_view("data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a", 16),
    40,
    8,
    false,
    true,
    8};

// Where the samples are said to lie.
struct Place {
  uint64_t begin = 0;
  uint64_t size = 0;         // as stored, without what it counts of the header
  uint64_t size_offset = 0;  // of the stored size
  size_t size_bytes = 4;
  bool big_endian = false;
  uint64_t header_bytes = 0;  // that the stored size counts, too
  uint64_t stored = 0;
};

Error no_samples(const std::string& subject) {
  return TESSERA_ERROR(kCorrupt, subject, "is truncated: it ends before its samples begin",
                       "get the whole file again");
}

// Walks the chunks to the samples. A "ds64" chunk on the way (RF64, BW64) holds the lengths that
// 32 bits cannot.
Result<Place> find_samples(const ChunkSyntax& syntax, const SoundBytes& bytes,
                           const std::string& subject) {
  const size_t id_bytes = syntax.samples.size();
  const uint64_t header_bytes = id_bytes + syntax.size_bytes;
  std::optional<uint64_t> long_size_offset;
  uint64_t offset = syntax.first;
  for (int chunk = 0; chunk < kMaxChunks; ++chunk) {
    const std::string header = bytes.read_at(offset, header_bytes);
    if (header.size() < header_bytes) break;
    Place place;
    place.size_offset = offset + id_bytes;
    place.size_bytes = syntax.size_bytes;
    place.big_endian = syntax.big_endian;
    place.header_bytes = syntax.counts_header ? header_bytes : 0;
    place.stored = integer(std::string_view(header).substr(id_bytes), syntax.big_endian);
    place.begin = offset + header_bytes;
    const bool is_possible = place.stored >= place.header_bytes || place.stored == 0;
    if (!is_possible) {
      return TESSERA_ERROR(kCorrupt, subject,
                           fmt::format("has a broken header: a chunk of {} bytes", place.stored),
                           "export it again");
    }
    place.size = place.stored - std::min(place.stored, place.header_bytes);
    if (header.starts_with(syntax.samples)) {
      if (long_size_offset && place.stored == 0xffffffff) {
        place.size_offset = *long_size_offset;
        place.size_bytes = 8;
        place.stored = place.size = integer(bytes.read_at(place.size_offset, 8), false);
      }
      return place;
    }
    if (header.starts_with("ds64") && place.size >= 16) long_size_offset = place.begin + 8;
    const uint64_t padding = (syntax.alignment - place.size % syntax.alignment) % syntax.alignment;
    if (place.size >= bytes.size()) break;
    offset = place.begin + place.size + padding;
  }
  return no_samples(subject);
}

// What writers store that do not know the length: nothing, or as much as goes in, or about that.
// SoX and its relatives leave 2^31 - 4096 (AIFF: 0x7f000000), arecord 2^31, LAME 2^31 - 1, ffmpeg
// all ones; some subtract the header, or round down to whole frames.
bool is_placeholder(const Place& place) {
  constexpr uint64_t kNear = 4096 + 64;
  const auto is_near = [&](uint64_t limit) {
    return place.stored + kNear >= limit && place.stored <= limit + kNear;
  };
  const auto ends_at = [&](uint64_t largest) {
    return place.stored <= largest && largest - place.stored <= kNear;
  };
  if (place.stored == 0) return true;
  if (is_near(0x80000000U) || is_near(0x7f000000U) || ends_at(0xffffffffU)) return true;
  return place.size_bytes == 8 && (is_near(uint64_t{1} << 63) || ends_at(~uint64_t{0}));
}

bool is_chunk_id(std::string_view id) {
  constexpr std::array<std::string_view, 23> kKnown = {
      "LIST", "list", "id3 ", "ID3 ", "bext", "iXML", "cue ", "smpl",
      "inst", "fact", "PEAK", "JUNK", "junk", "PAD ", "afsp", "_PMX",
      "chna", "axml", "NAME", "AUTH", "ANNO", "COMT", "MARK"};
  return std::find(kKnown.begin(), kKnown.end(), id) != kKnown.end();
}

// Where the first row of chunks begins in `tail` that ends where it ends; tail.size() without one.
size_t begin_of_chunks(std::string_view tail, bool big_endian) {
  // By position: whether a row of chunks begins there. The last chunk's padding may be missing.
  std::vector<bool> is_row(tail.size() + 2);
  is_row[tail.size()] = is_row[tail.size() + 1] = true;
  size_t begin = tail.size();
  for (size_t left = 8; left <= tail.size(); ++left) {
    const size_t at = tail.size() - left;
    const uint64_t size = integer(tail.substr(at + 4, 4), big_endian);
    if (size > left - 8 || !is_row[at + 8 + size + size % 2]) continue;
    is_row[at] = is_chunk_id(tail.substr(at, 4));
    if (is_row[at]) begin = at;
  }
  return begin;
}

// Where the samples end that begin at `begin` and are said to have no length: before what text
// stands behind them, else with the file.
uint64_t end_of_unmeasured(const ChunkSyntax& syntax, const SoundBytes& bytes, uint64_t begin) {
  if (syntax.size_bytes != 4) return bytes.size();
  constexpr uint64_t kMaxTailBytes = 1 << 16;
  const uint64_t tail_begin = std::max(begin, bytes.size() - std::min(bytes.size(), kMaxTailBytes));
  const std::string tail = bytes.read_at(tail_begin, bytes.size() - tail_begin);
  return tail_begin + begin_of_chunks(tail, syntax.big_endian);
}

// Bytes behind the samples that are neither padding nor a chunk: samples, perhaps, that the header
// does not count.
uint64_t unread_behind(const ChunkSyntax& syntax, const SoundBytes& bytes, uint64_t end) {
  if (syntax.size_bytes != 4) return 0;
  end += end % 2;
  if (end >= bytes.size()) return 0;
  const std::string next = bytes.read_at(end, 4096);
  const bool is_zero = std::all_of(next.begin(), next.end(), [](char c) { return c == '\0'; });
  const bool is_named = next.size() >= 8 && std::all_of(next.begin(), next.begin() + 4, [](char c) {
                          return c >= 0x20 && c < 0x7f;
                        });
  const bool is_chunk = is_named && integer(std::string_view(next).substr(4, 4),
                                            syntax.big_endian) <= bytes.size() - end - 8;
  return is_zero || is_chunk ? 0 : bytes.size() - end;
}

// Compares the announced length of the samples with the file's and corrects it.
SampleExtent compare(const ChunkSyntax& syntax, const Place& place, SoundBytes& bytes) {
  SampleExtent extent;
  uint64_t present = bytes.size() - place.begin;
  if (place.size <= present && place.stored != 0) {
    extent.unread_bytes = unread_behind(syntax, bytes, place.begin + place.size);
    // A stream longer than what its writer took for the longest goes on behind it.
    if (extent.unread_bytes == 0 || !is_placeholder(place)) return extent;
    extent.unread_bytes = 0;
  }
  if (is_placeholder(place)) {
    present = end_of_unmeasured(syntax, bytes, place.begin) - place.begin;
    if (present == 0) return extent;
    extent.placeholder = place.stored == 0 ? "0" : fmt::format("{:X}", place.stored);
  } else {
    extent.cut_off =
        fmt::format("its header announces {} bytes of samples, {} are there", place.size, present);
    extent.announced_bytes = static_cast<int64_t>(std::min<uint64_t>(place.size, INT64_MAX));
  }
  // Where 32 bits do not hold it, libsndfile takes the end of the file for all ones.
  const uint64_t limit = place.size_bytes == 4 ? 0xffffffffU : ~uint64_t{0};
  const uint64_t corrected = std::min(present + place.header_bytes, limit);
  bytes.replace(place.size_offset, stored(corrected, place.size_bytes, place.big_endian));
  return extent;
}

Result<SampleExtent> extent_of_chunks(const ChunkSyntax& syntax, SoundBytes& bytes,
                                      const std::string& subject) {
  TESSERA_TRY(const Place place, find_samples(syntax, bytes, subject));
  return compare(syntax, place, bytes);
}

Result<SampleExtent> extent_of_wav(SoundBytes& bytes, const std::string& subject) {
  const std::string id = bytes.read_at(0, 4);
  // BW64 is RF64 with more kinds of chunks; libsndfile knows the older name.
  if (id == "BW64") bytes.replace(0, "RF64");
  return extent_of_chunks(id == "RIFX" ? kRifx : kRiff, bytes, subject);
}

// Sun and NeXT: offset and length of the samples in a header of 24 bytes.
Result<SampleExtent> extent_of_au(SoundBytes& bytes, const std::string& subject) {
  const std::string header = bytes.read_at(0, 12);
  if (header.size() < 12) return no_samples(subject);
  Place place;
  place.begin = integer(std::string_view(header).substr(4, 4), true);
  place.stored = place.size = integer(std::string_view(header).substr(8, 4), true);
  place.size_offset = 8;
  place.big_endian = true;
  if (place.begin > bytes.size()) return no_samples(subject);
  constexpr ChunkSyntax kNoChunksBehind{"", 0, 8, true, false, 1};
  return compare(kNoChunksBehind, place, bytes);
}

// The number after "NAME -i " in the text of a NIST header.
std::optional<uint64_t> nist_field(std::string_view header, std::string_view name) {
  const std::string key = fmt::format("\n{} -i ", name);
  const size_t at = header.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = at + key.size(); i < header.size() && header[i] >= '0' && header[i] <= '9'; ++i) {
    if (value > INT32_MAX) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(header[i] - '0');
  }
  return value;
}

// A header of text, a thousand bytes long; a file without a sample_count is read to its end.
Result<SampleExtent> extent_of_nist(const SoundBytes& bytes, const std::string& subject) {
  constexpr uint64_t kHeaderBytes = 1024;
  if (bytes.size() < kHeaderBytes) return no_samples(subject);
  const std::string header = bytes.read_at(0, kHeaderBytes);
  const auto count = nist_field(header, "sample_count");
  const auto sample_bytes = nist_field(header, "sample_n_bytes");
  const uint64_t channels = nist_field(header, "channel_count").value_or(1);
  SampleExtent extent;
  if (!count || !sample_bytes || channels > 256 || *sample_bytes > 8) return extent;
  const uint64_t announced = *count * *sample_bytes * channels;
  const uint64_t present = bytes.size() - kHeaderBytes;
  if (announced > present) {
    extent.cut_off =
        fmt::format("its header announces {} bytes of samples, {} are there", announced, present);
    extent.announced_bytes = static_cast<int64_t>(announced);
  }
  return extent;
}

// The last page must be whole and marked as the last.
SampleExtent extent_of_ogg(const SoundBytes& bytes) {
  SampleExtent extent;
  const uint64_t tail_bytes = std::min(bytes.size(), kMaxOggPageBytes);
  const std::string tail = bytes.read_at(bytes.size() - tail_bytes, tail_bytes);
  const size_t page = tail.rfind("OggS");
  if (page == std::string::npos || page + 27 > tail.size()) {
    extent.cut_off = "its last Ogg page is cut off";
    return extent;
  }
  const size_t segments = static_cast<uint8_t>(tail[page + 26]);
  size_t page_end = page + 27 + segments;
  for (size_t i = 0; i < segments && page + 27 + i < tail.size(); ++i) {
    page_end += static_cast<uint8_t>(tail[page + 27 + i]);
  }
  constexpr uint8_t kEndOfStream = 4;
  if (page_end > tail.size()) {
    extent.cut_off = "its last Ogg page is cut off";
  } else if ((static_cast<uint8_t>(tail[page + 5]) & kEndOfStream) == 0) {
    extent.cut_off = "its last Ogg page is missing";
  }
  return extent;
}

// Encoders that knew the length say it in the first frame, behind the place of its side
// information: "Xing" or "Info", flags, frames (flag 1), bytes from this frame on (flag 2).
SampleExtent extent_of_mpeg(const SoundBytes& bytes) {
  SampleExtent extent;
  extent.frames_are_estimated = true;
  const uint64_t begin = id3_tag_bytes(bytes);
  const std::string frame = bytes.read_at(begin, 64);
  for (const size_t side_bytes : {size_t{9}, size_t{17}, size_t{32}}) {
    const size_t at = 4 + side_bytes;
    if (frame.size() < at + 16) continue;
    const std::string_view tag = std::string_view(frame).substr(at);
    const auto field = [&](size_t i) { return integer(tag.substr(4 * i, 4), true); };
    if (!tag.starts_with("Xing") && !tag.starts_with("Info")) continue;
    const bool tells_frames = (field(1) & 1) != 0;
    extent.frames_are_estimated = !tells_frames;
    const uint64_t announced = (field(1) & 2) != 0 ? field(tells_frames ? 3 : 2) : 0;
    const uint64_t present = bytes.size() - begin;
    // Less is left to the count of frames: a tag that was taken off may have been counted, too.
    if (announced > present + present / 100) {
      extent.cut_off =
          fmt::format("its first frame announces {} bytes, {} are there", announced, present);
    }
  }
  return extent;
}

}  // namespace

uint64_t id3_tag_bytes(const SoundBytes& bytes) {
  const std::string header = bytes.read_at(0, 10);
  if (header.size() < 10 || !header.starts_with("ID3")) return 0;
  uint64_t size = 0;
  for (size_t i = 6; i < 10; ++i) size = size << 7 | (static_cast<uint8_t>(header[i]) & 0x7f);
  constexpr int kHasFooter = 0x10;
  return size + ((header[5] & kHasFooter) != 0 ? 20 : 10);
}

Result<SampleExtent> find_sample_extent(SoundContainer container, SoundBytes& bytes,
                                        const std::string& subject) {
  switch (container) {
    case SoundContainer::kWav: return extent_of_wav(bytes, subject);
    case SoundContainer::kWave64: return extent_of_chunks(kWave64, bytes, subject);
    case SoundContainer::kAiff: return extent_of_chunks(kAiff, bytes, subject);
    case SoundContainer::kCaf: return extent_of_chunks(kCaf, bytes, subject);
    case SoundContainer::kAu: return extent_of_au(bytes, subject);
    case SoundContainer::kNist: return extent_of_nist(bytes, subject);
    case SoundContainer::kOgg: return extent_of_ogg(bytes);
    case SoundContainer::kMpeg: return extent_of_mpeg(bytes);
    case SoundContainer::kFlac:
    case SoundContainer::kRaw: return SampleExtent{};
  }
  return SampleExtent{};
}

}  // namespace tessera
