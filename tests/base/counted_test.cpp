#include "base/counted.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Counted, OneThingIsSingular) {
  EXPECT_EQ(counted(1, "context"), "1 context");
  EXPECT_EQ(counted(0, "context"), "0 contexts");
  EXPECT_EQ(counted(size_t{24}, "block"), "24 blocks");
  EXPECT_EQ(noun_for(1, "entry", "entries"), "entry");
  EXPECT_EQ(noun_for(2, "entry", "entries"), "entries");
}

}  // namespace
}  // namespace tessera
