// Calibrate, quantise, run in integers: what holds for every network.
#include "tessera/compiler/quantize.h"

#include <cmath>

#include <gtest/gtest.h>

#include "plan/segments.h"
#include "plan/tiling.h"
#include "support/small_network.h"
#include "tessera/metrics.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using namespace test;

double snr_over_float(const Graph& graph, const Encodings& encodings) {
  const std::vector<std::vector<float>> input = random_inputs(graph, 9);
  return snr_db(emulated(graph, encodings, input[0]), run_graph(graph, input)[0]).value();
}

TEST(Quantize, KeepsTheSignalIn8BitsAndMoreOfItIn16) {
  for (NormKind norm : kNorms) {
    const Graph graph = legal_network(norm);
    const double narrow = snr_over_float(graph, encodings_of(graph));
    QuantizeOptions options;
    options.int16 = true;
    const double wide = snr_over_float(graph, encodings_of(graph, options));
    EXPECT_GT(narrow, 20.0) << to_string(norm);
    EXPECT_GT(wide, narrow + 3.0) << to_string(norm);
  }
}

TEST(Quantize, EncoderMasksAndDecoderToo) {
  QuantizeOptions options;
  options.encoder_in_integers = true;
  options.masks_in_integers = true;
  const Graph graph = legal_network(NormKind::global);
  const Encodings encodings = encodings_of(graph, options);
  EXPECT_TRUE(encodings.weights.contains("encoder"));
  EXPECT_GT(snr_over_float(graph, encodings), 15.0);
}

TEST(Quantize, LeavesEncoderMasksAndDecoderInFloatByDefault) {
  for (NormKind norm : kNorms) {
    const Graph graph = legal_network(norm);
    const Encodings encodings = encodings_of(graph);
    for (NodeId id : graph.order()) {
      const Node& node = graph.node(id);
      const bool island = std::holds_alternative<Mul>(node.op) ||
                          std::holds_alternative<OverlapAdd>(node.op) || node.name == "encoder" ||
                          node.name == "encoder.act";
      if (island) {
        EXPECT_FALSE(encodings.values.contains(node.name)) << node.name;
      }
      const bool conv = std::holds_alternative<Conv>(node.op);
      if (conv && node.name.starts_with("tcn")) {
        EXPECT_TRUE(encodings.weights.contains(node.name)) << node.name;
      }
    }
  }
}

TEST(Quantize, GivesTheSameEncodingsForTheSameStatistics) {
  const Graph graph = legal_network(NormKind::global);
  EXPECT_EQ(encodings_of(graph), encodings_of(graph));
}

// Codes cross the borders of pieces inside floats: tiles must change nothing, not even one bit.
TEST(Quantize, TiledIsTheWholeBitForBit) {
  for (NormKind norm : kNorms) {
    const Graph graph = legal_network(norm);
    const Encodings encodings = encodings_of(graph);
    const std::vector<float> input = random_inputs(graph, 5)[0];
    const std::vector<float> whole = emulated(graph, encodings, input);
    for (int64_t frames : {1, 7, 64, 300}) {
      Plan plan;
      plan.graph = graph;
      Division division = divide(graph, partition_nodes(graph, PartitionOptions{}));
      plan.segments = std::move(division.segments);
      plan.steps = std::move(division.steps);
      for (ChipSegment& segment : plan.segments) {
        segment.tiling = {Layout::row, frames, 1, 1};
        ASSERT_TRUE(tile_segment(graph, segment).has_value());
      }
      const auto backend = make_backend("emulator").value();
      const auto stitched = StitchedExecutable::load(plan, *backend, &encodings);
      ASSERT_TRUE(stitched.has_value()) << stitched.error().to_string();
      std::vector<float> actual(whole.size());
      const ConstValues source(input);
      const Values target(actual);
      ASSERT_TRUE((*stitched)->run(std::span(&source, 1), std::span(&target, 1)).has_value());
      EXPECT_EQ(actual, whole) << to_string(norm) << " " << frames;
    }
  }
}

// Channel c of the residual stream times 2^(c % 8): the same network, whose channels differ.
Graph with_uneven_residual(Graph graph) {
  GraphEditor editor(graph, "test");
  const int64_t channels = graph.node(graph.find("bottleneck")).shape.c;
  const auto factor = [](int64_t c) { return static_cast<float>(1 << (c % 8)); };
  for (NodeId id : graph.order()) {
    const auto* conv = graph.get_if<Conv>(id);
    if (conv == nullptr) continue;
    const std::string& name = graph.node(id).name;
    const std::string& source = graph.node(graph.node(id).inputs[0]).name;
    const bool makes = name == "bottleneck" || name.ends_with("and_skip");
    const bool reads = source == "bottleneck" || source.ends_with(".out");
    Conv changed = *conv;
    std::vector<float> weight(conv->weight.data(), conv->weight.data() + conv->weight.size());
    std::vector<float> bias(conv->bias.data(), conv->bias.data() + conv->bias.size());
    const int64_t row = conv->weight.size() / conv->weight.dim(0);
    for (int64_t i = 0; i < conv->weight.size(); ++i) {
      if (makes && i / row < channels) weight[static_cast<size_t>(i)] *= factor(i / row);
      if (reads) weight[static_cast<size_t>(i)] /= factor(i % row);
    }
    for (int64_t o = 0; makes && o < channels; ++o) bias[static_cast<size_t>(o)] *= factor(o);
    changed.weight = Tensor(conv->weight.dims(), weight);
    if (!bias.empty()) changed.bias = Tensor(conv->bias.dims(), bias);
    EXPECT_TRUE(editor.replace(id, changed, graph.node(id).inputs).has_value());
  }
  return graph;
}

