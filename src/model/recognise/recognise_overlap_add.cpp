// Overlap-add written out, by now a transposed convolution whose weights only pick samples: it
// joins the convolution that makes the frames, and the interleaving of subframes joins the
// overlap-add before it. The decoder is then one transposed convolution, as its author wrote it.
#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

constexpr int64_t kMaxWeights = int64_t{1} << 24;

// W[input][output][k] of a transposed convolution along time, whatever its groups.
class Taps {
 public:
  explicit Taps(const ConvTranspose& op)
      : weight_(op.weight),
        inputs_per_group_(op.weight.dim(0) / op.groups),
        outputs_per_group_(op.weight.dim(1)) {}

  int64_t inputs() const { return weight_.dim(0); }
  int64_t outputs() const { return inputs() / inputs_per_group_ * outputs_per_group_; }
  int64_t kernel() const { return weight_.dim(3); }
  float at(int64_t input, int64_t output, int64_t k) const {
    if (input / inputs_per_group_ != output / outputs_per_group_) return 0;
    return weight_[(input * outputs_per_group_ + output % outputs_per_group_) * kernel() + k];
  }

 private:
  const Tensor& weight_;
  int64_t inputs_per_group_;
  int64_t outputs_per_group_;
};

bool plain(const ConvTranspose& op) {
  return op.bias.empty() && op.weight.dim(2) == 1 && op.stride.h == 1 && op.dilation.w == 1 &&
         op.extra == Extent{0, 0} && op.crop.top == 0 && op.crop.bottom == 0;
}

// For each output and tap the input that it picks, -1 where it picks none; empty when it weighs or
// sums.
std::vector<int64_t> picked_inputs(const ConvTranspose& op) {
  const Taps taps(op);
  if (taps.inputs() > kMaxWeights / taps.outputs() / taps.kernel()) return {};
  std::vector<int64_t> picked(static_cast<size_t>(taps.outputs() * taps.kernel()), -1);
  for (int64_t i = 0; i < taps.inputs(); ++i) {
    for (int64_t o = 0; o < taps.outputs(); ++o) {
      for (int64_t k = 0; k < taps.kernel(); ++k) {
        const float w = taps.at(i, o, k);
        if (w == 0) continue;
        int64_t& input = picked[static_cast<size_t>(o * taps.kernel() + k)];
        if (w != 1 || input >= 0) return {};
        input = i;
      }
    }
  }
  return picked;
}

bool pointwise(const Conv& conv) {
  return conv.weight.dim(2) == 1 && conv.weight.dim(3) == 1 && conv.stride == Extent{} &&
         conv.padding.none() && conv.groups == 1 && (conv.bias.empty() || all_equal(conv.bias, 0));
}

// The convolution that makes the frames, whole or (halves of frames) a slice of its channels.
struct FrameSource {
  NodeId conv = kNoNode;
  int64_t first_channel = 0;
};

std::optional<FrameSource> frame_source(const Graph& graph, NodeId id) {
  const NodeId before = operand(graph, id);
  if (graph.get_if<Conv>(before)) {
    if (sole_user(graph, before) != id) return std::nullopt;
    return FrameSource{before, 0};
  }
  const auto* slice = graph.get_if<Slice>(before);
  if (!slice || slice->axis != Axis::c || slice->step != 1 || sole_user(graph, before) != id)
    return std::nullopt;
  const NodeId conv = operand(graph, before);
  if (!graph.get_if<Conv>(conv) || graph.is_output(conv)) return std::nullopt;
  for (NodeId user : graph.users(conv)) {
    const auto* part = graph.get_if<Slice>(user);
    if (!part || part->axis != Axis::c) return std::nullopt;
  }
  return FrameSource{conv, slice->begin};
}

