// Bisect names what was ruined.
#include "tessera/compiler/bisect.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "bisect/fake_quantized.h"
#include "package/encodings_file.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "support/quantised.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/compiler/verify.h"
#include "tessera/file.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using test::Quantised;
using test::quantised;

class BisectTest : public testing::Test {
 protected:
  Result<BisectReport> run(BisectOptions options = {}, const BisectProgress& progress = nullptr) {
    options.threads = 1;
    const std::vector<ConstValues> inputs{given_.signal};
    return bisect(given_.imported, given_.package, "hash", inputs, options, progress);
  }
  const Graph& graph() const { return given_.package.plan.graph; }
  Encodings& encodings() { return *given_.package.encodings; }

  // The encoded value in the middle of the network that `is`.
  template <typename Op>
  std::string value_of() {
    std::vector<std::string> names;
    for (NodeId id : graph().order()) {
      const Node& node = graph().node(id);
      if (graph().get_if<Op>(id) != nullptr && encodings().values.contains(node.name))
        names.push_back(node.name);
    }
    EXPECT_FALSE(names.empty());
    return names.empty() ? "" : names[names.size() / 2];
  }
  // A convolution in the middle of the network, depthwise or not.
  std::string weights_of(bool depthwise) {
    std::vector<std::string> names;
    for (NodeId id : graph().order()) {
      const auto* conv = graph().get_if<Conv>(id);
      if (conv != nullptr && (conv->groups > 1) == depthwise &&
          encodings().weights.contains(graph().node(id).name))
        names.push_back(graph().node(id).name);
    }
    EXPECT_FALSE(names.empty());
    return names.empty() ? "" : names[names.size() / 2];
  }

  Quantised given_ = quantised();
};

TEST_F(BisectTest, WalksFromTheNetworkToItsIntegers) {
  const auto report = run();
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  ASSERT_EQ(report->stages.size(), 5u);
  EXPECT_GT(report->stages[1].snr_db, 80);
  EXPECT_GT(report->stages[2].snr_db, 80);
  EXPECT_LT(report->stages[3].snr_db, 60);
  EXPECT_EQ(report->stages[report->costliest].stage, BisectPoint::quantised);
  EXPECT_NEAR(report->stages[4].snr_db, report->stages[3].snr_db, 0.5);
  double shares = 0;
  for (const StageCost& stage : report->stages) shares += stage.added;
  EXPECT_NEAR(shares, 1, 1e-9);
  EXPECT_GT(report->items, 30);
}

TEST_F(BisectTest, NamesAValueWhoseScaleIsTooLarge) {
  const std::string ruined = value_of<Unary>();
  for (float& scale : encodings().values.at(ruined).scale) scale *= 16;
  const auto report = run();
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  ASSERT_FALSE(report->contributors.empty());
  EXPECT_EQ(report->contributors[0].name, ruined);
  EXPECT_EQ(report->contributors[0].kind, "value");
  EXPECT_GT(report->contributors[0].share, 0.3);
  EXPECT_GT(report->contributors[0].gain_db, 3);
}

TEST_F(BisectTest, NamesAValueThatItsReadersTakeForAnother) {
  for (float factor : {8.0F, 0.125F}) {
    given_ = quantised();
    const std::string ruined = value_of<ScaleShift>();
    for (float& scale : encodings().values.at(ruined).scale) scale *= factor;
    const auto report = run().value();
    ASSERT_FALSE(report.contributors.empty());
    EXPECT_EQ(report.contributors[0].name, ruined);
    EXPECT_EQ(report.contributors[0].kind, "value");
    EXPECT_TRUE(report.contributors[0].contradiction.starts_with(
        fmt::format("its scale is {:.2g} times the one that the weights of '", factor)))
        << report.contributors[0].contradiction;
  }
}

TEST_F(BisectTest, NamesAValueWhoseScaleIsTooSmall) {
  const std::string ruined = value_of<Add>();
  for (float& scale : encodings().values.at(ruined).scale) scale /= 16;
  const auto report = run().value();
  ASSERT_FALSE(report.contributors.empty());
  EXPECT_EQ(report.contributors[0].name, ruined);
  EXPECT_EQ(report.contributors[0].kind, "value");
}

