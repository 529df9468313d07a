// Means and maxima over all of time become global pools.
#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

// An average or maximum over a window as long as the whole axis.
Result<void> widen_pool(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const Pool pool = *graph.get_if<Pool>(id);
  const Shape& x = graph.node(operand(graph, id)).shape;
  if (pool.kernel.w != x.w || pool.kernel.h != 1 || !pool.padding.none() || x.w == 1) return {};
  if (graph.node(id).shape != Shape{x.c, x.h, 1}) return {};
  return editor.replace(id, GlobalPool{pool.kind}, {operand(graph, id)});
}

}  // namespace

Result<void> recognise_pool(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  for (NodeId id : graph.order()) {
    if (graph.get_if<Pool>(id)) TESSERA_TRY_VOID(widen_pool(editor, id));
    const auto* op = graph.get_if<Reduce>(id);
    if (!op || (op->kind != ReduceKind::mean && op->kind != ReduceKind::max)) continue;
    const Shape& shape = graph.node(operand(graph, id)).shape;
    if (!op->over_w || (op->over_c && shape.c > 1) || (op->over_h && shape.h > 1)) continue;
    const PoolKind kind = op->kind == ReduceKind::mean ? PoolKind::average : PoolKind::max;
    TESSERA_TRY_VOID(editor.replace(id, GlobalPool{kind}, {operand(graph, id)}));
  }
  return {};
}

}  // namespace tessera
