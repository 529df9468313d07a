#include "stream/step_graph.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "graph/slot.h"
#include "kernels/ref/moments.h"
#include "kernels/ref/time_tile.h"
#include "stream/step_values.h"
#include "tessera/compiler/analysis.h"

namespace tessera::stream {
namespace {

using reference::ceil_div;
using reference::floor_div;

constexpr int64_t kMaxStepFrames = int64_t{1} << 20;
// Of a block, and of a delay: products of them and of strides stay far below 2^63.
constexpr int64_t kMaxFrames = int64_t{1} << 31;

// What an op that slides along time reads for frame f of its result: frames f*stride - left + i*
// dilation of its operand for i = 0 .. kernel - 1.
struct Window {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t left = 0;

  int64_t reach() const { return (kernel - 1) * dilation; }
  int64_t first_read() const { return -left; }
  int64_t last_read(int64_t length) const { return (length - 1) * stride - left + reach(); }
};

std::optional<Window> window_of(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op))
    return Window{conv->weight.dim(3), conv->stride.w, conv->dilation.w, conv->padding.left};
  if (const auto* pool = std::get_if<Pool>(&op))
    return Window{pool->kernel.w, pool->stride.w, 1, pool->padding.left};
  if (const auto* slice = std::get_if<Slice>(&op);
      slice != nullptr && slice->axis == Axis::w && slice->step > 1)
    return Window{1, slice->step, 1, -slice->begin};
  return std::nullopt;
}

// The same op on exactly the frames that it reads.
Op on_window(const Op& op, const Window& window, int64_t frames, int64_t dilation) {
  if (const auto* conv = std::get_if<Conv>(&op)) {
    Conv result = *conv;
    result.padding.left = result.padding.right = 0;
    result.dilation.w = dilation;
    return result;
  }
  if (const auto* pool = std::get_if<Pool>(&op)) {
    Pool result = *pool;
    result.padding.left = result.padding.right = 0;
    return result;
  }
  return Slice{Axis::w, 0, (frames - 1) * window.stride + 1, window.stride};
}

// Slices and pads: the frames of the operand under other numbers, which are higher by this.
std::optional<int64_t> shift_of(const Op& op) {
  const auto* slice = std::get_if<Slice>(&op);
  if (slice != nullptr && slice->axis == Axis::w && slice->step == 1) return -slice->begin;
  const auto* pad = std::get_if<Pad>(&op);
  if (pad != nullptr) return pad->padding.left;
  return std::nullopt;
}

Error refused(const Node& node, std::string_view what) {
  return TESSERA_ERROR(kUnsupported, fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                       fmt::format("{}: the network cannot run on a stream", what),
                       "separate windows of the recording instead");
}

class Builder {
 public:
  Builder(const Graph& network, const Encodings* encodings, StepGraph& step)
      : network_(network),
        encodings_(encodings),
        step_(step),
        editor_(step.graph, "stream"),
        values_(network, encodings, step, editor_),
        by_node_(static_cast<size_t>(network.id_limit())) {
    if (encodings != nullptr) step.encodings = *encodings;
  }

  Result<void> build(int64_t least_frames) {
    const NodeId input = network_.inputs()[0];
    dependence_ = dependence_on(network_, input);
    TESSERA_TRY_VOID(find_step(least_frames));
    step_.advance = advance_for(input);
    TESSERA_TRY(value(input),
                values_.add_input(network_.node(input), step_.step_frames, step_.advance));
    for (NodeId id : network_.order()) {
      if (id == input) continue;
      TESSERA_TRY(value(id), build_node(network_.node(id)));
    }
    TESSERA_TRY_VOID(add_outputs());
    return editor_.enter(network_.form());
  }

 private:
  StepValue& value(NodeId id) { return by_node_[slot(id)]; }
  const StepValue& operand(const Node& node, size_t i = 0) { return value(node.inputs[i]); }

