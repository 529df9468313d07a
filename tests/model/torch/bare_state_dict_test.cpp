// What the importer makes of state dicts without (or with wrong) arguments, and every refusal's
// text.
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
  return std::string(TESSERA_SOURCE_DIR) + "/tests/data/" + name;
}

Checkpoint weights(const std::string& name) {
  return read_torch_checkpoint(read_file(data(name), 1 << 20).value()).value();
}

// Imports the weights alone, as a .safetensors file.
Result<ImportedModel> import_bare(const Checkpoint& checkpoint, const Args& args = {},
                                  int64_t length = 800, const std::string& config = "") {
  const ScratchFolder folder;
  EXPECT_TRUE(write_file_atomically(folder / "m.safetensors", safetensors_file(checkpoint)));
  if (!config.empty()) {
    EXPECT_TRUE(write_file_atomically(folder / "m.json", config));
  }
  return import_model(folder / "m.safetensors", {.length_samples = length, .model_args = args});
}

// The error without the path of the scratch folder.
std::string error_of(const Result<ImportedModel>& model) {
  if (model) return "";
  Error error = model.error();
  const size_t end = error.subject.find("m.safetensors");
  if (end != std::string::npos) error.subject.erase(0, end);
  return error.to_string();
}

bool has_note(const ImportedModel& model, NoteSeverity severity, std::string_view text) {
  return std::any_of(model.notes.begin(), model.notes.end(), [&](const Note& note) {
    return note.severity == severity && note.text.find(text) != std::string::npos;
  });
}

void expect_same_graph(const Graph& a, const Graph& b) {
  const GraphDifference difference = compare_graphs(a, b, 0);
  EXPECT_TRUE(difference.same) << difference.text;
}

Graph with_args(const std::string& name, int64_t length = 800) {
  return import_model(data(name), {.length_samples = length, .model_args = {}}).value().graph;
}

TEST(BareStateDict, GivesTheSameGraphAsWithArguments) {
  const auto model = import_bare(weights("asteroid/gln_sigmoid.pth"));
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->family, "asteroid_convtasnet");
  EXPECT_EQ(model->n_src, 2);
  EXPECT_EQ(model->sample_rate, std::nullopt);
  expect_same_graph(model->graph, with_args("asteroid/gln_sigmoid.pth"));
}

TEST(BareStateDict, SaysWhatItAssumed) {
  const auto model = import_bare(weights("asteroid/gln_sigmoid.pth"));
  ASSERT_TRUE(model);
  EXPECT_TRUE(has_note(*model, NoteSeverity::warning, "assumed mask_act=sigmoid"));
  EXPECT_TRUE(has_note(*model, NoteSeverity::warning, "assumed norm_type=gLN"));
  EXPECT_TRUE(has_note(*model, NoteSeverity::warning, "assumed 2 repeats of 3 blocks"));
  EXPECT_TRUE(has_note(*model, NoteSeverity::info, "assumed stride=8, half the kernel"));
  EXPECT_TRUE(has_note(*model, NoteSeverity::info, "assumed no encoder_activation"));
  EXPECT_TRUE(has_note(*model, NoteSeverity::warning, "does not tell its sample rate"));
}

TEST(BareStateDict, TakesArgumentsByName) {
  const auto model =
      import_bare(weights("asteroid/gln_relu_skip0.pth"), {{"mask_act", "relu"},
                                                           {"n_blocks", "3"},
                                                           {"norm_type", "gLN"},
                                                           {"stride", "8"},
                                                           {"encoder_activation", "None"},
                                                           {"sample_rate", "8000"}});
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->sample_rate, 8000);
  for (const Note& note : model->notes) EXPECT_EQ(note.severity, NoteSeverity::info) << note.text;
  expect_same_graph(model->graph, with_args("asteroid/gln_relu_skip0.pth"));
}

TEST(BareStateDict, TellsCausalityAndBatchNormFromTheNames) {
  const auto causal = import_bare(weights("asteroid/causal_cln.pth"));
  ASSERT_TRUE(causal) << causal.error().to_string();
  expect_same_graph(causal->graph, with_args("asteroid/causal_cln.pth"));
  const auto batch = import_bare(weights("asteroid/bn_k5.pth"));
  ASSERT_TRUE(batch) << batch.error().to_string();
  expect_same_graph(batch->graph, with_args("asteroid/bn_k5.pth"));
}

TEST(BareStateDict, TakesArgumentsFromTheFileBeside) {
  const auto model =
      import_bare(weights("asteroid/gln_softmax_3src.pth"), {}, 800,
                  R"({"sample_rate": 8000, "model_args": {"n_src": 3, "n_blocks": 3, "n_repeats": 2,
                                     "mask_act": "softmax"}})");
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->sample_rate, 8000);
  expect_same_graph(model->graph, with_args("asteroid/gln_softmax_3src.pth"));
}

