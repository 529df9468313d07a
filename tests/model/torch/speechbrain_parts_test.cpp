// SpeechBrain's network in several files: by its folder, any of its parts, or its hyperparameters.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "model/torch/hyperparams.h"
#include "support/scratch_folder.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const std::string kData = std::string(TESSERA_SOURCE_DIR) + "/tests/data/speechbrain/";

// Largest difference from what SpeechBrain computes.
double difference(const std::string& folder, const fs::path& model_path,
                  const std::map<std::string, std::string>& args = {}) {
  const auto in = read_npy(folder + "/in.npy");
  const auto expected = read_npy(folder + "/out.npy");
  EXPECT_TRUE(in && expected);
  const auto model = import_model(
      model_path, {.length_samples = static_cast<int64_t>(in->values.size()), .model_args = args});
  EXPECT_TRUE(model) << model.error().to_string();
  if (!model) return INFINITY;
  EXPECT_EQ(model->family, "speechbrain_convtasnet");
  auto backend = make_backend("reference");
  auto executable = (*backend)->load({model->graph});
  std::vector<float> output(expected->values.size());
  const ConstValues from(in->values);
  const Values to(output);
  EXPECT_TRUE((*executable)->run({&from, 1}, {&to, 1}));
  double worst = 0;
  for (size_t i = 0; i < output.size(); ++i)
    worst = std::max(worst, std::abs(double{output[i]} - expected->values[i]));
  return worst;
}

// A copy to change.
void copy_folder(const std::string& name, const fs::path& to) {
  fs::copy(kData + name, to);
}

bool warns(const ImportedModel& model, std::string_view text) {
  return std::any_of(model.notes.begin(), model.notes.end(), [&](const Note& note) {
    return note.severity == NoteSeverity::warning && note.text.find(text) != std::string::npos;
  });
}

TEST(SpeechBrainParts, AFolderComputesWhatSpeechBrainDoes) {
  EXPECT_LT(difference(kData + "folder", kData + "folder"), 1e-5);
  EXPECT_LT(difference(kData + "folder", kData + "folder/"), 1e-5);
}

TEST(SpeechBrainParts, ACausalNetworkLooksBackAsSpeechBrainDoes) {
  EXPECT_LT(difference(kData + "causal", kData + "causal"), 1e-5);
  EXPECT_GT(difference(kData + "causal", kData + "causal", {{"causal", "false"}}), 0.01);
}

TEST(SpeechBrainParts, AnyOfTheFilesStandsForAll) {
  for (const char* name : {"encoder.ckpt", "masknet.ckpt", "decoder.ckpt", "hyperparams.yaml"}) {
    EXPECT_LT(difference(kData + "folder", kData + "folder/" + name), 1e-5) << name;
    const auto model =
        import_model(kData + "folder/" + name, {.length_samples = 121, .model_args = {}});
    ASSERT_TRUE(model);
    EXPECT_EQ(model->file_name, name);
    EXPECT_EQ(model->files_beside.size(), 3U);
    EXPECT_EQ(model->sample_rate, 8000);
    EXPECT_FALSE(warns(*model, "assumed"));
  }
}

TEST(SpeechBrainParts, WithoutHyperparametersWhatIsAssumedIsSaid) {
  const ScratchFolder folder;
  copy_folder("folder", folder.path());
  fs::remove(folder / "hyperparams.yaml");
  const auto model = import_model(folder.path(), {.length_samples = 121, .model_args = {}});
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_TRUE(warns(*model, "assumed norm_type=gLN"));
  EXPECT_TRUE(warns(*model, "assumed mask_act=relu"));
  EXPECT_TRUE(warns(*model, "assumed causal=false"));
  EXPECT_LT(difference(kData + "folder", folder.path(), {{"norm_type", "cLN"}}), 1e-5);
}

TEST(SpeechBrainParts, InMemoryTheyAreReadByTheirNames) {
  auto files = std::make_shared<ModelFiles>();
  for (const char* name : {"encoder.ckpt", "masknet.ckpt", "decoder.ckpt", "hyperparams.yaml"})
    (*files)[name] = read_file(kData + "folder/" + name, 1 << 20).value();
  const auto model = import_model(files, "masknet.ckpt", {.length_samples = 121, .model_args = {}});
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->sample_rate, 8000);
}

