// Constants lie in the group of host steps that reads them.
#include <gtest/gtest.h>

#include "run/host_group.h"

namespace tessera {
namespace {

struct Net {
  Graph graph;
  NodeId x, constant, sum;
};

Net sum_with_a_row() {
  Net net;
  GraphEditor editor(net.graph, "test");
  net.x = editor.add(Input{{2, 1, 3}}, {}, "x").value();
  net.constant = editor.add(Constant{Tensor({1, 1, 3}, {1, 2, 3})}, {}, "row").value();
  net.sum = editor.add(Add{}, {net.x, net.constant}, "sum").value();
  editor.add_output("y", net.sum);
  return net;
}

TEST(HostGroup, HoldsTheConstantsThatItsStepsRead) {
  const Net net = sum_with_a_row();
  const auto group = make_host_group(net.graph, {net.sum});
  ASSERT_TRUE(group) << group.error().to_string();
  EXPECT_EQ(group->reads, std::vector<NodeId>{net.x});
  EXPECT_EQ(group->writes, std::vector<NodeId>{net.sum});
  EXPECT_NE(group->graph.find("row"), kNoNode);
}

TEST(HostGroup, PassesNoConstantOn) {
  const Net net = sum_with_a_row();
  const auto alone = make_host_group(net.graph, {net.constant});
  ASSERT_TRUE(alone) << alone.error().to_string();
  EXPECT_TRUE(alone->reads.empty());
  EXPECT_TRUE(alone->writes.empty());
}

}  // namespace
}  // namespace tessera
