// From a model file to a package and back: what is built is the network, for every length.
#include "tessera/build.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/archive.h"
#include "base/npy.h"
#include "package/manifest.h"
#include "support/conv_tasnet.h"
#include "support/onnx_builder.h"
#include "support/scratch_folder.h"
#include "tessera/backend.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"
#include "tessera/session.h"

namespace tessera {
namespace {

std::string source(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/" + name;
}

BuildOptions options_for(const std::string& target, std::optional<int64_t> length = {}) {
  BuildOptions options;
  options.target = source("targets/" + target + ".toml");
  options.import.length_samples = length;
  return options;
}

Package built(const std::string& model, const BuildOptions& options) {
  Result<Built> result = build(source(model), options);
  EXPECT_TRUE(result.has_value()) << model << ": " << result.error().to_string();
  return result->package;
}

// Largest difference of the packaged plan's output from the toolkit's own.
double error_against_toolkit(const std::string& stem, const Package& package) {
  const NpyArray in = read_npy(source("tests/data/" + stem + ".in.npy")).value();
  const NpyArray out = read_npy(source("tests/data/" + stem + ".out.npy")).value();
  const auto network = package.network(static_cast<int64_t>(in.values.size()));
  EXPECT_TRUE(network.has_value()) << network.error().to_string();
  if (!network) return 1e9;
  const auto backend = make_backend("cpu", {.threads = 1});
  Result<Session> session = Session::create(network->plan, **backend);
  EXPECT_TRUE(session.has_value()) << session.error().to_string();
  if (!session) return 1e9;
  const auto outputs = session->run({ConstValues(in.values)});
  EXPECT_TRUE(outputs.has_value());
  EXPECT_EQ((*outputs)[0].size(), out.values.size());
  double most = 0;
  for (size_t i = 0; i < out.values.size(); ++i) {
    most = std::max(most, std::abs(double((*outputs)[0][i]) - double(out.values[i])));
  }
  return most;
}

struct Case {
  std::string stem;
  std::string target;
};

class BuildNetwork : public testing::TestWithParam<Case> {};

TEST_P(BuildNetwork, StitchedFromItsPackageComputesWhatItsToolkitComputes) {
  const auto& [stem, target] = GetParam();
  const NpyArray in = read_npy(source("tests/data/" + stem + ".in.npy")).value();
  const Package package = built("tests/data/" + stem + ".pth",
                                options_for(target, static_cast<int64_t>(in.values.size())));
  EXPECT_LE(error_against_toolkit(stem, package), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(
    Small, BuildNetwork,
    testing::Values(
        Case{"asteroid/gln_sigmoid", "hailo8"}, Case{"asteroid/bn_k5", "hailo8"},
        Case{"asteroid/causal_cln", "hailo8"}, Case{"asteroid/causal_cgln", "hailo8"},
        Case{"asteroid/gln_softmax_3src", "hailo8"}, Case{"asteroid/gln_relu_skip0", "hailo8"},
        Case{"asteroid/enc_relu_k20", "hailo8"}, Case{"asteroid/one_src_denoise", "hailo8"},
        Case{"asteroid/gln_sigmoid", "generic"}, Case{"asteroid/gln_sigmoid", "ethos_u65"},
        Case{"asteroid/bn_k5", "ethos_u85"}, Case{"asteroid/causal_cln", "ethos_u55"},
        Case{"torchaudio/torchaudio_small", "hailo8l"}),
    [](const auto& one) {
      std::string name = one.param.stem + "_" + one.param.target;
      std::replace(name.begin(), name.end(), '/', '_');
      return name;
    });

TEST(Build, ASecondLengthPlaysFromTheSamePieces) {
  const Package package =
      built("tests/data/asteroid/gln_sigmoid.pth", options_for("hailo8", 12000));
  EXPECT_LE(error_against_toolkit("asteroid/gln_sigmoid", package), 1e-5);
}

// Dilations up to 128, gathered by phases: what the search chooses is what a package may hold.
TEST(Build, DilationsOfEveryBlockComeBackFromThePackage) {
  const ScratchFolder folder;
  test::ConvTasNet network;
  network.samples = 8000;
  network.filters = 32;
  network.bottleneck = 16;
  network.hidden = 32;
  network.skip = 16;
  network.repeats = 1;
  ASSERT_TRUE(export_onnx(test::build(network), folder / "net.onnx").has_value());
  const Result<Built> result = build(folder / "net.onnx", options_for("hailo8"));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  const auto again = result->package.network();
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  for (size_t i = 0; i < result->plan.segments.size(); ++i) {
    EXPECT_EQ(again->plan.segments[i].tiling, result->plan.segments[i].tiling);
  }
}

TEST(Build, TheSameInputGivesTheSameBytes) {
  const BuildOptions options = options_for("hailo8", 2003);
  const Package a = built("tests/data/asteroid/gln_sigmoid.pth", options);
  const Package b = built("tests/data/asteroid/gln_sigmoid.pth", options);
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()));
}

TEST(Build, HoldsTheModelFileByteForByte) {
  const std::string model = "tests/data/asteroid/gln_sigmoid.pth";
  const Package package = built(model, options_for("hailo8", 2003));
  const auto packed = package.read("model/gln_sigmoid.pth");
  ASSERT_TRUE(packed.has_value());
  const auto file = read_file(source(model), 1 << 20);
  EXPECT_TRUE(std::equal(packed->begin(), packed->end(), file->begin(), file->end()));
  EXPECT_EQ(package.manifest().model.sample_rate, 8000);
  EXPECT_EQ(package.manifest().model.n_src, 2);
}

TEST(Build, EveryPieceIsANetworkOfItsOwn) {
  const Package package = built("tests/data/asteroid/gln_sigmoid.pth", options_for("hailo8", 2003));
  const ScratchFolder folder;
  int pieces = 0;
  for (const PackageEntry& entry : package.manifest().entries) {
    if (entry.kind != "piece") continue;
    ++pieces;
    const auto file = folder / "piece.onnx";
    ASSERT_TRUE(write_file_atomically(file, *package.read(entry.name), {.force = true}));
    const auto model = import_model(file);
    EXPECT_TRUE(model.has_value()) << entry.name << ": " << model.error().to_string();
  }
  EXPECT_GT(pieces, 2);
}

TEST(Build, WritesThePackageItReturns) {
  const ScratchFolder folder;
  BuildOptions options = options_for("hailo8", 2003);
  options.output = folder / "m.tess";
  const Package package = built("tests/data/asteroid/gln_sigmoid.pth", options);
  const auto opened = Package::open(folder / "m.tess");
  ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
  EXPECT_EQ(opened->hash(), package.hash());
  EXPECT_EQ(folder.count(), 1);
}

TEST(Build, ReportsEveryStageInOrder) {
  std::string stages;
  const auto observe = [&](const StageEvent& event) {
    stages += (event.ended ? "/" : " ") + std::string(to_string(event.stage));
    EXPECT_EQ(event.ended, !event.text.empty());
  };
  ASSERT_TRUE(
      build(source("tests/data/asteroid/gln_sigmoid.pth"), options_for("hailo8", 2003), observe)
          .has_value());
  EXPECT_EQ(stages,
            " import/import rewrite/rewrite plan/plan compile/compile verify/verify save/save");
}

TEST(Build, KeepsExternalWeightsInThePackage) {
  const ScratchFolder folder;
  test::OnnxBuilder net = test::conv_net();
  net.external("w", {2, 1, 3}, "weights.bin");
  ASSERT_TRUE(write_file_atomically(folder / "net.onnx", net.bytes()));
  ASSERT_TRUE(write_file_atomically(folder / "weights.bin", std::string(24, '?')));
  const Result<Built> result = build(folder / "net.onnx", options_for("hailo8"));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  std::filesystem::remove(folder / "weights.bin");
  const auto network = result->package.network();
  EXPECT_TRUE(network.has_value()) << network.error().to_string();
  EXPECT_EQ(result->package.manifest().model.files[1].entry, "model/weights.bin");
}

std::string refusal(const std::string& model, const BuildOptions& options) {
  const Result<Built> result = build(model, options);
  return result ? "built" : result.error().to_string();
}

TEST(Build, RefusesFrozenNormsWithoutCalibration) {
  BuildOptions options = options_for("hailo8", 2003);
  options.norm = NormMode::frozen;
  EXPECT_EQ(refusal(source("tests/data/asteroid/gln_sigmoid.pth"), options),
            "calibration: frozen norms and integers need to see what the network will hear (add "
            "BuildOptions::calibration with recordings, a folder of them, or an .npz)");
}

TEST(Build, RefusesATargetThatDoesNotExist) {
  BuildOptions options = options_for("hailo8", 2003);
  options.target = "/no/such.toml";
  const Result<Built> result = build(source("tests/data/asteroid/gln_sigmoid.pth"), options);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
}

TEST(Build, DoesNotComputeForAFileThatMayNotBeWritten) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "m.tess", "mine"));
  BuildOptions options = options_for("hailo8", 2003);
  options.output = folder / "m.tess";
  int stages = 0;
  const Result<Built> result = build(source("tests/data/asteroid/gln_sigmoid.pth"), options,
                                     [&](const StageEvent&) { ++stages; });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(stages, 0);
}

