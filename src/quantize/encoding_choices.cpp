#include "graph/slot.h"
#include "quantize/roles.h"
#include "tessera/compiler/quantize.h"

namespace tessera {
namespace {

// By NodeId: the value whose precision a node's codes have. A Slice or Pad may pass on those of its
// operand.
std::vector<NodeId> owners_of(const Graph& legal, const QuantizeOptions& options) {
  const std::vector<quantization::Role> roles = quantization::roles_of(legal, options);
  std::vector<NodeId> owners(roles.size(), kNoNode);
  for (NodeId id : legal.order()) {
    const Node& node = legal.node(id);
    const quantization::Role& role = roles[slot(id)];
    const auto* pad = std::get_if<Pad>(&node.op);
    const bool may =
        std::holds_alternative<Slice>(node.op) || (pad != nullptr && pad->mode == PadMode::zero);
    const bool passes_on = role.inherits || (may && !role.encoded && !role.encoded_for_readers);
    owners[slot(id)] = passes_on ? owners[slot(node.inputs[0])] : id;
  }
  return owners;
}

}  // namespace

Result<EncodingChoices> EncodingChoices::create(const Graph& legal,
                                                const TensorStatistics& statistics,
                                                const QuantizeOptions& options) {
  EncodingChoices choices;
  choices.legal_ = &legal;
  choices.owners_ = owners_of(legal, options);
  TESSERA_TRY(choices.narrow_, quantize(legal, statistics, options));
  QuantizeOptions wide = options;
  wide.int16 = true;
  TESSERA_TRY(choices.wide_, quantize(legal, statistics, wide));
  return choices;
}

Encodings EncodingChoices::with(const std::set<std::string>& int16_values) const {
  Encodings chosen = narrow_;
  const auto is_wide = [&](NodeId value) {
    return int16_values.contains(legal_->node(owners_[slot(value)]).name);
  };
  for (NodeId id : legal_->order()) {
    const Node& node = legal_->node(id);
    if (narrow_.values.contains(node.name) && is_wide(id))
      chosen.values[node.name] = wide_.values.at(node.name);
    if (narrow_.weights.contains(node.name) && is_wide(node.inputs[0]))
      chosen.weights[node.name] = wide_.weights.at(node.name);
  }
  return chosen;
}

}  // namespace tessera
