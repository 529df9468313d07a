// Networks quantised for TensorFlow Lite's integers, and encodings that these cannot obey.
#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/backend.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

QuantizeOptions tflite_options(bool int16 = false) {
  QuantizeOptions options;
  options.arithmetic = IntegerArithmetic::tflite;
  options.int16 = int16;
  return options;
}

Encodings quantised_on_noise(const Graph& legal, const QuantizeOptions& options) {
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const std::vector<std::vector<float>> windows{test::random_inputs(legal, 1)[0]};
  TensorStatistics statistics;
  EXPECT_TRUE(calibrate(legal, options, *cpu, windows, statistics).has_value());
  const auto encodings = quantize(legal, statistics, options);
  EXPECT_TRUE(encodings.has_value()) << encodings.error().to_string();
  return encodings ? *encodings : Encodings();
}

TEST(TfliteQuantization, OfAnyConvTasNetGivesEncodingsThatItsIntegersObey) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    Graph graph = test::random_conv_tasnet(seed);
    ASSERT_TRUE(rewrite(graph).has_value());
    QuantizeOptions options = tflite_options(seed % 3 == 1);
    if (seed % 3 == 2) {
      for (const std::string& name : encoded_values(graph, options)) {
        if (name.size() % 2 == 0) options.int16_values.insert(name);
      }
    }
    const Encodings encodings = quantised_on_noise(graph, options);
    EXPECT_EQ(encodings.arithmetic, IntegerArithmetic::tflite);
    EXPECT_FALSE(encodings.weights.empty()) << seed;
    EXPECT_TRUE(check_encodings(graph, encodings).has_value()) << seed;
    for (const auto& [name, value] : encodings.values) {
      EXPECT_TRUE(value.is_signed) << seed << " " << name;
      for (const int32_t zero : value.zero_point) EXPECT_EQ(zero, value.zero_point[0]) << name;
    }
  }
}

// x [2,1,4] -> conv -> prelu -> y; z = y + y
class TfliteEncodings : public testing::Test {
 protected:
  void SetUp() override {
    GraphEditor editor(graph_, "import");
    const NodeId x = editor.add(Input{Shape{2, 1, 4}}, {}, "x").value();
    Conv conv;
    conv.weight = Tensor::full({2, 2, 1, 1}, 0.5F);
    const NodeId c = editor.add(conv, {x}, "c").value();
    Unary prelu;
    prelu.kind = UnaryKind::prelu;
    prelu.slope = Tensor::full({1}, 0.25F);
    const NodeId y = editor.add(prelu, {c}, "y").value();
    const NodeId z = editor.add(Add{}, {y, y}, "z").value();
    editor.add_output("z", z);
    encodings_.arithmetic = IntegerArithmetic::tflite;
    encodings_.values["x"] = {8, true, {0.5F}, {-3}};
    encodings_.values["c"] = {8, true, {1.0F, 2.0F}, {0}};
    encodings_.values["y"] = {8, true, {0.5F, 1.0F}, {-100}};
    encodings_.values["z"] = {8, true, {1.0F, 2.0F}, {-100}};
    encodings_.weights["c"] = {{2, 2, 1, 1}, {1, 2, 3, 4}, {0, 0}, {0.5F, 0.25F}, {}};
  }
  std::string error() const {
    const auto checked = check_encodings(graph_, encodings_);
    return checked ? "" : checked.error().to_string();
  }
  static std::string text(const std::string& node, const std::string& what) {
    return "encoding of '" + node + "': " + what +
           " (quantise the network for the arithmetic of TensorFlow Lite)";
  }

  Graph graph_;
  Encodings encodings_;
};

TEST_F(TfliteEncodings, ThatFitAreAccepted) {
  EXPECT_EQ(error(), "");
}

TEST_F(TfliteEncodings, RefuseUnsignedCodes) {
  encodings_.values["x"] = {8, false, {0.5F}, {125}};
  EXPECT_EQ(error(), text("x", "has unsigned codes, and TensorFlow Lite's are signed"));
}

TEST_F(TfliteEncodings, RefuseAZeroPointForEachChannel) {
  encodings_.values["x"].zero_point = {-3, 4};
  EXPECT_EQ(error(),
            text("x", "has a zero point for each channel, and TensorFlow Lite one for all"));
}

TEST_F(TfliteEncodings, RefuseAZeroPointOf16Bits) {
  encodings_.values["z"] = {16, true, {1.0F, 2.0F}, {1}};
  EXPECT_EQ(error(), text("z", "has 16 bits and a zero point, which is 0 in TensorFlow Lite"));
}

TEST_F(TfliteEncodings, RefuseScalesThatOneFactorDoesNotLinkToThoseBefore) {
  encodings_.values["y"].scale = {0.5F, 0.7F};
  EXPECT_EQ(error(), text("y", "its channels' scales are not in the proportion of 'c'"));
}

TEST_F(TfliteEncodings, RefuseAConvolutionWithAFloatResult) {
  encodings_.values.erase("c");
  EXPECT_EQ(error(),
            text("c", "has integer weights, but a float result, which TensorFlow Lite has not"));
}

TEST_F(TfliteEncodings, RefuseASumFinerThanItsFixedPoint) {
  encodings_.values["z"].scale = {1e-7F, 2e-7F};
  EXPECT_EQ(error(), text("z", "its scale 1e-07 is too fine beside its operands' 0.5"));
}

TEST_F(TfliteEncodings, RefuseAFactorThatNoShiftReaches) {
  encodings_.values["c"].scale = {1e-3F, 2e-3F};
  EXPECT_EQ(error(), text("c", "its scale is 3.91 times too fine for what it is computed from"));
}

}  // namespace
}  // namespace tessera
