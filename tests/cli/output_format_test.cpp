// A file is what its name says, or is not written: every command that writes a file, with the
// extensions of every other format. Each hint is followed.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "cli/tool.h"
#include "exit_codes.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const std::string kSmall = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";
const std::string kSmallInput = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.in.npy";

// A command whose last word is the file that it writes.
struct Writer {
  std::string name;
  std::vector<std::string> words;
  std::string what;
  std::vector<std::string> extensions;  // that it takes
  bool bare;                            // takes a name without one
};

void PrintTo(const Writer& writer, std::ostream* stream) {
  *stream << writer.name;
}

const std::vector<Writer> kWriters{
    {"export",
     {"export", kSmall, "--length", "2003", "-o"},
     "an ONNX file",
     {".onnx", ".tflite"},
     false},
    {"build", {"build", kSmall, "--length", "2003", "-o"}, "a package", {".tess", ".v2"}, true},
    {"rewrite", {"rewrite", kSmall, "-o"}, "the text of a graph", {".graph", ".txt"}, false},
    {"run", {"run", kSmall, "--input", kSmallInput, "--output"}, "a NumPy array", {".npy"}, true},
    {"calibrate",
     {"calibrate", kSmall, "--calib", kDemoMixture, "--windows", "1", "-o"},
     "a NumPy archive",
     {".npz"},
     false},
    {"stats",
     {"calibrate", kSmall, "--calib", kDemoMixture, "--windows", "1", "-o", "c.npz", "--stats"},
     "a JSON document",
     {".json"},
     false},
    {"inspect", {"inspect", kSmall, "--graph"}, "an SVG drawing", {".svg"}, false},
    {"plan",
     {"plan", kSmall, "--length", "2003", "--no-measure", "--svg"},
     "an SVG drawing",
     {".svg"},
     false},
    {"compare", {"compare", kSmall, kSmall, "--svg"}, "an SVG drawing", {".svg"}, false},
    {"norms",
     {"tune", "norms", kSmall, "--calib", kDemoMixture, "--calib-windows", "1", "--svg"},
     "an SVG drawing",
     {".svg"},
     false},
    {"score",
     {"score", "--estimate", kDemoMixture, "--reference", kDemoMixture, "--picture"},
     "a PNG picture",
     {".png"},
     false},
};

const std::vector<std::string> kExtensions{".onnx", ".tess", ".graph", ".txt", ".npy",    ".npz",
                                           ".json", ".svg",  ".png",   ".v2",  ".zip",    ".wav",
                                           ".dot",  ".jpg",  ".csv",   ".pth", ".tflite", ""};

class CliOutputFormat : public testing::TestWithParam<Writer> {
 protected:
  Outcome write(const std::string& file) {
    std::vector<std::string> words = GetParam().words;
    words.push_back(file);
    return tessera_tool(words, folder_.path());
  }
  bool takes(const std::string& extension) const {
    const auto& taken = GetParam().extensions;
    return extension.empty() ? GetParam().bare
                             : std::find(taken.begin(), taken.end(), extension) != taken.end();
  }

  ScratchFolder folder_;
};

TEST_P(CliOutputFormat, OfAnotherNameIsRefusedAndNothingIsWritten) {
  for (const std::string& extension : kExtensions) {
    if (takes(extension)) continue;
    const Outcome outcome = write("x" + extension);
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument)) << extension;
    const std::string begin = "error: is not the name of " + GetParam().what + "\n  in: x" +
                              extension + "\n  next: " + GetParam().what +
                              " is written here: name it x" + GetParam().extensions[0];
    EXPECT_EQ(outcome.err.substr(0, begin.size()), begin);
    EXPECT_EQ(folder_.count(), 0) << extension;
  }
}

TEST_P(CliOutputFormat, IsWrittenUnderTheNameThatTheHintTells) {
  const Outcome refused = write("my file.hef");
  const size_t from = refused.err.find("name it ");
  ASSERT_NE(from, std::string::npos) << refused.err;
  const size_t begin = from + std::string("name it ").size();
  const std::string name = refused.err.substr(begin, refused.err.find('\n', begin) - begin);
  const Outcome outcome = write(name);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder_ / name)) << name;
}

INSTANTIATE_TEST_SUITE_P(Commands, CliOutputFormat, testing::ValuesIn(kWriters),
                         [](const auto& parameter) { return parameter.param.name; });

