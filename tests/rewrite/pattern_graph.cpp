#include "rewrite/pattern_graph.h"

#include <algorithm>

namespace tessera::test {

namespace {

Norm norm_of(Random& random, NormKind kind, int64_t channels) {
  Norm norm;
  norm.kind = kind;
  norm.gamma = random.tensor({channels}, 0.5F, 1.5F);
  norm.beta = random.tensor({channels}, -0.5F, 0.5F);
  norm.eps = kind == NormKind::batch ? 1e-5 : 1e-8;
  if (kind == NormKind::batch) {
    norm.mean = random.tensor({channels}, -0.5F, 0.5F);
    norm.variance = random.tensor({channels}, 0.5F, 2.0F);
  }
  return norm;
}

Unary prelu(Random& random, int64_t slopes = 1) {
  return {UnaryKind::prelu, random.tensor({slopes}, 0.1F, 0.4F), 0, 0};
}

// Adds random ops; one that does not fit its operands is simply not added.
class RandomBuilder {
 public:
  RandomBuilder(uint32_t seed, Graph& graph) : random_(seed), editor_(graph, "import") {}

  void build(int size) {
    const int64_t height = random_.integer(1, 2);
    values_.push_back(
        editor_.add(Input{{random_.integer(1, 4), height, random_.integer(24, 60)}}, {}, "x")
            .value());
    for (int i = 0; i < size; ++i) grow();
    const int64_t outputs = random_.integer(1, 3);
    for (int64_t i = 0; i < outputs; ++i) {
      const size_t back = std::min(values_.size(), static_cast<size_t>(i * 2 + 1));
      editor_.add_output("y" + std::to_string(i), values_[values_.size() - back]);
    }
  }

 private:
  // Mostly a recent value, so that the graph is deep.
  NodeId pick() {
    const auto count = static_cast<int64_t>(values_.size());
    const int64_t back =
        random_.chance(0.7) ? 0 : random_.integer(0, std::min<int64_t>(count - 1, 6));
    return values_[static_cast<size_t>(count - 1 - back)];
  }
  const Shape& shape(NodeId id) const { return editor_.graph().node(id).shape; }

  bool try_add(Op op, std::vector<NodeId> inputs) {
    Result<NodeId> made = editor_.add(std::move(op), std::move(inputs));
    if (!made) return false;
    if (shape(*made).size() <= 20000) values_.push_back(*made);
    return true;
  }

  // A norm over values that hardly differ multiplies rounding errors by up to 1/sqrt(eps), whoever
  // computes it: a large eps, and several channels in a frame, keep random graphs well conditioned.
  Norm norm(int64_t channels) {
    auto kind = static_cast<NormKind>(random_.integer(0, 4));
    if (channels < 4 && kind == NormKind::channel_wise) kind = NormKind::global;
    Norm op = norm_of(random_, kind, channels);
    op.eps = 0.05;
    return op;
  }

  void grow() {
    const NodeId x = pick();
    switch (random_.integer(0, 13)) {
      case 0:
      case 1:
      case 2: return (void)try_add(conv(shape(x)), {x});
      case 3: return (void)try_add(conv_transpose(shape(x)), {x});
      case 4: return (void)try_add(affine(shape(x).c), {x});
      case 5: return (void)try_add(norm(shape(x).c), {x});
      case 6: return (void)try_add(unary(shape(x).c), {x});
      case 7: return residual_block(x);
      case 8: return (void)join(x);
      case 9: return (void)try_add(Concat{static_cast<Axis>(random_.integer(0, 2))}, {x, pick()});
      case 10: return (void)try_add(slice(shape(x)), {x});
      case 11: return (void)try_add(pad(), {x});
      case 12: return sum_of_pointwise(x);
      default:
        return (void)try_add(Softmax{static_cast<SoftmaxOver>(random_.integer(0, 2)), 1}, {x});
    }
  }

  Tensor bias(int64_t n) { return random_.chance(0.6) ? random_.tensor({n}, -1, 1) : Tensor(); }

  Conv conv(const Shape& x) {
    Conv op;
    const int64_t kind = random_.integer(0, 3);
    op.groups = kind == 0 ? x.c : kind == 1 && x.c % 2 == 0 ? 2 : 1;
    const int64_t out = op.groups * random_.integer(1, op.groups == x.c ? 2 : 4);
    const int64_t kh = x.h > 1 && random_.chance(0.3) ? 2 : 1;
    op.weight =
        random_.tensor({out, x.c / op.groups, kh, kind == 2 ? 1 : random_.integer(1, 4)}, -1, 1);
    op.bias = bias(out);
    op.dilation.w = random_.chance(0.4) ? random_.integer(2, 4) : 1;
    op.stride.w = random_.chance(0.25) ? random_.integer(2, 3) : 1;
    if (random_.chance(0.5)) op.padding = {0, 0, random_.integer(0, 3), random_.integer(0, 3)};
    return op;
  }

