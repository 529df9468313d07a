// Names of commands and options from before: they mean what they meant, and say what they are
// called now.
#include "cli/renamed_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "cli/help_text.h"
#include "cli/tool.h"

namespace tessera {
namespace {

using cli::with_current_names;
using Words = std::vector<std::string>;

TEST(CliRenamedWords, CommandsAndTheirOptionsAreReplaced) {
  EXPECT_EQ(with_current_names({"parity", "chain", "net.pth"}).words,
            (Words{"verify", "--part", "chain", "net.pth"}));
  EXPECT_EQ(with_current_names({"parity", "--judge", "cpu", "chain"}).words,
            (Words{"verify", "--part", "--reference-backend", "cpu", "chain"}));
  EXPECT_EQ(with_current_names({"norms", "net.pth", "--calib-length=crop"}).words,
            (Words{"tune", "norms", "net.pth", "--array-length=crop"}));
  EXPECT_EQ(with_current_names({"package", "verify", "net.tess"}).words,
            (Words{"package", "check", "net.tess"}));
  EXPECT_EQ(with_current_names({"verify", "x", "--no-inner"}).notes,
            (Words{"'--no-inner' is now '--no-intermediates'; the old name goes with the next "
                   "version"}));
}

TEST(CliRenamedWords, NothingElseIsTouched) {
  for (const Words& line :
       {Words{"verify", "parity"}, Words{"package", "ls", "verify"}, Words{"separate", "--judge"},
        Words{"verify", "--judges"}, Words{"bisect", "a", "--", "--culprits"}, Words{}}) {
    EXPECT_EQ(with_current_names(line).words, line);
    EXPECT_TRUE(with_current_names(line).notes.empty());
  }
}

TEST(CliRenamedWords, EveryNewNameIsOneThatTheToolHas) {
  for (const cli::RenamedWords& renamed : cli::renamed_words()) {
    const std::string command(renamed.command.empty() ? renamed.now : renamed.command);
    std::istringstream stream(command.substr(0, command.find(" --")));
    const std::string help = help_of({std::istream_iterator<std::string>(stream), {}});
    EXPECT_NE(help.find("Usage: tessera"), std::string::npos) << command;
    const std::string option(
        renamed.now.substr(std::min(renamed.now.find("--"), renamed.now.size())));
    EXPECT_NE(help.find(option), std::string::npos) << renamed.now;
    if (renamed.command.empty()) continue;
    EXPECT_EQ(help.find(std::string(renamed.old) + " "), std::string::npos) << renamed.old;
  }
}

TEST(CliRenamedWords, TheToolTakesTheOldNameAndSaysTheNewOne) {
  const std::string small = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";
  const Words now{"verify", "--part", "decoder", small, "--length", "100", "--reference-backend",
                  "cpu"};
  const Words before{"parity", "decoder", small, "--length", "100", "--judge", "cpu"};
  const Outcome outcome = tessera_tool(before);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("note: 'parity' is now 'verify --part'"), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("note: '--judge' is now '--reference-backend'"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(tessera_tool(now).code, 0);
}

}  // namespace
}  // namespace tessera
