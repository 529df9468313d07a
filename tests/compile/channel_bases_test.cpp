// Networks whose residual stream is badly conditioned keep as much in 8 bits as others do.
#include "tessera/compiler/tune.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

#include "package/entries.h"
#include "rewrite/legalize.h"
#include "support/random_basis.h"
#include "support/scratch_folder.h"
#include "support/small_network.h"
#include "tessera/audio.h"
#include "tessera/build.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/verify.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

using test::Windows;

std::string source(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/" + name;
}

Result<ImportedModel> imported(std::string_view name, int64_t samples) {
  ImportOptions options;
  options.length_samples = samples;
  return import_model(source(fmt::format("models/convtasnet_demo_{}_8k.pth", name)), options);
}

constexpr const char* kStream = "bottleneck.conv";
constexpr int64_t kChannels = 64;

RewriteParameters in_basis(const ChannelBasis& basis) {
  RewriteParameters parameters;
  parameters.channel_bases[kStream] = basis;
  return parameters;
}

Windows seconds() {
  Windows windows;
  for (const char* name : {"04", "06"}) {
    const auto audio = read_audio(source(fmt::format("models/mixtures/{}_mix.wav", name)));
    const std::vector<float>& samples = audio->channels[0];
    for (size_t begin = 0; begin + 8000 <= samples.size(); begin += 8000)
      windows.emplace_back(samples.begin() + static_cast<ptrdiff_t>(begin),
                           samples.begin() + static_cast<ptrdiff_t>(begin + 8000));
  }
  return windows;
}

// Output SNR of int8 over float on the last window, ranges from all others: of the bundled network
// with its stream in `basis`, or in the one that is chosen then.
double int8_db(const ChannelBasis& basis, bool choose) {
  Windows windows = seconds();
  const std::vector<float> measured = windows.back();
  windows.pop_back();
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const ImportedModel model = imported("gln", 8000).value();
  Graph legal = model.graph;
  EXPECT_TRUE(legalize(legal, in_basis(basis)).has_value());
  if (choose) {
    const auto choices = choose_channel_bases(legal, windows, *cpu).value();
    EXPECT_EQ(choices.size(), 1U);
    EXPECT_EQ(choices[0].stream, kStream);
    legal = model.graph;
    EXPECT_TRUE(legalize(legal, in_basis(test::composed(basis, choices[0].basis))).has_value());
  }
  EXPECT_NE(legal.basis_of(kStream), nullptr);
  TensorStatistics statistics;
  EXPECT_TRUE(calibrate(legal, {}, *cpu, windows, statistics).has_value());
  const Encodings encodings = quantize(legal, statistics).value();
  Session in_float = Session::create(model.graph, *cpu).value();
  const auto expected = in_float.run({ConstValues(measured)}).value();
  return snr_db(test::emulated(legal, encodings, measured), expected[0]).value();
}

TEST(ChannelBases, GiveInt8BackWhatABadBasisTook) {
  const double plain_db = int8_db(test::random_basis(kChannels, 1, 1), false);
  const ChannelBasis hard = test::random_basis(kChannels, 300, 1);
  EXPECT_LT(int8_db(hard, false), plain_db - 8);
  EXPECT_GT(int8_db(hard, true), plain_db - 1.5);
}

TEST(ChannelBases, LeaveTheBundledNetworksAsTheyAre) {
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  for (const char* name : {"gln", "bn", "causal"}) {
    const auto model = imported(name, 8000);
    ASSERT_TRUE(model.has_value()) << model.error().to_string();
    Graph legal = model->graph;
    ASSERT_TRUE(legalize(legal, {}).has_value());
    const auto choices = choose_channel_bases(legal, seconds(), *cpu);
    ASSERT_TRUE(choices.has_value()) << choices.error().to_string();
    EXPECT_TRUE(choices->empty()) << name;
  }
}

