// What a user may hand over by mistake or in bad faith: the exact answer and exit code of each.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "model/torch/safetensors_builder.h"
#include "model/torch/torch_checkpoint.h"
#include "support/full_disk.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

std::string error_text(const std::string& what, const std::string& subject,
                       const std::string& next) {
  return fmt::format("error: {}\n  in: {}\n  next: {}\n", what, subject, next);
}

class CliBadInput : public ::testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view bytes) {
    const fs::path path = folder_ / name;
    EXPECT_TRUE(write_file_atomically(path, bytes, {.force = true}));
    return path.string();
  }
  std::string wave(const std::string& name, int channels, int64_t frames) {
    AudioBuffer audio{8000, {}};
    for (int c = 1; c <= channels; ++c) {
      audio.channels.emplace_back(static_cast<size_t>(frames), 0.1F * static_cast<float>(c));
    }
    const fs::path path = folder_ / name;
    EXPECT_TRUE(write_audio(path, audio));
    return path.string();
  }
  Outcome separate(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"separate", kDemoModel});
    if (std::find(arguments.begin(), arguments.end(), "-o") == arguments.end()) {
      arguments.insert(arguments.end(), {"-o", (folder_ / "out").string()});
    }
    return tessera_tool(arguments);
  }
  void expect_error(const Outcome& outcome, ErrorCode code, const std::string& what,
                    const std::string& subject, const std::string& next) {
    EXPECT_EQ(outcome.code, exit_code(code));
    EXPECT_EQ(outcome.err, error_text(what, subject, next));
    EXPECT_EQ(outcome.out, "");
  }

  ScratchFolder folder_;
};

TEST_F(CliBadInput, AMissingRecording) {
  expect_error(separate({"nowhere.wav"}), ErrorCode::kNotFound, "no such file or directory",
               "nowhere.wav", "check the path");
}

TEST_F(CliBadInput, AMissingModel) {
  expect_error(tessera_tool({"inspect", "nowhere.pth"}), ErrorCode::kNotFound,
               "no such file or directory", "nowhere.pth", "check the path");
}

TEST_F(CliBadInput, AFolderAsModel) {
  const std::string folder = folder_.path().string();
  expect_error(tessera_tool({"inspect", folder}), ErrorCode::kInvalidArgument,
               "is a folder without a network that is known by its files' names", folder,
               "name the network's file, or a folder with SpeechBrain's encoder.ckpt, masknet.ckpt "
               "and decoder.ckpt");
}

TEST_F(CliBadInput, AnEmptyModel) {
  const std::string model = file("empty.pth", "");
  EXPECT_EQ(tessera_tool({"inspect", model}).err,
            "error: the file is empty\n  in: " + model + "\n  next: copy or download it again\n");
}

