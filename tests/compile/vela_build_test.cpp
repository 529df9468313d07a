// Packages through Vela and back: what is refused is learnt and planned around. A stand-in has the
// faults; where the real Vela is among the witnesses, it compiles real networks.
#include "compile/vela_build.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "base/npy.h"
#include "support/scratch_folder.h"
#include "target/target_text.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"
#include "vendor/vela/vela_command.h"

namespace tessera {
namespace {

std::string source(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/" + name;
}

struct VelaBuild : ::testing::Test {
  // An encoder of 8 x 400 values whose depthwise convolution has a stride.
  std::filesystem::path encoder(int64_t stride) {
    std::mt19937 random(1);
    const auto tensor = [&](std::vector<int64_t> dims) {
      int64_t size = 1;
      for (int64_t dim : dims) size *= dim;
      std::vector<float> values;
      for (int64_t i = 0; i < size; ++i)
        values.push_back(static_cast<float>(random() % 2001) / 1000 - 1);
      return Tensor(std::move(dims), std::move(values));
    };
    Graph graph;
    GraphEditor editor(graph, "test");
    const NodeId x = editor.add(Input{{8, 1, 400}}, {}, "x").value();
    const NodeId a = editor.add(Conv{.weight = tensor({16, 8, 1, 1})}, {x}, "a").value();
    Conv dw{.weight = tensor({16, 1, 1, 5}), .groups = 16};
    dw.stride.w = stride;
    const NodeId b = editor.add(dw, {a}, "strided").value();
    const NodeId c = editor.add(Conv{.weight = tensor({4, 16, 1, 1})}, {b}, "c").value();
    editor.add_output("y", c);
    EXPECT_TRUE(editor.enter(GraphForm::imported));
    const auto path = folder / "encoder.onnx";
    EXPECT_TRUE(write_file_atomically(path, export_onnx(graph).value(), {.force = true}));
    std::vector<float> values(4 * 8 * 400);
    for (float& value : values) value = static_cast<float>(random() % 2001) / 1000 - 1;
    const int64_t dims[] = {4, 8, 400};
    EXPECT_TRUE(write_npy(folder / "calib.npy", dims, values, {.force = true}));
    return path;
  }

  VelaBuildOptions options(const std::filesystem::path& target) {
    VelaBuildOptions how;
    how.build.target = target;
    how.build.integers = IntegerOptions{};
    how.build.threads = 1;
    how.build.calibration.sources = {folder / "calib.npy"};
    how.compile.version = "5.2.0";
    how.compile.folder = folder / "pieces";
    how.compile.compiler.store = folder / "steps";
    how.compile.compiler.configuration =
        vela::configuration_of(read_target(target).value()).value();
    how.compile.compiler.program = source("tests/vela_stand_in/vela");
    how.compile.compiler.environment = {{"VELA_STAND_IN", "ok"}};
    return how;
  }

  // False where the real Vela is not installed.
  static bool use_real_vela(VelaBuildOptions& how) {
    how.compile.compiler.program = source("build/witnesses/bin/vela");
    how.compile.compiler.environment.clear();
    return vela::vela_version(how.compile.compiler).has_value();
  }

