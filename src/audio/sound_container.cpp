#include "audio/sound_container.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/shell_word.h"

namespace tessera {
namespace {

struct Magic {
  size_t offset;
  std::string_view bytes;
  std::string_view name;
};

// What people try, so that the refusal can say it; ffmpeg reads all of these.
constexpr Magic kOtherSounds[] = {
    {0, "\x1a\x45\xdf\xa3", "Matroska or WebM"},
    {4, "ftyp", "MP4 or M4A"},
    {0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA (ASF)"},
    {0, "#!AMR", "AMR"},
    {0, "ADIF", "AAC"},
    {0, "MAC ", "Monkey's Audio"},
    {0, "wvpk", "WavPack"},
    {0, "TTA1", "True Audio"},
    {0, "DSD ", "DSF"},
    {0, "FRM8", "DSDIFF"},
    {0, "Creative Voice File", "VOC"},
    {0, "RIFF", "RIFF, but not WAV"},
    {0, "FORM", "IFF, but not AIFF"},
    {0, "\x0b\x77", "AC-3"},
};

// No sound at all.
constexpr Magic kOtherFiles[] = {
    {0, std::string_view("\x00\x05\x16\x07", 4),
     "an AppleDouble file: what a Mac keeps beside a recording, not the recording"},
    {0, "PK\x03\x04", "a zip archive"},
    {0, "\x1f\x8b", "a gzip archive"},
    {0, "version https://", "a Git LFS pointer, not the file it stands for"},
    {0, "<!DOCTYPE", "an HTML page"},
    {0, "<!doctype", "an HTML page"},
    {0, "<html", "an HTML page"},
    {0, "%PDF", "a PDF document"},
    {0, "\x89PNG", "a PNG picture"},
    {0, "\xff\xd8\xff", "a JPEG picture"},
};

bool matches(const Magic& magic, std::string_view head) {
  const std::string_view known = magic.bytes.substr(0, kContainerHeadBytes - magic.offset);
  return head.size() >= magic.offset && head.substr(magic.offset).starts_with(known);
}

template <size_t N>
std::string_view name_among(const Magic (&list)[N], std::string_view head) {
  const auto* found = std::find_if(std::begin(list), std::end(list),
                                   [&](const Magic& magic) { return matches(magic, head); });
  return found == std::end(list) ? std::string_view() : found->name;
}

// The header of an MPEG audio frame: 11 bits set, and no reserved value in what follows. (Layer 0,
// which is reserved here, is AAC.)
bool is_mpeg_frame(std::string_view head) {
  if (head.size() < 4) return false;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(head[i]); };
  const int version = byte(1) >> 3 & 3;
  const int layer = byte(1) >> 1 & 3;
  return byte(0) == 0xff && (byte(1) & 0xe0) == 0xe0 && version != 1 && layer != 0 &&
         byte(2) >> 4 != 15 && (byte(2) >> 2 & 3) != 3;
}

bool is_aac_frame(std::string_view head) {
  return head.size() >= 2 && head[0] == '\xff' && (static_cast<uint8_t>(head[1]) & 0xf6) == 0xf0;
}

bool is_read(std::string_view head, SoundContainer& container) {
  const std::string_view form = head.size() >= 12 ? head.substr(8, 4) : "";
  const auto found = [&](SoundContainer kind) {
    container = kind;
    return true;
  };
  if (form == "WAVE") {
    for (const char* id : {"RIFF", "RIFX", "RF64", "BW64"}) {
      if (head.starts_with(id)) return found(SoundContainer::kWav);
    }
  }
  if (head.starts_with("FORM") && (form == "AIFF" || form == "AIFC")) {
    return found(SoundContainer::kAiff);
  }
  if (head.starts_with("riff\x2e\x91\xcf\x11")) return found(SoundContainer::kWave64);
  if (head.starts_with("caff")) return found(SoundContainer::kCaf);
  if (head.starts_with(".snd")) return found(SoundContainer::kAu);
  if (head.starts_with("NIST_1A")) return found(SoundContainer::kNist);
  if (head.starts_with("fLaC")) return found(SoundContainer::kFlac);
  if (head.starts_with("OggS")) return found(SoundContainer::kOgg);
  return is_mpeg_frame(head) && found(SoundContainer::kMpeg);
}

}  // namespace

std::string_view to_string(SoundContainer container) {
  switch (container) {
    case SoundContainer::kWav: return "WAV";
    case SoundContainer::kWave64: return "Wave64";
    case SoundContainer::kAiff: return "AIFF";
    case SoundContainer::kCaf: return "CAF";
    case SoundContainer::kAu: return "AU";
    case SoundContainer::kNist: return "NIST SPHERE";
    case SoundContainer::kFlac: return "FLAC";
    case SoundContainer::kOgg: return "Ogg";
    case SoundContainer::kMpeg: return "MP3";
    case SoundContainer::kRaw: return "raw";
  }
  return "";
}

std::string conversion_hint(const std::string& path) {
  // Beside the recording, under a name that is not its own.
  const std::filesystem::path source(path);
  std::string extension = source.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  std::filesystem::path made = source;
  made.replace_extension(extension == ".wav" ? ".flac" : ".wav");
  return fmt::format("convert it first: ffmpeg -i {} {}", shell_path(path),
                     shell_path(made.string()));
}

Result<SoundContainer> container_of(std::string_view head, const std::string& subject) {
  SoundContainer container = SoundContainer::kWav;
  if (is_read(head, container)) return container;
  constexpr std::string_view kRead = "WAV, AIFF, CAF, W64, AU, NIST SPHERE, FLAC, Ogg and MP3";
  std::string_view other = name_among(kOtherSounds, head);
  if (other.empty() && is_aac_frame(head)) other = "AAC";
  if (!other.empty()) {
    return TESSERA_ERROR(kUnsupported, subject,
                         fmt::format("is {}; {} files are read", other, kRead),
                         conversion_hint(subject));
  }
  other = name_among(kOtherFiles, head);
  return TESSERA_ERROR(kUnsupported, subject,
                       other.empty()
                           ? fmt::format("is not a sound file of a known kind ({})", kRead)
                           : fmt::format("is {}", other),
                       "give the recording itself");
}

}  // namespace tessera