TEST_F(BisectTest, NamesAnOperandThatIsReadWithAnotherScale) {
  test::ConvTasNet network = test::small_separator();
  network.norm = NormKind::batch;
  given_ = quantised(network);
  std::string reader;
  for (auto& [name, weights] : encodings().weights) {
    if (!weights.operand) continue;
    reader = name;
    for (float& scale : weights.operand->scale) scale *= 8;
  }
  ASSERT_FALSE(reader.empty());
  const auto report = run().value();
  ASSERT_FALSE(report.contributors.empty());
  EXPECT_EQ(report.contributors[0].kind, "operand");
  const Node& node = graph().node(graph().find(reader));
  EXPECT_EQ(report.contributors[0].name, graph().node(node.inputs[0]).name);
}

TEST_F(BisectTest, NamesTheConvolutionWithABlockOfWeightsFlipped) {
  for (bool depthwise : {false, true}) {
    given_ = quantised();
    const std::string ruined = weights_of(depthwise);
    std::vector<int8_t>& values = encodings().weights.at(ruined).values;
    for (size_t i = 0; i < values.size() / 3; ++i) values[i] = static_cast<int8_t>(-values[i]);
    const auto report = run().value();
    ASSERT_FALSE(report.contributors.empty());
    EXPECT_EQ(report.contributors[0].name, ruined);
    EXPECT_EQ(report.contributors[0].kind, "weights");
  }
}

TEST_F(BisectTest, NamesTheConvolutionWhoseWeightScalesAreWrong) {
  const std::string ruined = weights_of(true);
  for (float& scale : encodings().weights.at(ruined).scale) scale *= 4;
  const auto report = run().value();
  ASSERT_FALSE(report.contributors.empty());
  EXPECT_EQ(report.contributors[0].name, ruined);
  EXPECT_EQ(report.contributors[0].kind, "weights");
  EXPECT_EQ(report.contributors[0].contradiction,
            "its scales are 4 times what its weights and biases have");
  // The norm behind it takes the factor away; only the codes between are too few.
  EXPECT_TRUE(report.contributors[0].only_in_combination);
}

TEST_F(BisectTest, OneCulpritTakesAboutTwoLogarithmsOfTheirNumber) {
  const std::string ruined = value_of<Unary>();
  for (float& scale : encodings().values.at(ruined).scale) scale *= 64;
  const auto report = run({.contributors = 1}).value();
  ASSERT_EQ(report.contributors.size(), 1u);
  EXPECT_EQ(report.contributors[0].name, ruined);
  const double logarithm = std::ceil(std::log2(static_cast<double>(report.items)));
  // Stages, everything, without it twice.
  EXPECT_LE(static_cast<double>(report.trials), 2 * logarithm + 4 + 1 + 2);
}

TEST_F(BisectTest, TheCulpritsAreThoseOfTryingEveryOneAlone) {
  const auto report = run({.contributors = 5, .least_share = 0}).value();
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const auto fake = FakeQuantized::create(graph(), encodings(), *cpu).value();
  const std::vector<ConstValues> inputs{given_.signal};
  const auto expected = fake.run({}, inputs).value();
  std::vector<std::pair<double, std::string>> errors;
  for (size_t i = 0; i < fake.items().size(); ++i) {
    const auto outputs = fake.run({i}, inputs).value();
    errors.emplace_back(-difference(expected[0], outputs[0]).snr_db, fake.items()[i].name);
  }
  std::sort(errors.rbegin(), errors.rend());
  ASSERT_EQ(report.contributors.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(report.contributors[i].name, errors[i].second);
    EXPECT_NEAR(-report.contributors[i].only_snr_db, errors[i].first, 0.01);
  }
}

