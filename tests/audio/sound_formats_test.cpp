// Every container that is read, whole, streamed and cut off: the samples against those of the plain
// WAV, or of what ffmpeg decodes (tools/vectors/make_sound_files.py).
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/npy.h"
#include "support/scratch_folder.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Values = std::vector<float>;

const fs::path kData = TESSERA_SOURCE_DIR "/tests/data";
const fs::path kSound = kData / "sound";
const fs::path kStreamed = kData / "field/wav_streamed_headers";

std::string content(const fs::path& path) {
  const auto bytes = read_file(path, 1 << 24);
  EXPECT_TRUE(bytes) << path;
  return bytes ? std::string(bytes->begin(), bytes->end()) : "";
}

const Values& plain() {
  static const Values samples = read_audio(kStreamed / "plain.wav").value().channels.at(0);
  return samples;
}

class SoundFormats : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) {
    EXPECT_TRUE(write_file_atomically(folder_ / name, std::string_view(bytes), {.force = true}));
    return folder_ / name;
  }
  // Same samples as plain.wav; returns the notes.
  static std::string expect_plain(const fs::path& path, AudioReadOptions options = {}) {
    const auto audio = read_audio(path, options);
    if (!audio) {
      ADD_FAILURE() << audio.error().to_string();
      return "";
    }
    EXPECT_EQ(audio->sample_rate, 8000) << path;
    EXPECT_EQ(audio->channels, std::vector<Values>{plain()}) << path;
    return fmt::format("{}", fmt::join(audio->notes, "; "));
  }
  static std::string refusal(const fs::path& path) {
    const auto audio = read_audio(path);
    return audio ? "accepted" : audio.error().message;
  }

  ScratchFolder folder_;
};

std::string little_endian(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

// plain.wav with another length of its data, and of the whole.
std::string wav_of(uint32_t riff, uint32_t data) {
  std::string bytes = content(kStreamed / "plain.wav");
  bytes.replace(4, 4, little_endian(riff, 4));
  bytes.replace(40, 4, little_endian(data, 4));
  return bytes;
}

TEST_F(SoundFormats, EveryLosslessContainerHoldsTheSamplesOfThePlainWav) {
  for (const char* name :
       {"plain.aiff", "plain.aifc", "little_endian.aifc", "plain.caf", "plain.w64", "plain.au",
        "plain.sph", "plain.flac", "plain.rf64", "plain.bw64", "rifx.wav"}) {
    EXPECT_EQ(expect_plain(kSound / name), "") << name;
  }
}

TEST_F(SoundFormats, TellsTheContainer) {
  const auto container = [](const char* name) {
    return AudioReader::open(kSound / name).value().info().container;
  };
  EXPECT_EQ(container("plain.aifc"), "AIFF");
  EXPECT_EQ(container("plain.caf"), "CAF");
  EXPECT_EQ(container("plain.w64"), "Wave64");
  EXPECT_EQ(container("plain.au"), "AU");
  EXPECT_EQ(container("plain.sph"), "NIST SPHERE");
  EXPECT_EQ(container("plain.rf64"), "WAV");
  EXPECT_EQ(container("lame.mp3"), "MP3");
  EXPECT_EQ(container("opus.opus"), "Ogg");
}

TEST_F(SoundFormats, LossyFilesAreDecodedAsFfmpegDoes) {
  struct Case {
    const char* name;
    size_t samples;
    float largest_difference;
  };
  for (const Case& c : {Case{"lame.mp3", 2000, 2e-6F}, Case{"bare.mp3", 3456, 2e-6F},
                        Case{"vorbis.ogg", 2000, 2e-6F}, Case{"opus.opus", 12000, 2e-4F}}) {
    const auto audio = read_audio(kSound / c.name);
    ASSERT_TRUE(audio) << audio.error().to_string();
    const Values& got = audio->channels.at(0);
    ASSERT_EQ(got.size(), c.samples) << c.name;
    const NpyArray witness = read_npy(kSound / (std::string(c.name) + ".npy")).value();
    ASSERT_GE(witness.values.size(), c.samples) << c.name;
    float largest = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      largest = std::max(largest, std::abs(got[i] - witness.values[i]));
    }
    EXPECT_LE(largest, c.largest_difference) << c.name;
  }
}

