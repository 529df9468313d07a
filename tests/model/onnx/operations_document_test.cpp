#include <gtest/gtest.h>

#include <algorithm>

#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

TEST(OnnxOperationsDocument, IsWhatTheReaderReadsBy) {
  const auto bytes = read_file(TESSERA_SOURCE_DIR "/docs/onnx.md", 1 << 20);
  ASSERT_TRUE(bytes);
  const std::string page(bytes->begin(), bytes->end());
  const std::string begin = "<!-- operations: begin -->\n";
  const size_t from = page.find(begin);
  const size_t to = page.find("<!-- operations: end -->");
  ASSERT_TRUE(from != std::string::npos && to != std::string::npos && from < to);
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), onnx_operations_markdown())
      << "run: scripts/onnx-reference";
}

TEST(OnnxOperationsDocument, NamesEachOperationOnce) {
  std::vector<std::string_view> names;
  for (const OnnxOperation& one : onnx_operations()) {
    EXPECT_EQ(std::find(names.begin(), names.end(), one.name), names.end()) << one.name;
    EXPECT_EQ(one.condition.find('|'), std::string_view::npos) << one.name;
    names.push_back(one.name);
  }
  EXPECT_GT(names.size(), 100U);
}

}  // namespace
}  // namespace tessera