TEST_F(BisectTest, AWrongPieceIsFoundInTheCutStage) {
  Plan& plan = given_.package.plan;
  std::string ruined;
  for (NodeId id : plan.graph.order()) {
    const auto* conv = plan.graph.get_if<Conv>(id);
    if (conv == nullptr || conv->groups == 1) continue;
    ruined = plan.graph.node(id).name;
  }
  const NodeId id = plan.graph.find(ruined);
  Node node = plan.graph.node(id);
  Conv conv = std::get<Conv>(node.op);
  std::vector<float> weights(conv.weight.values().begin(), conv.weight.values().end());
  for (float& weight : weights) weight *= -1.0F;
  conv.weight = Tensor(conv.weight.dims(), std::move(weights));
  GraphEditor editor(plan.graph, "test");
  ASSERT_TRUE(editor.replace(id, conv, node.inputs).has_value());
  for (ChipSegment& segment : plan.segments) {
    for (Piece& piece : segment.pieces) {
      const NodeId in_piece = piece.graph.find(ruined);
      if (in_piece == kNoNode) continue;
      Conv turned = *piece.graph.get_if<Conv>(in_piece);
      turned.weight = conv.weight.reshaped(turned.weight.dims());
      GraphEditor(piece.graph, "test")
          .replace(in_piece, turned, piece.graph.node(in_piece).inputs)
          .value();
    }
  }
  given_.package.encodings.reset();
  const auto report = run();
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_EQ(report->stages.size(), 3u);
  EXPECT_EQ(report->stages[report->costliest].stage, BisectPoint::cut);
  ASSERT_FALSE(report->snr_drops.empty());
  EXPECT_EQ(report->snr_drops[0].value, ruined);
}

TEST_F(BisectTest, ReferencesGiveTheCostInSiSnr) {
  const std::vector<float> output = [&] {
    const auto cpu = make_backend("cpu", {.threads = 1}).value();
    return Session::create(given_.imported, *cpu)
        .value()
        .run({ConstValues(given_.signal)})
        .value()[0];
  }();
  BisectOptions options;
  const size_t each = output.size() / 2;
  // The second source first: the order does not matter.
  options.references = {{output.begin() + static_cast<std::ptrdiff_t>(each), output.end()},
                        {output.begin(), output.begin() + static_cast<std::ptrdiff_t>(each)}};
  for (auto& reference : options.references) {
    for (size_t t = 0; t < each; ++t) reference[t] += t % 2 == 0 ? 0.01F : -0.01F;
  }
  const auto report = run(options);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  ASSERT_TRUE(report->stages[3].cost_db.has_value());
  EXPECT_GT(*report->stages[3].cost_db, 0.0);
  EXPECT_NEAR(*report->stages[1].cost_db, 0.0, 1e-3);
  ASSERT_FALSE(report->contributors.empty());
  EXPECT_TRUE(report->contributors[0].gain_si_snr_db.has_value());
}

TEST_F(BisectTest, GoesOnWhereItWasStopped) {
  const ScratchFolder folder;
  BisectOptions options{.contributors = 3};
  const auto whole = run(options).value();
  options.state = folder / "state.json";
  const auto stopped = run(options, [](int64_t trials, const std::string&) { return trials < 6; });
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().to_string(),
            "bisect: stopped after 6 measurements (the same command goes on from there)");
  const auto rest = run(options).value();
  EXPECT_EQ(rest.resumed, 6);
  EXPECT_EQ(rest.trials + rest.resumed, whole.trials);
  ASSERT_EQ(rest.contributors.size(), whole.contributors.size());
  for (size_t i = 0; i < whole.contributors.size(); ++i) {
    EXPECT_EQ(rest.contributors[i].name, whole.contributors[i].name);
    EXPECT_EQ(rest.contributors[i].only_snr_db, whole.contributors[i].only_snr_db);
    EXPECT_EQ(rest.contributors[i].gain_db, whole.contributors[i].gain_db);
  }
}

TEST_F(BisectTest, AStateOfAnotherSignalIsNotUsed) {
  const ScratchFolder folder;
  BisectOptions options{.contributors = 1, .state = folder / "state.json"};
  ASSERT_TRUE(run(options).has_value());
  given_.signal[7] += 0.1F;
  const auto report = run(options).value();
  EXPECT_EQ(report.resumed, 0);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_EQ(report.notes[0].text,
            options.state.string() +
                ": is of other networks, another signal or other references: bisection begins "
                "anew");
}