  // The fewest input frames that are whole frames of every value.
  Result<void> find_step(int64_t least_frames) {
    int64_t hop = 1;
    for (NodeId id : network_.order()) {
      const Dependence& of = dependence_[slot(id)];
      if (!of.any) continue;
      const int64_t factor = of.rate_numerator / std::gcd(hop, of.rate_numerator);
      if (factor > kMaxStepFrames / hop)
        return refused(network_.node(id), "its frames and the input's have no common step");
      hop *= factor;
      if (of.rate_denominator > kMaxFrames / kMaxStepFrames)
        return refused(network_.node(id), "it makes too many frames of one of the input's");
    }
    if (least_frames > kMaxStepFrames) {
      return TESSERA_ERROR(
          kInvalidArgument, "StreamingOptions::step_samples",
          fmt::format("{} are more than the {} of one step", least_frames, kMaxStepFrames), "");
    }
    step_.step_frames = std::max(int64_t{1}, ceil_div(least_frames, hop)) * hop;
    return {};
  }

  int64_t frames_of(const Node& node) const {
    const Dependence& of = dependence_[slot(node.id)];
    return step_.step_frames / of.rate_numerator * of.rate_denominator;
  }

  // How many samples must be there so that what reads the input begins with its frame 0.
  int64_t advance_for(NodeId input) const {
    int64_t advance = 0;
    std::vector<std::pair<NodeId, int64_t>> parts = {{input, 0}};  // and how far their numbers are
    while (!parts.empty()) {
      const auto [id, shift] = parts.back();
      parts.pop_back();
      for (NodeId user : network_.users(id)) {
        const Op& op = network_.node(user).op;
        if (const auto more = shift_of(op)) {
          parts.emplace_back(user, shift + *more);
        } else if (const auto window = window_of(op)) {
          advance =
              std::max(advance, window->reach() - window->left - (window->stride - 1) - shift);
        }
      }
    }
    return advance;
  }

  Result<StepValue> computed(const Node& node, NodeId made, int64_t delay) const {
    if (delay > kMaxFrames) return refused(node, "it waits for too many frames");
    StepValue result;
    result.node = made;
    result.base = node.name;
    result.frames = frames_of(node);
    result.delay = result.base_delay = delay;
    result.base_length = result.end = node.shape.w;
    return result;
  }

  Result<StepValue> build_node(const Node& node) {
    if (!dependence_[slot(node.id)].any) return build_static(node);
    if (const auto shift = shift_of(node.op)) return build_shifted(node, *shift);
    if (const auto window = window_of(node.op)) return build_window(node, *window);
    if (const auto* conv = std::get_if<ConvTranspose>(&node.op))
      return build_transposed(node, *conv);
    if (const auto* op = std::get_if<OverlapAdd>(&node.op)) return build_overlap_add(node, *op);
    return build_frame_by_frame(node);
  }

  Result<StepValue> build_static(const Node& node) {
    if (node.shape.w != 1) return refused(node, "is constant with a value for every frame");
    std::vector<NodeId> operands;
    for (size_t i = 0; i < node.inputs.size(); ++i) operands.push_back(operand(node, i).node);
    StepValue result;
    result.is_static = true;
    TESSERA_TRY(result.node, values_.add(node.op, std::move(operands), node));
    return result;
  }

  // The frames of the operand under other numbers.
  static StepValue renumbered(const StepValue& from, int64_t shift, int64_t length) {
    StepValue result = from;
    result.delay -= shift;
    result.begin += shift;
    result.end += shift;
    result.cut_begin = from.cut_begin || result.begin < 0;
    result.cut_end = from.cut_end || result.end > length;
    result.begin = std::max(int64_t{0}, result.begin);
    result.end = std::min(length, result.end);
    return result;
  }
  // No node at all, unless it has codes of its own or pads along H.
  Result<StepValue> build_shifted(const Node& node, int64_t shift) {
    const StepValue src = renumbered(operand(node), shift, node.shape.w);
    const auto* pad = std::get_if<Pad>(&node.op);
    const bool pads_h = pad != nullptr && (pad->padding.top > 0 || pad->padding.bottom > 0);
    const bool has_codes = encodings_ != nullptr && encodings_->values.contains(node.name);
    if (!pads_h && !has_codes) return src;
    const int64_t delay = std::max(int64_t{0}, src.delay);
    TESSERA_TRY(const NodeId read, values_.delayed(src, delay, node.shape.w - 1));
    Op op = Slice{Axis::w, 0, src.frames, 1};
    if (pads_h) op = Pad{{pad->padding.top, pad->padding.bottom, 0, 0}, pad->mode};
    TESSERA_TRY(const NodeId made, values_.add(std::move(op), {read}, node));
    return computed(node, made, delay);
  }

