// tessera diff: a network beside what the parser made of it.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "support/har_builder.h"
#include "tessera/compiler/export.h"

namespace tessera {
namespace {

class CliDiff : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  std::string onnx() const {
    const std::string path = (folder_ / "net.onnx").string();
    EXPECT_TRUE(export_onnx(test::small_network(), path, {}, {.force = true}));
    return path;
  }
  std::string har() const { return write("net.har", test::tar_of(test::small_har_members())); }
  std::string hn(const std::string& from, const std::string& to) const {
    std::string json(test::kSmallHn);
    const size_t at = json.find(from);
    EXPECT_NE(at, json.npos);
    return write("net.hn", json.replace(at, from.size(), to));
  }

  ScratchFolder folder_;
};

TEST_F(CliDiff, AHarOfTheSameNetworkIsTheSameToItsWeights) {
  const Outcome outcome = tessera_tool({"diff", onnx(), har(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(document.at("same"));
  EXPECT_TRUE(document.at("weights_given"));
  EXPECT_TRUE(document.at("layers").at(0).at("weights_compared"));
  EXPECT_TRUE(document.at("vanished").empty());
}

TEST_F(CliDiff, AnHnByItselfSaysThatWeightsAreNotCompared) {
  const Outcome outcome =
      tessera_tool({"diff", onnx(), write("net.hn", std::string(test::kSmallHn))});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("weights not compared"), std::string::npos);
}

TEST_F(CliDiff, WhatDiffersIsNamedAndTheExitCodeSaysSo) {
  const Outcome outcome =
      tessera_tool({"diff", onnx(), hn("\"SAME_TENSORFLOW\"", "\"VALID\""), "--json"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_FALSE(document.at("same"));
  EXPECT_EQ(document.at("layers").at(0).at("differences").at(0).at("what"), "padding");
  const Outcome text = tessera_tool({"diff", onnx(), (folder_ / "net.hn").string()});
  EXPECT_NE(text.out.find("DIFFERENT; 1 of 1 layer that our nodes became differs"),
            std::string::npos)
      << text.out;
}

TEST_F(CliDiff, ANodeThatVanishedIsADifference) {
  const Outcome outcome = tessera_tool(
      {"diff", onnx(), hn("[\"/conv/Conv\", \"/act/Relu\"]", "[\"/conv/Conv\"]"), "--json"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  EXPECT_EQ(nlohmann::json::parse(outcome.out).at("vanished").size(), 1U);
}

TEST_F(CliDiff, APieceOfAPackageIsTakenByItsName) {
  const std::string package = (folder_ / "net.tess").string();
  const std::string model = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";
  ASSERT_EQ(tessera_tool({"build", model, "--length", "2003", "-o", package}).code, 0);
  const Outcome which = tessera_tool({"diff", package, har()});
  EXPECT_EQ(which.code, exit_code(ErrorCode::kInvalidArgument));
  const size_t at = which.err.find("--piece ");
  ASSERT_NE(at, which.err.npos) << which.err;
  const std::string piece =
      which.err.substr(at + 8, which.err.find_first_of(" )\n", at + 8) - at - 8);
  const Outcome other = tessera_tool({"diff", package, har(), "--piece", piece});
  EXPECT_EQ(other.code, exit_code(ErrorCode::kNotFound));  // that HAR is of another network
  EXPECT_NE(other.err.find("it is of another"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace tessera
