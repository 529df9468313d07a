// Sensor networks as other makers write them: what PyTorch computed, from the file to the package.
#include <gtest/gtest.h>

#include <cmath>

#include "base/npy.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/compiler/verify.h"
#include "tessera/sensor_encoder.h"

namespace tessera {
namespace {

using Args = std::map<std::string, std::string>;

const std::string kSensors = TESSERA_SOURCE_DIR "/tests/data/sensors/";
const std::string kMotion = TESSERA_SOURCE_DIR "/models/motion/";

struct SensorFileCase {
  std::string name;  // of the vectors
  std::string model;
  Args args;
};

std::vector<SensorFileCase> sensor_files() {
  return {
      {"locuslab_weight_norm", "locuslab_weight_norm.pth", {}},
      {"locuslab_parametrized", "locuslab_parametrized.pth", {}},
      {"sequential_only", "sequential_only.pth", {}},
      {"vae_encoder", "vae_encoder.pth", {{"pool", "avg"}, {"head", "fc_mu"}}},
      {"batch_norm_gelu",
       "batch_norm_gelu.pth",
       {{"pool", "max"},
        {"head", "fc1,fc2"},
        {"activation", "gelu"},
        {"sum_activation", "false"},
        {"dilations", "1,3"},
        {"softmax", "true"}}},
      {"same_padding_frames",
       "same_padding_frames.pth",
       {{"causal", "false"}, {"activation", "tanh"}}},
      {"pytorch_tcn", "pytorch_tcn.pth", {{"activation", "leaky_relu"}}},
      {"prelu", "prelu.pth", {}},
      {"prelu", "prelu_sequential_only.pth", {}},
      {"linear_frames", "linear_frames.pth", {{"pool", "none"}}},
      {"locuslab_opset11", "locuslab_opset11.onnx", {}},
      {"time_first_softmax", "time_first_softmax.onnx", {}},
      {"keras_like", "keras_like.onnx", {}},
      {"separable_strided", "separable_strided.onnx", {}},
      {"vae_open_time", "vae_open_time.onnx", {}},
  };
}

class SensorNetworks : public ::testing::TestWithParam<SensorFileCase> {
 protected:
  ImportOptions import() const { return {.length_samples = 40, .model_args = GetParam().args}; }
  std::filesystem::path model() const { return kSensors + GetParam().model; }
  NpyArray inputs() const { return read_npy(kSensors + GetParam().name + ".in.npy").value(); }
  NpyArray outputs() const { return read_npy(kSensors + GetParam().name + ".out.npy").value(); }
};

// Windows of the vectors lie [N, C, T], as the graph has them for one device.
std::vector<std::vector<float>> windows_in(const NpyArray& array) {
  const auto size = static_cast<size_t>(array.dims[1] * array.dims[2]);
  std::vector<std::vector<float>> windows;
  for (size_t begin = 0; begin < array.values.size(); begin += size)
    windows.emplace_back(array.values.begin() + static_cast<std::ptrdiff_t>(begin),
                         array.values.begin() + static_cast<std::ptrdiff_t>(begin + size));
  return windows;
}

// All latents, window after window.
Result<std::vector<float>> latents_of(SensorEncoder& encoder,
                                      const std::vector<std::vector<float>>& windows) {
  std::vector<float> all;
  for (const auto& window : windows) {
    TESSERA_TRY(const auto latent, encoder.encode_window(window));
    all.insert(all.end(), latent.begin(), latent.end());
  }
  return all;
}

TEST_P(SensorNetworks, GiveWhatPyTorchComputed) {
  auto encoder = SensorEncoder::open(model(), {.import = import()});
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  const auto latents = latents_of(*encoder, windows_in(inputs()));
  ASSERT_TRUE(latents) << latents.error().to_string();
  const std::vector<float> expected = outputs().values;
  ASSERT_EQ(latents->size(), expected.size());
  EXPECT_LE(difference(expected, *latents).relative(), 1e-5);
}

TEST_P(SensorNetworks, PackagesKeepTheirCosine) {
  const ScratchFolder folder;
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.import = import();
  options.output = folder / "net.tess";
  const auto built = build(model(), options);
  ASSERT_TRUE(built) << built.error().to_string();
  auto encoder = SensorEncoder::open(folder / "net.tess");
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  const auto latents = latents_of(*encoder, windows_in(inputs()));
  ASSERT_TRUE(latents) << latents.error().to_string();
  const std::vector<float> expected = outputs().values;
  ASSERT_EQ(latents->size(), expected.size());
  EXPECT_GT(difference(expected, *latents).cosine, 0.99999);
}

TEST_P(SensorNetworks, IntegersKeepNineteenParts) {
  const ScratchFolder folder;
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.import = import();
  options.calibration.sources = {kSensors + GetParam().name + ".in.npy"};
  options.integers = IntegerOptions{};
  options.output = folder / "net.tess";
  const auto built = build(model(), options);
  ASSERT_TRUE(built) << built.error().to_string();
  auto encoder = SensorEncoder::open(folder / "net.tess");
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  EXPECT_EQ(encoder->arithmetic(), Arithmetic::integer);
  const auto latents = latents_of(*encoder, windows_in(inputs()));
  ASSERT_TRUE(latents) << latents.error().to_string();
  EXPECT_GE(difference(outputs().values, *latents).cosine, 0.99);
}

// Two devices through the stacked network are two runs of the single one.
TEST_P(SensorNetworks, TwoDevicesAreTwoSingleOnes) {
  auto single = SensorEncoder::open(model(), {.import = import()});
  ImportOptions stacked = import();
  stacked.sensor.devices = 2;
  auto dual = SensorEncoder::open(model(), {.import = stacked});
  ASSERT_TRUE(single) << single.error().to_string();
  ASSERT_TRUE(dual) << dual.error().to_string();
  EXPECT_EQ(dual->input().devices, 2);
  const auto windows = windows_in(inputs());
  const auto frames = static_cast<size_t>(dual->input().frames);
  std::vector<float> both;
  for (size_t begin = 0; begin < windows[0].size(); begin += frames) {
    for (size_t device : {0, 1}) {
      const auto row = windows[device].begin() + static_cast<std::ptrdiff_t>(begin);
      both.insert(both.end(), row, row + static_cast<std::ptrdiff_t>(frames));
    }
  }
  const auto latents = dual->encode_window(both);
  ASSERT_TRUE(latents) << latents.error().to_string();
  std::vector<float> expected;
  for (size_t device : {0, 1}) {
    const auto one = single->encode_window(windows[device]);
    ASSERT_TRUE(one) << one.error().to_string();
    expected.insert(expected.end(), one->begin(), one->end());
  }
  ASSERT_EQ(latents->size(), expected.size());
  EXPECT_LE(difference(expected, *latents).max_abs, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Files, SensorNetworks, ::testing::ValuesIn(sensor_files()),
                         [](const auto& given) {
                           return std::filesystem::path(given.param.model).stem().string();
                         });

struct BadArguments {
  std::string model;
  Args args;
  std::string said;
};

TEST(SensorNetworkArguments, WithoutMeaningAreRefused) {
  const BadArguments cases[] = {
      {"locuslab_weight_norm.pth", {{"dilations", "1,2"}}, "holds 2, the network has 3 blocks"},
      {"locuslab_weight_norm.pth", {{"dilations", "1,x,4"}}, "holds 'x', which is no number"},
      {"locuslab_weight_norm.pth", {{"dilations", "1,0,4"}}, "holds 0"},
      {"locuslab_weight_norm.pth", {{"pool", "median"}}, "is 'median'"},
      {"locuslab_weight_norm.pth", {{"head", "nowhere"}}, "'nowhere' is no linear layer"},
      {"locuslab_weight_norm.pth", {{"activation", "step"}}, "activation 'step' is not known"},
      {"locuslab_weight_norm.pth", {{"n_src", "2"}}, "unknown model argument n_src"},
      {"locuslab_weight_norm.pth", {{"part", "decoder"}}, "'decoder' has no blocks"},
      {"locuslab_weight_norm.pth",
       {{"mean", "1,2"}, {"std", "1,1"}},
       "holds 2 numbers, the network takes 6 channels"},
      {"locuslab_weight_norm.pth",
       {{"mean", "1,1,1,1,1,1"}, {"std", "1,1,0,1,1,1"}},
       "which is not above 0"},
      {"locuslab_weight_norm.pth", {{"channels", "ax,ay"}}, "names 2"},
      {"vae_encoder.pth", {}, "several linear layers could follow"},
      {"batch_norm_gelu.pth", {{"causal", "false"}}, "has no middle"},
      {"pooled_norm.pth", {}, "bn: is a batch norm outside the blocks"},
      {"two_linear_layers.pth", {}, "fc2: takes what 'fc1' gives"},
  };
  for (const BadArguments& bad : cases) {
    const auto model =
        import_model(kSensors + bad.model, {.length_samples = {}, .model_args = bad.args});
    ASSERT_FALSE(model) << bad.said;
    EXPECT_NE(model.error().to_string().find(bad.said), std::string::npos)
        << model.error().to_string() << "\nlacks: " << bad.said;
  }
}

TEST(SensorInputTest, ZScoreIsInFrontOfTheNetworkAndStaysInThePackage) {
  ImportOptions import;
  import.length_samples = 40;
  import.sensor.mean = {1, -2, 3, 0, 0.5F, 100};
  import.sensor.deviation = {2, 0.5F, 4, 1, 3, 50};
  const NpyArray array = read_npy(kSensors + "locuslab_weight_norm.in.npy").value();
  auto raw = windows_in(array);
  for (auto& window : raw) {
    for (size_t c = 0; c < 6; ++c) {
      for (size_t t = 0; t < 40; ++t) {
        float& x = window[c * 40 + t];
        x = x * import.sensor.deviation[c] + import.sensor.mean[c];
      }
    }
  }
  const std::vector<float> expected =
      read_npy(kSensors + "locuslab_weight_norm.out.npy").value().values;
  auto from_model = SensorEncoder::open(kSensors + "locuslab_weight_norm.pth", {.import = import});
  ASSERT_TRUE(from_model) << from_model.error().to_string();
  EXPECT_LE(difference(expected, latents_of(*from_model, raw).value()).relative(), 1e-4);

  const ScratchFolder folder;
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.import = import;
  options.output = folder / "net.tess";
  const auto built = build(kSensors + "locuslab_weight_norm.pth", options);
  ASSERT_TRUE(built) << built.error().to_string();
  EXPECT_EQ(built->package.manifest().schema, kSensorPackageSchema);
  auto packaged = SensorEncoder::open(folder / "net.tess");
  ASSERT_TRUE(packaged) << packaged.error().to_string();
  EXPECT_EQ(packaged->sensor(), import.sensor);
  EXPECT_GT(difference(expected, latents_of(*packaged, raw).value()).cosine, 0.99999);
  // A package says itself what stands in front of its network.
  EXPECT_FALSE(SensorEncoder::open(folder / "net.tess", {.import = import}));
}

// The trained classifier: PyTorch finds the class of all 40 test windows.
TEST(MotionClassifier, FindsTheClassOfEveryTestWindow) {
  auto encoder = SensorEncoder::open(kMotion + "motion_tcn.pth");
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  EXPECT_EQ(encoder->input().frames, 100);
  const WindowSet set =
      read_window_file(kMotion + "BasicMotions_TEST.ts", encoder->window_options()).value();
  ASSERT_EQ(set.windows.size(), 40U);
  for (size_t n = 0; n < set.windows.size(); ++n) {
    const auto found = encoder->classify_window(set.windows[n]);
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->at(0).label, set.labels[n]) << "window " << n;
    float sum = 0;
    for (float probability : found->at(0).probabilities) sum += probability;
    EXPECT_NEAR(sum, 1.0F, 1e-5F);
  }
}

TEST(MotionClassifier, InIntegersLosesAtMostAPoint) {
  const ScratchFolder folder;
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.calibration.sources = {kMotion + "BasicMotions_TRAIN.ts"};
  options.integers = IntegerOptions{};
  options.output = folder / "motion.tess";
  const auto built = build(kMotion + "motion_tcn.pth", options);
  ASSERT_TRUE(built) << built.error().to_string();
  auto encoder = SensorEncoder::open(folder / "motion.tess");
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  EXPECT_EQ(encoder->arithmetic(), Arithmetic::integer);
  const WindowSet set =
      read_window_file(kMotion + "BasicMotions_TEST.ts", encoder->window_options()).value();
  int64_t right = 0;
  for (size_t n = 0; n < set.windows.size(); ++n)
    right += encoder->classify_window(set.windows[n]).value()[0].label == set.labels[n];
  EXPECT_GE(right, 40);  // one of 40 would be 2.5 points
}

TEST(SensorEncoderRefuses, WindowsThatAreNone) {
  auto encoder = SensorEncoder::open(kMotion + "motion_tcn.pth").value();
  std::vector<float> rows(600, 0.5F);
  EXPECT_TRUE(encoder.encode(rows));
  rows[605 - 100] = std::nanf("");
  const auto with_nan = encoder.encode(rows);
  ASSERT_FALSE(with_nan);
  EXPECT_NE(with_nan.error().message.find("row 85, column 2"), std::string::npos)
      << with_nan.error().message;
  rows.resize(630);
  const auto too_long = encoder.encode(rows);
  ASSERT_FALSE(too_long);
  EXPECT_NE(too_long.error().message.find("the network takes 100 rows of 6"), std::string::npos);
}

TEST(SensorEncoderRefuses, NetworksOfVoices) {
  const auto encoder =
      SensorEncoder::open(TESSERA_SOURCE_DIR "/models/convtasnet_demo_causal_8k.pth");
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().code, ErrorCode::kInvalidArgument);
}

TEST(SensorEncoderTest, RowsAndWindowsOfTwoDevicesAreTheSame) {
  ImportOptions import;
  import.sensor.devices = 2;
  auto encoder = SensorEncoder::open(kMotion + "motion_tcn.pth", {.import = import}).value();
  std::vector<float> rows;
  std::vector<float> window(1200);
  for (size_t t = 0; t < 100; ++t) {
    for (size_t h = 0; h < 2; ++h) {
      for (size_t c = 0; c < 6; ++c) {
        rows.push_back(std::sin(0.1F * static_cast<float>(t * (h + 1) + c)));
        window[(c * 2 + h) * 100 + t] = rows.back();
      }
    }
  }
  const auto of_rows = encoder.encode(rows);
  ASSERT_TRUE(of_rows) << of_rows.error().to_string();
  EXPECT_EQ(*of_rows, encoder.encode_window(window).value());
  EXPECT_EQ(of_rows->size(), 8U);
}

}  // namespace
}  // namespace tessera