TEST(ChannelBases, SurviveTheirFile) {
  const std::map<std::string, ChannelBasis> bases{{"a", test::random_basis(3, 10, 1)},
                                                  {"b \"", test::random_basis(2, 1, 2)}};
  const std::string text = print_channel_bases(bases);
  const auto parsed =
      parse_channel_bases({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
  ASSERT_EQ(parsed->size(), 2U);
  for (const auto& [name, basis] : bases) {
    EXPECT_EQ(parsed->at(name).matrix, basis.matrix);
    EXPECT_EQ(parsed->at(name).inverse, basis.inverse);
  }
}

// Every value of the stitched float pieces is that of the imported network, in its basis.
void expect_same_network(const Package& package, int64_t samples) {
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const auto network = package.network(samples);
  ASSERT_TRUE(network.has_value()) << network.error().to_string();
  const Graph& imported = network->model.graph;
  const std::vector<float> signal = verification_signal(imported.node(imported.inputs()[0]).shape);
  const ConstValues input(signal);
  const auto report = verify_plan(imported, network->plan, *cpu, *cpu, std::span(&input, 1));
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  int64_t in_another_basis = 0;
  for (const ValueCheck& stage : report->stages) {
    in_another_basis += stage.how.ends_with("in another basis") ? 1 : 0;
    EXPECT_TRUE(stage.passed) << stage.name << " " << stage.how << ": " << stage.difference.max_abs
                              << " of " << stage.difference.peak;
  }
  EXPECT_TRUE(report->passed);
  EXPECT_GT(in_another_basis, 10) << samples;
}

TEST(ChannelBases, ThatAreGivenHoldForEveryLength) {
  BuildOptions options;
  options.target = source("targets/hailo8.toml");
  options.import.length_samples = 16000;
  options.channel_bases[kStream] = test::random_basis(kChannels, 5, 1);
  const auto built = build(source("models/convtasnet_demo_gln_8k.pth"), options);
  ASSERT_TRUE(built.has_value()) << built.error().to_string();
  expect_same_network(built->package, 16000);
  expect_same_network(built->package, 12345);
}

// A package of a network that needs another basis.
class BuiltInAnotherBasis : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const ScratchFolder folder;
    const auto path = folder / "hard.onnx";
    ExportOptions exported;
    exported.metadata["sample_rate"] = "8000";
    RewriteOptions rewriting;
    rewriting.only = {"change_channel_basis"};
    rewriting.parameters = in_basis(test::random_basis(kChannels, 300, 1));
    Graph hard = imported("gln", 16000)->graph;
    ASSERT_TRUE(rewrite(hard, rewriting).has_value());
    ASSERT_NE(hard.basis_of(kStream), nullptr);
    ASSERT_TRUE(export_onnx(hard, path, exported).has_value());
    BuildOptions options;
    options.target = source("targets/hailo8.toml");
    options.import.length_samples = 16000;
    options.integers.emplace();
    options.calibration.sources.emplace_back(source("models/mixtures/04_mix.wav"));
    auto made = build(path, options);
    ASSERT_TRUE(made.has_value()) << made.error().to_string();
    built_ = std::make_unique<Built>(std::move(*made));
  }
  static void TearDownTestSuite() { built_.reset(); }

  static std::unique_ptr<Built> built_;
};
std::unique_ptr<Built> BuiltInAnotherBasis::built_;

TEST_F(BuiltInAnotherBasis, SaysSoAndKeepsIt) {
  ASSERT_EQ(built_->channel_bases.size(), 1U);
  EXPECT_GT(built_->channel_bases[0].gain_db, 10);
  EXPECT_TRUE(built_->rewritten.exact);
  EXPECT_TRUE(built_->package.read(entries::kChannelBases).has_value());
  EXPECT_EQ(built_->package.network()->legal.changed_bases().size(), 1U);
}

TEST_F(BuiltInAnotherBasis, IsTheSameNetworkAtEveryStage) {
  expect_same_network(built_->package, 16000);
}

TEST_F(BuiltInAnotherBasis, PlaysTheCodesOfTheUncutReference) {
  const auto network = built_->package.network();
  ASSERT_TRUE(network.has_value()) << network.error().to_string();
  const auto checked = check_package(built_->package, *network);
  ASSERT_TRUE(checked.has_value()) << checked.error().to_string();
}

}  // namespace
}  // namespace tessera
