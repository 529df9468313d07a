// Every command line that --help shows as an example runs as it is shown, in a folder that holds
// the files it names.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "base/npy.h"
#include "base/npz.h"
#include "cli/help_text.h"
#include "cli/tool.h"
#include "support/har_builder.h"
#include "tessera/audio.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = TESSERA_SOURCE_DIR;

// Files of the repository under the names that examples use.
const std::map<std::string, std::string> kFiles = {
    {"net.pth", "models/convtasnet_demo_gln_8k.pth"},
    {"causal.pth", "models/convtasnet_demo_causal_8k.pth"},
    {"model.pth", "models/convtasnet_demo_gln_8k.pth"},
    {"weights.pth", "tests/data/speechbrain/speechbrain_gln.pth"},
    {"tcn.onnx", "tests/data/field/quantize_last_frame/last.onnx"},
    {"windows.npy", "tests/data/field/quantize_last_frame/calib.npy"},
    {"encoder.onnx", "tests/data/field/quantize_last_frame/last.onnx"},
    {"window.npy", "tests/data/field/quantize_last_frame/in.npy"},
    {"motion.pth", "models/motion/motion_tcn.pth"},
    {"windows.ts", "models/motion/BasicMotions_TEST.ts"},
    {"stream.onnx", "tests/data/onnx/windows/inputs/streaming.onnx"},
    {"meeting.wav", "models/mixtures/04_mix.wav"},
    {"mix.wav", "models/mixtures/04_mix.wav"},
    {"s1.wav", "models/mixtures/04_s1.wav"},
    {"s2.wav", "models/mixtures/04_s2.wav"},
    {"a.wav", "models/mixtures/04_s1.wav"},
    {"b.wav", "models/mixtures/04_s2.wav"},
    {"out/mix_s1.wav", "models/mixtures/04_s1.wav"},
    {"out/mix_s2.wav", "models/mixtures/04_s2.wav"},
    {"recordings/04_mix.wav", "models/mixtures/04_mix.wav"},
    {"recordings/inner/06_mix.wav", "models/mixtures/06_mix.wav"},
    {"held_out", "models/mixtures"},
    {"my_chip.toml", "targets/hailo8.toml"},
    {"compile.log", "tests/data/vendor_logs/006_mapping_concat21.log"},
    {"parse.log", "tests/data/vendor_logs/002_parser_many_ops.log"},
    {"outcomes_graphs.json", "tests/data/outcomes_graphs.json"},
    {"tests/data/hailo", "tests/data/hailo"},
};

// Files that Tessera makes, by a command line over the ones above. Short inputs keep it quick.
const std::map<std::string, std::string> kMade = {
    {"net.onnx", "export net.pth --length 16000 -o net.onnx"},
    {"model.onnx", "export net.pth --length 4096 -o model.onnx"},
    {"net.tess", "build net.pth --length 8000 --quantize int8 --calib mix.wav -o net.tess"},
    {"int8.tess", "build net.pth --length 8000 --quantize int8 --calib mix.wav -o int8.tess"},
    {"float.tess", "build net.pth --length 8000 -o float.tess"},
    {"encoder.tess", "build encoder.onnx --quantize int8 --calib windows.npy -o encoder.tess"},
    {"motion.tess", "build motion.pth --quantize int8 --calib windows.ts -o motion.tess"},
    {"calib.npz", "calibrate net.pth --calib mix.wav -o calib.npz"},
    {"questions", "target experiment -o questions"},
    {"mine.toml", "sweep new mine.toml"},
    {"runs/modules", "sweep modules -o runs/modules"},
    {"runs/micro", "sweep micro -o runs/micro"},
    {"runs/again", "sweep micro -o runs/again"},
};

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The files that examples name, made when first asked for.
class Material {
 public:
  Material() {
    for (const auto& [name, source] : kFiles) {
      fs::create_directories((folder_ / name).parent_path());
      fs::create_symlink(kSource / source, folder_ / name);
    }
    const std::vector<float> wave(16000, 0.1F);
    const int64_t dims[] = {1, 1, 16000};
    EXPECT_TRUE(write_npy(folder_ / "wave.npy", dims, wave));
    AudioBuffer stereo{8000, {wave, std::vector<float>(16000, 0.2F)}};
    EXPECT_TRUE(write_audio(folder_ / "stereo.wav", stereo));
    EXPECT_TRUE(write_audio(folder_ / "lecture.flac", wave, 8000));
    EXPECT_TRUE(write_audio(folder_ / "talk.raw", wave, 8000));
    write_stream();
    write_sensor_files();
    write_bytes("net.hef", test::hef_file(2, test::small_hef()));
    const std::string har = test::tar_of(test::small_har_members());
    write_bytes("net.har", {har.begin(), har.end()});
    const std::string npz = test::small_weights();
    write_bytes("small.har", {har.begin(), har.end()});
    write_bytes("small.hn", {test::kSmallHn.begin(), test::kSmallHn.end()});
    write_bytes("small.npz", {npz.begin(), npz.end()});
    EXPECT_TRUE(export_onnx(test::small_network(), folder_ / "small.onnx"));
    fs::create_directories(folder_ / "module_runs");
    const std::string table = "module\thar_success\thef_success\nhead\ttrue\tfalse\n";
    write_bytes("module_runs/micro_summary.tsv", {table.begin(), table.end()});
  }

