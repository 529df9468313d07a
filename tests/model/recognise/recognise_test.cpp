#include <algorithm>

#include "model/recognise/recognised.h"

namespace tessera {
namespace {

size_t place_of(std::string_view name) {
  const auto all = recognisers();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Recogniser& r) { return r.name == name; });
  EXPECT_NE(found, all.end()) << name;
  return static_cast<size_t>(found - all.begin());
}

TEST(Recognisers, StandBeforeThoseThatWouldTakeTheirNodes) {
  EXPECT_EQ(place_of("recognise_parts"), 0U);
  EXPECT_LT(place_of("recognise_norm"), place_of("recognise_pool"));
  EXPECT_LT(place_of("recognise_overlap_add"), place_of("recognise_sources"));
}

// Each step opens the way for the next: the slice gives x, then the norm is seen, then its affine.
TEST(Recognise, GoesOnUntilNothingIsFound) {
  Graph graph = test::graph_of(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %eps = constant() value=@eps[1,1,1] -> [1,1,1]
    %all = slice(%x) axis=w begin=0 end=4 -> [2,1,4]
    %m = reduce.mean(%x) over_c=true over_w=true -> [1,1,1]
    %d = binary.sub(%all, %m) -> [2,1,4]
    %sq = unary.square(%d) -> [2,1,4]
    %v = reduce.mean(%sq) over_c=true over_w=true -> [1,1,1]
    %ve = add(%v, %eps) -> [1,1,1]
    %s = unary.sqrt(%ve) -> [1,1,1]
    %n = binary.div(%d, %s) -> [2,1,4]
    %y = affine(%n) scale=@g[2] bias=@b[2] -> [2,1,4]
    output "y" = %y
    weights
    @eps 1 values 1e-3
    @g 2 values 2 3
    @b 2 values 0.5 -0.5)");
  ASSERT_TRUE(recognise(graph));
  const GraphDifference difference =
      compare_graphs(graph, test::graph_of(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = norm.global(%x) gamma=@g[2] beta=@b[2] eps=1e-3 -> [2,1,4]
    output "y" = %y
    weights
    @g 2 values 2 3
    @b 2 values 0.5 -0.5)"),
                     1e-6);
  EXPECT_TRUE(difference.same) << difference.text;
}

}  // namespace
}  // namespace tessera
