// Windows in stacks, and networks of several inputs: run, calibrated, built, verified as a user
// does.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "base/npz.h"
#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

using nlohmann::json;

const std::string kField = TESSERA_SOURCE_DIR "/tests/data/field/";
const std::string kBatch = kField + "run_batch_of_windows/";
const std::string kWindows = TESSERA_SOURCE_DIR "/tests/data/onnx/windows/";

class CliWindows : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string save(const std::string& name, const std::vector<int64_t>& dims,
                   const std::vector<float>& values) {
    EXPECT_TRUE(write_npy(path(name), dims, values, {.force = true}).has_value());
    return path(name);
  }
  // The same values as another array.
  std::string reshaped(const std::string& name, const std::string& of,
                       const std::vector<int64_t>& dims) {
    return save(name, dims, read_npy(of).value().values);
  }
  static Outcome succeed(const std::vector<std::string>& words) {
    Outcome outcome = tessera_tool(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome;
  }
  static void expect_refused(const std::vector<std::string>& words, const std::string& error) {
    const Outcome outcome = tessera_tool(words);
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
    EXPECT_EQ(outcome.err, error);
  }
  static void expect_near(const std::string& actual, const std::string& expected,
                          float tolerance = 1e-6F) {
    const NpyArray a = read_npy(actual).value();
    const NpyArray e = read_npy(expected).value();
    ASSERT_EQ(a.dims, e.dims);
    for (size_t i = 0; i < e.values.size(); ++i)
      ASSERT_NEAR(a.values[i], e.values[i], tolerance) << "value " << i;
  }
  static double snr_db(const std::string& actual, const std::string& expected) {
    const NpyArray a = read_npy(actual).value();
    const NpyArray e = read_npy(expected).value();
    EXPECT_EQ(a.dims, e.dims);
    double signal = 0;
    double error = 1e-30;
    for (size_t i = 0; i < std::min(a.values.size(), e.values.size()); ++i) {
      const auto x = static_cast<double>(e.values[i]);
      const double d = x - static_cast<double>(a.values[i]);
      signal += x * x;
      error += d * d;
    }
    return 10 * std::log10(signal / error);
  }

  ScratchFolder folder_;
};

TEST_F(CliWindows, AStackGivesAStackOfWhatEachWindowGives) {
  for (const std::string model : {"open_batch.onnx", "fixed.onnx"}) {
    succeed({"run", kBatch + model, "--input", kBatch + "five.npy", "--output", path("y.npy"),
             "--force", "--check"});
    expect_near(path("y.npy"), kBatch + "five_expected.npy");
  }
  const std::string in_front = reshaped("front.npy", kBatch + "five.npy", {5, 1, 40, 6});
  succeed(
      {"run", kBatch + "fixed.onnx", "--input", in_front, "--output", path("y.npy"), "--force"});
  expect_near(path("y.npy"), kBatch + "five_expected.npy");
}

TEST_F(CliWindows, AStackOfOneIsAStack) {
  const std::string one = reshaped("one.npy", kBatch + "one.npy", {1, 1, 40, 6});
  succeed({"run", kBatch + "fixed.onnx", "--input", one, "--output", path("stack.npy")});
  succeed({"run", kBatch + "fixed.onnx", "--input", kBatch + "one.npy", "--output", path("y.npy")});
  EXPECT_EQ(read_npy(path("stack.npy"))->dims, (std::vector<int64_t>{1, 3}));
  expect_near(path("stack.npy"), path("y.npy"), 0);
}

TEST_F(CliWindows, AStackOfNoneIsRefused) {
  const std::string none = save("none.npy", {0, 40, 6}, {});
  expect_refused(
      {"run", kBatch + "open_batch.onnx", "--input", none},
      "error: holds no window: [0, 40, 6]\n  in: " + none + "\n  next: give at least one\n");
}

TEST_F(CliWindows, AWrongLengthNamesTimeAndThatTheFileFixesIt) {
  for (const std::string model : {"fixed.onnx", "open_batch.onnx"}) {
    const std::string wrong = kBatch + "wrong_length.npy";
    expect_refused({"run", kBatch + model, "--input", wrong},
                   "error: has 30 along time, dimension 1 of [1, 30, 6]; the network takes 40\n"
                   "  in: " +
                       wrong +
                       "\n  next: the model's file fixes its length: give windows of it, or "
                       "export the model with an open time dimension\n");
  }
  const std::string channels = save("c.npy", {5, 40, 7}, std::vector<float>(1400));
  expect_refused({"run", kBatch + "fixed.onnx", "--input", channels},
                 "error: has 7 along channels, dimension 2 of [5, 40, 7]; the network takes 6\n"
                 "  in: " +
                     channels +
                     "\n  next: dimensions of 1 may be added or left out, the others must agree\n");
}

