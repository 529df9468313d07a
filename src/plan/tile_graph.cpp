#include "plan/tile_graph.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace tessera {
namespace {

// Backward pass over a segment: what each value must provide.
class WindowPass {
 public:
  WindowPass(const Graph& graph, const ChipSegment& segment) : graph_(graph), segment_(segment) {}

  Result<TileWindows> run(FrameRange out) {
    for (NodeId id : segment_.writes) need(id, out);
    for (size_t i = segment_.nodes.size(); i-- > 0;) {
      TESSERA_TRY_VOID(visit(graph_.node(segment_.nodes[i])));
    }
    TileWindows windows;
    for (NodeId id : segment_.reads) windows.reads.push_back(needed_.at(id));
    for (NodeId id : segment_.nodes) windows.nodes.push_back(needed_.at(id));
    return windows;
  }

 private:
  void need(NodeId id, FrameRange range) {
    const auto [place, is_new] = needed_.try_emplace(id, range);
    if (!is_new) place->second = hull(place->second, range);
  }

  bool is_read(NodeId id) const {
    return std::find(segment_.reads.begin(), segment_.reads.end(), id) != segment_.reads.end();
  }

  Result<void> visit(const Node& node) {
    const auto out = needed_.find(node.id);
    TESSERA_CHECK(out != needed_.end(), "every node of a segment is needed by one of its writes");
    if (!is_tileable(node.op)) {
      return TESSERA_ERROR(kUnsupported, fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                           "needs the whole sequence at once, which no tile has",
                           "plan this network anew");
    }
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Shape& operand = graph_.node(node.inputs[i]).shape;
      const FrameRange wanted = operand_window(node.op, i, operand, node.shape, out->second);
      if (is_read(node.inputs[i]) && takes_zeros_from_input(node.op)) {
        need(node.inputs[i], wanted);
        continue;
      }
      const FrameRange range = clip(wanted, operand.w);
      if (range.frames() < 1) {
        return TESSERA_ERROR(kUnsupported,
                             fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                             "has frames made of padding alone, which a tile cannot hold",
                             "choose wider tiles: PlanOptions::tile_frames");
      }
      need(node.inputs[i], range);
    }
    return {};
  }

  const Graph& graph_;
  const ChipSegment& segment_;
  std::map<NodeId, FrameRange> needed_;
};

// What one operand of a node is in a tile.
struct OperandCut {
  FrameRange wanted;  // may reach outside
  FrameRange in;      // what there is of it
};

OperandCut operand_cut(const Graph& graph, const Node& node, size_t index, FrameRange out,
                       FrameRange available) {
  const Shape& shape = graph.node(node.inputs[index]).shape;
  const FrameRange wanted = operand_window(node.op, index, shape, node.shape, out);
  // Zeros that came along for another reader of the value are no frames: a pool passes them over.
  if (!takes_zeros_from_input(node.op)) available = clip(available, shape.w);
  return {wanted, {std::max(wanted.begin, available.begin), std::min(wanted.end, available.end)}};
}

// The frames of a node in a tile; a constant is whole.
FrameRange frames_of(const Node& node, FrameRange window) {
  return std::holds_alternative<Constant>(node.op) ? FrameRange{0, node.shape.w} : window;
}

// Forward pass: builds the tile's graph.
class TileBuilder {
 public:
  TileBuilder(const Graph& graph, const ChipSegment& segment, const TileWindows& windows)
      : graph_(graph), segment_(segment), windows_(windows), editor_(tile_, "tile") {}

  Result<Graph> run(FrameRange out) {
    for (size_t i = 0; i < segment_.reads.size(); ++i) {
      const Node& node = graph_.node(segment_.reads[i]);
      const FrameRange range = windows_.reads[i];
      TESSERA_TRY(const NodeId id,
                  editor_.add(Input{Shape{node.shape.c, node.shape.h, range.frames()}}, {},
                              node.name, node.origin.source));
      made_[node.id] = {id, range};
    }
    for (size_t i = 0; i < segment_.nodes.size(); ++i) {
      TESSERA_TRY_VOID(add(graph_.node(segment_.nodes[i]), windows_.nodes[i]));
    }
    for (NodeId id : segment_.writes) {
      TESSERA_TRY(const NodeId node, cut(id, out));
      editor_.add_output(graph_.node(id).name, node);
    }
    TESSERA_TRY_VOID(editor_.enter(graph_.form()));
    return std::move(tile_);
  }

