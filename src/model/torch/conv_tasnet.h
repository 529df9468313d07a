// ConvTasNet: the one description that the networks of every toolkit are brought into
// (known_networks.h), and the graph made of it. Convolution weights are 4-D already: [out,
// in/groups, 1, k].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/op.h"

namespace tessera {

struct ConvTasNetLayer {
  Op op;
  std::string source;  // key in the state dict
};

struct ConvTasNetBlock {
  ConvTasNetLayer in_conv;
  ConvTasNetLayer prelu_1;
  ConvTasNetLayer norm_1;
  std::optional<ConvTasNetLayer>
      pad;  // reflection, where the depthwise convolution does not pad by zeros
  ConvTasNetLayer depthwise;
  int64_t cut_right = 0;  // frames cut off the depthwise convolution's end
  std::optional<ConvTasNetLayer> prelu_2;
  std::optional<ConvTasNetLayer> norm_2;
  std::optional<ConvTasNetLayer>
      res_conv;  // added to the block's input; absent where nothing would use it
  std::optional<ConvTasNetLayer> skip_conv;  // added to the skip sum
};

// Zeros appended to the wave before the encoder, besides `border`; cropped again at the end.
enum class Alignment : uint8_t {
  none,
  stride,  // up to a whole number of strides (torchaudio)
  window,  // until wave and one stride are whole windows: 1 to `kernel` of them (naplab)
};

struct ConvTasNet {
  int64_t n_src = 0;
  int64_t mask_channels = 0;  // of each source's mask: the encoder's filters, or 1
  int64_t kernel = 0;         // of encoder and decoder, in samples
  int64_t stride = 0;
  int64_t border = 0;  // samples padded at both ends before the encoder, cropped after the decoder
  Alignment alignment = Alignment::none;

  ConvTasNetLayer encoder;  // padding is set for each length
  std::optional<ConvTasNetLayer> encoder_act;
  ConvTasNetLayer bottleneck_norm;
  ConvTasNetLayer bottleneck_conv;
  std::vector<ConvTasNetBlock> blocks;
  std::optional<ConvTasNetLayer> mask_prelu;
  ConvTasNetLayer mask_conv;
  std::optional<ConvTasNetLayer> mask_act;
  ConvTasNetLayer decoder;
};

class ConvTasNetNetwork final : public Network {
 public:
  explicit ConvTasNetNetwork(ConvTasNet net) : net_(std::move(net)) {}

  int64_t min_length() const override;
  Result<Graph> instantiate(int64_t length_samples) const override;

 private:
  ConvTasNet net_;
};

}  // namespace tessera
