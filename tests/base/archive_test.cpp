// The container: what is written is read, the same bytes every time, and no byte can change.
#include "base/archive.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "support/zip_builder.h"

namespace tessera {
namespace {

std::vector<uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

std::vector<uint8_t> small_archive() {
  const auto first = bytes_of("{}");
  const auto second = bytes_of("some weights");
  const std::vector<ArchiveEntry> entries{{"manifest.json", first}, {"model/net.pth", second}};
  auto file = write_archive(entries);
  EXPECT_TRUE(file.has_value());
  return *file;
}

// A zip of anybody's making with the comment that makes it a package.
std::vector<uint8_t> with_digest(std::vector<uint8_t> zip) {
  const std::string label = "tessera package xxh3-128 ";
  zip[zip.size() - 2] = static_cast<uint8_t>(label.size() + 32);
  zip.insert(zip.end(), label.begin(), label.end());
  const std::string digest = content_hash(zip);
  zip.insert(zip.end(), digest.begin(), digest.end());
  return zip;
}

std::string error_of(const std::vector<uint8_t>& file) {
  const auto entries = read_archive(file);
  return entries ? "" : entries.error().to_string();
}

TEST(Archive, ReadsWhatItWrote) {
  const std::vector<uint8_t> file = small_archive();
  const auto entries = read_archive(file);
  ASSERT_TRUE(entries.has_value()) << entries.error().to_string();
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].name, "manifest.json");
  EXPECT_EQ((*entries)[1].name, "model/net.pth");
  EXPECT_EQ(std::string((*entries)[1].bytes.begin(), (*entries)[1].bytes.end()), "some weights");
}

TEST(Archive, TheSameEntriesGiveTheSameBytes) {
  EXPECT_EQ(small_archive(), small_archive());
}

TEST(Archive, EverySingleBitThatFlipsIsNoticed) {
  std::vector<uint8_t> file = small_archive();
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    file[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(read_archive(file).has_value()) << "bit " << bit;
    file[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
  }
  EXPECT_TRUE(read_archive(file).has_value());
}

TEST(Archive, AFileCutShortAnywhereIsNoticed) {
  const std::vector<uint8_t> file = small_archive();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(error_of({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)}),
              "the digest at the end of the file is missing (the package is damaged or was cut "
              "short: copy it again, or build it again)");
  }
}

TEST(Archive, AZipWithoutADigestIsNoPackage) {
  EXPECT_EQ(error_of(ZipBuilder().add({.name = "manifest.json", .data = "{}"}).bytes()),
            "the digest at the end of the file is missing (the package is damaged or was cut "
            "short: copy it again, or build it again)");
}

TEST(Archive, RefusesCompressedEntriesSoThatNothingExpands) {
  const std::string data(1000, 'x');
  EXPECT_EQ(
      error_of(with_digest(
          ZipBuilder()
              .add(
                  {.name = "manifest.json", .data = deflated(data), .method = 8, .announced = 1000})
              .bytes())),
      "manifest.json: is compressed, which no entry of a package is (give the package as "
      "'tessera build' wrote it)");
}

TEST(Archive, RefusesAZipBomb) {
  const std::string data(1000, 'x');
  const auto error = read_archive(with_digest(ZipBuilder()
                                                  .add({.name = "manifest.json",
                                                        .data = deflated(data),
                                                        .method = 8,
                                                        .announced = 0xfffffff0})
                                                  .bytes()));
  ASSERT_FALSE(error.has_value());
  EXPECT_EQ(error.error().code, ErrorCode::kUnsafe);
}

TEST(Archive, RefusesNamesThatLeaveTheirFolder) {
  for (const char* name : {"../x", "/etc/passwd", "a/../../x"}) {
    const auto file = with_digest(ZipBuilder().add({.name = name, .data = "1"}).bytes());
    const auto entries = read_archive(file);
    ASSERT_FALSE(entries.has_value());
    EXPECT_EQ(entries.error().code, ErrorCode::kUnsafe);
  }
}

TEST(Archive, RefusesTwoEntriesOfOneName) {
  const auto file = with_digest(
      ZipBuilder().add({.name = "a", .data = "1"}).add({.name = "a", .data = "2"}).bytes());
  const auto entries = read_archive(file);
  ASSERT_FALSE(entries.has_value());
  EXPECT_EQ(entries.error().code, ErrorCode::kUnsafe);
}

TEST(Archive, RefusesNamesThatATerminalWouldObey) {
  EXPECT_EQ(error_of(with_digest(ZipBuilder().add({.name = "a\x1b[2J", .data = "1"}).bytes())),
            "an entry's name is not one that a package has (do not trust this file)");
}

}  // namespace
}  // namespace tessera