TEST_F(SoundFormats, StreamedFilesAreReadToTheirEndWithANote) {
  for (const char* name :
       {"sox_stream.wav", "sox_stream.aiff", "sox_stream.aifc", "sox_stream.au",
        "ffmpeg_stream.wav", "ffmpeg_stream.aiff", "ffmpeg_stream.au", "ffmpeg_stream.caf",
        "ffmpeg_stream.w64", "ffmpeg_stream.rf64", "ffmpeg_stream.flac"}) {
    const std::string notes = expect_plain(kSound / name);
    EXPECT_NE(notes.find("its length was never stored"), std::string::npos) << name << notes;
    EXPECT_NE(notes.find("read to the end of the file, 2000 frames"), std::string::npos) << notes;
    EXPECT_TRUE(AudioReader::open(kSound / name).value().info().length_missing) << name;
  }
}

TEST_F(SoundFormats, FieldCasesOfStreamedWavHeaders) {
  EXPECT_EQ(expect_plain(kStreamed / "size_zero.wav"),
            "its length was never stored (0 in its header): read to the end of the file, 2000 "
            "frames");
  EXPECT_EQ(expect_plain(kStreamed / "size_7fffffff.wav"),
            "its length was never stored (7FFFFFFF in its header): read to the end of the file, "
            "2000 frames");
  EXPECT_EQ(expect_plain(kStreamed / "size_ffffffff_ok.wav"),
            "its length was never stored (FFFFFFFF in its header): read to the end of the file, "
            "2000 frames");
}

TEST_F(SoundFormats, EveryPlaceholderOfAKnownWriterIsOne) {
  // Nothing; SoX, espeak; LAME; arecord; all ones less the header; all ones less one.
  for (const uint32_t data : {0U, 0x7ffff000U, 0x7fffffffU, 0x7fffffdbU, 0x80000000U, 0xffffffdbU,
                              0xfffffffeU, 0xffffffffU}) {
    for (const uint32_t riff : {0U, 36U, 0x7ffff024U, data + 36, 0xffffffffU}) {
      const std::string notes = expect_plain(write("a.wav", wav_of(riff, data)));
      EXPECT_NE(notes.find("never stored"), std::string::npos) << std::hex << data << " " << riff;
    }
  }
}

TEST_F(SoundFormats, AWrongLengthOfTheWholeDoesNotMatterWhereThatOfTheDataIsRight) {
  for (const uint32_t riff : {0U, 0x7fffffffU, 0xffffffffU, 100U}) {
    EXPECT_EQ(expect_plain(write("a.wav", wav_of(riff, 4000))), "") << riff;
  }
}

TEST_F(SoundFormats, ChunksOfTextAreNoSamples) {
  const std::string list = "LIST" + little_endian(14, 4) + "INFOIART" + little_endian(2, 4) + "me";
  const std::string whole = content(kStreamed / "plain.wav");
  std::string before = whole.substr(0, 36) + list + whole.substr(36);
  EXPECT_EQ(expect_plain(write("before.wav", before)), "");
  EXPECT_EQ(expect_plain(write("after.wav", whole + list)), "");
  before.replace(36 + list.size() + 4, 4, little_endian(0, 4));
  EXPECT_NE(expect_plain(write("streamed.wav", before)), "");
  const std::string two = list + "id3 " + little_endian(3, 4) + "abc";
  for (const uint32_t data : {0U, 0xffffffffU}) {
    EXPECT_NE(expect_plain(write("both.wav", wav_of(0, data) + list)), "");
    EXPECT_NE(expect_plain(write("both.wav", wav_of(0, data) + two)), "");
    EXPECT_NE(expect_plain(write("both.wav", wav_of(0, data) + two + '\0')), "");
  }
}

