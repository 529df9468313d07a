#include "vela/random_operator.h"

#include <algorithm>
#include <cmath>

#include "support/random_values.h"

namespace tessera::test {
namespace {

class Maker {
 public:
  explicit Maker(uint32_t seed) : random_(seed) {}

  RandomOperator make() {
    while (true) {
      graph_ = Graph();
      GraphEditor editor(graph_, "random");
      editor_ = &editor;
      const Result<NodeId> made = draw();
      if (!made) continue;
      editor.add_output("y", *made);
      if (editor.enter(GraphForm::rewriting)) return {std::move(kind_), std::move(graph_)};
    }
  }

 private:
  // A size: mostly small, at times around a power of two that hardware stops at.
  int64_t size(int64_t usual, std::initializer_list<int64_t> edges, double edge_chance = 0.2) {
    if (random_.chance(edge_chance))
      return std::max<int64_t>(1, random_.pick(edges) + random_.integer(-1, 1));
    return random_.integer(1, usual);
  }
  Shape shape() {
    const int64_t h = random_.chance(0.7) ? 1 : random_.integer(2, 6);
    const int64_t c = size(40, {64, 128, 256, 512});
    const int64_t w = size(300, {512, 1024, 4096}, 0.1);
    return {c, h, w};
  }
  NodeId input(const Shape& shape) { return editor_->add(Input{shape}, {}).value(); }
  const Shape& shape_of(NodeId id) const { return graph_.node(id).shape; }
  Padding padding(int64_t most_h, int64_t most_w) {
    if (random_.chance(0.4)) return {};
    return {random_.integer(0, most_h), random_.integer(0, most_h), random_.integer(0, most_w),
            random_.integer(0, most_w)};
  }
  Tensor bias(int64_t channels) {
    return random_.chance(0.7) ? random_.tensor({channels}, -0.5F, 0.5F) : Tensor();
  }

  Result<NodeId> draw() {
    static constexpr Result<NodeId> (Maker::*kMakers[])() = {
        &Maker::conv,        &Maker::conv,       &Maker::conv,        &Maker::conv,
        &Maker::wide_conv,   &Maker::transposed, &Maker::affine,      &Maker::unary,
        &Maker::unary,       &Maker::softmax,    &Maker::elementwise, &Maker::elementwise,
        &Maker::elementwise, &Maker::concat,     &Maker::slice,       &Maker::slice,
        &Maker::pad,         &Maker::pad,        &Maker::pool,        &Maker::global_pool,
        &Maker::gemm,        &Maker::reduce,     &Maker::norm,        &Maker::on_constant};
    return (this->*kMakers[random_.integer(0, std::ssize(kMakers) - 1)])();
  }

  Result<NodeId> conv() {
    Shape in = shape();
    Conv op;
    const int64_t kind = random_.integer(0, 3);
    int64_t out = size(40, {64, 128, 256});
    if (kind == 0) {
      kind_ = "conv.depthwise";
      op.groups = out = in.c;
    } else if (kind == 1) {
      kind_ = "conv.grouped";
      op.groups = random_.pick<int64_t>({2, 3, 4});
      in.c = op.groups * random_.integer(1, 24);
      out = op.groups * random_.integer(1, 24);
    } else {
      kind_ = "conv.dense";
    }
    const int64_t kw = size(9, {16, 32, 64, 65}, 0.15);
    const int64_t kh = in.h == 1 ? 1 : random_.integer(1, 3);
    if (random_.chance(0.35)) op.stride.w = random_.integer(2, 9);
    if (in.h > 1 && random_.chance(0.2)) op.stride.h = random_.integer(2, 5);
    if (random_.chance(0.4)) op.dilation.w = size(8, {16, 64, 128});
    if (in.h > 1 && random_.chance(0.1)) op.dilation.h = 2;
    op.padding = padding(kh - 1, (kw - 1) * op.dilation.w);
    op.weight = random_.tensor({out, in.c / op.groups, kh, kw}, -1, 1);
    op.bias = bias(out);
    return editor_->add(std::move(op), {input(in)});
  }

  // Channels or frames around the largest that can be counted.
  Result<NodeId> wide_conv() {
    kind_ = "conv.wide";
    Conv op;
    Shape in{random_.integer(1, 4), 1, random_.integer(1, 4)};
    int64_t out = random_.integer(1, 4);
    const int64_t axis = random_.integer(0, 2);
    // Longer rows are compiled in thousands of parts, which takes minutes.
    const int64_t edge =
        axis == 1 ? random_.pick<int64_t>({32768, 65535}) + random_.integer(0, 1)
                  : random_.pick<int64_t>({32768, 65536, 70000}) + random_.integer(-1, 1);
    (axis == 0 ? in.c : axis == 1 ? in.w : out) = edge;
    op.weight = random_.tensor({out, in.c, 1, 1}, -1, 1);
    op.bias = bias(out);
    return editor_->add(std::move(op), {input(in)});
  }