TEST(BareStateDict, AssumesEightBlocksPerRepeatWhereThatDivides) {
  for (const auto& [total, repeats, blocks] : {std::tuple{24, 3, 8},
                                               {8, 1, 8},
                                               {32, 4, 8},
                                               {12, 2, 6},
                                               {6, 2, 3},
                                               {9, 3, 3},
                                               {5, 1, 5},
                                               {3, 1, 3},
                                               {2, 1, 2},
                                               {14, 2, 7}}) {
    Checkpoint checkpoint = weights("options/fgln.pth");
    std::erase_if(checkpoint.tensors, [](const NamedTensor& tensor) {
      return tensor.name.starts_with("masker.TCN.") && !tensor.name.starts_with("masker.TCN.0.");
    });
    std::vector<NamedTensor> first;
    std::copy_if(
        checkpoint.tensors.begin(), checkpoint.tensors.end(), std::back_inserter(first),
        [](const NamedTensor& tensor) { return tensor.name.starts_with("masker.TCN.0."); });
    for (int i = 1; i < total; ++i) {
      for (NamedTensor tensor : first) {
        tensor.name.replace(0, 13, fmt::format("masker.TCN.{}.", i));
        checkpoint.tensors.push_back(tensor);
      }
    }
    const auto model = import_bare(checkpoint);
    ASSERT_TRUE(model) << model.error().to_string();
    EXPECT_TRUE(has_note(*model, NoteSeverity::warning,
                         fmt::format("assumed {} repeats of {} blocks", repeats, blocks)))
        << total;
  }
}

TEST(BareStateDict, LooksThroughPrefixesAndWrapperSegments) {
  for (const char* prefix :
       {"module.", "model.", "model.module.", "net.separator.", "_orig_mod."}) {
    Checkpoint checkpoint = weights("asteroid/gln_sigmoid.pth");
    for (NamedTensor& tensor : checkpoint.tensors) tensor.name = prefix + tensor.name;
    const auto model = import_bare(checkpoint);
    ASSERT_TRUE(model) << prefix << model.error().to_string();
    expect_same_graph(model->graph, with_args("asteroid/gln_sigmoid.pth"));
  }
}

TEST(BareStateDict, LeavesOutTensorsOfOthersAndSaysSo) {
  Checkpoint checkpoint = weights("asteroid/gln_sigmoid.pth");
  for (NamedTensor& tensor : checkpoint.tensors) tensor.name = "model." + tensor.name;
  checkpoint.tensors.push_back({"loss.weight", ElementType::float32, {1}, Tensor({1}, {1})});
  const auto model = import_bare(checkpoint);
  ASSERT_TRUE(model);
  EXPECT_TRUE(has_note(*model, NoteSeverity::warning,
                       "1 tensor outside 'model.' was left out, the first is loss.weight"));
}

TEST(BareStateDict, RefusesTwoNetworksInOneFile) {
  Checkpoint checkpoint = weights("asteroid/seed_shape_k1.pth");
  const auto copy = checkpoint.tensors;
  for (NamedTensor& tensor : checkpoint.tensors) tensor.name = "a." + tensor.name;
  for (NamedTensor tensor : copy) {
    tensor.name = "ema." + tensor.name;
    checkpoint.tensors.push_back(tensor);
  }
  EXPECT_EQ(error_of(import_bare(checkpoint)),
            "m.safetensors: the state dict holds several networks, under 'a.', 'ema.' (save one of "
            "them alone: "
            "torch.save(model.state_dict(), path))");
}

TEST(BareStateDict, NamesMissingAndUnexpectedKeys) {
  Checkpoint checkpoint = weights("options/fgln.pth");
  std::erase_if(checkpoint.tensors, [](const NamedTensor& tensor) {
    return tensor.name == "masker.TCN.2.shared_block.1.weight" ||
           tensor.name == "masker.mask_net.1.bias";
  });
  checkpoint.tensors.push_back(
      {"masker.dense_skip.0.weight", ElementType::float32, {1}, Tensor({1}, {1})});
  EXPECT_EQ(
      error_of(import_bare(checkpoint)),
      "m.safetensors: the state dict does not fit the network: 2 keys are missing "
      "(masker.mask_net.1.bias, "
      "masker.TCN.2.shared_block.1.weight) and 1 keys are unexpected "
      "(masker.dense_skip.0.weight) (check the "
      "model arguments (ImportOptions::model_args NAME=VALUE), or export the network to ONNX)");
}

