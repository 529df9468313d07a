// Real checkpoints, planned and played: every stage is the imported network's, the output is what
// Asteroid itself computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/npy.h"
#include "support/planned.h"
#include "tessera/compiler/verify.h"
#include "tessera/session.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::Planned;

// Largest difference of the stitched output from the array in `path`.
double stitched_error(const Plan& plan, const NpyArray& input, const fs::path& path,
                      std::string_view backend_name = "cpu") {
  const auto backend = make_backend(backend_name).value();
  const NpyArray expected = read_npy(path).value();
  const auto stitched = StitchedExecutable::load(plan, *backend);
  EXPECT_TRUE(stitched.has_value()) << stitched.error().to_string();
  if (!stitched) return INFINITY;
  std::vector<float> actual(expected.values.size());
  const std::vector<ConstValues> inputs{input.values};
  const std::vector<Values> outputs{actual};
  const Result<void> ran = (*stitched)->run(inputs, outputs);
  EXPECT_TRUE(ran.has_value()) << ran.error().to_string();
  return difference(expected.values, actual).max_abs;
}

struct Sample {
  fs::path model;
  NpyArray input;
  fs::path output;
};

Sample sample(const fs::path& stem) {
  return {fs::path(stem).concat(".pth"), read_npy(fs::path(stem).concat(".in.npy")).value(),
          fs::path(stem).concat(".out.npy")};
}

Graph import_for(const Sample& given) {
  const auto length = static_cast<int64_t>(given.input.values.size());
  const auto model = import_model(given.model, {.length_samples = length, .model_args = {}});
  EXPECT_TRUE(model.has_value()) << model.error().to_string();
  return model->graph;
}

class AsteroidCheckpoint : public testing::TestWithParam<const char*> {
 protected:
  Sample given_ = sample(fs::path(TESSERA_SOURCE_DIR "/tests/data/asteroid") / GetParam());
};

INSTANTIATE_TEST_SUITE_P(Small, AsteroidCheckpoint,
                         testing::Values("bn_k5", "causal_cgln", "causal_cln", "enc_relu_k20",
                                         "gln_relu_skip0", "gln_sigmoid", "gln_softmax_3src",
                                         "one_src_denoise", "seed_shape_k1"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(AsteroidCheckpoint, StitchedFromTilesAndBlocksGivesWhatAsteroidComputed) {
  const Graph imported = import_for(given_);
  for (int64_t tile : {64, 256, 300, 512}) {
    for (int64_t block : {0, 16, 64, 128}) {
      const Planned planned =
          test::plan_for(imported, {.tile_frames = tile, .block_channels = block});
      EXPECT_LE(stitched_error(planned.plan, given_.input, given_.output), 1e-5)
          << tile << " frames, blocks of " << block;
    }
  }
}

TEST_P(AsteroidCheckpoint, StitchedByStripesGivesWhatAsteroidComputed) {
  const Planned planned =
      test::plan_for(import_for(given_), {.layout = LayoutChoice::stripes, .tile_frames = 64});
  EXPECT_LE(stitched_error(planned.plan, given_.input, given_.output), 1e-5);
}

TEST_P(AsteroidCheckpoint, PassesVerificationAtEveryStage) {
  const Graph imported = import_for(given_);
  const auto reference = make_backend("reference").value();
  const std::vector<ConstValues> inputs{given_.input.values};
  for (const char* name : {"cpu", "torch"}) {
    const auto backend = make_backend(name);
    if (!backend && backend_is_optional(name)) continue;
    ASSERT_TRUE(backend.has_value()) << backend.error().to_string();
    for (int64_t block : {0, 64}) {
      const Planned planned =
          test::plan_for(imported, {.tile_frames = 256, .block_channels = block});
      const auto report = verify_plan(imported, planned.plan, **backend, *reference, inputs);
      ASSERT_TRUE(report.has_value()) << report.error().to_string();
      EXPECT_TRUE(report->passed);
      EXPECT_GT(report->stages.size(), 10U);
      for (const ValueCheck& stage : report->stages) {
        EXPECT_TRUE(stage.passed) << name << " " << stage.name << " as " << stage.value << ": "
                                  << stage.difference.max_abs << " of " << stage.difference.peak;
      }
      for (const NotCompared& missing : report->model_only) {
        EXPECT_EQ(missing.reason, "folded into the weights of what reads it") << missing.name;
      }
    }
  }
}

class BundledSeparator : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Demo, BundledSeparator, testing::Values("gln", "bn", "causal"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(BundledSeparator, PassesVerificationAtEveryStage) {
  const fs::path path =
      fmt::format(TESSERA_SOURCE_DIR "/models/convtasnet_demo_{}_8k.pth", GetParam());
  const auto model = import_model(path, {.length_samples = 8003, .model_args = {}}).value();
  const auto backend = make_backend("cpu").value();
  const auto reference = make_backend("reference").value();
  const std::vector<float> signal = verification_signal({1, 1, 8003});
  const std::vector<ConstValues> inputs{signal};
  for (const auto& [tile, block] : {std::pair<int64_t, int64_t>{64, 0}, {300, 64}}) {
    const Planned planned =
        test::plan_for(model.graph, {.tile_frames = tile, .block_channels = block});
    const VerifyReport report =
        verify_plan(model.graph, planned.plan, *backend, *reference, inputs).value();
    EXPECT_TRUE(report.passed) << report.first_failure()->name;
    EXPECT_GT(report.stages.size(), 100U);
    for (const NotCompared& missing : report.model_only)
      EXPECT_EQ(missing.reason, "folded into the weights of what reads it") << missing.name;
  }
}

TEST(DeepNetwork, StitchedGivesWhatTheTrainingCodeComputed) {
  const Sample given = sample(TESSERA_SOURCE_DIR "/tests/data/deep/eight_blocks_thrice");
  const Graph imported = import_for(given);
  for (const auto& [tile, block] : {std::pair<int64_t, int64_t>{300, 0}, {512, 16}}) {
    const Planned planned =
        test::plan_for(imported, {.tile_frames = tile, .block_channels = block});
    EXPECT_LE(stitched_error(planned.plan, given.input, given.output), 1e-5)
        << tile << " frames, blocks of " << block;
  }
}

}  // namespace
}  // namespace tessera
