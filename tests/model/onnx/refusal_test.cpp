// What cannot be read is refused in one sentence: node, op, reason, next step.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/onnx_builder.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using test::conv_net;
using test::OnnxBuilder;

OnnxBuilder one_node(const std::string& op, const std::vector<int64_t>& dims = {1, 4, 20}) {
  OnnxBuilder net;
  net.input("x", dims).output("y");
  net.node(op, {"x"}, "y");
  return net;
}

TEST(RefuseOp, RecurrentLayers) {
  EXPECT_EQ(one_node("GRU").refusal(),
            "node 'the_GRU' (GRU): is a recurrent layer, which Tessera does not run (Tessera reads "
            "convolutional networks; run this model in ONNX Runtime)");
}

TEST(RefuseOp, ARecurrentLayerAmongConvolutions) {
  const std::string path = std::string(TESSERA_SOURCE_DIR) + "/tests/data/onnx/refused/crnn.onnx";
  const auto model = import_model(path);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().subject, path + ": node '/gru/GRU' (GRU)");
}

TEST(RefuseOp, UnknownOperations) {
  EXPECT_EQ(one_node("Det").refusal(),
            "node 'the_Det' (Det): is an operation that Tessera does not read (docs/onnx.md lists "
            "the operations it reads)");
}

TEST(RefuseOp, OperationsOfOtherDomains) {
  OnnxBuilder net;
  net.input("x", {1, 4, 20}).output("y");
  net.node("Relu", {"x"}, "y", "my.company");
  EXPECT_EQ(net.refusal(),
            "node 'the_Relu' (my.company.Relu): is an operation that Tessera does not read "
            "(docs/onnx.md lists the operations it reads)");
}

TEST(RefuseOp, QuantisedModels) {
  EXPECT_EQ(one_node("QuantizeLinear").refusal(),
            "node 'the_QuantizeLinear' (QuantizeLinear): belongs to a quantised model (give the "
            "float model; Tessera quantises it itself)");
}

TEST(RefuseOp, ProductsOfTwoComputedTensors) {
  OnnxBuilder net;
  net.input("x", {1, 20, 20}).output("y");
  net.node("MatMul", {"x", "x"}, "y");
  EXPECT_EQ(net.refusal(),
            "node 'the_MatMul' (MatMul): multiplies two tensors that the network computes "
            "(attention) (Tessera reads convolutional networks; leave the model in ONNX Runtime)");
}

TEST(RefuseOp, BranchesOnComputedValues) {
  EXPECT_EQ(one_node("If").refusal(),
            "node 'the_If' (If): chooses a branch by what the network computes (export the model "
            "for one fixed input shape)");
}

TEST(RefuseOp, TrainingMode) {
  OnnxBuilder net;
  net.input("x", {1, 2, 20}).output("y");
  for (const char* name : {"a", "b", "c", "d"}) net.weights(name, {2});
  OnnxBuilder::integer(net.node("BatchNormalization", {"x", "a", "b", "c", "d"}, "y"),
                       "training_mode", 1);
  EXPECT_EQ(net.refusal(),
            "node 'the_BatchNormalization' (BatchNormalization): was exported in training mode "
            "(call model.eval() before exporting)");
}

TEST(RefuseOp, UnneededOperationsAreLeftOut) {
  OnnxBuilder net = conv_net();
  net.weights("w", {2, 1, 3});
  net.node("GRU", {"x"}, "unused");
  EXPECT_EQ(net.refusal(), "imported");
}

TEST(RefuseLayout, ReshapesThatMixAxes) {
  OnnxBuilder net;
  net.input("x", {1, 4, 21}).output("z");
  net.numbers("shape", {1, 12, 7});
  net.weights("w", {2, 12, 1});
  net.node("Reshape", {"x", "shape"}, "y");
  net.node("Conv", {"y", "w"}, "z");
  EXPECT_EQ(net.refusal(),
            "node 'the_Conv' (Conv): convolves over the channels of a tensor laid out as [1, "
            "c:4*w:3, w:7] (the second dimension must be all channels)");
}

TEST(RefuseLayout, TooManyDimensions) {
  EXPECT_EQ(one_node("Relu", {1, 2, 3, 4, 5}).refusal(),
            "input 'x': has 5 dimensions (Tessera reads [batch, channels, time] and [batch, "
            "channels, devices, time] in any order)");
}

TEST(RefuseShape, WeightsThatDoNotFitTheirInput) {
  OnnxBuilder net = conv_net();
  net.weights("w", {2, 3, 3});
  EXPECT_EQ(net.refusal(),
            "node 'the_Conv' (Conv): weight [2, 3, 1, 3] with 1 group needs 3 input channels, "
            "found 1");
}