class CliOutputName : public testing::Test {
 protected:
  Outcome tool(std::vector<std::string> words) { return tessera_tool(words, folder_.path()); }
  // The command was refused; the name that it then tells.
  std::string hint_of(const std::vector<std::string>& words) {
    const Outcome outcome = tool(words);
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument)) << outcome.err;
    const size_t from = outcome.err.find("name it ");
    EXPECT_NE(from, std::string::npos) << outcome.err;
    return outcome.err.substr(from + 8, outcome.err.find_first_of(";\n", from + 8) - from - 8);
  }

  ScratchFolder folder_;
};

TEST_F(CliOutputName, InCapitalsIsTheSameFormat) {
  EXPECT_EQ(tool({"export", kSmall, "-o", "NET.ONNX"}).code, 0);
  EXPECT_EQ(tool({"inspect", "NET.ONNX", "--graph", "NET.SVG"}).code, 0);
  // 'build --calib' would not know it again.
  EXPECT_EQ(hint_of({"calibrate", kSmall, "--calib", kDemoMixture, "-o", "C.NPZ"}), "C.npz");
}

TEST_F(CliOutputName, OfAnotherFormIsToldItsCommand) {
  const Outcome outcome = tool({"export", kSmall, "-o", "net.tess"});
  EXPECT_EQ(outcome.err,
            "error: is not the name of an ONNX file\n  in: net.tess\n"
            "  next: an ONNX file is written here: name it net.onnx; 'tessera build MODEL -o "
            "FILE.tess' writes a package\n");
  EXPECT_EQ(tool({"build", kSmall, "--length", "2003", "-o", "net.tess"}).code, 0);
}

TEST_F(CliOutputName, ThatIsRefusedIsRefusedBeforeTheModelIsRead) {
  EXPECT_EQ(hint_of({"export", "missing.pth", "-o", "net.mlmodel"}), "net.onnx");
  EXPECT_EQ(hint_of({"plan", "missing.pth", "--svg", "plan.png"}), "plan.svg");
  EXPECT_EQ(hint_of({"build", "missing.pth", "-o", "net.onnx"}), "net.tess");
}

TEST_F(CliOutputName, ThatIsToldIsNotTheInputs) {
  ASSERT_EQ(tool({"export", kSmall, "-o", "net.onnx"}).code, 0);
  const std::string name = hint_of({"export", "net.onnx", "-o", "net.mlmodel"});
  EXPECT_EQ(name, "net_2.onnx");
  EXPECT_EQ(tool({"export", "net.onnx", "-o", name}).code, 0);
}

TEST_F(CliOutputName, OfANamedPortIsTheFiles) {
  EXPECT_EQ(hint_of({"run", kSmall, "--input", kSmallInput, "--output", "sources=y.wav"}), "y.npy");
}

TEST_F(CliOutputName, OfAFolderIsNotThatOfAFile) {
  const std::string voices = hint_of({"separate", kDemoModel, kDemoMixture, "-o", "voice.wav"});
  EXPECT_EQ(voices, "voice");
  EXPECT_EQ(tool({"separate", kDemoModel, kDemoMixture, "-o", voices}).code, 0);
  ASSERT_EQ(tool({"build", kSmall, "--length", "2003", "-o", "m.tess"}).code, 0);
  const std::string entries = hint_of({"package", "extract", "m.tess", "-o", "entries.zip"});
  EXPECT_EQ(tool({"package", "extract", "m.tess", "-o", entries}).code, 0);
  EXPECT_EQ(hint_of({"export", "m.tess", "--integers", "qdq", "-o", "m.mlmodel"}), "m");
  EXPECT_EQ(hint_of({"bisect", kSmall, "m.tess", "--input", kDemoMixture, "-o", "r.json"}), "r");
  EXPECT_FALSE(fs::exists(folder_ / "voice.wav"));
  // A folder that is there has its name already.
  fs::create_directory(folder_ / "old.wav");
  EXPECT_EQ(tool({"separate", kDemoModel, kDemoMixture, "-o", "old.wav"}).code, 0);
}

TEST_F(CliOutputName, OfVoicesFollowsTheFormatAndASubtypeItCannotHoldIsRefusedFirst) {
  const Outcome refused = tool({"separate", kDemoModel, kDemoMixture, "-o", "voices", "--format",
                                "flac", "--subtype", "float"});
  EXPECT_EQ(refused.code, exit_code(ErrorCode::kInvalidArgument)) << refused.err;
  EXPECT_NE(refused.err.find(".flac files cannot hold float samples"), std::string::npos);
  ASSERT_EQ(tool({"separate", kDemoModel, kDemoMixture, "-o", "voices", "--format", "flac"}).code,
            0);
  EXPECT_EQ(contents(folder_ / "voices" / "04_mix_s1.flac").substr(0, 4), "fLaC");
}

}  // namespace
}  // namespace tessera
