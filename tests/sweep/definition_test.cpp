#include "sweep/definition.h"

#include <gtest/gtest.h>

#include "sweep_fixture.h"

namespace tessera::test {
namespace {

Error error_of(const std::string& text) {
  const auto made = parse_sweep(text, "mine.toml");
  EXPECT_FALSE(made) << text;
  return made ? Error() : made.error();
}

TEST(SweepDefinition, AGridBecomesACaseForEveryCombinationTheLastListFastest) {
  const SweepDefinition made = convolutions();
  std::vector<std::string> names;
  for (const SweepCase& one : made.cases) names.push_back(one.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv_64_w128", "conv_64_w1024", "conv_64_w2000",
                                             "conv_256_w128", "conv_256_w1024", "conv_256_w2000"}));
  EXPECT_EQ(made.cases[4].parameters.count("in", 0), 256);
  EXPECT_EQ(made.cases[4].parameters.count("width", 0), 1024);
}

TEST(SweepDefinition, CasesAndGridsKeepTheOrderOfTheirLines) {
  const SweepDefinition made = convolutions("[[case]]\nname = \"last\"\nnetwork = \"sigmoid\"\n");
  EXPECT_EQ(made.cases.back().name, "last");
}

TEST(SweepDefinition, AListThatIsNoParameterMayBeAWordOfTheName) {
  const SweepDefinition made =
      parse_sweep(
          "name = \"x\"\n[[grid]]\nname = \"copy_{copy}\"\nnetwork = \"sigmoid\"\n"
          "over = [\"copy\"]\ncopy = [\"a\", \"b\"]\n",
          "x")
          .value();
  EXPECT_EQ(made.cases[1].name, "copy_b");
  EXPECT_FALSE(made.cases[1].parameters.has("copy"));
}

TEST(SweepDefinition, DefaultsReachOnlyCasesWhoseNetworkReadsThem) {
  const SweepDefinition made =
      parse_sweep(
          "name = \"x\"\n[defaults]\nwidth = 64\nn_filters = 32\n"
          "[[case]]\nname = \"a\"\nnetwork = \"encoder\"\n[[case]]\nname = \"b\"\nnetwork = "
          "\"sigmoid\"\n",
          "x")
          .value();
  EXPECT_FALSE(made.cases[0].parameters.has("width"));
  EXPECT_EQ(made.cases[0].parameters.count("n_filters", 0), 32);
  EXPECT_FALSE(made.cases[1].parameters.has("n_filters"));
}

