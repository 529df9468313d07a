#include "support/random_graph.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "support/random_values.h"

namespace tessera::test {

ConvTasNet random_conv_tasnet_options(uint32_t seed) {
  Random random(seed ^ 0x7A5C0DEU);
  ConvTasNet net;
  net.kernel = random.pick<int64_t>({4, 7, 16, 20});
  net.stride = std::max<int64_t>(1, net.kernel / random.integer(1, 3));
  net.samples = net.kernel + random.integer(0, 900);
  net.filters = random.integer(1, 40);
  net.bottleneck = random.integer(1, 24);
  net.hidden = random.integer(1, 40);
  net.skip = random.chance(0.25) ? 0 : random.integer(1, 24);
  net.depthwise_kernel = random.pick<int64_t>({1, 3, 3, 5});
  net.blocks = random.integer(1, 5);
  net.repeats = random.integer(1, 2);
  net.sources = random.integer(1, 3);
  net.norm = random.pick({NormKind::global, NormKind::feature_wise, NormKind::channel_wise,
                          NormKind::cumulative, NormKind::batch});
  net.causal = random.chance(0.4);
  net.encoder_relu = random.chance(0.3);
  net.channel_slopes = random.chance(0.2);
  net.mask_activation =
      random.pick<Op>({Unary{.kind = UnaryKind::relu}, Unary{.kind = UnaryKind::sigmoid},
                       Softmax{SoftmaxOver::source, net.sources}});
  return net;
}

Graph random_conv_tasnet(uint32_t seed) {
  return build(random_conv_tasnet_options(seed), seed);
}

namespace {

class Grower {
 public:
  Grower(uint32_t seed, const RandomGraphOptions& options) : random_(seed), options_(options) {}

  Graph grow() {
    const NodeId input =
        add(Input{{random_.integer(1, options_.most_c), random_.integer(1, options_.most_h),
                   random_.integer(5, options_.most_w)}},
            {})
            .value();
    nodes_.push_back(input);
    while (static_cast<int64_t>(nodes_.size()) <= options_.nodes) {
      if (const std::optional<NodeId> made = grow_one()) nodes_.push_back(*made);
    }
    int outputs = 0;
    for (NodeId id : graph_.order()) {
      if (graph_.users(id).empty()) editor_.add_output("out" + std::to_string(outputs++), id);
    }
    editor_.enter(options_.rewritten ? GraphForm::rewriting : GraphForm::imported).value();
    return std::move(graph_);
  }

 private:
  using Made = std::optional<NodeId>;

  std::optional<NodeId> add_if_legal(Op op, std::vector<NodeId> inputs) {
    Result<NodeId> made = add(std::move(op), std::move(inputs));
    if (!made) return std::nullopt;
    return *made;
  }
  Result<NodeId> add(Op op, std::vector<NodeId> inputs) {
    return editor_.add(std::move(op), std::move(inputs));
  }

  // Recent nodes are likelier: graphs become deep, with branches.
  NodeId pick_node() {
    const auto last = static_cast<int64_t>(nodes_.size()) - 1;
    const int64_t back = std::min(random_.integer(0, last), random_.integer(0, last));
    return nodes_[static_cast<size_t>(last - back)];
  }
  const Shape& shape(NodeId id) const { return graph_.node(id).shape; }

  Made grow_one() {
    const NodeId x = pick_node();
    switch (random_.integer(0, options_.rewritten ? 20 : 18)) {
      case 0:
      case 1:
      case 2: return conv(x);
      case 3: return depthwise(x);
      case 4: return conv_transpose(x);
      case 5: return affine(x);
      case 6:
      case 7: return norm(x);
      case 8:
      case 9: return unary(x);
      case 10: return softmax(x);
      case 11: return arithmetic(x);
      case 12: return concat(x);
      case 13: return slice(x);
      case 14: return pad(x);
      case 15: return pool(x);
      case 16: return whole_sequence(x);
      case 17: return with_constant(x);
      case 18: return reduce(x);
      case 19: return overlap_add(x);
      default: return split_norm(x);
    }
  }

  Padding some_padding(int64_t most) {
    Padding padding{0, 0, random_.integer(0, most), random_.integer(0, most)};
    if (random_.chance(0.1)) padding.top = 1;
    return padding;
  }

  Made conv(NodeId x) {
    const int64_t kernel = random_.pick<int64_t>({1, 1, 1, 3, 4, 5});
    const int64_t kernel_h = random_.chance(0.1) ? 2 : 1;
    const int64_t groups = random_.chance(0.2) ? random_.integer(1, 3) : 1;
    if (shape(x).c % groups != 0) return std::nullopt;
    const int64_t outputs =
        groups * random_.integer(1, std::max<int64_t>(1, options_.most_c / groups));
    const int64_t inputs = shape(x).c / groups;
    const float bound = std::sqrt(3.0F / static_cast<float>(inputs * kernel * kernel_h));
    return add_if_legal(
        Conv{.weight = random_.tensor({outputs, inputs, kernel_h, kernel}, -bound, bound),
             .bias = random_.chance(0.7) ? random_.tensor({outputs}, -0.2F, 0.2F) : Tensor(),
             .stride = {random_.chance(0.1) ? 2 : 1, random_.chance(0.2) ? 2 : 1},
             .dilation = {1, random_.integer(1, 4)},
             .padding = some_padding(kernel + 2),
             .groups = groups},
        {x});
  }