 private:
  struct Made {
    NodeId id;
    FrameRange range;
  };

  // The value restricted to `range`.
  Result<NodeId> cut(NodeId id, FrameRange range) {
    const Made& made = made_.at(id);
    if (made.range == range) return made.id;
    return editor_.add(
        Slice{Axis::w, range.begin - made.range.begin, range.end - made.range.begin, 1}, {made.id},
        graph_.node(id).name + ".cut");
  }

  Result<void> add(const Node& node, FrameRange window) {
    const FrameRange range = frames_of(node, window);
    std::vector<NodeId> operands;
    TileOp tile{node.op};
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const NodeId source = node.inputs[i];
      const OperandCut part = operand_cut(graph_, node, i, range, made_.at(source).range);
      TESSERA_TRY(const NodeId operand, cut(source, part.in));
      operands.push_back(operand);
      if (i == 0) tile = tile_op(node.op, part.wanted, part.in, range);
    }
    TESSERA_TRY_VOID(lay_padding_bare(node, tile.op, operands));
    TESSERA_TRY(NodeId id, editor_.add(std::move(tile.op), std::move(operands), node.name,
                                       node.origin.source));
    if (tile_.node(id).shape.w != range.frames()) {
      TESSERA_TRY(id, editor_.add(Slice{Axis::w, tile.skip, tile.skip + range.frames(), 1}, {id},
                                  node.name + ".cut"));
    }
    made_[node.id] = {id, range};
    return {};
  }

  // At one end of the sequence a convolution is padded on one side only, which compilers of chips
  // do not have as an attribute: the zeros become a layer of their own.
  Result<void> lay_padding_bare(const Node& node, Op& op, std::vector<NodeId>& operands) {
    auto* conv = std::get_if<Conv>(&op);
    if (conv == nullptr || conv->padding.left == conv->padding.right) return {};
    const Padding sides{0, 0, conv->padding.left, conv->padding.right};
    conv->padding.left = conv->padding.right = 0;
    TESSERA_TRY(operands[0],
                editor_.add(Pad{sides, PadMode::zero}, {operands[0]}, node.name + ".pad"));
    return {};
  }

  const Graph& graph_;
  const ChipSegment& segment_;
  const TileWindows& windows_;
  Graph tile_;
  GraphEditor editor_;
  std::map<NodeId, Made> made_;
};

}  // namespace

Result<TileWindows> tile_windows(const Graph& graph, const ChipSegment& segment, FrameRange out) {
  return WindowPass(graph, segment).run(out);
}

std::string tile_key(const Graph& graph, const ChipSegment& segment, const TileWindows& windows,
                     FrameRange out) {
  std::map<NodeId, FrameRange> available;
  std::string key;
  for (size_t i = 0; i < segment.reads.size(); ++i) {
    available[segment.reads[i]] = windows.reads[i];
    key += fmt::format("{};", windows.reads[i].frames());
  }
  for (size_t i = 0; i < segment.nodes.size(); ++i) {
    const Node& node = graph.node(segment.nodes[i]);
    const FrameRange range = frames_of(node, windows.nodes[i]);
    available[node.id] = range;
    key += fmt::format("{}", range.frames());
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const FrameRange from = available.at(node.inputs[k]);
      const OperandCut part = operand_cut(graph, node, k, range, from);
      key += fmt::format("({},{},{},{})", part.in.begin - from.begin, part.in.frames(),
                         part.in.begin - part.wanted.begin, part.wanted.end - part.in.end);
      const TileOp tile = tile_op(node.op, part.wanted, part.in, range);
      if (const auto* decoder = std::get_if<ConvTranspose>(&tile.op)) {
        key += fmt::format("crop{}", decoder->crop.left);
      }
    }
  }
  for (NodeId id : segment.writes) key += fmt::format("/{}", out.begin - available.at(id).begin);
  return key;
}

Result<Graph> tile_graph(const Graph& graph, const ChipSegment& segment, const TileWindows& windows,
                         FrameRange out) {
  return TileBuilder(graph, segment, windows).run(out);
}

}  // namespace tessera