TEST(SweepDefinition, AnUnknownEntryIsRefusedWithItsLineAndWhatIsKnown) {
  const Error top = error_of("name = \"x\"\nrules = \"all\"\n");
  EXPECT_EQ(top.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(top.subject, "mine.toml:2");
  EXPECT_NE(top.message.find("unknown entry \"rules\" of a sweep (known: name, summary"),
            std::string::npos)
      << top.message;
  const Error inside =
      error_of("name = \"x\"\n[[case]]\nname = \"a\"\nnetwork = \"sigmoid\"\nchannels = 3\n");
  EXPECT_EQ(inside.subject, "mine.toml:5");
  EXPECT_NE(inside.message.find("n_filters"), std::string::npos) << inside.message;
}

TEST(SweepDefinition, AnEntryThatTheNetworkDoesNotReadIsRefused) {
  const Error error =
      error_of("name = \"x\"\n[[case]]\nname = \"a\"\nnetwork = \"sigmoid\"\nn_filters = 8\n");
  EXPECT_EQ(error.subject, "mine.toml:5");
  EXPECT_NE(error.message.find("\"sigmoid\" does not read \"n_filters\""), std::string::npos)
      << error.message;
}

TEST(SweepDefinition, WrongValuesAreRefusedWithWhatMayStandThere) {
  const std::string begin = "name = \"x\"\n[[case]]\nname = \"a\"\nnetwork = \"norm\"\n";
  EXPECT_NE(error_of(begin + "in = 0\n").message.find("1 to 65536"), std::string::npos);
  EXPECT_NE(error_of(begin + "in = \"64\"\n").message.find("whole number"), std::string::npos);
  EXPECT_NE(error_of(begin + "norm = \"batch\"\n").message.find("affine, identity"),
            std::string::npos);
  EXPECT_NE(error_of(begin + "in = [1, 2]\n").message.find("[[grid]]"), std::string::npos);
  EXPECT_NE(error_of("name = \"x\"\nrule = \"any\"\n").message.find("first-success"),
            std::string::npos);
  EXPECT_NE(error_of("name = \"x\"\n").message.find("[[case]]"), std::string::npos);
  EXPECT_EQ(error_of("name = \n").code, ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("name = \"../x\"\n").code, ErrorCode::kInvalidArgument);
}

TEST(SweepDefinition, NamesOfCasesAreNamesOfFoldersAndStandOnce) {
  const std::string begin = "name = \"x\"\n[[case]]\nnetwork = \"sigmoid\"\nname = ";
  for (const char* name : {"\"../a\"", "\"a/b\"", "\".a\"", "\"a b\"", "\"a\\tb\""})
    EXPECT_FALSE(parse_sweep(begin + name + "\n", "x")) << name;
  const Error twice = error_of(begin + "\"a\"\n[[case]]\nnetwork = \"sigmoid\"\nname = \"a\"\n");
  EXPECT_NE(twice.message.find("second case is named \"a\""), std::string::npos);
}

TEST(SweepDefinition, TooManyCasesAreRefusedBeforeTheyAreMade) {
  std::string list = "[1";
  for (int i = 2; i <= 400; ++i) list += "," + std::to_string(i);
  list += "]";
  const Error error = error_of(
      "name = \"x\"\n[[grid]]\nname = \"a{in}_{out}\"\nnetwork = \"conv1x1\"\nover = "
      "[\"in\", \"out\"]\nin = " +
      list + "\nout = " + list + "\n");
  EXPECT_EQ(error.code, ErrorCode::kResourceLimit);
}

TEST(SweepDefinition, ProfilesAndPatternsChooseCases) {
  const SweepDefinition made = preset("allocator-fixes");
  EXPECT_EQ(made.selected("", "").value().cases.size(), 17U);
  EXPECT_EQ(made.selected("full", "").value().cases.size(), 49U);
  EXPECT_EQ(made.selected("full", "*dec_head0_w?12").value().cases.size(), 1U);
  const auto none = made.selected("extended", "");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_NE(none.error().hint.find("quick, full"), std::string::npos);
  EXPECT_FALSE(made.selected("", "nothing*"));
  EXPECT_EQ(preset("monolithic").selected("extended", "").value().rule, SweepRule::all);
}

TEST(SweepDefinition, PatternsKnowStarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("a*c?", "abbbcd"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("*b*b*", "abab"));
  EXPECT_FALSE(matches_pattern("a?", "a"));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_FALSE(matches_pattern("*b", "ba"));
}

TEST(SweepDefinition, AnUnknownPresetIsAnsweredWithTheKnownOnes) {
  const std::vector<std::filesystem::path> folders = {std::filesystem::path(TESSERA_SOURCE_DIR) /
                                                      "presets"};
  const auto found = find_sweep("allocator-fix", folders);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
  EXPECT_NE(found.error().hint.find("allocator-fixes, calib-match"), std::string::npos);
}

TEST(SweepDefinition, TheTemplateIsASweepThatRuns) {
  const auto made = parse_sweep(sweep_template("my sweep"), "mine.toml");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(made->name, "my-sweep");
  const ScratchFolder folder;
  const SweepOutcome outcome = run_all(run_of(*made, folder / "run", "full"));
  EXPECT_EQ(outcome.cases.size(), 8U);
  EXPECT_TRUE(outcome.complete);
}

TEST(SweepDefinition, ThePageAboutSweepsNamesEveryParameterAndKindOfNetwork) {
  const std::string page =
      text_of(std::filesystem::path(TESSERA_SOURCE_DIR) / "docs" / "sweeps.md");
  for (const ParameterKey& key : parameter_keys())
    EXPECT_NE(page.find(fmt::format("`{}`", key.name)), std::string::npos) << key.name;
  for (const NetworkKind& kind : network_kinds())
    EXPECT_NE(page.find(fmt::format("`{}`", kind.name)), std::string::npos) << kind.name;
}

}  // namespace
}  // namespace tessera::test