TEST_F(SoundFormats, NothingBetweenHeaderAndTextIsNoSample) {
  const std::string list = "LIST" + little_endian(14, 4) + "INFOIART" + little_endian(2, 4) + "me";
  EXPECT_EQ(refusal(write("a.wav", wav_of(0, 0).substr(0, 44) + list)),
            "holds no samples (0 frames)");
}

TEST_F(SoundFormats, HalfASampleAtTheEndOfAStreamIsLeftOut) {
  EXPECT_NE(expect_plain(write("a.wav", wav_of(0, 0) + "x")), "");
}

TEST_F(SoundFormats, SamplesThatTheHeaderDoesNotCountAreTold) {
  std::string bytes = wav_of(36 + 1000, 1000);
  const auto audio = read_audio(write("a.wav", bytes));
  ASSERT_TRUE(audio) << audio.error().to_string();
  EXPECT_EQ(audio->frames(), 500);
  ASSERT_EQ(audio->notes.size(), 1U);
  EXPECT_EQ(audio->notes[0],
            "3000 bytes behind its samples are left out: its header does not count them");
  EXPECT_EQ(expect_plain(write("padded.wav", wav_of(4036, 4000) + std::string(2048, '\0'))), "");
}

struct Cut {
  const char* file;
  size_t bytes;  // that are left
  const char* message;
};

TEST_F(SoundFormats, AFileThatIsCutOffIsRefused) {
  for (const Cut& cut : {
           Cut{"plain.aiff", 1088, "is truncated: its header announces 4008 bytes of samples, "},
           Cut{"plain.aifc", 1086, "is truncated: its header announces 4008 bytes of samples, "},
           Cut{"plain.caf", 5096, "is truncated: its header announces 4004 bytes of samples, "},
           Cut{"plain.w64", 1104, "is truncated: its header announces 4000 bytes of samples, "},
           Cut{"plain.rf64", 1114, "is truncated: its header announces 4000 bytes of samples, "},
           Cut{"plain.au", 1044, "is truncated: its header announces 4000 bytes of samples, "},
           Cut{"plain.sph", 2024, "is truncated: its header announces 4000 bytes of samples, "},
           Cut{"lame.mp3", 700, "is truncated: its first frame announces 1512 bytes, "},
           Cut{"opus.opus", 2000, "is truncated: its last Ogg page is cut off"},
       }) {
    const std::string bytes = content(kSound / cut.file).substr(0, cut.bytes);
    EXPECT_EQ(refusal(write(cut.file, bytes)).substr(0, std::string_view(cut.message).size()),
              cut.message)
        << cut.file;
  }
}

TEST_F(SoundFormats, WhatIsThereOfACutFileIsUsedOnRequestAndTheRestCounted) {
  for (const Cut& cut :
       {Cut{"plain.aiff", 3088, ""}, Cut{"plain.aifc", 3086, ""}, Cut{"plain.caf", 7096, ""},
        Cut{"plain.w64", 3104, ""}, Cut{"plain.rf64", 3114, ""}, Cut{"plain.au", 3044, ""},
        Cut{"plain.sph", 4024, ""}}) {
    const fs::path path = write(cut.file, content(kSound / cut.file).substr(0, cut.bytes));
    const auto audio = read_audio(path, {.allow_truncated = true});
    ASSERT_TRUE(audio) << audio.error().to_string();
    EXPECT_EQ(audio->channels[0], Values(plain().begin(), plain().begin() + 1500)) << cut.file;
    ASSERT_EQ(audio->notes.size(), 1U) << cut.file;
    EXPECT_NE(audio->notes[0].find("is cut off: 50"), std::string::npos) << audio->notes[0];
  }
  const fs::path wav = write("a.wav", content(kStreamed / "plain.wav").substr(0, 3044));
  const auto audio = read_audio(wav, {.allow_truncated = true});
  ASSERT_TRUE(audio) << audio.error().to_string();
  EXPECT_EQ(audio->channels[0], Values(plain().begin(), plain().begin() + 1500));
  EXPECT_EQ(audio->notes, std::vector<std::string>{"is cut off: 500 of 2000 frames are missing"});
}

