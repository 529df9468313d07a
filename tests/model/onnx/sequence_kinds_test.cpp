// tests/data/onnx/kinds: kinds of networks that people bring
// (tools/vectors/onnx_sequence_kinds.py); each computes what ONNX Runtime computed, and its export
// says the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "model/onnx/field_model.h"
#include "model/onnx/import_onnx.h"
#include "support/round_trip.h"

namespace tessera {
namespace {

const std::string kFolder = std::string(TESSERA_SOURCE_DIR) + "/tests/data/onnx/kinds/";

// Of the networks whose names begin so.
std::vector<std::string> names(std::string_view beginning = "") {
  std::vector<std::string> list;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    const std::string name =
        std::filesystem::relative(entry.path(), kFolder).replace_extension().string();
    if (entry.path().extension() == ".onnx" && name.starts_with(beginning)) list.push_back(name);
  }
  std::sort(list.begin(), list.end());
  return list;
}

class Kind : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string stem = kFolder + GetParam();
    auto inputs = test::read_arrays(stem + ".in", ".npy");
    ASSERT_TRUE(inputs) << inputs.error().to_string();
    inputs_ = std::move(*inputs);
    auto model = test::import_for(stem + ".onnx", inputs_);
    ASSERT_TRUE(model) << model.error().to_string();
    model_ = std::move(*model);
  }
  std::vector<NpyArray> inputs_;
  ImportedModel model_;
};

class ExpandedKind : public Kind {};

TEST_P(Kind, ComputesWhatOnnxRuntimeComputed) {
  const auto expected = test::read_arrays(kFolder + GetParam() + ".out", ".npy");
  ASSERT_TRUE(expected) << expected.error().to_string();
  const auto results = test::run(model_, inputs_);
  ASSERT_TRUE(results) << results.error().to_string();
  ASSERT_EQ(results->size(), expected->size());
  for (size_t k = 0; k < expected->size(); ++k) {
    const NpyArray& right = (*expected)[k];
    const NpyArray& result = (*results)[k];
    EXPECT_EQ(result.dims, right.dims);
    ASSERT_EQ(result.values.size(), right.values.size());
    for (size_t i = 0; i < right.values.size(); ++i)
      ASSERT_NEAR(result.values[i], right.values[i],
                  1e-5 * std::max(1.F, std::abs(right.values[i])))
          << "output " << k << ", element " << i;
  }
}

TEST_P(Kind, ExportsAndImportsAsTheSameGraph) {
  test::expect_same_after_export(model_);
}

// Constants that repeat over time are one number per channel, whatever says so.
TEST_P(ExpandedKind, KeepsAConstantOfOneValuePerFrameOnlyWhereItVaries) {
  const bool varies = GetParam().ends_with("varies") || GetParam().ends_with("over_channels") ||
                      GetParam().ends_with("mean_expanded");
  int64_t longest = 0;
  for (NodeId id : model_.graph.order()) {
    if (const auto* constant = model_.graph.get_if<Constant>(id))
      longest = std::max(longest, constant->value.size());
  }
  if (varies) {
    EXPECT_GT(longest, 4);
  } else {
    EXPECT_LE(longest, 4);
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Networks, Kind, testing::ValuesIn(names()), test_name);
INSTANTIATE_TEST_SUITE_P(Networks, ExpandedKind, testing::ValuesIn(names("expanded/")), test_name);

TEST(Kinds, AreAllThere) {
  EXPECT_GE(names().size(), 134U);
  EXPECT_GE(names("expanded/").size(), 22U);
}

}  // namespace
}  // namespace tessera
