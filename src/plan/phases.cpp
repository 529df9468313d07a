#include "plan/phases.h"

#include "graph/subgraph.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace tessera {
namespace {

// How many frames before its own an op begins to read, where it reads every frame or every d-th of
// its first operand from there on; none where it mixes them in another way.
struct FirstFrame {
  using Frames = std::optional<int64_t>;

  template <typename T>
  Frames operator()(const T&) const {
    return std::nullopt;
  }
  Frames operator()(const Affine&) const { return 0; }
  Frames operator()(const Unary&) const { return 0; }
  Frames operator()(const Add&) const { return 0; }
  Frames operator()(const Mul&) const { return 0; }
  Frames operator()(const Binary&) const { return 0; }
  Frames operator()(const Norm& op) const {
    return frame_by_frame(op.kind == NormKind::batch || op.kind == NormKind::channel_wise);
  }
  Frames operator()(const Softmax& op) const {
    return frame_by_frame(op.over != SoftmaxOver::time);
  }
  Frames operator()(const Concat& op) const { return frame_by_frame(op.axis != Axis::w); }
  Frames operator()(const Reduce& op) const { return frame_by_frame(!op.over_w); }
  Frames operator()(const Slice& op) const {
    if (op.axis != Axis::w) return 0;
    return op.step == 1 ? Frames(-op.begin) : std::nullopt;
  }
  Frames operator()(const Pad& op) const {
    return op.mode == PadMode::zero ? Frames(op.padding.left) : std::nullopt;
  }
  Frames operator()(const Conv& op) const {
    return op.stride.w == 1 ? Frames(op.padding.left) : std::nullopt;
  }

  static Frames frame_by_frame(bool is) { return is ? Frames(0) : std::nullopt; }
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
        editor_(network_.graph, "phase"),
        copy_(graph, editor_) {}

  Result<PhaseNetwork> run(const ChipSegment& segment) {
    network_.segment.name = segment.name;
    network_.segment.tiling = segment.tiling;
    for (NodeId id : segment.reads) {
      const Node& node = graph_.node(id);
      TESSERA_TRY(const NodeId made,
                  copy_.add_input(id, {node.shape.c, node.shape.h, frames_of(node)}));
      network_.segment.reads.push_back(made);
    }
    for (NodeId id : segment.nodes) {
      TESSERA_TRY_VOID(add(graph_.node(id)));
      network_.segment.nodes.push_back(copy_.at(id));
    }
    for (NodeId id : segment.writes) {
      copy_.add_output(id);
      network_.segment.writes.push_back(copy_.at(id));
    }
    TESSERA_TRY_VOID(editor_.enter(graph_.form()));
    return std::move(network_);
  }

 private:
  int64_t frames_of(const Node& node) const {
    if (node.shape.w == 1) return 1;
    return phase_frames(node.shape.w, phases_, phase_) + extra_;
  }

  // The op with distances counted in frames of a phase.
  Op op_of_phase(const Node& node) const {
    Op op = node.op;
    if (auto* conv = std::get_if<Conv>(&op)) {
      const int64_t taps = conv->weight.dim(3);
      conv->dilation.w = taps > 1 ? conv->dilation.w / phases_ : 1;
      conv->padding.left /= phases_;
      conv->padding.right = frames_of(node) + (taps - 1) * conv->dilation.w -
                            frames_of(graph_.node(node.inputs[0])) - conv->padding.left;
      TESSERA_CHECK(conv->padding.right >= 0, "a phase pads as much as the sequence at least");
    } else if (auto* slice = std::get_if<Slice>(&op); slice && slice->axis == Axis::w) {
      slice->begin /= phases_;
      slice->end = slice->begin + frames_of(node);
    } else if (auto* pad = std::get_if<Pad>(&op)) {
      pad->padding.left /= phases_;
      pad->padding.right =
          frames_of(node) - frames_of(graph_.node(node.inputs[0])) - pad->padding.left;
      TESSERA_CHECK(pad->padding.right >= 0, "a phase pads as much as the sequence at least");
    }
    return op;
  }

  Result<void> add(const Node& node) {
    if (std::string why = leaves_its_phase(graph_, node, phases_); !why.empty()) {
      return TESSERA_ERROR(kUnsupported, fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                           fmt::format("does not run in {} phases: {}", phases_, why),
                           "plan this network anew");
    }
    TESSERA_TRY_VOID(copy_.add(node.id, op_of_phase(node)));
    return {};
  }

  const Graph& graph_;
  const int64_t phases_;
  const int64_t phase_;
  const int64_t extra_;
  PhaseNetwork network_;
  GraphEditor editor_;
  SubgraphCopy copy_;
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

std::string leaves_its_phase(const Graph& graph, const Node& node, int64_t phases) {
  if (phases == 1) return "";
  if (std::holds_alternative<Constant>(node.op)) {
    return node.shape.w == 1 ? "" : "it has another value in every frame";
  }
  const std::optional<int64_t> first = std::visit(FirstFrame{}, node.op);
  const auto* conv = std::get_if<Conv>(&node.op);
  if (!first) return conv != nullptr ? "it skips frames" : "it mixes frames";
  const bool stretches_a_frame = node.shape.w > 1 && graph.node(node.inputs[0]).shape.w == 1 &&
                                 (conv != nullptr || std::holds_alternative<Pad>(node.op));
  if (stretches_a_frame) return "it makes a sequence of one frame";
  if (conv != nullptr && conv->weight.dim(3) > 1 && conv->dilation.w % phases != 0) {
    return "its taps lie in several phases";
  }
  return *first % phases == 0 ? "" : "it begins to read in another phase";
}

bool can_run_past_the_end(const Graph& graph, const ChipSegment& segment) {
  return std::all_of(segment.nodes.begin(), segment.nodes.end(), [&](NodeId id) {
    const Node& node = graph.node(id);
    if (std::holds_alternative<Constant>(node.op)) return node.shape.w == 1;
    if (std::holds_alternative<Pad>(node.op)) return false;
    if (!std::visit(FirstFrame{}, node.op)) return false;
    const bool reads = std::find(segment.reads.begin(), segment.reads.end(), node.inputs[0]) !=
                       segment.reads.end();
    const auto* conv = graph.get_if<Conv>(id);
    if (conv != nullptr) return reads || !is_padded(*conv);
    const auto* slice = graph.get_if<Slice>(id);
    return slice == nullptr || slice->axis != Axis::w || reads;
  });
}

Result<PhaseNetwork> phase_network(const Graph& graph, const ChipSegment& segment, int64_t phases,
                                   int64_t phase, int64_t extra_frames) {
  return PhaseBuilder(graph, phases, phase, extra_frames).run(segment);
}

}  // namespace tessera
