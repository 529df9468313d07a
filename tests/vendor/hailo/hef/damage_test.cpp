// Files cut at any byte and changed anywhere: what is left is read, what is wrong has a place.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "mutation.h"
#include "support/hef_builder.h"
#include "tessera/file.h"
#include "vendor/hailo/hef/hef.h"
#include "vendor/hailo/hef/hef_checks.h"

namespace tessera {
namespace {

std::vector<uint8_t> real_bytes() {
  return read_file(TESSERA_SOURCE_DIR
                   "/tests/data/hailo/hef/arcface_mobilefacenet_without_weights.hef",
                   1U << 24)
      .value();
}

// What a cut at `size` leaves behind: an error within the header, else damage at or before it.
void expect_named(std::span<const uint8_t> file, size_t size) {
  const auto hef = read_hef(file.first(size));
  if (!hef) {
    EXPECT_EQ(hef.error().code, ErrorCode::kCorrupt) << size;
    EXPECT_LT(size, 56U);
    return;
  }
  ASSERT_FALSE(hef->intact()) << size;
  for (const Damage& damage : hef->damage.listed()) EXPECT_LE(damage.offset, size);
  EXPECT_EQ(hef->damage.listed().front().offset, size);
}

TEST(HefDamage, ASmallFileCutAtAnyByteIsNamed) {
  for (const uint32_t version : {0U, 1U, 2U, 3U}) {
    test::HefParts parts = test::small_hef();
    if (version == 0) parts.weights.clear();
    parts.padding = 8;
    const auto file = test::hef_file(version, parts);
    for (size_t size = 0; size < file.size(); ++size) expect_named(file, size);
  }
}

TEST(HefDamage, ARealFileCutAnywhereIsNamedAndShowsWhatItCan) {
  const auto file = real_bytes();
  size_t layers = 0;
  for (size_t size = 0; size < file.size(); size += 9973) {
    expect_named(file, size);
    const auto hef = read_hef(std::span(file).first(size));
    if (!hef) continue;
    EXPECT_GE(hef->mapping.layers.size(), layers) << "more of the file, fewer layers";
    layers = hef->mapping.layers.size();
  }
  EXPECT_EQ(layers, 195U);
}

TEST(HefDamage, NoMutationDoesMoreThanDamage) {
  std::vector<InputBytes> seeds{real_bytes()};
  seeds.front().resize(120000);  // its streams and a third of its layers
  for (const uint32_t version : {0U, 1U, 2U, 3U}) {
    seeds.push_back(test::hef_file(version, test::small_hef()));
  }
  Mutator mutator(std::move(seeds), 7, 120000);
  for (int i = 0; i < 3000; ++i) {
    const InputBytes input = mutator.next();
    const auto hef = read_hef(input);
    if (hef) (void)hef_objections(*hef);
  }
}

}  // namespace
}  // namespace tessera