TEST_F(CliWindows, AnotherLengthThanTheFilesIsRefusedByTheFilesOwn) {
  // Also where it is the number of channels.
  for (const std::string length : {"30", "6"}) {
    expect_refused(
        {"run", kBatch + "fixed.onnx", "--length", length, "--input", kBatch + "one.npy"},
        "error: is exported for a length of 40, " + length + " was asked for\n  in: " + kBatch +
            "fixed.onnx: input 'in0'\n  next: ask for no other length, or export the model with "
            "an open time dimension\n");
  }
}

TEST_F(CliWindows, WhereTheLengthIsOpenAHintOfLengthHelps) {
  const std::string in = save("in.npy", {2, 1, 50}, std::vector<float>(100, 0.5F));
  const std::string model = kWindows + "inputs/two_microphones.onnx";
  std::vector<std::string> words{"run", model, "--input", "left=" + in, "--input", "right=" + in};
  succeed(words);
  std::vector<std::string> at_64 = words;
  at_64.insert(at_64.end(), {"--length", "64"});
  expect_refused(at_64,
                 "error: has 50 along time, dimension 2 of [2, 1, 50]; the network takes 64\n"
                 "  in: " +
                     in + "\n  next: leave --length out, or give --length 50\n");
  at_64.back() = "50";
  succeed(at_64);
}

TEST_F(CliWindows, AStackOfWavesIsSeparatedOneByOne) {
  std::vector<float> waves(1600);
  for (size_t i = 0; i < waves.size(); ++i) waves[i] = std::sin(0.001F * static_cast<float>(i * i));
  const std::string both = save("both.npy", {2, 800}, waves);
  const std::string second = save("second.npy", {800}, {waves.begin() + 800, waves.end()});
  succeed({"run", kDemoModel, "--input", both, "--output", path("y.npy")});
  succeed({"run", kDemoModel, "--input", second, "--output", path("y2.npy")});
  const NpyArray stack = read_npy(path("y.npy")).value();
  const NpyArray alone = read_npy(path("y2.npy")).value();
  ASSERT_EQ(stack.dims, (std::vector<int64_t>{2, 2, 800}));
  EXPECT_EQ(std::vector<float>(stack.values.begin() + 1600, stack.values.end()), alone.values);
}

TEST_F(CliWindows, APackageRunsAStackInIntegers) {
  const std::string folder = kWindows + "heads/";
  succeed({"build", folder + "last_gather.onnx", "--quantize", "int8", "--calib",
           folder + "calib.npy", "-o", path("m.tess")});
  const Outcome outcome = succeed({"run", path("m.tess"), "--backend", "emulator", "--input",
                                   folder + "x.npy", "--output", path("y.npy"), "--json"});
  EXPECT_EQ(json::parse(outcome.out).at("windows"), 5);
  EXPECT_GT(snr_db(path("y.npy"), folder + "last_gather.npy"), 25);
}

TEST_F(CliWindows, ANetworkThatKeepsItsLastFrameIsBuiltAndJudgedInIntegers) {
  const std::string folder = kField + "quantize_last_frame/";
  for (const std::string mode : {"int8", "int16", "mixed"}) {
    const std::string package = path(mode + ".tess");
    succeed({"build", folder + "last.onnx", "--quantize", mode, "--calib", folder + "calib.npy",
             "-o", package});
    succeed({"verify", package});
    succeed({"package", "check", package});
    succeed({"run", package, "--backend", "emulator", "--input", folder + "in.npy", "--output",
             path(mode + ".npy")});
    EXPECT_GT(snr_db(path(mode + ".npy"), folder + "last_expected.npy"), mode == "int16" ? 40 : 25);
    succeed({"compare", folder + "last.onnx", package, "--input", folder + "in.npy"});
    succeed(
        {"bisect", folder + "last.onnx", package, "--input", folder + "in.npy", "-o", path(mode)});
  }
}

TEST_F(CliWindows, ANetworkWithNothingForTheChipInIntegersIsRefused) {
  const Outcome outcome =
      tessera_tool({"build", kWindows + "host_only.onnx", "--quantize", "int8", "--calib",
                    kWindows + "heads/calib.npy", "-o", path("m.tess")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kUnsupported));
  EXPECT_EQ(outcome.err.substr(outcome.err.find("error: ")),
            "error: the chip has no convolution of this network: nothing would be in integers\n"
            "  in: quantize\n  next: build it without --quantize\n");
  EXPECT_FALSE(std::filesystem::exists(path("m.tess")));
}

