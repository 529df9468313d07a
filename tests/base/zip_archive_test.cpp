#include "base/zip_archive.h"

#include <gtest/gtest.h>

#include "support/zip_builder.h"

namespace tessera {
namespace {

std::string error_of(const std::vector<uint8_t>& file) {
  const auto archive = ZipArchive::open(file);
  return archive ? "" : archive.error().to_string();
}

std::string text(const ZipBytes& bytes) {
  return {bytes.view().begin(), bytes.view().end()};
}

TEST(ZipArchive, ReadsStoredAndDeflatedEntries) {
  const std::string data(5000, 'x');
  const auto file =
      ZipBuilder()
          .add({.name = "a/stored", .data = "hello"})
          .add({.name = "a/packed", .data = deflated(data), .method = 8, .announced = 5000})
          .bytes();
  const auto archive = ZipArchive::open(file);
  ASSERT_TRUE(archive) << archive.error().to_string();
  ASSERT_EQ(archive->entries().size(), 2u);
  EXPECT_EQ(text(*archive->read(*archive->find("a/stored"))), "hello");
  EXPECT_EQ(text(*archive->read(*archive->find("a/packed"))), data);
  EXPECT_EQ(archive->find("a/absent"), nullptr);
}

TEST(ZipArchive, ReadsSixtyFourBitSizes) {
  const auto file = ZipBuilder().add({.name = "a", .data = "hello", .zip64 = true}).bytes();
  const auto archive = ZipArchive::open(file);
  ASSERT_TRUE(archive) << archive.error().to_string();
  EXPECT_EQ(text(*archive->read(archive->entries()[0])), "hello");
}

TEST(ZipArchive, TellsRightFromWrongChecksums) {
  const auto file = ZipBuilder()
                        .add({.name = "a", .data = "1"})
                        .add({.name = "b", .data = "2", .wrong_crc = true})
                        .bytes();
  const auto archive = ZipArchive::open(file);
  ASSERT_TRUE(archive);
  for (const ZipEntry& entry : archive->entries()) {
    EXPECT_EQ(ZipArchive::checksum_matches(entry, archive->read(entry)->view()), entry.name == "a");
  }
}

TEST(ZipArchive, RefusesEveryTruncation) {
  const auto file =
      ZipBuilder().add({.name = "a", .data = "hello"}).add({.name = "b", .data = "again"}).bytes();
  for (size_t size = 0; size < file.size(); ++size) {
    const auto archive = ZipArchive::open(std::span(file).first(size));
    ASSERT_FALSE(archive) << size;
    EXPECT_EQ(archive.error().code, ErrorCode::kCorrupt) << size;
  }
}

TEST(ZipArchive, RefusesOrReadsEveryFlippedByte) {
  const auto file = ZipBuilder()
                        .add({.name = "a", .data = "hello", .zip64 = true})
                        .add({.name = "b", .data = deflated("again"), .method = 8, .announced = 5})
                        .bytes();
  size_t read = 0;
  size_t refused = 0;
  for (size_t at = 0; at < file.size(); ++at) {
    for (int flip : {0x01, 0x80, 0xff}) {
      auto copy = file;
      copy[at] = static_cast<uint8_t>(copy[at] ^ flip);
      const auto archive = ZipArchive::open(copy);
      if (!archive) {
        ++refused;
        continue;
      }
      for (const ZipEntry& entry : archive->entries()) {
        const auto bytes = archive->read(entry);
        ++(bytes ? read : refused);
        if (bytes) {
          EXPECT_EQ(bytes->view().size(), entry.bytes);
        }
      }
    }
  }
  EXPECT_GT(read, 0U);
  EXPECT_GT(refused, file.size());
}

TEST(ZipArchive, RefusesNamesThatLeaveTheirFolder) {
  for (const char* name : {"../x", "/etc/passwd", "a/../../x", "a\\b", "C:x", "a/.."}) {
    EXPECT_EQ(error_of(ZipBuilder().add({.name = name, .data = "1"}).bytes()),
              std::string(name) +
                  ": a zip entry's name tries to leave its folder (no honest tool writes such "
                  "names: do not "
                  "trust this file)");
  }
}

TEST(ZipArchive, ReadsNamesWithAColonAsTensorFlowWritesThem) {
  const auto file = ZipBuilder().add({.name = "net/conv1/kernel:0.npy", .data = "1"}).bytes();
  const auto archive = ZipArchive::open(file);
  ASSERT_TRUE(archive) << archive.error().to_string();
  EXPECT_NE(archive->find("net/conv1/kernel:0.npy"), nullptr);
}

TEST(ZipArchive, RefusesTwoEntriesOfOneName) {
  EXPECT_EQ(
      error_of(
          ZipBuilder().add({.name = "a", .data = "1"}).add({.name = "a", .data = "2"}).bytes()),
      "a: the zip file holds two entries of this name (no honest tool writes such files: do not "
      "trust this "
      "file)");
}

TEST(ZipArchive, RefusesANameThatDiffersInTheLocalHeader) {
  EXPECT_EQ(error_of(ZipBuilder().add({.name = "a", .data = "1", .local_name = "b"}).bytes()),
            "a: the zip entry has another name in its own header (no honest tool writes such "
            "files: do not trust "
            "this file)");
}

TEST(ZipArchive, RefusesOverlappingEntries) {
  auto file =
      ZipBuilder().add({.name = "a", .data = "PK"}).add({.name = "b", .data = "1234"}).bytes();
  const size_t directory = file.size() - 22 - 2 * 47;
  file[directory + 20] = file[directory + 24] = 20;  // "a" now claims the header of "b"
  EXPECT_EQ(error_of(file),
            "b: zip entries overlap: this is how zip bombs are built (do not trust this file)");
}

TEST(ZipArchive, RefusesAnExplosiveExpansion) {
  const std::string zeros(64 << 20, '\0');
  const auto file =
      ZipBuilder()
          .add({.name = "a", .data = deflated(zeros), .method = 8, .announced = 64 << 20})
          .bytes();
  const auto archive = ZipArchive::open(file);
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().code, ErrorCode::kUnsafe);
  EXPECT_EQ(archive.error().message,
            std::to_string(file.size()) + " bytes would unpack to 67108864: this is a zip bomb");
}

TEST(ZipArchive, RefusesDataThatUnpacksToAnotherSize) {
  for (uint32_t announced : {4U, 6U, 1000U}) {
    const auto file =
        ZipBuilder()
            .add({.name = "a", .data = deflated("hello"), .method = 8, .announced = announced})
            .bytes();
    const auto archive = ZipArchive::open(file);
    ASSERT_TRUE(archive);
    const auto bytes = archive->read(archive->entries()[0]);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(
        bytes.error().to_string(),
        "a: its compressed data does not give the " + std::to_string(announced) +
            " bytes announced (the file is damaged or was cut short: copy or download it again)");
  }
}

TEST(ZipArchive, RefusesHugeClaimedSizes) {
  auto file = ZipBuilder().add({.name = "a", .data = "hello"}).bytes();
  const size_t directory = file.size() - 22 - 47;
  for (size_t i : {20, 21, 22, 24, 25, 26}) file[directory + i] = 0xff;
  EXPECT_EQ(error_of(file),
            "a: its data lies outside the zip file (the file is damaged or was cut short: copy or "
            "download it "
            "again)");
}

TEST(ZipArchive, RefusesEncryptionAndUnknownCompression) {
  EXPECT_EQ(error_of(ZipBuilder().add({.name = "a", .data = "1", .flags = 1}).bytes()),
            "a: the zip entry is encrypted (save it unencrypted)");
  EXPECT_EQ(error_of(ZipBuilder().add({.name = "a", .data = "1", .method = 12}).bytes()),
            "a: zip compression 12 is not known (store the entries uncompressed)");
}

}  // namespace
}  // namespace tessera
