#include "plan/segments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/conv_tasnet.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

test::ConvTasNet network_of(NormKind norm) {
  test::ConvTasNet network;
  network.samples = 1200;
  network.filters = 16;
  network.bottleneck = 8;
  network.hidden = 12;
  network.skip = 8;
  network.blocks = 3;
  network.repeats = 2;
  network.norm = norm;
  return network;
}

Graph legal_graph(NormKind norm) {
  Graph graph = build(network_of(norm));
  const Result<RewriteLog> log = rewrite(graph);
  EXPECT_TRUE(log.has_value()) << log.error().to_string();
  EXPECT_EQ(graph.form(), GraphForm::legal);
  return graph;
}

// Each of the six blocks ends one segment in the middle (depthwise) and one at its end; the
// bottleneck opens the first.
TEST(Segments, AGlobalNormIsABarrierTwicePerBlock) {
  const Graph graph = legal_graph(NormKind::global);
  EXPECT_EQ(divide(graph, partition_nodes(graph, {})).segments.size(), 2u * 6 + 1);
}

TEST(Segments, ABatchNormIsNone) {
  const Graph graph = legal_graph(NormKind::batch);
  EXPECT_EQ(divide(graph, partition_nodes(graph, {})).segments.size(), 1u);
}

TEST(Segments, EncoderMasksAndDecoderStayOnTheHost) {
  const Graph graph = legal_graph(NormKind::batch);
  const std::vector<Assignment> places = partition_nodes(graph, {});
  int seen = 0;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const bool reads_input = std::any_of(node.inputs.begin(), node.inputs.end(), [&](NodeId input) {
      return graph.get_if<Input>(input) != nullptr;
    });
    if (reads_input || std::holds_alternative<Mul>(node.op)) {
      EXPECT_EQ(places[static_cast<size_t>(index_of(id))].place, Place::host) << node.name;
      ++seen;
    }
  }
  EXPECT_EQ(seen, 1 + 2);  // the encoder, and a product for each source
}

// Whatever a step reads was made by an earlier one.
TEST(Segments, StepsFindTheirOperandsMade) {
  for (NormKind norm : {NormKind::global, NormKind::channel_wise, NormKind::cumulative,
                        NormKind::feature_wise, NormKind::batch}) {
    const Graph graph = legal_graph(norm);
    const Division division = divide(graph, partition_nodes(graph, {}));
    std::set<NodeId> made;
    for (const Step& step : division.steps) {
      if (const auto* host = std::get_if<HostStep>(&step)) {
        for (NodeId input : graph.node(host->node).inputs) EXPECT_TRUE(made.contains(input));
        made.insert(host->node);
        continue;
      }
      const auto index = static_cast<size_t>(std::get<SegmentStep>(step).segment);
      const ChipSegment& segment = division.segments[index];
      for (NodeId read : segment.reads) EXPECT_TRUE(made.contains(read));
      for (NodeId write : segment.writes) made.insert(write);
    }
    for (const GraphOutput& output : graph.outputs()) EXPECT_TRUE(made.contains(output.node));
  }
}

}  // namespace
}  // namespace tessera
