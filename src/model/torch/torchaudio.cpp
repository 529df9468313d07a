// torchaudio's ConvTasNet (torchaudio 2, torchaudio/models/conv_tasnet.py). It is saved as a plain
// state dict.
#include <fmt/format.h>

#include "model/torch/conv_tasnet_sizes.h"
#include "model/torch/known_networks.h"
#include "model/torch/layers.h"

namespace tessera {
namespace {

const ConvTasNetKeys kTorchaudioKeys{"encoder.weight",
                                     "mask_generator.input_conv.weight",
                                     "mask_generator.conv_layers.0.conv_layers.0.weight",
                                     "mask_generator.conv_layers.0.conv_layers.3.weight",
                                     "mask_generator.conv_layers.0.skip_out.weight",
                                     "mask_generator.output_conv.weight"};

Result<ConvTasNetSizes> resolve_torchaudio_sizes(const StateView& state, ModelArgs& args,
                                                 std::vector<Note>& notes) {
  TESSERA_TRY(ConvTasNetSizes sizes, resolve_sizes(state, kTorchaudioKeys, args));
  const int64_t half = std::max<int64_t>(1, sizes.kernel_size / 2);
  if (sizes.stride != 0 && sizes.stride != half) {
    return TESSERA_ERROR(
        kInvalidModel, kTorchaudioKeys.encoder,
        fmt::format("stride {}: torchaudio's is always half the kernel, {}", sizes.stride, half),
        "");
  }
  sizes.stride = half;
  if (sizes.conv_kernel_size != 3) {
    return TESSERA_ERROR(
        kInvalidModel, kTorchaudioKeys.first_depthwise,
        fmt::format("a kernel of {}: torchaudio pads for 3 and cannot run any other",
                    sizes.conv_kernel_size),
        "");
  }
  if (sizes.skip_chan != sizes.bn_chan || sizes.out_chan != sizes.n_filters) {
    return TESSERA_ERROR(
        kInvalidModel, kTorchaudioKeys.first_skip_conv,
        fmt::format("skip_chan {} and out_chan {}: torchaudio's are bn_chan {} and n_filters {}",
                    sizes.skip_chan, sizes.out_chan, sizes.bn_chan, sizes.n_filters),
        "");
  }
  assume_repeats(count_indexed(state, "mask_generator.conv_layers.", ".skip_out.weight"), sizes,
                 notes);
  return sizes;
}

Result<std::string> resolve_mask_act(ModelArgs& args, std::vector<Note>& notes) {
  TESSERA_TRY(const auto given, args.text("mask_act"));
  if (!given) {
    notes.push_back({NoteSeverity::warning,
                     "assumed mask_act=sigmoid, torchaudio's default: the weights do not tell; the "
                     "published Libri2Mix "
                     "network uses relu: give ImportOptions::model_args mask_act=relu for it"});
  }
  const std::string mask_act = given.value_or("sigmoid");
  if (mask_act != "sigmoid" && mask_act != "relu") {
    return TESSERA_ERROR(kInvalidArgument, "",
                         fmt::format("mask_act '{}': torchaudio knows sigmoid and relu", mask_act),
                         "");
  }
  return mask_act;
}

// Options of Asteroid's that are fixed here.
Result<void> refuse_foreign_options(ModelArgs& args) {
  TESSERA_TRY(const auto norm, args.text("norm_type"));
  TESSERA_TRY(const auto causal, args.flag("causal"));
  TESSERA_TRY(const auto activation, args.text("encoder_activation"));
  if ((norm && *norm != "gLN") || causal.value_or(false) ||
      (activation && *activation != "linear")) {
    return TESSERA_ERROR(
        kInvalidArgument, "",
        "torchaudio's network has norm_type gLN, no causal form and no encoder_activation", "");
  }
  return {};
}

// torch.nn.GroupNorm(1, channels), which is a global norm.
constexpr GainNorm kGroupNorm{.kind = NormKind::global, .gain = "weight", .offset = "bias"};

Result<ConvTasNetBlock> read_torchaudio_block(StateView& state, int64_t index,
                                              const ConvTasNetSizes& sizes, bool last) {
  const std::string key = fmt::format("mask_generator.conv_layers.{}.", index);
  const std::string inner = key + "conv_layers.";
  const int64_t h = sizes.hid_chan;
  ConvTasNetBlock block;
  TESSERA_TRY(block.in_conv,
              take_conv(state, inner + "0", {.out = h, .in = sizes.bn_chan}, Bias::required));
  TESSERA_TRY(block.prelu_1, take_prelu(state, inner + "1"));
  TESSERA_TRY(block.norm_1, take_gain_norm(state, inner + "2", kGroupNorm, h));
  const ConvShape depthwise =
      depthwise_shape(h, sizes.conv_kernel_size, sizes.dilation(index), false);
  TESSERA_TRY(block.depthwise, take_conv(state, inner + "3", depthwise, Bias::required));
  TESSERA_TRY(block.prelu_2, take_prelu(state, inner + "4"));
  TESSERA_TRY(block.norm_2, take_gain_norm(state, inner + "5", kGroupNorm, h));
  if (!last) {  // torchaudio makes none for the last block
    TESSERA_TRY(block.res_conv,
                take_conv(state, key + "res_out", {.out = sizes.bn_chan, .in = h}, Bias::required));
  }
  TESSERA_TRY(block.skip_conv, take_conv(state, key + "skip_out", {.out = sizes.skip_chan, .in = h},
                                         Bias::required));
  return block;
}

}  // namespace

Result<ConvTasNet> read_torchaudio(StateView& state, ModelArgs& args, bool /*has_args*/,
                                   std::vector<Note>& notes) {
  TESSERA_TRY_VOID(refuse_foreign_options(args));
  TESSERA_TRY(const ConvTasNetSizes sizes, resolve_torchaudio_sizes(state, args, notes));
  TESSERA_TRY(const std::string mask_act, resolve_mask_act(args, notes));
  ConvTasNet net;
  net.n_src = sizes.n_src;
  net.mask_channels = sizes.out_chan;
  net.kernel = sizes.kernel_size;
  net.stride = sizes.stride;
  net.border = sizes.stride;
  net.alignment = Alignment::stride;
  TESSERA_TRY(
      net.encoder,
      take_filters(
          state, kTorchaudioKeys.encoder,
          {.out = sizes.n_filters, .in = 1, .kernel = sizes.kernel_size, .stride = sizes.stride}));
  TESSERA_TRY(net.bottleneck_norm,
              take_gain_norm(state, "mask_generator.input_norm", kGroupNorm, sizes.n_filters));
  TESSERA_TRY(net.bottleneck_conv,
              take_conv(state, "mask_generator.input_conv",
                        {.out = sizes.bn_chan, .in = sizes.n_filters}, Bias::required));
  const int64_t total = sizes.n_blocks * sizes.n_repeats;
  for (int64_t i = 0; i < total; ++i) {
    TESSERA_TRY(ConvTasNetBlock block, read_torchaudio_block(state, i, sizes, i + 1 == total));
    net.blocks.push_back(std::move(block));
  }
  TESSERA_TRY(net.mask_prelu, take_prelu(state, "mask_generator.output_prelu"));
  TESSERA_TRY(net.mask_conv, take_conv(state, "mask_generator.output_conv",
                                       {.out = sizes.n_src * sizes.n_filters, .in = sizes.bn_chan},
                                       Bias::required));
  TESSERA_TRY(net.mask_act, make_activation(state, mask_act, "", Softmax{}));
  TESSERA_TRY(net.decoder, take_synthesis(state, "decoder.weight", sizes.n_filters,
                                          sizes.kernel_size, sizes.stride, sizes.stride));
  return net;
}

}  // namespace tessera