  Made depthwise(NodeId x) {
    const int64_t c = shape(x).c;
    const int64_t kernel = random_.pick<int64_t>({2, 3, 5});
    const int64_t reach = (kernel - 1) * random_.integer(1, 6);
    return add_if_legal(Conv{.weight = random_.tensor({c, 1, 1, kernel}, -0.8F, 0.8F),
                             .bias = random_.tensor({c}, -0.2F, 0.2F),
                             .dilation = {1, reach / (kernel - 1)},
                             .padding = random_.chance(0.5) ? Padding{0, 0, reach, 0}
                                                            : Padding{0, 0, reach / 2, reach / 2},
                             .groups = c},
                        {x});
  }

  Made conv_transpose(NodeId x) {
    const int64_t kernel = random_.integer(1, 6);
    const int64_t stride = random_.integer(1, 3);
    if (shape(x).w * stride > 3 * options_.most_w) return std::nullopt;
    const int64_t groups = shape(x).c % 2 == 0 && random_.chance(0.3) ? 2 : 1;
    const int64_t outputs = random_.integer(1, std::max<int64_t>(1, options_.most_c / groups));
    const float bound = std::sqrt(2.0F / static_cast<float>(shape(x).c / groups));
    return add_if_legal(
        ConvTranspose{.weight = random_.tensor({shape(x).c, outputs, 1, kernel}, -bound, bound),
                      .bias = random_.chance(0.5) ? random_.tensor({outputs * groups}, -0.2F, 0.2F)
                                                  : Tensor(),
                      .stride = {1, stride},
                      .dilation = {1, random_.integer(1, 2)},
                      .crop = {0, 0, random_.integer(0, 2), random_.integer(0, 2)},
                      .extra = {0, random_.integer(0, stride - 1)},
                      .groups = groups},
        {x});
  }

  Made affine(NodeId x) {
    const int64_t c = shape(x).c;
    return add_if_legal(Affine{random_.tensor({c}, 0.4F, 1.4F), random_.tensor({c}, -0.5F, 0.5F)},
                        {x});
  }

  Made norm(NodeId x) {
    const int64_t c = shape(x).c;
    Norm norm{.kind = random_.pick({NormKind::global, NormKind::feature_wise,
                                    NormKind::channel_wise, NormKind::cumulative, NormKind::batch}),
              .gamma = random_.tensor({c}, 0.5F, 1.2F),
              .beta = random_.tensor({c}, -0.4F, 0.4F),
              .eps = 1e-2};  // larger than real ones: constant rows would be noise amplified
    if (norm.kind == NormKind::batch) {
      norm.mean = random_.tensor({c}, -0.3F, 0.3F);
      norm.variance = random_.tensor({c}, 0.5F, 2.0F);
    }
    return add_if_legal(std::move(norm), {x});
  }

  Made unary(NodeId x) {
    const auto kind =
        static_cast<UnaryKind>(random_.integer(0, static_cast<int64_t>(UnaryKind::erf)));
    Unary op{.kind = kind};
    switch (kind) {
      case UnaryKind::prelu:
        op.slope = random_.tensor({random_.chance(0.5) ? 1 : shape(x).c}, 0.0F, 0.6F);
        break;
      case UnaryKind::elu: op.alpha = 0.75; break;
      case UnaryKind::clip:
        op.alpha = -0.75;
        op.beta = 0.5;
        break;
      case UnaryKind::hard_sigmoid:
        op.alpha = 0.25;
        op.beta = 0.5;
        break;
      case UnaryKind::exp:
      case UnaryKind::square: x = tamed(x); break;
      case UnaryKind::log:
      case UnaryKind::sqrt:
      case UnaryKind::reciprocal: x = positive(x); break;
      default: break;
    }
    return add_if_legal(std::move(op), {x});
  }

  Made softmax(NodeId x) {
    const int64_t sources = shape(x).c % 2 == 0 ? 2 : 1;
    return add_if_legal(
        Softmax{random_.pick({SoftmaxOver::source, SoftmaxOver::channel, SoftmaxOver::time}),
                sources},
        {x});
  }

  Made arithmetic(NodeId x) {
    const NodeId y = pick_node();
    switch (random_.integer(0, 6)) {
      case 0:
      case 1: return add_if_legal(Add{}, {x, y});
      case 2: return add_if_legal(Mul{}, {tamed(x), tamed(y)});
      case 3: return add_if_legal(Binary{BinaryKind::sub}, {x, y});
      case 4: return add_if_legal(Binary{BinaryKind::div}, {x, positive(y)});
      case 5: return add_if_legal(Binary{BinaryKind::pow}, {positive(tamed(x)), tamed(y)});
      default:
        return add_if_legal(Binary{random_.pick({BinaryKind::max, BinaryKind::min})}, {x, y});
    }
  }

