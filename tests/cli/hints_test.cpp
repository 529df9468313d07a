// What messages advise to do can be done: commands and options that they name exist, command lines
// run as they are shown, and what failed works with the option that was advised.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "cli/hint_text.h"
#include "cli/tool.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = TESSERA_SOURCE_DIR;

std::string help_of(const std::string& command) {
  static std::map<std::string, std::string> known;
  const auto found = known.find(command);
  if (found != known.end()) return found->second;
  std::vector<std::string> words;
  std::istringstream text(command);
  for (std::string word; text >> word;) words.push_back(word);
  words.emplace_back("--help");
  const Outcome outcome = tessera_tool(words);
  return known[command] = outcome.code == 0 ? outcome.out : "";
}

// Options as they are named in `text`, which `command` must know.
void expect_options(const std::string& command, const std::string& text, const std::string& where) {
  // A nested command takes the options of the one above it too.
  const std::string help = help_of(command) + help_of(command.substr(0, command.find(' ')));
  ASSERT_FALSE(help_of(command).empty()) << "no command 'tessera " << command << "' in " << where;
  static const std::regex option("(^|[ (\"'])(--[a-z][a-z-]*)");
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at) {
    const std::string name = (*at)[2];
    size_t place = help.find(name);
    while (place != std::string::npos &&
           std::string(" ,=\n").find(help[place + name.size()]) == std::string::npos) {
      place = help.find(name, place + 1);
    }
    EXPECT_NE(place, std::string::npos)
        << "'tessera " << command << "' has no " << (*at)[2] << ": " << where << ": " << text;
  }
}

// A source with neighbouring string literals joined, as the compiler joins them.
std::string joined_literals(const std::string& source) {
  std::string text;
  for (size_t at = 0; at < source.size(); ++at) {
    if (source[at] == '"') {
      const size_t next = source.find_first_not_of(" \n", at + 1);
      if (next != std::string::npos && next > at + 1 && source[next] == '"') {
        at = next;
        continue;
      }
    }
    text += source[at];
  }
  return text;
}