TEST_F(SoundFormats, WhatIsThereOfCutCompressedFilesIsUsedOnRequest) {
  Values longer;
  for (int i = 0; i < 20; ++i) longer.insert(longer.end(), plain().begin(), plain().end());
  ASSERT_TRUE(write_audio(folder_ / "a.flac", longer, 8000));
  ASSERT_TRUE(write_audio(folder_ / "a.ogg", longer, 8000));
  const auto flac = read_audio(
      write("b.flac",
            content(folder_ / "a.flac").substr(0, content(folder_ / "a.flac").size() / 2)),
      {.allow_truncated = true});
  ASSERT_TRUE(flac) << flac.error().to_string();
  const int64_t frames = flac->frames();
  EXPECT_GT(frames, 10000);
  EXPECT_TRUE(std::equal(flac->channels[0].begin(), flac->channels[0].end(), longer.begin()));
  EXPECT_EQ(flac->notes, std::vector<std::string>{fmt::format(
                             "is cut off: {} of 40000 frames are missing", 40000 - frames)});
  const std::string pages = content(folder_ / "a.ogg");
  const auto ogg =
      read_audio(write("b.ogg", pages.substr(0, pages.rfind("OggS"))), {.allow_truncated = true});
  ASSERT_TRUE(ogg) << ogg.error().to_string();
  EXPECT_GT(ogg->frames(), 10000);
  ASSERT_EQ(ogg->notes.size(), 1U);
  EXPECT_NE(ogg->notes[0].find("is cut off: its end is missing"), std::string::npos);
}

TEST_F(SoundFormats, AWholeFileIsWholeWhereCutOnesAreAllowedToo) {
  EXPECT_EQ(expect_plain(kStreamed / "plain.wav", {.allow_truncated = true}), "");
  EXPECT_EQ(expect_plain(kSound / "plain.flac", {.allow_truncated = true}), "");
}

TEST_F(SoundFormats, AnId3TagBeforeOtherKindsIsPassed) {
  const std::string tag = std::string("ID3\x04\0\0\0\0\0\x05", 10) + "hello";
  EXPECT_EQ(refusal(write("a.mp3", tag + "\xff\xf1 this is AAC  ")).substr(0, 8), "is AAC; ");
}

TEST_F(SoundFormats, WhatIsNoSoundIsCalledByItsName) {
  EXPECT_EQ(refusal(write("._talk.wav", std::string("\0\5\x16\7\0\2\0\0Mac OS X        ", 24))),
            "is an AppleDouble file: what a Mac keeps beside a recording, not the recording");
  EXPECT_EQ(refusal(write("a.wav", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n")),
            "is a Git LFS pointer, not the file it stands for");
  EXPECT_EQ(refusal(write("a.wav", "<!DOCTYPE html><html></html>")), "is an HTML page");
  EXPECT_EQ(refusal(write("a.m4a", std::string("\0\0\0\x20"
                                               "ftypM4A ",
                                               12)))
                .substr(0, 17),
            "is MP4 or M4A; WA");
}

TEST_F(SoundFormats, EveryCutOfEveryContainerIsReadOrRefusedNotCrashed) {
  int read = 0;
  int refused = 0;
  for (const auto& entry : fs::directory_iterator(kSound)) {
    if (entry.path().extension() == ".npy") continue;
    const std::string bytes = content(entry.path());
    for (size_t size = 1; size < bytes.size(); size += 1 + bytes.size() / 19) {
      const fs::path path = write("cut", bytes.substr(0, size));
      for (const bool allow : {false, true}) {
        const auto audio = read_audio(path, {.allow_truncated = allow});
        EXPECT_LE(audio ? audio->frames() : 0, 12000) << entry.path() << " cut to " << size;
        ++(audio ? read : refused);
      }
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace tessera