  Made concat(NodeId x) {
    const Axis axis = random_.pick({Axis::c, Axis::w, Axis::w, Axis::h});
    if (shape(x).size() > 4 * options_.most_c * options_.most_w) return std::nullopt;
    return add_if_legal(Concat{axis}, {x, random_.chance(0.5) ? x : pick_node()});
  }

  Made slice(NodeId x) {
    const Axis axis = random_.pick({Axis::c, Axis::w, Axis::w, Axis::h});
    const Shape& s = shape(x);
    const int64_t size = axis == Axis::c ? s.c : axis == Axis::h ? s.h : s.w;
    const int64_t begin = random_.integer(0, size / 3);
    const int64_t end = std::max(begin + 1, size - random_.integer(0, size / 3));
    return add_if_legal(Slice{axis, begin, end, random_.integer(1, 2)}, {x});
  }

  Made pad(NodeId x) {
    return add_if_legal(
        Pad{some_padding(6), random_.pick({PadMode::zero, PadMode::reflect, PadMode::edge})}, {x});
  }

  Made pool(NodeId x) {
    const int64_t kernel = random_.integer(1, 4);
    return add_if_legal(
        Pool{.kind = random_.pick({PoolKind::average, PoolKind::max}),
             .kernel = {1, kernel},
             .stride = {1, random_.integer(1, 2)},
             .padding = {0, 0, random_.integer(0, kernel - 1), random_.integer(0, kernel - 1)},
             .count_padding = random_.chance(0.5)},
        {x});
  }

  // Rarely, because these end a branch: pooling over time, and a layer on top of it.
  Made whole_sequence(NodeId x) {
    if (random_.chance(0.5)) return add_if_legal(CumulativeSum{}, {tamed_mean(x)});
    const Made pooled =
        add_if_legal(GlobalPool{random_.pick({PoolKind::average, PoolKind::max})}, {x});
    const int64_t outputs = random_.integer(1, options_.most_c);
    return add_if_legal(Gemm{random_.tensor({outputs, shape(x).c}, -0.5F, 0.5F),
                             random_.chance(0.5) ? random_.tensor({outputs}, -1, 1) : Tensor()},
                        {*pooled});
  }

  Made with_constant(NodeId x) {
    const Shape s = shape(x);
    const NodeId constant =
        add(Constant{random_.tensor({random_.chance(0.5) ? s.c : 1, random_.chance(0.5) ? s.h : 1,
                                     random_.chance(0.3) ? s.w : 1},
                                    -1, 1)},
            {})
            .value();
    return random_.chance(0.5) ? add_if_legal(Add{}, {x, constant})
                               : add_if_legal(Mul{}, {x, constant});
  }

  Made reduce(NodeId x) {
    // Sums only over short axes, so that values stay moderate.
    Reduce op{.kind = random_.pick({ReduceKind::mean, ReduceKind::max, ReduceKind::min})};
    if (random_.chance(0.3))
      op = {.kind = ReduceKind::sum, .over_h = true};
    else
      (random_.chance(0.5) ? op.over_c : op.over_w) = true;
    return add_if_legal(op, {x});
  }

  Made overlap_add(NodeId x) {
    const int64_t kernel = random_.integer(1, 4);
    if (shape(x).w > options_.most_w) return std::nullopt;
    return add_if_legal(OverlapAdd{kernel, random_.integer(1, kernel)}, {x});
  }

  // What a norm becomes: its statistics, then a scale and shift.
  Made split_norm(NodeId x) {
    const int64_t c = shape(x).c;
    const Tensor gamma = random_.tensor({c}, 0.5F, 1.2F);
    const Made statistics = add_if_legal(
        NormStatistics{.kind = random_.pick({NormKind::global, NormKind::feature_wise,
                                             NormKind::channel_wise, NormKind::cumulative}),
                       .gamma = gamma,
                       .beta = random_.tensor({c}, -0.4F, 0.4F),
                       .center = gamma,
                       .eps = 1e-2},
        {x});
    return add_if_legal(ScaleShift{}, {x, *statistics});
  }

  NodeId tamed(NodeId x) {  // within [-1, 1]
    return add(Unary{.kind = UnaryKind::tanh}, {x}).value();
  }
  NodeId tamed_mean(NodeId x) {  // whose sum over time stays moderate
    const int64_t c = shape(x).c;
    const float scale = 1.0F / static_cast<float>(shape(x).w);
    return add(Affine{Tensor::full({c}, scale), Tensor::full({c}, 0)}, {x}).value();
  }
  NodeId positive(NodeId x) {  // at least 0.5
    const int64_t c = shape(x).c;
    const NodeId magnitude = add(Unary{.kind = UnaryKind::abs}, {x}).value();
    return add(Affine{Tensor::full({c}, 1), Tensor::full({c}, 0.5F)}, {magnitude}).value();
  }

  Random random_;
  RandomGraphOptions options_;
  Graph graph_;
  GraphEditor editor_{graph_, "import"};
  std::vector<NodeId> nodes_;
};

}  // namespace

Graph random_graph(uint32_t seed, const RandomGraphOptions& options) {
  return Grower(seed, options).grow();
}

}  // namespace tessera::test
