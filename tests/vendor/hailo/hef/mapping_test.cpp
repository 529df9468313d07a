#include "vendor/hailo/hef/mapping.h"

#include <gtest/gtest.h>

#include <numeric>

#include "mapping_record.h"
#include "support/hef_builder.h"
#include "tessera/file.h"
#include "vendor/hailo/hef/hef.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::Wire;

const fs::path kData = TESSERA_SOURCE_DIR "/tests/data/hailo";

const Hef& real_file() {
  static const Hef hef = [] {
    const auto bytes =
        read_file(kData / "hef/arcface_mobilefacenet_without_weights.hef", 1U << 24).value();
    return read_hef(bytes).value();
  }();
  return hef;
}

uint64_t count(const HefUnitCounts& units, HefUnit unit) {
  return units[static_cast<size_t>(unit)];
}

TEST(HefMapping, EveryRowOfTheRecordedDecodeAgrees) {
  test::expect_as_recorded(real_file().mapping, kData / "hef_maps/arcface_mobilefacenet.tsv");
  test::expect_totals(real_file().mapping, kData / "hef_maps/arcface_mobilefacenet.tsv");
}

TEST(HefMapping, OnlyTheWeightsOfTheRealFileAreMissing) {
  const Hef& hef = real_file();
  ASSERT_EQ(hef.damage.listed().size(), 1U);
  EXPECT_EQ(hef.damage.listed()[0].offset, 28U + 997288U);
  EXPECT_NE(hef.damage.listed()[0].what.find("2506040 bytes missing"), std::string::npos);
}

TEST(HefMapping, TheRealFileTellsItsSettings) {
  const HefMapping& mapping = real_file().mapping;
  EXPECT_EQ(mapping.allocator, "v2.5.1-16549-g355677d18a");
  EXPECT_EQ(mapping.clock_hz, 400000000U);
  EXPECT_EQ(mapping.caps, std::vector<double>(6, 0.75));
  EXPECT_EQ(mapping.timeouts_seconds, (std::vector<uint64_t>{600, 3600}));
  EXPECT_NEAR(mapping.bottleneck_fps, 3460.2375, 1e-3);
  EXPECT_EQ(mapping.edges.size(), 224U);
}

TEST(HefMapping, ClustersHoldWhatTheirLayersHaveAndNoneIsOverFull) {
  const HefMapping& mapping = real_file().mapping;
  std::map<HefPlace, HefUnitCounts> sums;
  for (const HefMappedLayer& layer : mapping.layers) {
    if (layer.places.size() != 1) continue;
    HefUnitCounts& sum = sums[*layer.places.begin()];
    for (size_t i = 0; i < kHefUnits; ++i) sum[i] += layer.units[i];
  }
  size_t clusters = 0;
  for (const HefClusterLoad& load : mapping.clusters) {
    if (!load.place.in_cluster()) continue;
    ++clusters;
    EXPECT_LE(count(load.units, HefUnit::lcu), 16U);
    EXPECT_LE(count(load.units, HefUnit::sc), 64U);
    for (const HefUnit unit : {HefUnit::lcu, HefUnit::sc, HefUnit::apu, HefUnit::l3}) {
      EXPECT_EQ(count(load.units, unit), count(sums[load.place], unit));
    }
  }
  EXPECT_EQ(clusters, 8U);
}

// What the sequencers switch on is what the allocator gave.
TEST(HefMapping, AgreesWithTheConfigurationOfTheChip) {
  const HefCoreOp& core = real_file().groups.at(0).cores.at(0);
  HefConfig all = core.preliminary;
  for (const HefContext& context : core.contexts) all.add(context.config);
  for (const HefClusterLoad& load : real_file().mapping.clusters) {
    if (!load.place.in_cluster()) continue;
    const HefConfig::Units& units = all.clusters.at(static_cast<uint32_t>(load.place.cluster));
    EXPECT_EQ(units.sc, count(load.units, HefUnit::sc)) << load.place.cluster;
    EXPECT_EQ(units.apu, count(load.units, HefUnit::apu)) << load.place.cluster;
    EXPECT_EQ(units.aligners, count(load.units, HefUnit::aligner)) << load.place.cluster;
  }
}

TEST(HefMapping, KeepsTheTextsOfTheRulesThatWereChecked) {
  size_t texts = 0;
  for (const HefMappedLayer& layer : real_file().mapping.layers) texts += layer.constraints.size();
  EXPECT_EQ(texts, 3448U);
  const auto& layers = real_file().mapping.layers;
  const auto conv = std::find_if(layers.begin(), layers.end(),
                                 [](const auto& layer) { return layer.name == "conv2_d1"; });
  ASSERT_NE(conv, layers.end());
  EXPECT_EQ(conv->part_of, "conv2");
  EXPECT_EQ(conv->original_names, (std::vector<std::string>{"Conv_2", "Relu_3"}));
  EXPECT_NE(std::find(conv->constraints.begin(), conv->constraints.end(),
                      "Padding scheme is not supported in conv2_d1"),
            conv->constraints.end());
}

HefMapping read_small(const Wire& mapping, DamageLog* damage = nullptr) {
  test::HefParts parts;
  parts.description = Wire().message(1, test::description_header()).message(3, mapping);
  const Hef hef = read_hef(test::hef_file(2, parts)).value();
  if (damage != nullptr) *damage = hef.damage;
  return hef.mapping;
}

TEST(HefMapping, UnitsBelongToContexts) {
  const Wire units =
      Wire().message(1, test::unit(2, 0, 1, 3, 0)).message(1, test::unit(2, 0, 2, 3, 1));
  const Wire layers = Wire()
                          .message(1, test::physical_layer(0, "a", 1, "a"))
                          .message(1, test::physical_layer(0, "b", 2, "b"));
  const HefMapping mapping = read_small(Wire().message(1, units).message(2, layers));
  ASSERT_EQ(mapping.clusters.size(), 2U);
  EXPECT_EQ(mapping.clusters[1].context, 1U);
  EXPECT_EQ(mapping.clusters[1].layers, 1U);
  EXPECT_EQ(mapping.layers[1].context, 1U);
}

TEST(HefMapping, ConstraintsWithinConstraintsAreReadWithoutRecursion) {
  Wire rule = Wire().text(4, "deepest");
  for (int i = 0; i < 100; ++i) rule = Wire().message(3, rule);
  const Wire layers = Wire().message(1, test::physical_layer(0, "a", 1, "a"));
  const HefMapping mapping =
      read_small(Wire().message(2, layers).message(13, Wire(rule).text(7, "a")));
  EXPECT_EQ(mapping.layers.at(0).constraints, std::vector<std::string>{"deepest"});

  for (int i = 0; i < 100000; ++i) rule = Wire().message(3, rule);
  DamageLog damage;
  read_small(Wire().message(2, layers).message(13, rule), &damage);
  EXPECT_FALSE(damage.empty());
}

// A small file must not become a large one in memory.
TEST(HefMapping, CountsAreBounded) {
  Wire layers;
  for (uint32_t i = 0; i < 40000; ++i) layers.message(1, Wire().number(3, i));
  DamageLog damage;
  const HefMapping mapping = read_small(Wire().message(2, layers), &damage);
  EXPECT_EQ(mapping.layers.size(), 1U << 15);
  ASSERT_EQ(damage.listed().size(), 1U);
  EXPECT_NE(damage.listed()[0].what.find("more than 32768 physical layers"), std::string::npos);
}

}  // namespace
}  // namespace tessera
