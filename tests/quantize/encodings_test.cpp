#include "tessera/compiler/encodings.h"

#include <limits>

#include <gtest/gtest.h>

#include "tessera/compiler/tensor.h"

namespace tessera {
namespace {

// x [2,1,4] -> conv [3,2,1,1] -> y
class EncodingsTest : public testing::Test {
 protected:
  void SetUp() override {
    GraphEditor editor(graph_, "import");
    const NodeId x = editor.add(Input{Shape{2, 1, 4}}, {}, "x").value();
    Conv conv;
    conv.weight = Tensor::full({3, 2, 1, 1}, 0.5F);
    const NodeId y = editor.add(conv, {x}, "y").value();
    const NodeId cut = editor.add(Slice{Axis::c, 1, 3, 1}, {y}, "cut").value();
    editor.add_output("cut", cut);
    encodings_.values["x"] = {8, false, {0.5F}, {128}};
    encodings_.values["y"] = {8, false, {1.0F, 2.0F, 3.0F}, {0}};
    encodings_.weights["y"] = {{3, 2, 1, 1}, {1, 2, 3, 4, 5, 6}, {0, 0, 0}, {1.0F, 1.0F, 1.0F}};
  }
  std::string error() const {
    const auto checked = check_encodings(graph_, encodings_);
    return checked ? "" : checked.error().to_string();
  }

  Graph graph_;
  Encodings encodings_;
};

TEST_F(EncodingsTest, ThatFitAreAccepted) {
  EXPECT_EQ(error(), "");
}

TEST_F(EncodingsTest, ASliceOfChannelsKeepsTheirScales) {
  const auto cut = encoding_of(graph_, graph_.find("cut"), encodings_);
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->scale, (std::vector<float>{2.0F, 3.0F}));
}

TEST_F(EncodingsTest, OfAnotherNetworkAreIgnored) {
  encodings_.values["elsewhere"] = {3, false, {}, {}};
  EXPECT_EQ(error(), "");
}

TEST_F(EncodingsTest, RefuseAScaleOfZero) {
  encodings_.values["x"].scale = {0.0F};
  EXPECT_EQ(error(), "encoding of 'x': has the scale 0 (quantise the network again)");
}

TEST_F(EncodingsTest, RefuseScalesThatAreNoStep) {
  const auto text = [](const std::string& value) {
    return "encoding of 'x': has the scale " + value + " (quantise the network again)";
  };
  encodings_.values["x"].scale = {-0.5F};
  EXPECT_EQ(error(), text("-0.5"));
  encodings_.values["x"].scale = {std::numeric_limits<float>::infinity()};
  EXPECT_EQ(error(), text("inf"));
  encodings_.values["x"].scale = {std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(error(), text("nan"));
  encodings_.values["x"].scale = {1e-40F};
  EXPECT_EQ(error(), text("1e-40"));
}

TEST_F(EncodingsTest, RefuseAWeightScaleOfZero) {
  encodings_.weights["y"].scale[2] = 0;
  EXPECT_EQ(error(), "encoding of 'y': has the weight scale 0 (quantise the network again)");
}

TEST_F(EncodingsTest, RefuseAZeroPointBeyond16Bits) {
  encodings_.values["x"] = {16, true, {0.5F}, {40000}};
  EXPECT_EQ(error(),
            "encoding of 'x': has the zero point 40000, which is not one of its codes "
            "-32768..32767 (quantise the network again)");
}

// As many weights as there should be, and dims that would read beyond them.
TEST_F(EncodingsTest, RefuseAKernelThatIsNotTheOps) {
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{3, 2, 1, 1000}, {3, 2, 1000}, {3, 2, 0, 1}, {3, 2, 1, 1, 1}}) {
    encodings_.weights["y"].dims = dims;
    EXPECT_EQ(error(), "encoding of 'y': has weights " + dims_to_string(dims) +
                           " for [3, 2, 1, 1] (quantise the network again)");
  }
}

TEST_F(EncodingsTest, RefuseAZeroPointThatIsNoCode) {
  encodings_.values["x"].zero_point = {256};
  EXPECT_EQ(error(),
            "encoding of 'x': has the zero point 256, which is not one of its codes 0..255 "
            "(quantise the network again)");
}

TEST_F(EncodingsTest, RefuseAnotherNumberOfChannels) {
  encodings_.values["y"].scale = {1.0F, 2.0F};
  EXPECT_EQ(error(),
            "encoding of 'y': has 2 scales and 1 zero points for 3 channels (quantise the network "
            "again)");
}

TEST_F(EncodingsTest, RefuseNineBits) {
  encodings_.values["x"].bits = 9;
  EXPECT_EQ(error(), "encoding of 'x': has 9 bits, not 8 or 16 (quantise the network again)");
}

TEST_F(EncodingsTest, RefuseIntegerWeightsOnFloats) {
  encodings_.values.erase("x");
  EXPECT_EQ(error(),
            "encoding of 'y': has integer weights, but its operand is float (quantise the network "
            "again)");
}

TEST_F(EncodingsTest, RefuseAnAccumulatorBeyond32Bits) {
  encodings_.weights["y"].bias[1] = 2147483647;
  EXPECT_EQ(error(),
            "encoding of 'y': lets the accumulator of output channel 1 reach 2147484543, beyond 32 "
            "bits (quantise the network again)");
}

TEST_F(EncodingsTest, RefuseWeightsOfAnotherShape) {
  encodings_.weights["y"].values.pop_back();
  EXPECT_EQ(error(),
            "encoding of 'y': has 5 weights, 3 biases and 3 scales for weights [3, 2, 1, 1] "
            "(quantise the network again)");
}

}  // namespace
}  // namespace tessera