  Result<NodeId> transposed() {
    kind_ = "conv_transpose";
    Shape in = shape();
    in.w = std::min<int64_t>(in.w, 200);
    ConvTranspose op;
    op.stride.w = random_.integer(1, 5);
    if (in.h > 1) op.stride.h = random_.integer(1, 3);
    const int64_t out = random_.integer(1, 16);
    op.weight = random_.tensor(
        {in.c, out, in.h > 1 ? random_.integer(1, 3) : 1, random_.integer(1, 10)}, -1, 1);
    op.bias = bias(out);
    return editor_->add(std::move(op), {input(in)});
  }

  Result<NodeId> affine() {
    kind_ = "affine";
    const Shape in = shape();
    return editor_->add(Affine{random_.tensor({in.c}, 0.5F, 2), random_.tensor({in.c}, -1, 1)},
                        {input(in)});
  }

  Result<NodeId> unary() {
    const Shape in = shape();
    Unary op;
    op.kind = static_cast<UnaryKind>(random_.integer(0, static_cast<int64_t>(UnaryKind::erf)));
    // The functions of separators and encoders more often than the others.
    if (random_.chance(0.5)) {
      op.kind =
          random_.pick({UnaryKind::relu, UnaryKind::prelu, UnaryKind::sigmoid, UnaryKind::tanh});
    }
    if (op.kind == UnaryKind::prelu)
      op.slope = random_.tensor({random_.chance(0.5) ? 1 : in.c}, 0, 1);
    if (op.kind == UnaryKind::elu) op.alpha = random_.chance(0.5) ? 1 : 0.5;
    if (op.kind == UnaryKind::clip) op.beta = 6;
    if (op.kind == UnaryKind::hard_sigmoid) {
      op.alpha = 0.2;
      op.beta = 0.5;
    }
    kind_ = "unary." + std::string(to_string(op.kind));
    return editor_->add(std::move(op), {input(in)});
  }

  Result<NodeId> softmax() {
    kind_ = "softmax";
    Softmax op;
    Shape in = shape();
    op.over = random_.pick({SoftmaxOver::source, SoftmaxOver::channel, SoftmaxOver::time});
    op.sources = random_.chance(0.5) ? 1 : 2;
    in.c = op.sources * random_.integer(1, 20);
    return editor_->add(op, {input(in)});
  }

  Result<NodeId> elementwise() {
    const Shape in = shape();
    Shape other = in;
    if (random_.chance(0.4)) {
      int64_t& axis = random_.pick({&other.c, &other.h, &other.w})[0];
      axis = 1;
      if (random_.chance(0.3)) other.w = 1;
    }
    const NodeId a = input(in);
    const NodeId b =
        random_.chance(0.15)
            ? editor_->add(Constant{random_.tensor({other.c, other.h, other.w}, -1, 1)}, {}).value()
            : input(other);
    const int64_t kind = random_.integer(0, 6);
    Op op = Add{};
    if (kind > 0) op = Mul{};
    if (kind > 1) op = Binary{static_cast<BinaryKind>(kind - 2)};
    kind_ = op_name(op);
    return editor_->add(std::move(op), {a, b});
  }

  Result<NodeId> concat() {
    kind_ = "concat";
    Concat op;
    op.axis = random_.pick({Axis::c, Axis::h, Axis::w});
    const Shape in = shape();
    std::vector<NodeId> parts;
    for (int64_t i = random_.integer(2, 4); i > 0; --i) {
      Shape part = in;
      (op.axis == Axis::c ? part.c : op.axis == Axis::h ? part.h : part.w) = random_.integer(1, 20);
      parts.push_back(input(part));
    }
    return editor_->add(op, std::move(parts));
  }

  Result<NodeId> slice() {
    kind_ = "slice";
    const Shape in = shape();
    Slice op;
    op.axis = random_.pick({Axis::c, Axis::h, Axis::w, Axis::w});
    const int64_t length = op.axis == Axis::c ? in.c : op.axis == Axis::h ? in.h : in.w;
    op.begin = random_.integer(0, length - 1);
    op.end = random_.integer(op.begin + 1, length);
    if (random_.chance(0.4)) op.step = random_.integer(2, 9);
    return editor_->add(op, {input(in)});
  }

  Result<NodeId> pad() {
    const Shape in = shape();
    Pad op;
    op.mode = random_.pick({PadMode::zero, PadMode::zero, PadMode::reflect, PadMode::edge});
    op.padding = {random_.integer(0, in.h - 1), random_.integer(0, in.h - 1),
                  random_.integer(0, std::min<int64_t>(in.w - 1, 40)),
                  random_.integer(0, std::min<int64_t>(in.w - 1, 40))};
    kind_ = "pad." + std::string(to_string(op.mode));
    return editor_->add(op, {input(in)});
  }

  Result<NodeId> pool() {
    const Shape in = shape();
    Pool op;
    op.kind = random_.chance(0.5) ? PoolKind::average : PoolKind::max;
    op.kernel = {in.h > 1 ? random_.integer(1, 2) : 1, size(8, {9, 100, 256}, 0.3)};
    op.stride.w = random_.integer(1, 5);
    op.padding = {0, 0, random_.integer(0, op.kernel.w / 2), random_.integer(0, op.kernel.w / 2)};
    op.count_padding = random_.chance(0.5);
    kind_ = "pool." + std::string(to_string(op.kind));
    return editor_->add(op, {input(in)});
  }

