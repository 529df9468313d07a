// tests/data/field: files re-made from public reports, with the values that they should give.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/onnx/field_model.h"

namespace tessera {
namespace {

const std::string kFolder = std::string(TESSERA_SOURCE_DIR) + "/tests/data/field/";

void expect_right(const std::string& model_file, const std::string& inputs_stem,
                  const std::string& expected_stem) {
  const auto inputs = test::read_arrays(kFolder + inputs_stem, ".npy");
  const auto expected = test::read_arrays(kFolder + expected_stem, ".npy");
  ASSERT_TRUE(inputs && expected);
  const auto model = test::import_for(kFolder + model_file, *inputs);
  ASSERT_TRUE(model) << model.error().to_string();
  const auto results = test::run(*model, *inputs);
  ASSERT_TRUE(results) << results.error().to_string();
  ASSERT_EQ(results->size(), expected->size());
  for (size_t k = 0; k < expected->size(); ++k) {
    const std::vector<float>& right = (*expected)[k].values;
    ASSERT_EQ((*results)[k].dims, (*expected)[k].dims);
    for (size_t i = 0; i < right.size(); ++i)
      ASSERT_NEAR((*results)[k].values[i], right[i], 1e-5F * std::max(1.F, std::abs(right[i])));
  }
}

TEST(FieldOnnx, NearestUpsamplingBesideASkip) {
  expect_right("onnx_resize_nearest/up_nearest.ts.onnx", "onnx_resize_nearest/up_nearest.ts.in",
               "onnx_resize_nearest/expected");
}

TEST(FieldOnnx, WeightsKeptAsInt8) {
  expect_right("onnx_weight_only_int8/wq_int8.onnx", "onnx_weight_only_int8/wq_int8.in",
               "onnx_weight_only_int8/expected");
}

TEST(FieldOnnx, FeaturesTimeFirstAndACacheChannelsFirst) {
  expect_right("onnx_stream_cache_layouts/wekws_cache.dy.onnx",
               "onnx_stream_cache_layouts/wekws_cache.dy.in", "onnx_stream_cache_layouts/expected");
}

TEST(FieldOnnx, AGainExpandedOverTime) {
  expect_right("norm_gain_expanded_over_time/net.onnx", "norm_gain_expanded_over_time/in",
               "norm_gain_expanded_over_time/expected");
}

TEST(FieldOnnx, AGainExpandedOverTimeIsOneNumberPerChannelAtAnyLength) {
  for (const int64_t length : {64'000, 16'000'000}) {
    ImportOptions options;
    options.length_samples = length;
    const auto model = import_model(kFolder + "norm_gain_expanded_over_time/net.onnx", options);
    ASSERT_TRUE(model) << model.error().to_string();
    int64_t elements = 0;
    for (NodeId id : model->graph.order()) {
      for (const NamedWeight& weight : weights_of(model->graph.node(id).op))
        elements += weight.tensor->size();
      if (const auto* constant = model->graph.get_if<Constant>(id))
        elements += constant->value.size();
    }
    EXPECT_LT(elements, 100) << "at " << length;
  }
}

TEST(FieldOnnx, ALengthAskedForLeavesACacheItsOwn) {
  ImportOptions options;
  options.length_samples = 300;
  const auto model = import_model(
      std::string(TESSERA_SOURCE_DIR) + "/tests/data/onnx/kinds/layouts/open_length.onnx", options);
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->length_samples, 300);
  EXPECT_EQ(model->inputs[0].to_string(), "[1, 300 time, 5 channels]");
  EXPECT_EQ(model->inputs[1].to_string(), "[1, 5 channels, 2 time]");
  EXPECT_EQ(model->network->min_length(), 1);
}

}  // namespace
}  // namespace tessera
