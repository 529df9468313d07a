#include "base/hash.h"

#include <array>

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(ContentHash, OfNothingIsTheReferenceValue) {
  EXPECT_EQ(content_hash(std::string_view()), "99aa06d3014798d86001c324468d497f");
}

TEST(ContentHash, InPiecesEqualsWhole) {
  ContentHasher pieces;
  pieces.update(std::string_view("tess"));
  pieces.update(std::string_view("era"));
  EXPECT_EQ(pieces.hex(), content_hash(std::string_view("tessera")));
}

TEST(ContentHash, DependsOnEveryByte) {
  std::array<uint8_t, 1000> bytes{};
  const std::string before = content_hash(bytes);
  bytes[999] = 1;
  EXPECT_NE(content_hash(bytes), before);
}

}  // namespace
}  // namespace tessera
