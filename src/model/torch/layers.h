// Layers of the known networks, made from a state dict: names, expected shapes and attributes in
// one place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/torch/conv_tasnet.h"
#include "model/torch/state_view.h"
#include "tessera/result.h"

namespace tessera {

struct ConvShape {
  int64_t out = 0;
  int64_t in = 0;  // per group
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t groups = 1;
  int64_t pad_left = 0;
  int64_t pad_right = 0;
};

// One filter a channel that keeps the length by zeros: half of them on each side, or causal: all
// in front.
ConvShape depthwise_shape(int64_t channels, int64_t kernel, int64_t dilation, bool causal);

enum class Bias : uint8_t { none, required };

// `key`.weight and `key`.bias as a Conv of kernel (1, k).
Result<ConvTasNetLayer> take_conv(StateView& state, const std::string& key, const ConvShape& shape,
                                  Bias bias);
// A convolution without bias whose weight is named in full.
Result<ConvTasNetLayer> take_filters(StateView& state, const std::string& weight,
                                     const ConvShape& shape);
// A transposed convolution [in, 1, k], without bias. `crop` samples are cut at both ends.
Result<ConvTasNetLayer> take_synthesis(StateView& state, const std::string& weight, int64_t in,
                                       int64_t kernel, int64_t stride, int64_t crop);
// `key`.weight [1].
Result<ConvTasNetLayer> take_prelu(StateView& state, const std::string& key);

inline constexpr double kPaperNormEps = 1e-8;  // what most authors add to the variance
inline constexpr double kTorchNormEps = 1e-5;  // the default of torch.nn's norms

// A norm whose gain and offset, one number a channel, are named `key`.GAIN and `key`.OFFSET and
// have axes of size 1 around them ([1, C, 1]).
struct GainNorm {
  NormKind kind = NormKind::global;
  std::string_view gain = "gamma";
  std::string_view offset = "beta";
  size_t ones_before = 0;
  size_t ones_after = 0;
  double eps = kPaperNormEps;
};
Result<ConvTasNetLayer> take_gain_norm(StateView& state, const std::string& key,
                                       const GainNorm& form, int64_t channels);
// torch.nn.BatchNorm1d: .weight, .bias, .running_mean, .running_var.
Result<ConvTasNetLayer> take_batch_norm(StateView& state, const std::string& key, int64_t channels);

// Names of asteroid.masknn.activations. `key` is where a PReLU keeps its slope. Nothing for
// "linear". Error: kUnsupported for other names.
Result<std::optional<ConvTasNetLayer>> make_activation(StateView& state, const std::string& name,
                                                       const std::string& key,
                                                       const Softmax& softmax);

}  // namespace tessera