TEST_F(CliBadInput, AnOutputWhoseFolderIsMissingIsRefusedBeforeTheWork) {
  const Outcome outcome = tessera_tool({"calibrate", kDemoModel, "--calib", kDemoMixture,
                                        "--windows", "2", "-o", (folder_ / "c.npz").string(),
                                        "--stats", (folder_ / "none" / "s.json").string()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_EQ(outcome.err, "error: there is no such folder to write in\n  in: " +
                             (folder_ / "none").string() + "\n  next: create it first\n");
  EXPECT_FALSE(fs::exists(folder_ / "c.npz"));
}

TEST_F(CliBadInput, AFolderWithoutRecordings) {
  const std::string folder = folder_.path().string();
  expect_error(separate({folder}), ErrorCode::kNotFound, "the folder holds no recordings", folder,
               "name the recordings themselves, or a folder of wav, flac, mp3, ... files");
}

TEST_F(CliBadInput, AFileThatIsNoAudio) {
  const std::string path = file("notes.wav", "dear diary, today I recorded nothing\n");
  expect_error(separate({path}), ErrorCode::kUnsupported,
               "is not a sound file of a known kind (WAV, AIFF, CAF, W64, AU, NIST SPHERE, FLAC, "
               "Ogg and MP3)",
               path, "give the recording itself");
}

TEST_F(CliBadInput, AnEmptyRecording) {
  const std::string path = file("empty.wav", "");
  expect_error(separate({path}), ErrorCode::kInvalidArgument, "is empty (0 bytes)", path,
               "record or export it again");
}

TEST_F(CliBadInput, ARecordingWithoutSamples) {
  // RIFF, PCM, mono, 8 kHz, 16 bit, data of 0 bytes
  const std::string header(
      "RIFF\x24\0\0\0WAVEfmt "
      "\x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0",
      44);
  const std::string path = file("none.wav", header);
  expect_error(separate({path}), ErrorCode::kInvalidArgument, "holds no samples (0 frames)", path,
               "record or export it again");
}

TEST_F(CliBadInput, ARecordingShorterThanTheEncodersKernel) {
  const std::string path = wave("click.wav", 1, 15);
  expect_error(
      separate({path}), ErrorCode::kInvalidArgument,
      "an input of 15 samples is shorter than the 16 the network needs (encoder kernel 16)", path,
      "give at least 16 samples");
}

TEST_F(CliBadInput, ATruncatedRecording) {
  const std::string path = wave("cut.wav", 1, 4000);
  fs::resize_file(path, 3000);
  expect_error(separate({path}), ErrorCode::kCorrupt,
               "is truncated: its header announces 8000 bytes of samples, 2956 are there", path,
               "get the whole file again; --allow-truncated takes what is there");
}

TEST_F(CliBadInput, SeveralChannels) {
  const std::string path = wave("stereo.wav", 2, 2000);
  expect_error(separate({path}), ErrorCode::kInvalidArgument,
               "has 2 channels, the network takes one", path,
               "give --channel mix for their mean, or --channel 1 for the first");
}

TEST_F(CliBadInput, AnUnknownBackend) {
  const Outcome outcome = separate({kDemoMixture, "--backend", "quantum"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(
      outcome.err.find("error: is unknown\n  in: backend 'quantum'\n  next: known backends: "),
      std::string::npos)
      << outcome.err;
}

TEST_F(CliBadInput, ANetworkThatRunsCode) {
  const std::string path = TESSERA_SOURCE_DIR "/tests/data/torch/runs_code.pth";
  expect_error(tessera_tool({"inspect", path}), ErrorCode::kUnsafe,
               "the pickle asks for posix.system, which is not data", path + ": data.pkl",
               "nothing was run; if you trust the file, save only its weights: "
               "torch.save(model.state_dict(), path)");
}

TEST_F(CliBadInput, ATruncatedNetwork) {
  const std::string path = file("cut.pth", contents(kDemoModel).substr(0, 700000));
  expect_error(tessera_tool({"inspect", path}), ErrorCode::kCorrupt,
               "the zip directory at the end of the file is missing", path,
               "the file is damaged or was cut short: copy or download it again");
}

TEST_F(CliBadInput, NaNWeightsAreWarnedAboutAndNeverWritten) {
  const auto bytes = read_file(kDemoModel, 1 << 24);
  ASSERT_TRUE(bytes);
  auto checkpoint = read_torch_checkpoint(*bytes);
  ASSERT_TRUE(checkpoint);
  for (NamedTensor& entry : checkpoint->tensors) {
    if (entry.name != "masker.bottleneck.1.bias") continue;
    std::vector<float> values(entry.tensor.values().begin(), entry.tensor.values().end());
    values[3] = std::nanf("");
    entry.tensor = Tensor(entry.tensor.dims(), values);
  }
  const fs::path path = folder_ / "nan.safetensors";
  ASSERT_TRUE(write_file_atomically(path, std::span<const uint8_t>(safetensors_file(*checkpoint))));
  const std::string warning =
      "warning: masker.bottleneck.1.bias: 1 of 64 weights are NaN or infinite; outputs will be "
      "too\n";
  const Outcome inspected =
      tessera_tool({"inspect", path.string(), "--model-arg", "mask_act=relu"});
  EXPECT_EQ(inspected.code, 0) << inspected.err;
  EXPECT_NE(inspected.err.find(warning), std::string::npos) << inspected.err;
  const Outcome separated =
      tessera_tool({"separate", path.string(), kDemoMixture, "-o", (folder_ / "out").string(),
                    "--sample-rate", "8000", "--model-arg", "mask_act=relu"});
  EXPECT_EQ(separated.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(separated.err.find(warning), std::string::npos) << separated.err;
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

TEST_F(CliBadInput, AnArrayOfTheWrongType) {
  const std::string header =
      "{'descr': '<c8', 'fortran_order': False, 'shape': (4,), }                              \n";
  std::string npy = std::string("\x93NUMPY\x01\x00", 8);
  npy += static_cast<char>(header.size());
  npy += '\0';
  const std::string complex_numbers = file("complex.npy", npy + header + std::string(32, '\0'));
  expect_error(tessera_tool({"run", kDemoModel, "--input", complex_numbers}),
               ErrorCode::kUnsupported, "holds values of type '<c8', which is not read",
               complex_numbers, "convert it with array.astype('float32')");
}

TEST_F(CliBadInput, AnArrayThatIsNoArray) {
  expect_error(tessera_tool({"run", kDemoModel, "--input", kDemoMixture}), ErrorCode::kCorrupt,
               "is not a .npy file", kDemoMixture, "write it again with numpy.save");
}

TEST_F(CliBadInput, AFileWhereTheFolderShouldBe) {
  const std::string path = file("taken", "x");
  expect_error(separate({kDemoMixture, "-o", path}), ErrorCode::kInvalidArgument,
               "is a file, not a folder", path, "name a folder");
}

TEST_F(CliBadInput, AFolderThatCannotBeMade) {
  const Outcome outcome = separate({kDemoMixture, "-o", "/proc/voices"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
}

TEST_F(CliBadInput, AFolderThatCannotBeWrittenTo) {
  const fs::path disk = folder_ / "disk";
  fs::create_directory(disk);
  const auto result = on_full_disk(disk, [&] {  // and read-only, which stops root too
    ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k");
    const Outcome outcome = separate({kDemoMixture, "-o", disk.string()});
    return outcome.code == exit_code(ErrorCode::kIo) &&
           outcome.err == error_text("cannot create a file here: permission denied", disk.string(),
                                     "check the permissions of the file and its folder");
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

TEST_F(CliBadInput, AFullDiskLeavesNothingBehind) {
  const fs::path disk = folder_ / "disk";
  fs::create_directory(disk);
  const auto result = on_full_disk(disk, [&] {
    // 64 KiB hold one of the two voices.
    const Outcome outcome = separate({kDemoMixture, "-o", disk.string()});
    return outcome.code == exit_code(ErrorCode::kNoSpace) && fs::is_empty(disk) &&
           outcome.err.find("error: ") != std::string::npos;
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

TEST_F(CliBadInput, TwoRecordingsOfOneName) {
  fs::create_directory(folder_ / "a");
  const std::string first = wave("talk.wav", 1, 2000), second = wave("a/talk.wav", 1, 2000);
  expect_error(
      separate({first, second}), ErrorCode::kInvalidArgument,
      fmt::format("would write {}/talk_s1.wav as {} does", (folder_ / "out").string(), first),
      second, "separate them into different folders");
}

TEST_F(CliBadInput, AnArgumentThatIsNoArgument) {
  expect_error(tessera_tool({"inspect", kDemoModel, "--model-arg", "relu"}),
               ErrorCode::kInvalidArgument, "'relu' is not NAME=VALUE", "--model-arg",
               "write it like --model-arg mask_act=relu");
}

TEST_F(CliBadInput, AContainerThatCannotHoldTheSamplesIsRefusedBeforeTheWork) {
  const Outcome outcome = separate({kDemoMixture, "--format", "ogg", "--subtype", "pcm16"});
  expect_error(outcome, ErrorCode::kInvalidArgument, ".ogg files cannot hold pcm16 samples",
               (folder_ / "out/04_mix_s1.ogg").string(), "choose from: vorbis");
}

}  // namespace
}  // namespace tessera
