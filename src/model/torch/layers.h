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

enum class Bias : uint8_t { none, required };

// `key`.weight and `key`.bias as a Conv of kernel (1, k).
Result<ConvTasNetLayer> take_conv(StateView& state, const std::string& key, const ConvShape& shape,
                                  Bias bias);
// A convolution without bias whose weight is named in full.
Result<ConvTasNetLayer> take_filters(StateView& state, const std::string& weight,
                                     const ConvShape& shape);
// A transposed convolution [in, 1, k], without bias.
Result<ConvTasNetLayer> take_synthesis(StateView& state, const std::string& weight, int64_t in,
                                       int64_t kernel, int64_t stride, int64_t crop);
// `key`.weight [1].
Result<ConvTasNetLayer> take_prelu(StateView& state, const std::string& key);

// Asteroid's classes: `key`.gamma and .beta, or for batch norm .weight, .bias, .running_mean,
// .running_var.
Result<ConvTasNetLayer> take_norm(StateView& state, const std::string& key, NormKind kind,
                                  int64_t channels);

// torch.nn.GroupNorm(1, channels, eps=1e-8), which is a global norm.
Result<ConvTasNetLayer> take_group_norm(StateView& state, const std::string& key, int64_t channels);
// SpeechBrain's classes, whose gamma and beta are [1, 1, C].
Result<ConvTasNetLayer> take_trailing_norm(StateView& state, const std::string& key, NormKind kind,
                                           int64_t channels);

// Names of asteroid.masknn.activations. `key` is where a PReLU keeps its slope. Nothing for
// "linear". Error: kUnsupported for other names.
Result<std::optional<ConvTasNetLayer>> make_activation(StateView& state, const std::string& name,
                                                       const std::string& key,
                                                       const Softmax& softmax);

}  // namespace tessera
