#include <gtest/gtest.h>

#include "tessera/compiler/target.h"
#include "tessera/file.h"

namespace tessera {
namespace {

TEST(ConstraintsDocument, IsWhatTheTableOfConstraintsSays) {
  const auto bytes = read_file(TESSERA_SOURCE_DIR "/docs/constraints.md", 1 << 20);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(std::string(bytes->begin(), bytes->end()), constraints_markdown())
      << "run: tessera target rules --markdown > docs/constraints.md";
}

}  // namespace
}  // namespace tessera
