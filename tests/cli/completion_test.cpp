// What people get who press Tab: asked of bash, zsh and fish themselves.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "cli/help_text.h"
#include "cli/tool.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

using Words = std::set<std::string>;

Words split(const std::string& text, char separator = ' ') {
  Words words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);) {
    if (!word.empty()) words.insert(word);
  }
  return words;
}

// A line that is being typed, and what must be offered for its end.
struct Query {
  std::string line;
  Words words;
};

class CliCompletionInShell : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (run_program("sh", {"-c", "command -v " + GetParam()}).code != 0) {
      GTEST_SKIP() << GetParam() << " is not installed; scripts/test installs it";
    }
    fs::create_directories(folder_ / "bin");
    fs::create_symlink(TESSERA_CLI, folder_ / "bin/tessera");
    fs::create_directories(folder_ / "here/some_folder");
    std::ofstream(folder_ / "here/some_file.pth");
    ASSERT_EQ(tessera_tool({"completion", GetParam()}, ".", (folder_ / "script")).code, 0);
  }

  // One line of answer for each line.
  std::vector<std::string> answers(const std::vector<std::string>& lines) const {
    std::ofstream(folder_ / "queries") << fmt::format("{}\n", fmt::join(lines, "\n"));
    fs::remove_all((folder_ / "queries.zdotdir"));
    const std::string driver = TESSERA_SOURCE_DIR "/tests/cli/completion/" + GetParam();
    const std::string command =
        fmt::format("PATH={}:$PATH HOME={} exec '{}' {} {}", (folder_ / "bin").string(),
                    folder_.path().string(), driver, (folder_ / "script").string(),
                    (folder_ / "queries").string());
    const Outcome outcome = run_program("sh", {"-c", command}, folder_ / "here");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::vector<std::string> found = lines_of(outcome.out);
    EXPECT_EQ(found.size(), lines.size()) << outcome.out << outcome.err;
    found.resize(lines.size());
    return found;
  }

  void expect(const std::vector<Query>& queries) const {
    std::vector<std::string> lines;
    for (const Query& query : queries) lines.push_back(query.line);
    const std::vector<std::string> found = answers(lines);
    for (size_t i = 0; i < queries.size(); ++i) {
      EXPECT_EQ(split(found[i]), queries[i].words) << queries[i].line << "<Tab>";
    }
  }

  // Whether names of files are offered, or of folders alone.
  void expect_paths(const std::vector<std::string>& lines, bool files) const {
    const std::vector<std::string> found = answers(lines);
    for (size_t i = 0; i < lines.size(); ++i) {
      const bool by_readline =
          found[i].find(files ? "-o default" : "-o dirnames") < found[i].size();
      const bool has_folder = found[i].find("some_folder") < found[i].size();
      const bool has_file = found[i].find("some_file.pth") < found[i].size();
      EXPECT_TRUE(by_readline || (has_folder && has_file == files)) << lines[i] << ": " << found[i];
    }
  }

  ScratchFolder folder_;
};

std::string typed(const CommandPath& command) {
  return command.empty() ? "tessera " : fmt::format("tessera {} ", fmt::join(command, " "));
}

// The values in "{a,b[=dB],N}": N stands for something and is none.
Words choices_in(const std::string& type) {
  Words choices;
  if (!type.starts_with('{')) return choices;
  for (const std::string& word : split(type.substr(1, type.find('}') - 1), ',')) {
    if (std::isupper(static_cast<unsigned char>(word[0])) == 0) {
      choices.insert(word.substr(0, word.find('[')));
    }
  }
  return choices;
}

// The spellings in "-o,--output DIR" and "--intermediates,--no-intermediates{false}".
Words spellings_in(const std::string& entry) {
  const std::string word = first_word(entry);
  return split(word.substr(0, word.find('{')), ',');
}

std::string type_in(const std::string& entry) {
  const size_t space = entry.find(' ');
  return space == std::string::npos ? "" : first_word(entry.substr(space + 1));
}

bool takes_files(const std::string& type) {
  return type.find("FILE") != std::string::npos;
}

