// Networks that keep one frame, or one number for each channel, in integers: every head is built in
// every mode and judged by what ONNX Runtime computed for it in float.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/npy.h"
#include "run/window_run.h"
#include "tessera/build.h"
#include "tessera/compiler/verify.h"
#include "tessera/package.h"
#include "tessera/session.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kHeads = TESSERA_SOURCE_DIR "/tests/data/onnx/windows/heads";

struct Mode {
  const char* name;
  bool wide;
  double mixed_loss_db;
  double least_db;  // of ONNX Runtime's output over the difference, all windows together
};
constexpr Mode kModes[] = {
    {"int8", false, 0, 25}, {"int16", true, 0, 40}, {"mixed", false, 0.05, 25}};

Result<Built> build_head(const fs::path& model, const fs::path& calibration, const Mode& mode) {
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.integers.emplace().quantize.int16 = mode.wide;
  options.integers->mixed_loss_db = mode.mixed_loss_db;
  options.calibration.sources = {calibration};
  options.threads = 1;
  return build(model, options);
}

double snr_db(const std::vector<float>& expected, const std::vector<float>& actual) {
  double signal = 0;
  double error = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto e = static_cast<double>(expected[i]);
    const double d = e - static_cast<double>(actual[i]);
    signal += e * e;
    error += d * d;
  }
  return 10 * std::log10(signal / std::max(error, 1e-30));
}

// Windows of `input` through the package in integers: the outputs in the file's layout.
std::vector<StackedOutput> outputs_of(const PackagedNetwork& network, const fs::path& input) {
  const auto emulator = make_backend("emulator", {.threads = 1}).value();
  Session session = Session::create(network.plan, *emulator, &*network.encodings).value();
  ImportedModel model = network.model;
  const auto batch = read_windows({{input.string(), read_npy(input).value()}}, model, nullptr);
  EXPECT_TRUE(batch.has_value()) << batch.error().to_string();
  auto run = run_windows(session, *batch, model.outputs);
  EXPECT_TRUE(run.has_value()) << run.error().to_string();
  return std::move(run->outputs);
}

void expect_verified(const PackagedNetwork& network) {
  const auto emulator = make_backend("emulator", {.threads = 1}).value();
  const auto reference = make_backend("cpu", {.threads = 1}).value();
  std::vector<std::vector<float>> signals;
  for (NodeId id : network.model.graph.inputs())
    signals.push_back(verification_signal(network.model.graph.node(id).shape));
  const std::vector<ConstValues> inputs(signals.begin(), signals.end());
  VerifyOptions options;
  options.encodings = &*network.encodings;
  options.min_snr_db = 10;  // on noise that calibration never saw
  const auto report =
      verify_plan(network.model.graph, network.plan, *emulator, *reference, inputs, options);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_TRUE(report->passed);
  const auto codes = check_bit_exact(network.plan, *network.encodings, *emulator, inputs);
  ASSERT_TRUE(codes.has_value()) << codes.error().to_string();
  EXPECT_TRUE(codes->passed);
}

class KeptFrame : public testing::TestWithParam<std::string> {};

TEST_P(KeptFrame, IsTheSameNetworkInIntegersOfEveryMode) {
  const fs::path model = kHeads / (GetParam() + ".onnx");
  for (const Mode& mode : kModes) {
    SCOPED_TRACE(mode.name);
    const auto built = build_head(model, kHeads / "calib.npy", mode);
    ASSERT_TRUE(built.has_value()) << built.error().to_string();
    const auto network = built->package.network();
    ASSERT_TRUE(network.has_value()) << network.error().to_string();
    EXPECT_TRUE(check_package(built->package, *network).has_value());
    const auto outputs = outputs_of(*network, kHeads / "x.npy");
    const NpyArray expected = read_npy(kHeads / (GetParam() + ".npy")).value();
    const StackedOutput& scores = outputs.back();
    EXPECT_EQ(scores.dims, expected.dims);
    const double snr = snr_db(expected.values, scores.values);
    RecordProperty(std::string(mode.name) + "_db", std::to_string(snr));
    EXPECT_GE(snr, mode.least_db);
    EXPECT_LT(snr, 150) << "nothing of it is in integers";
    expect_verified(*network);
  }
}

std::vector<std::string> heads() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kHeads)) {
    if (entry.path().extension() == ".onnx") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(KeptFrameHeads, AreAllThere) {
  EXPECT_GE(heads().size(), 24U);
}

INSTANTIATE_TEST_SUITE_P(Heads, KeptFrame, testing::ValuesIn(heads()),
                         [](const auto& of) { return of.param; });

}  // namespace
}  // namespace tessera
