#include "base/shell_word.h"

#include <cstdio>

#include <gtest/gtest.h>

namespace tessera {
namespace {

// What bash makes of a command line: its first argument, exactly.
std::string argument_of(const std::string& words) {
  const std::string line = "exec bash -c " + shell_word("printf %s " + words);
  std::FILE* pipe = ::popen(line.c_str(), "r");
  std::string out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

TEST(ShellWord, LeavesPlainNamesAlone) {
  for (const char* name : {"talk.wav", "a/b-c_1.0+2%@x,y=z", "/tmp/x", "..."}) {
    EXPECT_EQ(shell_word(name), name);
  }
}

TEST(ShellWord, QuotesWhatAShellActsOn) {
  EXPECT_EQ(shell_word("my song; echo x.mp3"), "'my song; echo x.mp3'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$HOME`id`*?[~#&|<>(){}!\"\\"), "'$HOME`id`*?[~#&|<>(){}!\"\\'");
  EXPECT_EQ(shell_word("~/x"), "'~/x'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("gr\xc3\xbc\xc3\x9f"
                       "e"),
            "'gr\xc3\xbc\xc3\x9f"
            "e'");
}

TEST(ShellWord, WritesWhatATerminalDoesNotShowAsNumbers) {
  EXPECT_EQ(shell_word("a\nb"), "$'a\\012b'");
  EXPECT_EQ(shell_word("\xff'\\"), "$'\\377\\'\\\\'");
  EXPECT_EQ(shell_word("\x1b[2J7"), "$'\\033[2J7'");
  EXPECT_EQ(shell_word("\xc2\x9b"), "$'\\302\\233'");
}

TEST(ShellWord, AShellReadsEveryByteBack) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(argument_of(shell_word(all)), all);
  for (const char* name : {"my song; echo x.mp3", "it's \"here\"", "a\nb\n",
                           "\xff\xfe"
                           "1",
                           "$(id)", "!history", "a\\", "'", "\xe2\x82\xac 5"}) {
    EXPECT_EQ(argument_of(shell_word(name)), name);
  }
}

TEST(ShellPath, IsNeverAnOptionOrAnAddress) {
  EXPECT_EQ(shell_path("-y.mp3"), "./-y.mp3");
  EXPECT_EQ(shell_path("-y z.mp3"), "'./-y z.mp3'");
  EXPECT_EQ(shell_path("12:30.mp3"), "./12:30.mp3");
  EXPECT_EQ(shell_path("/tmp/12:30.mp3"), "/tmp/12:30.mp3");
  EXPECT_EQ(shell_path("./-y.mp3"), "./-y.mp3");
  EXPECT_EQ(shell_path("a-b.mp3"), "a-b.mp3");
}

}  // namespace
}  // namespace tessera
