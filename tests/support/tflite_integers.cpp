#include "support/tflite_integers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "quantize/roles.h"
#include "support/integer_reference.h"
#include "support/random_values.h"

namespace tessera::test {
namespace {

ValueEncoding encoding_of_values(Random& random, bool is_int16, float reach) {
  const float range = reach * random.pick({0.4F, 1.0F, 1.0F, 2.0F});
  if (is_int16) return {16, true, {range / 32767}, {0}};
  const auto zero = static_cast<int32_t>(
      random.pick({int64_t{-128}, int64_t{127}, int64_t{0}, random.integer(-128, 127)}));
  const float share = static_cast<float>(std::max(127 - zero, zero + 128));
  return {8, true, {range / share}, {zero}};
}

class Maker {
 public:
  explicit Maker(uint32_t seed) : random_(seed), editor_(network_.graph, "test"), seed_(seed) {
    network_.encodings.arithmetic = IntegerArithmetic::tflite;
    const int64_t width = random_.integer(0, 5);
    int16_ = width >= 4;
    mixed_ = width == 3;
  }

  TfliteNetwork make() {
    static constexpr std::array kKinds = {
        "conv", "depthwise", "pointwise", "grouped", "conv_relu", "conv_prelu", "gemm",
        "relu", "leaky",     "prelu",     "add",     "sub",       "mul",        "sigmoid",
        "tanh", "concat",    "slice",     "pad",     "affine",    "block"};
    network_.kind = kKinds[seed_ % kKinds.size()];
    const std::string& kind = network_.kind;
    shape_ = {random_.integer(1, 12), random_.integer(1, 3), random_.integer(1, 30)};
    if (kind == "gemm") shape_.w = 1;
    const NodeId x = input("x", shape_);
    NodeId y = x;
    if (kind == "conv" || kind == "pointwise" || kind == "grouped" || kind == "depthwise") {
      y = encode(convolution(x, kind));
    } else if (kind == "conv_relu") {
      y = encode(unary(convolution(x, "conv"), UnaryKind::relu));
    } else if (kind == "conv_prelu") {
      y = proportional_block(x);
    } else if (kind == "gemm") {
      y = encode(gemm(x));
    } else if (kind == "relu") {
      y = encode(unary(x, UnaryKind::relu));
    } else if (kind == "leaky" || kind == "prelu") {
      y = encode(prelu(x, kind == "leaky" ? 1 : shape_.c));
    } else if (kind == "add" || kind == "sub" || kind == "mul") {
      y = encode(elementwise(x, kind));
    } else if (kind == "sigmoid" || kind == "tanh") {
      y = encode(unary(x, kind == "tanh" ? UnaryKind::tanh : UnaryKind::sigmoid));
    } else if (kind == "concat") {
      y = encode(concat(x));
    } else if (kind == "slice") {
      y = encode(slice(x));
    } else if (kind == "pad") {
      y = encode(pad(x));
    } else if (kind == "affine") {
      y = encode(affine(x));
    } else {
      y = block(x);
    }
    editor_.add_output("y", y);
    return std::move(network_);
  }

 private:
  const Shape& shape_of(NodeId id) const { return network_.graph.node(id).shape; }
  bool pick_int16() { return int16_ || (mixed_ && random_.chance(0.5)); }

  NodeId add(Op op, std::vector<NodeId> inputs, const std::string& name) {
    return editor_.add(std::move(op), std::move(inputs), name).value();
  }
  NodeId input(const std::string& name, const Shape& shape) {
    return encode(add(Input{shape}, {}, name), 1.0F);
  }
  // Codes for the node's value, of about this reach.
  NodeId encode(NodeId id, float reach = 0) {
    if (reach == 0) reach = random_.pick({0.5F, 1.0F, 3.0F});
    const bool is_int16 = pick_int16();
    network_.encodings.values[network_.graph.node(id).name] =
        encoding_of_values(random_, is_int16, reach);
    return id;
  }

  Tensor weights(std::vector<int64_t> dims) { return random_.tensor(std::move(dims), -0.6F, 0.6F); }

