#include <fmt/format.h>

#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool fold_pad_into_conv_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<Conv>(node) != nullptr &&
         graph.get_if<Pad>(graph.node(node).inputs[0]) != nullptr;
}

Result<Outcome> apply_fold_pad_into_conv(GraphEditor& editor, NodeId node,
                                         const RewriteParameters&) {
  const Graph& graph = editor.graph();
  const Node pad_node = graph.node(graph.node(node).inputs[0]);
  const Pad& pad = std::get<Pad>(pad_node.op);
  Conv conv = *graph.get_if<Conv>(node);
  if (pad.mode != PadMode::zero)
    return Outcome{Declined{
        fmt::format("its operand is padded by {}, a conv pads with zeros", to_string(pad.mode))}};
  conv.padding.top += pad.padding.top;
  conv.padding.bottom += pad.padding.bottom;
  conv.padding.left += pad.padding.left;
  conv.padding.right += pad.padding.right;
  TESSERA_TRY_VOID(editor.replace(node, std::move(conv), pad_node.inputs));
  return Outcome{Changed{fmt::format("pads by itself what '{}' padded", pad_node.name)}};
}

}  // namespace

constinit const Rule fold_pad_into_conv{
    "fold_pad_into_conv", "Moves a zero pad into the padding of the convolution that reads it.",
    Exactness::exact, fold_pad_into_conv_concerns, apply_fold_pad_into_conv};

}  // namespace tessera::rules