  bool holds(const std::string& name) {
    std::string path = name;
    if (path.ends_with('/')) path.pop_back();
    const auto made = kMade.find(path);
    if (made != kMade.end() && !fs::exists(folder_ / path)) {
      const Outcome outcome = tessera_tool(words_of(made->second), folder_.path());
      EXPECT_EQ(outcome.code, 0) << made->second << outcome.err;
    }
    return !path.empty() && path[0] != '.' && fs::exists(folder_ / path);
  }

  // Puts a file or folder of it there, under its name.
  void give(const std::string& name, const fs::path& folder) const {
    if (fs::exists(folder / name)) return;  // with a folder around it
    fs::create_directories((folder / name).parent_path());
    fs::copy(folder_ / name, folder / name, fs::copy_options::recursive);
  }

 private:
  void write_bytes(const std::string& name, const std::vector<uint8_t>& bytes) {
    EXPECT_TRUE(write_file_atomically(folder_ / name, bytes));
  }

  // Three windows as a recording, and one as a service gets it.
  void write_sensor_files() {
    std::string rows;
    std::string table = "ax,ay,az,gx,gy,gz\n";
    for (int t = 0; t < 300; ++t) {
      const std::string row = fmt::format("{0:.3f},{1:.3f},{0:.3f},0.1,0.2,{1:.3f}",
                                          std::sin(0.1 * t), std::cos(0.2 * t));
      table += row + "\n";
      if (t < 100) rows += fmt::format("{}[{}]", t > 0 ? "," : "", row);
    }
    const std::string window = "{\"x\": [" + rows + "]}";
    write_bytes("recording.csv", {table.begin(), table.end()});
    write_bytes("window.json", {window.begin(), window.end()});
  }

  // One block of the network with a past.
  void write_stream() {
    const auto blocks = NpzFile::open(kSource / "tests/data/onnx/windows/inputs/streaming.npz");
    ASSERT_TRUE(blocks) << blocks.error().to_string();
    for (const std::string name : {"x", "past"}) {
      const auto array = blocks->read(name);
      ASSERT_TRUE(array) << array.error().to_string();
      ASSERT_TRUE(write_npy(folder_ / (name + ".npy"), array->dims, array->values));
    }
  }

  ScratchFolder folder_;
};

Material& material() {
  static Material made;
  return made;
}

// The lines under "Examples:", those that end with a backslash joined with the next.
std::vector<std::string> examples_of(const CommandPath& command) {
  std::vector<std::string> examples;
  bool inside = false;
  bool goes_on = false;
  for (std::string line : lines_of(help_of(command))) {
    if (line.empty()) inside = false;
    if (inside) {
      const bool continued = line.ends_with('\\');
      if (continued) line.pop_back();
      if (goes_on) {
        examples.back() += line;
      } else {
        examples.push_back(line.substr(2));
      }
      goes_on = continued;
    }
    if (line == "Examples:") inside = true;
  }
  return examples;
}

// What a command line reads: its words, and those behind "NAME=", that do not follow an option for
// an output or a redirection.
std::set<std::string> inputs_of(const std::string& line) {
  static const std::set<std::string> kOutputs = {"-o",      "--output",        "--svg",
                                                 "--graph", "--stats",         "--picture",
                                                 "--tsv",   "--failure-files", ">"};
  std::set<std::string> inputs;
  std::string before;
  for (const std::string& word : words_of(line.substr(0, line.find(" #")))) {
    if (!kOutputs.contains(before)) inputs.insert(word.substr(word.find('=') + 1));
    before = word;
  }
  return inputs;
}

// A completion script is for the shell that it names.
std::vector<std::string> shell_for(const std::string& line) {
  if (line.find("completion zsh") < line.size()) {
    return {"zsh", "-f", "-c", "autoload -Uz compinit; compinit -u -D; " + line};
  }
  if (line.find("completion fish") < line.size()) return {"fish", "--no-config", "-c", line};
  return {"bash", "-c", line};
}

class CliExamples : public ::testing::TestWithParam<CommandPath> {};

TEST_P(CliExamples, RunAsTheyAreShown) {
  const std::vector<std::string> examples = examples_of(GetParam());
  ASSERT_FALSE(examples.empty());
  const ScratchFolder tools;
  fs::create_symlink(TESSERA_CLI, tools / "tessera");
  fs::create_symlink(kSource / "tests/dfc_stand_in/hailo", tools / "hailo");
  for (const std::string& example : examples) {
    const ScratchFolder folder;
    for (const std::string& input : inputs_of(example)) {
      if (material().holds(input)) material().give(input, folder.path());
    }
    std::vector<std::string> words{"PATH=" + tools.path().string() + ":" + std::getenv("PATH"),
                                   "HOME=" + folder.path().string()};
    const std::vector<std::string> shell = shell_for(example);
    if (run_program("which", {shell[0]}).code != 0) GTEST_SKIP() << shell[0] << " is missing";
    words.insert(words.end(), shell.begin(), shell.end());
    const Outcome outcome = run_program("env", words, folder.path());
    EXPECT_EQ(outcome.code, 0) << example << "\n" << outcome.err;
  }
}

INSTANTIATE_TEST_SUITE_P(Help, CliExamples, ::testing::ValuesIn(every_command()),
                         [](const auto& command) {
                           std::string name =
                               command.param.empty()
                                   ? std::string("tessera")
                                   : fmt::format("{}", fmt::join(command.param, "_"));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tessera
