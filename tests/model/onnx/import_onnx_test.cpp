// Every export of the small networks: outputs as the toolkit computed them, and the same graph as
// from the checkpoint.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "graph/compare.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/session.h"

namespace tessera {
namespace {

struct Export {
  std::string file;  // below tests/data/onnx
  std::string stem;  // of .pth, .in.npy, .out.npy, below tests/data
};

std::string data(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/tests/data/" + name;
}

std::vector<Export> exports() {
  std::vector<Export> list;
  for (const std::string maker : {"asteroid", "torchaudio", "speechbrain"}) {
    for (const auto& entry : std::filesystem::directory_iterator(data("onnx/" + maker))) {
      const std::string file = entry.path().filename().string();
      list.push_back({maker + "/" + file, maker + "/" + file.substr(0, file.find('.'))});
    }
  }
  std::sort(list.begin(), list.end(),
            [](const Export& a, const Export& b) { return a.file < b.file; });
  return list;
}

class ImportOnnx : public testing::TestWithParam<Export> {
 protected:
  void SetUp() override {
    auto in = read_npy(data(GetParam().stem + ".in.npy"));
    ASSERT_TRUE(in) << in.error().to_string();
    input_ = in->values;
    ImportOptions options;
    options.length_samples = static_cast<int64_t>(input_.size());
    auto model = import_model(data("onnx/" + GetParam().file), options);
    ASSERT_TRUE(model) << model.error().to_string();
    model_ = std::move(*model);
  }

  std::vector<float> input_;
  ImportedModel model_;
};

TEST_P(ImportOnnx, ComputesWhatTheToolkitComputed) {
  const auto expected = read_npy(data(GetParam().stem + ".out.npy"));
  ASSERT_TRUE(expected) << expected.error().to_string();
  auto backend = make_backend("reference");
  ASSERT_TRUE(backend);
  auto session = Session::create(model_.graph, **backend);
  ASSERT_TRUE(session) << session.error().to_string();
  std::vector<float> values(input_.size());
  ASSERT_TRUE(to_graph_layout(model_.inputs[0], input_, values));
  const auto outputs = session->run({values});
  ASSERT_TRUE(outputs) << outputs.error().to_string();
  std::vector<float> result(outputs->front().size());
  ASSERT_TRUE(to_file_layout(model_.outputs[0], outputs->front(), result));
  ASSERT_EQ(result.size(), expected->values.size());
  float peak = 0;
  float worst = 0;
  for (size_t i = 0; i < result.size(); ++i) {
    peak = std::max(peak, std::abs(expected->values[i]));
    worst = std::max(worst, std::abs(expected->values[i] - result[i]));
  }
  EXPECT_LE(worst, 1e-5F);
  EXPECT_LE(worst, 1e-4F * peak);
}

TEST_P(ImportOnnx, IsTheGraphOfTheCheckpoint) {
  ImportOptions options;
  options.length_samples = static_cast<int64_t>(input_.size());
  if (GetParam().stem == "torchaudio/torchaudio_small") options.model_args["mask_act"] = "sigmoid";
  if (GetParam().stem == "speechbrain/speechbrain_gln") options.model_args["mask_act"] = "relu";
  const auto checkpoint = import_model(data(GetParam().stem + ".pth"), options);
  ASSERT_TRUE(checkpoint) << checkpoint.error().to_string();
  const GraphDifference difference = compare_graphs(model_.graph, checkpoint->graph, 1e-6);
  EXPECT_TRUE(difference.same) << difference.text;
}

TEST_P(ImportOnnx, KnowsItsSources) {
  EXPECT_EQ(model_.n_src, GetParam().stem == "asteroid/gln_softmax_3src" ? 3 : 2);
  EXPECT_EQ(model_.family, "onnx");
}

TEST(ImportOnnxFiles, AreAllThere) {
  EXPECT_GE(exports().size(), 18U);
}

INSTANTIATE_TEST_SUITE_P(Exports, ImportOnnx, testing::ValuesIn(exports()),
                         [](const auto& parameter) {
                           std::string name = parameter.param.file;
                           for (char& c : name) {
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

TEST(ImportOnnxLength, AnOpenTimeDimensionInstantiatesForAnotherLengthWithTheSameWeights) {
  ImportOptions options;
  options.length_samples = 2000;
  const auto model = import_model(data("onnx/asteroid/gln_sigmoid.opset17.dyn.onnx"), options);
  ASSERT_TRUE(model) << model.error().to_string();
  const auto longer = model->network->instantiate(3001);
  ASSERT_TRUE(longer) << longer.error().to_string();
  EXPECT_EQ(longer->node(longer->outputs()[0].node).shape, (Shape{2, 1, 3001}));
  const auto* a = model->graph.get_if<Conv>(NodeId{1});
  const auto* b = longer->get_if<Conv>(NodeId{1});
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(a->weight.same_storage(b->weight));
}

TEST(ImportOnnxLength, TheShortestInputIsTheKernel) {
  const auto model = import_model(data("onnx/asteroid/gln_sigmoid.opset17.dyn.onnx"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->network->min_length(), 16);
}

TEST(ImportOnnxLength, AnOpenLengthDefaultsToFourSeconds) {
  const auto model = import_model(data("onnx/asteroid/gln_sigmoid.opset17.dyn.onnx"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->length_samples, 32'000);
}

TEST(ImportOnnxLength, AFixedLengthRefusesAnother) {
  ImportOptions options;
  options.length_samples = 4000;
  const std::string path = data("onnx/asteroid/gln_sigmoid.opset11.onnx");
  const auto model = import_model(path, options);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(model.error().to_string(),
            path +
                ": input 'mix': is exported for a length of 2000, 4000 was asked for (ask "
                "for no other length, or export the model with an open time dimension)");
}

TEST(ImportOnnxLength, TheLengthOfAStreamIsThatOfTheInputWhoseTimeIsOpen) {
  ImportOptions options;
  options.length_samples = 24;
  const std::string path = data("onnx/windows/inputs/open_stream.onnx");
  const auto model = import_model(path, options);
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->length_samples, 24);
  EXPECT_FALSE(model->network->length_is_fixed());
  EXPECT_EQ(model->inputs[0].sizes(), (std::vector<int64_t>{1, 4, 4}));
  EXPECT_EQ(model->inputs[1].sizes(), (std::vector<int64_t>{1, 4, 24}));
  const Graph longer = model->network->instantiate(40).value();
  EXPECT_EQ(longer.node(longer.inputs()[0]).shape, (Shape{4, 1, 4}));
  EXPECT_EQ(longer.node(longer.inputs()[1]).shape, (Shape{4, 1, 40}));
}

TEST(ImportOnnxLength, InputsOfDifferentFixedLengthsAreMadeAtTheFirstOnes) {
  const auto model = import_model(data("onnx/windows/inputs/streaming.onnx"));
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_TRUE(model->network->length_is_fixed());
  EXPECT_EQ(model->length_samples, 16);
  EXPECT_TRUE(model->network->instantiate(16).has_value());
  EXPECT_EQ(model->network->instantiate(17).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera
