#include "rewrite/networks.h"

#include <algorithm>
#include <functional>

namespace tessera::test {

int64_t Dice::between(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
}

float Dice::real(float low, float high) {
  return low + (high - low) * static_cast<float>(engine_() >> 8) / static_cast<float>(1 << 24);
}

Tensor Dice::tensor(std::vector<int64_t> dims, float low, float high) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(real(low, high));
  return Tensor(std::move(dims), std::move(values));
}

namespace {

Norm norm_of(Dice& dice, NormKind kind, int64_t channels) {
  Norm norm;
  norm.kind = kind;
  norm.gamma = dice.tensor({channels}, 0.5F, 1.5F);
  norm.beta = dice.tensor({channels}, -0.5F, 0.5F);
  norm.eps = kind == NormKind::batch ? 1e-5 : 1e-8;
  if (kind == NormKind::batch) {
    norm.mean = dice.tensor({channels}, -0.5F, 0.5F);
    norm.variance = dice.tensor({channels}, 0.5F, 2.0F);
  }
  return norm;
}

Unary prelu(Dice& dice, int64_t slopes = 1) {
  return {UnaryKind::prelu, dice.tensor({slopes}, 0.1F, 0.4F), 0, 0};
}

// Builds one Conv-TasNet, node by node.
class TasNetBuilder {
 public:
  TasNetBuilder(const TasNet& options, uint32_t seed, Graph& graph)
      : o_(options), dice_(seed), editor_(graph, "import") {}

  void build() {
    const NodeId wave = add(Input{{1, 1, o_.samples}}, {}, "mix");
    const NodeId encoded = add(encoder(), {wave}, "encoder");
    const NodeId scores = mask_scores(encoded);
    const NodeId masks = add(o_.mask_activation, {scores}, "mask_activation");
    const Tensor decoder_weight = dice_.tensor({o_.filters, 1, 1, o_.kernel});
    std::vector<NodeId> voices;
    for (int64_t s = 0; s < o_.sources; ++s) {
      const std::string tag = std::to_string(s + 1);
      NodeId mask = masks;
      if (o_.sources > 1)
        mask =
            add(Slice{Axis::c, s * o_.filters, (s + 1) * o_.filters, 1}, {masks}, "mask_s" + tag);
      const NodeId masked = add(Mul{}, {encoded, mask}, "masked_s" + tag);
      ConvTranspose decoder;
      decoder.weight = decoder_weight;
      decoder.stride.w = o_.stride;
      voices.push_back(add(decoder, {masked}, "decoder_s" + tag));
    }
    const NodeId joined = o_.sources > 1 ? add(Concat{Axis::c}, voices, "sources") : voices[0];
    const int64_t missing = o_.samples - editor_.graph().node(joined).shape.w;
    const NodeId fitted =
        missing > 0 ? add(Pad{{0, 0, 0, missing}, PadMode::zero}, {joined}, "fit_length") : joined;
    editor_.add_output("separated", fitted);
  }

 private:
  NodeId add(Op op, std::vector<NodeId> inputs, const std::string& name) {
    return editor_.add(std::move(op), std::move(inputs), name, name).value();
  }

  Conv encoder() {
    Conv conv;
    conv.weight = dice_.tensor({o_.filters, 1, 1, o_.kernel});
    conv.stride.w = o_.stride;
    return conv;
  }

  Conv pointwise(int64_t in, int64_t out) {
    Conv conv;
    conv.weight = dice_.tensor({out, in, 1, 1}, -0.6F, 0.6F);
    if (o_.biases) conv.bias = dice_.tensor({out}, -0.3F, 0.3F);
    return conv;
  }

  NodeId mask_scores(NodeId encoded) {
    NodeId x = add(norm_of(dice_, o_.norm, o_.filters), {encoded}, "bottleneck_norm");
    x = add(pointwise(o_.filters, o_.bottleneck), {x}, "bottleneck");
    NodeId sum = kNoNode;
    for (int64_t i = 0; i < o_.blocks * o_.repeats; ++i) {
      const bool last = i + 1 == o_.blocks * o_.repeats;
      const std::string tag = "block" + std::to_string(i) + ".";
      const NodeId y = block(x, int64_t{1} << (i % o_.blocks), tag);
      if (o_.skip > 0) {
        const NodeId skip = add(pointwise(o_.hidden, o_.skip), {y}, tag + "skip");
        sum = sum == kNoNode ? skip : add(Add{}, {sum, skip}, tag + "skip_sum");
      }
      if (last && o_.skip > 0) break;  // nobody reads the last residual
      const NodeId residual = add(pointwise(o_.hidden, o_.bottleneck), {y}, tag + "residual");
      x = add(Add{}, {x, residual}, tag + "out");
    }
    const NodeId activated = add(prelu(dice_), {o_.skip > 0 ? sum : x}, "mask_prelu");
    return add(pointwise(o_.skip > 0 ? o_.skip : o_.bottleneck, o_.sources * o_.filters),
               {activated}, "mask_conv");
  }

  NodeId block(NodeId x, int64_t dilation, const std::string& tag) {
    NodeId y = add(pointwise(o_.bottleneck, o_.hidden), {x}, tag + "in");
    y = add(prelu(dice_), {y}, tag + "prelu1");
    y = add(norm_of(dice_, o_.norm, o_.hidden), {y}, tag + "norm1");
    Conv depthwise;
    depthwise.weight = dice_.tensor({o_.hidden, 1, 1, 3});
    if (o_.biases) depthwise.bias = dice_.tensor({o_.hidden}, -0.3F, 0.3F);
    depthwise.groups = o_.hidden;
    depthwise.dilation.w = dilation;
    depthwise.padding =
        o_.causal ? Padding{0, 0, 2 * dilation, 0} : Padding{0, 0, dilation, dilation};
    y = add(depthwise, {y}, tag + "depthwise");
    y = add(prelu(dice_), {y}, tag + "prelu2");
    return add(norm_of(dice_, o_.norm, o_.hidden), {y}, tag + "norm2");
  }

  const TasNet& o_;
  Dice dice_;
  GraphEditor editor_;
};

// Adds random ops; one that does not fit its operands is simply not added.
class RandomBuilder {
 public:
  RandomBuilder(uint32_t seed, Graph& graph) : dice_(seed), editor_(graph, "import") {}

  void build(int size) {
    const int64_t height = dice_.between(1, 2);
    values_.push_back(
        editor_.add(Input{{dice_.between(1, 4), height, dice_.between(24, 60)}}, {}, "x").value());
    for (int i = 0; i < size; ++i) grow();
    const int64_t outputs = dice_.between(1, 3);
    for (int64_t i = 0; i < outputs; ++i) {
      const size_t back = std::min(values_.size(), static_cast<size_t>(i * 2 + 1));
      editor_.add_output("y" + std::to_string(i), values_[values_.size() - back]);
    }
  }