TEST_F(CliWindows, WhichOfSeveralArraysIsMeantHasToBeSaid) {
  const std::string model = kWindows + "heads/mean.onnx";
  const std::string several = kWindows + "inputs/streaming.calib.npz";
  expect_refused({"build", model, "--quantize", "int8", "--calib", several, "--calib-array", "y",
                  "-o", path("m.tess")},
                 "error: holds no array 'y', but: x, past\n  in: " + several +
                     "\n  next: choose one of these\n");
  succeed({"build", model, "--quantize", "int8", "--calib", several, "--calib-array", "x",
           "--array-length", "repeat", "-o", path("m.tess")});
  expect_refused({"build", kWindows + "inputs/streaming.onnx", "--quantize", "int8", "--calib",
                  kWindows + "inputs/feature_cache.calib.npz", "-o", path("n.tess")},
                 "error: lacks the network's inputs x, past; holds arrays that are no input: "
                 "features, cache.0, cache.1\n  in: " +
                     kWindows +
                     "inputs/feature_cache.calib.npz\n  next: the network's inputs are x, past: "
                     "save one array for each, by these names\n");
}

struct Several {
  std::string name;
  std::vector<std::string> outputs;
  std::vector<std::string> length = {};  // --length, where the file leaves it open
};

class CliSeveralInputs : public CliWindows, public ::testing::WithParamInterface<Several> {
 protected:
  std::string stem() const { return kWindows + "inputs/" + GetParam().name; }
  std::vector<std::string> output_options() const {
    std::vector<std::string> words;
    for (const std::string& output : GetParam().outputs)
      words.insert(words.end(), {"--output", output + "=" + path(output + ".npy")});
    return words;
  }
};

TEST_P(CliSeveralInputs, RunOnAnArchiveOfStacks) {
  std::vector<std::string> words{"run", stem() + ".onnx", "--input", stem() + ".npz", "--check"};
  const auto outputs = output_options();
  words.insert(words.end(), outputs.begin(), outputs.end());
  succeed(words);
  for (const std::string& output : GetParam().outputs)
    expect_near(path(output + ".npy"), stem() + "." + output + ".npy", 2e-6F);
}

TEST_P(CliSeveralInputs, AreCalibratedByTheirNamesAndRunInIntegers) {
  for (const std::string mode : {"int8", "int16", "mixed"}) {
    const std::string package = path(mode + ".tess");
    std::vector<std::string> words{"build",   stem() + ".onnx",      "--quantize", mode,
                                   "--calib", stem() + ".calib.npz", "-o",         package};
    words.insert(words.end(), GetParam().length.begin(), GetParam().length.end());
    succeed(words);
    succeed({"verify", package});
    succeed({"verify", package, "--input", stem() + ".npz"});
    succeed({"package", "check", package});
    words = {"run", package, "--backend", "emulator", "--input", stem() + ".npz", "--force"};
    const auto outputs = output_options();
    words.insert(words.end(), outputs.begin(), outputs.end());
    succeed(words);
    for (const std::string& output : GetParam().outputs)
      EXPECT_GT(snr_db(path(output + ".npy"), stem() + "." + output + ".npy"),
                mode == "int16" ? 40 : 25)
          << mode << " " << output;
    succeed({"compare", stem() + ".onnx", package, "--input", stem() + ".npz"});
    succeed({"bisect", stem() + ".onnx", package, "--input", stem() + ".npz", "-o", path(mode)});
  }
}

TEST_P(CliSeveralInputs, CalibrateKeepsTheirWindowsByName) {
  std::vector<std::string> words{"calibrate", stem() + ".onnx", "--calib", stem() + ".calib.npz",
                                 "-o",        path("kept.npz")};
  words.insert(words.end(), GetParam().length.begin(), GetParam().length.end());
  succeed(words);
  const NpzFile given = NpzFile::open(stem() + ".calib.npz").value();
  const NpzFile kept = NpzFile::open(path("kept.npz")).value();
  ASSERT_EQ(kept.names(), given.names());
  for (const std::string& name : kept.names()) {
    EXPECT_EQ(kept.read(name)->dims, given.read(name)->dims);
    EXPECT_EQ(kept.read(name)->values, given.read(name)->values);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, CliSeveralInputs,
                         testing::Values(Several{"streaming", {"y", "next"}},
                                         Several{"feature_cache", {"scores", "next.0", "next.1"}},
                                         Several{"open_stream", {"y", "next"}, {"--length", "24"}},
                                         Several{"two_microphones", {"y"}, {"--length", "64"}}),
                         [](const auto& of) { return of.param.name; });

TEST_F(CliWindows, ASingleArrayForSeveralInputsIsRefused) {
  const std::string calib = save("calib.npy", {3, 4, 16}, std::vector<float>(192, 0.5F));
  expect_refused({"build", kWindows + "inputs/streaming.onnx", "--quantize", "int8", "--calib",
                  calib, "-o", path("m.tess")},
                 "error: is one array, the network has 2 inputs: x, past\n  in: " + calib +
                     "\n  next: save an .npz with an array for each of these names\n");
}

}  // namespace
}  // namespace tessera
