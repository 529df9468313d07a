#include <algorithm>

#include "rewrite/pattern.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

// The operand that the other one, the mask, was computed from; kNoNode if neither was.
NodeId masked_value(const Graph& graph, NodeId node) {
  const std::vector<NodeId>& operands = graph.node(node).inputs;
  if (depends_on(graph, operands[1], operands[0])) return operands[0];
  if (depends_on(graph, operands[0], operands[1])) return operands[1];
  return kNoNode;
}

bool bypass_mask_concerns(const Graph& graph, NodeId node) {
  const auto users = graph.users(node);
  return graph.get_if<Mul>(node) != nullptr && !users.empty() &&
         std::all_of(users.begin(), users.end(),
                     [&](NodeId user) { return graph.get_if<ConvTranspose>(user) != nullptr; });
}

Result<Outcome> apply_bypass_mask(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  const Graph& graph = editor.graph();
  const NodeId value = masked_value(graph, node);
  if (value == kNoNode)
    return Outcome{Declined{"neither operand is computed from the other: which one is the mask?"}};
  if (graph.node(value).shape != graph.node(node).shape)
    return Outcome{Declined{"the product is larger than the masked value"}};
  TESSERA_TRY_VOID(editor.redirect(node, value));
  return Outcome{Changed{"the decoder reads the encoder's output; the mask is no longer used"}};
}

}  // namespace

constinit const Rule bypass_mask{
    "bypass_mask",
    "Feeds the decoder what the encoder yields, without the mask: the masker is dead code then.",
    Exactness::approximate, bypass_mask_concerns, apply_bypass_mask};

}  // namespace tessera::rules
