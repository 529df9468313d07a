#include "backends/cpu/matching.h"

#include <algorithm>

#include "graph/queries.h"
#include "graph/slot.h"
#include "kernels/simd/depthwise.h"

namespace tessera::cpu {
namespace {

// Norms over fewer channels are applied at once.
constexpr int64_t kMinChannels = 16;

class Matcher {
 public:
  explicit Matcher(const Graph& graph) : graph_(graph) {
    const auto limit = static_cast<size_t>(graph.id_limit());
    result_.absorbed.assign(limit, false);
    result_.route.assign(limit, NormRoute::materialise);
  }

  Matching run() {
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      if (graph_.get_if<Pad>(id) != nullptr) match_pad(id);
    }
    for (NodeId id : order) {
      if (graph_.get_if<Norm>(id) != nullptr || graph_.get_if<Affine>(id) != nullptr) {
        match_norm(id);
      }
    }
    for (NodeId id : order) {
      if (graph_.get_if<Add>(id) != nullptr) match_add(id);
    }
    for (NodeId id : order) {
      if (graph_.get_if<Unary>(id) != nullptr) match_activation(id);
    }
    return std::move(result_);
  }

 private:
  void absorb(NodeId id) { result_.absorbed[slot(id)] = true; }

  void match_pad(NodeId id) {
    const auto& pad = *graph_.get_if<Pad>(id);
    if (pad.padding.top != 0 || pad.padding.bottom != 0 || sole_user(graph_, id) == kNoNode) return;
    const auto* conv = graph_.get_if<Conv>(graph_.users(id)[0]);
    if (conv != nullptr && conv->padding.none()) absorb(id);
  }

  // The convolutions that read a node, through absorbed pads; empty if something else reads it too.
  std::vector<NodeId> reading_convolutions(NodeId id, bool through_pads) const {
    std::vector<NodeId> readers;
    if (graph_.is_output(id)) return {};
    for (NodeId user : graph_.users(id)) {
      if (through_pads && graph_.get_if<Pad>(user) != nullptr && result_.is_absorbed(user)) {
        user = graph_.users(user)[0];
      }
      if (graph_.get_if<Conv>(user) == nullptr) return {};
      readers.push_back(user);
    }
    return readers;
  }

  bool all_pointwise(const std::vector<NodeId>& readers) const {
    return !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](NodeId r) {
      return is_pointwise(*graph_.get_if<Conv>(r));
    });
  }
  bool all_depthwise(const std::vector<NodeId>& readers) const {
    return !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](NodeId r) {
      return has_depthwise_kernel(*graph_.get_if<Conv>(r), graph_.operand_shapes(r)[0]);
    });
  }

  NormRoute route_for(NodeId id) const {
    const bool pointwise = all_pointwise(reading_convolutions(id, false));
    const bool depthwise = all_depthwise(reading_convolutions(id, true));
    const auto* norm = graph_.get_if<Norm>(id);
    if (norm == nullptr || norm->kind == NormKind::batch) {
      return pointwise || depthwise ? NormRoute::into_weights : NormRoute::materialise;
    }
    // A mean far above sigma costs digits when it is taken off later than at once. With few
    // channels that is likely and speed no matter; over time alone (feature_wise) a quiet channel
    // suffices.
    const bool few = graph_.node(id).shape.c < kMinChannels;
    if (few || norm->kind == NormKind::feature_wise) return NormRoute::materialise;
    if (pointwise) return NormRoute::after_gemm;
    return depthwise && norm->kind == NormKind::global ? NormRoute::into_taps
                                                       : NormRoute::materialise;
  }

  void match_norm(NodeId id) {
    const NormRoute route = route_for(id);
    result_.route[slot(id)] = route;
    if (route != NormRoute::materialise) absorb(id);
  }

  // One operand made by a convolution that nothing else reads.
  void match_add(NodeId id) {
    const Node& add = graph_.node(id);
    for (NodeId operand : {add.inputs[1], add.inputs[0]}) {
      const NodeId other = operand == add.inputs[1] ? add.inputs[0] : add.inputs[1];
      const auto* conv = graph_.get_if<Conv>(operand);
      if (conv == nullptr || operand == other || sole_user(graph_, operand) == kNoNode ||
          has_depthwise_kernel(*conv, graph_.operand_shapes(operand)[0]) ||
          graph_.node(operand).shape != add.shape || graph_.node(other).shape != add.shape) {
        continue;
      }
      absorb(operand);
      return;
    }
  }

  void match_activation(NodeId id) {
    const auto& unary = *graph_.get_if<Unary>(id);
    if (unary.kind != UnaryKind::relu && unary.kind != UnaryKind::prelu) return;
    const NodeId operand = graph_.node(id).inputs[0];
    if (sole_user(graph_, operand) == kNoNode || result_.is_absorbed(operand)) return;
    const Op& op = graph_.node(operand).op;
    const bool finishes = std::holds_alternative<Conv>(op) || std::holds_alternative<Add>(op) ||
                          std::holds_alternative<Mul>(op) || std::holds_alternative<Binary>(op) ||
                          std::holds_alternative<Norm>(op) || std::holds_alternative<Affine>(op) ||
                          std::holds_alternative<Gemm>(op);
    if (finishes) absorb(operand);
  }

  const Graph& graph_;
  Matching result_;
};

}  // namespace

bool has_depthwise_kernel(const Conv& conv, const Shape& operand) {
  return !is_pointwise(conv) && conv.groups == operand.c && conv.weight.dim(0) == operand.c &&
         conv.weight.dim(1) == 1 && conv.weight.dim(2) == 1 &&
         conv.weight.dim(3) <= static_cast<int64_t>(simd::kMaxDepthwiseTaps) &&
         conv.stride == Extent{} && conv.padding.top == 0 && conv.padding.bottom == 0;
}

Matching match(const Graph& graph) {
  return Matcher(graph).run();
}

}  // namespace tessera::cpu
