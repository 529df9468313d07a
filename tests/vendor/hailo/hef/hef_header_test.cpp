#include "vendor/hailo/hef/hef_header.h"

#include <gtest/gtest.h>

#include "support/hef_builder.h"
#include "vendor/hailo/hef/hef.h"

namespace tessera {
namespace {

using test::HefParts;

class HefVersion : public ::testing::TestWithParam<uint32_t> {
 protected:
  std::vector<uint8_t> file() const {
    HefParts parts = test::small_hef();
    if (GetParam() == 0) {  // weights lie in the description
      parts.weights.clear();
    }
    parts.padding = 24;
    parts.additional = "additional";
    return test::hef_file(GetParam(), parts);
  }
};

TEST_P(HefVersion, IsReadWithItsLengthsAndChecksum) {
  const auto bytes = file();
  const auto header = read_hef_header(bytes);
  ASSERT_TRUE(header) << header.error().to_string();
  EXPECT_EQ(header->version, GetParam());
  EXPECT_EQ(header->file_bytes(), bytes.size());
  EXPECT_EQ(header->weight_bytes, GetParam() == 0 ? 0U : 64U);
  DamageLog log;
  const HefChecksums sums = check_hef_bytes(*header, bytes, log);
  EXPECT_TRUE(sums.computed);
  EXPECT_TRUE(sums.matches);
  EXPECT_TRUE(log.empty());
}

TEST_P(HefVersion, AChangedByteBehindTheHeaderIsNoticed) {
  const auto bytes = file();
  const auto header = read_hef_header(bytes).value();
  for (size_t at = header.header_bytes; at < bytes.size(); at += 37) {
    auto changed = bytes;
    changed[at] ^= 0x10;
    DamageLog log;
    EXPECT_FALSE(check_hef_bytes(header, changed, log).matches) << at;
    ASSERT_EQ(log.listed().size(), 1U);
    EXPECT_EQ(log.listed()[0].offset, header.header_bytes);
  }
}

TEST_P(HefVersion, AMissingEndIsNamedByItsByte) {
  auto bytes = file();
  const auto header = read_hef_header(bytes).value();
  bytes.resize(bytes.size() - 7);
  DamageLog log;
  EXPECT_FALSE(check_hef_bytes(header, bytes, log).computed);
  ASSERT_EQ(log.listed().size(), 1U);
  EXPECT_EQ(log.listed()[0].offset, bytes.size());
  EXPECT_NE(log.listed()[0].what.find("7 bytes missing"), std::string::npos);
}

TEST_P(HefVersion, BytesBehindTheEndAreDamage) {
  auto bytes = file();
  const auto header = read_hef_header(bytes).value();
  const uint64_t end = bytes.size();
  bytes.push_back(0);
  DamageLog log;
  (void)check_hef_bytes(header, bytes, log);
  ASSERT_FALSE(log.empty());
  EXPECT_EQ(log.listed()[0].offset, end);
}

TEST_P(HefVersion, EndsWithinItsHeaderAreCorrupt) {
  const auto bytes = file();
  const uint64_t header_bytes = read_hef_header(bytes)->header_bytes;
  for (size_t size = 1; size < header_bytes; ++size) {
    const auto header = read_hef_header(std::span(bytes).first(size));
    ASSERT_FALSE(header) << size;
    EXPECT_EQ(header.error().code, ErrorCode::kCorrupt);
  }
}

INSTANTIATE_TEST_SUITE_P(All, HefVersion, ::testing::Range(0U, 4U));

TEST(HefHeader, TheChecksumOfTheDescriptionReplacesThatOfAll) {
  HefParts parts = test::small_hef();
  parts.description_sum = true;
  auto bytes = test::hef_file(3, parts);
  bytes.back() ^= 1;  // a weight, which that checksum leaves out
  const auto header = read_hef_header(bytes).value();
  DamageLog log;
  EXPECT_TRUE(check_hef_bytes(header, bytes, log).matches);
  bytes[header.header_bytes + 3] ^= 1;
  EXPECT_FALSE(check_hef_bytes(header, bytes, log).matches);
}

TEST(HefHeader, AnotherVersionIsUnsupported) {
  auto bytes = test::hef_file(2, test::small_hef());
  bytes[7] = 9;
  const auto header = read_hef_header(bytes);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(header.error().message.find("version 9"), std::string::npos);
}

// Sizes that no file has neither overflow nor allocate.
TEST(HefHeader, StatedSizesOfAnySizeAreOnlyDamage) {
  for (const uint32_t version : {1U, 2U, 3U}) {
    auto bytes = test::hef_file(version, test::small_hef());
    for (size_t i = 8; i < (version == 1 ? 28U : 40U); ++i) bytes[i] = 0xff;
    const auto hef = read_hef(bytes);
    ASSERT_TRUE(hef);
    EXPECT_FALSE(hef->intact());
    EXPECT_EQ(hef->groups.size(), 1U);  // its description is there all the same
  }
}

TEST(HefHeader, OtherFilesAreNamed) {
  const std::pair<std::string, std::string> files[] = {
      {"", "empty"},
      {std::string("\x7f"
                   "ELF\x02\x01",
                   6),
       "ELF"},
      {"PK\x03\x04rest", "zip archive"},
      {"<!DOCTYPE html><html></html>", "HTML page"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3503356\n",
       "Git LFS pointer, not the file it points to (3503356 bytes)"},
      {"\x1f\x8b\x08", "gzip"},
      {std::string(257, 'a') + std::string("ustar\0rest", 10), "tar archive"},
      {"HEF?", "begins with 48 45 46 3f"},
  };
  for (const auto& [text, kind] : files) {
    const std::vector<uint8_t> bytes(text.begin(), text.end());
    const auto header = read_hef_header(bytes);
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().code, ErrorCode::kCorrupt) << kind;
    EXPECT_NE(header.error().message.find(kind), std::string::npos) << header.error().message;
    EXPECT_FALSE(header.error().hint.empty());
  }
}

// RFC 1321, appendix A.5.
TEST(Md5, GivesTheDigestsOfTheRfc) {
  const auto of = [](const std::string& text) {
    return md5({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(of(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(of("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(of("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "d174ab98d277d9f5a5611c2c9f419d9f");
  std::string eighty;
  for (int i = 0; i < 8; ++i) eighty += "1234567890";
  EXPECT_EQ(of(eighty), "57edf4a22be3c955ac49da2e2107b67a");
}

}  // namespace
}  // namespace tessera
