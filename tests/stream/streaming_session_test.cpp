// A stream gives what the whole run gives, whatever the chunks; its errors; its end.
#include <filesystem>
#include <limits>

#include "base/npy.h"
#include "stream/streams.h"
#include "support/random_graph.h"

namespace tessera {
namespace {

const std::string kData = TESSERA_SOURCE_DIR "/tests/data/";
const std::string kCausalDemo = TESSERA_SOURCE_DIR "/models/convtasnet_demo_causal_8k.pth";
const std::string kBatchNormDemo = TESSERA_SOURCE_DIR "/models/convtasnet_demo_bn_8k.pth";

// Networks of every toolkit whose every value depends on the past, or a bounded future.
const std::string kStreamable[] = {
    kCausalDemo,
    kBatchNormDemo,
    kData + "asteroid/bn_k5.pth",
    kData + "asteroid/causal_cgln.pth",
    kData + "asteroid/causal_cln.pth",
    kData + "toolkits/fw_bn.pth",
    kData + "toolkits/fw_cln_causal_sigmoid.pth",
    kData + "toolkits/jl_bn_sigmoid.pth",
    kData + "toolkits/jl_cln_causal_softmax.pth",
    kData + "toolkits/jl_lightning_cln.pth",
    kData + "toolkits/kx_bn_odd_kernel.pth",
    kData + "toolkits/kx_cln_causal_softmax.pth",
    kData + "toolkits/nl_causal.pth",
    kData + "onnx/asteroid/bn_k5.dynamo.opset18.dyn.onnx",
    kData + "onnx/asteroid/causal_cln.dynamo.opset21.dyn.onnx",
};

std::vector<float> whole_run(const std::string& path, const std::vector<float>& input) {
  ImportOptions options;
  options.length_samples = static_cast<int64_t>(input.size());
  const LoadedNetwork network = LoadedNetwork::open(path, options).value();
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  return network.session(*backend).value().run({ConstValues(input)}).value()[0];
}

TEST(StreamingSession, GivesWhatTheWholeRunGivesForNetworksOfEveryToolkit) {
  const std::vector<float> input = test::noise(4003);
  for (const std::string& path : kStreamable) {
    auto stream = StreamingSession::open(path);
    ASSERT_TRUE(stream.has_value()) << path << ": " << stream.error().to_string();
    const auto joined = test::streamed(*stream, input, 160);
    test::expect_close(joined[0].values, whole_run(path, input), path);
  }
}

// The witnesses: what PyTorch computed of these inputs (tests/data/README.md).
TEST(StreamingSession, GivesWhatTheToolkitsThemselvesCompute) {
  for (const std::string name : {"asteroid/bn_k5", "asteroid/causal_cgln", "asteroid/causal_cln",
                                 "toolkits/fw_bn", "toolkits/nl_causal"}) {
    const auto input = read_npy(kData + name + ".in.npy").value();
    const auto expected = read_npy(kData + name + ".out.npy").value();
    auto stream = StreamingSession::open(kData + name + ".pth").value();
    const auto joined = test::streamed(stream, input.values, 11);
    test::expect_close(joined[0].values, expected.values, name, 1e-4);
  }
}

std::string refusal(const std::string& path) {
  const auto stream = StreamingSession::open(path);
  return stream ? "" : stream.error().to_string();
}

// Values [rows, frames] of every output, of a network that takes rows of samples.
void expect_streams_as_whole(const std::string& path, const LoadedNetwork& network) {
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  auto stream = StreamingSession::create(network, *backend);
  ASSERT_TRUE(stream.has_value());
  const Shape shape = network.graph().node(network.graph().inputs()[0]).shape;
  const std::vector<float> input = test::noise(shape.size());
  const auto whole = network.session(*backend).value().run({ConstValues(input)}).value();
  const auto joined = test::streamed(*stream, input, 13);
  for (size_t i = 0; i < whole.size(); ++i) test::expect_close(joined[i].values, whole[i], path);
}

// U-Nets, resampling, networks of sensors, files of one length: what the tests of the importer
// hold.
TEST(StreamingSession, RunsEveryOnnxNetworkAsWholeThatItDoesNotRefuse) {
  int streams = 0;
  int refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kData)) {
    if (entry.path().extension() != ".onnx") continue;
    const auto network = LoadedNetwork::open(entry.path());
    if (!network) continue;
    const auto backend = make_backend("cpu", {.threads = 1}).value();
    const auto stream = StreamingSession::create(*network, *backend);
    if (!stream) {
      EXPECT_EQ(stream.error().code, ErrorCode::kUnsupported) << stream.error().to_string();
      ++refused;
      continue;
    }
    ++streams;
    expect_streams_as_whole(entry.path(), *network);
  }
  EXPECT_GT(streams, 80);
  EXPECT_GT(refused, 20);
}

