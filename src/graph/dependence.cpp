// Receptive fields, by carrying one span per node from the source forwards.
#include <algorithm>

#include "graph/rational.h"
#include "tessera/compiler/analysis.h"

namespace tessera {
namespace {

// Frame t sees source frames rate*t + first .. rate*t + last; exact fractions, so that a transposed
// stride undoes a stride without rounding.
struct Span {
  bool any = false;
  bool local = false;
  Rational rate = 1;
  Rational first = 0;
  Rational last = 0;
  Rational framing = 0;
  bool whole_sequence = false;
  bool unbounded_past = false;
  bool repeats_ends = false;

  // Seen through something that mixes all frames: no local relation stays.
  void lose_time() {
    local = false;
    whole_sequence = any;
  }

  // Frame t of the result reads operand frames t*stride + begin .. t*stride + end.
  void through_window(int64_t stride, int64_t begin, int64_t end) {
    first = first + rate * begin;
    last = last + rate * end;
    if (stride > 1) framing = framing + rate * (end - begin);
    rate = rate * stride;
    check_range();
  }

  // The inverse: operand frame s reaches result frames s*stride + begin .. s*stride + end.
  void through_transposed_window(int64_t stride, int64_t begin, int64_t end) {
    first = first + rate * Rational(-end, stride);
    last = last + rate * Rational(-begin, stride);
    rate = rate / stride;
    check_range();
  }

  // Sizes beyond all reason: say "everything" instead of a number.
  void check_range() {
    if (rate.overflowed() || first.overflowed() || last.overflowed() || framing.overflowed())
      *this = {.any = true, .whole_sequence = true, .unbounded_past = unbounded_past};
  }
};

Span joined(const Span& a, const Span& b) {
  if (!a.any) return b;
  if (!b.any) return a;
  Span result = a;
  result.whole_sequence = a.whole_sequence || b.whole_sequence;
  result.unbounded_past = a.unbounded_past || b.unbounded_past;
  result.repeats_ends = a.repeats_ends || b.repeats_ends;
  result.framing = std::max(a.framing, b.framing);
  if (a.local && b.local) {
    if (a.rate == b.rate) {
      result.first = std::min(a.first, b.first);
      result.last = std::max(a.last, b.last);
    } else {
      result.lose_time();  // two speeds in one tensor: no fixed distance
    }
  } else if (b.local) {
    result.local = true;
    result.rate = b.rate;
    result.first = b.first;
    result.last = b.last;
  }
  return result;
}

struct Propagate {
  const Graph& graph;
  const Node& node;
  const std::vector<Span>& spans;

  const Span& operand(size_t i) const {
    return spans[static_cast<size_t>(index_of(node.inputs[i]))];
  }
  int64_t operand_width(size_t i) const { return graph.node(node.inputs[i]).shape.w; }

  Span operator()(const Input&) const { return {}; }
  Span operator()(const Constant&) const { return {}; }

  Span operator()(const Conv& op) const {
    Span span = operand(0);
    const int64_t begin = -op.padding.left;
    span.through_window(op.stride.w, begin, begin + (op.weight.dim(3) - 1) * op.dilation.w);
    return span;
  }
  Span operator()(const ConvTranspose& op) const {
    Span span = operand(0);
    const int64_t begin = -op.crop.left;
    span.through_transposed_window(op.stride.w, begin,
                                   begin + (op.weight.dim(3) - 1) * op.dilation.w);
    return span;
  }
  Span operator()(const Pool& op) const {
    Span span = operand(0);
    span.through_window(op.stride.w, -op.padding.left, -op.padding.left + op.kernel.w - 1);
    return span;
  }
  Span operator()(const Pad& op) const {
    Span span = operand(0);
    span.through_window(1, -op.padding.left, -op.padding.left);
    if (op.mode != PadMode::zero && (op.padding.left > 0 || op.padding.right > 0))
      span.repeats_ends = span.any;
    return span;
  }
  Span operator()(const Slice& op) const {
    Span span = operand(0);
    if (op.axis == Axis::w) span.through_window(op.step, op.begin, op.begin);
    return span;
  }

