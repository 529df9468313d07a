#include "place/allocator.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "support/random_values.h"
#include "target/target_text.h"

namespace tessera {
namespace {

// Two clusters of two layers; compute units and memory for all that these tests place.
Chip small_chip() {
  Chip chip = chip_of(real_target("hailo8"));
  chip.clusters = 2;
  chip.lcu = 2;
  return chip;
}

// One layer after the other, of so many cycles each; values of 8 columns and 8 features.
Allocation chain(const std::string& name, const std::vector<int64_t>& cycles) {
  Allocation piece;
  piece.piece = name;
  piece.calls = 1;
  const auto layers = static_cast<int32_t>(cycles.size());
  for (int32_t i = 0; i <= layers; ++i) {
    PhysicalValue value{.writer = i - 1, .width = 8, .features = 8, .readers = {}};
    value.output = i == layers;
    if (i < layers) value.readers.push_back({i, 2});
    piece.network.values.push_back(value);
  }
  for (int32_t i = 0; i < layers; ++i) {
    PhysicalLayer layer;
    layer.name = fmt::format("layer{}", i);
    layer.weight_bytes = 64;
    layer.cycles = cycles[static_cast<size_t>(i)];
    layer.reads = {i};
    piece.network.layers.push_back(layer);
  }
  return piece;
}

Allocation chain(const std::string& name, size_t layers) {
  return chain(name, std::vector<int64_t>(layers, 100));
}

TEST(Allocator, FillsAClusterWithNeighboursAndGoesOnInTheNext) {
  std::vector<Allocation> pieces{chain("a", 4)};
  Allocator allocator(small_chip(), 1);
  ASSERT_TRUE(allocator.place(pieces, 4));
  EXPECT_EQ(allocator.contexts(), 1);
  EXPECT_EQ(pieces[0].context, (std::vector<int32_t>{0, 0, 0, 0}));
  EXPECT_EQ(pieces[0].cluster, (std::vector<int32_t>{0, 0, 1, 1}));
  EXPECT_EQ(pieces[0].sc, (std::vector<int64_t>{1, 1, 1, 1}));
}

// Each layer takes one unit of every kind and memory for its operand; the first reads from the
// host, the last keeps two rows for it.
TEST(Allocator, CountsMemoryWhereAValueIsReadAndPortsWhereItCrosses) {
  std::vector<Allocation> pieces{chain("a", 3)};
  Allocator allocator(small_chip(), 1);
  ASSERT_TRUE(allocator.place(pieces, 4));
  const std::vector<ClusterUnits> units = allocator.layer_units(pieces[0], 0);
  EXPECT_EQ(units[0], (ClusterUnits{{1, 1, 1, 1, 1}, 1, 0}));
  EXPECT_EQ(units[1], (ClusterUnits{{1, 1, 1, 1, 1}, 0, 0}));
  EXPECT_EQ(units[2], (ClusterUnits{{1, 1, 1, 1, 2}, 0, 1}));
}

TEST(Allocator, APieceLargerThanTheChipGoesOnInTheNextContext) {
  std::vector<Allocation> pieces{chain("a", 5)};
  Allocator allocator(small_chip(), 1);
  ASSERT_TRUE(allocator.place(pieces, 4));
  EXPECT_EQ(allocator.contexts(), 2);
  EXPECT_EQ(pieces[0].context, (std::vector<int32_t>{0, 0, 0, 0, 1}));
  // What crosses is written out of one context and read into the other.
  EXPECT_EQ(allocator.layer_units(pieces[0], 0)[3].ports_out, 1);
  EXPECT_EQ(allocator.layer_units(pieces[0], 1)[4].ports_in, 1);
}

TEST(Allocator, APieceThatFitsAContextIsNotDivided) {
  std::vector<Allocation> pieces{chain("a", 3), chain("b", 3), chain("c", 1)};
  Allocator allocator(small_chip(), 1);
  ASSERT_TRUE(allocator.place(pieces, 4));
  EXPECT_EQ(pieces[0].context, (std::vector<int32_t>{0, 0, 0}));
  EXPECT_EQ(pieces[1].context, (std::vector<int32_t>{1, 1, 1}));
  EXPECT_EQ(pieces[2].context, std::vector<int32_t>{1});
}

TEST(Allocator, FillsNoMoreThanItsShareOfTheChip) {
  std::vector<Allocation> pieces{chain("a", 4)};
  Allocator half(small_chip(), 0.5);
  ASSERT_TRUE(half.place(pieces, 4));
  EXPECT_EQ(half.contexts(), 2);
  EXPECT_EQ(pieces[0].context, (std::vector<int32_t>{0, 0, 1, 1}));
}

// 200 cuts of its own, one for its operand and one for its result.
TEST(Allocator, NamesTheLayerThatNoClusterHolds) {
  std::vector<Allocation> pieces{chain("a", 2)};
  pieces[0].network.layers[1].extra_cuts = 200;
  const Result<void> placed = Allocator(small_chip(), 1).place(pieces, 4);
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(placed.error().subject, "piece 'a', layer 'layer1'");
  EXPECT_EQ(placed.error().message, "needs 202 L3 cuts, a cluster has 128");
}

TEST(Allocator, RefusesMoreContextsThanAllowed) {
  std::vector<Allocation> pieces{chain("a", 9)};
  EXPECT_TRUE(Allocator(small_chip(), 1).place(pieces, 3));
  const Result<void> placed = Allocator(small_chip(), 1).place(pieces, 2);
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().code, ErrorCode::kResourceLimit);
  EXPECT_EQ(placed.error().message, "more than 2 contexts would be needed");
}

// 100, 400 and 100 cycles share eight units: the second until it takes 100 too, then one more to
// the first and to the second (50, 80, 100), and no unit is left for the third.
TEST(Allocator, GivesSpareUnitsToTheSlowestLayer) {
  Chip chip = small_chip();
  chip.clusters = 1;
  chip.lcu = 4;
  chip.sc = 8;
  std::vector<Allocation> pieces{chain("a", {100, 400, 100})};
  Allocator allocator(chip, 1);
  ASSERT_TRUE(allocator.place(pieces, 1));
  allocator.speed_up(pieces);
  EXPECT_EQ(pieces[0].sc, (std::vector<int64_t>{2, 5, 1}));
}

TEST(Allocator, GivesNoUnitsToALayerThatTheLinkIsSlowerThan) {
  std::vector<Allocation> pieces{chain("a", {100, 400, 100})};
  pieces[0].enough_cycles = 100;
  Allocator allocator(small_chip(), 1);
  ASSERT_TRUE(allocator.place(pieces, 1));
  allocator.speed_up(pieces);
  EXPECT_EQ(pieces[0].sc, (std::vector<int64_t>{1, 4, 1}));
}

// Every layer reads one or two of the values before it.
Allocation random_piece(test::Random& random, int number) {
  Allocation piece = chain(fmt::format("piece{}", number), 0);
  piece.calls = random.integer(1, 50);
  PhysicalNetwork& network = piece.network;
  network.values[0].output = false;
  const auto layers = static_cast<int32_t>(random.integer(1, 25));
  for (int32_t i = 0; i < layers; ++i) {
    PhysicalLayer layer;
    layer.name = fmt::format("layer{}", i);
    layer.weight_bytes = random.integer(0, 60'000);
    layer.cycles = random.integer(1, 100'000);
    layer.dense = random.chance(0.5);
    layer.extra_cuts = random.integer(0, 2);
    layer.reads = {i};
    if (random.chance(0.3)) layer.reads.push_back(static_cast<int32_t>(random.integer(0, i)));
    for (int32_t value : layer.reads)
      network.values[static_cast<size_t>(value)].readers.push_back({i, random.integer(2, 4)});
    network.layers.push_back(layer);
    network.values.push_back({.writer = i,
                              .width = random.integer(0, 500),
                              .features = random.integer(1, 300),
                              .output = i + 1 == layers,
                              .readers = {}});
  }
  return piece;
}

std::vector<Allocation> random_pieces(uint32_t seed) {
  test::Random random(seed);
  std::vector<Allocation> pieces;
  for (int64_t i = random.integer(1, 8); i > 0; --i)
    pieces.push_back(random_piece(random, static_cast<int>(i)));
  return pieces;
}

TEST(Allocator, NeverGivesMoreThanAClusterHasAndPlacesEveryLayer) {
  constexpr double kCap = 0.6;
  const Chip chip = chip_of(real_target("hailo8"));
  int several_contexts = 0;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<Allocation> pieces = random_pieces(seed);
    Allocator allocator(chip, kCap);
    const Result<void> placed = allocator.place(pieces, 100);
    ASSERT_TRUE(placed) << placed.error().to_string();
    allocator.speed_up(pieces);
    several_contexts += allocator.contexts() > 1 ? 1 : 0;
    std::vector<Allocation*> all;
    for (Allocation& piece : pieces) {
      all.push_back(&piece);
      EXPECT_TRUE(std::is_sorted(piece.context.begin(), piece.context.end()));
      EXPECT_GE(piece.context.front(), 0);
      EXPECT_LT(piece.context.back(), allocator.contexts());
      for (int64_t sc : piece.sc) EXPECT_LE(sc, chip.sc_per_layer);
    }
    for (int32_t context = 0; context < allocator.contexts(); ++context) {
      ClusterUnits sum;
      for (const ClusterUnits& cluster : allocator.cluster_units(all, context)) {
        EXPECT_TRUE(covers(allocator.cluster_has(), cluster));
        sum += cluster;
      }
      EXPECT_LE(static_cast<double>(sum.units.sc),
                kCap * static_cast<double>(chip.clusters * chip.sc));
      EXPECT_LE(static_cast<double>(sum.units.lcu),
                kCap * static_cast<double>(chip.clusters * chip.lcu));
    }
  }
  EXPECT_GT(several_contexts, 0);
}

TEST(Allocator, PlacesTheSamePiecesTheSameWay) {
  const Chip chip = chip_of(real_target("hailo8"));
  std::vector<std::vector<Allocation>> runs;
  for (int run = 0; run < 2; ++run) {
    std::vector<Allocation> pieces = random_pieces(7);
    Allocator allocator(chip, 0.6);
    ASSERT_TRUE(allocator.place(pieces, 100));
    allocator.speed_up(pieces);
    runs.push_back(std::move(pieces));
  }
  for (size_t i = 0; i < runs[0].size(); ++i) {
    EXPECT_EQ(runs[0][i].context, runs[1][i].context);
    EXPECT_EQ(runs[0][i].cluster, runs[1][i].cluster);
    EXPECT_EQ(runs[0][i].sc, runs[1][i].sc);
  }
}

}  // namespace
}  // namespace tessera
