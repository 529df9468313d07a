#include "rewrite/affine_fold.h"
#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"

namespace tessera::rules {
namespace {

bool lower_batch_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::batch);
}

Result<Outcome> apply_lower_batch_norm(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  const Node norm = editor.graph().node(node);
  TESSERA_TRY_VOID(
      editor.replace(node, to_op(channel_affine(std::get<Norm>(norm.op))), norm.inputs));
  return Outcome{Changed{"its running statistics are constants: one scale and bias per channel"}};
}

}  // namespace

constinit const Rule lower_batch_norm{
    "lower_batch_norm", "Writes a batch norm as the affine it is once trained.", Exactness::exact,
    lower_batch_norm_concerns, apply_lower_batch_norm};

}  // namespace tessera::rules