TEST(RefuseShape, InputsShorterThanTheKernel) {
  OnnxBuilder net;
  net.input("x", {1, 1, 0}).output("y");
  net.weights("w", {2, 1, 3});
  net.node("Conv", {"x", "w"}, "y");
  EXPECT_EQ(net.refusal({.length_samples = 2, .model_args = {}}),
            "node 'the_Conv' (Conv): input of 2 along w (padding 0) is shorter than the kernel's "
            "span of 3");
}

TEST(RefuseShape, ReshapesOfAnotherSize) {
  OnnxBuilder net;
  net.input("x", {1, 4, 20}).output("y");
  net.numbers("shape", {1, 4, 21});
  net.node("Reshape", {"x", "shape"}, "y");
  EXPECT_EQ(net.refusal(),
            "node 'the_Reshape' (Reshape): cannot give [1, 4, 20] the shape [1, 4, 21] (if the "
            "model was exported for one fixed length, import it with that length)");
}

TEST(RefuseWeights, MissingExternalFilesAreNamed) {
  const ScratchFolder folder;
  OnnxBuilder net = conv_net();
  net.external("w", {2, 1, 3}, "net.onnx.data");
  const auto path = folder / "net.onnx";
  ASSERT_TRUE(write_file_atomically(path, net.bytes()));
  const auto model = import_model(path);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(model.error().to_string(),
            path.string() + ": tensor 'w': its values are in '" + path.string() +
                ".data', which does not exist (put the external data file beside the .onnx file)");
}

TEST(RefuseWeights, ExternalFilesOutsideTheFolder) {
  for (const std::string location : {"../secret", "/etc/passwd", "a/../../secret", ""}) {
    OnnxBuilder net = conv_net();
    net.external("w", {2, 1, 3}, location);
    const auto model = net.import();
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::kUnsafe);
    EXPECT_EQ(model.error().to_string(),
              "tensor 'w': its external file '" + location +
                  "' is not inside the model's folder (a model may only read files beside it; "
                  "export it again with a plain file name)");
  }
}

TEST(RefuseWeights, LinksOutOfTheFolder) {
  const ScratchFolder folder;
  const ScratchFolder elsewhere;
  ASSERT_TRUE(write_file_atomically(elsewhere / "secret", std::string(24, 'x')));
  std::filesystem::create_symlink(elsewhere / "secret", folder / "weights");
  OnnxBuilder net = conv_net();
  net.external("w", {2, 1, 3}, "weights");
  EXPECT_EQ(net.refusal({}, (folder / "net.onnx").string()),
            "tensor 'w': its external file 'weights' leads out of the model's folder (replace the "
            "link by a copy of the file)");
}

TEST(RefuseWeights, ExternalRangesThatDoNotFit) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "w.bin", std::string(24, 'x')));
  const std::string model = (folder / "net.onnx").string();
  const std::string data = (folder / "w.bin").string();
  const auto with = [&](const std::string& offset, const std::string& length) {
    OnnxBuilder net = conv_net();
    net.external("w", {2, 1, 3}, "w.bin", offset, length);
    return net.refusal({}, model);
  };
  EXPECT_EQ(with("0", "24"), "imported");
  EXPECT_EQ(with("4", ""), "tensor 'w': needs 24 bytes at offset 4 of '" + data +
                               "', which has 24 (check that the download or export finished)");
  EXPECT_EQ(with("0", "20"), "tensor 'w': its external data has 20 bytes, its shape needs 24");
  EXPECT_EQ(with("-8", ""), "tensor 'w': its external offset '-8' is not a number of bytes");
}

TEST(RefuseWeights, SizesThatContradictTheData) {
  OnnxBuilder net = conv_net();
  net.weights("w", {2, 1, 3}).add_float_data(1);
  EXPECT_EQ(net.refusal(),
            "tensor 'w': its shape [2, 1, 3] needs 6 elements, the file holds 7 (export the model "
            "again)");
}

TEST(RefuseWeights, ImpossibleDimensions) {
  OnnxBuilder net = conv_net();
  net.tensor("w", {int64_t{1} << 40, int64_t{1} << 40, 3}, onnx::TensorProto::FLOAT);
  EXPECT_EQ(net.refusal(),
            "tensor 'w': dimensions [1099511627776, 1099511627776, 3] have too many elements");
  OnnxBuilder negative = conv_net();
  negative.tensor("w", {2, -1, 3}, onnx::TensorProto::FLOAT);
  EXPECT_EQ(negative.refusal(), "tensor 'w': impossible dimensions [2, -1, 3]");
}

TEST(RefuseWeights, ElementTypesOutsideTheRange) {
  OnnxBuilder net = conv_net();
  net.tensor("w", {2, 1, 3}, onnx::TensorProto::COMPLEX64);
  EXPECT_EQ(net.refusal(),
            "tensor 'w': has element type complex64, which Tessera does not read (export the "
            "network in float32)");
  OnnxBuilder newer = conv_net();
  newer.tensor("w", {2, 1, 3}, 23);
  EXPECT_EQ(newer.refusal(),
            "tensor 'w': has element type type 23, which Tessera does not read (export the network "
            "in float32)");
}

