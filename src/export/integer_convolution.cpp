#include "export/integer_convolution.h"

#include <algorithm>
#include <array>
#include <functional>

namespace tessera {
namespace {

using integer::Coding;

void fold_into_bias(IntegerConvolution& conv, const Coding& coding) {
  const quantization::Matrix& matrix = conv.matrix;
  const int64_t row = matrix.inputs() * matrix.taps();
  for (int64_t o = 0; o < matrix.outputs(); ++o) {
    int64_t sum = conv.bias[static_cast<size_t>(o)];
    for (int64_t i = 0; i < row; ++i) {
      const auto channel = static_cast<size_t>(matrix.channel(o, i / matrix.taps()));
      sum -= static_cast<int64_t>(conv.weights.values[static_cast<size_t>(o * row + i)]) *
             coding.zero_point[channel];
    }
    conv.bias[static_cast<size_t>(o)] = static_cast<int32_t>(sum);
  }
}

std::string lay_padding(const IntegerConvolution& conv, std::string codes, Shape shape,
                        const Coding& coding, IntegerNodes& nodes) {
  const Padding& pads = conv.op.padding;
  const auto border = [&](int64_t h, int64_t w) {
    std::vector<uint8_t> bytes;
    for (int32_t zero : coding.zero_point)
      bytes.insert(bytes.end(), static_cast<size_t>(h * w), static_cast<uint8_t>(zero));
    return nodes.bytes(conv.node.name + ".border", bytes, {1, shape.c, h, w});
  };
  const auto join = [&](const std::vector<std::string>& list, int64_t axis) {
    if (list.size() == 1) return;
    codes = nodes.builder().unique(conv.node.name + "/padded");
    nodes.builder().node("Concat", list, codes).integer("axis", axis);
  };
  std::vector<std::string> list{codes};
  if (pads.left > 0) list.insert(list.begin(), border(shape.h, pads.left));
  if (pads.right > 0) list.push_back(border(shape.h, pads.right));
  join(list, 3);
  shape.w += pads.left + pads.right;
  list = {codes};
  if (pads.top > 0) list.insert(list.begin(), border(pads.top, shape.w));
  if (pads.bottom > 0) list.push_back(border(pads.bottom, shape.w));
  join(list, 2);
  return codes;
}

}  // namespace

IntegerConvolution::IntegerConvolution(const Node& of, const IntegerWeights& integers)
    : node(of),
      weights(integers),
      matrix(*quantization::matrix_of(of.op)),
      dims(matrix.weight->dims()),
      bias(integers.bias) {
  if (const auto* conv = std::get_if<Conv>(&of.op)) op = *conv;
  dims.resize(4, 1);
}

bool one_zero_point(const Coding& coding) {
  return std::all_of(coding.zero_point.begin(), coding.zero_point.end(),
                     [&](int32_t zero) { return zero == coding.zero_point[0]; });
}

bool one_scale(const Coding& coding) {
  return std::adjacent_find(coding.scale.begin(), coding.scale.end(), std::not_equal_to<>()) ==
         coding.scale.end();
}

std::vector<float> multiplier_of(const IntegerWeights& weights, const Coding& result) {
  std::vector<float> multiplier = weights.scale;
  for (size_t o = 0; o < multiplier.size(); ++o) multiplier[o] /= result.scale[o];
  return multiplier;
}

const std::string& weight_of(IntegerConvolution& conv, IntegerNodes& nodes) {
  if (conv.weight.empty()) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(conv.weights.values.data());
    conv.weight = nodes.bytes(conv.node.name + ".weight", {bytes, conv.weights.values.size()},
                              conv.dims, true);
  }
  return conv.weight;
}

std::string remove_zero_points(IntegerConvolution& conv, const std::string& codes, Shape shape,
                               const Coding& coding, IntegerNodes& nodes) {
  fold_into_bias(conv, coding);
  std::string padded = lay_padding(conv, codes, shape, coding, nodes);
  conv.op.padding = {};
  return padded;
}

void set_geometry(onnx_export::ExportBuilder::NodeWriter writer, const Conv& op,
                  const Padding& pads) {
  writer.integers("strides", std::array{op.stride.h, op.stride.w})
      .integers("dilations", std::array{op.dilation.h, op.dilation.w})
      .integers("pads", std::array{pads.top, pads.left, pads.bottom, pads.right})
      .integer("group", op.groups);
}

}  // namespace tessera