// Lines that end where a value stands that is one of several, and these.
std::vector<Query> queries_for_choices() {
  std::vector<Query> queries;
  for (const CommandPath& command : every_command()) {
    for (const std::string& entry : help_entries(command, "Options:")) {
      const std::string type = type_in(entry);
      if (choices_in(type).empty()) continue;
      for (const std::string& spelling : spellings_in(entry)) {
        // With files among them, only those that begin like a choice.
        for (const std::string& choice : choices_in(type)) {
          const std::string start = takes_files(type) ? choice : "";
          Words words;
          for (const std::string& word : choices_in(type)) {
            if (word.starts_with(start)) words.insert(word);
          }
          queries.push_back({typed(command) + spelling + " " + start, words});
          if (start.empty()) break;
        }
      }
    }
    std::string before = typed(command);
    for (const std::string& entry : help_entries(command, "Positionals:")) {
      const std::string type = type_in(entry);
      if (!choices_in(type).empty() && !takes_files(type)) {
        queries.push_back({before, choices_in(type)});
      }
      before += "x ";
    }
  }
  return queries;
}

// Without what a shell adds of its own: the option that bash gives readline.
Words without_rest(Words words) {
  words.erase("-o");
  words.erase("filenames");
  return words;
}

TEST_P(CliCompletionInShell, OffersEveryChoiceOfEveryOption) {
  const std::vector<Query> queries = queries_for_choices();
  ASSERT_GT(queries.size(), 40U);
  std::vector<std::string> lines;
  for (const Query& query : queries) lines.push_back(query.line);
  const std::vector<std::string> found = answers(lines);
  for (size_t i = 0; i < queries.size(); ++i) {
    EXPECT_EQ(without_rest(split(found[i])), queries[i].words) << queries[i].line << "<Tab>";
  }
}

TEST_P(CliCompletionInShell, OffersEveryOptionOfEveryCommand) {
  std::vector<Query> queries;
  for (const CommandPath& command : every_command()) {
    Words words;
    for (size_t depth = command.size(); depth + 1 > 0; --depth) {
      const CommandPath above(command.begin(), command.begin() + static_cast<long>(depth));
      for (const std::string& entry : help_entries(above, "Options:")) {
        words.merge(spellings_in(entry));
      }
      if (depth < 2) break;  // the program's own options stand before the command
    }
    std::erase_if(words, [](const std::string& word) { return !word.starts_with("--"); });
    queries.push_back({typed(command) + "--", words});
  }
  expect(queries);
}

TEST_P(CliCompletionInShell, OffersEveryCommandOfACommand) {
  std::vector<Query> queries;
  for (const CommandPath& command : every_command()) {
    const std::vector<std::string> names = commands_of(command);
    // What else stands there for a command that does something without them is the next test's.
    if (names.empty() || !help_entries(command, "Positionals:").empty()) continue;
    queries.push_back({typed(command), {names.begin(), names.end()}});
    queries.push_back({typed(command) + names.back(), {names.back()}});
  }
  ASSERT_GE(queries.size(), 8U);
  expect(queries);
}

TEST_P(CliCompletionInShell, OffersCommandsAndPresetsWhereEitherMayStand) {
  const Words found = split(answers({"tessera sweep ", "tessera sweep coll"})[0]);
  for (const char* word : {"list", "run-case", "allocator-fixes", "topology", "some_file.pth"})
    EXPECT_TRUE(found.contains(word)) << word;
}

TEST_P(CliCompletionInShell, OffersTheNamesOfRulesAfterACommaToo) {
  const auto listed =
      nlohmann::json::parse(tessera_tool({"rewrite", "--list", "--json"}).out).at("rules");
  ASSERT_GT(listed.size(), 20U);
  Words rules;
  Words after_comma;
  for (const auto& rule : listed) {
    rules.insert(rule.at("name"));
    after_comma.insert("fold_batch_norm," + rule.at("name").get<std::string>());
  }
  expect({{"tessera rewrite net.pth --only ", rules},
          {"tessera rewrite net.pth --enable fold_batch_norm,", after_comma}});
}

TEST_P(CliCompletionInShell, OffersFilesAndFoldersElsewhere) {
  expect_paths({"tessera inspect ", "tessera inspect some", "tessera separate some_file.pth ",
                "tessera separate some_file.pth some_file.pth some", "tessera package check ",
                "tessera package check x.tess --model ", "tessera target score hailo8 ",
                "tessera score --estimate some_file.pth some", "tessera plan net.pth --target some",
                "tessera export net.pth --output "},
               true);
  expect_paths({"tessera separate net.pth x.wav -o ", "tessera package extract net.tess --output ",
                "tessera target ledger --evidence some"},
               false);
}

