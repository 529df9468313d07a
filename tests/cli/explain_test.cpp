// tessera explain: verdicts, files for scripts, and the way from a vendor's layer to our node.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/tool.h"
#include "tessera/package.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kLogs = std::string(TESSERA_SOURCE_DIR) + "/tests/data/vendor_logs/";

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(CliExplain, SucceedsWhateverTheLogSays) {
  const Outcome outcome = tessera_tool({"explain", kLogs + "006_mapping_concat21.log"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("failed: allocator_infeasible (compile)"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("concat21"), std::string::npos);
  EXPECT_EQ(tessera_tool({"explain", kLogs + "026_success_single_context_8l.log"}).code, 0);
}

TEST(CliExplain, RefusesOnlyWhatItCannotRead) {
  EXPECT_NE(tessera_tool({"explain", "/nonexistent.log"}).code, 0);
  EXPECT_NE(tessera_tool({"explain"}).code, 0);
}

TEST(CliExplain, WritesTheFilesThatScriptsRead) {
  const ScratchFolder folder;
  const Outcome outcome =
      tessera_tool({"explain", kLogs + "047_reshape_conv1.log", kLogs + "051_negexp_conv80.log",
                    kLogs + "094_success_kernels_seg.log", "--failure-files",
                    (folder / "out").string(), "--tsv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::ifstream file(folder / "out/051_negexp_conv80_compile_failure.json");
  const json failure = json::parse(file);
  EXPECT_EQ(failure["exception_type"], "NegativeSlopeExponentNonFixable");
  EXPECT_EQ(failure["signature"], "NegativeSlopeExponentNonFixable:probe/conv80");
  EXPECT_EQ(failure["negexp"]["layer"], "probe/conv80");
  std::ifstream other(folder / "out/047_reshape_conv1_compile_failure.json");
  EXPECT_EQ(json::parse(other)["reshape_layers"], json({"conv1"}));
  EXPECT_TRUE(fs::exists(folder / "out/047_reshape_conv1_compile_failure.txt"));
  EXPECT_FALSE(fs::exists(folder / "out/094_success_kernels_seg_compile_failure.txt"));
  EXPECT_EQ(outcome.out.substr(0, 30), "stage\tmodule\trun_tag\tinput_len");
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 4);
}

TEST(CliExplain, FindsALayerInAPackageOrSaysThatItCannot) {
  const ScratchFolder folder;
  const std::string package = (folder / "net.tess").string();
  const Outcome built = tessera_tool(
      {"build",
       std::string(TESSERA_SOURCE_DIR) + "/tests/data/options/out_chan_1_src_1_skip_none.pth",
       "--length", "400", "-o", package});
  ASSERT_EQ(built.code, 0) << built.err;
  const auto opened = Package::open(package);
  ASSERT_TRUE(opened);
  const auto network = opened->network();
  ASSERT_TRUE(network);
  const Piece& piece = network->plan.segments.front().pieces.front();
  const std::string node = piece.graph.node(piece.graph.order().back()).name;
  write(folder / "a.log",
        "No successful assignments: conv7, net/conv9_sd0 errors: Agent infeasible\n");
  write(folder / "net.hn", R"({"layers": {"net/conv9": {"original_names": [")" + node + R"("]}}})");
  const Outcome told = tessera_tool({"explain", (folder / "a.log").string(), "--package", package,
                                     "--hn", (folder / "net.hn").string(), "--json"});
  ASSERT_EQ(told.code, 0) << told.err;
  const json origins = json::parse(told.out)["logs"][0]["origins"];
  ASSERT_EQ(origins.size(), 2u);
  EXPECT_EQ(origins[0]["piece"], "");
  EXPECT_NE(origins[0]["not_mapped"], "");
  EXPECT_EQ(origins[1]["node"], node);
  EXPECT_EQ(origins[1]["piece"], piece.name);
}

TEST(CliExplain, PrintsThePageOfFamilies) {
  const Outcome outcome = tessera_tool({"explain", "--families"});
  std::ifstream file(std::string(TESSERA_SOURCE_DIR) + "/docs/vendor_logs.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(page.find(outcome.out), std::string::npos)
      << "docs/vendor_logs.md must hold what 'tessera explain --families' prints";
}

}  // namespace
}  // namespace tessera
