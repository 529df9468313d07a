#include "vendor/hailo/har/har.h"

#include <gtest/gtest.h>

#include "mutation.h"
#include "support/har_builder.h"

namespace tessera {
namespace {

using test::TarMember;

std::vector<uint8_t> bytes_in(const std::string& text) {
  return {text.begin(), text.end()};
}

HarArchive archive_of(const std::string& tar) {
  auto archive = read_har_archive(bytes_in(tar));
  EXPECT_TRUE(archive) << archive.error().to_string();
  return std::move(archive).value();
}

class HarPacking : public ::testing::TestWithParam<bool> {
 protected:
  static std::string pack(const std::vector<TarMember>& members) {
    return GetParam() ? test::gzip_of(test::tar_of(members)) : test::tar_of(members);
  }
};

TEST_P(HarPacking, HoldsItsMembersAndWhatTheySay) {
  const HarArchive archive = archive_of(pack(test::small_har_members()));
  EXPECT_TRUE(archive.damage.empty());
  EXPECT_EQ(archive.compressed, GetParam());
  ASSERT_EQ(archive.members.size(), 6U);
  const Har har = read_har(archive);
  EXPECT_EQ(har.state, HarState::compiled);
  ASSERT_EQ(har.networks.size(), 2U);
  EXPECT_EQ(har.networks[1].state, HarState::native);
  ASSERT_NE(har.network(), nullptr);
  EXPECT_EQ(har.network()->layers.size(), 3U);
  ASSERT_EQ(har.weights.size(), 1U);
  ASSERT_EQ(har.weights[0].arrays.size(), 2U);
  EXPECT_EQ(har.weights[0].arrays[0].name, "net/conv1/kernel:0");
  EXPECT_EQ(har.weights[0].arrays[0].dims, (std::vector<int64_t>{1, 3, 3, 4}));
  ASSERT_EQ(har.scripts.size(), 2U);
  EXPECT_FALSE(har.scripts[0].automatic);
  EXPECT_TRUE(har.scripts[1].automatic);
  ASSERT_EQ(har.compiled.size(), 1U);
  ASSERT_TRUE(har.compiled[0].hef);
  EXPECT_TRUE(har.compiled[0].hef->intact());
}

TEST_P(HarPacking, IsReadAsFarAsItGoes) {
  const std::string whole = pack(test::small_har_members());
  for (size_t size = 300; size < whole.size(); size += 101) {
    const auto archive = read_har_archive(bytes_in(whole.substr(0, size)));
    if (!archive) {
      EXPECT_EQ(archive.error().code, ErrorCode::kCorrupt) << size;
      continue;
    }
    ASSERT_FALSE(archive->damage.empty()) << size;
    EXPECT_LE(archive->damage.listed()[0].offset, size);
    (void)read_har(*archive);
  }
}

INSTANTIATE_TEST_SUITE_P(All, HarPacking, ::testing::Bool());

TEST(Har, AMemberThatIsCutIsNamedAndWhatIsBeforeItIsRead) {
  std::string tar = test::tar_of(test::small_har_members());
  const size_t second = tar.find("net.native.hn");
  tar.resize(second + 512 + 100);
  const HarArchive archive = archive_of(tar);
  ASSERT_EQ(archive.damage.listed().size(), 1U);
  const std::string& what = archive.damage.listed()[0].what;
  EXPECT_NE(what.find("'net.native.hn'"), std::string::npos) << what;
  EXPECT_NE(what.find("of its"), std::string::npos) << what;
  EXPECT_NE(read_har(archive).network(), nullptr);
}

TEST(Har, WeightsInHdf5AreSaidNotToBeListed) {
  const Har har = read_har(archive_of(test::tar_of({{"net.fp.hn", std::string(test::kSmallHn)},
                                                    {"net.hdf5", "\x89HDF\r\n\x1a\n"},
                                                    {"net.metadata.json", "{}"}})));
  EXPECT_EQ(har.state, HarState::floats);
  ASSERT_EQ(har.weights.size(), 1U);
  EXPECT_EQ(har.weights[0].not_listed, "HDF5 is not read");
  EXPECT_EQ(har.others, std::vector<std::string>{"net.metadata.json"});
}

TEST(Har, ABrokenNetworkInsideSaysWhy) {
  const Har har = read_har(archive_of(test::tar_of({{"net.hn", "{\"name\": 3}"}})));
  EXPECT_EQ(har.network(), nullptr);
  EXPECT_NE(har.networks.at(0).unreadable.find("name"), std::string::npos);
}

void expect_unsafe(const std::vector<TarMember>& members) {
  const auto archive = read_har_archive(bytes_in(test::tar_of(members)));
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().code, ErrorCode::kUnsafe) << archive.error().to_string();
}

TEST(HarUnsafe, NamesThatLeaveTheFolder) {
  for (const char* name :
       {"../evil", "a/../../evil", "/etc/passwd", "a\\..\\b", "C:evil", "a//b", "a/./b"}) {
    expect_unsafe({{name, "x"}});
  }
  EXPECT_TRUE(read_har_archive(bytes_in(test::tar_of({{"./net.hn", "{}"}}))));
}

TEST(HarUnsafe, LinksDevicesAndNamesThatAppearTwice) {
  expect_unsafe({{"net.hn", "", '2', "/etc/passwd"}});
  expect_unsafe({{"net.hn", "", '1', "other"}});
  expect_unsafe({{"net.hn", "", '3'}});
  expect_unsafe({{"net.hn", "a"}, {"net.hn", "b"}});
  expect_unsafe({{"net.hn", "a"}, {"./net.hn", "b"}});
}

TEST(HarLimits, SizesAndCountsAreBounded) {
  TarMember large{"net.npz", "x"};
  large.stated = int64_t{1} << 32;
  const auto stated = read_har_archive(bytes_in(test::tar_of({large})), {.bytes = 1 << 20});
  ASSERT_FALSE(stated);
  EXPECT_EQ(stated.error().code, ErrorCode::kResourceLimit);

  const std::string zeros(8 << 20, '\0');
  const auto bomb = read_har_archive(bytes_in(test::gzip_of(test::tar_of({{"net.npz", zeros}}))),
                                     {.bytes = 1 << 20});
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().code, ErrorCode::kResourceLimit);

  const auto many =
      read_har_archive(bytes_in(test::tar_of({{"a", "1"}, {"b", "2"}})), {.members = 1});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::kResourceLimit);
}

TEST(HarOther, FilesOfOtherKindsAreNamed) {
  const auto hef = test::hef_file(2, test::small_hef());
  const auto archive = read_har_archive(hef);
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(archive.error().message.find("this is a HEF, not a HAR"), std::string::npos);
  const auto empty = read_har_archive({});
  ASSERT_FALSE(empty);
}

TEST(HarDamage, NoMutationDoesMoreThanDamage) {
  const std::string tar = test::tar_of(test::small_har_members());
  Mutator mutator({bytes_in(tar), bytes_in(test::gzip_of(tar))}, 3, 20000);
  for (int i = 0; i < 1500; ++i) {
    const InputBytes input = mutator.next();
    const auto archive = read_har_archive(input, {.bytes = 1 << 20});
    if (archive) (void)read_har(*archive);
  }
}

}  // namespace
}  // namespace tessera
