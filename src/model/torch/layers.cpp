#include "model/torch/layers.h"

#include <utility>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr float kLeakySlope = 0.01F;  // torch.nn.LeakyReLU's default

// [a, b, k] -> [a, b, 1, k]; an absent tensor stays absent (it is on StateView's list).
Tensor as_2d(const Tensor& weight) {
  if (weight.empty()) return weight;
  return weight.reshaped({weight.dim(0), weight.dim(1), 1, weight.dim(2)});
}

Unary unary(UnaryKind kind) {
  Unary op;
  op.kind = kind;
  return op;
}

Conv make_conv(const Tensor& weight, Tensor bias, const ConvShape& shape) {
  Conv conv;
  conv.weight = as_2d(weight);
  conv.bias = std::move(bias);
  conv.stride = Extent{1, shape.stride};
  conv.dilation = Extent{1, shape.dilation};
  conv.padding.left = shape.pad_left;
  conv.padding.right = shape.pad_right;
  conv.groups = shape.groups;
  return conv;
}

}  // namespace

ConvShape depthwise_shape(int64_t channels, int64_t kernel, int64_t dilation, bool causal) {
  const int64_t reach = (kernel - 1) * dilation;
  return {.out = channels,
          .in = 1,
          .kernel = kernel,
          .dilation = dilation,
          .groups = channels,
          .pad_left = causal ? reach : reach / 2,
          .pad_right = causal ? 0 : reach / 2};
}

Result<ConvTasNetLayer> take_conv(StateView& state, const std::string& key, const ConvShape& shape,
                                  Bias bias) {
  TESSERA_TRY(const Tensor weight,
              state.take(key + ".weight", {shape.out, shape.in, shape.kernel}));
  Tensor offsets;
  if (bias == Bias::required) {
    TESSERA_TRY(offsets, state.take(key + ".bias", {shape.out}));
  }
  return ConvTasNetLayer{make_conv(weight, std::move(offsets), shape), key};
}

Result<ConvTasNetLayer> take_filters(StateView& state, const std::string& weight,
                                     const ConvShape& shape) {
  TESSERA_TRY(const Tensor filters, state.take(weight, {shape.out, shape.in, shape.kernel}));
  return ConvTasNetLayer{make_conv(filters, Tensor(), shape), weight};
}

Result<ConvTasNetLayer> take_synthesis(StateView& state, const std::string& weight, int64_t in,
                                       int64_t kernel, int64_t stride, int64_t crop) {
  TESSERA_TRY(const Tensor filters, state.take(weight, {in, 1, kernel}));
  ConvTranspose conv;
  conv.weight = as_2d(filters);
  conv.stride = Extent{1, stride};
  conv.crop.left = crop;
  conv.crop.right = crop;
  return ConvTasNetLayer{std::move(conv), weight};
}

Result<ConvTasNetLayer> take_prelu(StateView& state, const std::string& key) {
  Unary prelu = unary(UnaryKind::prelu);
  TESSERA_TRY(prelu.slope, state.take(key + ".weight", {1}));
  return ConvTasNetLayer{std::move(prelu), key};
}

Result<ConvTasNetLayer> take_gain_norm(StateView& state, const std::string& key,
                                       const GainNorm& form, int64_t channels) {
  Norm norm;
  norm.kind = form.kind;
  norm.eps = form.eps;
  std::vector<int64_t> dims(form.ones_before, 1);
  dims.push_back(channels);
  dims.insert(dims.end(), form.ones_after, 1);
  TESSERA_TRY(norm.gamma, state.take(fmt::format("{}.{}", key, form.gain), dims));
  TESSERA_TRY(norm.beta, state.take(fmt::format("{}.{}", key, form.offset), dims));
  if (!norm.gamma.empty()) norm.gamma = norm.gamma.reshaped({channels});
  if (!norm.beta.empty()) norm.beta = norm.beta.reshaped({channels});
  return ConvTasNetLayer{std::move(norm), key};
}

Result<ConvTasNetLayer> take_batch_norm(StateView& state, const std::string& key,
                                        int64_t channels) {
  Norm norm;
  norm.kind = NormKind::batch;
  norm.eps = kTorchNormEps;
  TESSERA_TRY(norm.gamma, state.take(key + ".weight", {channels}));
  TESSERA_TRY(norm.beta, state.take(key + ".bias", {channels}));
  TESSERA_TRY(norm.mean, state.take(key + ".running_mean", {channels}));
  TESSERA_TRY(norm.variance, state.take(key + ".running_var", {channels}));
  state.skip(key + ".num_batches_tracked");
  return ConvTasNetLayer{std::move(norm), key};
}

Result<std::optional<ConvTasNetLayer>> make_activation(StateView& state, const std::string& name,
                                                       const std::string& key,
                                                       const Softmax& softmax) {
  using Layer = std::optional<ConvTasNetLayer>;
  static constexpr std::pair<std::string_view, UnaryKind> kUnaries[] = {
      {"relu", UnaryKind::relu}, {"sigmoid", UnaryKind::sigmoid}, {"tanh", UnaryKind::tanh},
      {"gelu", UnaryKind::gelu}, {"swish", UnaryKind::silu},
  };
  for (const auto& [known, kind] : kUnaries) {
    if (name == known) return Layer(ConvTasNetLayer{unary(kind), key});
  }
  if (name == "linear") return Layer();
  if (name == "softmax") return Layer(ConvTasNetLayer{softmax, key});
  if (name == "leaky_relu") {
    Unary leaky = unary(UnaryKind::prelu);
    leaky.slope = Tensor::full({1}, kLeakySlope);
    return Layer(ConvTasNetLayer{std::move(leaky), key});
  }
  if (name == "prelu") {
    TESSERA_TRY(ConvTasNetLayer prelu, take_prelu(state, key));
    return Layer(std::move(prelu));
  }
  return TESSERA_ERROR(
      kUnsupported, "", fmt::format("activation '{}' is not known", name),
      "known: linear, relu, prelu, leaky_relu, sigmoid, softmax, tanh, gelu, swish");
}

}  // namespace tessera
