// A network is loaded from a model file or a package in the same way.
#include "tessera/package.h"
#include "tessera/separator.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/random_values.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"

namespace tessera {
namespace {

const std::string kModel = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";

class LoadedNetworkTest : public ::testing::Test {
 protected:
  std::string package(BuildOptions options = {}) const {
    options.import.length_samples = 2003;
    options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
    options.output = folder_ / "net.tess";
    const auto built = build(kModel, options);
    EXPECT_TRUE(built.has_value()) << built.error().to_string();
    return options.output.string();
  }
  static std::vector<float> run(const LoadedNetwork& network) {
    const auto backend = make_backend("cpu", {.threads = 1}).value();
    Session session = network.session(*backend).value();
    const auto inputs = test::random_inputs(network.graph(), 1);
    return session.run({inputs[0]}).value()[0];
  }

  ScratchFolder folder_;
};

TEST_F(LoadedNetworkTest, AModelFileHasTheLengthAskedFor) {
  ImportOptions options;
  options.length_samples = 1200;
  LoadedNetwork network = LoadedNetwork::open(kModel, options).value();
  EXPECT_EQ(network.model.length_samples, 1200);
  EXPECT_FALSE(network.plan.has_value());
  EXPECT_EQ(&network.graph(), &network.model.graph);
  ASSERT_TRUE(network.set_length(800).has_value());
  EXPECT_EQ(network.model.length_samples, 800);
  EXPECT_EQ(network.graph().node(network.graph().inputs()[0]).shape.w, 800);
}

TEST_F(LoadedNetworkTest, APackageRunsAsItsPlanCutsIt) {
  LoadedNetwork packaged = LoadedNetwork::open(package()).value();
  EXPECT_EQ(packaged.model.length_samples, 2003);
  ASSERT_TRUE(packaged.plan.has_value());
  EXPECT_EQ(&packaged.graph(), &packaged.plan->graph);
  LoadedNetwork whole = LoadedNetwork::open(kModel).value();
  for (const int64_t length : {2003, 1500}) {
    ASSERT_TRUE(packaged.set_length(length).has_value());
    ASSERT_TRUE(whole.set_length(length).has_value());
    const std::vector<float> actual = run(packaged);
    const std::vector<float> expected = run(whole);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-5) << i;
  }
}

TEST_F(LoadedNetworkTest, FrozenNormsArePartOfWhatAPackageMustCompute) {
  BuildOptions options;
  options.norm = NormMode::frozen;
  options.calibration.sources = {TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav"};
  options.force = true;
  const LoadedNetwork frozen = LoadedNetwork::open(package(options)).value();
  const auto inputs = test::random_inputs(frozen.graph(), 1);
  const std::vector<std::vector<float>> outputs{run(frozen)};
  EXPECT_TRUE(compare_with_reference(frozen.expected_graph(), inputs, outputs, "net").has_value());
  EXPECT_FALSE(compare_with_reference(frozen.model.graph, inputs, outputs, "net").has_value());
}

TEST_F(LoadedNetworkTest, ALengthThatTheNetworkDoesNotTakeLeavesItAsItWas) {
  LoadedNetwork network = LoadedNetwork::open(package()).value();
  EXPECT_EQ(network.set_length(3).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(network.model.length_samples, 2003);
  EXPECT_EQ(network.graph().node(network.graph().inputs()[0]).shape.w, 2003);
}

TEST_F(LoadedNetworkTest, APackageHasItsOwnArguments) {
  ImportOptions options;
  options.model_args["mask_act"] = "relu";
  const std::string path = package();
  const std::string expected =
      "ImportOptions::model_args: a package holds the arguments that it was built with (give them "
      "to tessera::build())";
  EXPECT_EQ(LoadedNetwork::open(path, options).error().to_string(), expected);
  EXPECT_EQ(load_model(path, options).error().to_string(), expected);
}

TEST_F(LoadedNetworkTest, TheModelOfAPackageIsTheOneItWasBuiltFrom) {
  const ImportedModel packaged = load_model(package()).value();
  EXPECT_EQ(packaged.length_samples, 2003);
  EXPECT_EQ(packaged.graph.form(), GraphForm::imported);
  EXPECT_EQ(packaged.family, load_model(kModel).value().family);
}

}  // namespace
}  // namespace tessera