TEST(StreamingSession, GivesTheSameBitsForChunksOfAnySize) {
  const std::vector<float> input = test::noise(16'021);
  auto stream = StreamingSession::open(kCausalDemo).value();
  const auto expected = test::streamed(stream, input, 1)[0].values;
  for (const int64_t chunk : {7, 160, 16'000}) {
    stream.reset();
    EXPECT_EQ(test::streamed(stream, input, chunk)[0].values, expected) << chunk;
  }
}

TEST(StreamingSession, GivesAsManyFramesAsCameInForEveryLength) {
  auto stream = StreamingSession::open(kCausalDemo).value();
  for (int64_t length = 16; length < 60; ++length) {
    const std::vector<float> input = test::noise(length, static_cast<uint32_t>(length));
    stream.reset();
    const auto joined = test::streamed(stream, input, 5);
    EXPECT_EQ(joined[0].shape, (Shape{2, 1, length}));
    test::expect_close(joined[0].values, whole_run(kCausalDemo, input), std::to_string(length));
  }
}

TEST(StreamingSession, LongerStreamsThanTheNetworkWasLoadedForEndAsTheWholeRunDoes) {
  test::ConvTasNet net = test::small_conv_tasnet(400, NormKind::channel_wise);
  for (const bool causal : {true, false}) {
    net.causal = causal;
    for (int64_t length = 1200; length < 1217; ++length) {
      auto stream = test::stream_of(test::loaded(net));
      const std::vector<float> input = test::noise(length);
      test::ConvTasNet whole = net;
      whole.samples = length;
      test::expect_close(test::streamed(stream, input, 64)[0].values,
                         test::run_graph(build(whole), {input})[0], std::to_string(length));
    }
  }
}

TEST(StreamingSession, RunsRandomNetworksAsWholeOnEveryFloatBackend) {
  int streams = 0;
  for (uint32_t seed = 0; seed < 120; ++seed) {
    const test::ConvTasNet net = test::random_conv_tasnet_options(seed);
    if (net.norm == NormKind::global || net.norm == NormKind::feature_wise) continue;
    ++streams;
    const std::vector<float> input = test::noise(net.samples, seed);
    const std::vector<float> whole = test::run_graph(build(net, seed), {input})[0];
    for (const std::string_view backend : {"cpu", "reference"}) {
      auto stream = test::stream_of(test::loaded(net, seed), backend);
      test::expect_close(test::streamed(stream, input, 1 + seed % 37)[0].values, whole,
                         "seed " + std::to_string(seed));
    }
  }
  EXPECT_GT(streams, 40);
}

// Two devices on H, nine channels each, as motion sensors give them.
TEST(StreamingSession, RowsOfDevicesRunSideBySide) {
  const auto make = [](int64_t length) {
    test::Random random(7);
    Graph graph;
    GraphEditor editor(graph, "test");
    NodeId last = editor.add(Input{{9, 2, length}}, {}, "in").value();
    for (int64_t i = 0; i < 4; ++i) {
      Conv conv;
      const int64_t in = i == 0 ? 9 : 12;
      conv.weight = random.tensor({12, in, 1, 3}, -0.3F, 0.3F);
      conv.bias = random.tensor({12}, -0.1F, 0.1F);
      conv.dilation.w = int64_t{1} << i;
      conv.padding.left = 2 * conv.dilation.w;
      last = editor.add(std::move(conv), {last}, "conv" + std::to_string(i)).value();
      Norm norm;
      norm.kind = i % 2 == 0 ? NormKind::cumulative : NormKind::channel_wise;
      norm.gamma = random.tensor({12}, 0.5F, 1.5F);
      norm.beta = random.tensor({12}, -0.1F, 0.1F);
      last = editor.add(std::move(norm), {last}, "norm" + std::to_string(i)).value();
      last = editor.add(Unary{.kind = UnaryKind::relu}, {last}).value();
    }
    editor.add_output("latent", last);
    return graph;
  };
  const std::vector<float> input = test::noise(9 * 2 * 100);
  const std::vector<float> whole = test::run_graph(make(100), {input})[0];
  for (const std::string_view backend : {"cpu", "reference"}) {
    auto stream = test::stream_of(test::loaded(60, 1, make), backend);
    EXPECT_EQ(stream.input_frame(), (Shape{9, 2, 1}));
    EXPECT_EQ(stream.latency_samples(), 0);
    test::expect_close(test::streamed(stream, input, 7)[0].values, whole, std::string(backend));
  }
}

// Of a file of one length, a longer stream goes on as the file began.
TEST(StreamingSession, AFileOfOneLengthStreamsLongerOnes) {
  const std::string path = kData + "field/separate_messages/fixed_800.onnx";
  const std::vector<float> input = test::noise(2405);
  auto stream = StreamingSession::open(path).value();
  const auto joined = test::streamed(stream, input, 100);
  EXPECT_EQ(joined[0].shape.w, 2405);
  // The first samples are those of a run at the file's own length, up to what its end reaches.
  const LoadedNetwork network = LoadedNetwork::open(path).value();
  const auto backend = make_backend("cpu").value();
  const auto whole = network.session(*backend).value().run({ConstValues(input).first(800)}).value();
  const auto rows = static_cast<size_t>(joined[0].shape.c);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < 780; ++i)
      ASSERT_NEAR(joined[0].values[row * 2405 + i], whole[0][row * 800 + i], 1e-5F) << i;
  }
}

