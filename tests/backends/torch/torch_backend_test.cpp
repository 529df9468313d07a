// What is particular to the torch backend: its plugin, and libtorch beside our importers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/npy.h"
#include "support/random_values.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class TorchBackend : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto backend = make_backend("torch"); !backend)
      GTEST_SKIP() << backend.error().to_string();
  }
};

// libtorch and our ONNX reader bring the same protobuf and the same ONNX schema into one process.
TEST_F(TorchBackend, RunsWhatTheOnnxReaderReadInTheSameProcess) {
  const fs::path data = TESSERA_SOURCE_DIR "/tests/data";
  const fs::path model = data / "onnx/asteroid/gln_sigmoid.opset11.onnx";
  ASSERT_TRUE(fs::exists(model)) << model;
  const NpyArray input = read_npy((data / "asteroid/gln_sigmoid.in.npy").string()).value();
  const NpyArray expected = read_npy((data / "asteroid/gln_sigmoid.out.npy").string()).value();
  const auto imported = import_model(model.string(), {}).value();
  const auto first = test::run_graph(imported.graph, {input.values}, "torch");
  const auto again = import_model(model.string(), {}).value();
  const auto second = test::run_graph(again.graph, {input.values}, "torch");
  ASSERT_EQ(first[0].size(), expected.values.size());
  for (size_t i = 0; i < expected.values.size(); ++i)
    ASSERT_NEAR(first[0][i], expected.values[i], 1e-5) << i;
  EXPECT_EQ(first, second);
}

TEST(TorchPlugin, IsReportedMissingWithItsRemedy) {
  const auto backend = make_backend("torch", {.plugin_folder = "/no/such/folder"});
  ASSERT_FALSE(backend.has_value());
  EXPECT_EQ(backend.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(backend.error().subject, "backend 'torch'");
  EXPECT_NE(backend.error().hint.find("install"), std::string::npos);
}

TEST_F(TorchBackend, RefusesAPluginThatIsNotALibrary) {
  const fs::path folder = fs::path(::testing::TempDir()) / "tessera_not_a_plugin";
  fs::create_directories(folder);
  std::ofstream(folder / "tessera_torch.so") << "not a library";
  const auto backend = make_backend("torch", {.plugin_folder = folder.string()});
  fs::remove_all(folder);
  ASSERT_FALSE(backend.has_value());
  EXPECT_EQ(backend.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(backend.error().hint.find("tessera_torch.so"), std::string::npos);
}

}  // namespace
}  // namespace tessera