TEST(BareStateDict, RefusesArgumentsTheShapesContradict) {
  const Checkpoint checkpoint = weights("asteroid/gln_sigmoid.pth");
  const std::string hint = " (the model arguments do not belong to these weights)";
  EXPECT_EQ(
      error_of(import_bare(checkpoint, {{"bn_chan", "64"}})),
      "m.safetensors: masker.bottleneck.1.weight: expected shape [64, 64, 1], found [32, 64, 1]" +
          hint);
  EXPECT_EQ(
      error_of(import_bare(checkpoint, {{"kernel_size", "20"}})),
      "m.safetensors: encoder.filterbank._filters: expected shape [64, 1, 20], found [64, 1, 16]" +
          hint);
  EXPECT_EQ(
      error_of(import_bare(checkpoint, {{"n_src", "3"}})),
      "m.safetensors: masker.mask_net.1.weight: expected shape [192, 32, 1], found [128, 32, 1]" +
          hint);
  EXPECT_EQ(
      error_of(import_bare(checkpoint, {{"in_chan", "65"}})),
      "m.safetensors: encoder.filterbank._filters: in_chan is 65 but the encoder has 64 filters");
  EXPECT_EQ(
      error_of(import_bare(checkpoint, {{"n_blocks", "4"}, {"n_repeats", "2"}})).substr(0, 88),
      "m.safetensors: the state dict does not fit the network: 28 keys are missing (masker.TCN.");
}

TEST(BareStateDict, RefusesArgumentsWithoutMeaning) {
  const Checkpoint checkpoint = weights("asteroid/gln_sigmoid.pth");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"mask_activation", "relu"}})).substr(0, 62),
            "m.safetensors: unknown model argument mask_activation (known h");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"mask_act", "relu6"}})),
            "m.safetensors: activation 'relu6' is not known (known: linear, relu, prelu, "
            "leaky_relu, sigmoid, softmax, "
            "tanh, gelu, swish)");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"norm_type", "LN"}})),
            "m.safetensors: norm_type 'LN' is not known (known: gLN, fgLN, cLN, cgLN, bN)");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"n_src", "two"}})),
            "m.safetensors: model argument n_src is 'two', expected a whole number from 1 to 1000");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"causal", "maybe"}})),
            "m.safetensors: model argument causal is 'maybe', expected true or false");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"encoder_activation", "softmax"}})),
            "m.safetensors: encoder_activation 'softmax' works over the batch in Asteroid (it "
            "makes every code 1; no "
            "network can have been trained so)");
}

TEST(BareStateDict, RefusesFilterbanksThatAreNotFree) {
  const Checkpoint checkpoint = weights("asteroid/gln_sigmoid.pth");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"fb_name", "stft"}})),
            "m.safetensors: the filterbank 'stft' is not a free (learned) one (only networks with "
            "fb_name='free' can "
            "be read; export this one to ONNX)");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"who_is_pinv", "decoder"}})),
            "m.safetensors: the decoder is the pseudo-inverse of its partner (export this network "
            "to ONNX)");
  EXPECT_EQ(error_of(import_bare(checkpoint, {{"padding", "8"}})),
            "m.safetensors: a filterbank with padding=8 (export this network to ONNX)");
}

TEST(BareStateDict, RefusesWhatAsteroidCannotRunEither) {
  Checkpoint even = weights("asteroid/gln_sigmoid.pth");
  for (NamedTensor& tensor : even.tensors) {
    if (!tensor.name.ends_with("shared_block.3.weight")) continue;
    tensor.dims = {64, 1, 2};
    tensor.tensor = Tensor::full({64, 1, 2}, 1);
  }
  EXPECT_EQ(error_of(import_bare(even)),
            "m.safetensors: masker.TCN.0.shared_block.3.weight: conv_kernel_size 2 is even: a "
            "block would be one frame "
            "shorter than its input (Asteroid cannot run this network either; use an odd kernel, "
            "or causal=True)");
}

TEST(BareStateDict, RefusesUnknownNetworksByTheirNames) {
  Checkpoint checkpoint;
  checkpoint.tensors.push_back({"fc.weight", ElementType::float32, {1}, Tensor({1}, {1})});
  EXPECT_EQ(error_of(import_bare(checkpoint)),
            "m.safetensors: these weights belong to no network known here; they begin with "
            "fc.weight (export "
            "the network to ONNX: torch.onnx.export(model, example, path))");
}

TEST(BareStateDict, OverridesOfStoredArgumentsAreNoted) {
  const auto model = import_model(data("asteroid/gln_sigmoid.pth"),
                                  {.length_samples = 800, .model_args = {{"mask_act", "relu"}}});
  ASSERT_TRUE(model);
  EXPECT_TRUE(has_note(*model, NoteSeverity::info,
                       "mask_act is 'relu' instead of the file's 'sigmoid', as asked"));
}