TEST(RefuseFile, NodesInACycle) {
  OnnxBuilder net;
  net.input("x", {1, 1, 20}).output("y");
  net.node("Add", {"x", "z"}, "y");
  net.node("Relu", {"y"}, "z");
  EXPECT_EQ(net.refusal(),
            "node 'the_Add' (Add): reads 'z', which nothing before it makes (the file's nodes are "
            "out of order or form a cycle; export the model again)");
}

TEST(RefuseFile, TensorsDefinedTwice) {
  OnnxBuilder net = conv_net();
  net.weights("w", {2, 1, 3});
  net.weights("w", {2, 1, 3});
  EXPECT_EQ(net.refusal(), "tensor 'w': is defined twice");
}

TEST(RefuseFile, FunctionsThatCallThemselves) {
  OnnxBuilder net;
  net.input("x", {1, 1, 20}).output("y");
  net.node("Again", {"x"}, "y", "here");
  auto& f = *net.model.add_functions();
  f.set_domain("here");
  f.set_name("Again");
  f.add_input("a");
  f.add_output("b");
  OnnxBuilder::fill(*f.add_node(), "Again", {"a"}, "b", "here");
  EXPECT_EQ(net.refusal(),
            "node 'the_Again' (here.Again): functions call each other too deeply, or themselves");
}

TEST(RefuseFile, OutputsThatDoNotDependOnTheInput) {
  OnnxBuilder net;
  net.input("x", {1, 1, 20}).output("y");
  net.weights("w", {3});
  net.node("Identity", {"w"}, "y");
  EXPECT_EQ(net.refusal(), "output 'y': does not depend on the input");
}

TEST(RefuseFile, OldOpsets) {
  OnnxBuilder net(6);
  net.input("x", {1, 1, 20}).output("y");
  net.node("Relu", {"x"}, "y");
  EXPECT_EQ(net.refusal(),
            "is written in ONNX opset 6 (convert it to opset 9 or later with "
            "onnx.version_converter, or export it again)");
}

TEST(RefuseFile, DamagedFiles) {
  const ScratchFolder folder;
  OnnxBuilder net = conv_net();
  net.weights("w", {2, 1, 3});
  const std::string whole = net.bytes();
  const auto path = folder / "net.onnx";
  ASSERT_TRUE(write_file_atomically(path, whole.substr(0, whole.size() - 9)));
  const auto model = import_model(path);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(model.error().to_string(),
            path.string() +
                ": is not an ONNX file, or it is damaged (check that the download or "
                "export finished)");
}

TEST(ReadFile, FunctionsAreInlined) {
  OnnxBuilder net;
  net.input("x", {1, 1, 20}).output("y");
  net.node("Twice", {"x"}, "y", "here");
  auto& f = *net.model.add_functions();
  f.set_domain("here");
  f.set_name("Twice");
  f.add_input("a");
  f.add_output("c");
  OnnxBuilder::fill(*f.add_node(), "Relu", {"a"}, "b");
  OnnxBuilder::fill(*f.add_node(), "Sigmoid", {"b"}, "c");
  const auto model = net.import();
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->graph.order().size(), 3U);
}

TEST(ReadFile, HalfPrecisionWeightsBecomeFloats) {
  OnnxBuilder net = conv_net();
  auto& w = net.tensor("w", {2, 1, 3}, onnx::TensorProto::FLOAT16);
  for (int half : {0x3C00, 0xC000, 0x0001, 0x3555, 0x7BFF, 0x8000}) w.add_int32_data(half);
  const auto model = net.import();
  ASSERT_TRUE(model) << model.error().to_string();
  const auto& weight = model->graph.get_if<Conv>(NodeId{1})->weight;
  EXPECT_EQ(weight[0], 1.0F);
  EXPECT_EQ(weight[1], -2.0F);
  EXPECT_EQ(weight[2], 5.9604644775390625e-8F);
  EXPECT_EQ(weight[3], 0.333251953125F);
  EXPECT_EQ(weight[4], 65504.0F);
  EXPECT_EQ(weight[5], 0.0F);
}

TEST(ReadFile, DoublesAreRoundedAndCounted) {
  OnnxBuilder net = conv_net();
  auto& w = net.tensor("w", {2, 1, 3}, onnx::TensorProto::DOUBLE);
  for (double v : {0.5, 0.1, 1.0, 2.0, 0.2, 0.25}) w.add_double_data(v);
  const auto model = net.import();
  ASSERT_TRUE(model) << model.error().to_string();
  bool noted = false;
  for (const Note& note : model->notes)
    noted = noted || note.text == "2 weights in double precision were rounded to float32";
  EXPECT_TRUE(noted);
}

}  // namespace
}  // namespace tessera
