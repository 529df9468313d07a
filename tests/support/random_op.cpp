#include "support/random_op.h"

#include "support/random_values.h"

namespace tessera::test {
namespace {

class Maker {
 public:
  explicit Maker(uint32_t seed) : random_(seed), kind_(seed % kOpKinds) {}

  Graph make() {
    Result<NodeId> made = attempt();
    while (!made) {
      graph_ = Graph();
      made = attempt();
    }
    editor_.add_output("y", *made);
    editor_.enter(GraphForm::rewriting).value();
    return std::move(graph_);
  }

 private:
  Result<NodeId> attempt() {
    static constexpr Result<NodeId> (Maker::*kMakers[kOpKinds])() = {
        &Maker::input_alone, &Maker::constant_alone,
        &Maker::conv,        &Maker::conv_transpose,
        &Maker::affine,      &Maker::norm,
        &Maker::unary,       &Maker::softmax,
        &Maker::add,         &Maker::mul,
        &Maker::binary,      &Maker::concat,
        &Maker::slice,       &Maker::pad,
        &Maker::pool,        &Maker::global_pool,
        &Maker::gemm,        &Maker::reduce,
        &Maker::running,     &Maker::overlap_add,
        &Maker::statistics,  &Maker::scale_shift};
    return (this->*kMakers[kind_])();
  }

  Result<NodeId> add_node(Op op, std::vector<NodeId> inputs) {
    return editor_.add(std::move(op), std::move(inputs));
  }
  Shape some_shape(int64_t most_w = 40) {
    return {random_.integer(1, 12), random_.chance(0.5) ? 1 : random_.integer(1, 4),
            random_.integer(1, most_w)};
  }
  NodeId input(const Shape& shape) { return add_node(Input{shape}, {}).value(); }
  NodeId some_input(int64_t most_w = 40) { return input(some_shape(most_w)); }
  // An input, or now and then a constant.
  NodeId operand(const Shape& shape) {
    if (random_.chance(0.7)) return input(shape);
    return add_node(Constant{random_.tensor({shape.c, shape.h, shape.w}, -1, 1)}, {}).value();
  }
  const Shape& shape(NodeId id) const { return graph_.node(id).shape; }
  Padding some_padding(int64_t most_h, int64_t most_w) {
    return {random_.integer(0, most_h), random_.integer(0, most_h), random_.integer(0, most_w),
            random_.integer(0, most_w)};
  }
  Tensor some_bias(int64_t channels) {
    return random_.chance(0.6) ? random_.tensor({channels}, -0.5F, 0.5F) : Tensor();
  }
  // Per channel; now and then what an exporter may leave out.
  Tensor per_channel(int64_t channels, float usual) {
    if (random_.chance(0.2)) return Tensor::full({channels}, usual);
    return random_.tensor({channels}, usual - 0.5F, usual + 0.5F);
  }
  NodeId positive(NodeId x) {  // at least 0.5
    const int64_t c = shape(x).c;
    const NodeId magnitude = add_node(Unary{.kind = UnaryKind::abs}, {x}).value();
    return add_node(Affine{Tensor::full({c}, 1), Tensor::full({c}, 0.5F)}, {magnitude}).value();
  }

  Result<NodeId> input_alone() { return some_input(); }
  Result<NodeId> constant_alone() {
    some_input();
    const Shape s = some_shape();
    return add_node(Constant{random_.tensor({s.c, s.h, s.w}, -1, 1)}, {});
  }

  Result<NodeId> conv() {
    const NodeId x = some_input();
    const int64_t groups = random_.chance(0.3) ? shape(x).c : random_.integer(1, 3);
    if (shape(x).c % groups != 0) return conv_failed();
    const int64_t outputs = groups * random_.integer(1, 4);
    const int64_t kernel = random_.integer(1, 6);
    const int64_t kernel_h = random_.integer(1, 3);
    return add_node(
        Conv{.weight = random_.tensor({outputs, shape(x).c / groups, kernel_h, kernel}, -1, 1),
             .bias = some_bias(outputs),
             .stride = {random_.integer(1, 3), random_.integer(1, 3)},
             .dilation = {random_.integer(1, 2), random_.integer(1, 4)},
             .padding = some_padding(2, kernel + 2),
             .groups = groups},
        {x});
  }
  Result<NodeId> conv_failed() const {
    return TESSERA_ERROR(kInvalidModel, "", "groups do not divide channels", "");
  }

