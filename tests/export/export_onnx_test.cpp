// A graph exported and imported again is the same graph; the same graph gives the same bytes.
#include <gtest/gtest.h>

#include <cmath>

#include "graph/compare.h"
#include "model/onnx/import_onnx.h"
#include "support/conv_tasnet.h"
#include "support/random_graph.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

std::string data(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/tests/data/" + name;
}

Result<ImportedModel> import_bytes(const std::vector<uint8_t>& bytes) {
  return import_onnx({"memory.onnx", bytes}, {});
}

class ExportOnnx : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ImportOptions options;
    options.length_samples = 2003;
    auto model = import_model(data(GetParam()), options);
    ASSERT_TRUE(model) << model.error().to_string();
    graph_ = std::move(model->graph);
  }
  Graph graph_;
};

TEST_P(ExportOnnx, ImportsAgainAsTheSameGraph) {
  const auto bytes = export_onnx(graph_);
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  const auto again = import_bytes(*bytes);
  ASSERT_TRUE(again) << again.error().to_string();
  const GraphDifference difference = compare_graphs(again->graph, graph_, 0);
  EXPECT_TRUE(difference.same) << difference.text;
}

TEST_P(ExportOnnx, GivesTheSameBytesEachTime) {
  const auto a = export_onnx(graph_);
  const auto b = export_onnx(graph_);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, ExportOnnx,
    testing::Values("asteroid/bn_k5.pth", "asteroid/causal_cgln.pth", "asteroid/causal_cln.pth",
                    "asteroid/enc_relu_k20.pth", "asteroid/gln_relu_skip0.pth",
                    "asteroid/gln_softmax_3src.pth", "asteroid/one_src_denoise.pth",
                    "torchaudio/torchaudio_small.pth", "speechbrain/speechbrain_gln.pth"),
    [](const auto& parameter) {
      std::string name = parameter.param;
      name = name.substr(name.find('/') + 1);
      return name.substr(0, name.find('.'));
    });

TEST(ExportLayout, InputsAndOutputsTakeTheFilesOwnLayout) {
  const std::string path = data("onnx/asteroid/gln_sigmoid.dynamo.opset18.onnx");
  const auto model = import_model(path);
  ASSERT_TRUE(model);
  ExportOptions options;
  options.inputs = model->inputs;
  options.outputs = model->outputs;
  const auto bytes = export_onnx(model->graph, options);
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  const auto again = import_bytes(*bytes);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->inputs[0].sizes(), (std::vector<int64_t>{1, 2000}));
  EXPECT_EQ(again->outputs[0].sizes(), (std::vector<int64_t>{1, 2, 2000}));
  EXPECT_TRUE(compare_graphs(again->graph, model->graph, 0).same);
}

TEST(ExportLayout, ATransposedInputIsTransposedAgain) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = *editor.add(Input{{3, 1, 10}}, {}, "x");
  Conv conv;
  conv.weight = Tensor::full({4, 3, 1, 3}, 0.5F);
  const NodeId y = *editor.add(conv, {x}, "y");
  editor.add_output("out", y);
  ExportOptions options;
  options.inputs = {{"x", {3, 1, 10}, {{}, {{Axis::w, 10, 1}}, {{Axis::c, 3, 1}}}}};
  options.outputs = {{"out", {4, 1, 8}, {{}, {{Axis::w, 8, 1}}, {{Axis::c, 4, 1}}}}};
  const auto bytes = export_onnx(graph, options);
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  const auto again = import_bytes(*bytes);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->inputs[0].to_string(), "[1, 10 time, 3 channels]");
  EXPECT_EQ(again->outputs[0].to_string(), "[1, 8 time, 4 channels]");
  EXPECT_TRUE(compare_graphs(again->graph, graph, 0).same);
}

TEST(ExportLayout, ALayoutThatDoesNotFitIsRefused) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = *editor.add(Input{{1, 1, 10}}, {}, "x");
  editor.add_output("out", *editor.add(Unary{}, {x}, "y"));
  ExportOptions options;
  options.inputs = {{"x", {1, 1, 9}, {{}, {{Axis::w, 9, 1}}}}};
  const auto bytes = export_onnx(graph, options);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().to_string(),
            "'x': its layout [1, 9 time] does not fit its value [1,1,10]");
}

TEST(ExportLayout, HasFourAxesWhereAsked) {
  const auto model = import_model(data("asteroid/bn_k5.pth"));
  ASSERT_TRUE(model);
  ExportOptions options;
  options.four_axes = true;
  const auto bytes = export_onnx(model->graph, options);
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  const auto again = import_bytes(*bytes);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->inputs[0].sizes().size(), 4u);
  EXPECT_EQ(again->outputs[0].sizes().size(), 4u);
  const GraphDifference difference = compare_graphs(again->graph, model->graph, 0);
  EXPECT_TRUE(difference.same) << difference.text;
}

TEST(ExportFile, WritesMetadataThatImportReadsBack) {
  const ScratchFolder folder;
  const auto model = import_model(data("asteroid/gln_sigmoid.pth"));
  ASSERT_TRUE(model);
  ExportOptions options;
  options.metadata["sample_rate"] = "16000";
  const auto path = folder.path() / "net.onnx";
  ASSERT_TRUE(export_onnx(model->graph, path, options));
  const auto again = import_model(path);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->sample_rate, 16000);
}

TEST(ExportFile, NeverReplacesAFileUnasked) {
  const ScratchFolder folder;
  const auto model = import_model(data("asteroid/one_src_denoise.pth"));
  ASSERT_TRUE(model);
  const auto path = folder.path() / "net.onnx";
  ASSERT_TRUE(export_onnx(model->graph, path));
  const auto second = export_onnx(model->graph, path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(export_onnx(model->graph, path, {}, {.force = true}));
}

}  // namespace
}  // namespace tessera