TEST(Build, FrozenNormsLeaveFewerSegmentsAndAreRecorded) {
  const std::string model = source("tests/data/asteroid/gln_sigmoid.pth");
  BuildOptions options = options_for("hailo8", 2003);
  const size_t segments = build(model, options)->plan.segments.size();
  const Graph graph = import_model(model, options.import)->graph;
  options.norm = NormMode::frozen;
  for (NodeId id : graph.order()) {
    if (graph.get_if<Norm>(id)) options.frozen_norms[graph.node(id).name] = {{0.01}, {0.5}};
  }
  const Result<Built> frozen = build(model, options);
  ASSERT_TRUE(frozen.has_value()) << frozen.error().to_string();
  EXPECT_LT(frozen->plan.segments.size(), segments);
  EXPECT_FALSE(frozen->rewritten.exact);
  EXPECT_EQ(frozen->package.manifest().options.norm, "frozen");
  const ParityEvidence& parity = frozen->package.manifest().parity[0];
  EXPECT_LE(parity.max_abs, parity.tolerance);  // beside the network with these constants
  EXPECT_LT(parity.approximation_db.value(), 60);
  const auto network = frozen->package.network();
  EXPECT_TRUE(network.has_value()) << network.error().to_string();
}

TEST(PackagedNetwork, WithoutBarriersPlaysEveryLengthToo) {
  const Package package = built("tests/data/asteroid/bn_k5.pth", options_for("hailo8", 2003));
  const auto network = package.network(3001);
  EXPECT_TRUE(network.has_value()) << network.error().to_string();
}