TEST(StreamingSession, RefusesOneFrameAtAPlaceOfTheSequence) {
  const std::string text = refusal(kData + "onnx/windows/heads/middle_slice.onnx");
  EXPECT_NE(text.find("keeps one frame at a place of the sequence: the network cannot run on a "
                      "stream"),
            std::string::npos)
      << text;
}

TEST(StreamingSession, StepsOfSeveralHopsGiveTheSameSignal) {
  test::ConvTasNet net = test::small_conv_tasnet(1501, NormKind::cumulative);
  net.causal = true;
  const std::vector<float> input = test::noise(net.samples);
  const std::vector<float> whole = test::run_graph(build(net), {input})[0];
  for (const int64_t step : {1, 9, 24, 40, 200, 800}) {
    auto stream = test::stream_of(test::loaded(net), "cpu", {.step_samples = step});
    EXPECT_EQ(stream.step_samples(), (step + 7) / 8 * 8);
    test::expect_close(test::streamed(stream, input, 100)[0].values, whole, std::to_string(step));
  }
  net.norm = NormKind::batch;  // nothing carried: wide steps run in tiles
  const std::vector<float> of_batch = test::run_graph(build(net), {input})[0];
  auto stream = test::stream_of(test::loaded(net), "cpu", {.step_samples = 800});
  test::expect_close(test::streamed(stream, input, 100)[0].values, of_batch, "tiles");
}

TEST(StreamingSession, ReturnsEveryFrameWithinItsLatency) {
  for (const std::string& path : {kCausalDemo, kBatchNormDemo}) {
    auto stream = StreamingSession::open(path).value();
    const int64_t latency = stream.latency_samples();
    int64_t returned = 0;
    for (int64_t taken = 1; taken <= 6000; ++taken) {
      returned += stream.push(std::vector<float>{0.5F}).value()[0].shape.w;
      ASSERT_GE(returned, taken - latency) << path;
      ASSERT_LE(returned, taken) << path;
    }
    // It is no less: sometimes a frame waits for just that long.
    EXPECT_LE(returned, 6000 - latency + stream.step_samples());
  }
}

TEST(StreamingSession, TellsWhatTheNetworkLooksAhead) {
  EXPECT_EQ(StreamingSession::open(kCausalDemo).value().look_ahead_samples(), 0);
  EXPECT_EQ(StreamingSession::open(kCausalDemo).value().latency_samples(), 15);
  // 126 frames of 8 samples: twice 1 + 2 + 4 + 8 + 16 + 32 of a kernel of 3.
  const auto ahead = StreamingSession::open(kBatchNormDemo).value();
  EXPECT_EQ(ahead.look_ahead_samples(), 126 * 8);
  EXPECT_EQ(ahead.latency_samples(), 126 * 8 + 15);
}