  void encode_weights(NodeId id) {
    const Node& node = network_.graph.node(id);
    const auto matrix = *quantization::matrix_of(node.op);
    const auto operand = *encoding_of(network_.graph, node.inputs[0], network_.encodings);
    IntegerWeights integers;
    integers.dims = matrix.weight->dims();
    const int64_t row = matrix.inputs() * matrix.taps();
    for (int64_t o = 0; o < matrix.outputs(); ++o) {
      const float step = random_.uniform(0.5F, 1.0F) / 100 * operand.scale_of(0);
      integers.scale.push_back(step);
      // Accumulators stay within 32 bits.
      const int64_t most = std::min<int64_t>(127, (int64_t{1} << 30) / (65536 * row));
      for (int64_t i = 0; i < row; ++i)
        integers.values.push_back(static_cast<int8_t>(random_.integer(-most, most)));
      integers.bias.push_back(static_cast<int32_t>(random_.integer(-20000, 20000)));
    }
    network_.encodings.weights[node.name] = std::move(integers);
  }

  NodeId convolution(NodeId x, const std::string& kind) {
    const Shape& shape = shape_of(x);
    Conv op;
    Extent kernel{random_.integer(1, 2), random_.integer(1, 4)};
    int64_t outputs = random_.integer(1, 12);
    if (kind == "pointwise") kernel = {1, 1};
    if (kind == "depthwise") {
      op.groups = shape.c;
      outputs = shape.c * random_.integer(1, 2);
    } else if (kind == "grouped") {
      op.groups = shape.c % 3 == 0 ? 3 : shape.c % 2 == 0 ? 2 : 1;
      outputs = op.groups * random_.integer(1, 4);
    }
    if (kind != "pointwise") {
      op.stride = {random_.integer(1, 2), random_.integer(1, 3)};
      // The reference kernels dilate or stride.
      if (op.stride.h == 1 && op.stride.w == 1) op.dilation = {1, random_.integer(1, 4)};
      op.padding = {random_.integer(0, 1), random_.integer(0, 2), random_.integer(0, 5),
                    random_.integer(0, 5)};
    }
    const auto fit = [](int64_t size, int64_t taps, int64_t dilation, int64_t before,
                        int64_t& after) {
      after = std::max(after, dilation * (taps - 1) + 1 - size - before);
    };
    fit(shape.h, kernel.h, op.dilation.h, op.padding.top, op.padding.bottom);
    fit(shape.w, kernel.w, op.dilation.w, op.padding.left, op.padding.right);
    op.weight = weights({outputs, shape.c / op.groups, kernel.h, kernel.w});
    const NodeId id = add(std::move(op), {x}, "conv");
    encode_weights(id);
    return id;
  }
  NodeId gemm(NodeId x) {
    Gemm op;
    op.weight = weights({random_.integer(1, 10), shape_of(x).c});
    const NodeId id = add(std::move(op), {x}, "gemm");
    encode_weights(id);
    return id;
  }
  NodeId unary(NodeId x, UnaryKind kind) {
    Unary op;
    op.kind = kind;
    return add(std::move(op), {x}, "unary");
  }
  NodeId prelu(NodeId x, int64_t slopes) {
    Unary op;
    op.kind = UnaryKind::prelu;
    op.slope = random_.tensor({slopes}, random_.chance(0.3) ? -0.5F : 0.0F, 1.2F);
    return add(std::move(op), {x}, "prelu");
  }

  // A convolution with a scale per channel, handed on by the PReLU behind it.
  NodeId proportional_block(NodeId x) {
    const NodeId conv = convolution(x, "conv");
    const int64_t channels = shape_of(conv).c;
    const NodeId active = prelu(conv, random_.chance(0.5) ? 1 : channels);
    ValueEncoding after = encoding_of_values(random_, int16_, 1.0F);
    ValueEncoding before = encoding_of_values(random_, int16_, 1.5F);
    const float first_after = after.scale[0];
    const float first_before = before.scale[0];
    after.scale.clear();
    before.scale.clear();
    for (int64_t c = 0; c < channels; ++c) {
      const float share = random_.uniform(0.1F, 1.0F);
      after.scale.push_back(first_after * share);
      before.scale.push_back(first_before * share);
    }
    network_.encodings.values[network_.graph.node(conv).name] = before;
    network_.encodings.values[network_.graph.node(active).name] = after;
    const NodeId last = convolution(active, "pointwise");
    return encode(last);
  }