TEST(SpeechBrainParts, WhatIsMissingIsNamed) {
  const ScratchFolder folder;
  copy_folder("folder", folder.path());
  fs::remove(folder / "decoder.ckpt");
  const auto model = import_model(folder.path());
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(model.error().message, "decoder.ckpt should lie beside it");
  EXPECT_EQ(import_model(folder / "masknet.ckpt").error().message,
            "decoder.ckpt should lie beside it");
  fs::remove(folder / "encoder.ckpt");
  EXPECT_EQ(import_model(folder / "hyperparams.yaml").error().message,
            "encoder.ckpt and decoder.ckpt should lie beside it");
}

TEST(SpeechBrainParts, APartThatIsAPointerOfGitLfsIsNamed) {
  const ScratchFolder folder;
  copy_folder("folder", folder.path());
  ASSERT_TRUE(write_file_atomically(
      folder / "decoder.ckpt",
      std::string_view("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 17272\n"),
      {.force = true}));
  const auto model = import_model(folder.path());
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message,
            "this is a Git LFS pointer, not the file it points to (17272 bytes)");
  EXPECT_NE(model.error().subject.find("decoder.ckpt"), std::string::npos);
}

TEST(SpeechBrainParts, OtherMaskNetworksAreRefusedByName) {
  const ScratchFolder folder;
  copy_folder("folder", folder.path());
  ASSERT_TRUE(write_file_atomically(
      folder / "hyperparams.yaml",
      std::string_view("MaskNet: !new:speechbrain.lobes.models.dual_path.Dual_Path_Model\n"
                       "    num_spks: 2\n"),
      {.force = true}));
  const auto model = import_model(folder.path());
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(model.error().message,
            "this is a Dual_Path_Model: SpeechBrain's dual-path network (SepFormer, DPRNN)");
}

Result<HyperParameters> parse(std::string_view text) {
  return read_hyperparams({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, "h.yaml");
}

TEST(Hyperparams, ReferencesAreFollowedAndNothingIsRun) {
  const auto found = parse(
      "a: !ref <b>\nb: !ref <c>\nc: 7\nloop: !ref <loop>\nsum: !ref <c> * 2\n"
      "x: !apply:os.system [touch TESSERA_WAS_HERE]\n"
      "net: !new:speechbrain.lobes.models.conv_tasnet.MaskNet\n"
      "    N: !ref <a>\n    B: !ref <loop>\n    H: !ref <sum>\n    X: !ref <nowhere>\n"
      "    norm_type: 'gLN'\n    C: '2'\n    causal: !apply:os.system [id]\n");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->masknet, "MaskNet");
  ASSERT_EQ(found->args.size(), 3U);
  EXPECT_EQ(to_string(found->args.at("n_filters")), "7");
  EXPECT_EQ(to_string(found->args.at("norm_type")), "'gLN'");
  EXPECT_EQ(to_string(found->args.at("n_src")), "'2'");
}

TEST(Hyperparams, DamagedAndHostileFilesAreErrors) {
  EXPECT_EQ(parse("- a\n- b\n").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(parse("a: [1, 2").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(parse("a: *nowhere").error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(parse(std::string(100'000, '[')));
  EXPECT_FALSE(parse(std::string(100'000, '{')));
  EXPECT_EQ(parse(std::string((1 << 20) + 1, ' ')).error().code, ErrorCode::kResourceLimit);
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i)
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            ", *a" + std::to_string(i - 1) + "]\n";
  EXPECT_TRUE(parse(bomb));
}

TEST(CheckpointDocument, IsWhatTheReadersSay) {
  const auto bytes = read_file(TESSERA_SOURCE_DIR "/docs/checkpoints.md", 1 << 20);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(std::string(bytes->begin(), bytes->end()), checkpoints_markdown())
      << "run: tessera formats checkpoints > docs/checkpoints.md";
}

}  // namespace
}  // namespace tessera
