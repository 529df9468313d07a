#include "vendor/hailo/hn/hn_diff.h"

#include <gtest/gtest.h>

#include "base/text_bytes.h"
#include "support/har_builder.h"

namespace tessera {
namespace {

Hn small_hn(const std::string& from = "", const std::string& to = "") {
  std::string json(test::kSmallHn);
  if (!from.empty()) {
    const size_t at = json.find(from);
    EXPECT_NE(at, json.npos) << from;
    json.replace(at, from.size(), to);
  }
  return read_hn(bytes_of(json), "net.hn").value();
}

HnWeights small_weights() {
  const std::string npz = test::small_weights();
  return HnWeights(NpzFile::parse({npz.begin(), npz.end()}, "net.npz").value());
}

// The network that kSmallHn is the parser's form of; its weights are those of small_weights().
struct Ours {
  Graph graph;
  Conv conv;
  bool activation = true;
  std::string conv_name = "/conv/Conv";

  Ours() {
    std::vector<float> values(36);
    for (int64_t o = 0; o < 4; ++o) {
      for (int64_t i = 0; i < 3; ++i) {
        for (int64_t w = 0; w < 3; ++w) {
          values[static_cast<size_t>((o * 3 + i) * 3 + w)] =
              0.1F * static_cast<float>((w * 3 + i) * 4 + o) - 1.5F;
        }
      }
    }
    conv.weight = Tensor({4, 3, 1, 3}, std::move(values));
    conv.bias = Tensor({4}, {1, 2, 3, 4});
    conv.padding = {0, 0, 1, 1};
  }

