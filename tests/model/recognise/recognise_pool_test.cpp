#include <fmt/format.h>

#include "model/recognise/recognised.h"

namespace tessera {
namespace {

std::string one(std::string_view op, std::string_view shape) {
  return fmt::format(R"(%x = input() shape=[2,1,6] -> [2,1,6]
    %y = {} -> {}
    output "y" = %y)",
                     op, shape);
}

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_pool, one(before, "[2,1,1]"), one(after, "[2,1,1]"));
}
void expect_stays(std::string_view op, std::string_view shape) {
  test::expect_stays(recognise_pool, one(op, shape));
}

TEST(RecognisePool, AMeanOrMaximumOverTimeIsGlobal) {
  expect_becomes("reduce.mean(%x) over_w=true", "global_pool.average(%x)");
  expect_becomes("reduce.max(%x) over_w=true", "global_pool.max(%x)");
  expect_becomes("reduce.max(%x) over_h=true over_w=true", "global_pool.max(%x)");
}

TEST(RecognisePool, AWindowAsLongAsTheSequenceIsGlobal) {
  expect_becomes("pool.average(%x) kernel=[1,6]", "global_pool.average(%x)");
  expect_becomes("pool.max(%x) kernel=[1,6] stride=[1,3]", "global_pool.max(%x)");
}

TEST(RecognisePool, LeaveAShorterWindow) {
  expect_stays("pool.max(%x) kernel=[1,5] stride=[1,2]", "[2,1,1]");
}

TEST(RecognisePool, LeaveAWindowThatSeesPadding) {
  expect_stays("pool.average(%x) kernel=[1,6] stride=[1,6] padding=[0,0,1,1]", "[2,1,1]");
}

TEST(RecognisePool, LeaveReductionsOverChannelsAndSums) {
  expect_stays("reduce.mean(%x) over_c=true over_w=true", "[1,1,1]");
  expect_stays("reduce.mean(%x) over_c=true", "[1,1,6]");
  expect_stays("reduce.sum(%x) over_w=true", "[2,1,1]");
}

}  // namespace
}  // namespace tessera