  ScratchFolder folder;
};

TEST_F(VelaBuild, ThePackageHoldsTheCompiledFileOfEveryPieceAndItsEstimate) {
  const auto model = encoder(1);
  const auto made = build_with_vela(model, options(source("targets/ethos_u65.toml")));
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(made->compiled.refused(), 0);
  ASSERT_FALSE(made->compiled.package.empty());
  const auto package = Package::from_bytes(made->compiled.package, "net.tess");
  ASSERT_TRUE(package) << package.error().to_string();
  for (const VelaCompiled::Piece& piece : made->compiled.pieces)
    EXPECT_TRUE(package->read("pieces/" + piece.name + ".vela.tflite")) << piece.name;
  const auto record = package->read("vela/compile.json");
  ASSERT_TRUE(record);
  const std::string text(record->begin(), record->end());
  EXPECT_NE(text.find("estimates of the vendor's compiler"), std::string::npos);
  EXPECT_NE(text.find("estimated_by_vela"), std::string::npos);
  const auto network = package->network();
  ASSERT_TRUE(network) << network.error().to_string();
  const auto checked = check_package(*package, *network, 1);
  EXPECT_TRUE(checked) << checked.error().to_string();
}

TEST_F(VelaBuild, WhatIsRefusedIsInNoPackage) {
  const auto model = encoder(1);
  VelaBuildOptions how = options(source("targets/ethos_u65.toml"));
  how.compile.compiler.environment = {{"VELA_STAND_IN", "crash"}};
  const auto made = build_with_vela(model, how);
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_GT(made->compiled.refused(), 0);
  EXPECT_TRUE(made->compiled.package.empty());
  EXPECT_EQ(made->attempts.size(), 1u);
}

TEST_F(VelaBuild, NetworksInFloatAreRefused) {
  const auto model = encoder(1);
  VelaBuildOptions how = options(source("targets/ethos_u65.toml"));
  how.build.integers.reset();
  const auto made = build_with_vela(model, how);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(VelaBuild, MemoryThatIsTooMuchIsLearnt) {
  const auto model = encoder(1);
  VelaBuildOptions how = options(source("targets/ethos_u65.toml"));
  how.compile.compiler.configuration.sram_bytes = 1 << 20;
  how.compile.compiler.environment = {{"VELA_STAND_IN", "memory"}};  // 3 MiB whatever it is given
  how.attempts = 3;
  const auto made = build_with_vela(model, how);
  ASSERT_TRUE(made) << made.error().to_string();
  ASSERT_GE(made->attempts.size(), 2u);
  EXPECT_NE(made->attempts[0].learned.find("of the memory"), std::string::npos)
      << made->attempts[0].learned;
  const auto learned = read_target(folder / "pieces" / "target_after_attempt_1.toml");
  ASSERT_TRUE(learned) << learned.error().to_string();
  EXPECT_LT(learned->unit("sram_bytes"), read_target(how.build.target)->unit("sram_bytes") / 3);
}

TEST_F(VelaBuild, AnOperatorThatTheRealVelaLeavesToTheCpuGoesToTheHost) {
  const auto model = encoder(4);
  // A target file that does not know of the limit.
  std::string text = target_text("ethos_u65");
  const size_t at = text.find("[limits.depthwise_stride]");
  ASSERT_NE(at, std::string::npos);
  text.erase(at, text.find("\n[", at) + 1 - at);
  const auto lax = folder / "lax.toml";
  ASSERT_TRUE(write_file_atomically(lax, std::string_view(text), {.force = true}));
  VelaBuildOptions how = options(lax);
  if (!use_real_vela(how)) GTEST_SKIP() << "the real Vela is not among the witnesses";
  const auto once = build_with_vela(model, how);
  ASSERT_TRUE(once) << once.error().to_string();
  EXPECT_GT(once->compiled.refused(), 0);
  how.attempts = 3;
  const auto made = build_with_vela(model, how);
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(made->compiled.refused(), 0) << made->attempts.back().reason;
  ASSERT_EQ(made->attempts.size(), 2u);
  EXPECT_NE(made->attempts[0].reason.find("Unsupported kernel stride"), std::string::npos)
      << made->attempts[0].reason;
  EXPECT_NE(made->attempts[0].learned.find("on the host"), std::string::npos);
  EXPECT_FALSE(made->compiled.package.empty());
}

TEST_F(VelaBuild, TheRealVelaTakesWhatTheTargetSaysFits) {
  const auto model = encoder(2);
  for (const char* target : {"ethos_u55", "ethos_u65", "ethos_u85"}) {
    VelaBuildOptions how = options(source(std::string("targets/") + target + ".toml"));
    if (!use_real_vela(how)) GTEST_SKIP() << "the real Vela is not among the witnesses";
    const auto made = build_with_vela(model, how);
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ(made->compiled.refused(), 0) << target << ": " << made->attempts[0].reason;
    for (const VelaCompiled::Piece& piece : made->compiled.pieces) {
      ASSERT_TRUE(piece.result.figures) << piece.name;
      for (const auto& one : piece.result.figures->operators) EXPECT_TRUE(one.on_npu) << one.value;
    }
  }
}

}  // namespace
}  // namespace tessera
