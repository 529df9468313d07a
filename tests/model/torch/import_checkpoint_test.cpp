// Parity: every checkpoint against the outputs its own toolkit computed (tolerances as in the
// project's goals: 1e-5 absolute and 1e-4 of the output's peak).
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

struct Case {
  std::string stem;  // below tests/data
  std::string family;
  std::map<std::string, std::string> args;
};

std::ostream& operator<<(std::ostream& out, const Case& test) {
  return out << test.stem;
}

std::string data(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/tests/data/" + name;
}

Result<std::vector<float>> run_reference(const Graph& graph, const std::vector<float>& input) {
  TESSERA_TRY(auto backend, make_backend("reference"));
  TESSERA_TRY(auto executable, backend->load({graph}));
  std::vector<float> output(static_cast<size_t>(graph.node(graph.outputs()[0].node).shape.size()));
  const ConstValues in(input);
  const Values out(output);
  TESSERA_TRY_VOID(executable->run({&in, 1}, {&out, 1}));
  return output;
}

void expect_parity(const std::string& stem, const std::string& family,
                   const std::map<std::string, std::string>& args) {
  const auto in = read_npy(stem + ".in.npy");
  const auto expected = read_npy(stem + ".out.npy");
  ASSERT_TRUE(in && expected);
  ImportOptions options;
  options.length_samples = static_cast<int64_t>(in->values.size());
  options.model_args = args;
  const auto model = import_model(stem + ".pth", options);
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->family, family);
  const auto output = run_reference(model->graph, in->values);
  ASSERT_TRUE(output) << output.error().to_string();
  ASSERT_EQ(output->size(), expected->values.size());
  float peak = 0;
  float worst = 0;
  for (size_t i = 0; i < output->size(); ++i) {
    peak = std::max(peak, std::abs(expected->values[i]));
    worst = std::max(worst, std::abs(expected->values[i] - (*output)[i]));
  }
  EXPECT_LE(worst, 1e-5F * std::max(1.0F, peak));
  EXPECT_GT(peak, 0);
  EXPECT_LE(worst, 1e-4F * peak);
}

class Parity : public testing::TestWithParam<Case> {};

TEST_P(Parity, EqualsTheToolkitsOwnOutput) {
  expect_parity(data(GetParam().stem), GetParam().family, GetParam().args);
}

INSTANTIATE_TEST_SUITE_P(
    Checkpoints, Parity,
    testing::Values(Case{"asteroid/bn_k5", "asteroid_convtasnet", {}},
                    Case{"asteroid/causal_cgln", "asteroid_convtasnet", {}},
                    Case{"asteroid/causal_cln", "asteroid_convtasnet", {}},
                    Case{"asteroid/enc_relu_k20", "asteroid_convtasnet", {}},
                    Case{"asteroid/gln_relu_skip0", "asteroid_convtasnet", {}},
                    Case{"asteroid/gln_sigmoid", "asteroid_convtasnet", {}},
                    Case{"asteroid/gln_softmax_3src", "asteroid_convtasnet", {}},
                    Case{"asteroid/one_src_denoise", "asteroid_convtasnet", {}},
                    Case{"asteroid/seed_shape_k1", "asteroid_convtasnet", {}},
                    Case{"torchaudio/torchaudio_small", "torchaudio_convtasnet", {}},
                    Case{"speechbrain/speechbrain_gln", "speechbrain_convtasnet", {}}),
    [](const auto& parameter) {
      return std::filesystem::path(parameter.param.stem).filename().string();
    });