TEST_P(CliCompletionInShell, OffersNothingWhereNothingIsKnown) {
  expect({{"tessera plan net.pth --length ", {}},
          {"tessera plan net.pth --no_such_option", {}},
          {"tessera package ls net.tess --threads ", {}}});
}

INSTANTIATE_TEST_SUITE_P(Shells, CliCompletionInShell, ::testing::Values("bash", "zsh", "fish"),
                         [](const auto& shell) { return shell.param; });

// What the scripts ask: the words typed so far, the last being the one to complete.
std::vector<std::string> answer(const std::string& shell, std::vector<std::string> words) {
  words.insert(words.begin(), {"completion", shell, "--"});
  const Outcome outcome = tessera_tool(words);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return lines_of(outcome.out);
}

using Lines = std::vector<std::string>;

TEST(CliCompletion, AnEqualsSignMayBeAWordOfItsOwn) {
  EXPECT_EQ(answer("bash", {"separate", "--format", "=", "fl"}), (Lines{"none", "flac"}));
  EXPECT_EQ(answer("bash", {"separate", "--format", "="}),
            (Lines{"none", "wav", "flac", "ogg", "raw"}));
  EXPECT_EQ(answer("zsh", {"separate", "--format=fl"}), (Lines{"none", "--format=flac"}));
  EXPECT_EQ(answer("bash", {"separate", "--format", "=", "flac", "--subtype", "vor"}),
            (Lines{"none", "vorbis"}));
  EXPECT_EQ(answer("bash", {"build", "x", "--quantize", "mixed", "=", "0.1dB", "--layout", "r"}),
            (Lines{"none", "row"}));
}

TEST(CliCompletion, OptionsStandAnywhereButAfterTwoDashes) {
  EXPECT_EQ(answer("bash", {"--", "pla"}), (Lines{"none"}));
  EXPECT_EQ(answer("bash", {"inspect", "--", "--te"}), (Lines{"files"}));
  EXPECT_EQ(answer("bash", {"package", "ls", "net.tess", "--js"}), (Lines{"none", "--json"}));
  EXPECT_EQ(answer("bash", {"score", "--estimate", "a.wav", "b.wav", "--mix"}),
            (Lines{"none", "--mixture"}));
  EXPECT_EQ(answer("bash", {"verify", "net.tess", "--audio", ""}), (Lines{"files"}));
  EXPECT_EQ(answer("bash", {"verify", "--threads", "2", "--part", "ch"}), (Lines{"none", "chain"}));
  EXPECT_EQ(answer("bash", {"verify", "--part", "chain", ""}), (Lines{"files"}));
}

TEST(CliCompletion, DescriptionsAreInTheFormOfTheShell) {
  EXPECT_EQ(answer("fish", {"inspect", "--te"})[1].substr(0, 13), "--text\tPrint ");
  EXPECT_EQ(answer("zsh", {"inspect", "--te"})[1].substr(0, 13), "--text:Print ");
  EXPECT_EQ(answer("bash", {"inspect", "--te"})[1], "--text");
}

// The choices that --help and completion show are those that the parser takes: a value that is
// none of them is refused with the very list.
TEST(CliCompletion, ChoicesAreThoseOfTheParser) {
  int64_t refused = 0;
  for (const CommandPath& command : every_command()) {
    for (const std::string& entry : help_entries(command, "Options:")) {
      const std::string type = type_in(entry);
      // A backend is refused when it is opened; other capitals stand for values of their own.
      const bool is_open = type.find(",N}") != std::string::npos || takes_files(type);
      if (choices_in(type).empty() || is_open || entry.starts_with("--backend ")) continue;
      std::vector<std::string> words = command;
      words.insert(words.end(), {*spellings_in(entry).begin(), "qq"});
      const Outcome outcome = tessera_tool(words);
      EXPECT_EQ(outcome.code, 2) << fmt::format("{}", fmt::join(words, " "));
      const size_t list = outcome.err.find("'qq' is none of ");
      ASSERT_NE(list, std::string::npos) << outcome.err;
      std::string named = outcome.err.substr(list + 16, outcome.err.find('\n') - list - 16);
      named.erase(std::remove(named.begin(), named.end(), ' '), named.end());
      EXPECT_EQ(choices_in("{" + named + "}"), choices_in(type)) << entry;
      ++refused;
    }
  }
  EXPECT_GT(refused, 15);
}

}  // namespace
}  // namespace tessera