TEST(StreamingSession, HoldsNoMoreAfterAMinuteThanAtTheStart) {
  auto stream = StreamingSession::open(kCausalDemo).value();
  const int64_t before = stream.memory_bytes();
  ASSERT_TRUE(stream.push(test::noise(80'000)).has_value());
  EXPECT_EQ(stream.memory_bytes(), before);
  EXPECT_LT(before, 4 << 20);
}

TEST(StreamingSession, BeginsAnewAfterReset) {
  test::ConvTasNet net = test::small_conv_tasnet(301, NormKind::cumulative);
  net.causal = true;
  auto stream = test::stream_of(test::loaded(net));
  const std::vector<float> input = test::noise(net.samples);
  const auto first = test::streamed(stream, input, 50)[0].values;
  stream.reset();
  ASSERT_TRUE(stream.push(test::noise(123, 9)).has_value());  // left unfinished
  stream.reset();
  EXPECT_EQ(test::streamed(stream, input, 50)[0].values, first);
}

TEST(StreamingSession, AnEmptyStreamEndsEmpty) {
  auto stream = StreamingSession::open(kCausalDemo).value();
  EXPECT_EQ(stream.finish().value()[0].shape, (Shape{2, 1, 0}));
}

TEST(StreamingSession, RefusesGlobalNormsByNameWithTheWayOut) {
  const std::string text = refusal(TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth");
  EXPECT_NE(text.find("(norm.global): is a global norm, whose statistics are known at the end of "
                      "the sequence: the network cannot run on a stream"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("statistics of what came so far (StreamingOptions::global_norms)"),
            std::string::npos)
      << text;
}

TEST(StreamingSession, RunningNormsAreCumulativeOnesAndToldOf) {
  for (const bool causal : {true, false}) {
    test::ConvTasNet net = test::small_conv_tasnet(1203, NormKind::global);
    net.causal = causal;
    const LoadedNetwork network = test::loaded(net);
    auto stream = test::stream_of(network, "cpu", {.global_norms = GlobalNorms::running});
    ASSERT_FALSE(stream.notes().empty());
    EXPECT_EQ(stream.notes().back().text,
              "13 global norms with the statistics of what came so far: another function than the "
              "network's");
    const std::vector<float> input = test::noise(net.samples);
    net.norm = NormKind::cumulative;
    test::expect_close(test::streamed(stream, input, 100)[0].values,
                       test::run_graph(build(net), {input})[0], "running");
  }
}

TEST(StreamingSession, RefusesWhatMixesAllFrames) {
  const auto network = test::loaded(60, 1, [](int64_t length) {
    Graph graph;
    GraphEditor editor(graph, "test");
    const NodeId in = editor.add(Input{{3, 1, length}}, {}, "in").value();
    editor.add_output("out", editor.add(Softmax{SoftmaxOver::time, 1}, {in}, "shares").value());
    return graph;
  });
  const auto backend = make_backend("cpu").value();
  const auto stream = StreamingSession::create(network, *backend);
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(
      stream.error().to_string(),
      "node 'shares' (softmax.time): mixes all frames of the sequence: the network cannot run "
      "on a stream (separate windows of the recording instead)");
}

TEST(StreamingSession, ASampleThatIsNotFiniteIsNamedAndTakesNothing) {
  auto stream = StreamingSession::open(kCausalDemo).value();
  ASSERT_TRUE(stream.push(test::noise(100)).has_value());
  std::vector<float> bad = test::noise(50);
  bad[7] = std::numeric_limits<float>::quiet_NaN();
  const auto refused = stream.push(bad);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(refused.error().subject, "sample 107");
  EXPECT_EQ(stream.samples_taken(), 100);
}

TEST(StreamingSession, RefusesSamplesAfterTheEnd) {
  auto stream = StreamingSession::open(kCausalDemo).value();
  ASSERT_TRUE(stream.finish().has_value());
  EXPECT_EQ(stream.push(test::noise(8)).error().to_string(),
            "stream: has ended (reset() begins another)");
  EXPECT_EQ(stream.finish().error().subject, "stream");
}

TEST(StreamingSession, RefusesAStreamThatIsShorterThanTheNetworkTakes) {
  auto stream = StreamingSession::open(kCausalDemo).value();
  ASSERT_TRUE(stream.push(test::noise(5)).has_value());
  EXPECT_EQ(stream.finish().error().to_string(),
            "stream: ended after 5 samples; the network takes at least 16");
}

TEST(StreamingSession, RefusesRoomThatDoesNotFit) {
  auto stream = StreamingSession::open(kCausalDemo).value();
  const std::vector<float> samples = test::noise(160);
  ASSERT_EQ(stream.frames_after(160), 152);
  std::vector<float> room(2 * 151);
  const Values views[] = {room};
  const auto refused = stream.push(samples, views);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "has room for 302 values; these samples give 304");
}

TEST(StreamingSession, RefusesOptionsWithoutMeaning) {
  EXPECT_EQ(StreamingOptions{.threads = -1}.validate().error().subject,
            "StreamingOptions::threads");
  EXPECT_EQ(StreamingOptions{.step_samples = -8}.validate().error().subject,
            "StreamingOptions::step_samples");
  EXPECT_FALSE(StreamingSession::open(kCausalDemo, {.step_samples = int64_t{1} << 40}).has_value());
}

TEST(StreamingSession, RefusesStateBeyondTheMemoryGiven) {
  const auto stream = StreamingSession::open(kBatchNormDemo, {.memory_limit_bytes = 100'000});
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().code, ErrorCode::kResourceLimit);
  EXPECT_NE(stream.error().message.find("the stream's state would exceed 100000 bytes"),
            std::string::npos)
      << stream.error().message;
}

TEST(StreamingSession, RefusesTheEmulatorForANetworkInFloats) {
  const auto stream = StreamingSession::open(kCausalDemo, {.backend = "emulator"});
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera
