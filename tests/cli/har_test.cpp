// tessera har: what people see of it, and what is written.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "support/har_builder.h"
#include "tessera/compiler/export.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class CliHar : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }

  ScratchFolder folder_;
};

TEST_F(CliHar, ShowsTheNetworkItsWeightsScriptsAndTheCompiledFileInside) {
  const std::string path = write("net.har", test::tar_of(test::small_har_members()));
  const Outcome outcome = tessera_tool({"har", "inspect", path, "--layers"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text :
       {"intact HAR, compiled; ", "net: 3 layers", "1 conv, 1 input_layer, 1 output_layer",
        "net/conv1/kernel:0 [1, 3, 3, 4] <f4", "quantization_param(conv1, precision_mode=a8_w8)",
        "net.hef: intact HEF of version 2", "SAME_TENSORFLOW", "/conv/Conv, /act/Relu"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\n" << outcome.out;
  }
}

TEST_F(CliHar, ExtractsAllOfItOrNothing) {
  const std::string path = write("net.har", test::gzip_of(test::tar_of(test::small_har_members())));
  const std::string out = (folder_ / "out").string();
  EXPECT_EQ(tessera_tool({"har", "extract", path, "-o", out}).code, 0);
  EXPECT_EQ(contents(fs::path(out) / "net.hn"), std::string(test::kSmallHn));
  EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator()), 6);
  EXPECT_EQ(tessera_tool({"har", "extract", path, "-o", out}).code,
            exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(tessera_tool({"har", "extract", path, "-o", out, "--force"}).code, 0);
}

TEST_F(CliHar, WhatLeavesTheFolderIsRefusedBeforeAnythingIsWritten) {
  const std::string path = write("evil.har", test::tar_of({{"net.hn", "{}"}, {"../evil", "x"}}));
  const Outcome outcome = tessera_tool({"har", "extract", path, "-o", (folder_ / "out").string()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kUnsafe));
  EXPECT_FALSE(fs::exists(folder_ / "evil"));
  EXPECT_FALSE(fs::exists(folder_ / "out/net.hn"));
}

TEST_F(CliHar, ACutOneIsShownButNotExtracted) {
  std::string tar = test::tar_of(test::small_har_members());
  tar.resize(tar.size() - 3000);
  const std::string path = write("cut.har", tar);
  const Outcome shown = tessera_tool({"har", "inspect", path, "--json"});
  EXPECT_EQ(shown.code, exit_code(ErrorCode::kCorrupt));
  const auto document = nlohmann::json::parse(shown.out);
  EXPECT_EQ(document.at("networks").at(0).at("layers").size(), 3U);
  EXPECT_FALSE(document.at("damage").empty());
  EXPECT_EQ(tessera_tool({"har", "extract", path, "-o", (folder_ / "out").string()}).code,
            exit_code(ErrorCode::kCorrupt));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

// The parser's network runs, and computes what the network computes that it was made of.
TEST_F(CliHar, TheNetworkInsideIsExportedAndComputesTheSame) {
  const std::string path = write("net.har", test::tar_of(test::small_har_members()));
  const std::string parsed = (folder_ / "parsed.onnx").string();
  const std::string ours = (folder_ / "ours.onnx").string();
  const Outcome exported = tessera_tool({"har", "export", path, "-o", parsed});
  ASSERT_EQ(exported.code, 0) << exported.err;
  ASSERT_TRUE(export_onnx(test::small_network(), ours));
  const Outcome compared = tessera_tool(
      {"compare", ours, parsed, "--backend-a", "reference", "--backend-b", "reference", "--json"});
  ASSERT_EQ(compared.code, 0) << compared.err;
  const auto outputs = nlohmann::json::parse(compared.out).at("outputs");
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_LE(outputs.at(0).at("max_abs"), 1e-6) << outputs.dump();
}

TEST_F(CliHar, WithoutWeightsNoNetworkIsExported) {
  const std::string path = write("net.hn", std::string(test::kSmallHn));
  const Outcome outcome =
      tessera_tool({"har", "export", path, "-o", (folder_ / "p.onnx").string()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_NE(outcome.err.find("--weights"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "p.onnx"));
}

}  // namespace
}  // namespace tessera
