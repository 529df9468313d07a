// Layers with kernels.
#include <fmt/format.h>

#include "vendor/hailo/hn/hn_builder.h"
#include "vendor/hailo/hn/hn_operands.h"

namespace tessera {
namespace {

Error unsupported(std::string why) {
  return TESSERA_ERROR(kUnsupported, "", std::move(why), "");
}

Result<void> check_kernel(const HnLayer& layer, size_t rank) {
  if (layer.params.kernel_shape.size() == rank) return {};
  return unsupported(
      fmt::format("has a kernel of {} dimensions, not {}", layer.params.kernel_shape.size(), rank));
}

Result<void> check_plain(const HnLayer& layer, const HnValue& operand) {
  if (layer.params.batch_norm) {
    return unsupported(
        "has batch norm parameters of its own, whose epsilon the file does not tell");
  }
  if (operand.parts != 1) return unsupported("reads an interleaving concat");
  return {};
}

}  // namespace

Result<HnValue> HnBuilder::convolution(const HnLayer& layer, const Operands& operands) {
  TESSERA_TRY_VOID(check_kernel(layer, 4));
  TESSERA_TRY_VOID(check_plain(layer, operands[0]));
  const HnParams& params = layer.params;
  const Shape& input = shape_of(operands[0]);
  const Extent kernel{params.kernel_shape[0], params.kernel_shape[1]};
  const Extent stride = hn_extent(params.strides), dilation = hn_extent(params.dilations);
  TESSERA_TRY(const Padding padding, hn_padding(params, input, kernel, stride, dilation));
  if (input.c % params.groups != 0) return unsupported("its groups do not divide its channels");
  const int64_t outputs = params.kernel_shape[3];
  TESSERA_TRY(const Tensor weights,
              weight(layer, "kernel", {kernel.h, kernel.w, input.c / params.groups, outputs}));
  TESSERA_TRY(Tensor added, bias(layer, outputs));
  TESSERA_TRY(const NodeId made, node(layer,
                                      Conv{arranged(weights, kOutputsFirst), std::move(added),
                                           stride, dilation, padding, params.groups},
                                      {operands[0].node}));
  return finish_layer(layer, operands, made);
}

Result<HnValue> HnBuilder::depthwise(const HnLayer& layer, const Operands& operands) {
  TESSERA_TRY_VOID(check_kernel(layer, 4));
  TESSERA_TRY_VOID(check_plain(layer, operands[0]));
  const HnParams& params = layer.params;
  const Shape& input = shape_of(operands[0]);
  if (params.kernel_shape[3] != 1) return unsupported("makes several channels of each");
  const Extent kernel{params.kernel_shape[0], params.kernel_shape[1]};
  const Extent stride = hn_extent(params.strides), dilation = hn_extent(params.dilations);
  TESSERA_TRY(const Padding padding, hn_padding(params, input, kernel, stride, dilation));
  TESSERA_TRY(const Tensor weights, weight(layer, "kernel", {kernel.h, kernel.w, input.c, 1}));
  TESSERA_TRY(Tensor added, bias(layer, input.c));
  TESSERA_TRY(const NodeId made, node(layer,
                                      Conv{arranged(weights, kChannelsFirst), std::move(added),
                                           stride, dilation, padding, input.c},
                                      {operands[0].node}));
  return finish_layer(layer, operands, made);
}

// Kernels of a deconvolution: [height, width, in, out/groups]. The stated shape tells how much is
// cut off, half of it before.
Result<HnValue> HnBuilder::transposed(const HnLayer& layer, const Operands& operands) {
  TESSERA_TRY_VOID(check_kernel(layer, 4));
  TESSERA_TRY_VOID(check_plain(layer, operands[0]));
  const HnParams& params = layer.params;
  const Shape& input = shape_of(operands[0]);
  const Shape& output = layer.shape();
  const Extent kernel{params.kernel_shape[0], params.kernel_shape[1]};
  const Extent stride = hn_extent(params.strides), dilation = hn_extent(params.dilations);
  TESSERA_TRY_VOID(hn_padding(HnParams(), input, kernel, stride, dilation));  // sizes only
  const int64_t outputs = params.kernel_shape[3];
  if (input.c % params.groups != 0 || outputs < 1 || outputs % params.groups != 0) {
    return unsupported("its groups do not divide its channels");
  }
  const auto cut = [](int64_t size, int64_t k, int64_t s, int64_t d, int64_t wanted) {
    return (size - 1) * s + d * (k - 1) + 1 - wanted;
  };
  const int64_t rows = cut(input.h, kernel.h, stride.h, dilation.h, output.h);
  const int64_t columns = cut(input.w, kernel.w, stride.w, dilation.w, output.w);
  if (rows < 0 || columns < 0) return unsupported("states more frames than it makes");
  TESSERA_TRY(const Tensor weights,
              weight(layer, "kernel", {kernel.h, kernel.w, input.c, outputs / params.groups}));
  TESSERA_TRY(Tensor added, bias(layer, outputs));
  const Padding crop{rows / 2, rows - rows / 2, columns / 2, columns - columns / 2};
  TESSERA_TRY(const NodeId made,
              node(layer,
                   ConvTranspose{arranged(weights, kChannelsFirst), std::move(added), stride,
                                 dilation, crop, Extent{0, 0}, params.groups},
                   {operands[0].node}));
  return finish_layer(layer, operands, made);
}

// Over all of its input in the order height, width, channels: a convolution as large as the input.
Result<HnValue> HnBuilder::dense(const HnLayer& layer, const Operands& operands) {
  TESSERA_TRY_VOID(check_kernel(layer, 2));
  TESSERA_TRY_VOID(check_plain(layer, operands[0]));
  const Shape input = shape_of(operands[0]);
  const int64_t outputs = layer.params.kernel_shape[1];
  if (layer.params.kernel_shape[0] != input.size()) {
    return unsupported(
        fmt::format("multiplies {} values of {}", layer.params.kernel_shape[0], input.size()));
  }
  TESSERA_TRY(const Tensor weights, weight(layer, "kernel", {input.size(), outputs}));
  TESSERA_TRY(Tensor added, bias(layer, outputs));
  const Tensor kernel = weights.reshaped({input.h, input.w, input.c, outputs});
  TESSERA_TRY(
      const NodeId made,
      node(layer, Conv{arranged(kernel, kOutputsFirst), std::move(added)}, {operands[0].node}));
  return finish_layer(layer, operands, made);
}

Result<HnValue> HnBuilder::pool(const HnLayer& layer, const Operands& operands) {
  TESSERA_TRY_VOID(check_kernel(layer, 4));
  TESSERA_TRY_VOID(check_plain(layer, operands[0]));
  const HnParams& params = layer.params;
  const Extent kernel = hn_extent(params.kernel_shape), stride = hn_extent(params.strides);
  TESSERA_TRY(const Padding padding, hn_padding(params, shape_of(operands[0]), kernel, stride, {}));
  const PoolKind kind = layer.type == "maxpool" ? PoolKind::max : PoolKind::average;
  TESSERA_TRY(const NodeId made,
              node(layer, Pool{kind, kernel, stride, padding, params.count_include_pad},
                   {operands[0].node}));
  return finish_layer(layer, operands, made);
}

}  // namespace tessera
