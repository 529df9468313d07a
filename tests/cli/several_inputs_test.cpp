// Networks with states as further inputs: the input whose time is open says the length.
#include <gtest/gtest.h>

#include <cmath>

#include "base/npy.h"
#include "cli/tool.h"

namespace tessera {
namespace {

const std::string kLayouts = TESSERA_SOURCE_DIR "/tests/data/onnx/kinds/layouts/";

TEST(CliSeveralInputs, TheLengthIsThatOfTheFeaturesNotOfTheirCaches) {
  const ScratchFolder folder;
  const std::string stem = kLayouts + "open_length";
  const std::string out = (folder / "y").string();
  const Outcome outcome = tessera_tool({"run", stem + ".onnx", "--input", "x=" + stem + ".in.npy",
                                        "--input", "past0=" + stem + ".in1.npy", "--input",
                                        "past1=" + stem + ".in2.npy", "--output", "v9=" + out});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto result = read_npy(out);
  const auto expected = read_npy(stem + ".out.npy");
  ASSERT_TRUE(result && expected);
  EXPECT_EQ(result->dims, expected->dims);
  for (size_t i = 0; i < expected->values.size(); ++i)
    ASSERT_NEAR(result->values[i], expected->values[i], 1e-5);
}

TEST(CliSeveralInputs, ArePlanned) {
  const Outcome outcome = tessera_tool({"plan", kLayouts + "mixed_caches.onnx"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

}  // namespace
}  // namespace tessera
