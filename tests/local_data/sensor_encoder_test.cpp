// The trained sensor encoder on its own samples: golden latents in every form.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/compiler/verify.h"
#include "tessera/file.h"
#include "tessera/sensor_encoder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kImu = fs::path(TESSERA_LOCAL_DATA) / "imu";
const fs::path kEncoder = kImu / "tcn_encoder_for_edgeinfer.onnx";
const char* const kSamples[] = {"realistic_imu_sample.json", "random_imu_sample.json",
                                "static_imu_sample.pisrv.json"};

std::vector<float> golden_latent(const std::string& sample) {
  const auto bytes = read_file(kImu / "golden_latents.json", 1 << 24).value();
  return nlohmann::json::parse(bytes.begin(), bytes.end())
      .at(sample + ":zscored")
      .get<std::vector<float>>();
}

ImportOptions with_z_score(int64_t devices = 0) {
  ImportOptions import;
  import.sensor = read_sensor_input(kImu / "model_config.json").value();
  import.sensor.devices = devices;
  return import;
}

// The least cosine to the golden latents of all samples.
double least_cosine(SensorEncoder& encoder) {
  double least = 1;
  for (const char* sample : kSamples) {
    const auto set = read_window_file(kImu / sample, encoder.window_options());
    EXPECT_TRUE(set) << set.error().to_string();
    const auto latent = encoder.encode_window(set->windows[0]);
    EXPECT_TRUE(latent) << latent.error().to_string();
    least = std::min(least, difference(golden_latent(sample), *latent).cosine);
  }
  return least;
}

// As built with integers of that kind; none: in float.
SensorEncoder packaged_encoder(const fs::path& file, std::optional<IntegerOptions> integers) {
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.import = with_z_score();
  if (integers) {
    for (const char* sample : kSamples) options.calibration.sources.push_back(kImu / sample);
  }
  options.integers = std::move(integers);
  options.output = file;
  const auto built = build(kEncoder, options);
  EXPECT_TRUE(built) << built.error().to_string();
  return SensorEncoder::open(file).value();
}

TEST(LocalSensorEncoder, GivesTheGoldenLatentsOfRawWindows) {
  auto encoder = SensorEncoder::open(kEncoder, {.import = with_z_score()});
  ASSERT_TRUE(encoder) << encoder.error().to_string();
  EXPECT_EQ(encoder->input().frames, 100);
  EXPECT_EQ(encoder->latent_size(), 64);
  EXPECT_GT(least_cosine(*encoder), 0.99999);
}

TEST(LocalSensorEncoder, APackageDoesInFloatAndInIntegers) {
  const ScratchFolder folder;
  SensorEncoder floats = packaged_encoder(folder / "float.tess", std::nullopt);
  EXPECT_GT(least_cosine(floats), 0.99999);
  SensorEncoder int8 = packaged_encoder(folder / "int8.tess", IntegerOptions{});
  EXPECT_EQ(int8.arithmetic(), Arithmetic::integer);
  EXPECT_GE(least_cosine(int8), 0.99);
  IntegerOptions mixed;
  mixed.mixed_loss_db = 0.05;
  SensorEncoder sixteen = packaged_encoder(folder / "mixed.tess", mixed);
  EXPECT_GE(least_cosine(sixteen), 0.999);
}

TEST(LocalSensorEncoder, TwoDevicesGiveTwoGoldenLatents) {
  auto single = SensorEncoder::open(kEncoder, {.import = with_z_score()}).value();
  auto dual = SensorEncoder::open(kEncoder, {.import = with_z_score(2)});
  ASSERT_TRUE(dual) << dual.error().to_string();
  std::vector<std::vector<float>> windows;
  std::vector<float> expected;
  for (const char* sample : {kSamples[0], kSamples[1]}) {
    windows.push_back(read_window_file(kImu / sample, single.window_options()).value().windows[0]);
    const auto latent = single.encode_window(windows.back()).value();
    expected.insert(expected.end(), latent.begin(), latent.end());
  }
  std::vector<float> both;
  for (size_t c = 0; c < 9; ++c) {
    for (const auto& window : windows)
      both.insert(both.end(), window.begin() + static_cast<std::ptrdiff_t>(c * 100),
                  window.begin() + static_cast<std::ptrdiff_t>(c * 100 + 100));
  }
  const auto latents = dual->encode_window(both);
  ASSERT_TRUE(latents) << latents.error().to_string();
  EXPECT_LE(difference(expected, *latents).max_abs, 1e-6);
}

TEST(LocalSensorEncoder, RefusesTheSampleOf105Rows) {
  auto encoder = SensorEncoder::open(kEncoder, {.import = with_z_score()}).value();
  const auto set = read_window_file(kImu / "static_imu_sample.json", encoder.window_options());
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(set.error().message, "holds 105 frames, the network takes 100");
}

}  // namespace
}  // namespace tessera
