#include <fmt/format.h>

#include "rewrite/affine_fold.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool fuse_affines_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<Affine>(node) != nullptr &&
         graph.get_if<Affine>(graph.node(node).inputs[0]) != nullptr;
}

Result<Outcome> apply_fuse_affines(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  const Graph& graph = editor.graph();
  const Node inner_node = graph.node(graph.node(node).inputs[0]);
  const ChannelAffine inner = channel_affine(std::get<Affine>(inner_node.op));
  ChannelAffine both = channel_affine(*graph.get_if<Affine>(node));
  for (size_t c = 0; c < both.scale.size(); ++c) {
    both.bias[c] += both.scale[c] * inner.bias[c];
    both.scale[c] *= inner.scale[c];
  }
  TESSERA_TRY_VOID(editor.replace(node, to_op(both), inner_node.inputs));
  return Outcome{Changed{fmt::format("does at once what '{}' and it did", inner_node.name)}};
}

}  // namespace

constinit const Rule fuse_affines{"fuse_affines", "Makes one affine of two in a row.",
                                  Exactness::exact, fuse_affines_concerns, apply_fuse_affines};

}  // namespace tessera::rules