  Result<NodeId> conv_transpose() {
    const NodeId x = some_input();
    const int64_t groups = random_.chance(0.3) ? shape(x).c : random_.integer(1, 3);
    const int64_t outputs = random_.integer(1, 4);
    const int64_t kernel = random_.integer(1, 6);
    const int64_t kernel_h = random_.integer(1, 3);
    return add_node(
        ConvTranspose{.weight = random_.tensor({shape(x).c, outputs, kernel_h, kernel}, -1, 1),
                      .bias = some_bias(outputs * groups),
                      .stride = {random_.integer(1, 3), random_.integer(1, 4)},
                      .dilation = {random_.integer(1, 2), random_.integer(1, 3)},
                      .crop = some_padding(1, 3),
                      .extra = {random_.integer(0, 3), random_.integer(0, 6)},
                      .groups = groups},
        {x});
  }

  Result<NodeId> affine() {
    const NodeId x = some_input();
    return add_node(Affine{per_channel(shape(x).c, 1), per_channel(shape(x).c, 0)}, {x});
  }

  // Far below the variances that occur, but where one of few elements may come out as small.
  double eps_for(NormKind kind, int64_t channels) {
    if (kind == NormKind::cumulative && channels < 4) return 1e-2;
    return random_.pick({1e-8, 1e-5, 1e-3});
  }

  Result<NodeId> norm() {
    const NodeId x = some_input(random_.chance(0.3) ? 3000 : 40);
    const int64_t c = shape(x).c;
    Norm op{.kind = random_.pick({NormKind::global, NormKind::feature_wise, NormKind::channel_wise,
                                  NormKind::cumulative, NormKind::batch}),
            .gamma = per_channel(c, 1),
            .beta = per_channel(c, 0)};
    op.eps = eps_for(op.kind, c);
    if (op.kind == NormKind::batch) {
      op.mean = random_.tensor({c}, -1, 1);
      op.variance = random_.tensor({c}, 0.1F, 2);
    }
    return add_node(op, {x});
  }

  Result<NodeId> unary() {
    NodeId x = some_input();
    Unary op{.kind =
                 static_cast<UnaryKind>(random_.integer(0, static_cast<int64_t>(UnaryKind::erf)))};
    switch (op.kind) {
      case UnaryKind::prelu:
        op.slope = random_.tensor({random_.chance(0.5) ? 1 : shape(x).c}, -0.5F, 1.5F);
        break;
      case UnaryKind::elu: op.alpha = random_.pick({0.5, 1.0, 1.75}); break;
      case UnaryKind::clip:
        op.alpha = random_.pick({-0.75, 0.0});
        op.beta = random_.pick({0.5, 6.0});
        break;
      case UnaryKind::hard_sigmoid:
        op.alpha = random_.pick({0.25, 0.75});
        op.beta = random_.pick({0.5, 0.25});
        break;
      case UnaryKind::log:
      case UnaryKind::sqrt:
      case UnaryKind::reciprocal: x = positive(x); break;
      default: break;
    }
    return add_node(std::move(op), {x});
  }

  Result<NodeId> softmax() {
    const int64_t sources = random_.integer(1, 3);
    Shape s = some_shape();
    s.c = sources * random_.integer(1, 5);
    return add_node(
        Softmax{random_.pick({SoftmaxOver::source, SoftmaxOver::channel, SoftmaxOver::time}),
                sources},
        {input(s)});
  }

  // Each axis of each operand is the result's size or 1.
  std::vector<NodeId> broadcast() {
    const Shape s = some_shape();
    const auto part = [&] {
      return Shape{random_.chance(0.7) ? s.c : 1, random_.chance(0.7) ? s.h : 1,
                   random_.chance(0.7) ? s.w : 1};
    };
    const NodeId a = input(part());
    return random_.chance(0.1) ? std::vector<NodeId>{a, a}
                               : std::vector<NodeId>{a, operand(part())};
  }
  Result<NodeId> add() { return add_node(Add{}, broadcast()); }
  Result<NodeId> mul() { return add_node(Mul{}, broadcast()); }
  Result<NodeId> binary() {
    std::vector<NodeId> in = broadcast();
    const auto kind =
        static_cast<BinaryKind>(random_.integer(0, static_cast<int64_t>(BinaryKind::pow)));
    if (kind == BinaryKind::div) in[1] = positive(in[1]);
    if (kind == BinaryKind::pow) in[0] = positive(in[0]);
    return add_node(Binary{kind}, in);
  }

