// Command lines that advise a converter for what is not read run as they are shown.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/hint_text.h"
#include "cli/tool.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Runs a command line that a hint shows as bash would, in the recording's folder, with a program in
// ffmpeg's place that keeps its arguments.
class CliHintsFfmpeg : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_ / "bin");
    std::ofstream(folder_ / "bin/ffmpeg") << "#!/bin/sh\nprintf '%s\\0' \"$@\" > \"$ARGUMENTS\"\n";
    fs::permissions(folder_ / "bin/ffmpeg", fs::perms::owner_all);
  }
  std::vector<std::string> arguments_of(const std::string& hint) {
    const size_t at = hint.find("ffmpeg ");
    EXPECT_NE(at, std::string::npos) << hint;
    if (at == std::string::npos) return {};
    const std::string script = fmt::format("export PATH={}:$PATH ARGUMENTS={}\n{}\n", path("bin"),
                                           path("arguments"), hint.substr(at));
    std::ofstream(folder_ / "script", std::ios::binary) << script;
    fs::remove(path("arguments"));
    run_program("bash", {path("script")}, folder_.path());
    std::vector<std::string> arguments;
    std::string kept = contents(path("arguments"));
    for (size_t end; (end = kept.find('\0')) != std::string::npos; kept.erase(0, end + 1)) {
      arguments.push_back(kept.substr(0, end));
    }
    return arguments;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  ScratchFolder folder_;
};

TEST_F(CliHintsFfmpeg, NamesOfEveryKindReachTheConverterWhole) {
  const std::string mp4(
      "\0\0\0\x20"
      "ftypM4A and so on",
      20);
  for (const std::string name :
       {"plain.m4a", "my song; echo x.m4a", "it's \"mine\" $HOME `id`.m4a", "two\nlines.m4a",
        "\xff\xfe latin.m4a", "-y.m4a", "a:b.m4a",
        "gr\xc3\xbc\xc3\x9f"
        "e.m4a",
        "* ?[a]{b}~.m4a", "back\\slash.m4a", "no extension", "talk.wav", "TALK.WAV", "x.m4a\n"}) {
    std::ofstream(folder_.path() / name, std::ios::binary) << mp4;
    const Outcome outcome =
        tessera_tool({"separate", kDemoModel, "-o", path("out"), "--", name}, folder_.path());
    EXPECT_EQ(outcome.code, 10) << name << outcome.err;
    const std::vector<std::string> arguments = arguments_of(hint_of(outcome));
    ASSERT_EQ(arguments.size(), 3U) << name << ": " << outcome.err;
    EXPECT_EQ(arguments[0], "-i");
    EXPECT_TRUE(fs::equivalent(folder_.path() / arguments[1], folder_.path() / name)) << name;
    EXPECT_FALSE(arguments[1].starts_with('-')) << name;
    EXPECT_FALSE(arguments[2].starts_with('-')) << name;
    EXPECT_NE(arguments[1], arguments[2]);
    EXPECT_FALSE(fs::exists(folder_.path() / arguments[2])) << name;
    EXPECT_TRUE(arguments[2].ends_with(".wav") || arguments[2].ends_with(".flac")) << name;
    fs::remove(folder_.path() / name);
  }
}

TEST_F(CliHintsFfmpeg, EncodingsThatAreNotReadAdviseItToo) {
  // IMA ADPCM in AIFF-C, by its header alone: FORM, COMM of one channel, SSND.
  std::string gsm(
      "RIFF\x8d\0\0\0WAVEfmt \x14\0\0\0\x31\0\x01\0\x40\x1f\0\0\x59\x06\0\0\x41\0\0\0"
      "\x02\0\x40\x01"
      "fact\x04\0\0\0\x40\x01\0\0"
      "data\x41\0\0\0",
      60);
  gsm += std::string(66, '\0');
  std::ofstream(path("old call.wav"), std::ios::binary) << gsm;
  const Outcome outcome =
      tessera_tool({"separate", kDemoModel, "old call.wav", "-o", path("out")}, folder_.path());
  EXPECT_EQ(outcome.code, 10) << outcome.err;
  EXPECT_EQ(arguments_of(hint_of(outcome)),
            (std::vector<std::string>{"-i", "old call.wav", "old call.flac"}));
}

TEST_F(CliHintsFfmpeg, FieldCaseOfAFileNameWithACommandInIt) {
  const Outcome outcome = tessera_tool(
      {"separate", kDemoModel,
       std::string(TESSERA_SOURCE_DIR) + "/tests/data/field/separate_messages/my song; echo x.mp3",
       "-o", path("out")});
  EXPECT_EQ(outcome.code, 8) << outcome.err;
  EXPECT_EQ(hint_of(outcome).find("echo"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace tessera