// The ends of the sequence are inside the only piece: no other length has it.
TEST(PackagedNetwork, RefusesALengthThatNeedsOtherPieces) {
  BuildOptions options = options_for("hailo8", 2003);
  options.plan.fixed_length = true;
  const Package package = built("tests/data/asteroid/bn_k5.pth", options);
  EXPECT_EQ(
      package.network(3001).error().to_string(),
      "package: piece 'seg00_0': inputs of 3001 samples need a piece that this package does not "
      "hold (build it again with ImportOptions::length_samples 3001)");
}

// The digest is right, the sizes are not meant well.
TEST(PackagedNetwork, RefusesTilesBeyondAllUse) {
  const Package package = built("tests/data/asteroid/gln_sigmoid.pth", options_for("hailo8", 2003));
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : package.manifest().entries) {
    const auto bytes = *package.read(entry.name);
    std::string text(bytes.begin(), bytes.end());
    if (entry.kind == "plan") {
      const size_t at = text.find("\"tile_frames\": ") + 15;
      text.replace(at, text.find(',', at) - at, "16777216");
    }
    contents.push_back({entry.name, entry.kind, {text.begin(), text.end()}});
  }
  const auto hostile = Package::from_bytes(*write_package(package.manifest(), contents), "m.tess");
  ASSERT_TRUE(hostile.has_value()) << hostile.error().to_string();
  EXPECT_EQ(hostile->network().error().to_string(),
            "m.tess: plan.json: segment 'seg00': 2 tiles of 16777216 frames for 2003 samples are "
            "beyond all use (build the package again)");
}

// A package whose pieces are of another network than its model.
TEST(PackagedNetwork, RefusesPiecesOfAnotherModel) {
  const Package a = built("tests/data/asteroid/gln_sigmoid.pth", options_for("hailo8", 2003));
  const Package b = built("tests/data/asteroid/gln_relu_skip0.pth", options_for("hailo8", 2003));
  std::vector<PackageContent> contents;
  PackageManifest manifest = a.manifest();
  for (const PackageEntry& entry : a.manifest().entries) {
    const auto bytes = *a.read(entry.name);
    contents.push_back({entry.name, entry.kind, {bytes.begin(), bytes.end()}});
    if (entry.name != "graph/legal.txt") continue;
    const auto other = *b.read(entry.name);
    contents.back().bytes.assign(other.begin(), other.end());
  }
  const auto mixed = Package::from_bytes(*write_package(manifest, contents), "m.tess");
  ASSERT_TRUE(mixed.has_value()) << mixed.error().to_string();
  const auto network = mixed->network();
  ASSERT_FALSE(network.has_value());
  EXPECT_EQ(network.error().code, ErrorCode::kMismatch) << network.error().to_string();
}

// Weights lie in the model's file and in the pieces, and nowhere else.
class PackageSize : public testing::TestWithParam<NormKind> {};

TEST_P(PackageSize, IsAtMostTwiceTheModelAndATenth) {
  const ScratchFolder folder;
  test::ConvTasNet network;  // of the default size: 5 million weights
  network.samples = 4000;
  network.norm = GetParam();
  const std::vector<uint8_t> model = export_onnx(test::build(network)).value();
  ASSERT_TRUE(write_file_atomically(folder / "net.onnx", model).has_value());
  const auto result = build(folder / "net.onnx", options_for("hailo8"));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  const auto size = static_cast<double>(result->package.bytes().size());
  EXPECT_LE(size, 2.2 * static_cast<double>(model.size()));
}

INSTANTIATE_TEST_SUITE_P(Norms, PackageSize,
                         testing::Values(NormKind::global, NormKind::batch, NormKind::channel_wise),
                         [](const auto& test) { return std::string(to_string(test.param)); });

}  // namespace
}  // namespace tessera
