#include "tessera/backend.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

class CheckValues : public ::testing::Test {
 protected:
  std::string error(std::vector<size_t> input_sizes, std::vector<size_t> output_sizes) {
    std::vector<ConstValues> inputs;
    std::vector<Values> outputs;
    for (size_t size : input_sizes) inputs.emplace_back(memory_.data(), size);
    for (size_t size : output_sizes) outputs.emplace_back(memory_.data(), size);
    const Result<void> result = check_values(signature_, inputs, outputs);
    if (result) return "";
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    return result.error().to_string();
  }

  std::vector<float> memory_ = std::vector<float>(100);
  Signature signature_{{{"wav", {1, 1, 16}}}, {{"voices", {2, 1, 16}}, {"mask", {2, 1, 3}}}};
};

TEST_F(CheckValues, AcceptsExactSizes) {
  EXPECT_EQ(error({16}, {32, 6}), "");
}

TEST_F(CheckValues, NamesTheInputOfWrongSize) {
  EXPECT_EQ(error({15}, {32, 6}), "input 'wav': 15 values given, shape [1,1,16] has 16");
}

TEST_F(CheckValues, NamesTheOutputOfWrongSize) {
  EXPECT_EQ(error({16}, {32, 7}), "output 'mask': 7 values given, shape [2,1,3] has 6");
}

TEST_F(CheckValues, CountsInputsAndOutputs) {
  EXPECT_EQ(error({}, {32, 6}), "inputs: 0 given, the network has 1");
  EXPECT_EQ(error({16}, {32}), "outputs: 1 given, the network has 2");
}

TEST(SignatureOf, ListsNamesAndShapesInOrder) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId a = editor.add(Input{{1, 1, 4}}, {}, "a").value();
  const NodeId b = editor.add(Input{{2, 1, 4}}, {}, "b").value();
  editor.add_output("second", b);
  editor.add_output("first", a);
  const Signature signature = signature_of(graph);
  ASSERT_EQ(signature.inputs.size(), 2U);
  EXPECT_EQ(signature.inputs[1].name, "b");
  EXPECT_EQ(signature.outputs[0].name, "second");
  EXPECT_EQ(signature.outputs[0].shape, (Shape{2, 1, 4}));
}

}  // namespace
}  // namespace tessera