TEST(Quantize, ChannelsThatSumsJoinMayDifferWidely) {
  const Graph even = legal_network(NormKind::global);
  const Graph uneven = with_uneven_residual(even);
  const std::vector<std::vector<float>> input = random_inputs(even, 9);
  ASSERT_GT(snr_db(run_graph(uneven, input)[0], run_graph(even, input)[0]).value(), 90);
  QuantizeOptions without;
  without.equalize_sums = false;
  const double equalized = snr_over_float(uneven, encodings_of(uneven));
  EXPECT_GT(equalized, snr_over_float(uneven, encodings_of(uneven, without)) + 6);
  EXPECT_GT(equalized, snr_over_float(even, encodings_of(even)) - 1.5);
}

// An addition meets its operands' codes in one measure: a step for each value, times what all of
// them have in common.
TEST(Quantize, ValuesThatSumsJoinHaveTheirChannelsInOneProportion) {
  const Graph graph = with_uneven_residual(legal_network(NormKind::global));
  const Encodings encodings = encodings_of(graph);
  const ValueEncoding& first = encodings.values.at("bottleneck");
  ASSERT_EQ(first.scale.size(), 12u);
  int joined = 0;
  for (const auto& [name, encoding] : encodings.values) {
    const bool sum = name.ends_with(".out");
    if (!sum && !name.ends_with("and_skip")) continue;
    ++joined;
    for (int64_t c = 0; c < 12; ++c) {
      EXPECT_NEAR(encoding.scale_of(c) / encoding.scale_of(0),
                  first.scale_of(c) / first.scale_of(0),
                  1e-5F * first.scale_of(c) / first.scale_of(0))
          << name << " " << c;
    }
    EXPECT_EQ(encoding.zero_point.size(), 1u) << name;
  }
  EXPECT_GE(joined, 8);
}

TEST(Quantize, ChoicesPutTogetherAreWhatQuantizingGives) {
  for (NormKind norm : kNorms) {
    const Graph graph = legal_network(norm);
    QuantizeOptions options;
    options.encoder_in_integers = options.masks_in_integers = norm == NormKind::global;
    TensorStatistics statistics;
    const auto backend = make_backend("cpu", {.threads = 1}).value();
    ASSERT_TRUE(
        calibrate(graph, options, *backend, random_windows(graph, 3), statistics).has_value());
    const auto choices = EncodingChoices::create(graph, statistics, options);
    ASSERT_TRUE(choices.has_value()) << choices.error().to_string();
    const std::vector<std::string> names = encoded_values(graph, options);
    for (size_t stride : {1, 2, 3, 7}) {
      QuantizeOptions widened = options;
      for (size_t i = stride / 2; i < names.size(); i += stride)
        widened.int16_values.insert(names[i]);
      EXPECT_EQ(choices->with(widened.int16_values), quantize(graph, statistics, widened).value());
    }
  }
}

// Batch norms take no level out: an input three times as loud leaves every range of 8 bits.
TEST(Quantize, SixteenBitsHoldInputsThatAreLouderThanAllThatWasSeen) {
  const Graph graph = legal_network(NormKind::batch);
  std::vector<std::vector<float>> input = random_inputs(graph, 9);
  for (float& x : input[0]) x *= 3;
  const std::vector<float> expected = run_graph(graph, input)[0];
  QuantizeOptions wide;
  wide.int16 = true;
  EXPECT_GT(snr_db(emulated(graph, encodings_of(graph, wide), input[0]), expected).value(), 28);
  wide.int16_range_margin = wide.range_margin;
  EXPECT_LT(snr_db(emulated(graph, encodings_of(graph, wide), input[0]), expected).value(), 20);
}

QuantizeOptions everything_in_integers() {
  QuantizeOptions options;
  options.encoder_in_integers = options.masks_in_integers = true;
  return options;
}

TEST(Quantize, IslandsAddWhatTheyAloneNeedEncoded) {
  const Graph graph = legal_network(NormKind::global);
  EXPECT_TRUE(host_float_values(graph, {}).empty());
  const QuantizeOptions options = everything_in_integers();
  const std::vector<std::string> added = host_float_values(graph, options);
  EXPECT_EQ(added.size(), encoded_values(graph, options).size() - encoded_values(graph).size());
  EXPECT_EQ(added.front(), graph.node(graph.inputs()[0]).name);
}

