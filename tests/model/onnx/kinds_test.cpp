// tests/data/onnx: files of the kinds that people export (tools/vectors/onnx_kinds.py,
// onnx_overlap_add.py); each computes what ONNX Runtime, or PyTorch, computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "model/onnx/import_onnx.h"
#include "support/round_trip.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/session.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(TESSERA_SOURCE_DIR) / "tests" / "data" / "onnx";

// KIND/NAME of every file that must read.
std::vector<std::string> cases() {
  std::vector<std::string> list;
  for (const char* kind : {"constants", "dilated_phases", "einsum", "fixed_batch", "overlap_add",
                           "overlap_add_torch"}) {
    for (const auto& entry : fs::directory_iterator(kFolder / kind)) {
      const std::string name = entry.path().stem().string();
      if (entry.path().extension() == ".onnx" && !name.starts_with("refused"))
        list.push_back(std::string(kind) + "/" + name);
    }
  }
  std::sort(list.begin(), list.end());
  return list;
}

NpyArray array(const std::string& name, const std::string& part) {
  auto read = read_npy(kFolder / (name + "." + part + ".npy"));
  EXPECT_TRUE(read) << name << " " << part;
  return read ? std::move(*read) : NpyArray{};
}

Result<ImportedModel> import_case(const std::string& name) {
  ImportOptions options;
  if (name.find("open_length") != std::string::npos)
    options.length_samples = array(name, "in").dims.back();
  return import_model(kFolder / (name + ".onnx"), options);
}

// Outputs as the file lays them out.
std::vector<std::vector<float>> run(const ImportedModel& model, const Graph& graph,
                                    const std::vector<float>& input) {
  std::vector<std::vector<float>> results;
  auto backend = make_backend("reference");
  auto session = Session::create(graph, **backend);
  EXPECT_TRUE(session) << session.error().to_string();
  std::vector<float> values(input.size());
  EXPECT_TRUE(to_graph_layout(model.inputs[0], input, values));
  const auto outputs = session->run({values});
  EXPECT_TRUE(outputs) << outputs.error().to_string();
  for (size_t i = 0; i < outputs->size(); ++i) {
    results.emplace_back((*outputs)[i].size());
    EXPECT_TRUE(to_file_layout(model.outputs[i], (*outputs)[i], results.back()));
  }
  return results;
}

// One row of an array along the dim that `sizes` has one of and the array several; all of it where
// there is no such dim.
std::vector<float> row_of(const NpyArray& whole, const std::vector<int64_t>& sizes, int64_t row) {
  size_t dim = 0;
  while (dim < sizes.size() && sizes[dim] == whole.dims[dim]) ++dim;
  if (dim == sizes.size()) return whole.values;
  int64_t inner = 1;
  for (size_t i = dim + 1; i < sizes.size(); ++i) inner *= sizes[i];
  std::vector<float> values;
  const auto count = static_cast<int64_t>(whole.values.size());
  for (int64_t at = 0; at < count; ++at) {
    if (at / inner % whole.dims[dim] == row)
      values.push_back(whole.values[static_cast<size_t>(at)]);
  }
  return values;
}

class OnnxKind : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto model = import_case(GetParam());
    ASSERT_TRUE(model) << model.error().to_string();
    model_ = std::move(*model);
  }
  void expect_outputs(const Graph& graph) {
    const NpyArray input = array(GetParam(), "in");
    ASSERT_EQ(model_.inputs[0].sizes().size(), input.dims.size());
    const bool batch = GetParam().starts_with("fixed_batch/");
    const int64_t rows = batch ? input.dims[0] : 1;
    EXPECT_EQ(model_.inputs[0].sizes()[0], 1);
    for (int64_t row = 0; row < rows; ++row) {
      const auto outputs =
          run(model_, graph, batch ? row_of(input, model_.inputs[0].sizes(), row) : input.values);
      for (size_t i = 0; i < outputs.size(); ++i) {
        const NpyArray whole = array(GetParam(), i == 0 ? "out" : "out1");
        if (!batch) {
          ASSERT_EQ(model_.outputs[i].sizes(), whole.dims);
        }
        const auto expected = batch ? row_of(whole, model_.outputs[i].sizes(), row) : whole.values;
        ASSERT_EQ(outputs[i].size(), expected.size());
        for (size_t k = 0; k < expected.size(); ++k) {
          ASSERT_NEAR(outputs[i][k], expected[k], 5e-6 * std::max(1.0F, std::abs(expected[k])))
              << "row " << row << " output " << i << " element " << k;
        }
      }
    }
  }
  template <typename T>
  int count() const {
    int n = 0;
    for (NodeId id : model_.graph.order()) n += model_.graph.get_if<T>(id) != nullptr;
    return n;
  }
  ImportedModel model_;
};

