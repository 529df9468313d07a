#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "audio/tones.h"
#include "support/scratch_folder.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

template <typename Integer>
void put(std::string& bytes, Integer value) {
  for (size_t i = 0; i < sizeof value; ++i) {
    bytes += static_cast<char>((static_cast<uint64_t>(value) >> (8 * i)) & 0xff);
  }
}

// A mono WAV file: format tag 1 = integers, 3 = floats.
std::string wav(uint16_t tag, uint16_t bits, const std::string& data, uint32_t announced_bytes,
                uint32_t rate = 8000, uint16_t channels = 1) {
  std::string bytes = "RIFF";
  put(bytes, static_cast<uint32_t>(36 + data.size()));
  bytes += "WAVEfmt ";
  put(bytes, uint32_t{16});
  put(bytes, tag);
  put(bytes, channels);
  put(bytes, rate);
  put(bytes, static_cast<uint32_t>(rate * channels * bits / 8));
  put(bytes, static_cast<uint16_t>(channels * bits / 8));
  put(bytes, bits);
  bytes += "data";
  put(bytes, announced_bytes);
  return bytes + data;
}

std::string wav(uint16_t tag, uint16_t bits, const std::string& data) {
  return wav(tag, bits, data, static_cast<uint32_t>(data.size()));
}

