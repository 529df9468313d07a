// What tests/data has in small, on the real files of a folder outside the repository.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "model/onnx/field_model.h"
#include "support/planned.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/verify.h"
#include "tessera/file.h"
#include "tessera/session.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kLocal = TESSERA_LOCAL_DATA;

nlohmann::json json_of(const fs::path& path) {
  const auto bytes = read_file(path, uint64_t{1} << 24).value();
  return nlohmann::json::parse(bytes.begin(), bytes.end());
}

TEST(LocalData, TheDefaultNetworkStitchedGivesWhatAsteroidComputed) {
  const NpyArray input = read_npy(kLocal / "large/default.in.npy").value();
  const NpyArray expected = read_npy(kLocal / "large/default.out.npy").value();
  const auto model =
      import_model(kLocal / "large/default.pth",
                   {.length_samples = static_cast<int64_t>(input.values.size()), .model_args = {}});
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->family, "asteroid_convtasnet");
  const auto planned = test::plan_for(model->graph, {.tile_frames = 512, .block_channels = 128});
  const auto backend = make_backend("cpu").value();
  const auto stitched = StitchedExecutable::load(planned.plan, *backend).value();
  std::vector<float> actual(expected.values.size());
  const std::vector<ConstValues> inputs{input.values};
  const std::vector<Values> outputs{actual};
  ASSERT_TRUE(stitched->run(inputs, outputs));
  EXPECT_LE(difference(expected.values, actual).max_abs, 1e-5);
}

TEST(LocalData, TheTrainedSensorEncoderGivesItsGoldenLatents) {
  const auto model = import_model(kLocal / "imu/tcn_encoder_for_edgeinfer.onnx");
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->inputs[0].to_string(), "[1, 100 time, 9 channels]");
  NpyArray window;
  window.dims = {1, 100, 9};
  const auto sample = json_of(kLocal / "imu/realistic_imu_sample.json");
  for (const auto& row : sample.at("x")) {
    for (const auto& value : row) window.values.push_back(value.get<float>());
  }
  const auto golden = json_of(kLocal / "imu/golden_latents.json")
                          .at("realistic_imu_sample.json:raw")
                          .get<std::vector<float>>();
  const auto latents = test::run(*model, {window});
  ASSERT_TRUE(latents) << latents.error().to_string();
  ASSERT_EQ(latents->at(0).values.size(), golden.size());
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(latents->at(0).values[i], golden[i], 1e-5);
}

TEST(LocalData, ThePublishedRecurrentNetworkIsRefusedByItsNode) {
  const fs::path path = kLocal / "onnx/speaker_count_crnn.onnx";
  const auto model = import_model(path);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().subject, path.string() + ": node '/gru/GRU' (GRU)");
}

TEST(LocalData, RealCalibrationClipsAreRead) {
  const std::pair<const char*, size_t> archives[] = {{"calibration_200ms_16k_64.npz", 64},
                                                     {"calibration_200ms_16k_8.npz", 8}};
  for (const auto& [name, clips] : archives) {
    CalibrationConfig wanted;
    wanted.inputs = {plain_layout("x", {1, 1, 3200})};
    wanted.count = 100;
    wanted.sources = {kLocal / "hailo" / name};
    const auto set = read_calibration_data(wanted);
    ASSERT_TRUE(set) << set.error().to_string();
    EXPECT_EQ(set->windows.size(), clips) << name;
  }
}

}  // namespace
}  // namespace tessera
