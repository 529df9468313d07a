// tessera run on arrays.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

using nlohmann::json;

class CliRun : public ::testing::Test {
 protected:
  std::string array(const std::string& name, const std::vector<int64_t>& dims) {
    int64_t count = 1;
    for (const int64_t dim : dims) count *= dim;
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i) * 0.1F);
    EXPECT_TRUE(write_npy(folder_ / name, dims, values));
    return (folder_ / name).string();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  ScratchFolder folder_;
};

TEST_F(CliRun, DimensionsOfOneMayBeThereOrNot) {
  std::vector<NpyArray> outputs;
  for (const auto& dims : std::vector<std::vector<int64_t>>{{800}, {1, 800}, {1, 1, 800}}) {
    const std::string name = std::to_string(dims.size());
    const Outcome outcome = tessera_tool(
        {"run", kDemoModel, "--input", array("in" + name, dims), "--output", path(name)});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    outputs.push_back(read_npy(path(name)).value());
  }
  EXPECT_EQ(outputs[0].dims, (std::vector<int64_t>{1, 2, 800}));
  EXPECT_EQ(outputs[0].values, outputs[1].values);
  EXPECT_EQ(outputs[0].values, outputs[2].values);
}

TEST_F(CliRun, PortsAreNamedWhereTheUserWants) {
  const Outcome outcome =
      tessera_tool({"run", kDemoModel, "--input", "mixture=" + array("x", {400}), "--output",
                    "sources=" + path("y"), "--check", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(json::parse(outcome.out).at("outputs")[0].at("path"), path("y"));
}

TEST_F(CliRun, AnArrayThatDoesNotFitIsRefused) {
  const Outcome outcome = tessera_tool({"run", kDemoModel, "--input", array("x", {2, 2, 400})});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(outcome.err.find("  in: " + path("x") + "\n"), std::string::npos) << outcome.err;
}

TEST_F(CliRun, AnExistingOutputIsReplacedOnlyByForce) {
  const std::string input = array("x", {400}), output = array("y", {1});
  EXPECT_EQ(tessera_tool({"run", kDemoModel, "--input", input, "--output", output}).code,
            exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(read_npy(output)->dims, (std::vector<int64_t>{1}));
  EXPECT_EQ(tessera_tool({"run", kDemoModel, "--input", input, "--output", output, "--force"}).code,
            0);
}

TEST_F(CliRun, AnInputThatNothingReadsMayBeGivenOrLeftOut) {
  const std::string stem =
      std::string(TESSERA_SOURCE_DIR) + "/tests/data/onnx/voices/unread_lengths";
  const Outcome without =
      tessera_tool({"run", stem + ".onnx", "--input", stem + ".in.npy", "--output", path("a.npy")});
  ASSERT_EQ(without.code, 0) << without.err;
  const Outcome with = tessera_tool({"run", stem + ".onnx", "--input", "x=" + stem + ".in.npy",
                                     "--input", "x_lens=lengths.npy", "--output", path("b.npy")});
  ASSERT_EQ(with.code, 0) << with.err;
  EXPECT_NE(with.err.find("note: lengths.npy is not used: nothing in the network reads its input "
                          "'x_lens'"),
            std::string::npos)
      << with.err;
  const NpyArray expected = read_npy(stem + ".out.npy").value();
  for (const char* name : {"a.npy", "b.npy"}) {
    const NpyArray result = read_npy(path(name)).value();
    ASSERT_EQ(result.dims, expected.dims);
    for (size_t i = 0; i < expected.values.size(); ++i)
      ASSERT_NEAR(result.values[i], expected.values[i], 1e-5);
  }
}

}  // namespace
}  // namespace tessera
