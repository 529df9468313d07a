#include "rewrite/split_norm.h"

#include <fmt/format.h>

namespace tessera {

bool is_norm(const Graph& graph, NodeId node, NormKind kind) {
  const auto* norm = graph.get_if<Norm>(node);
  return norm != nullptr && norm->kind == kind;
}

Result<Outcome> split_norm(GraphEditor& editor, NodeId node) {
  const Node norm_node = editor.graph().node(node);
  const Norm& norm = std::get<Norm>(norm_node.op);
  const NodeId x = norm_node.inputs[0];
  TESSERA_TRY(NodeId statistics,
              editor.add(NormStatistics{norm.kind, norm.gamma, norm.beta, norm.gamma, norm.eps},
                         {x}, norm_node.name + ".statistics", norm_node.origin.source));
  editor.derive(statistics, {DerivedKind::statistics, {norm_node.name}});
  TESSERA_TRY_VOID(editor.replace(node, ScaleShift{}, {x, statistics}));
  return Outcome{
      Changed{fmt::format("statistics in '{}', the rest is one scale and shift per channel",
                          editor.graph().node(statistics).name)}};
}

}  // namespace tessera