  Result<NodeId> global_pool() {
    Shape in = shape();
    in.w = size(200, {4096, 5000}, 0.3);
    GlobalPool op;
    op.kind = random_.chance(0.5) ? PoolKind::average : PoolKind::max;
    kind_ = "global_pool." + std::string(to_string(op.kind));
    return editor_->add(op, {input(in)});
  }

  Result<NodeId> gemm() {
    kind_ = "gemm";
    const Shape in{size(80, {512, 65536}, 0.1), random_.integer(1, 3), 1};
    const int64_t out = random_.integer(1, 40);
    return editor_->add(Gemm{random_.tensor({out, in.c}, -1, 1), bias(out)}, {input(in)});
  }

  Result<NodeId> reduce() {
    Reduce op;
    op.kind = static_cast<ReduceKind>(random_.integer(0, 3));
    op.over_c = random_.chance(0.5);
    op.over_w = random_.chance(0.5);
    op.over_h = !op.over_c && !op.over_w;
    kind_ = "reduce." + std::string(to_string(op.kind));
    return editor_->add(op, {input(shape())});
  }

  Result<NodeId> norm() {
    const Shape in = shape();
    Norm op;
    op.kind = static_cast<NormKind>(random_.integer(0, 4));
    op.gamma = random_.tensor({in.c}, 0.5F, 2);
    op.beta = random_.tensor({in.c}, -1, 1);
    if (op.kind == NormKind::batch) {
      op.mean = random_.tensor({in.c}, -1, 1);
      op.variance = random_.tensor({in.c}, 0.5F, 2);
    }
    kind_ = "norm." + std::string(to_string(op.kind));
    return editor_->add(std::move(op), {input(in)});
  }

  Result<NodeId> on_constant() {
    kind_ = "on_constant";
    const Shape in = shape();
    const NodeId constant =
        editor_->add(Constant{random_.tensor({in.c, in.h, in.w}, -1, 1)}, {}).value();
    const NodeId x = input(in);
    return editor_->add(Concat{Axis::w}, {x, constant});
  }

  Random random_;
  Graph graph_;
  GraphEditor* editor_ = nullptr;
  std::string kind_;
};

IntegerWeights integer_weights(const Tensor& weight, double unit, Random& random) {
  IntegerWeights made;
  made.dims = weight.dims();
  const int64_t outputs = weight.dim(0);
  const int64_t each = weight.size() / outputs;
  for (int64_t o = 0; o < outputs; ++o) {
    float largest = 1e-6F;
    for (int64_t i = 0; i < each; ++i) largest = std::max(largest, std::abs(weight[o * each + i]));
    for (int64_t i = 0; i < each; ++i) {
      made.values.push_back(static_cast<int8_t>(std::lround(weight[o * each + i] / largest * 127)));
    }
    made.scale.push_back(static_cast<float>(largest / 127 * unit));
    made.bias.push_back(static_cast<int32_t>(random.integer(-5000, 5000)));
  }
  return made;
}

}  // namespace

RandomOperator random_operator(uint32_t seed) {
  return Maker(seed).make();
}

Encodings uniform_encodings(const Graph& graph, uint32_t seed) {
  Random random(seed);
  // Vela 5.2 ends in an error where slopes per channel have values of 16 bits.
  bool wide = random.chance(0.15);
  for (NodeId id : graph.order()) {
    const auto* unary = graph.get_if<Unary>(id);
    if (unary != nullptr && unary->slope.size() > 1) wide = false;
  }
  Encodings encodings;
  encodings.arithmetic = IntegerArithmetic::tflite;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (std::holds_alternative<Constant>(node.op)) continue;
    // Codes of a slice or pad are those of what it reads.
    const auto* pad = std::get_if<Pad>(&node.op);
    const bool keeps =
        std::holds_alternative<Slice>(node.op) || (pad != nullptr && pad->mode == PadMode::zero);
    if (keeps && encodings.values.contains(graph.node(node.inputs[0]).name)) continue;
    ValueEncoding encoding;
    encoding.bits = wide ? 16 : 8;
    encoding.is_signed = true;
    encoding.scale = {random.uniform(0.5F, 1) * (wide ? 1e-4F : 2e-2F)};
    encoding.zero_point = {wide ? 0 : static_cast<int32_t>(random.integer(-128, 127))};
    encodings.values[node.name] = encoding;
    const auto* conv = std::get_if<Conv>(&node.op);
    const auto* gemm = std::get_if<Gemm>(&node.op);
    if (conv == nullptr && gemm == nullptr) continue;
    const auto read = encoding_of(graph, node.inputs[0], encodings);
    if (!read) continue;
    encodings.weights[node.name] =
        integer_weights(conv != nullptr ? conv->weight : gemm->weight, read->scale[0], random);
  }
  return encodings;
}

}  // namespace tessera::test