  NodeId elementwise(NodeId x, const std::string& kind) {
    Shape other = shape_of(x);
    if (random_.chance(0.3)) other.c = 1;
    if (random_.chance(0.2)) other.h = 1;
    if (random_.chance(0.3)) other.w = 1;
    const NodeId z = input("z", other);
    if (kind == "add") return add(Add{}, {x, z}, "sum");
    if (kind == "mul") return add(Mul{}, {x, z}, "product");
    return add(Binary{BinaryKind::sub}, {x, z}, "difference");
  }
  NodeId concat(NodeId x) {
    const auto axis = random_.pick({Axis::c, Axis::h, Axis::w});
    Shape other = shape_of(x);
    (axis == Axis::c ? other.c : axis == Axis::h ? other.h : other.w) = random_.integer(1, 5);
    const NodeId z = input("z", other);
    return add(Concat{axis}, {x, z, x}, "joined");
  }
  NodeId slice(NodeId x) {
    const auto axis = random_.pick({Axis::c, Axis::h, Axis::w});
    const Shape& shape = shape_of(x);
    const int64_t size = axis == Axis::c ? shape.c : axis == Axis::h ? shape.h : shape.w;
    Slice op{axis};
    op.begin = random_.integer(0, size - 1);
    op.end = random_.integer(op.begin + 1, size);
    op.step = random_.integer(1, 3);
    return add(op, {x}, "part");
  }
  NodeId pad(NodeId x) {
    Pad op;
    op.padding = {0, 0, random_.integer(0, 4), random_.integer(1, 4)};
    if (shape_of(x).w > 6) op.mode = random_.pick({PadMode::zero, PadMode::reflect, PadMode::edge});
    return add(op, {x}, "padded");
  }
  NodeId affine(NodeId x) {
    const int64_t c = shape_of(x).c;
    return add(Affine{random_.tensor({c}, -2, 2), random_.tensor({c}, -1, 1)}, {x}, "affine");
  }

  // As in a temporal convolutional network: depthwise and pointwise with PReLU, and a residual.
  NodeId block(NodeId x) {
    const NodeId wide = encode(convolution(x, "pointwise"));
    const NodeId active = encode(prelu(wide, 1));
    const NodeId deep = encode(unary(convolution(active, "depthwise"), UnaryKind::relu));
    Conv back;
    back.weight = weights({shape_of(x).c, shape_of(deep).c, 1, 1});
    const NodeId narrow = add(std::move(back), {deep}, "back");
    encode_weights(narrow);
    encode(narrow);
    if (shape_of(narrow) != shape_of(x)) return narrow;
    return encode(add(Add{}, {narrow, x}, "residual"));
  }

  Random random_;
  TfliteNetwork network_;
  GraphEditor editor_;
  uint32_t seed_;
  Shape shape_;
  bool int16_ = false;
  bool mixed_ = false;
};

}  // namespace

TfliteNetwork random_tflite_network(uint32_t seed) {
  return Maker(seed).make();
}

std::vector<std::vector<float>> random_tflite_inputs(const TfliteNetwork& network, uint32_t seed) {
  Random random(seed + 1);
  std::vector<std::vector<float>> inputs;
  for (NodeId id : network.graph.inputs()) {
    const Node& node = network.graph.node(id);
    auto& values = inputs.emplace_back();
    const auto given = encoding_of(network.graph, id, network.encodings);
    if (!given) {
      for (int64_t i = 0; i < node.shape.size(); ++i) values.push_back(random.uniform(-1, 1));
      continue;
    }
    const ValueEncoding& encoding = *given;
    for (int64_t c = 0; c < node.shape.c; ++c) {
      for (int64_t i = 0; i < node.shape.h * node.shape.w; ++i) {
        const int64_t code = random.integer(encoding.lowest(), encoding.highest());
        values.push_back(static_cast<float>(code - encoding.zero_point_of(c)) *
                         encoding.scale_of(c));
      }
    }
  }
  return inputs;
}

std::vector<std::vector<float>> run_in_tflite_integers(
    const TfliteNetwork& network, const std::vector<std::vector<float>>& inputs) {
  return run_in_integers(network.graph, network.encodings, inputs);
}

}  // namespace tessera::test