 private:
  // Mostly a recent value, so that the graph is deep.
  NodeId pick() {
    const auto count = static_cast<int64_t>(values_.size());
    const int64_t back = dice_.chance(70) ? 0 : dice_.between(0, std::min<int64_t>(count - 1, 6));
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
  // computes it: a large eps keeps random graphs well conditioned.
  Norm norm(int64_t channels) {
    Norm op = norm_of(dice_, static_cast<NormKind>(dice_.between(0, 4)), channels);
    op.eps = 0.05;
    return op;
  }

  void grow() {
    const NodeId x = pick();
    switch (dice_.between(0, 13)) {
      case 0:
      case 1:
      case 2: return (void)try_add(conv(shape(x)), {x});
      case 3: return (void)try_add(conv_transpose(shape(x)), {x});
      case 4: return (void)try_add(affine(shape(x).c), {x});
      case 5: return (void)try_add(norm(shape(x).c), {x});
      case 6: return (void)try_add(unary(shape(x).c), {x});
      case 7: return residual_block(x);
      case 8: return (void)join(x);
      case 9: return (void)try_add(Concat{static_cast<Axis>(dice_.between(0, 2))}, {x, pick()});
      case 10: return (void)try_add(slice(shape(x)), {x});
      case 11: return (void)try_add(pad(), {x});
      case 12: return sum_of_pointwise(x);
      default: return (void)try_add(Softmax{static_cast<SoftmaxOver>(dice_.between(0, 2)), 1}, {x});
    }
  }

  Tensor bias(int64_t n) { return dice_.chance(60) ? dice_.tensor({n}) : Tensor(); }

  Conv conv(const Shape& x) {
    Conv op;
    const int64_t kind = dice_.between(0, 3);
    op.groups = kind == 0 ? x.c : kind == 1 && x.c % 2 == 0 ? 2 : 1;
    const int64_t out = op.groups * dice_.between(1, op.groups == x.c ? 2 : 4);
    const int64_t kh = x.h > 1 && dice_.chance(30) ? 2 : 1;
    op.weight = dice_.tensor({out, x.c / op.groups, kh, kind == 2 ? 1 : dice_.between(1, 4)});
    op.bias = bias(out);
    op.dilation.w = dice_.chance(40) ? dice_.between(2, 4) : 1;
    op.stride.w = dice_.chance(25) ? dice_.between(2, 3) : 1;
    if (dice_.chance(50)) op.padding = {0, 0, dice_.between(0, 3), dice_.between(0, 3)};
    return op;
  }

  Conv pointwise(int64_t in, int64_t out) {
    Conv op;
    op.weight = dice_.tensor({out, in, 1, 1});
    op.bias = bias(out);
    return op;
  }

  ConvTranspose conv_transpose(const Shape& x) {
    ConvTranspose op;
    op.groups = x.c % 2 == 0 && dice_.chance(30) ? 2 : 1;
    const int64_t out = dice_.between(1, 3);
    op.weight = dice_.tensor({x.c, out, 1, dice_.between(1, 6)});
    op.bias = bias(out * op.groups);
    op.stride.w = dice_.between(1, 4);
    op.dilation.w = dice_.chance(10) ? 2 : 1;
    if (dice_.chance(40)) op.crop = {0, 0, dice_.between(0, 2), dice_.between(0, 2)};
    if (dice_.chance(30)) op.extra.w = dice_.between(1, 2);
    return op;
  }

  Affine affine(int64_t channels) {
    if (dice_.chance(15)) return {Tensor::full({channels}, 1.0F), Tensor::full({channels}, 0.0F)};
    const bool shifts = dice_.chance(60);
    return {dice_.tensor({channels}, 0.5F, 1.5F),
            shifts ? dice_.tensor({channels}) : Tensor::full({channels}, 0.0F)};
  }

  Unary unary(int64_t channels) {
    switch (dice_.between(0, 3)) {
      case 0: return prelu(dice_);
      case 1: return prelu(dice_, channels);
      case 2: return {UnaryKind::tanh, {}, 0, 0};
      default: return {UnaryKind::relu, {}, 0, 0};
    }
  }

  Slice slice(const Shape& x) {
    const Axis axis = dice_.chance(50) ? Axis::w : Axis::c;
    const int64_t size = axis == Axis::w ? x.w : x.c;
    const int64_t begin = dice_.chance(50) ? 0 : dice_.between(0, size - 1);
    const int64_t end = dice_.chance(50) ? size : dice_.between(begin + 1, size);
    return {axis, begin, end, dice_.chance(30) ? 2 : 1};
  }

  Pad pad() {
    const Padding padding{0, 0, dice_.between(0, 3), dice_.between(0, 3)};
    return {padding, static_cast<PadMode>(dice_.chance(60) ? 0 : dice_.between(1, 2))};
  }

  void join(NodeId x) {
    const NodeId other = pick();
    if (dice_.chance(50)) {
      try_add(Add{}, {x, other});
    } else {
      try_add(Mul{}, {x, other});
    }
  }

  // x -> hidden, twice read: a residual and something summed.
  void residual_block(NodeId x) {
    const int64_t channels = shape(x).c;
    const int64_t hidden = dice_.between(2, 4);
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
    const int64_t out = dice_.between(1, 3);
    NodeId sum = editor_.add(pointwise(shape(x).c, out), {x}).value();
    const int64_t terms = dice_.between(1, 3);
    for (int64_t i = 0; i < terms; ++i) {
      const NodeId y = editor_.add(unary(shape(x).c), {x}).value();
      const NodeId term = editor_.add(pointwise(shape(x).c, out), {y}).value();
      sum = editor_.add(Add{}, {sum, term}).value();
    }
    values_.push_back(sum);
  }

  Dice dice_;
  GraphEditor editor_;
  std::vector<NodeId> values_;
};

}  // namespace

Graph tasnet(const TasNet& options, uint32_t seed) {
  Graph graph;
  TasNetBuilder(options, seed, graph).build();
  GraphEditor(graph, "import").enter(Stage::imported).value();
  return graph;
}

Graph random_graph(uint32_t seed, int size) {
  Graph graph;
  RandomBuilder(seed, graph).build(size);
  GraphEditor editor(graph, "import");
  editor.remove_dead();
  editor.enter(Stage::imported).value();
  return graph;
}

}  // namespace tessera::test