TEST(BareStateDict, TorchaudioSaysWhatItAssumed) {
  const auto model = import_model(data("torchaudio/torchaudio_small.pth"),
                                  {.length_samples = 800, .model_args = {}});
  ASSERT_TRUE(model);
  EXPECT_TRUE(
      has_note(*model, NoteSeverity::warning, "assumed mask_act=sigmoid, torchaudio's default"));
  EXPECT_EQ(import_model(data("torchaudio/torchaudio_small.pth"),
                         {.length_samples = {}, .model_args = {{"mask_act", "softmax"}}})
                .error()
                .message,
            "mask_act 'softmax': torchaudio knows sigmoid and relu");
  EXPECT_EQ(import_model(data("torchaudio/torchaudio_small.pth"),
                         {.length_samples = {}, .model_args = {{"norm_type", "cLN"}}})
                .error()
                .message,
            "torchaudio's network has norm_type gLN, no causal form and no encoder_activation");
}

TEST(ImportModel, DefaultsToFourSeconds) {
  const auto model = import_model(data("options/five_sources_16k.pth"));
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->length_samples, 64000);
  EXPECT_EQ(model->graph.node(model->graph.inputs()[0]).shape, (Shape{1, 1, 64000}));
  EXPECT_EQ(model->graph.node(model->graph.outputs()[0].node).shape, (Shape{5, 1, 64000}));
  EXPECT_EQ(default_length_samples(std::nullopt), 32000);
}

TEST(ImportModel, BuildsOtherLengthsFromTheSameWeights) {
  const auto model =
      import_model(data("asteroid/gln_sigmoid.pth"), {.length_samples = 800, .model_args = {}});
  ASSERT_TRUE(model);
  const auto longer = model->network->instantiate(1608);
  ASSERT_TRUE(longer);
  expect_same_graph(*longer, with_args("asteroid/gln_sigmoid.pth", 1608));
  const auto order_a = model->graph.order();
  const auto order_b = longer->order();
  ASSERT_EQ(order_a.size(), order_b.size());
  for (size_t i = 0; i < order_a.size(); ++i) {
    const auto a = weights_of(model->graph.node(order_a[i]).op);
    const auto b = weights_of(longer->node(order_b[i]).op);
    for (size_t w = 0; w < a.size(); ++w) EXPECT_TRUE(a[w].tensor->same_storage(*b[w].tensor));
  }
}

TEST(ImportModel, RefusesInputsShorterThanTheKernel) {
  const auto model =
      import_model(data("asteroid/gln_sigmoid.pth"), {.length_samples = 15, .model_args = {}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(model.error().to_string(), data("asteroid/gln_sigmoid.pth") +
                                           ": an input of 15 samples is shorter than the 16 the "
                                           "network needs (encoder kernel 16) (give at least "
                                           "16 samples)");
  EXPECT_TRUE(
      import_model(data("asteroid/gln_sigmoid.pth"), {.length_samples = 16, .model_args = {}}));
  EXPECT_FALSE(
      import_model(data("asteroid/gln_sigmoid.pth"), {.length_samples = 0, .model_args = {}}));
  EXPECT_FALSE(
      import_model(data("asteroid/gln_sigmoid.pth"), {.length_samples = -5, .model_args = {}}));
  // A reflected border needs as many frames as it mirrors.
  const auto reflected = import_model(data("speechbrain/speechbrain_gln.pth"),
                                      {.length_samples = 47, .model_args = {}});
  ASSERT_FALSE(reflected);
  EXPECT_EQ(reflected.error().message,
            "an input of 47 samples is shorter than the 48 the network needs (encoder kernel 16)");
  EXPECT_TRUE(import_model(data("speechbrain/speechbrain_gln.pth"),
                           {.length_samples = 48, .model_args = {}}));
}

TEST(ImportModel, RefusesFilesThatAreNoNetworks) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a.pth", std::string_view("hello")));
  ASSERT_TRUE(write_file_atomically(folder / "empty.pth", std::string_view("")));
  EXPECT_EQ(import_model(folder / "a.pth").error().message, "this is no network file known here");
  EXPECT_EQ(import_model(folder / "empty.pth").error().message, "the file is empty");
  EXPECT_EQ(import_model(folder / "absent.pth").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(import_model(folder.path()).error().code, ErrorCode::kInvalidArgument);
}

TEST(ImportModel, ReadsTheBundledNetworks) {
  for (const char* name :
       {"convtasnet_demo_gln_8k", "convtasnet_demo_bn_8k", "convtasnet_demo_causal_8k"}) {
    SCOPED_TRACE(name);
    const auto model = import_model(std::string(TESSERA_SOURCE_DIR) + "/models/" + name + ".pth");
    ASSERT_TRUE(model) << model.error().to_string();
    EXPECT_EQ(model->sample_rate, 8000);
    for (const Note& note : model->notes) EXPECT_EQ(note.severity, NoteSeverity::info) << note.text;
  }
}

}  // namespace
}  // namespace tessera
