#include "vendor/hailo/hn/hn_graph.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/text_bytes.h"
#include "mutation.h"
#include "support/har_builder.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using Arrays = std::vector<std::tuple<std::string, std::vector<int64_t>, std::vector<float>>>;

Hn read(const std::string& json) {
  auto hn = read_hn(bytes_of(json), "net.hn");
  EXPECT_TRUE(hn) << hn.error().to_string();
  return std::move(hn).value();
}

HnWeights weights(const Arrays& arrays) {
  const std::string npz = test::npz_of(arrays);
  return HnWeights(NpzFile::parse({npz.begin(), npz.end()}, "net.npz").value());
}

struct Layer {
  std::string name, type;
  std::vector<std::string> inputs;
  std::vector<int64_t> shape;  // height, width, channels
  std::string params = "";
};

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "\"" : ", \"") + name + "\"";
  return "[" + text + "]";
}

// A network of one input, these layers, and an output after the last.
Hn network(std::vector<int64_t> input, std::vector<Layer> layers) {
  layers.insert(layers.begin(), {"x", "input_layer", {}, std::move(input)});
  layers.push_back({"y", "output_layer", {layers.back().name}, layers.back().shape});
  std::string json = "{\"name\": \"net\", \"net_params\": {}, \"layers\": {";
  for (const Layer& layer : layers) {
    std::vector<std::string> readers;
    for (const Layer& other : layers) {
      for (const std::string& name : other.inputs) {
        if (name == layer.name) readers.push_back(other.name);
      }
    }
    const std::string shape = "[-1, " + std::to_string(layer.shape[0]) + ", " +
                              std::to_string(layer.shape[1]) + ", " +
                              std::to_string(layer.shape[2]) + "]";
    if (json.back() == '}') json += ", ";
    json += "\"" + layer.name + "\": {\"type\": \"" + layer.type +
            "\", \"input\": " + list(layer.inputs) + ", \"output\": " + list(readers) +
            ", \"output_shapes\": [" + shape + "], \"original_names\": [\"" + layer.name +
            "\"], \"params\": {" + layer.params + "}}";
  }
  return read(json + "}}");
}

// Runs it on 0.1, 0.2, ... in the order channel, height, width.
std::vector<float> run(const Hn& hn, const Arrays& arrays) {
  const auto made = hn_to_graph(hn, weights(arrays));
  EXPECT_TRUE(made) << made.error().to_string();
  if (!made) return {};
  const auto backend = make_backend("reference").value();
  const auto executable = backend->load({made->graph}).value();
  const Shape shape = made->graph.node(made->graph.inputs()[0]).shape;
  std::vector<float> input(static_cast<size_t>(shape.size()));
  for (size_t i = 0; i < input.size(); ++i) input[i] = 0.1F * static_cast<float>(i + 1);
  const Shape out = made->graph.node(made->graph.outputs()[0].node).shape;
  std::vector<float> output(static_cast<size_t>(out.size()));
  const std::vector<ConstValues> inputs{input};
  const std::vector<Values> outputs{output};
  EXPECT_TRUE(executable->run(inputs, outputs));
  return output;
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5F) << i;
}