TEST_F(BisectTest, ADamagedStateIsNotUsed) {
  const ScratchFolder folder;
  BisectOptions options{.contributors = 1, .state = folder / "state.json"};
  ASSERT_TRUE(run(options).has_value());
  const auto bytes = read_file(options.state, 1 << 20).value();
  ASSERT_TRUE(write_file_atomically(options.state, std::span(bytes).first(bytes.size() / 2),
                                    {.force = true})
                  .has_value());
  const auto report = run(options).value();
  EXPECT_EQ(report.resumed, 0);
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_TRUE(report.notes[0].text.starts_with(options.state.string() + ": is damaged ("));
}

TEST_F(BisectTest, RefusesSilenceAndWrongReferences) {
  BisectOptions options;
  options.references = {given_.signal};
  EXPECT_EQ(run(options).error().to_string(),
            "references: 1 are given for 2 sources (give one recording for each source of the "
            "network)");
  options.references = {given_.signal, std::vector<float>(5, 1.0F)};
  EXPECT_EQ(run(options).error().to_string(),
            "references: one has 5 samples, the output 2003 (give the true sources of the input, "
            "sample by sample)");
  std::fill(given_.signal.begin(), given_.signal.end(), 0.0F);
  EXPECT_EQ(run().error().to_string(),
            "inputs: are silent: nothing costs anything there (bisect on a signal)");
}

// A package as a file, one scale in it ruined.
Result<Package> planted(const Package& package, const std::function<void(Encodings&)>& ruin) {
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : package.manifest().entries) {
    TESSERA_TRY(const auto bytes, package.read(entry.name));
    contents.push_back({entry.name, entry.kind, {bytes.begin(), bytes.end()}});
    if (entry.name != entries::kEncodings) continue;
    TESSERA_TRY(Encodings encodings, parse_encodings(bytes));
    ruin(encodings);
    const std::string text = print_encodings(encodings);
    contents.back().bytes.assign(text.begin(), text.end());
  }
  TESSERA_TRY(std::vector<uint8_t> bytes, write_package(package.manifest(), contents));
  return Package::from_bytes(std::move(bytes), "planted");
}

TEST(BisectPackage, NamesTheTensorThatWasRuinedInAPackage) {
  const std::string folder = TESSERA_SOURCE_DIR "/tests/data/asteroid";
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.import.length_samples = 2003;
  options.integers.emplace();
  options.calibration.sources = {folder + "/gln_sigmoid.in.npy"};
  options.calibration.length = LengthPolicy::crop;
  const auto built = build(folder + "/gln_sigmoid.pth", options);
  ASSERT_TRUE(built.has_value()) << built.error().to_string();
  std::string ruined;
  const auto package = planted(built->package, [&](Encodings& encodings) {
    auto at = encodings.values.begin();
    std::advance(at, encodings.values.size() / 2);
    ruined = at->first;
    for (float& scale : at->second.scale) scale *= 20;
  });
  ASSERT_TRUE(package.has_value()) << package.error().to_string();
  const auto network = package->network();
  ASSERT_TRUE(network.has_value()) << network.error().to_string();
  const Graph& original = network->model.graph;
  const std::vector<float> signal = verification_signal(original.node(original.inputs()[0]).shape);
  const std::vector<ConstValues> inputs{signal};
  const auto report = bisect(original, *network, package->hash(), inputs, {.threads = 1});
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  ASSERT_FALSE(report->contributors.empty());
  EXPECT_EQ(report->contributors[0].name, ruined);
}

TEST_F(BisectTest, EverythingInForceIsWhatTheEmulatorComputes) {
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const auto emulator = make_backend("emulator").value();
  const auto fake = FakeQuantized::create(graph(), encodings(), *cpu).value();
  std::set<size_t> all;
  for (size_t i = 0; i < fake.items().size(); ++i) all.insert(i);
  const std::vector<ConstValues> inputs{given_.signal};
  const auto floats = fake.run(all, inputs).value();
  Session session = Session::create(graph(), *emulator, &encodings()).value();
  const auto integers = session.run(inputs).value();
  // Sums that fall between two codes may round the other way.
  EXPECT_GT(difference(integers[0], floats[0]).snr_db, 40);
  EXPECT_TRUE(fake.contradictions().empty());
}

}  // namespace
}  // namespace tessera
