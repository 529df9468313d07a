// Networks that are not read are named.
#include <gtest/gtest.h>

#include "model/torch/foreign_networks.h"
#include "model/torch/safetensors_builder.h"
#include "model/torch/torch_checkpoint.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

const std::string kData = std::string(TESSERA_SOURCE_DIR) + "/tests/data/";
constexpr std::string_view kHint =
    "use a temporal convolutional network, such as a ConvTasNet: others are not read";

Result<ImportedModel> import_named(const std::string& name,
                                   const std::map<std::string, std::string>& args = {},
                                   const std::string& more = "") {
  Checkpoint checkpoint =
      *read_torch_checkpoint(read_file(kData + "asteroid/gln_sigmoid.pth", 1 << 20).value());
  if (!more.empty())
    checkpoint.tensors.push_back({more, ElementType::float32, {1}, Tensor({1}, {1})});
  const ScratchFolder folder;
  EXPECT_TRUE(write_file_atomically(folder / "m.safetensors", safetensors_file(checkpoint)));
  EXPECT_TRUE(write_file_atomically(
      folder / "m.json",
      R"({"model_name": ")" + name + R"(", "model_args": {"n_blocks": 3, "n_repeats": 2}})"));
  return import_model(folder / "m.safetensors", {.length_samples = 800, .model_args = args});
}

TEST(ForeignNetworks, ADprnnFromTheFieldIsNamed) {
  const auto model = import_model(kData + "field/checkpoint_asteroid_dprnn/dprnn.pth");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(model.error().message, "this is a DPRNNTasNet: a dual-path recurrent network");
  EXPECT_EQ(model.error().hint, kHint);
}

TEST(ForeignNetworks, EveryKnownOneIsRefusedByName) {
  for (const ForeignNetwork& network : foreign_networks()) {
    const auto model = import_named("asteroid.models." + std::string(network.name));
    ASSERT_FALSE(model) << network.name;
    EXPECT_EQ(model.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(model.error().message,
              "this is a " + std::string(network.name) + ": " + std::string(network.what));
  }
}

TEST(ForeignNetworks, AnUnknownNameIsReadOnlyAsAsked) {
  const auto model = import_named("MyTasNet");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(model.error().message,
            "the file says that its network is a MyTasNet, which is not known here");
  EXPECT_TRUE(import_named("MyTasNet", {{"model_name", "ConvTasNet"}}));
  EXPECT_EQ(import_named("MyTasNet", {{"model_name", "Other"}}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(import_named("DPTNet", {{"model_name", "ConvTasNet"}}));
}

TEST(ForeignNetworks, LayersOfOtherNetworksAreNamedWhereNoNameIs) {
  for (const auto& [tensor, what] :
       {std::pair{"masker.net.0.intra_RNN.rnn.weight_ih_l0", "a recurrent layer"},
        {"masknet.dual_mdl.0.intra_mdl.mdl.layers.0.self_att.att.in_proj_weight",
         "an attention layer"}}) {
    Checkpoint checkpoint;
    checkpoint.tensors.push_back({"encoder.weight", ElementType::float32, {1}, Tensor({1}, {1})});
    checkpoint.tensors.push_back({tensor, ElementType::float32, {1}, Tensor({1}, {1})});
    const ScratchFolder folder;
    ASSERT_TRUE(write_file_atomically(folder / "m.safetensors", safetensors_file(checkpoint)));
    const auto model = import_model(folder / "m.safetensors");
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(model.error().message, std::string("the network has ") + what);
    EXPECT_TRUE(model.error().subject.ends_with(tensor)) << model.error().subject;
  }
  const auto asteroid = import_named("ConvTasNet", {}, "masker.rnn.weight_hh_l0");
  ASSERT_FALSE(asteroid);
  EXPECT_EQ(asteroid.error().message, "the network has a recurrent layer");
}

}  // namespace
}  // namespace tessera