// Kernels are [height, width, in, out]: 1x2 over two channels into one, and the odd frame of
// padding lies behind.
TEST(HnGraph, AConvolutionComputesWhatItsKernelSays) {
  const Hn hn = network({1, 3, 2}, {{"c",
                                     "conv",
                                     {"x"},
                                     {1, 3, 1},
                                     R"("kernel_shape": [1, 2, 2, 1], "strides": [1, 1, 1, 1],
                                        "dilations": [1, 1, 1, 1], "padding": "SAME_TENSORFLOW",
                                        "groups": 1, "activation": "relu")"}});
  const auto y =
      run(hn, {{"c/kernel:0", {1, 2, 2, 1}, {1, 10, 100, 1000}}, {"c/bias:0", {1}, {5}}});
  // x[0] = .1 .2 .3, x[1] = .4 .5 .6
  const auto at = [](float a0, float a1, float b0, float b1) {
    return 5 + a0 + 10 * a1 + 100 * b0 + 1000 * b1;
  };
  expect_near(y, {at(.1F, .4F, .2F, .5F), at(.2F, .5F, .3F, .6F), at(.3F, .6F, 0, 0)});
}

TEST(HnGraph, DepthwiseAndTransposedKernelsLieAsTheFileHasThem) {
  const Hn dw = network(
      {1, 2, 2},
      {{"c", "dw", {"x"}, {1, 1, 2}, R"("kernel_shape": [1, 2, 2, 1], "padding": "VALID")"}});
  // [width][channel]: taps 1, 100 of channel 0 and 10, 1000 of channel 1.
  expect_near(run(dw, {{"c/kernel:0", {1, 2, 2, 1}, {1, 10, 100, 1000}}}),
              {.1F * 1 + .2F * 100, .3F * 10 + .4F * 1000});

  const Hn deconv =
      network({1, 2, 1},
              {{"c",
                "deconv",
                {"x"},
                {1, 4, 1},
                R"("kernel_shape": [1, 2, 1, 1], "strides": [1, 1, 2, 1], "padding": "DECONV")"}});
  expect_near(run(deconv, {{"c/kernel:0", {1, 2, 1, 1}, {1, 10}}}), {.1F, 1.F, .2F, 2.F});
}

TEST(HnGraph, ADenseLayerReadsHeightWidthChannels) {
  const Hn hn = network({1, 2, 2}, {{"f", "dense", {"x"}, {1, 1, 1}, R"("kernel_shape": [4, 1])"}});
  // In that order: x[c0,w0], x[c1,w0], x[c0,w1], x[c1,w1] = .1 .3 .2 .4
  expect_near(run(hn, {{"f/kernel:0", {4, 1}, {1, 10, 100, 1000}}}),
              {.1F + 10 * .3F + 100 * .2F + 1000 * .4F});
}

// max(x, const) as the parser says it: a concat that interleaves, and a maximum in groups of two.
TEST(HnGraph, AnInterleavingConcatAndItsGroupsAreAMaximum) {
  const Hn hn = network(
      {1, 1, 2}, {{"k", "const_input", {}, {1, 1, 2}, R"("input_tiles": [[1, 1, 1]])"},
                  {"c",
                   "concat",
                   {"k", "x"},
                   {1, 1, 4},
                   R"("concat_axis": "features", "group_sizes": [1, 1])"},
                  {"n", "normalization", {"c"}, {1, 1, 4}},
                  {"m", "reduce_max", {"n"}, {1, 1, 2}, R"("groups": 2, "reduce_axes": [3])"}});
  // Interleaved: k0 x0 k1 x1, scaled 1, 2, 1, -1.
  expect_near(run(hn, {{"k/const_data:0", {1, 1, 2}, {0.15F, -5}},
                       {"n/kernel:0", {4}, {1, 2, 1, -1}},
                       {"n/bias:0", {4}, {0, 0, 0, 0}}}),
              {std::max(.15F, .2F), std::max(-5.F, -.2F)});
}

TEST(HnGraph, GroupsOfAPlainValueLieSideBySide) {
  const Hn hn = network(
      {1, 1, 4}, {{"m", "reduce_mean", {"x"}, {1, 1, 2}, R"("groups": 2, "reduce_axes": [3])"}});
  expect_near(run(hn, {}), {(.1F + .2F) / 2, (.3F + .4F) / 2});
}

TEST(HnGraph, ElementwiseResizeActivationAndReductions) {
  const Hn hn = network(
      {1, 2, 2},
      {{"p", "avgpool", {"x"}, {1, 1, 2}, R"("kernel_shape": [1, 1, 2, 1],
                    "strides": [1, 1, 2, 1], "padding": "VALID")"},
       {"r", "reduce_mean", {"p"}, {1, 1, 1}, R"("groups": 1, "reduce_axes": [3])"},
       {"z", "resize", {"r"}, {1, 2, 1}, R"("resize_h_ratio_list": [1.0],
                    "resize_w_ratio_list": [2.0], "resize_f_ratio_list": [1.0],
                    "method": "nearest_neighbor")"},
       {"s", "ew_sub", {"x", "z"}, {1, 2, 2}, R"("input_repeats": [[1, 1, 1], [1, 1, 2]])"},
       {"q", "feature_multiplier", {"s"}, {1, 2, 2}, R"("feature_multiplier_type": "square")"},
       {"a", "activation", {"q"}, {1, 2, 2}, R"("activation": "inv_sqrt")"}});
  expect_near(run(hn, {}), {1 / .15F, 1 / .05F, 1 / .05F, 1 / .15F});
}

TEST(HnGraph, ASplitterGivesEachReaderItsChannels) {
  Hn hn =
      network({1, 1, 3}, {{"f", "feature_splitter", {"x"}, {1, 1, 1}},
                          {"a", "shortcut", {"f"}, {1, 1, 1}},
                          {"b", "shortcut", {"f"}, {1, 1, 2}},
                          {"c", "concat", {"b", "a"}, {1, 1, 3}, R"("concat_axis": "features")"}});
  hn.layers[1].output_shapes = {Shape{1, 1, 1}, Shape{2, 1, 1}};
  expect_near(run(hn, {}), {.2F, .3F, .1F});
}

// --- without weights, and what is refused ---------------------------------------------------

TEST(HnOutline, TellsOpsAndTheWeightsThatAreNeeded) {
  const auto outline = outline_hn(read(std::string(test::kSmallHn)));
  ASSERT_TRUE(outline);
  EXPECT_TRUE(outline->refused.empty());
  ASSERT_EQ(outline->layers.size(), 3U);
  const HnOutlined& conv = outline->layers[1];
  EXPECT_EQ(conv.ops, (std::vector<std::string>{"conv", "unary.relu"}));
  ASSERT_EQ(conv.weights.size(), 2U);
  EXPECT_EQ(conv.weights[0].dims, (std::vector<int64_t>{1, 3, 3, 4}));
}

TEST(HnOutline, NamesEveryLayerThatIsRefusedAndGoesOn) {
  const Hn hn = network({1, 4, 2}, {{"l", "l2norm", {"x"}, {1, 4, 2}},
                                    {"m", "matmul", {"l", "x"}, {1, 4, 2}},
                                    {"r", "resize", {"m"}, {1, 8, 2}, R"("method": "bilinear")"},
                                    {"s", "shortcut", {"r"}, {1, 8, 2}},
                                    {"w", "shortcut", {"s"}, {1, 9, 2}}});
  const auto outline = outline_hn(hn);
  ASSERT_TRUE(outline);
  ASSERT_EQ(outline->refused.size(), 4U);
  EXPECT_EQ(outline->refused[0].layer, "l");
  EXPECT_EQ(outline->refused[0].why, "this type of layer is not known");
  EXPECT_EQ(outline->refused[2].why, "resizes by 'bilinear'");
  EXPECT_EQ(outline->refused[3].why, "gives [2,1,8], and the file states [2,1,9]");
  EXPECT_EQ(outline->layers.size(), 7U);

  const auto graph = hn_to_graph(hn, weights({}));
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(graph.error().message.find("4 layers"), std::string::npos);
}

TEST(HnGraph, WeightsThatAreMissingOrAnothersAreNamed) {
  const Hn hn = read(std::string(test::kSmallHn));
  const auto missing =
      hn_to_graph(hn, weights({{"net/conv1/weights:0", {36}, std::vector<float>(36)}}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("but weights:0"), std::string::npos)
      << missing.error().message;
  const auto other =
      hn_to_graph(hn, weights({{"net/conv1/kernel:0", {35}, std::vector<float>(35)}}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kMismatch);
}

TEST(HnOutline, CirclesAndNamesOfNoLayerAreInvalid) {
  Hn hn = read(std::string(test::kSmallHn));
  hn.layers[1].inputs = {"net/conv1"};
  EXPECT_EQ(outline_hn(hn).error().code, ErrorCode::kInvalidModel);
  hn.layers[1].inputs = {"net/conv9"};
  EXPECT_EQ(outline_hn(hn).error().code, ErrorCode::kInvalidModel);
}

TEST(HnOutline, NoMutationDoesMoreThanARefusal) {
  const auto seed = bytes_of(test::kSmallHn);
  Mutator mutator({{seed.begin(), seed.end()}}, 5, 4096);
  const HnWeights none = weights({});
  for (int i = 0; i < 3000; ++i) {
    const auto hn = read_hn(mutator.next(), "fuzz");
    if (!hn) continue;
    (void)outline_hn(*hn).has_value();
    (void)hn_to_graph(*hn, none).has_value();
  }
}

// Sizes that a file of a few bytes may state, and no memory holds.
TEST(HnOutline, StatedSizesAreBounded) {
  const Hn hn = network(
      {1, 1, 100000000},
      {{"c",
        "conv",
        {"x"},
        {1, 1, 100000000},
        R"("kernel_shape": [1, 1, 100000000, 100000000], "padding": "VALID")"},
       {"m", "reduce_max", {"c"}, {1, 1, 100000}, R"("groups": 100000, "reduce_axes": [3])"}});
  const auto outline = outline_hn(hn);
  ASSERT_TRUE(outline);
  EXPECT_EQ(outline->refused.size(), 1U);
}

}  // namespace
}  // namespace tessera
