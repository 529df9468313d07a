#include "rewrite/linear_streams.h"

#include <algorithm>

namespace tessera {
namespace {

bool mixes_channels(const Node& node) {
  const auto* conv = std::get_if<Conv>(&node.op);
  return conv != nullptr && conv->groups == 1;
}

bool leaves_the_network(const Graph& graph, const ValuePart& part) {
  const auto users = graph.users(part.node);
  return graph.is_output(part.node) || std::any_of(users.begin(), users.end(), [&](NodeId user) {
           return graph.get_if<Slice>(user) != nullptr && graph.is_output(user);
         });
}

}  // namespace

std::vector<LinearStream> linear_streams(const Graph& graph) {
  std::vector<int32_t> places(static_cast<size_t>(graph.id_limit()), 0);
  int32_t next = 0;
  for (NodeId id : graph.order()) places[static_cast<size_t>(index_of(id))] = next++;
  const auto place = [&](const ValuePart& part) {
    return places[static_cast<size_t>(index_of(part.node))];
  };
  std::vector<LinearStream> streams;
  for (JoinedParts& parts :
       joined_by_sums(graph, {[](NodeId) { return true; }, mixes_channels, mixes_channels})) {
    if (std::any_of(parts.begin(), parts.end(),
                    [&](const ValuePart& part) { return leaves_the_network(graph, part); }))
      continue;
    std::sort(parts.begin(), parts.end(),
              [&](const ValuePart& a, const ValuePart& b) { return place(a) < place(b); });
    std::string name = name_of(graph, parts.front());
    streams.push_back({std::move(name), std::move(parts)});
  }
  std::sort(streams.begin(), streams.end(), [&](const LinearStream& a, const LinearStream& b) {
    return place(a.parts.front()) < place(b.parts.front());
  });
  return streams;
}

const std::string& name_of(const Graph& graph, const ValuePart& part) {
  for (NodeId user : graph.users(part.node)) {
    const auto* slice = graph.get_if<Slice>(user);
    if (slice != nullptr && slice->begin == part.begin && slice->end == part.end)
      return graph.node(user).name;
  }
  return graph.node(part.node).name;
}

}  // namespace tessera