  HnDiff diff(const Hn& hn, const HnWeights* weights) {
    GraphEditor editor(graph, "import");
    const NodeId x = editor.add(Input{{3, 2, 8}}, {}, "x").value();
    NodeId y = editor.add(conv, {x}, "c", conv_name).value();
    if (activation) y = editor.add(Unary{UnaryKind::relu}, {y}, "a", "/act/Relu").value();
    editor.add_output("y", y);
    auto made = diff_hn(graph, hn, weights);
    EXPECT_TRUE(made) << made.error().to_string();
    return std::move(made).value();
  }
};

std::vector<std::string> whats(const HnDiff& diff) {
  std::vector<std::string> found;
  for (const HnMatch& match : diff.layers) {
    for (const HnDifference& one : match.differences) found.push_back(one.what);
  }
  return found;
}

TEST(HnDiff, TheSameNetworkHasNone) {
  const HnWeights weights = small_weights();
  const HnDiff diff = Ours().diff(small_hn(), &weights);
  EXPECT_TRUE(diff.same());
  ASSERT_EQ(diff.layers.size(), 1U);
  EXPECT_TRUE(diff.layers[0].weights_compared);
  EXPECT_EQ(diff.layers[0].weight_difference, 0);
  EXPECT_EQ(diff.layers[0].nodes, (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(diff.fused_layers(), 1U);
}

TEST(HnDiff, EachParameterThatDiffersIsNamed) {
  EXPECT_EQ(whats(Ours().diff(small_hn("\"SAME_TENSORFLOW\"", "\"VALID\""), nullptr)),
            std::vector<std::string>{"padding"});
  EXPECT_EQ(whats(Ours().diff(small_hn("\"activation\": \"relu\"", "\"activation\": \"linear\""),
                              nullptr)),
            std::vector<std::string>{"activation"});
  // A stride changes what SAME pads, too: here it does not.
  Ours wider;
  wider.conv.stride = {1, 1};
  EXPECT_EQ(whats(wider.diff(small_hn("\"strides\": [1, 1, 1, 1]", "\"strides\": [1, 2, 1, 1]"),
                             nullptr)),
            std::vector<std::string>{"stride"});
  EXPECT_EQ(whats(Ours().diff(
                small_hn("\"dilations\": [1, 1, 1, 1]", "\"dilations\": [1, 2, 1, 1]"), nullptr)),
            std::vector<std::string>{"dilation"});
}

TEST(HnDiff, AWeightThatDiffersIsMeasured) {
  const HnWeights weights = small_weights();
  Ours ours;
  std::vector<float> changed(ours.conv.weight.values().begin(), ours.conv.weight.values().end());
  changed[5] += 0.2F;
  ours.conv.weight = Tensor({4, 3, 1, 3}, std::move(changed));
  const HnDiff diff = ours.diff(small_hn(), &weights);
  EXPECT_FALSE(diff.same());
  EXPECT_EQ(whats(diff), std::vector<std::string>{"weight"});
  EXPECT_NEAR(diff.layers[0].weight_difference, 0.2 / 2.0, 1e-6);

  Ours other;
  other.conv.bias = Tensor({4}, {1, 2, 3, 5});
  EXPECT_EQ(whats(other.diff(small_hn(), &weights)), std::vector<std::string>{"bias"});
  Ours without;
  without.conv.bias = Tensor();
  EXPECT_EQ(whats(without.diff(small_hn(), &weights)), std::vector<std::string>{"bias"});
}

TEST(HnDiff, ExchangedAxesAreALayoutAndTheRestIsComparedUnderIt) {
  Hn hn = small_hn();
  for (HnLayer& layer : hn.layers) {
    for (auto* shapes : {&layer.input_shapes, &layer.output_shapes}) {
      for (Shape& shape : *shapes) std::swap(shape.h, shape.w);
    }
  }
  hn.layers[1].params.kernel_shape = {3, 1, 3, 4};
  EXPECT_EQ(whats(Ours().diff(hn, nullptr)), std::vector<std::string>{"layout"});
}

TEST(HnDiff, NodesThatVanishAndLayersThatAreAddedAreTold) {
  Hn hn = small_hn();
  hn.layers[1].original_names = {"/conv/Conv"};
  HnLayer added = hn.layers[1];
  added.name = "net/shortcut1";
  added.type = "shortcut";
  added.original_names.clear();
  HnLayer again = hn.layers[1];
  again.name = "net/normalization1";
  again.type = "normalization";
  hn.layers.push_back(added);
  hn.layers.push_back(again);
  hn.layers[1].params.activation = "linear";
  const HnDiff diff = Ours().diff(hn, nullptr);
  EXPECT_EQ(diff.vanished, std::vector<std::string>{"a"});
  EXPECT_EQ(diff.added, std::vector<std::string>{"net/shortcut1"});
  ASSERT_EQ(diff.split.size(), 1U);
  EXPECT_EQ(diff.split[0].node, "c");
  EXPECT_EQ(diff.split[0].layers.size(), 2U);
  EXPECT_FALSE(diff.same());
}

// One layer of these parameters against one node of ours.
std::vector<std::string> whats_of(Op op, const Shape& input, const HnLayer& layer,
                                  const HnWeights* weights = nullptr) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{input}, {}, "x").value();
  editor.add_output("y", editor.add(std::move(op), {x}, "n").value());
  Hn hn;
  hn.layers = {layer};
  return whats(diff_hn(graph, hn, weights).value());
}

HnLayer layer_of(const std::string& type, const Shape& shape, HnParams params) {
  HnLayer layer;
  layer.name = "net/" + type;
  layer.type = type;
  layer.output_shapes = {shape};
  layer.original_names = {"n"};
  layer.params = std::move(params);
  return layer;
}

TEST(HnDiff, PoolsAreComparedByTheirWindows) {
  const Pool pool{.kind = PoolKind::max, .kernel = {1, 2}, .stride = {1, 2}};
  HnParams params;
  params.kernel_shape = {1, 1, 2, 1};
  params.strides = {1, 1, 2, 1};
  params.padding = "VALID";
  EXPECT_EQ(whats_of(pool, {3, 1, 8}, layer_of("maxpool", {3, 1, 4}, params)),
            std::vector<std::string>());
  EXPECT_EQ(whats_of(pool, {3, 1, 8}, layer_of("avgpool", {3, 1, 4}, params)),
            std::vector<std::string>{"op"});
  params.kernel_shape = {1, 1, 3, 1};
  EXPECT_EQ(whats_of(pool, {3, 1, 8}, layer_of("maxpool", {3, 1, 4}, params)),
            std::vector<std::string>{"kernel"});
}

TEST(HnDiff, TransposedConvolutionsAndProductsAreComparedToTheirWeights) {
  const auto npz = [](const std::string& name, std::vector<int64_t> dims,
                      std::vector<float> values) {
    const std::string bytes = test::npz_of({{name, std::move(dims), std::move(values)}});
    return HnWeights(NpzFile::parse({bytes.begin(), bytes.end()}, "net.npz").value());
  };
  HnParams params;
  params.kernel_shape = {1, 2, 2, 1};
  params.strides = {1, 1, 2, 1};
  params.padding = "DECONV";
  const HnLayer deconv = layer_of("deconv", {1, 1, 8}, params);
  // [in, out, 1, taps] against [1, taps, in, out].
  const ConvTranspose ours{.weight = Tensor({2, 1, 1, 2}, {1, 2, 3, 4}), .stride = {1, 2}};
  const HnWeights same = npz("net/deconv/kernel:0", {1, 2, 2, 1}, {1, 3, 2, 4});
  EXPECT_EQ(whats_of(ours, {2, 1, 4}, deconv, &same), std::vector<std::string>());
  const HnWeights other = npz("net/deconv/kernel:0", {1, 2, 2, 1}, {1, 2, 3, 4});
  EXPECT_EQ(whats_of(ours, {2, 1, 4}, deconv, &other), std::vector<std::string>{"weight"});

  HnParams dense;
  dense.kernel_shape = {2, 3};
  const Gemm gemm{Tensor({3, 2}, {1, 2, 3, 4, 5, 6}), {}};
  const HnWeights product = npz("net/dense/kernel:0", {2, 3}, {1, 3, 5, 2, 4, 6});
  EXPECT_EQ(whats_of(gemm, {2, 1, 1}, layer_of("dense", {3, 1, 1}, dense), &product),
            std::vector<std::string>());
}

TEST(HnDiff, AnotherNetworkIsNotFound) {
  Ours ours;
  ours.conv_name = "other";
  ours.activation = false;
  GraphEditor editor(ours.graph, "import");
  const NodeId x = editor.add(Input{{3, 2, 8}}, {}, "z").value();
  editor.add_output("z", editor.add(ours.conv, {x}, "q", "other").value());
  const auto diff = diff_hn(ours.graph, small_hn(), nullptr);
  ASSERT_FALSE(diff);
  EXPECT_EQ(diff.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tessera
