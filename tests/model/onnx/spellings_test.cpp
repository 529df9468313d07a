// tests/data/onnx/spellings: norms, activations, masks, decoders and paddings as people and
// exporters write them (tools/vectors/onnx_spellings.py); each is recognised and computes what
// PyTorch computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "model/onnx/import_onnx.h"
#include "support/round_trip.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/session.h"

namespace tessera {
namespace {

const std::string kFolder = std::string(TESSERA_SOURCE_DIR) + "/tests/data/onnx/spellings/";

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".onnx") list.push_back(entry.path().stem().string());
  }
  std::sort(list.begin(), list.end());
  return list;
}

Result<std::vector<float>> run(const ImportedModel& model, const std::vector<float>& input) {
  TESSERA_TRY(auto backend, make_backend("reference"));
  TESSERA_TRY(Session session, Session::create(model.graph, *backend));
  std::vector<float> values(input.size());
  TESSERA_TRY_VOID(to_graph_layout(model.inputs[0], input, values));
  TESSERA_TRY(const auto outputs, session.run({values}));
  std::vector<float> result(outputs[0].size());
  TESSERA_TRY_VOID(to_file_layout(model.outputs[0], outputs[0], result));
  return result;
}

class Spelling : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto in = read_npy(kFolder + GetParam() + ".in.npy");
    ASSERT_TRUE(in);
    input_ = std::move(*in);
    ImportOptions options;
    const bool sensor = GetParam().starts_with("imu") || GetParam() == "flattened";
    options.length_samples = sensor ? input_.dims[1] : input_.dims.back();
    auto model = import_model(kFolder + GetParam() + ".onnx", options);
    ASSERT_TRUE(model) << model.error().to_string();
    model_ = std::move(*model);
  }
  template <typename T>
  int count() const {
    int n = 0;
    for (NodeId id : model_.graph.order()) n += model_.graph.get_if<T>(id) != nullptr;
    return n;
  }
  NpyArray input_;
  ImportedModel model_;
};

TEST_P(Spelling, ComputesWhatPyTorchComputed) {
  const auto expected = read_npy(kFolder + GetParam() + ".out.npy");
  const auto result = run(model_, input_.values);
  ASSERT_TRUE(expected && result) << result.error().to_string();
  ASSERT_EQ(result->size(), expected->values.size());
  for (size_t i = 0; i < result->size(); ++i)
    ASSERT_NEAR((*result)[i], expected->values[i], 1e-6) << "element " << i;
}

TEST_P(Spelling, LeavesNothingUnrecognised) {
  EXPECT_EQ(count<Reduce>(), 0);
  EXPECT_EQ(count<CumulativeSum>(), 0);
  EXPECT_EQ(count<Binary>(), 0);
  EXPECT_EQ(count<Affine>(), 0);
  if (model_.n_src > 0) {
    EXPECT_EQ(count<Norm>(), GetParam() == "group_norm_2" ? 6 : 3);
    EXPECT_EQ(count<ConvTranspose>(), model_.n_src);
    EXPECT_EQ(count<Mul>(), model_.n_src);
    EXPECT_EQ(count<Concat>(), GetParam() == "group_norm_2" ? 4 : model_.n_src > 1 ? 1 : 0);
  }
}

TEST_P(Spelling, ExportsAndImportsAsTheSameGraph) {
  test::expect_same_after_export(model_);
}

INSTANTIATE_TEST_SUITE_P(Networks, Spelling, testing::ValuesIn(names()),
                         [](const auto& parameter) { return parameter.param; });

TEST(Spellings, AreAllThere) {
  EXPECT_GE(names().size(), 25U);
}

TEST(SensorEncoder, TakesWindowsTimeFirst) {
  const auto model = import_model(kFolder + "imu_encoder.onnx");
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->inputs[0].to_string(), "[1, 100 time, 9 channels]");
  EXPECT_EQ(model->graph.node(model->graph.inputs()[0]).shape, (Shape{9, 1, 100}));
}

}  // namespace
}  // namespace tessera