  Result<StepValue> build_window(const Node& node, const Window& window) {
    if (const auto* pool = std::get_if<Pool>(&node.op);
        pool != nullptr && (pool->padding.left > 0 || pool->padding.right > 0) &&
        (pool->kind == PoolKind::max || !pool->count_padding))
      return refused(node, "pools over padding that is not zeros");
    const StepValue& src = operand(node);
    const int64_t frames = frames_of(node);
    const int64_t delay = std::max(
        int64_t{0},
        ceil_div(src.delay + window.reach() - window.left - window.stride + 1, window.stride));
    TESSERA_TRY(const NodeId read,
                values_.readable(src, window.first_read(), window.last_read(node.shape.w)));
    const int64_t start = src.delay - delay * window.stride - window.left;
    int64_t dilation = window.dilation;
    NodeId past = kNoNode;
    if (reads_whole_blocks(window, src.frames, start)) {
      std::vector<int64_t> steps_ago;
      for (int64_t i = 0; i < window.kernel; ++i)
        steps_ago.push_back(-(start + i * window.dilation) / src.frames);
      TESSERA_TRY(past, values_.blocks(read, steps_ago));
      dilation = src.frames;
    } else {
      const int64_t length = (frames - 1) * window.stride + window.reach() + 1;
      TESSERA_TRY(past, values_.window(read, src.frames, start, length));
    }
    TESSERA_TRY(const NodeId made,
                values_.add(on_window(node.op, window, frames, dilation), {past}, node));
    return computed(node, made, delay);
  }

  // A wide dilation whose taps each see a block of their own: what lies between is not read.
  static bool reads_whole_blocks(const Window& window, int64_t block, int64_t start) {
    return window.kernel > 1 && window.stride == 1 && window.dilation > block &&
           window.dilation % block == 0 && start % block == 0;
  }

  // Frame t of the operand reaches frames t*stride - crop .. t*stride - crop + reach.
  struct Overlap {
    int64_t delay = 0;
    int64_t start = 0;   // of the operand's window, in its block
    int64_t frames = 0;  // of that window
    int64_t crop = 0;    // of what these frames give, before the block
  };
  static Overlap overlap_of(const StepValue& src, int64_t stride, int64_t reach, int64_t crop,
                            int64_t block) {
    Overlap result;
    result.delay = std::max(int64_t{0}, src.delay * stride + crop);
    // Samples of the uncropped result, counted from the first that the operand's block begins.
    const int64_t begin = crop - result.delay + src.delay * stride;
    const int64_t first = std::min(ceil_div(begin - reach, stride), floor_div(begin, stride));
    result.start = first;
    result.frames = floor_div(begin + block - 1, stride) - first + 1;
    result.crop = begin - first * stride;
    return result;
  }
  Result<NodeId> overlapping(const Node& node, const StepValue& src, const Overlap& overlap,
                             int64_t stride, int64_t reach, int64_t crop) {
    const int64_t first = ceil_div(crop - reach, stride);
    const int64_t last = floor_div(node.shape.w - 1 + crop, stride);
    TESSERA_TRY(const NodeId read, values_.readable(src, first, last));
    return values_.window(read, src.frames, overlap.start, overlap.frames);
  }

  Result<StepValue> build_transposed(const Node& node, const ConvTranspose& op) {
    const StepValue& src = operand(node);
    const int64_t block = frames_of(node);
    const int64_t reach = (op.weight.dim(3) - 1) * op.dilation.w;
    const Overlap overlap = overlap_of(src, op.stride.w, reach, op.crop.left, block);
    TESSERA_TRY(const NodeId past,
                overlapping(node, src, overlap, op.stride.w, reach, op.crop.left));
    ConvTranspose step = op;
    const int64_t whole = (overlap.frames - 1) * op.stride.w + reach + 1;
    step.crop.left = overlap.crop;
    step.crop.right = std::max(int64_t{0}, whole - overlap.crop - block);
    step.extra.w = std::max(int64_t{0}, block + overlap.crop - whole);
    TESSERA_TRY(const NodeId made, values_.add(std::move(step), {past}, node));
    return computed(node, made, overlap.delay);
  }

