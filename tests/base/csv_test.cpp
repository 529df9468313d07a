#include "base/csv.h"

#include <gtest/gtest.h>

#include "support/scratch_folder.h"
#include "tessera/file.h"

namespace tessera {
namespace {

class CsvTest : public testing::Test {
 protected:
  Result<CsvTable> read(std::string_view text) {
    EXPECT_TRUE(write_file_atomically(path_, text, {.force = true}).has_value());
    return read_csv(path_);
  }
  std::string refusal(std::string_view text) {
    const auto table = read(text);
    return table ? "" : table.error().message;
  }

  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "table.csv";
};

TEST_F(CsvTest, FieldsInQuotesHoldCommasQuotesAndLines) {
  const auto table = read("\xef\xbb\xbfname,\"a path\"\r\n1,\"x, \"\"y\"\"\nz\"\r\n,\n");
  ASSERT_TRUE(table.has_value()) << table.error().to_string();
  EXPECT_EQ(table->columns, (std::vector<std::string>{"name", "a path"}));
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->rows[0], (std::vector<std::string>{"1", "x, \"y\"\nz"}));
  EXPECT_EQ(table->rows[1], (std::vector<std::string>{"", ""}));
  EXPECT_EQ(table->column("a path"), 1);
  EXPECT_EQ(table->column("path"), -1);
}

TEST_F(CsvTest, TheLastLineNeedsNoEnd) {
  const auto table = read("a,b\n1,2");
  ASSERT_TRUE(table.has_value()) << table.error().to_string();
  EXPECT_EQ(table->rows.size(), 1u);
}

TEST_F(CsvTest, BrokenTablesAreRefusedWithTheirRow) {
  EXPECT_EQ(refusal(""), "holds no row");
  EXPECT_EQ(refusal("a,b\n1,2\n3\n"), "row 3 has 1 fields, the first row 2");
  EXPECT_EQ(refusal("a,b,a\n"), "names column 'a' twice");
  EXPECT_NE(refusal("a,b\n1,\"2\n"), "");
  EXPECT_NE(refusal("a,b\n1,2\"3\"4\n"), "");
  EXPECT_EQ(refusal(std::string(5'000'000, ',')), "has more than 4194304 fields");
  EXPECT_EQ(read_csv(folder_ / "none.csv").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tessera