// Every 'tessera COMMAND ...' in the text of messages, examples and remarks.
TEST(CliHints, CommandLinesInMessagesNameWhatExists) {
  const std::string program = "tessera ";
  int seen = 0;
  for (const char* top : {"src", "apps"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kSource / top)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
      const std::string text = joined_literals(contents(entry.path()));
      for (size_t at = text.find(program); at != std::string::npos;
           at = text.find(program, at + 1)) {
        // In quotes, the first of a line of examples, or what a hint ends with.
        const std::string before = at >= 2 ? text.substr(at - 2, 2) : "";
        const bool is_line = before.ends_with('\'') || before == "  " || before == ": ";
        if (!is_line) continue;
        const size_t begin = at + program.size();
        const std::string line = text.substr(begin, text.find_first_of("'\"\\`\n", begin) - begin);
        std::istringstream words(line);
        std::string command;
        std::string second;
        words >> command >> second;
        if (command.empty() || !std::islower(static_cast<unsigned char>(command[0]))) continue;
        const bool is_nested = help_of(command).find("SUBCOMMAND") != std::string::npos;
        if (is_nested && !second.empty()) command += " " + second;
        expect_options(command, line, entry.path().filename());
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 60);
}

class CliHintsExecuted : public ::testing::Test {
 protected:
  std::string recording(const std::string& name, int channels = 1) {
    AudioBuffer audio{8000, {}};
    for (int c = 0; c < channels; ++c) {
      std::vector<float> samples(4000);
      for (size_t i = 0; i < samples.size(); ++i) {
        samples[i] = 0.01F * static_cast<float>((i * static_cast<size_t>(7 + c)) % 23) - 0.1F;
      }
      audio.channels.push_back(std::move(samples));
    }
    fs::create_directories((folder_ / name).parent_path());
    const auto written = write_audio(folder_ / name, audio);
    EXPECT_TRUE(written) << written.error().to_string();
    return (folder_ / name).string();
  }
  std::string cut(const std::string& name) {
    const std::string path = recording(name);
    fs::resize_file(path, 5000);
    return path;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // Fails without `advice`, names it, and works with it.
  void expect_advice(std::vector<std::string> line, const std::vector<std::string>& advice) {
    const Outcome failed = tessera_tool(line, folder_.path());
    EXPECT_NE(failed.code, 0) << fmt::format("{}", fmt::join(line, " "));
    const std::string named = fmt::format("{}", fmt::join(advice, " "));
    EXPECT_NE(hint_of(failed).find(named), std::string::npos)
        << named << " is not advised: " << failed.err;
    expect_options(line[0], hint_of(failed), line[0]);
    line.insert(line.end(), advice.begin(), advice.end());
    const Outcome works = tessera_tool(line, folder_.path());
    EXPECT_EQ(works.code, 0) << fmt::format("{}", fmt::join(line, " ")) << works.err;
  }

  ScratchFolder folder_;
};

TEST_F(CliHintsExecuted, OptionsForRecordingsWorkInEveryCommandThatAdvisesThem) {
  const std::string mix = recording("mix.wav");
  const std::string stereo = recording("stereo.wav", 2);
  const std::string broken = cut("broken.wav");
  ASSERT_EQ(tessera_tool({"build", kDemoModel, "--length", "4000", "-o", path("net.tess")}).code,
            0);
  using Line = std::vector<std::string>;
  const std::vector<std::pair<Line, std::string>> lines = {
      {{"separate", kDemoModel, "RECORDING", "-o", path("a")}, ""},
      {{"score", "--estimate", "RECORDING", "--reference", "RECORDING"}, ""},
      {{"verify", path("net.tess"), "--audio", "RECORDING"}, ""},
      {{"compare", kDemoModel, kDemoModel, "--input", "RECORDING"}, ""},
      {{"rewrite", kDemoModel, "--enable", "replace_prelu_with_relu", "--signal", "RECORDING"}, ""},
  };
  for (const auto& [line, unused] : lines) {
    const auto with = [&, words = line](const std::string& file) {
      Line filled = words;
      std::replace(filled.begin(), filled.end(), std::string("RECORDING"), file);
      return filled;
    };
    expect_advice(with(stereo), {"--channel", "mix"});
    expect_advice(with(broken), {"--allow-truncated"});
    fs::remove_all(path("a"));
    expect_advice(with(stereo), {"--channel", "1"});
    fs::remove_all(path("a"));
  }
  expect_advice({"calibrate", kDemoModel, "--calib", mix, "--calib", broken, "--length", "2000",
                 "-o", path("c.npz")},
                {"--allow-truncated"});
}

TEST_F(CliHintsExecuted, OptionsForFoldersAndOutputs) {
  recording("in/inner/talk.wav");
  expect_advice({"separate", kDemoModel, path("in"), "-o", path("b")}, {"--recursive"});
  recording("in/inner/more.wav");
  const std::vector<std::string> again = {"separate", kDemoModel, path("in"),
                                          "-o",       path("b"),  "--recursive"};
  expect_advice(again, {"--skip-existing"});
  expect_advice(again, {"--force"});
  cut("in/inner/cut.wav");
  const Outcome partly =
      tessera_tool({"separate", kDemoModel, path("in"), "-o", path("c"), "--recursive"});
  EXPECT_NE(hint_of(partly).find("--skip-existing"), std::string::npos);
  fs::remove(path("in/inner/cut.wav"));
  EXPECT_EQ(tessera_tool({"separate", kDemoModel, path("in"), "-o", path("c"), "--recursive",
                          "--skip-existing"})
                .code,
            0);
}

// Runs the command line that a hint ends with as bash would, its words in capitals replaced.
class CliHintsCopied : public CliHintsExecuted {
 protected:
  void SetUp() override {
    fs::create_directory(folder_ / "bin");
    fs::create_symlink(TESSERA_CLI, folder_ / "bin/tessera");
  }
  Outcome run_hint(const Outcome& failed,
                   const std::vector<std::pair<std::string, std::string>>& words) {
    std::string line = hint_of(failed);
    EXPECT_NE(failed.code, 0);
    const size_t at = line.find(": tessera ");
    EXPECT_NE(at, std::string::npos) << failed.err;
    line.erase(0, at + 2);
    for (const auto& [word, value] : words) {
      const size_t place = line.find(word);
      EXPECT_NE(place, std::string::npos) << word << " is not in: " << line;
      if (place != std::string::npos) line.replace(place, word.size(), value);
    }
    std::ofstream(folder_ / "script", std::ios::binary)
        << "export PATH=" << path("bin") << ":$PATH\n"
        << line << "\n";
    return run_program("bash", {path("script")}, folder_.path());
  }
};

TEST_F(CliHintsCopied, CommandLinesWithUnpleasantNamesRun) {
  for (const std::string name : {"net", "my net; exit 3", "it's", "-net", "two\nlines", "\xff:1"}) {
    fs::copy_file(kDemoModel, folder_.path() / (name + ".pth"));
    const std::string model = name + ".pth";
    const std::string package = name + ".tess";
    // Paths after "--" may begin with a dash.
    ASSERT_EQ(tessera_tool({"build", "--length", "4000", "-o", "./" + package, "--", model},
                           folder_.path())
                  .code,
              0)
        << name;
    Outcome failed =
        tessera_tool({"export", "--integers", "qdq", "-o", "x.onnx", "--", model}, folder_.path());
    Outcome done = run_hint(failed, {{"RECORDINGS", kDemoMixture}, {"PACKAGE", "made"}});
    EXPECT_EQ(done.code, 0) << name << failed.err << done.err;
    EXPECT_TRUE(fs::exists(path("made.tess"))) << name;
    fs::remove(path("made.tess"));
    failed = tessera_tool({"build", "-o", "y.tess", "--", package}, folder_.path());
    done = run_hint(failed, {{"FOLDER", "taken"}});
    EXPECT_EQ(done.code, 0) << name << failed.err << done.err;
    EXPECT_FALSE(fs::is_empty(path("taken"))) << name;
    fs::remove_all(path("taken"));
  }
}

TEST_F(CliHintsCopied, VerifyOfAChainAsksForTheRecordingOfTheVoices) {
  const Outcome failed =
      tessera_tool({"verify", kDemoModel, "--part", "chain", "--reference", kDemoMixture});
  const std::string voice = TESSERA_SOURCE_DIR "/models/mixtures/04_s";
  const Outcome done = run_hint(failed, {{"MODEL", kDemoModel},
                                         {"MIX", kDemoMixture},
                                         {"VOICE", voice + "1.wav --reference " + voice +
                                                       "2.wav --length 4000 --tile-frames 256"}});
  EXPECT_EQ(done.code, 0) << done.err << done.out;
}

TEST_F(CliHintsCopied, AFloatPackageIsQuantisedFromItsModel) {
  ASSERT_EQ(tessera_tool({"build", kDemoModel, "--length", "4000", "-o", path("f.tess")}).code, 0);
  const Outcome failed =
      tessera_tool({"export", path("f.tess"), "--integers", "qdq", "-o", path("x.onnx")});
  const Outcome done =
      run_hint(failed, {{"MODEL", kDemoModel}, {"RECORDINGS", kDemoMixture}, {"PACKAGE", "made"}});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(
      tessera_tool({"export", path("made.tess"), "--integers", "qdq", "-o", path("x.onnx")}).code,
      0);
}

// A hint names options of the command that gave it, or of the one that it names.
TEST_F(CliHintsExecuted, HintsNameOptionsThatAreThere) {
  const std::string mix = recording("mix.wav");
  ASSERT_EQ(tessera_tool({"build", kDemoModel, "--length", "4000", "-o", path("net.tess")}).code,
            0);
  const std::string net = path("net.tess");
  const std::string fixed =
      (kSource / "tests/data/field/separate_messages/fixed_800.onnx").string();
  const std::vector<std::vector<std::string>> lines = {
      {"separate", fixed, mix, "-o", path("o")},
      {"separate", kDemoModel, mix, "-o", path("o"), "--sample-rate", "0"},
      {"separate", kDemoModel, mix, "-o", path("o"), "--channel", "9"},
      {"separate", kDemoModel, mix, "-o", path("o"), "--channel", "left"},
      {"separate", net, mix, "-o", path("o"), "--model-arg", "mask_act=relu"},
      {"separate", kDemoModel, mix, "-o", path("o"), "--model-arg", "mask_act"},
      {"inspect", net, "--model-arg", "a=b"},
      {"build", net, "-o", path("x.tess")},
      {"build", kDemoModel, "--range-estimator", "mse", "-o", path("x.tess")},
      {"build", kDemoModel, "--calib", mix, "-o", path("x.tess")},
      {"build", kDemoModel, "--quantize", "int8", "-o", path("x.tess")},
      {"build", kDemoModel, "-o", net},
      {"rewrite"},
      {"rewrite", kDemoModel, "--signal", mix},
      {"rewrite", kDemoModel, "--only", "no_such_rule"},
      {"export", net, "--integers", "qdq", "-o", path("x.onnx")},
      {"verify", net, "--target", "hailo8l"},
      {"package", "ls", kDemoModel},
      {"bisect", kDemoModel, kDemoModel, "--input", mix, "-o", path("o")},
      {"tune", "norms", kDemoModel, "--calib", mix, "--mixtures", folder_.path().string()},
      {"score", "--estimate", mix, "--reference", kDemoMixture},
  };
  for (const auto& line : lines) {
    const Outcome failed = tessera_tool(line, folder_.path());
    EXPECT_NE(failed.code, 0) << fmt::format("{}", fmt::join(line, " "));
    std::string hint = hint_of(failed);
    EXPECT_FALSE(hint.empty()) << failed.err;
    std::string command = line[0] == "package" ? "package ls" : line[0];
    const size_t named = hint.find("tessera ");
    if (named != std::string::npos) {
      std::istringstream words(hint.substr(named + 8));
      std::string word;
      words >> word;
      if (word == "package")
        words >> command, command = "package " + command;
      else
        command = word;
      while (!command.empty() && !std::islower(static_cast<unsigned char>(command.back())))
        command.pop_back();
    } else if (hint.starts_with("build it again")) {
      command = "build";
    }
    expect_options(command, hint, fmt::format("{}", fmt::join(line, " ")));
  }
}

}  // namespace
}  // namespace tessera