// Picks(Pointwise(x)) -> ConvTranspose(x).
Result<void> take_frames(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const ConvTranspose op = *graph.get_if<ConvTranspose>(id);
  const std::optional<FrameSource> source = frame_source(graph, id);
  if (!source || !plain(op)) return {};
  const auto* conv = graph.get_if<Conv>(source->conv);
  if (!pointwise(*conv)) return {};
  const std::vector<int64_t> picked = picked_inputs(op);
  const int64_t in = conv->weight.dim(1);
  const auto count = static_cast<int64_t>(picked.size());
  if (picked.empty() || in > kMaxWeights / count) return {};
  const int64_t kernel = op.weight.dim(3);
  std::vector<float> weight(static_cast<size_t>(in * count), 0);
  for (int64_t i = 0; i < in; ++i) {
    for (int64_t at = 0; at < count; ++at) {
      const int64_t row = picked[static_cast<size_t>(at)];
      if (row < 0) continue;
      weight[static_cast<size_t>(i * count + at)] =
          conv->weight[(source->first_channel + row) * in + i];
    }
  }
  ConvTranspose fused = op;
  fused.weight = Tensor({in, count / kernel, 1, kernel}, std::move(weight));
  fused.groups = 1;
  return editor.replace(id, std::move(fused), {operand(graph, source->conv)});
}

// Interleave(OverlapAdd(x)), the one that writes subframes one after the other, -> one overlap-add.
Result<void> take_subframes(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const NodeId before = operand(graph, id);
  const auto* first = graph.get_if<ConvTranspose>(before);
  const ConvTranspose second = *graph.get_if<ConvTranspose>(id);
  const int64_t each = second.weight.dim(3);
  if (!first || !plain(*first) || !plain(second) || second.stride.w != each ||
      sole_user(graph, before) != id || picked_inputs(second).empty())
    return {};
  const Taps outer(*first);
  const Taps inner(second);
  const std::vector<int64_t> picked = picked_inputs(second);
  const int64_t groups = std::gcd(first->groups, second.groups);
  const int64_t outputs = inner.outputs() / groups;
  const int64_t inputs = outer.inputs() / groups;
  const int64_t kernel = outer.kernel() * each;
  if (outer.inputs() > kMaxWeights / outputs / kernel) return {};
  std::vector<float> weight(static_cast<size_t>(outer.inputs() * outputs * kernel), 0);
  for (int64_t i = 0; i < outer.inputs(); ++i) {
    for (int64_t o = 0; o < outputs; ++o) {
      const int64_t output = i / inputs * outputs + o;
      for (int64_t k = 0; k < kernel; ++k) {
        const int64_t middle = picked[static_cast<size_t>(output * each + k % each)];
        if (middle < 0) continue;
        weight[static_cast<size_t>((i * outputs + o) * kernel + k)] = outer.at(i, middle, k / each);
      }
    }
  }
  ConvTranspose fused = second;
  fused.weight = Tensor({outer.inputs(), outputs, 1, kernel}, std::move(weight));
  fused.groups = groups;
  fused.stride.w = first->stride.w * each;
  fused.crop.left += first->crop.left * each;
  fused.crop.right += first->crop.right * each;
  return editor.replace(id, std::move(fused), {operand(graph, before)});
}

// A transposed convolution moved along time: its first frame at `at`, and the elements that are
// left of it after cropping.
struct Shifted {
  NodeId node = kNoNode;
  int64_t at = 0;
  int64_t begin = 0;
  int64_t end = 0;
};

// Down through pads and crops along time; the channels of several voices may be joined first.
Shifted shifted(const Graph& graph, NodeId id) {
  std::vector<NodeId> path;
  while (true) {
    const auto* pad = graph.get_if<Pad>(id);
    const auto* slice = graph.get_if<Slice>(id);
    const bool moves =
        (pad && pad->mode == PadMode::zero && pad->padding.top == 0 && pad->padding.bottom == 0) ||
        (slice && slice->axis == Axis::w && slice->step == 1);
    if (!moves) break;
    path.push_back(id);
    id = operand(graph, id);
  }
  Shifted s{id, 0, 0, graph.node(id).shape.w};
  for (size_t i = path.size(); i-- > 0;) {
    const auto* pad = graph.get_if<Pad>(path[i]);
    const int64_t move = pad ? pad->padding.left : -graph.get_if<Slice>(path[i])->begin;
    s.at += move;
    s.begin = std::max<int64_t>(s.begin + move, 0);
    s.end = std::min(s.end + move, graph.node(path[i]).shape.w);
  }
  return s;
}

std::vector<NodeId> parts_of(const Graph& graph, NodeId id) {
  const auto* concat = graph.get_if<Concat>(id);
  if (!concat || concat->axis != Axis::c) return {id};
  return graph.node(id).inputs;
}

