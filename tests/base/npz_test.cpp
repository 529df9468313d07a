#include "base/npz.h"

#include <gtest/gtest.h>

#include "support/scratch_folder.h"
#include "support/zip_builder.h"

namespace tessera {
namespace {

std::string npy(const std::vector<int64_t>& dims, const std::vector<float>& values) {
  const auto bytes = format_npy(dims, values);
  return {bytes.begin(), bytes.end()};
}

class NpzFileTest : public testing::Test {
 protected:
  Result<NpzFile> open(ZipBuilder zip) {
    const std::vector<uint8_t> bytes = zip.bytes();
    EXPECT_TRUE(
        write_file_atomically(path_, std::span<const uint8_t>(bytes), {.force = true}).has_value());
    return NpzFile::open(path_);
  }
  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "a.npz";
};

TEST_F(NpzFileTest, GivesItsArraysByNameAndLooksAtNothingElse) {
  ZipBuilder zip;
  zip.add({"past", "no array"}).add({"cache.0.npy", npy({2}, {1, 2})});
  const std::string x = npy({1, 3}, {4, 5, 6});
  zip.add({"x.npy", deflated(x), 8, static_cast<uint32_t>(x.size())});
  Result<NpzFile> opened = open(zip);
  ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
  const NpzFile file = std::move(*opened);  // a file that was moved still reads
  EXPECT_EQ(file.names(), (std::vector<std::string>{"cache.0", "x"}));
  EXPECT_TRUE(file.contains("x"));
  EXPECT_FALSE(file.contains("past"));
  EXPECT_EQ(file.read("cache.0")->values, (std::vector<float>{1, 2}));
  EXPECT_EQ(file.read("past").error().to_string(), path_.string() + ": holds no array 'past'");
}

TEST_F(NpzFileTest, DamagedArraysAreRefused) {
  ZipBuilder zip;
  ZipPart part{"x.npy", npy({1}, {4})};
  part.wrong_crc = true;
  zip.add(part);
  const Result<NpzFile> file = open(zip);
  ASSERT_TRUE(file.has_value()) << file.error().to_string();
  EXPECT_EQ(file->read("x").error().to_string(),
            path_.string() + ": 'x.npy' differs from its checksum (copy the file again)");
}

TEST_F(NpzFileTest, WhatIsNoArchiveIsRefused) {
  const std::vector<uint8_t> junk(100, 7);
  ASSERT_TRUE(write_file_atomically(path_, std::span<const uint8_t>(junk)).has_value());
  const Result<NpzFile> file = NpzFile::open(path_);
  EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(file.error().subject.starts_with(path_.string()));
}

}  // namespace
}  // namespace tessera
