#include <algorithm>

#include <fmt/format.h>

#include "rewrite/blocks.h"
#include "rewrite/pattern.h"
#include "tessera/compiler/verify.h"

namespace tessera {
namespace {

bool is_activation(const Op& op) {
  return std::holds_alternative<Unary>(op) || std::holds_alternative<Softmax>(op);
}

class RoleFinder {
 public:
  explicit RoleFinder(const Graph& graph) : graph_(graph), blocks_(find_blocks(graph)) {}

  std::map<NodeId, std::vector<std::string>> run() {
    if (blocks_.root == kNoNode) return {};
    for (size_t i = 0; i < blocks_.values.size(); ++i) block(i, blocks_.values[i]);
    if (blocks_.skips) give(blocks_.root, "skip_sum");
    masks();
    for (const GraphOutput& output : graph_.outputs()) give(output.node, "final_output");
    return std::move(roles_);
  }

 private:
  void give(NodeId node, std::string role) {
    std::vector<std::string>& roles = roles_[node];
    if (std::find(roles.begin(), roles.end(), role) == roles.end())
      roles.push_back(std::move(role));
  }

  NodeId operand(NodeId node) const {
    return graph_.node(node).inputs.empty() ? kNoNode : graph_.node(node).inputs[0];
  }

  // The nearest node up the first operands, `from` included, that `matches`.
  template <typename Predicate>
  NodeId upwards(NodeId from, const Predicate& matches) const {
    for (int step = 0; step < 12 && from != kNoNode; ++step, from = operand(from)) {
      if (matches(graph_.node(from).op)) return from;
    }
    return kNoNode;
  }

  // The value that a block's residual and skip convolutions read.
  NodeId block_value(NodeId value) const {
    if (blocks_.skips) return operand(value);
    for (NodeId term : graph_.node(value).inputs) {
      if (is_pointwise(graph_, term)) return operand(term);
    }
    return kNoNode;
  }

  void block(size_t index, NodeId value) {
    const NodeId inner = block_value(value);
    if (inner == kNoNode) return;
    if (blocks_.skips) give(value, fmt::format("tcn{}_skip", index));
    residual(index, value, inner);
    const NodeId depthwise = upwards(inner, [](const Op& op) {
      const auto* conv = std::get_if<Conv>(&op);
      return conv != nullptr && conv->groups > 1;
    });
    if (depthwise == kNoNode) return;
    NodeId depth = depthwise;
    for (NodeId user : graph_.users(depthwise)) {
      if (is_activation(graph_.node(user).op)) depth = user;
    }
    give(depth, fmt::format("tcn{}_depth", index));
    const NodeId in = upwards(operand(depthwise), [](const Op& op) {
      return is_activation(op) || std::holds_alternative<Conv>(op);
    });
    if (in == kNoNode) return;
    give(in, fmt::format("tcn{}_in", index));
    const NodeId conv = upwards(in, [](const Op& op) { return std::holds_alternative<Conv>(op); });
    if (index == 0 && conv != kNoNode && operand(conv) != kNoNode)
      give(operand(conv), "bottleneck");
  }

  void residual(size_t index, NodeId value, NodeId inner) {
    if (!blocks_.skips) return give(value, fmt::format("tcn{}_residual", index));
    for (NodeId user : graph_.users(inner)) {
      if (user == value || !is_pointwise(graph_, user)) continue;
      for (NodeId sum : graph_.users(user)) {
        if (graph_.get_if<Add>(sum) != nullptr) give(sum, fmt::format("tcn{}_residual", index));
      }
    }
  }

  // Products of something that the masker computed and something it did not.
  void masks() {
    for (NodeId id : graph_.order()) {
      if (graph_.get_if<Mul>(id) == nullptr) continue;
      const std::vector<NodeId>& operands = graph_.node(id).inputs;
      const bool first = depends_on(graph_, operands[0], blocks_.root);
      if (first == depends_on(graph_, operands[1], blocks_.root)) continue;
      mask(operands[first ? 0 : 1]);
      give(operands[first ? 1 : 0], "encoder");
      give(id, "masked_rep");
      give(id, "source_projector");
      decoder(id);
    }
  }

  void mask(NodeId value) {
    give(value, "masker_output");
    const NodeId output = upwards(value, is_activation);
    const NodeId score =
        upwards(value, [](const Op& op) { return std::holds_alternative<Conv>(op); });
    if (score != kNoNode) give(score, "mask_score");
    if (output == kNoNode || score == kNoNode || !depends_on(graph_, output, score)) return;
    give(output, "mask_output");
    give(value, "mask_output");  // its part of it
  }

  void decoder(NodeId product) {
    for (NodeId user : graph_.users(product)) {
      if (graph_.get_if<ConvTranspose>(user) == nullptr) continue;
      give(user, "decoder_head");
      bool joined = false;
      for (NodeId concat : graph_.users(user)) {
        if (graph_.get_if<Concat>(concat) == nullptr) continue;
        give(concat, "decoder_output");
        joined = true;
      }
      if (!joined) give(user, "decoder_output");
    }
  }

  const Graph& graph_;
  BlockChain blocks_;
  std::map<NodeId, std::vector<std::string>> roles_;
};

}  // namespace

std::map<NodeId, std::vector<std::string>> conv_tasnet_roles(const Graph& imported) {
  return RoleFinder(imported).run();
}

}  // namespace tessera