  Result<StepValue> build_overlap_add(const Node& node, const OverlapAdd& op) {
    const StepValue& src = operand(node);
    const int64_t block = frames_of(node);
    const Overlap overlap = overlap_of(src, op.stride, op.kernel - 1, 0, block);
    TESSERA_TRY(const NodeId past, overlapping(node, src, overlap, op.stride, op.kernel - 1, 0));
    TESSERA_TRY(NodeId made, values_.add(op, {past}, node));
    const int64_t whole = step_.graph.node(made).shape.w;
    if (const int64_t missing = overlap.crop + block - whole; missing > 0) {
      TESSERA_TRY(made, values_.add_coded(Pad{{0, 0, 0, missing}, PadMode::zero}, {made},
                                          node.name + ".whole", made));
    }
    if (overlap.crop > 0 || overlap.crop + block < whole) {
      TESSERA_TRY(made, values_.add_coded(Slice{Axis::w, overlap.crop, overlap.crop + block, 1},
                                          {made}, node.name + ".block", made));
    }
    return computed(node, made, overlap.delay);
  }

  // Operands at one delay, the latest of them.
  Result<StepValue> build_frame_by_frame(const Node& node) {
    if (const auto* concat = std::get_if<Concat>(&node.op);
        concat != nullptr && concat->axis == Axis::w)
      return refused(node, "joins values one after the other along time");
    int64_t delay = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!operand(node, i).is_static) delay = std::max(delay, operand(node, i).delay);
    }
    std::vector<NodeId> operands;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const StepValue& src = operand(node, i);
      NodeId read = src.node;
      if (!src.is_static) {
        TESSERA_TRY(read, values_.delayed(src, delay, node.shape.w - 1));
      }
      operands.push_back(read);
    }
    if (reference::is_cumulative(node.op)) step_.carried[node.name] = delay;
    TESSERA_TRY(const NodeId made, values_.add(node.op, std::move(operands), node));
    return computed(node, made, delay);
  }

  // Frames that the network cuts away at its end are held back until the end is known to be
  // further.
  Result<int64_t> output_delay(const Node& node, const StepValue& src) const {
    const int64_t delay = std::max(int64_t{0}, src.delay);
    const int64_t samples = network_.node(network_.inputs()[0]).shape.w - step_.advance;
    const int64_t given = std::max(int64_t{0}, samples / step_.step_frames) * src.frames - delay;
    const int64_t beyond = std::max(int64_t{0}, given - node.shape.w);
    const int64_t field = dependence_[slot(node.id)].field() * src.frames / step_.step_frames;
    if (beyond > field + src.frames)
      return refused(node, "keeps frames at a place of the sequence and none after them");
    return delay + beyond;
  }

  Result<void> add_outputs() {
    for (const GraphOutput& output : network_.outputs()) {
      const StepValue& src = value(output.node);
      TESSERA_TRY(const int64_t delay, output_delay(network_.node(output.node), src));
      // Zeros behind the end are the session's.
      TESSERA_TRY(const NodeId node, values_.delayed(src, delay, src.end - 1));
      editor_.add_output(output.name, node);
      step_.outputs.push_back({output.name, step_.graph.node(node).shape, delay});
    }
    for (size_t i = 1; i < step_.kept.size(); ++i)
      editor_.add_output(fmt::format("kept.{}", i), step_.graph.find(step_.kept[i].name));
    return {};
  }

  const Graph& network_;
  const Encodings* encodings_;
  StepGraph& step_;
  GraphEditor editor_;
  StepValues values_;
  std::vector<StepValue> by_node_;
  std::vector<Dependence> dependence_;
};

}  // namespace

Result<StepGraph> make_step_graph(const Graph& network, const Encodings* encodings,
                                  int64_t least_frames) {
  TESSERA_TRY_VOID(check_streamable(network));
  StepGraph step;
  TESSERA_TRY_VOID(Builder(network, encodings, step).build(least_frames));
  return step;
}

}  // namespace tessera::stream