  Conv pointwise(int64_t in, int64_t out) {
    Conv op;
    op.weight = random_.tensor({out, in, 1, 1}, -1, 1);
    op.bias = bias(out);
    return op;
  }

  ConvTranspose conv_transpose(const Shape& x) {
    ConvTranspose op;
    op.groups = x.c % 2 == 0 && random_.chance(0.3) ? 2 : 1;
    const int64_t out = random_.integer(1, 3);
    op.weight = random_.tensor({x.c, out, 1, random_.integer(1, 6)}, -1, 1);
    op.bias = bias(out * op.groups);
    op.stride.w = random_.integer(1, 4);
    op.dilation.w = random_.chance(0.1) ? 2 : 1;
    if (random_.chance(0.4)) op.crop = {0, 0, random_.integer(0, 2), random_.integer(0, 2)};
    if (random_.chance(0.3)) op.extra.w = random_.integer(1, 2);
    return op;
  }

  Affine affine(int64_t channels) {
    if (random_.chance(0.15))
      return {Tensor::full({channels}, 1.0F), Tensor::full({channels}, 0.0F)};
    const bool shifts = random_.chance(0.6);
    return {random_.tensor({channels}, 0.5F, 1.5F),
            shifts ? random_.tensor({channels}, -1, 1) : Tensor::full({channels}, 0.0F)};
  }

  Unary unary(int64_t channels) {
    switch (random_.integer(0, 3)) {
      case 0: return prelu(random_);
      case 1: return prelu(random_, channels);
      case 2: return {UnaryKind::tanh, {}, 0, 0};
      default: return {UnaryKind::relu, {}, 0, 0};
    }
  }

  Slice slice(const Shape& x) {
    const Axis axis = random_.chance(0.5) ? Axis::w : Axis::c;
    const int64_t size = axis == Axis::w ? x.w : x.c;
    const int64_t begin = random_.chance(0.5) ? 0 : random_.integer(0, size - 1);
    const int64_t end = random_.chance(0.5) ? size : random_.integer(begin + 1, size);
    return {axis, begin, end, random_.chance(0.3) ? 2 : 1};
  }

  Pad pad() {
    const Padding padding{0, 0, random_.integer(0, 3), random_.integer(0, 3)};
    return {padding, static_cast<PadMode>(random_.chance(0.6) ? 0 : random_.integer(1, 2))};
  }

  void join(NodeId x) {
    const NodeId other = pick();
    if (random_.chance(0.5)) {
      try_add(Add{}, {x, other});
    } else {
      try_add(Mul{}, {x, other});
    }
  }

  // x -> hidden, twice read: a residual and something summed.
  void residual_block(NodeId x) {
    const int64_t channels = shape(x).c;
    const int64_t hidden = random_.integer(2, 4);
    if (!try_add(pointwise(channels, hidden), {x})) return;
    if (!try_add(unary(hidden), {values_.back()})) return;
    const NodeId y = values_.back();
    const NodeId residual = editor_.add(pointwise(hidden, channels), {y}).value();
    const NodeId skip = editor_.add(pointwise(hidden, channels), {y}).value();
    const NodeId sum = editor_.add(Add{}, {x, residual}).value();
    const NodeId other = editor_.add(pointwise(channels, channels), {sum}).value();
    try_add(Add{}, {skip, other});
  }

  void sum_of_pointwise(NodeId x) {
    const int64_t out = random_.integer(1, 3);
    NodeId sum = editor_.add(pointwise(shape(x).c, out), {x}).value();
    const int64_t terms = random_.integer(1, 3);
    for (int64_t i = 0; i < terms; ++i) {
      const NodeId y = editor_.add(unary(shape(x).c), {x}).value();
      const NodeId term = editor_.add(pointwise(shape(x).c, out), {y}).value();
      sum = editor_.add(Add{}, {sum, term}).value();
    }
    values_.push_back(sum);
  }

  Random random_;
  GraphEditor editor_;
  std::vector<NodeId> values_;
};

}  // namespace

Graph pattern_graph(uint32_t seed, int size) {
  Graph graph;
  RandomBuilder(seed, graph).build(size);
  GraphEditor editor(graph, "import");
  editor.remove_dead();
  editor.enter(GraphForm::imported).value();
  return graph;
}

}  // namespace tessera::test