template <typename Value>
std::string stored(const std::vector<Value>& values) {
  std::string bytes(values.size() * sizeof(Value), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

class AudioReaderTest : public testing::Test {
 protected:
  fs::path write(std::string_view name, const std::string& bytes) {
    EXPECT_TRUE(write_file_atomically(folder_ / name, std::string_view(bytes), {.force = true}));
    return folder_ / name;
  }

  std::vector<float> read(const std::string& bytes) {
    const auto audio = read_audio(write("a.wav", bytes));
    EXPECT_TRUE(audio) << audio.error().to_string();
    return audio ? audio->channels.at(0) : std::vector<float>{};
  }

  // The error without the folder's name.
  std::string refusal(std::string_view name, const std::string& bytes) {
    return refusal(write(name, bytes));
  }
  std::string refusal(const fs::path& path) {
    const auto audio = read_audio(path);
    if (audio) return "accepted";
    std::string text = audio.error().to_string();
    const std::string prefix = folder_.path().string() + "/";
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  std::string content(const fs::path& path) {
    const auto bytes = read_file(path, 1 << 24);
    return bytes ? std::string(bytes->begin(), bytes->end()) : "";
  }

  ScratchFolder folder_;
};

using Values = std::vector<float>;

TEST_F(AudioReaderTest, Reads16BitAsThe32768th) {
  EXPECT_EQ(read(wav(1, 16, stored<int16_t>({-32768, 16384, 1}))), (Values{-1, 0.5, 1 / 32768.0F}));
}

TEST_F(AudioReaderTest, Reads8BitUnsigned) {
  EXPECT_EQ(read(wav(1, 8, stored<uint8_t>({0, 192}))), (Values{-1, 0.5}));
}

TEST_F(AudioReaderTest, Reads24And32Bit) {
  EXPECT_EQ(read(wav(1, 24, std::string("\x00\x00\x80\x00\x00\x40", 6))), (Values{-1, 0.5}));
  EXPECT_EQ(read(wav(1, 32, stored<int32_t>({INT32_MIN, 1 << 30}))), (Values{-1, 0.5}));
}

TEST_F(AudioReaderTest, ReadsFloatAndDoubleUnchanged) {
  EXPECT_EQ(read(wav(3, 32, stored<float>({1e-20F, 7}))), (Values{1e-20F, 7}));
  EXPECT_EQ(read(wav(3, 64, stored<double>({0.25, -3}))), (Values{0.25, -3}));
}

TEST_F(AudioReaderTest, SeparatesChannels) {
  const auto bytes = wav(1, 16, stored<int16_t>({16384, -16384, 8192, -8192}), 8, 8000, 2);
  const auto audio = read_audio(write("a.wav", bytes));
  ASSERT_TRUE(audio) << audio.error().to_string();
  EXPECT_EQ(audio->channels, (std::vector<Values>{{0.5, 0.25}, {-0.5, -0.25}}));
}

TEST_F(AudioReaderTest, TellsWhatTheFileIs) {
  const auto reader = AudioReader::open(write("a.wav", wav(1, 16, stored<int16_t>({1, 2, 3}))));
  ASSERT_TRUE(reader) << reader.error().to_string();
  EXPECT_EQ(reader->info().container, "WAV");
  EXPECT_EQ(reader->info().encoding, "Signed 16 bit PCM");
  EXPECT_EQ(reader->info().sample_rate, 8000);
  EXPECT_EQ(reader->info().channels, 1);
  EXPECT_EQ(reader->info().frames, 3);
  EXPECT_FALSE(reader->info().length_missing);
}

TEST_F(AudioReaderTest, BlocksAddUpToTheWhole) {
  const Values samples = tone(100'000, 440, 16'000);
  ASSERT_TRUE(write_audio(folder_ / "a.flac", samples, 16'000));
  const auto whole = read_audio(folder_ / "a.flac");
  ASSERT_TRUE(whole);
  auto reader = AudioReader::open(folder_ / "a.flac");
  ASSERT_TRUE(reader);
  Values joined;
  for (;;) {
    const auto block = reader->read(12'345);
    ASSERT_TRUE(block) << block.error().to_string();
    if (block->frames() == 0) break;
    joined.insert(joined.end(), block->channels[0].begin(), block->channels[0].end());
  }
  EXPECT_EQ(joined, whole->channels[0]);
}

TEST_F(AudioReaderTest, ReadsToTheEndWhenTheLengthWasNeverStored) {
  const auto bytes = wav(1, 16, stored<int16_t>({16384, 8192}), 0xffffffff);
  const auto reader = AudioReader::open(write("a.wav", bytes));
  ASSERT_TRUE(reader) << reader.error().to_string();
  EXPECT_TRUE(reader->info().length_missing);
  EXPECT_EQ(read(bytes), (Values{0.5, 0.25}));
}

TEST_F(AudioReaderTest, RefusesAMissingFile) {
  EXPECT_EQ(refusal("missing.wav"), "missing.wav: no such file or directory (check the path)");
}

TEST_F(AudioReaderTest, RefusesADirectory) {
  EXPECT_EQ(refusal("/"), "/: is a directory, not a file (name a file in it)");
}

TEST_F(AudioReaderTest, RefusesADevice) {
  EXPECT_EQ(refusal("/dev/zero"),
            "/dev/zero: is a device or pipe, not a regular file (save it to a file first)");
}

TEST_F(AudioReaderTest, RefusesAnEmptyFile) {
  EXPECT_EQ(refusal("a.wav", ""), "a.wav: is empty (0 bytes) (record or export it again)");
}

TEST_F(AudioReaderTest, RefusesAFileWithoutSamples) {
  EXPECT_EQ(refusal("a.wav", wav(1, 16, "")),
            "a.wav: holds no samples (0 frames) (record or export it again)");
}

TEST_F(AudioReaderTest, RefusesText) {
  EXPECT_EQ(refusal("a.wav", "These are words."),
            "a.wav: is not a sound file of a known kind (WAV, AIFF, CAF, W64, AU, NIST SPHERE, "
            "FLAC, Ogg and MP3) (give the recording itself)");
}

TEST_F(AudioReaderTest, RefusesOtherAudioByName) {
  const std::string text = refusal("a.m4a", std::string("\0\0\0\x20"
                                                        "ftypM4A ",
                                                        12));
  EXPECT_TRUE(text.starts_with("a.m4a: is MP4 or M4A; WAV, AIFF, CAF, ")) << text;
  EXPECT_TRUE(text.ends_with("(convert it first: ffmpeg -i a.m4a a.wav)")) << text;
}

TEST_F(AudioReaderTest, RefusesTelephonyCodes) {
  std::string bytes = wav(0x31, 0, std::string(65, '\0'), 65);  // GSM 6.10
  bytes = bytes.substr(0, 12) +
          std::string(
              "fmt \x14\0\0\0\x31\0\x01\0\x40\x1f\0\0\x59\x06\0\0"
              "\x41\0\0\0\x02\0\x40\x01"
              "fact\x04\0\0\0\x40\x01\0\0",
              40) +
          bytes.substr(36);
  EXPECT_EQ(refusal("a.wav", bytes),
            "a.wav: is encoded as GSM 6.10, which is not read"
            " (convert it first: ffmpeg -i a.wav a.flac)");
}

TEST_F(AudioReaderTest, RefusesATruncatedWav) {
  EXPECT_EQ(refusal("a.wav", wav(1, 16, stored<int16_t>({1, 2, 3}), 1000)),
            "a.wav: is truncated: its header announces 1000 bytes of samples, 6 are there"
            " (get the whole file again; AudioReadOptions::allow_truncated takes what is there)");
}

TEST_F(AudioReaderTest, RefusesAWavThatClaimsFourGigabytes) {
  EXPECT_EQ(refusal("a.wav", wav(1, 16, stored<int16_t>({1, 2, 3}), 0xff000000)),
            "a.wav: is truncated: its header announces 4278190080 bytes of samples, 6 are there"
            " (get the whole file again; AudioReadOptions::allow_truncated takes what is there)");
}

TEST_F(AudioReaderTest, RefusesAWavThatEndsInItsHeader) {
  EXPECT_EQ(refusal("a.wav", wav(1, 16, "").substr(0, 30)),
            "a.wav: is truncated: it ends before its samples begin (get the whole file again)");
}

TEST_F(AudioReaderTest, RefusesABrokenWavHeader) {
  std::string bytes = wav(1, 16, stored<int16_t>({1, 2, 3}));
  bytes.replace(12, 4, "xxxx");
  const std::string text = refusal("a.wav", bytes);
  EXPECT_EQ(text.substr(0, 34), "a.wav: has a broken WAV header: Er") << text;
  EXPECT_EQ(text.substr(text.size() - 18), " (export it again)") << text;
}

TEST_F(AudioReaderTest, RefusesATruncatedFlac) {
  ASSERT_TRUE(write_audio(folder_ / "a.flac", tone(100'000, 440, 8000), 8000));
  const std::string bytes = content(folder_ / "a.flac");
  const std::string text = refusal("b.flac", bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(text.substr(0, 60), "b.flac: is truncated: its header announces 100000 frames, 49")
      << text;
}

TEST_F(AudioReaderTest, RefusesAFlacThatClaimsTooManyFrames) {
  ASSERT_TRUE(write_audio(folder_ / "a.flac", tone(1000, 440, 8000), 8000));
  std::string bytes = content(folder_ / "a.flac");
  // The 36 bit total of STREAMINFO: the lower half of byte 13 of its content and the 4 bytes after
  // it.
  for (size_t i = 0; i < 5; ++i)
    bytes[8 + 13 + i] = static_cast<char>(i == 0 ? bytes[21] | 0x0f : 0xff);
  EXPECT_EQ(refusal("b.flac", bytes),
            "b.flac: is truncated: its header announces 68719476735 frames, 1000 are there"
            " (get the whole file again; AudioReadOptions::allow_truncated takes what is there)");
}

TEST_F(AudioReaderTest, RefusesATruncatedOgg) {
  ASSERT_TRUE(write_audio(folder_ / "a.ogg", tone(100'000, 440, 8000), 8000));
  const std::string bytes = content(folder_ / "a.ogg");
  EXPECT_EQ(refusal("b.ogg", bytes.substr(0, bytes.size() - 10)),
            "b.ogg: is truncated: its last Ogg page is cut off (get the whole file again; "
            "AudioReadOptions::allow_truncated takes what is there)");
  EXPECT_EQ(refusal("b.ogg", bytes.substr(0, bytes.rfind("OggS"))),
            "b.ogg: is truncated: its last Ogg page is missing (get the whole file again; "
            "AudioReadOptions::allow_truncated takes what is there)");
}

TEST_F(AudioReaderTest, RefusesMoreThanTheLimit) {
  const auto path = write("a.wav", wav(1, 16, stored<int16_t>({1, 2, 3})));
  EXPECT_TRUE(read_audio(path, {.sample_limit = 3}));
  const auto audio = read_audio(path, {.sample_limit = 2});
  ASSERT_FALSE(audio);
  EXPECT_EQ(audio.error().code, ErrorCode::kResourceLimit);
  EXPECT_EQ(audio.error().to_string(),
            path.string() +
                ": is longer than the limit of 2 frames of 1 channels (cut it into shorter files)");
}

TEST_F(AudioReaderTest, ReportsNanAndInfiniteSamples) {
  Values samples(8000, 0.0F);
  samples[2000] = std::numeric_limits<float>::quiet_NaN();
  samples[4000] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(refusal("a.wav", wav(3, 32, stored(samples))),
            "a.wav: 2 of its samples are NaN or infinite, the first at 0.250 s in channel 1"
            " (repair or export it again)");
}

TEST_F(AudioReaderTest, EveryTruncationOfAFileIsRefusedNotCrashed) {
  ASSERT_TRUE(write_audio(folder_ / "a.flac", tone(2000, 440, 8000), 8000));
  ASSERT_TRUE(write_audio(folder_ / "a.ogg", tone(2000, 440, 8000), 8000));
  ASSERT_TRUE(write_audio(folder_ / "a.wav", tone(100, 440, 8000), 8000));
  for (const char* name : {"a.flac", "a.ogg", "a.wav"}) {
    const std::string bytes = content(folder_ / name);
    for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 300) {
      EXPECT_NE(refusal("b", bytes.substr(0, size)), "accepted") << name << " cut to " << size;
    }
  }
}

}  // namespace
}  // namespace tessera
