#include "target/ledger.h"

#include <gtest/gtest.h>

#include "target/target_text.h"

namespace tessera {
namespace {

TEST(LedgerRules, FeaturesArePaddedPerComputeUnit) {
  EXPECT_EQ(padded_features(512, 5), 520);  // 103 each, rounded up to 104
  EXPECT_EQ(padded_features(256, 3), 264);
  EXPECT_EQ(padded_features(64, 8), 64);
}

TEST(LedgerRules, RowsPadWidthAndTheFeaturesOfDenseLayers) {
  EXPECT_EQ(row_bytes(14, 512, 5, true, RowForm::full), 16 * 520);
  EXPECT_EQ(row_bytes(14, 256, 5, true, RowForm::partial), 8 * 280);
  EXPECT_EQ(row_bytes(100, 18, 1, false, RowForm::full), 104 * 18);
  EXPECT_EQ(row_bytes(0, 512, 1, true, RowForm::full), 512);
}

TEST(LedgerRules, RowsShareCutsUnlessEachStartsOne) {
  EXPECT_EQ(edge_cuts(2, 3328, true, 32768), 2);
  EXPECT_EQ(edge_cuts(16, 2048, false, 32768), 1);
  EXPECT_EQ(edge_cuts(17, 2048, false, 32768), 2);
  EXPECT_EQ(edge_cuts(1, 262144, true, 32768), 8);
}

TEST(LedgerRules, WeightsBeyondTheComputeUnitsTakeCutsBesideEach) {
  EXPECT_EQ(weight_cuts(65536, 5, 14336, 32768), 0);
  EXPECT_EQ(weight_cuts(131072, 5, 14336, 32768), 5);
  EXPECT_EQ(weight_cuts(131072, 3, 14336, 32768), 3);
  EXPECT_EQ(weight_cuts(262144, 1, 14336, 32768), 8);
}

TEST(LedgerRules, HelpersAreTheInnerNodesOfTreesOfFour) {
  EXPECT_EQ(tree_layers(1, 4), 0);
  EXPECT_EQ(tree_layers(4, 4), 1);
  EXPECT_EQ(tree_layers(5, 4), 2);
  EXPECT_EQ(tree_layers(8, 4), 3);
  EXPECT_EQ(shortcut_layers(4, 4), 0);
  EXPECT_EQ(shortcut_layers(8, 4), 2);
}

TEST(LedgerRules, ProductsOfHostileSizesStayBounded) {
  EXPECT_EQ(bounded_product({int64_t{1} << 40, int64_t{1} << 40}), int64_t{1} << 50);
  EXPECT_EQ(bounded_product({3, 5, 7}), 105);
}

TEST(LedgerRules, DepthwiseLayersUseOneFeatureOfEight) {
  EXPECT_EQ(conv_cycles(28, 28, 128, 1, 128, 1), 28 * 4 * 16 * 128);
  EXPECT_EQ(conv_cycles(28, 28, 128, 9, 128, 128), 28 * 4 * 128 * 9);
}

Graph chain(int64_t width, int64_t hidden) {
  Graph graph;
  GraphEditor editor(graph, "import");
  NodeId last = *editor.add(Input{{64, 1, width}}, {});
  const auto conv = [&](int64_t from, int64_t to) {
    Conv op;
    op.weight = Tensor::full({to, from, 1, 1}, 0);
    last = *editor.add(op, {last});
    last = *editor.add(Unary{UnaryKind::relu, {}}, {last});
  };
  conv(64, hidden);
  conv(hidden, 64);
  editor.add_output("out", last);
  return graph;
}

TEST(Ledger, AnActivationRidesOnTheLayerBeforeIt) {
  const Ledger ledger = make_ledger(chain(256, 128), real_target("hailo8"));
  EXPECT_EQ(ledger.lines.size(), 2u);
  EXPECT_EQ(ledger.least.lcu, 2);
}

TEST(Ledger, TheEstimateIsNeverBelowTheLeast) {
  for (int64_t width : {8, 256, 1024}) {
    for (int64_t hidden : {8, 512, 4096}) {
      const Ledger ledger = make_ledger(chain(width, hidden), real_target("hailo8"));
      EXPECT_TRUE(covers(ledger.estimate, ledger.least)) << width << " " << hidden;
      EXPECT_LE(ledger.contexts_at_least, ledger.contexts);
    }
  }
}

TEST(Ledger, WeightsBeyondAllMemoryNeedMoreContexts) {
  Graph graph;
  GraphEditor editor(graph, "import");
  NodeId last = *editor.add(Input{{4096, 1, 8}}, {});
  Conv op;
  op.weight = Tensor::full({4096, 4096, 1, 1}, 0);
  for (int i = 0; i < 4; ++i) last = *editor.add(op, {last});
  editor.add_output("out", last);
  // 64 MiB of weights; 8 clusters hold 8 x (64 x 14 KiB + 128 x 32 KiB) = 39 MiB.
  EXPECT_EQ(make_ledger(graph, real_target("hailo8")).contexts_at_least, 2);
}

TEST(Ledger, EqualCyclesSpreadsUnitsByWork) {
  const Chip chip = chip_of(real_target("hailo8"));
  const std::vector<LayerWork> work = {{3000, 0}, {1000, 0}};
  EXPECT_EQ(equal_cycles(work, 4, chip), 1000);
  EXPECT_EQ(equal_cycles(work, 2, chip), 3000);
}

}  // namespace
}  // namespace tessera
