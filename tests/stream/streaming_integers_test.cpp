// Streams of quantised networks: bit for bit what the whole run in integers gives.
#include "stream/streams.h"
#include "support/integer_reference.h"
#include "support/planned.h"
#include "support/random_graph.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

// A network of one length with random encodings of its legal form.
LoadedNetwork with_random_encodings(const test::ConvTasNet& net, uint32_t seed) {
  LoadedNetwork network = test::loaded(net, seed);
  Graph legal = network.model.graph;
  EXPECT_TRUE(rewrite(legal).has_value());
  network.plan = make_plan(legal, test::hailo8(), {}).value();
  network.encodings = test::random_encodings(network.plan->graph, seed);
  return network;
}

TEST(StreamInIntegers, GivesTheBitsOfTheWholeRunForRandomNetworksAndEncodings) {
  int streams = 0;
  const auto emulator = make_backend("emulator", {.threads = 1}).value();
  for (uint32_t seed = 0; seed < 100; ++seed) {
    const test::ConvTasNet net = test::random_conv_tasnet_options(seed);
    if (net.norm == NormKind::global || net.norm == NormKind::feature_wise) continue;
    ++streams;
    const LoadedNetwork network = with_random_encodings(net, seed);
    const std::vector<float> input = test::noise(net.samples, seed);
    auto whole = Session::create(network.plan->graph, *emulator, &*network.encodings).value();
    const auto expected = whole.run({ConstValues(input)}).value()[0];
    auto stream = test::stream_of(network, "emulator");
    EXPECT_EQ(stream.arithmetic(), Arithmetic::integer);
    EXPECT_EQ(test::streamed(stream, input, 1 + seed % 41)[0].values, expected) << seed;
  }
  EXPECT_GT(streams, 30);
}

class StreamedPackage : public ::testing::TestWithParam<const char*> {};

TEST_P(StreamedPackage, GivesTheBitsOfTheWholeRunForEveryEnd) {
  const ScratchFolder folder;
  BuildOptions options;
  options.import.length_samples = 2003;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.output = folder / "int8.tess";
  options.calibration.sources = {TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav"};
  options.calibration.count = 4;
  options.integers = IntegerOptions{};
  const auto built = build(std::string(TESSERA_SOURCE_DIR) + GetParam(), options);
  ASSERT_TRUE(built.has_value()) << built.error().to_string();
  const auto emulator = make_backend("emulator", {.threads = 1}).value();
  auto stream = StreamingSession::open(options.output).value();
  EXPECT_EQ(stream.backend(), "emulator");
  for (const int64_t length : {1997, 2003, 2600, 3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008}) {
    const std::vector<float> input = test::noise(length);
    ImportOptions at;
    at.length_samples = length;
    const LoadedNetwork network = LoadedNetwork::open(options.output, at).value();
    const auto expected = network.session(*emulator).value().run({ConstValues(input)}).value()[0];
    stream.reset();
    EXPECT_EQ(test::streamed(stream, input, 333)[0].values, expected) << length;
  }
}

INSTANTIATE_TEST_SUITE_P(Causal, StreamedPackage,
                         ::testing::Values("/models/convtasnet_demo_causal_8k.pth",
                                           "/tests/data/asteroid/causal_cgln.pth",
                                           "/tests/data/asteroid/bn_k5.pth"));

TEST(StreamInIntegers, FloatsInPlaceOfIntegersAreToldOf) {
  test::ConvTasNet net = test::small_conv_tasnet(800, NormKind::channel_wise);
  net.causal = true;
  const LoadedNetwork network = with_random_encodings(net, 1);
  const auto stream = test::stream_of(network, "cpu");
  ASSERT_FALSE(stream.notes().empty());
  EXPECT_NE(stream.notes().back().text.find("not in its integers"), std::string::npos);
}

}  // namespace
}  // namespace tessera
