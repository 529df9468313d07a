// What is assumed of networks whose files tell no arguments, and what is read where they tell some.
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/compare.h"
#include "model/torch/safetensors_builder.h"
#include "model/torch/torch_checkpoint.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using Args = std::map<std::string, std::string>;

std::string data(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/tests/data/toolkits/" + name + ".pth";
}

Result<ImportedModel> import(const std::string& name, const Args& args = {}) {
  return import_model(data(name), {.length_samples = 90, .model_args = args});
}

// The weights without what the file says of them.
Result<ImportedModel> import_bare(const std::string& name, const Args& args = {}) {
  const auto checkpoint = read_torch_checkpoint(read_file(data(name), 1 << 20).value());
  const ScratchFolder folder;
  EXPECT_TRUE(write_file_atomically(folder / "m.safetensors", safetensors_file(*checkpoint)));
  return import_model(folder / "m.safetensors", {.length_samples = 90, .model_args = args});
}

bool warns(const Result<ImportedModel>& model, std::string_view text) {
  return model && std::any_of(model->notes.begin(), model->notes.end(), [&](const Note& note) {
           return note.severity == NoteSeverity::warning &&
                  note.text.find(text) != std::string::npos;
         });
}

bool same(const Result<ImportedModel>& a, const Result<ImportedModel>& b) {
  EXPECT_TRUE(a) << a.error().to_string();
  EXPECT_TRUE(b) << b.error().to_string();
  return a && b && compare_graphs(a->graph, b->graph, 0).same;
}

TEST(ToolkitAssumptions, AKaituoxuStateDictAloneTellsSizesRepeatsAndCausality) {
  const Args told{{"mask_act", "softmax"}, {"norm_type", "cLN"}};
  EXPECT_TRUE(same(import_bare("kx_cln_causal_softmax", told), import("kx_cln_causal_softmax")));
  const auto bare = import_bare("kx_gln_k5");
  EXPECT_TRUE(same(bare, import("kx_gln_k5")));
  EXPECT_TRUE(warns(bare, "assumed norm_type=gLN: the weights would fit cLN, too"));
  EXPECT_TRUE(warns(bare,
                    "assumed mask_act=relu, the default of kaituoxu/Conv-TasNet: the weights do "
                    "not tell; if that is wrong give ImportOptions::model_args mask_act=softmax"));
  EXPECT_TRUE(same(import_bare("kx_bn_odd_kernel"), import("kx_bn_odd_kernel")));
  EXPECT_FALSE(warns(import("kx_gln_k5"), "assumed"));
}

TEST(ToolkitAssumptions, ANormThatTheShapesContradictIsRefused) {
  EXPECT_EQ(import("kx_bn_odd_kernel", {{"norm_type", "gLN"}}).error().message,
            "norm_type 'gLN': the shapes of the weights are those of BN");
  EXPECT_EQ(import("jl_gln", {{"norm", "cln"}}).error().message,
            "norm_type 'cln': the shapes of the weights are those of gLN");
  EXPECT_EQ(import("fw_bn", {{"norm_type", "cgLN"}}).error().message,
            "norm_type 'cgLN': funcwj/conv-tasnet knows gLN, cLN and BN");
}

TEST(ToolkitAssumptions, BlocksWhoseSecondNormsWereTrainedApplyThem) {
  EXPECT_TRUE(warns(import("jl_2020"), "PReLU_2 and norm_2 of the blocks were trained"));
  EXPECT_TRUE(warns(import("jl_gln"), "PReLU_2 and norm_2 of the blocks have their initial"));
  EXPECT_FALSE(same(import("jl_gln"), import("jl_gln", {{"second_norm", "true"}})));
  EXPECT_TRUE(same(import("jl_gln"), import("jl_gln", {{"second_norm", "false"}})));
  EXPECT_FALSE(same(import("jl_2020"), import("jl_2020", {{"second_norm", "false"}})));
}

TEST(ToolkitAssumptions, WhatCannotBeToldIsSaid) {
  EXPECT_TRUE(warns(import("fw_bn"), "assumed causal=false"));
  EXPECT_TRUE(warns(import("fw_bn"), "ImportOptions::model_args mask_act=sigmoid or softmax"));
  EXPECT_TRUE(warns(import("jl_skip"), "assumed 2 repeats of 2 blocks"));
  EXPECT_TRUE(warns(import("nl_gln"), "assumed mask_act=sigmoid"));
}

TEST(ToolkitAssumptions, LightningHyperParametersAreArguments) {
  const auto model = import("jl_lightning_gln");
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->sample_rate, 8000);
  EXPECT_FALSE(warns(model, "assumed"));
  EXPECT_EQ(import("jl_lightning_gln", {{"B", "6"}}).error().message,
            "expected shape [24, 6, 1], found [24, 5, 1]");
}

TEST(ToolkitAssumptions, KernelsThatTheToolkitCannotRunAreRefused) {
  Checkpoint checkpoint = *read_torch_checkpoint(read_file(data("kx_gln_k5"), 1 << 20).value());
  for (NamedTensor& tensor : checkpoint.tensors) {
    if (!tensor.name.ends_with(".3.net.0.weight")) continue;
    tensor.dims = {8, 1, 2};
    tensor.tensor = Tensor::full({8, 1, 2}, 1);
  }
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "m.safetensors", safetensors_file(checkpoint)));
  EXPECT_EQ(import_model(folder / "m.safetensors").error().message,
            "conv_kernel_size 2 is even: a block would be one frame shorter than its input");
  EXPECT_EQ(import("nl_gln", {{"stride", "2"}}).error().message,
            "stride 2: naplab/Conv-TasNet's is always half the kernel, 3");
}

}  // namespace
}  // namespace tessera
