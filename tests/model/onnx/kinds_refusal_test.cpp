// Scatters that add no frames up, batches whose rows meet, products that are none: refused by name.
#include <gtest/gtest.h>

#include "support/onnx_builder.h"

namespace tessera {
namespace {

using test::OnnxBuilder;

void numbers(OnnxBuilder& net, const std::string& name, const std::vector<int64_t>& dims,
             const std::vector<int64_t>& values) {
  auto& t = net.tensor(name, dims, onnx::TensorProto::INT64);
  for (int64_t v : values) t.add_int64_data(v);
}

void zeros(OnnxBuilder& net, const std::string& name, const std::vector<int64_t>& dims) {
  auto& t = net.tensor(name, dims, onnx::TensorProto::FLOAT);
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  for (int64_t i = 0; i < count; ++i) t.add_float_data(0);
}

// x [1, 2, 3], three frames of two samples, scattered to `size` elements.
OnnxBuilder scatter(const std::vector<int64_t>& positions, int64_t size,
                    const std::string& reduction = "add") {
  OnnxBuilder net;
  net.input("x", {1, 2, 3}).output("y");
  auto& transpose = net.node("Transpose", {"x"}, "t");
  OnnxBuilder::integers(transpose, "perm", {0, 2, 1});
  net.numbers("flat", {1, 6});
  net.node("Reshape", {"t", "flat"}, "frames");
  zeros(net, "data", {1, size});
  numbers(net, "at", {1, 6}, positions);
  auto& node = net.node("ScatterElements", {"data", "at", "frames"}, "y");
  OnnxBuilder::integer(node, "axis", 1);
  OnnxBuilder::text(node, "reduction", reduction);
  return net;
}

constexpr const char* kReads =
    " (a scatter is read where it adds frames up at a constant step (overlap-add))";

TEST(ScatterOfFrames, IsReadAtAConstantStep) {
  EXPECT_EQ(scatter({0, 1, 1, 2, 2, 3}, 4).refusal(), "imported");
  EXPECT_EQ(scatter({0, 1, 2, 3, 4, 5}, 6, "none").refusal(), "imported");
  EXPECT_EQ(scatter({5, 0, 7, 2, 9, 4}, 10).refusal(), "imported");
}

TEST(RefuseScatter, AStepThatChanges) {
  EXPECT_EQ(scatter({0, 1, 1, 2, 3, 5}, 6).refusal(),
            std::string("node 'the_ScatterElements' (ScatterElements): adds tap 0 of frame 2 at 3; "
                        "frames at a step of 1 would put it at 2") +
                kReads);
}

TEST(RefuseScatter, OneIndexOutOfLine) {
  EXPECT_EQ(scatter({0, 1, 1, 2, 2, 2}, 4).refusal(),
            std::string("node 'the_ScatterElements' (ScatterElements): adds tap 1 of frame 2 at 2; "
                        "frames at a step of 1 would put it at 3") +
                kReads);
}

TEST(RefuseScatter, FramesThatDoNotMoveOn) {
  EXPECT_EQ(scatter({0, 1, 0, 1, 0, 2}, 4).refusal(),
            "node 'the_ScatterElements' (ScatterElements): adds frame 0 at 0 and frame 1 at 0 "
            "(overlap-add moves on from frame to frame)");
}

TEST(RefuseScatter, WritesThatDoNotAdd) {
  EXPECT_EQ(scatter({0, 1, 1, 2, 2, 3}, 4, "none").refusal(),
            "node 'the_ScatterElements' (ScatterElements): writes element 1 more than once without "
            "adding (reduction none): which value stays is not defined (export for opset 16 or "
            "newer, where adding is written as reduction=add)");
}

TEST(RefuseScatter, OtherReductions) {
  EXPECT_EQ(scatter({0, 1, 1, 2, 2, 3}, 4, "max").refusal(),
            std::string("node 'the_ScatterElements' (ScatterElements): scatters with reduction "
                        "'max'") +
                kReads);
}

TEST(RefuseScatter, IndicesOutsideTheData) {
  EXPECT_EQ(scatter({0, 1, 1, 2, 2, 4}, 4).refusal(),
            "node 'the_ScatterElements' (ScatterElements): index 4 is outside 4 elements");
}

TEST(RefuseScatter, OtherPositionsForEachChannel) {
  OnnxBuilder net;
  net.input("x", {1, 2, 3}).output("y");
  zeros(net, "data", {1, 2, 5});
  numbers(net, "at", {1, 2, 3}, {0, 1, 2, 0, 1, 3});
  auto& node = net.node("ScatterElements", {"data", "at", "x"}, "y");
  OnnxBuilder::integer(node, "axis", 2);
  OnnxBuilder::text(node, "reduction", "add");
  EXPECT_EQ(net.refusal(),
            "node 'the_ScatterElements' (ScatterElements): moves element 2 of dimension 2 to 2 in "
            "one row and to 3 in another (indices that are the same for all channels (overlap-add) "
            "are read)");
}

TEST(RefuseScatter, ImagesOfTwoAxes) {
  OnnxBuilder net(18);
  net.input("x", {1, 4, 6}).output("y");
  net.numbers("image", {3, 4});
  net.numbers("block", {2, 2});
  net.node("Col2Im", {"x", "image", "block"}, "y");
  EXPECT_EQ(
      net.refusal(),
      "node 'the_Col2Im' (Col2Im): adds patches up over an image of [3, 4] (overlap-add along "
      "one axis, time, is read)");
}

constexpr const char* kApart =
    " the rows of a batch (a network exported for a fixed batch is read where its rows do not "
    "meet; "
    "export it with a batch of 1 or an open batch dimension)";

OnnxBuilder batch_net(const std::string& op, const std::vector<std::string>& more = {}) {
  OnnxBuilder net(13);
  net.input("x", {4, 2, 6}).output("y");
  std::vector<std::string> inputs{"x"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  net.node(op, inputs, "y");
  return net;
}

TEST(FixedBatch, IsReadAsOneRow) {
  const auto model = batch_net("Relu").import();
  ASSERT_TRUE(model);
  EXPECT_EQ(model->inputs[0].sizes(), (std::vector<int64_t>{1, 2, 6}));
  EXPECT_EQ(model->outputs[0].sizes(), (std::vector<int64_t>{1, 2, 6}));
  EXPECT_EQ(
      model->notes[1].text,
      "input 'x' is exported for batches of 4, whose rows nothing mixes: read as a batch of 1");
}

TEST(RefuseBatch, SumsOverRows) {
  auto net = batch_net("ReduceMean");
  OnnxBuilder::integers(*net.graph().mutable_node(0), "axes", {0});
  EXPECT_EQ(net.refusal(), std::string("node 'the_ReduceMean' (ReduceMean): reduces") + kApart);
}

TEST(RefuseBatch, SumsOverEverything) {
  EXPECT_EQ(batch_net("ReduceMax").refusal(),
            std::string("node 'the_ReduceMax' (ReduceMax): reduces") + kApart);
}

TEST(RefuseBatch, SoftmaxOverRows) {
  auto net = batch_net("Softmax");
  OnnxBuilder::integer(*net.graph().mutable_node(0), "axis", 0);
  EXPECT_EQ(net.refusal(),
            std::string("node 'the_Softmax' (Softmax): takes a softmax over") + kApart);
}

TEST(RefuseBatch, OneRowAlone) {
  auto net = batch_net("Gather", {"row"});
  net.numbers("row", {0});
  EXPECT_EQ(net.refusal(), std::string("node 'the_Gather' (Gather): takes some of") + kApart);
}

TEST(RefuseBatch, RowsJoined) {
  auto net = batch_net("Concat", {"x"});
  OnnxBuilder::integer(*net.graph().mutable_node(0), "axis", 0);
  EXPECT_EQ(net.refusal(), std::string("node 'the_Concat' (Concat): joins") + kApart);
}

TEST(RefuseBatch, RowsAsChannels) {
  OnnxBuilder net;
  net.input("x", {4, 2, 6}).output("y");
  net.numbers("shape", {1, 8, 6});
  net.node("Reshape", {"x", "shape"}, "r");
  net.weights("w", {3, 8, 1});
  net.node("Conv", {"r", "w"}, "y");
  EXPECT_EQ(net.refusal(), std::string("node 'the_Conv' (Conv): convolves over") + kApart);
}

TEST(RefuseBatch, RowsMultiplied) {
  OnnxBuilder net;
  net.input("x", {4, 2, 6}).output("y");
  auto& transpose = net.node("Transpose", {"x"}, "t");
  OnnxBuilder::integers(transpose, "perm", {1, 2, 0});
  net.weights("w", {4, 3});
  net.node("MatMul", {"t", "w"}, "y");
  EXPECT_EQ(net.refusal(), std::string("node 'the_MatMul' (MatMul): multiplies") + kApart);
}

TEST(RefuseBatch, AConstantOfOtherRows) {
  auto net = batch_net("Add", {"c"});
  net.weights("c", {4, 1, 1});
  EXPECT_EQ(net.refusal(),
            "node 'the_Add' (Add): has a constant of [4, 1, 1] whose rows differ along the batch: "
            "row 1 holds 0.5 where row 0 holds 0.25 (each row of the batch is another network; "
            "export it with a batch of 1)");
}

TEST(RefuseBatch, RowsThatMeetChannels) {
  OnnxBuilder net;
  net.input("x", {4, 4, 6}).output("y");
  auto& transpose = net.node("Transpose", {"x"}, "t");
  OnnxBuilder::integers(transpose, "perm", {1, 0, 2});
  net.node("Add", {"x", "t"}, "y");
  EXPECT_EQ(
      net.refusal(),
      "node 'the_Add' (Add): joins the rows of a batch, laid out as [batch:4, c:4, w:6], with "
      "other values, laid out as [c:4, batch:4, w:6] (export the network with a batch of 1 or "
      "an open batch dimension)");
}

TEST(RefuseBatch, RowsInAnotherOrder) {
  OnnxBuilder net;
  net.input("x", {4, 2, 6}).output("y");
  net.numbers("split", {2, 2, 2, 6});
  net.numbers("joined", {4, 2, 6});
  net.node("Reshape", {"x", "split"}, "a");
  auto& transpose = net.node("Transpose", {"a"}, "t");
  OnnxBuilder::integers(transpose, "perm", {1, 0, 2, 3});
  net.node("Reshape", {"t", "joined"}, "y");
  EXPECT_EQ(net.refusal(),
            "output 'y': lays the rows of a batch of 4 out as [batch:2*batch:2, c:2, w:6] (export "
            "the network with a batch of 1 or an open batch dimension)");
}

TEST(RefuseBatch, RowsJoinedWithTimeInTheOutput) {
  OnnxBuilder net;
  net.input("x", {4, 2, 6}).output("y");
  net.numbers("shape", {8, 6});
  net.node("Reshape", {"x", "shape"}, "y");
  EXPECT_EQ(net.refusal(),
            "output 'y': lays the rows of a batch of 4 out as [batch:4*c:2, w:6] (export the "
            "network with a batch of 1 or an open batch dimension)");
}

OnnxBuilder einsum(const std::string& equation, const std::vector<std::string>& inputs) {
  OnnxBuilder net;
  net.input("x", {1, 3, 5}).output("y");
  net.weights("w", {3, 4});
  net.weights("v", {2, 3, 4});
  OnnxBuilder::text(net.node("Einsum", inputs, "y"), "equation", equation);
  return net;
}

constexpr const char* kProducts =
    " (matrix products with constants and products element by element are read)";

TEST(RefuseEinsum, ProductsOfTwoComputedTensors) {
  EXPECT_EQ(einsum("bct,bcs->bts", {"x", "x"}).refusal(),
            std::string("node 'the_Einsum' (Einsum): computes 'bct,bcs->bts', a matrix product of "
                        "two tensors that the network computes (attention)") +
                kProducts);
}

TEST(RefuseEinsum, Diagonals) {
  EXPECT_EQ(einsum("bct,cc->bct", {"x", "w"}).refusal(),
            std::string("node 'the_Einsum' (Einsum): computes 'bct,cc->bct', which takes a "
                        "diagonal") +
                kProducts);
}

TEST(RefuseEinsum, ProductsOfThree) {
  EXPECT_EQ(einsum("bct,co,gco->bot", {"x", "w", "v"}).refusal(),
            std::string("node 'the_Einsum' (Einsum): computes 'bct,co,gco->bot', a product of 3 "
                        "terms") +
                kProducts);
}

TEST(RefuseEinsum, SizesThatDoNotMeet) {
  EXPECT_EQ(einsum("bct,oc->bot", {"x", "w"}).refusal(),
            "node 'the_Einsum' (Einsum): 'bct,oc->bot' meets sizes of 3 and 4");
}

TEST(RefuseEinsum, EquationsThatDoNotFit) {
  EXPECT_EQ(einsum("bc,co->bo", {"x", "w"}).refusal(),
            "node 'the_Einsum' (Einsum): 'bc,co->bo' does not fit an input of 3 dimensions");
  EXPECT_EQ(einsum("b?t->b", {"x"}).refusal(),
            "node 'the_Einsum' (Einsum): cannot make out the equation 'b?t->b'");
  EXPECT_EQ(einsum("bct->bcq", {"x"}).refusal(),
            "node 'the_Einsum' (Einsum): 'bct->bcq' makes a dimension of nothing");
}

TEST(UnreadInputs, AreLeftOutAndNoted) {
  OnnxBuilder net = test::conv_net();
  net.weights("w", {2, 1, 3});
  auto& lengths = *net.graph().add_input();
  lengths.set_name("x_lens");
  lengths.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT64);
  lengths.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(1);
  net.input("mask", {1, 1, 20});
  const auto model = net.import();
  ASSERT_TRUE(model) << model.error().to_string();
  EXPECT_EQ(model->unread_inputs, (std::vector<std::string>{"x_lens", "mask"}));
  EXPECT_EQ(model->graph.inputs().size(), 1U);
  EXPECT_EQ(model->inputs.size(), 1U);
  EXPECT_EQ(model->notes.back().text, "input 'mask' is left out: nothing in the file reads it");
}

TEST(UnreadInputs, OfIntegersThatAreReadAreStillRefused) {
  OnnxBuilder net = test::conv_net();
  auto& lengths = *net.graph().add_input();
  lengths.set_name("x_lens");
  lengths.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT64);
  lengths.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(1);
  net.output("z");
  net.node("Identity", {"x_lens"}, "z");
  EXPECT_EQ(net.refusal(),
            "input 'x_lens': is not a tensor of floats (models with flags or lengths as inputs are "
            "not read)");
}

}  // namespace
}  // namespace tessera
