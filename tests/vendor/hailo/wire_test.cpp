#include "vendor/hailo/wire.h"

#include <gtest/gtest.h>

#include "support/hef_builder.h"

namespace tessera {
namespace {

using test::Wire;

std::span<const uint8_t> bytes_in(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(Wire, GivesEveryKindOfField) {
  const std::string text = Wire()
                               .number(1, 300)
                               .real(2, 0.5)
                               .real32(3, -2.0F)
                               .text(4, "name")
                               .packed(5, {1.0, 2.0})
                               .bytes();
  DamageLog log;
  WireMessage message(bytes_in(text), 100, "the test", log);
  uint64_t number = 0;
  double real = 0;
  float small = 0;
  std::string name;
  std::vector<double> list;
  message.next()->read(number);
  message.next()->read(real);
  message.next()->read(small);
  message.next()->read(name);
  message.next()->append(list, 10);
  EXPECT_FALSE(message.next());
  EXPECT_EQ(number, 300U);
  EXPECT_EQ(real, 0.5);
  EXPECT_EQ(small, -2.0F);
  EXPECT_EQ(name, "name");
  EXPECT_EQ(list, (std::vector<double>{1, 2}));
  EXPECT_TRUE(log.empty());
}

TEST(Wire, AFieldOfAnotherTypeIsDamageAtItsPlaceAndChangesNothing) {
  const std::string text = Wire().text(1, "abc").bytes();
  DamageLog log;
  WireMessage message(bytes_in(text), 1000, "the test", log);
  uint64_t number = 7;
  message.next()->read(number);
  EXPECT_EQ(number, 7U);
  ASSERT_EQ(log.listed().size(), 1U);
  EXPECT_EQ(log.listed()[0].offset, 1002U);
  EXPECT_NE(log.listed()[0].what.find("field 1 of the test"), std::string::npos);
}

// Three messages within one another, cut at every byte: one place is named, and what stands before
// it is read.
TEST(Wire, ACutFileIsNamedOnceHoweverDeepItIsCut) {
  const Wire inner = Wire().number(1, 1).text(2, "some text");
  const std::string text =
      Wire().number(9, 9).message(1, Wire().message(1, Wire().message(1, inner))).bytes();
  for (size_t size = 3; size < text.size(); ++size) {
    DamageLog log;
    WireMessage message(bytes_in(text).first(size), 0, "the test", log);
    uint64_t nine = 0;
    message.next()->read(nine);
    EXPECT_EQ(nine, 9U);
    std::vector<WireMessage> open{message};
    while (!open.empty()) {
      const auto field = open.back().next();
      if (!field) {
        open.pop_back();
      } else if (field->number() == 1 && open.size() < 4) {
        open.push_back(field->message("a part"));
      }
    }
    ASSERT_EQ(log.listed().size(), 1U) << size;
    EXPECT_LE(log.listed()[0].offset, size);
  }
}

TEST(Wire, NumbersBeyondTheirBitsAreDamage) {
  DamageLog log;
  const std::string endless(12, '\xff');
  EXPECT_FALSE(WireMessage(bytes_in(endless), 0, "the test", log).next());
  EXPECT_EQ(log.listed().size(), 1U);

  const std::string wide = Wire().number(1, uint64_t{1} << 40).bytes();
  WireMessage message(bytes_in(wide), 0, "the test", log);
  uint32_t value = 5;
  message.next()->read(value);
  EXPECT_EQ(value, 5U);
  EXPECT_EQ(log.listed().size(), 2U);
}

TEST(Wire, WhatIsNoFieldEndsTheMessage) {
  DamageLog log;
  const std::string group("\x0b\x08\x01", 3);  // a group, which is not read
  EXPECT_FALSE(WireMessage(bytes_in(group), 50, "the test", log).next());
  ASSERT_EQ(log.listed().size(), 1U);
  EXPECT_EQ(log.listed()[0].offset, 50U);
}

}  // namespace
}  // namespace tessera