  Span operator()(const Norm& op) const {
    Span span = operand(0);
    switch (op.kind) {
      case NormKind::global:
      case NormKind::feature_wise: span.whole_sequence = span.any; break;
      case NormKind::cumulative: span.unbounded_past = span.any; break;
      case NormKind::channel_wise:
      case NormKind::batch: break;
    }
    return span;
  }
  Span operator()(const Softmax& op) const {
    Span span = operand(0);
    if (op.over == SoftmaxOver::time) span.whole_sequence = span.any;
    return span;
  }
  Span operator()(const CumulativeSum&) const {
    Span span = operand(0);
    span.unbounded_past = span.any;
    return span;
  }
  Span operator()(const GlobalPool&) const {
    Span span = operand(0);
    span.lose_time();
    return span;
  }
  Span operator()(const Reduce& op) const {
    Span span = operand(0);
    if (op.over_w) span.lose_time();
    return span;
  }

  Span operator()(const OverlapAdd& op) const {
    Span span = operand(0);
    span.through_transposed_window(op.stride, 0, op.kernel - 1);
    return span;
  }
  Span operator()(const NormStatistics& op) const {
    Span span = operand(0);
    switch (op.kind) {
      case NormKind::global:
      case NormKind::feature_wise: span.lose_time(); break;
      case NormKind::cumulative: span.unbounded_past = span.any; break;
      case NormKind::channel_wise:
      case NormKind::batch: break;
    }
    return span;
  }

  Span operator()(const Affine&) const { return operand(0); }
  Span operator()(const Unary&) const { return operand(0); }
  Span operator()(const Gemm&) const { return operand(0); }
  Span operator()(const Add&) const { return broadcast(); }
  Span operator()(const Mul&) const { return broadcast(); }
  Span operator()(const Binary&) const { return broadcast(); }
  Span operator()(const ScaleShift&) const { return broadcast(); }

  Span operator()(const Concat& op) const {
    Span result;
    int64_t offset = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      Span span = operand(i);
      if (op.axis == Axis::w) {
        span.through_window(1, -offset, -offset);
        offset += operand_width(i);
      }
      result = joined(result, span);
    }
    return result;
  }

 private:
  Span broadcast() const {
    Span result;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      Span span = operand(i);
      if (operand_width(i) != node.shape.w) span.lose_time();  // one frame, read everywhere
      result = joined(result, span);
    }
    return result;
  }
};

Dependence rounded(const Span& span) {
  Dependence result;
  result.any = span.any;
  result.local = span.local;
  result.whole_sequence = span.whole_sequence;
  result.unbounded_past = span.unbounded_past;
  result.repeats_ends = span.repeats_ends;
  result.framing = span.framing.ceil();
  if (!span.local) return result;
  result.rate_numerator = span.rate.numerator();
  result.rate_denominator = span.rate.denominator();
  // Frames counted from floor(t*rate), which lies up to 1 - 1/denominator below t*rate.
  const Rational fraction(span.rate.denominator() - 1, span.rate.denominator());
  const Rational last = span.last + fraction;
  result.first = span.first.ceil();
  result.last = last.overflowed() ? span.last.ceil() : last.floor();
  return result;
}

}  // namespace

std::vector<Dependence> dependence_on(const Graph& graph, NodeId source) {
  std::vector<Span> spans(static_cast<size_t>(graph.id_limit()));
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    Span& span = spans[static_cast<size_t>(index_of(id))];
    if (id == source) {
      span.any = true;
      span.local = true;
    } else {
      span = std::visit(Propagate{graph, node, spans}, node.op);
    }
  }
  std::vector<Dependence> result;
  for (const Span& span : spans) result.push_back(rounded(span));
  return result;
}

Dependence dependence(const Graph& graph, NodeId source, NodeId target) {
  return dependence_on(graph, source)[static_cast<size_t>(index_of(target))];
}

}  // namespace tessera