std::vector<Case> option_cases() {
  std::vector<Case> cases;
  for (const char* name : {"fgln", "cln_tanh", "cgln_linear", "bn_causal_becomes_cln", "gelu_swish",
                           "leaky_relu_prelu", "prelu_tanh", "softmax_1src", "out_chan_1",
                           "out_chan_1_src_1_skip_none", "stride_2_odd_kernel", "stride_none",
                           "stride_longer_than_kernel", "conv_kernel_7", "conv_kernel_1",
                           "causal_even_kernel", "five_sources_16k", "serialized"}) {
    cases.push_back({"options/" + std::string(name), "asteroid_convtasnet", {}});
  }
  cases.push_back({"options/ta_relu", "torchaudio_convtasnet", {{"mask_act", "relu"}}});
  cases.push_back({"options/ta_odd_kernel", "torchaudio_convtasnet", {}});
  cases.push_back({"options/sb_cln_softmax",
                   "speechbrain_convtasnet",
                   {{"norm_type", "cLN"}, {"mask_act", "softmax"}}});
  cases.push_back({"options/sb_gln_odd_kernel_3src", "speechbrain_convtasnet", {}});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Options, Parity, testing::ValuesIn(option_cases()),
                         [](const auto& parameter) {
                           return std::filesystem::path(parameter.param.stem).filename().string();
                         });

std::vector<Case> toolkit_cases() {
  const auto stem = [](const char* name) { return "toolkits/" + std::string(name); };
  return {
      {stem("kx_cln_causal_softmax"), "kaituoxu_convtasnet", {}},
      {stem("kx_bn_odd_kernel"), "kaituoxu_convtasnet", {}},
      {stem("kx_gln_k5"), "kaituoxu_convtasnet", {}},
      {stem("fw_bn"), "funcwj_convtasnet", {}},
      {stem("fw_cln_causal_sigmoid"),
       "funcwj_convtasnet",
       {{"causal", "true"}, {"non_linear", "sigmoid"}}},
      {stem("fw_gln_softmax_3src"), "funcwj_convtasnet", {{"mask_act", "softmax"}}},
      {stem("jl_gln"), "jusperlee_convtasnet", {}},
      {stem("jl_2020"), "jusperlee_convtasnet", {}},
      {stem("jl_skip"), "jusperlee_convtasnet", {{"X", "2"}, {"R", "2"}}},
      {stem("jl_cln_causal_softmax"),
       "jusperlee_convtasnet",
       {{"causal", "true"}, {"activate", "softmax"}}},
      {stem("jl_bn_sigmoid"), "jusperlee_convtasnet", {{"mask_act", "sigmoid"}, {"norm", "bn"}}},
      {stem("jl_lightning_gln"), "jusperlee_convtasnet", {}},
      {stem("jl_lightning_cln"), "jusperlee_convtasnet", {}},
      {stem("nl_gln"), "naplab_convtasnet", {}},
      {stem("nl_causal"), "naplab_convtasnet", {}},
  };
}

INSTANTIATE_TEST_SUITE_P(Toolkits, Parity, testing::ValuesIn(toolkit_cases()),
                         [](const auto& parameter) {
                           return std::filesystem::path(parameter.param.stem).filename().string();
                         });

// As reported from the field: a package whose name ends in .pth.tar.
TEST(Parity, EqualsAKaituoxuPackageWithTensorsBesideItsSizes) {
  const std::string folder = data("field/checkpoint_other_toolkits/");
  const auto in = read_npy(folder + "in.npy");
  const auto expected = read_npy(folder + "package_expected.npy");
  ASSERT_TRUE(in && expected);
  const auto model =
      import_model(folder + "package_final.pth.tar",
                   {.length_samples = static_cast<int64_t>(in->values.size()), .model_args = {}});
  ASSERT_TRUE(model) << model.error().to_string();
  const auto output = run_reference(model->graph, in->values);
  ASSERT_TRUE(output) << output.error().to_string();
  ASSERT_EQ(output->size(), expected->values.size());
  for (size_t i = 0; i < output->size(); ++i)
    EXPECT_NEAR((*output)[i], expected->values[i], 1e-6F) << i;
}

// As deep as the networks that people train: 24 blocks, dilations to 128.
TEST(Parity, EqualsTheTrainingCodeOnTheDefaultBlocks) {
  expect_parity(data("deep/eight_blocks_thrice"), "asteroid_convtasnet", {});
}

}  // namespace
}  // namespace tessera