// Whether what is left of a transposed convolution is all of it that lies in `length` elements.
bool cut_by_borders_only(const ConvTranspose& op, const Shape& operand_shape, const Shifted& s,
                         int64_t length) {
  const int64_t first = s.at - op.crop.left;
  const int64_t whole = (operand_shape.w - 1) * op.stride.w + op.weight.dim(3);
  return s.begin == std::max<int64_t>(first, 0) && s.end == std::min(first + whole, length);
}

// The sum of two transposed convolutions of the same frames; nothing when it is none.
std::optional<ConvTranspose> joined_taps(const Graph& graph, NodeId a, const Shifted& shift_a,
                                         NodeId b, const Shifted& shift_b, int64_t length) {
  const auto* first = graph.get_if<ConvTranspose>(a);
  const auto* second = graph.get_if<ConvTranspose>(b);
  if (!first || !second || !plain(*first) || !plain(*second) ||
      operand(graph, a) != operand(graph, b) || first->stride.w != second->stride.w ||
      first->groups != second->groups || first->weight.dim(1) != second->weight.dim(1))
    return std::nullopt;
  const Shape& frames = graph.node(operand(graph, a)).shape;
  if (!cut_by_borders_only(*first, frames, shift_a, length) ||
      !cut_by_borders_only(*second, frames, shift_b, length))
    return std::nullopt;
  const int64_t at_a = shift_a.at - first->crop.left;
  const int64_t at_b = shift_b.at - second->crop.left;
  const int64_t base = std::min({at_a, at_b, int64_t{0}});
  const int64_t kernel = std::max(at_a + first->weight.dim(3), at_b + second->weight.dim(3)) - base;
  const int64_t after = (frames.w - 1) * first->stride.w + kernel + base - length;
  const int64_t rows = first->weight.dim(0) * first->weight.dim(1);
  if (after < 0 || kernel > kMaxWeights / rows) return std::nullopt;
  std::vector<float> weight(static_cast<size_t>(rows * kernel), 0);
  for (const auto& [op, at] : {std::pair(first, at_a), std::pair(second, at_b)}) {
    const int64_t own = op->weight.dim(3);
    for (int64_t i = 0; i < rows * own; ++i)
      weight[static_cast<size_t>(i / own * kernel + at - base + i % own)] += op->weight[i];
  }
  ConvTranspose sum = *first;
  sum.weight = Tensor({first->weight.dim(0), first->weight.dim(1), 1, kernel}, std::move(weight));
  sum.crop.left = -base;
  sum.crop.right = after;
  return sum;
}

// Halves of the frames, shifted against each other and added.
Result<void> join_halves(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const std::vector<NodeId> sides = graph.node(id).inputs;
  const Shifted a = shifted(graph, sides[0]);
  const Shifted b = shifted(graph, sides[1]);
  const std::vector<NodeId> first = parts_of(graph, a.node);
  const std::vector<NodeId> second = parts_of(graph, b.node);
  if (first.size() != second.size() || a.node == b.node) return {};
  std::vector<ConvTranspose> sums;
  for (size_t i = 0; i < first.size(); ++i) {
    auto sum = joined_taps(graph, first[i], a, second[i], b, graph.node(id).shape.w);
    if (!sum) return {};
    sums.push_back(std::move(*sum));
  }
  if (sums.size() == 1) return editor.replace(id, std::move(sums[0]), {operand(graph, first[0])});
  std::vector<NodeId> voices;
  for (size_t i = 0; i < sums.size(); ++i) {
    TESSERA_TRY(const NodeId voice, editor.add(std::move(sums[i]), {operand(graph, first[i])}, "",
                                               graph.node(id).origin.source));
    voices.push_back(voice);
  }
  return editor.replace(id, Concat{Axis::c}, voices);
}

}  // namespace

Result<void> recognise_overlap_add(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  for (NodeId id : graph.order()) {
    if (graph.get_if<ConvTranspose>(id)) TESSERA_TRY_VOID(take_subframes(editor, id));
    if (graph.get_if<ConvTranspose>(id)) TESSERA_TRY_VOID(take_frames(editor, id));
    if (graph.get_if<Add>(id)) TESSERA_TRY_VOID(join_halves(editor, id));
  }
  return {};
}

}  // namespace tessera
