// Resizes, integer weights and circular pads that cannot be read are refused by name.
#include <gtest/gtest.h>

#include "support/onnx_builder.h"

namespace tessera {
namespace {

using test::OnnxBuilder;

// Resize of x [1, 4, 10] to `size` frames, in opset 13.
std::string resize(const std::string& mode, const std::string& coordinates, int64_t size,
                   int64_t time = 10) {
  OnnxBuilder net(13);
  net.input("x", {1, 4, time}).output("y");
  net.numbers("sizes", {1, 4, size});
  auto& node = net.node("Resize", {"x", "", "", "sizes"}, "y");
  OnnxBuilder::text(node, "mode", mode);
  OnnxBuilder::text(node, "coordinate_transformation_mode", coordinates);
  return net.refusal();
}

TEST(RefuseResize, Cubic) {
  EXPECT_EQ(resize("cubic", "half_pixel", 20),
            "node 'the_Resize' (Resize): resizes in mode 'cubic' (export with mode 'nearest' or "
            "'linear')");
}

TEST(RefuseResize, RegionsOfInterest) {
  EXPECT_EQ(resize("linear", "tf_crop_and_resize", 20),
            "node 'the_Resize' (Resize): resizes with coordinates 'tf_crop_and_resize' (export "
            "with 'half_pixel' or 'asymmetric')");
}

TEST(RefuseResize, AlignedCornersWhoseStepIsNoPartOfAFrame) {
  EXPECT_EQ(resize("linear", "align_corners", 20),
            "node 'the_Resize' (Resize): interpolates 10 frames at 20 points, whose distance is no "
            "whole part of a frame (export with align_corners=False)");
}

TEST(RefuseResize, LinearByNoWholeFactor) {
  EXPECT_EQ(resize("linear", "half_pixel", 21),
            "node 'the_Resize' (Resize): interpolates 10 frames at 21 points, whose distance is no "
            "whole part of a frame (choose an input length whose parts have whole factors, or "
            "export with a whole scale_factor)");
}

TEST(RefuseResize, NearestWithoutARhythm) {
  EXPECT_EQ(resize("nearest", "half_pixel", 150, 100),
            "node 'the_Resize' (Resize): resizes 100 frames to 150, not by a whole factor (choose "
            "an input length whose parts have whole factors, or export with a whole "
            "scale_factor)");
}

TEST(RefuseResize, Channels) {
  OnnxBuilder net(13);
  net.input("x", {1, 4, 10}).output("y");
  net.weights("w", {4, 4, 1});
  net.node("Conv", {"x", "w"}, "c");
  net.numbers("sizes", {1, 8, 10});
  OnnxBuilder::text(net.node("Resize", {"c", "", "", "sizes"}, "y"), "mode", "nearest");
  EXPECT_EQ(net.refusal(),
            "node 'the_Resize' (Resize): resizes something else than time or devices (Tessera "
            "resizes along time)");
}

TEST(RefuseResize, ImpossibleSizes) {
  EXPECT_NE(resize("nearest", "asymmetric", -3).find("resizes 10 elements to nothing"),
            std::string::npos);
  EXPECT_NE(resize("nearest", "asymmetric", int64_t{1} << 40).find("resizes 10 elements to"),
            std::string::npos);
}

TEST(RefuseQuantised, WhatTheNetworkComputes) {
  OnnxBuilder net(13);
  net.input("x", {1, 4, 10}).output("y");
  net.tensor("s", {}, onnx::TensorProto::FLOAT).add_float_data(0.1F);
  net.tensor("z", {}, onnx::TensorProto::INT8).add_int32_data(0);
  net.node("QuantizeLinear", {"x", "s", "z"}, "q");
  net.node("DequantizeLinear", {"q", "s", "z"}, "y");
  EXPECT_EQ(net.refusal(),
            "node 'the_QuantizeLinear' (QuantizeLinear): belongs to a quantised model (give the "
            "float model; Tessera quantises it itself)");
}

TEST(RefuseQuantised, ScalesThatDoNotFit) {
  OnnxBuilder net(21);
  net.input("x", {1, 4, 10}).output("y");
  auto& codes = net.tensor("w", {2, 4, 3}, onnx::TensorProto::INT8);
  for (int i = 0; i < 24; ++i) codes.add_int32_data(i);
  net.weights("s", {3});
  OnnxBuilder::integer(net.node("DequantizeLinear", {"w", "s"}, "d"), "axis", 0);
  net.node("Conv", {"x", "d"}, "y");
  EXPECT_EQ(net.refusal(),
            "node 'the_DequantizeLinear' (DequantizeLinear): has 3 scales for 2 elements of axis "
            "0");
  OnnxBuilder::integer(*net.graph().mutable_node(0), "block_size", 0);
  net.graph().mutable_node(0)->mutable_attribute(1)->set_i(3);
  EXPECT_EQ(net.refusal(),
            "node 'the_DequantizeLinear' (DequantizeLinear): has scales [3] for blocks of 3 along "
            "axis 0 of [2, 4, 3]");
}

TEST(RefuseWrap, FurtherThanManyTimesRound) {
  OnnxBuilder net(19);
  net.input("x", {1, 4, 10}).output("y");
  net.numbers("pads", {0, 0, 0, 0, 0, int64_t{1} << 30});
  OnnxBuilder::text(net.node("Pad", {"x", "pads"}, "y"), "mode", "wrap");
  EXPECT_EQ(net.refusal(), "node 'the_Pad' (Pad): pads 10 elements by 0 and 1073741824 of its own");
}

TEST(RefuseConstants, RepeatedBeyondMeasure) {
  OnnxBuilder net;
  net.input("x", {1, 4, 10}).output("y");
  net.weights("w", {1, 4, 1});
  net.numbers("shape", {int64_t{1} << 20, 4, int64_t{1} << 10});
  net.node("Expand", {"w", "shape"}, "e");
  net.node("Conv", {"x", "e"}, "y");
  EXPECT_EQ(net.refusal(),
            "node 'the_Conv' (Conv): its weight repeats one value to 4294967296 elements");
}

// Three inputs of four dimensions have 64 layouts; none of them reads.
TEST(RefuseLayouts, OfManyInputsEndAfterAllWereTried) {
  OnnxBuilder net;
  for (const char* name : {"a", "b", "c"}) net.input(name, {1, 3, 5, 7});
  net.output("y");
  net.node("Add", {"a", "b"}, "ab");
  net.node("Add", {"ab", "c"}, "abc");
  net.node("MatMul", {"abc", "abc"}, "y");
  EXPECT_NE(net.refusal().find("(MatMul)"), std::string::npos);
}

}  // namespace
}  // namespace tessera
