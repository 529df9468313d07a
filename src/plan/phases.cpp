#include "plan/phases.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace tessera {
namespace {

Error leaves_its_phase(const Node& node, std::string why) {
  return TESSERA_ERROR(kUnsupported, fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                       std::move(why), "choose 1 phase, or place it on the host");
}

// Whether an op makes frame t of its result from frames t of its operands alone.
struct FrameByFrame {
  template <typename T>
  bool operator()(const T&) const {
    return false;
  }
  bool operator()(const Affine&) const { return true; }
  bool operator()(const Unary&) const { return true; }
  bool operator()(const Add&) const { return true; }
  bool operator()(const Mul&) const { return true; }
  bool operator()(const Binary&) const { return true; }
  bool operator()(const Norm& op) const {
    return op.kind == NormKind::batch || op.kind == NormKind::channel_wise;
  }
  bool operator()(const Softmax& op) const { return op.over != SoftmaxOver::time; }
  bool operator()(const Concat& op) const { return op.axis != Axis::w; }
  bool operator()(const Slice& op) const { return op.axis != Axis::w; }
  bool operator()(const Reduce& op) const { return !op.over_w; }
};

bool is_padded(const Conv& conv) {
  return conv.padding.left > 0 || conv.padding.right > 0;
}

class PhaseBuilder {
 public:
  PhaseBuilder(const Graph& graph, int64_t phases, int64_t phase, int64_t extra_frames)
      : graph_(graph),
        phases_(phases),
        phase_(phase),
        extra_(extra_frames),
        editor_(network_.graph, "phase") {}

  Result<PhaseNetwork> run(const ChipSegment& segment) {
    network_.segment.name = segment.name;
    network_.segment.tiling = segment.tiling;
    for (NodeId id : segment.reads) {
      const Node& node = graph_.node(id);
      if (node.shape.w == 1 && phases_ > 1) {
        return leaves_its_phase(node, "is one frame for the whole sequence");
      }
      TESSERA_TRY(made_[id], editor_.add(Input{{node.shape.c, node.shape.h, frames_of(node)}}, {},
                                         node.name, node.origin.source));
      network_.segment.reads.push_back(made_[id]);
    }
    for (NodeId id : segment.nodes) {
      TESSERA_TRY_VOID(add(graph_.node(id)));
      network_.segment.nodes.push_back(made_[id]);
    }
    for (NodeId id : segment.writes) {
      editor_.add_output(graph_.node(id).name, made_.at(id));
      network_.segment.writes.push_back(made_.at(id));
    }
    TESSERA_TRY_VOID(editor_.enter(graph_.stage()));
    return std::move(network_);
  }

 private:
  int64_t frames_of(const Node& node) const {
    if (node.shape.w == 1) return 1;
    return phase_frames(node.shape.w, phases_, phase_) + extra_;
  }

  Result<Op> conv_of_phase(const Node& node, Conv conv) const {
    if (conv.stride.w != 1) return leaves_its_phase(node, "skips frames");
    const int64_t taps = conv.weight.dim(3);
    if (taps == 1) conv.dilation.w = phases_;  // has no meaning: let it divide
    if (conv.dilation.w % phases_ != 0 || conv.padding.left % phases_ != 0) {
      return leaves_its_phase(
          node, fmt::format("has taps {} frames apart, the first at {}: no multiples of {}",
                            conv.dilation.w, -conv.padding.left, phases_));
    }
    conv.dilation.w /= phases_;
    conv.padding.left /= phases_;
    const int64_t in = frames_of(graph_.node(node.inputs[0]));
    conv.padding.right = frames_of(node) + (taps - 1) * conv.dilation.w - in - conv.padding.left;
    TESSERA_CHECK(conv.padding.right >= 0, "a phase pads as much as the sequence at least");
    return Op(std::move(conv));
  }

  Result<void> add(const Node& node) {
    Op op = node.op;
    if (const auto* conv = std::get_if<Conv>(&node.op)) {
      TESSERA_TRY(op, conv_of_phase(node, *conv));
    } else if (std::holds_alternative<Constant>(node.op)) {
      if (node.shape.w != 1) return leaves_its_phase(node, "has another value in every frame");
    } else if (!std::visit(FrameByFrame{}, node.op)) {
      return leaves_its_phase(node, "mixes frames");
    }
    std::vector<NodeId> operands;
    for (NodeId input : node.inputs) operands.push_back(made_.at(input));
    TESSERA_TRY(made_[node.id],
                editor_.add(std::move(op), std::move(operands), node.name, node.origin.source));
    return {};
  }

  const Graph& graph_;
  const int64_t phases_;
  const int64_t phase_;
  const int64_t extra_;
  PhaseNetwork network_;
  GraphEditor editor_;
  std::map<NodeId, NodeId> made_;
};

}  // namespace

int64_t phase_frames(int64_t frames, int64_t phases, int64_t phase) {
  return std::max<int64_t>(0, (frames - phase + phases - 1) / phases);
}

int64_t common_dilation(const Graph& graph, const std::vector<NodeId>& nodes) {
  int64_t common = 0;
  for (NodeId id : nodes) {
    const auto* conv = graph.get_if<Conv>(id);
    if (conv == nullptr || conv->weight.dim(3) == 1) continue;
    if (common != 0 && common != conv->dilation.w) return 1;
    common = conv->dilation.w;
  }
  return std::max<int64_t>(common, 1);
}

bool can_run_past_the_end(const Graph& graph, const ChipSegment& segment) {
  return std::all_of(segment.nodes.begin(), segment.nodes.end(), [&](NodeId id) {
    const Node& node = graph.node(id);
    if (std::holds_alternative<Constant>(node.op)) return node.shape.w == 1;
    const auto* conv = graph.get_if<Conv>(id);
    if (conv == nullptr) return std::visit(FrameByFrame{}, node.op);
    const bool reads = std::find(segment.reads.begin(), segment.reads.end(), node.inputs[0]) !=
                       segment.reads.end();
    return conv->stride.w == 1 && (reads || !is_padded(*conv));
  });
}

Result<PhaseNetwork> phase_network(const Graph& graph, const ChipSegment& segment, int64_t phases,
                                   int64_t phase, int64_t extra_frames) {
  return PhaseBuilder(graph, phases, phase, extra_frames).run(segment);
}

}  // namespace tessera
