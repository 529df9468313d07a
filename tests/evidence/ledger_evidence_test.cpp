// The unit ledger against allocations of real compiles (tests/data/hailo, see its README).
#include <gtest/gtest.h>

#include "evidence/evidence_table.h"
#include "evidence/target_evidence.h"
#include "support/scratch_folder.h"
#include "target/target_text.h"

namespace tessera {
namespace {

const LedgerEvidence& evidence() {
  static const LedgerEvidence measured = [] {
    auto result = measure_ledger(TESSERA_SOURCE_DIR "/tests/data/hailo", real_target("hailo8"));
    EXPECT_TRUE(result) << (result ? "" : result.error().to_string());
    return result ? *result : LedgerEvidence{};
  }();
  return measured;
}

double share(int64_t part, int64_t of) {
  return static_cast<double>(part) / static_cast<double>(of);
}

TEST(LedgerEvidence, HoldsAllRecords) {
  EXPECT_EQ(evidence().networks.size(), 11u);
  EXPECT_EQ(evidence().total.layers, 3499 + 261);
  EXPECT_EQ(evidence().total.clusters, 284 + 12);
}

TEST(LedgerEvidence, MemoryCutsAreExactForAtLeast92PercentOfLayers) {
  const LedgerScore& total = evidence().total;
  EXPECT_EQ(total.l3_layers, 254);
  EXPECT_GE(share(total.l3_exact, total.l3_layers), 0.92);
  EXPECT_EQ(total.l3_exact, 254);  // all of them today
}

TEST(LedgerEvidence, RowBytesFollowFromShapeAndComputeUnits) {
  const LedgerScore& total = evidence().total;
  EXPECT_GE(share(total.rows_exact, total.rows), 0.92);
}

TEST(LedgerEvidence, NoLayerWasGivenLessThanAtLeastButForOneInAHundred) {
  const LedgerScore& total = evidence().total;
  EXPECT_GE(share(total.layers_honoured, total.layers), 0.99);
}

TEST(LedgerEvidence, NoRealClusterPassesACapacity) {
  EXPECT_EQ(evidence().total.clusters_over, 0);
}

TEST(LedgerEvidence, ASmallerCapacityWouldBeNoticed) {
  const auto small =
      parse_target(replaced(target_text("hailo8"), "unit = \"units per cluster\"\nvalue = 16",
                            "unit = \"units per cluster\"\nvalue = 15"),
                   "small.toml");
  ASSERT_TRUE(small);
  const auto measured = measure_ledger(TESSERA_SOURCE_DIR "/tests/data/hailo", *small);
  ASSERT_TRUE(measured);
  EXPECT_GT(measured->total.clusters_over, 50);
}

TEST(LedgerEvidence, HelpersByRuleComeNearTheRealLayers) {
  EXPECT_GT(evidence().networks.size(), 5U);
  for (const LedgerScore& one : evidence().networks) {
    const double ratio = share(one.predicted_layers, one.physical_layers);
    EXPECT_GT(ratio, 0.75) << one.network;
    EXPECT_LT(ratio, 1.10) << one.network;
  }
}

TEST(LedgerEvidence, AnEmptyFolderIsAnError) {
  const ScratchFolder folder;
  const auto measured = measure_ledger(folder.path(), real_target("hailo8"));
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().message,
            "holds no records of compiles: neither hef_maps/*.tsv nor alls");
}

TEST(LedgerEvidence, ADamagedRecordNamesFileAndLine) {
  const ScratchFolder folder;
  ASSERT_TRUE(ensure_directory(folder / "hef_maps"));
  const std::string header =
      "name\ttype\tin\tout\tkernel\tstride\tdil\tf9\tSC\tLCU\tAPU\tIA\tL3\tIN\tOUT\tcluster\t"
      "bufs(dst,n,rowbytes)\tsc18\n";
  const std::string path = (folder / "hef_maps/x.tsv").string();
  const auto error = [&](const std::string& row) {
    EXPECT_TRUE(write_file_atomically(path, header + row, {.force = true}));
    const auto measured = measure_ledger(folder.path(), real_target("hailo8"));
    return measured ? "no error" : measured.error().to_string();
  };
  const std::string hint = " (correct that line or leave it out)";
  EXPECT_EQ(error("conv1\t0\n"), path + ":2: has 2 columns, needs 18" + hint);
  EXPECT_EQ(error("conv1\tx\t[]\t[]\t[]\t[]\t[]\t\t1\t1\t1\t1\t1\t0\t0\t[]\t[]\t{}\n"),
            path + ":2: type must be a whole number, not 'x'" + hint);
  EXPECT_EQ(error("conv1\t0\t[]\t[]\t[]\t[]\t[]\t\t1\t1\t1\t1\t1\t0\t0\t[]\t[]\t{}\n"),
            path + ":2: in and out must each name a shape (height, width, features)" + hint);
  EXPECT_EQ(error("conv1\t0\t[(1, 1, 99999)]\t[(1, 1, 1)]\t[]\t[]\t[]\t\t1\t1\t1\t1\t1\t0\t0\t[]\t"
                  "[]\t{}\n"),
            path + ":2: a shape or unit count beyond 65536" + hint);
  EXPECT_TRUE(write_file_atomically(path, std::string("a\tb\n"), {.force = true}));
  const auto measured = measure_ledger(folder.path(), real_target("hailo8"));
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code, ErrorCode::kCorrupt);
}

TEST(LayerName, TellsPartsAndHelpersFromLayers) {
  EXPECT_EQ(parse_layer_name("net/conv3_sd4").group, "conv3");
  EXPECT_FALSE(parse_layer_name("net/conv3_sd4").helper);
  EXPECT_EQ(parse_layer_name("dw13_lanes_2").lanes, 2);
  EXPECT_TRUE(parse_layer_name("conv3_sdc").helper);
  EXPECT_TRUE(parse_layer_name("sh_from_conv1_to_conv2_d0-3").shortcut);
  EXPECT_TRUE(parse_layer_name("ddr_portal_from_conv1_to_ew_add2").host);
  EXPECT_EQ(parse_layer_name("reduce_max_softmax1").group, "reduce_max_softmax1");
}

}  // namespace
}  // namespace tessera
