#include "rewrite/identity.h"

#include <algorithm>

namespace tessera {

bool is_identity(const Graph& graph, NodeId node) {
  const Node& n = graph.node(node);
  if (n.inputs.size() != 1 || graph.node(n.inputs[0]).shape != n.shape) return false;
  if (std::holds_alternative<Slice>(n.op) || std::holds_alternative<Concat>(n.op)) return true;
  if (const auto* pad = std::get_if<Pad>(&n.op)) return pad->padding.none();
  if (const auto* affine = std::get_if<Affine>(&n.op)) {
    const auto all = [](const Tensor& t, float value) {
      return std::all_of(t.values().begin(), t.values().end(), [=](float v) { return v == value; });
    };
    return all(affine->scale, 1.0F) && all(affine->bias, 0.0F);
  }
  return false;
}

}  // namespace tessera
