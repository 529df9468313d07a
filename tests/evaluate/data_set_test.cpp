#include "evaluate/data_set.h"

#include <gtest/gtest.h>

#include "support/scratch_folder.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class DataSetTest : public testing::Test {
 protected:
  void file(const std::string& name, std::string_view text = "x") {
    fs::create_directories((folder_ / name).parent_path());
    ASSERT_TRUE(write_file_atomically(folder_ / name, text, {.force = true}).has_value());
  }
  DataSet read(DataSetOptions options = {}) {
    if (options.root.empty()) options.root = folder_.path();
    auto data = read_data_set(options);
    EXPECT_TRUE(data.has_value()) << data.error().to_string();
    return data ? std::move(*data) : DataSet{};
  }
  std::string refusal(DataSetOptions options = {}) {
    if (options.root.empty()) options.root = folder_.path();
    const auto data = read_data_set(options);
    return data ? "" : data.error().message;
  }
  // The split of a LibriMix with one mixture.
  void libri() {
    for (const char* name : {"test/mix_clean/a_b.wav", "test/s1/a_b.wav", "test/s2/a_b.wav",
                             "test/mix_both/a_b.wav", "test/noise/a_b.wav"})
      file(name);
  }
  DataSetOptions table(const std::string& rows) {
    file("t.csv", "mixture_ID,mixture_path,source_1_path,source_2_path,noise_path,length\n" + rows);
    DataSetOptions options;
    options.root = folder_ / "test";
    options.metadata = folder_ / "t.csv";
    return options;
  }
  std::string row_error(const std::string& row) {
    const DataSet data = read(table(row));
    if (data.items.size() != 1 || !data.items[0].error) return "";
    return std::string(to_string(data.items[0].error->code)) + ": " + data.items[0].error->message;
  }

  ScratchFolder folder_;
};

TEST_F(DataSetTest, FlatFoldersPairByName) {
  for (const char* name :
       {"04_mix.wav", "04_s1.wav", "04_s2.wav", "02_mix.wav", "02_s1.wav", "notes.txt", "_mix.wav"})
    file(name);
  const DataSet data = read();
  EXPECT_EQ(data.layout, "folders");
  ASSERT_EQ(data.items.size(), 2u);
  EXPECT_EQ(data.items[0].name, "02");
  ASSERT_TRUE(data.items[0].error.has_value());
  EXPECT_EQ(data.items[0].error->subject, (folder_ / "02_s2.wav").string());
  EXPECT_EQ(data.items[1].mixture, folder_ / "04_mix.wav");
  EXPECT_EQ(data.items[1].sources[1], folder_ / "04_s2.wav");
  EXPECT_FALSE(data.items[1].error.has_value());
}

TEST_F(DataSetTest, FoldersOfWsj0MixAreReadByTheirNames) {
  for (const char* name : {"mix/a.wav", "mix/b.flac", "s1/a.wav", "s1/b.flac", "s2/a.wav"})
    file(name);
  const DataSet data = read();
  EXPECT_EQ(data.layout, "folders");
  ASSERT_EQ(data.items.size(), 2u);
  EXPECT_FALSE(data.items[0].error.has_value());
  EXPECT_EQ(data.items[1].name, "b.flac");
  EXPECT_TRUE(data.items[1].error.has_value());
  EXPECT_EQ(read({.root = folder_.path(), .layout = DataSetLayout::wham}).layout, "wham");
}

TEST_F(DataSetTest, OfSeveralFoldersOfMixturesTheCleanOneIsTakenAndSaidSo) {
  libri();
  DataSet data = read({.root = folder_ / "test"});
  EXPECT_EQ(data.layout, "wham");
  EXPECT_EQ(data.items[0].mixture, folder_ / "test/mix_clean/a_b.wav");
  ASSERT_EQ(data.notes.size(), 1u);
  EXPECT_NE(data.notes[0].text.find("mix_clean, mix_both: mix_clean is taken"), std::string::npos);
  data = read({.root = folder_ / "test", .mixture = MixtureKind::both});
  EXPECT_EQ(data.items[0].mixture, folder_ / "test/mix_both/a_b.wav");
  EXPECT_TRUE(data.notes.empty());
}

TEST_F(DataSetTest, AMixtureOfOneVoiceHasOneSource) {
  file("mix_single/a.wav");
  file("s1/a.wav");
  file("s2/a.wav");
  EXPECT_EQ(read({.root = folder_.path(), .sources = 1}).items[0].sources.size(), 1u);
  EXPECT_EQ(refusal({.root = folder_.path(), .sources = 2}),
            "holds 1 source for each mixture, the network separates 2");
}