TEST_P(OnnxKind, ComputesWhatItsRuntimeComputed) {
  expect_outputs(model_.graph);
}

TEST_P(OnnxKind, ComputesTheSameWhenRewritten) {
  Graph graph = model_.graph;
  const auto log = rewrite(graph, {});
  ASSERT_TRUE(log) << log.error().to_string();
  expect_outputs(graph);
}

TEST_P(OnnxKind, ExportsAndImportsAsTheSameGraph) {
  test::expect_same_after_export(model_);
}

std::string test_name(const testing::TestParamInfo<std::string>& parameter) {
  std::string name = parameter.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

TEST(OnnxKinds, AreAllThere) {
  EXPECT_GE(cases().size(), 63U);
}

INSTANTIATE_TEST_SUITE_P(Files, OnnxKind, testing::ValuesIn(cases()), test_name);

// The decoder as its author wrote it: a transposed convolution for each voice, no frames in
// between.
class AddedFrames : public OnnxKind {};

TEST_P(AddedFrames, AreOneTransposedConvolutionForEachVoice) {
  EXPECT_GE(model_.n_src, 1);
  EXPECT_EQ(count<ConvTranspose>(), model_.n_src);
  EXPECT_EQ(count<Conv>(), 2);  // encoder and mask
  EXPECT_EQ(count<Add>(), 0);
  EXPECT_EQ(count<Reduce>(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Files, AddedFrames,
    testing::Values(
        "overlap_add/elements_half", "overlap_add/elements_third", "overlap_add/elements_quarter",
        "overlap_add/elements_odd", "overlap_add/elements_gaps", "overlap_add/elements_axis_1",
        "overlap_add/subframes_half", "overlap_add/subframes_two_thirds",
        "overlap_add/subframes_quarter", "overlap_add/nd_all_columns", "overlap_add/nd_negative",
        "overlap_add/nd_rows", "overlap_add/col2im", "overlap_add/nd_rows_and_columns",
        "overlap_add/two_halves", "overlap_add/frames_in_a_row", "overlap_add_torch/halves_opset11",
        "overlap_add_torch/halves_open_length", "overlap_add_torch/joined_halves_opset12",
        "overlap_add_torch/identity_opset11", "overlap_add/nd_hops_without_adding",
        "overlap_add/col2im_image", "overlap_add_torch/scatter_add",
        "overlap_add_torch/scatter_add_odd_open_length"),
    test_name);

TEST(AddedHalves, AreOneTransposedConvolutionWhereTheSumIsCropped) {
  const auto model = import_case("overlap_add/two_halves_cropped");
  ASSERT_TRUE(model) << model.error().to_string();
  int decoders = 0;
  for (NodeId id : model->graph.order()) {
    EXPECT_FALSE(model->graph.get_if<Add>(id));
    decoders += model->graph.get_if<ConvTranspose>(id) != nullptr;
  }
  EXPECT_EQ(decoders, 1);
}

class Phases : public OnnxKind {};

TEST_P(Phases, AreDilatedConvolutionsPaddedThemselves) {
  EXPECT_EQ(count<Slice>(), 0);
  EXPECT_EQ(count<Concat>(), 0);
  EXPECT_EQ(count<Pad>(), 0);
  bool dilated = true;
  for (NodeId id : model_.graph.order()) {
    const auto* conv = model_.graph.get_if<Conv>(id);
    if (conv) dilated = dilated && conv->dilation.w > 1;
  }
  EXPECT_TRUE(dilated);
}

INSTANTIATE_TEST_SUITE_P(Files, Phases,
                         testing::Values("dilated_phases/same", "dilated_phases/causal",
                                         "dilated_phases/valid", "dilated_phases/image",
                                         "dilated_phases/image_causal",
                                         "dilated_phases/even_kernel",
                                         "dilated_phases/channels_first"),
                         test_name);

// PyTorch 1.13 writes index_put(accumulate=True) as a ScatterND that does not add.
TEST(RefuseScatter, ThatDoesNotAddWhereFramesOverlap) {
  const auto model = import_case("overlap_add_torch/refused_index_put");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message,
            "writes element 4 more than once without adding (reduction none): which value stays is "
            "not defined");
}

}  // namespace
}  // namespace tessera
