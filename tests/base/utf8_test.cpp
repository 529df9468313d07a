#include "base/utf8.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Utf8, CharactersOfOneToFourBytes) {
  EXPECT_EQ(utf8_character_bytes("a\xff"), 1U);
  EXPECT_EQ(utf8_character_bytes("\xc2\x80"), 2U);
  EXPECT_EQ(utf8_character_bytes("\xe0\xa0\x80x"), 3U);
  EXPECT_EQ(utf8_character_bytes("\xef\xbf\xbf"), 3U);
  EXPECT_EQ(utf8_character_bytes("\xf4\x8f\xbf\xbf"), 4U);
}

TEST(Utf8, NoCharacterIsLongerThanNeeded) {
  for (const char* text : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf"})
    EXPECT_EQ(utf8_character_bytes(text), 0U);
}

TEST(Utf8, NoCharacterIsHalfAPairOrBeyondTheLast) {
  for (const char* text : {"\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"})
    EXPECT_EQ(utf8_character_bytes(text), 0U);
}

TEST(Utf8, NoCharacterEndsEarlyOrBeginsInTheMiddle) {
  for (const char* text : {"", "\x80", "\xc2", "\xc2g", "\xe2\x82", "\xf0\x9f\x98", "\xff"})
    EXPECT_EQ(utf8_character_bytes(text), 0U);
}

}  // namespace
}  // namespace tessera