// Norms take the level out of what is between them, not of what is around.
TEST(Quantize, AQuietRecordingIsKeptWhereIslandsOnTheChipHave16Bits) {
  const Graph graph = legal_network(NormKind::global);
  std::vector<float> input = test::random_inputs(graph, 9)[0];
  for (float& x : input) x /= 16;
  const std::vector<float> expected = test::run_graph(graph, {input})[0];
  QuantizeOptions options = everything_in_integers();
  const auto snr = [&] {
    return snr_db(emulated(graph, encodings_of(graph, options), input), expected).value();
  };
  const double narrow = snr();
  for (const std::string& name : host_float_values(graph, options))
    options.int16_values.insert(name);
  EXPECT_GT(snr(), narrow + 6);
}

TEST(Quantize, RefusesAGraphThatIsNotLegal) {
  const Graph graph = build(ConvTasNet{.samples = 400,
                                       .filters = 4,
                                       .bottleneck = 3,
                                       .hidden = 4,
                                       .skip = 3,
                                       .blocks = 1,
                                       .repeats = 1});
  EXPECT_EQ(quantize(graph, {}, {}).error().to_string(),
            "quantize: the graph is at stage imported, not legal (rewrite the network first)");
}

TEST(Quantize, RefusesToWidenWhatIsNotThere) {
  QuantizeOptions options;
  options.int16_values = {"nothing"};
  EXPECT_EQ(quantize(legal_network(NormKind::global), {}, options).error().to_string(),
            "value 'nothing': is to have 16 bits, but is not in the network (name values as "
            "`tessera inspect` lists them)");
}

TEST(Quantize, NamesTheNodeWithoutStatistics) {
  EXPECT_EQ(
      quantize(legal_network(NormKind::global), {}, {}).error().to_string(),
      "node 'bottleneck.norm': has no calibration statistics (calibrate this network with the "
      "same options)");
}

// A block of a network may be nothing but zeros: scales of zeros are any that are scales.
TEST(Quantize, WeightsOfZerosGiveTheirBias) {
  Graph graph = legal_network(NormKind::global);
  GraphEditor editor(graph, "test");
  int changed = 0;
  for (NodeId id : graph.order()) {
    const auto* conv = graph.get_if<Conv>(id);
    if (conv == nullptr || !graph.node(id).name.starts_with("tcn") || ++changed % 2 == 0) continue;
    Conv zeros = *conv;
    zeros.weight = Tensor::full(conv->weight.dims(), 0.0F);
    if (changed % 4 == 1) zeros.bias = Tensor::full(conv->bias.dims(), 0.0F);
    ASSERT_TRUE(editor.replace(id, zeros, graph.node(id).inputs).has_value());
  }
  ASSERT_GT(changed, 4);
  for (bool wide : {false, true}) {
    QuantizeOptions options;
    options.int16 = wide;
    const Encodings encodings = encodings_of(graph, options);
    ASSERT_TRUE(check_encodings(graph, encodings).has_value());
    EXPECT_GT(snr_over_float(graph, encodings), 15.0);
  }
}

// Values a million times what calibration saw saturate: nothing wraps, in 8 bits or in 16.
TEST(Quantize, ValuesFarBeyondTheRangesSaturate) {
  const Graph graph = legal_network(NormKind::batch);
  for (bool wide : {false, true}) {
    QuantizeOptions options;
    options.int16 = wide;
    const Encodings encodings = encodings_of(graph, options);
    std::vector<float> loud = random_inputs(graph, 5)[0];
    for (float& x : loud) x *= 1e6F;
    std::vector<float> louder = loud;
    for (float& x : louder) x *= 1e3F;
    const std::vector<float> masked = emulated(graph, encodings, loud);
    const std::vector<float> more = emulated(graph, encodings, louder);
    for (size_t i = 0; i < masked.size(); ++i) {
      ASSERT_TRUE(std::isfinite(masked[i]) && std::isfinite(more[i]));
    }
  }
}

TEST(Quantize, RangesOfHugeValuesStillFitTheAccumulators) {
  const Graph graph = legal_network(NormKind::batch);
  std::vector<std::vector<float>> windows = random_windows(graph, 3);
  for (float& x : windows[0]) x *= 1e12F;
  QuantizeOptions options;
  options.int16 = true;
  TensorStatistics statistics;
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  ASSERT_TRUE(calibrate(graph, options, *backend, windows, statistics).has_value());
  const auto encodings = quantize(graph, statistics, options);
  ASSERT_TRUE(encodings.has_value()) << encodings.error().to_string();
  for (float x : emulated(graph, *encodings, windows[0])) ASSERT_TRUE(std::isfinite(x));
}

}  // namespace
}  // namespace tessera
