// Norms written as reductions, whatever the order and spelling: mean and variance by E[(x - m)^2]
// or E[x^2] - m^2, in one reduction or two stacked ones, unbiased or not, running sums over time,
// gamma and beta before, between or after. Each candidate x is followed forward by NormAlgebra; the
// first node that computes gamma*(x - m)/sqrt(var + eps) + beta becomes a Norm.
#include <set>

#include "model/recognise/norm_algebra.h"
#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

constexpr size_t kMaxRegion = 64;

bool is_statistic(const Op& op) {
  return std::holds_alternative<Reduce>(op) || std::holds_alternative<CumulativeSum>(op);
}

// Mean of mean, sum of sum, ...: one reduction over both axes.
Result<void> merge_stacked(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const auto* outer = graph.get_if<Reduce>(id);
  if (!outer) return {};
  const NodeId inner = operand(graph, id);
  Reduce merged = *outer;
  if (const auto* op = graph.get_if<Reduce>(inner); op && op->kind == outer->kind) {
    merged.over_c = merged.over_c || op->over_c;
    merged.over_h = merged.over_h || op->over_h;
    merged.over_w = merged.over_w || op->over_w;
  } else if (const auto* pool = graph.get_if<GlobalPool>(inner);
             pool && pool->kind == PoolKind::average && outer->kind == ReduceKind::mean) {
    merged.over_w = true;
  } else {
    return {};
  }
  return editor.replace(id, merged, {operand(graph, inner)});
}

class Search {
 public:
  explicit Search(GraphEditor& editor) : editor_(editor), graph_(editor.graph()) {
    order_ = graph_.order();
    position_.assign(static_cast<size_t>(graph_.id_limit()), -1);
    for (size_t i = 0; i < order_.size(); ++i)
      position_[static_cast<size_t>(index_of(order_[i]))] = static_cast<int32_t>(i);
  }

  Result<void> run() {
    std::set<NodeId> tried;
    for (NodeId id : order_) {
      if (!is_statistic(graph_.node(id).op)) continue;
      for (NodeId x : candidates(id)) {
        if (!tried.insert(x).second) continue;
        for (NormKind kind : {NormKind::global, NormKind::feature_wise, NormKind::channel_wise,
                              NormKind::cumulative}) {
          TESSERA_TRY_VOID(follow(x, kind));
        }
      }
    }
    return {};
  }

 private:
  // What a statistic may be about: its operand, or what that is a square or a difference of.
  std::vector<NodeId> candidates(NodeId statistic) const {
    std::vector<NodeId> list{operand(graph_, statistic)};
    for (size_t i = 0; i < list.size() && list.size() < 8; ++i) {
      const Node& node = graph_.node(list[i]);
      if (const auto* unary = std::get_if<Unary>(&node.op)) {
        if (unary->kind == UnaryKind::square || unary->kind == UnaryKind::neg)
          list.push_back(node.inputs[0]);
      } else if (std::holds_alternative<Binary>(node.op) || std::holds_alternative<Mul>(node.op) ||
                 std::holds_alternative<Add>(node.op)) {
        list.insert(list.end(), node.inputs.begin(), node.inputs.end());
      } else if (std::holds_alternative<Reduce>(node.op)) {
        list.push_back(node.inputs[0]);
      }
    }
    return list;
  }

  Result<void> follow(NodeId x, NormKind kind) {
    NormAlgebra algebra(graph_, x, kind);
    std::set<std::pair<int32_t, NodeId>> waiting;
    push_users(x, waiting);
    for (size_t steps = 0; !waiting.empty() && steps < kMaxRegion; ++steps) {
      const NodeId id = waiting.begin()->second;
      waiting.erase(waiting.begin());
      if (algebra.knows(id)) continue;
      if (algebra.learn(id)) {
        if (std::optional<Norm> norm = algebra.as_norm(id))
          return editor_.replace(id, std::move(*norm), {x});
        push_users(id, waiting);
      } else if (kind == NormKind::cumulative && graph_.get_if<Reduce>(id)) {
        push_users(id, waiting);  // known only together with the running sum after it
      }
    }
    return {};
  }

  void push_users(NodeId of, std::set<std::pair<int32_t, NodeId>>& waiting) const {
    for (NodeId user : graph_.users(of))
      waiting.emplace(position_[static_cast<size_t>(index_of(user))], user);
  }

  GraphEditor& editor_;
  const Graph& graph_;
  std::vector<NodeId> order_;
  std::vector<int32_t> position_;
};

}  // namespace

Result<void> recognise_norm(GraphEditor& editor) {
  for (NodeId id : editor.graph().order()) TESSERA_TRY_VOID(merge_stacked(editor, id));
  return Search(editor).run();
}

}  // namespace tessera