  static int64_t& size_along(Shape& s, Axis axis) {
    return axis == Axis::c ? s.c : axis == Axis::h ? s.h : s.w;
  }
  Axis some_axis() { return random_.pick({Axis::c, Axis::h, Axis::w}); }

  Result<NodeId> concat() {
    const Axis axis = some_axis();
    Shape s = some_shape();
    std::vector<NodeId> in{input(s)};
    for (int64_t more = random_.integer(0, 3); more > 0; --more) {
      size_along(s, axis) = random_.integer(1, 6);
      in.push_back(operand(s));
    }
    if (random_.chance(0.2)) in.push_back(in[0]);
    return add_node(Concat{axis}, in);
  }

  Result<NodeId> slice() {
    const Axis axis = some_axis();
    const NodeId x = some_input();
    Shape s = shape(x);
    const int64_t size = size_along(s, axis);
    const int64_t begin = random_.integer(0, size - 1);
    return add_node(Slice{axis, begin, random_.integer(begin + 1, size), random_.integer(1, 4)},
                    {x});
  }

  Result<NodeId> pad() {
    return add_node(Pad{some_padding(random_.chance(0.5) ? 0 : 3, 6),
                        random_.pick({PadMode::zero, PadMode::reflect, PadMode::edge})},
                    {some_input()});
  }

  Result<NodeId> pool() {
    const Extent kernel{random_.integer(1, 3), random_.integer(1, 5)};
    return add_node(Pool{.kind = random_.pick({PoolKind::average, PoolKind::max}),
                         .kernel = kernel,
                         .stride = {random_.integer(1, 3), random_.integer(1, 3)},
                         .padding = some_padding(random_.integer(0, kernel.h - 1), kernel.w - 1),
                         .count_padding = random_.chance(0.5)},
                    {some_input()});
  }

  Result<NodeId> global_pool() {
    return add_node(GlobalPool{random_.pick({PoolKind::average, PoolKind::max})}, {some_input()});
  }

  Result<NodeId> gemm() {
    const NodeId x = some_input(1);
    const int64_t outputs = random_.integer(1, 9);
    return add_node(Gemm{random_.tensor({outputs, shape(x).c}, -1, 1), some_bias(outputs)}, {x});
  }

  Result<NodeId> reduce() {
    Reduce op{.kind = static_cast<ReduceKind>(random_.integer(0, 3)),
              .over_c = random_.chance(0.5),
              .over_h = random_.chance(0.5),
              .over_w = random_.chance(0.5)};
    return add_node(op, {some_input()});
  }

  Result<NodeId> running() { return add_node(CumulativeSum{}, {some_input(200)}); }

  Result<NodeId> overlap_add() {
    const int64_t kernel = random_.integer(1, 6);
    Shape s = some_shape();
    s.c = kernel * random_.integer(1, 3);
    return add_node(OverlapAdd{kernel, random_.integer(1, 8)}, {input(s)});
  }

  Result<NodeId> statistics() {
    const NodeId x = some_input(random_.chance(0.3) ? 2000 : 40);
    NormStatistics op;
    op.kind = random_.pick(
        {NormKind::global, NormKind::feature_wise, NormKind::channel_wise, NormKind::cumulative});
    const int64_t rows =
        op.kind == NormKind::feature_wise ? shape(x).c : random_.integer(1, 2 * shape(x).c);
    op.gamma = per_channel(rows, 1);
    op.beta = per_channel(rows, 0);
    op.center = per_channel(rows, 1);
    // r alone is a result here: not of a variance that is nearly 0.
    op.eps = 1e-2;
    return add_node(op, {x});
  }

  Result<NodeId> scale_shift() {
    const NodeId x = some_input();
    const Shape& s = shape(x);
    return add_node(ScaleShift{}, {x, input({2 * s.c, s.h, random_.chance(0.5) ? s.w : 1})});
  }

  Random random_;
  size_t kind_;
  Graph graph_;
  GraphEditor editor_{graph_, "test"};
};

}  // namespace

Graph random_op(uint32_t seed) {
  return Maker(seed).make();
}

}  // namespace tessera::test
