#include "plan/host_padding.h"

#include <fmt/format.h>

namespace tessera {

std::string padding_name(const std::string& conv) {
  return conv + ".pad";
}

Result<Graph> lay_padding_before(const Graph& graph, const std::vector<std::string>& convs) {
  Graph padded = graph;
  GraphEditor editor(padded, "lay_padding_before");
  for (const std::string& name : convs) {
    const NodeId id = padded.find(name);
    if (id == kNoNode || padded.get_if<Conv>(id) == nullptr) {
      return TESSERA_ERROR(kMismatch, fmt::format("node '{}'", name),
                           "is no convolution of the network, but the plan pads for it",
                           "plan this network anew");
    }
    const Node old = padded.node(id);
    Conv conv = std::get<Conv>(old.op);
    const Padding sides{0, 0, conv.padding.left, conv.padding.right};
    conv.padding.left = conv.padding.right = 0;
    TESSERA_TRY(const NodeId pad, editor.add(Pad{sides, PadMode::zero}, {old.inputs[0]},
                                             padding_name(name), old.origin.source));
    TESSERA_TRY_VOID(editor.replace(id, std::move(conv), {pad}));
  }
  return padded;
}

}  // namespace tessera
