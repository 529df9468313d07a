// Compiled files that may not be given away, or are too large to be.
#include <gtest/gtest.h>

#include <filesystem>

#include "tessera/file.h"
#include "vendor/hailo/hef/hef.h"
#include "vendor/hailo/hef/hef_checks.h"
#include "vendor/hailo/hef/mapping_record.h"
#include "vendor/hailo/hn/hn_graph.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kHailo = fs::path(TESSERA_LOCAL_DATA) / "hailo";

std::vector<uint8_t> bytes_of(const std::string& name) {
  return read_file(kHailo / name, uint64_t{1} << 26).value();
}

class RealHef : public ::testing::TestWithParam<const char*> {};

TEST_P(RealHef, IsIntactAndEveryRowOfItsDecodeAgrees) {
  const Hef hef = read_hef(bytes_of(std::string(GetParam()) + ".hef")).value();
  EXPECT_TRUE(hef.intact()) << hef.damage.listed().front().what;
  EXPECT_TRUE(hef.checksums.matches);
  EXPECT_TRUE(hef_objections(hef).empty());
  EXPECT_EQ(hef.groups.at(0).cores.at(0).weight_bytes(), hef.header.weight_bytes);
  const fs::path record = kHailo / "hef_maps" / (std::string(GetParam()) + ".tsv");
  test::expect_as_recorded(hef.mapping, record);
  test::expect_totals(hef.mapping, record);
}

TEST_P(RealHef, CutAnywhereIsDamagedThere) {
  const auto file = bytes_of(std::string(GetParam()) + ".hef");
  for (size_t size = 100; size < file.size(); size += 20011) {
    const auto hef = read_hef(std::span(file).first(size));
    ASSERT_TRUE(hef);
    ASSERT_FALSE(hef->intact());
    EXPECT_EQ(hef->damage.listed().front().offset, size);
  }
}

INSTANTIATE_TEST_SUITE_P(All, RealHef,
                         ::testing::Values("arcface_mobilefacenet", "fsq_m13_behavioral_analysis"),
                         [](const auto& name) { return std::string(name.param); });

// The other decode of that file: each layer's units by kind.
TEST(RealHefMapping, EveryRowOfTheUnitTableAgrees) {
  const Hef hef = read_hef(bytes_of("fsq_m13_behavioral_analysis.hef")).value();
  std::map<uint64_t, const HefMappedLayer*> layers;
  for (const HefMappedLayer& layer : hef.mapping.layers) layers[layer.id] = &layer;
  const auto rows = test::read_rows(kHailo / "hef_fsq_mapping.tsv");
  ASSERT_EQ(rows.size(), layers.size() + 1);
  const HefUnit units[] = {HefUnit::l3,       HefUnit::lcu,     HefUnit::sc,       HefUnit::aligner,
                           HefUnit::apu,      HefUnit::port_in, HefUnit::port_out, HefUnit::pcie_in,
                           HefUnit::pcie_out, HefUnit::l4,      HefUnit::link};
  for (size_t i = 1; i < rows.size(); ++i) {
    SCOPED_TRACE(rows[i][1]);
    const HefMappedLayer& layer = *layers.at(std::stoull(rows[i][0]));
    EXPECT_EQ(layer.name, rows[i][1]);
    EXPECT_EQ(test::numbers_of(layer.inputs), test::numbers_in(rows[i][2]));
    EXPECT_EQ(test::numbers_of(layer.outputs), test::numbers_in(rows[i][3]));
    for (size_t k = 0; k < std::size(units); ++k) {
      EXPECT_EQ(test::units_of(layer, units[k]), std::stoull(rows[i][4 + k])) << k;
    }
    EXPECT_EQ(test::numbers_of(layer.places), test::sorted_pairs(rows[i][15]));
  }
}

TEST(RealHefStreams, AreThoseOfTheNetwork) {
  const Hef hef = read_hef(bytes_of("fsq_m13_behavioral_analysis.hef")).value();
  EXPECT_EQ(hef.checksums.actual, "95bf7ce250323bd5");
  const auto& streams = hef.groups.at(0).cores.at(0).contexts.at(0).streams;
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].original_names.at(0), "/fsq_model/encoder/conv1/Conv");
  EXPECT_EQ(streams[1].shape.features, 5U);
  EXPECT_EQ(streams[1].quantization->scales.size(), 5U);
  EXPECT_EQ(streams[1].quantization->zero_point, 128.0F);
}

// --- networks as the parser wrote them ------------------------------------------------------

class RealHn : public ::testing::TestWithParam<std::pair<const char*, size_t>> {};

TEST_P(RealHn, EveryLayerCanBeSaidInTheOpsOfAGraph) {
  const auto& [name, layers] = GetParam();
  const auto hn = read_hn(bytes_of(name), name);
  ASSERT_TRUE(hn) << hn.error().to_string();
  EXPECT_EQ(hn->layers.size(), layers);
  const auto outline = outline_hn(*hn);
  ASSERT_TRUE(outline) << outline.error().to_string();
  for (const HnRefusal& refusal : outline->refused) ADD_FAILURE() << refusal.layer << refusal.why;
  EXPECT_EQ(outline->layers.size(), layers);
  // As many weights as the file counts, where it counts them.
  std::map<std::string, double> needed;
  for (const HnOutlined& layer : outline->layers) {
    for (const HnNeeded& weight : layer.weights) {
      double values = 1;
      for (const int64_t dim : weight.dims) values *= static_cast<double>(dim);
      needed[layer.layer] += values;
    }
  }
  for (const HnLayer& layer : hn->layers) {
    if (layer.weights == 0) continue;
    EXPECT_EQ(needed[layer.name], layer.weights) << layer.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, RealHn,
                         ::testing::Values(std::pair("hn_convtas.json", 1179),
                                           std::pair("hn_simple.json", 6)));

// The parser's lost samples: 16000 in, 15992 out.
TEST(RealHnLength, TheLastFramesOfTheDecoderAreCutOff) {
  const Hn hn = read_hn(bytes_of("hn_convtas.json"), "hn").value();
  const HnLayer* decoder = hn.find("convtas/deconv1");
  ASSERT_NE(decoder, nullptr);
  EXPECT_EQ(decoder->shape(), (Shape{2, 1, 15992}));
}

}  // namespace
}  // namespace tessera
