#include "graph/queries.h"

namespace tessera {

NodeId sole_user(const Graph& graph, NodeId id) {
  const auto users = graph.users(id);
  return users.size() == 1 && !graph.is_output(id) ? users[0] : kNoNode;
}

bool is_pointwise(const Conv& conv) {
  return conv.groups == 1 && conv.weight.dim(2) == 1 && conv.weight.dim(3) == 1 &&
         conv.stride == Extent{} && conv.padding.none();
}

bool is_pointwise(const Graph& graph, NodeId id) {
  const auto* conv = graph.get_if<Conv>(id);
  return conv != nullptr && is_pointwise(*conv);
}

bool is_depthwise(const Conv& conv, int64_t in_channels) {
  return conv.groups > 1 && conv.groups == in_channels && conv.weight.dim(0) == in_channels;
}

}  // namespace tessera
