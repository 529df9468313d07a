// The frame: help, versions, exit codes, --json.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/help_text.h"
#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

using nlohmann::json;

TEST(CliUsage, WithoutACommandItShowsTheHelpAndFails) {
  const Outcome outcome = tessera_tool({});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("Usage: tessera"), std::string::npos);
}

TEST(CliUsage, TheHelpListsEveryExitCode) {
  const Outcome outcome = tessera_tool({"--help"});
  EXPECT_EQ(outcome.code, kExitSuccess);
  for (const ExitCode& row : kExitCodes) {
    EXPECT_NE(outcome.out.find(std::string(row.when)), std::string::npos) << row.when;
  }
}

TEST(CliUsage, EveryCommandHasExamplesInItsHelp) {
  ASSERT_GE(every_command().size(), 31U);  // the program, its commands, and theirs
  for (const CommandPath& command : every_command()) {
    EXPECT_NE(help_of(command).find("Examples:\n"), std::string::npos)
        << fmt::format("{}", fmt::join(command, " "));
  }
}

TEST(CliUsage, AnUnknownCommandIsNamed) {
  const Outcome outcome = tessera_tool({"seperate"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err,
            "error: unknown command 'seperate'\n  in: tessera\n  next: see 'tessera --help'\n");
}

TEST(CliUsage, AnUnknownOptionIsNamed) {
  const Outcome outcome = tessera_tool({"inspect", "x.pth", "--lenght", "5"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err,
            "error: The following arguments were not expected: 5 --lenght\n  in: tessera inspect\n"
            "  next: see 'tessera inspect --help'\n");
}

TEST(CliUsage, AValueThatIsNoChoiceIsToldTheChoices) {
  EXPECT_EQ(tessera_tool({"separate", "x.pth", "x.wav", "-o", "out", "--format", "mp3"}).err,
            "error: --format: 'mp3' is none of wav, flac, ogg, raw\n  in: tessera separate\n"
            "  next: see 'tessera separate --help'\n");
  const Outcome outcome = tessera_tool({"plan", "x.pth", "--layout", "column"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err,
            "error: --layout: 'column' is none of auto, row, stripes\n  in: tessera plan\n"
            "  next: see 'tessera plan --help'\n");
}

TEST(CliUsage, AChoiceMayBeWrittenInCapitals) {
  EXPECT_EQ(tessera_tool({"plan", "no_such.pth", "--layout", "ROW"}).err,
            "error: no such file or directory\n  in: no_such.pth\n  next: check the path\n");
}

TEST(CliUsage, ANumberOutOfRangeIsToldTheRange) {
  EXPECT_EQ(
      tessera_tool({"calibrate", "x.pth", "--calib", "x.wav", "-o", "x.npz", "--windows", "0"}).err,
      "error: --windows: 0 is not from 1 to 100000\n  in: tessera calibrate\n"
      "  next: see 'tessera calibrate --help'\n");
  EXPECT_EQ(
      tessera_tool({"calibrate", "x.pth", "--calib", "x.wav", "-o", "x.npz", "--length", "0"}).err,
      "error: --length: 0 is not above 0\n  in: tessera calibrate\n"
      "  next: see 'tessera calibrate --help'\n");
}

TEST(CliUsage, AnEmptyValueIsRefused) {
  const Outcome outcome = tessera_tool({"export", "x.pth", "-o", ""});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err,
            "error: --output: is empty\n  in: tessera export\n"
            "  next: see 'tessera export --help'\n");
}

TEST(CliUsage, EveryKindOfErrorHasANextStep) {
  for (const ExitCode& row : kExitCodes) {
    EXPECT_NE(row.next, "") << row.when;
    EXPECT_EQ(next_step(row.error), row.next);
  }
}

TEST(CliUsage, NotANumberIsInNoRange) {
  const Outcome outcome = tessera_tool({"verify", "x.pth", "--tolerance", "nan"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err,
            "error: --tolerance: nan is not 0 or more\n  in: tessera verify\n"
            "  next: see 'tessera verify --help'\n");
  EXPECT_EQ(tessera_tool({"verify", "x.tess", "--min-snr", "nan"}).err,
            "error: --min-snr: nan is not from -200 to 200\n  in: tessera verify\n"
            "  next: see 'tessera verify --help'\n");
}

TEST(CliUsage, UsageErrorsObeyJson) {
  const Outcome outcome = tessera_tool({"separate", "--json"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err, "");
  const json error = json::parse(outcome.out).at("error");
  EXPECT_EQ(error.at("code"), "invalid_argument");
  EXPECT_EQ(error.at("hint"), "see 'tessera separate --help'");
}

TEST(CliUsage, ErrorsUnderJsonHoldCodeMessageSubjectAndHint) {
  const Outcome outcome = tessera_tool({"inspect", "nowhere.pth", "--json"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(json::parse(outcome.out).at("error"), json({{"code", "not_found"},
                                                        {"message", "no such file or directory"},
                                                        {"subject", "nowhere.pth"},
                                                        {"hint", "check the path"}}));
}

TEST(CliUsage, AFullStandardOutputIsAnError) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"doctor"}, {"--help"}, {"completion", "bash"}}) {
    const Outcome outcome = tessera_tool(words, ".", "/dev/full");
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNoSpace));
    EXPECT_EQ(outcome.err,
              "error: there is no space left to write to\n  in: standard output\n"
              "  next: free some space, or write elsewhere\n")
        << words[0];
  }
}

TEST(CliUsage, TerminalCommandsInNamesAreMadeVisible) {
  const Outcome outcome = tessera_tool({"inspect", "a\x1b[2Jb.pth"});
  EXPECT_EQ(outcome.err,
            "error: no such file or directory\n  in: a\\x1b[2Jb.pth\n  next: check the path\n");
}

TEST(CliUsage, DoctorFindsEveryBackendWorking) {
  const Outcome outcome = tessera_tool({"doctor", "--json"});
  EXPECT_EQ(outcome.code, kExitSuccess) << outcome.out;
  const json document = json::parse(outcome.out);
  ASSERT_FALSE(document.at("backends").empty());
  for (const json& backend : document.at("backends")) {
    if (!backend.at("available").get<bool>()) {  // torch, in a build without libtorch
      EXPECT_FALSE(backend.at("reason").get<std::string>().empty()) << backend;
      continue;
    }
    EXPECT_TRUE(backend.at("works")) << backend;
  }
}

}  // namespace
}  // namespace tessera