TEST_F(DataSetTest, TheTableOfLibriMixIsFoundBesideItsSplit) {
  libri();
  file("metadata/mixture_test_mix_clean.csv",
       "mixture_ID,mixture_path,source_1_path,source_2_path,length\n"
       "a_b,/home/them/Libri2Mix/test/mix_clean/a_b.wav,/home/them/Libri2Mix/test/s1/a_b.wav,"
       "/home/them/Libri2Mix/test/s2/a_b.wav,24000.0\n");
  const DataSet data = read({.root = folder_ / "test"});
  EXPECT_EQ(data.layout, "libri");
  ASSERT_EQ(data.items.size(), 1u);
  EXPECT_FALSE(data.items[0].error.has_value()) << data.items[0].error->to_string();
  EXPECT_EQ(data.items[0].name, "a_b");
  EXPECT_EQ(data.items[0].sources[1], folder_ / "test/s2/a_b.wav");
  EXPECT_EQ(data.items[0].frames, 24000);
}

TEST_F(DataSetTest, ColumnsThatAreNotKnownAreToldAndMissingOnesNamed) {
  libri();
  DataSetOptions options = table("");
  file("t.csv",
       "mixture_path,source_1_path,source_2_path,speaker\n"
       "mix_clean/a_b.wav,s1/a_b.wav,s2/a_b.wav,9\n");
  const DataSet data = read(options);
  EXPECT_EQ(data.items[0].name, "a_b");
  ASSERT_EQ(data.notes.size(), 1u);
  EXPECT_NE(data.notes[0].text.find("not read: 'speaker'"), std::string::npos);
  file("t.csv", "mixture,source_1_path\nx,y\n");
  EXPECT_EQ(refusal(options),
            "has no column mixture_path, source_2_path, but mixture, source_1_path");
  file("t.csv", "mixture_path,source_1_path,source_2_path,source_3_path\n");
  EXPECT_EQ(refusal(options), "has source_3_path, the network 2 sources");
}

TEST_F(DataSetTest, PathsOfATableStayBelowTheRoot) {
  libri();
  file("secret.wav");
  EXPECT_EQ(row_error("a,mix_clean/a_b.wav,s1/a_b.wav,s2/a_b.wav,,1\n"), "");
  EXPECT_EQ(row_error("a,../secret.wav,s1/a_b.wav,s2/a_b.wav,,1\n"), "unsafe: leaves the root");
  EXPECT_EQ(row_error("a,mix_clean/a_b.wav,s1/../../secret.wav,s2/a_b.wav,,1\n"),
            "unsafe: leaves the root");
  EXPECT_EQ(row_error("a,mix_clean/a_b.wav,/etc/passwd,s2/a_b.wav,,1\n"),
            "not_found: is not there: a source of its mixture");
  EXPECT_EQ(row_error("a,mix_clean/a_b.wav,,s2/a_b.wav,,1\n"), "corrupt: is no name of a file");
  EXPECT_EQ(row_error("a,mix_clean/a_b.wav,s1/a_b.wav,s2/a_b.wav,,many\n"),
            "corrupt: is no number of frames");
  EXPECT_EQ(row_error("a,mix_clean/a_b.wav,s1/a_b.wav,s2/a_b.wav,,-5\n"),
            "corrupt: is no number of frames");
}

TEST_F(DataSetTest, ANameThatStandsTwiceIsRefused) {
  libri();
  const std::string row = "a,mix_clean/a_b.wav,s1/a_b.wav,s2/a_b.wav,,1\n";
  EXPECT_EQ(refusal(table(row + row)), "rows 2 and 3 are both named 'a'");
}

TEST_F(DataSetTest, EmptyAndMissingRootsAreRefused) {
  EXPECT_EQ(refusal(), "holds no mixture");
  EXPECT_EQ(refusal({.root = folder_ / "none"}), "there is no such folder");
  file("a.wav");
  EXPECT_EQ(refusal({.root = folder_ / "a.wav"}), "is a file, not a folder");
  EXPECT_EQ(refusal({.root = folder_.path(), .layout = DataSetLayout::libri}),
            "has no folder of mixtures");
  fs::create_directories(folder_ / "empty/mix");
  EXPECT_EQ(refusal({.root = folder_ / "empty"}),
            "holds 0 sources for each mixture, the network separates 2");
  fs::create_directories(folder_ / "test");
  EXPECT_EQ(refusal(table("")), "names no mixture");
}

}  // namespace
}  // namespace tessera
