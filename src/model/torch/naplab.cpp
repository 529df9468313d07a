// The TasNet of github.com/naplab/Conv-TasNet, by the paper's first author (conv_tasnet.py,
// utility/models.py), which torchaudio's follows. It is saved as a plain state dict. The wave is
// padded to whole windows and by one stride at both ends; norms are GroupNorm(1, C), or cumulative
// where the network is causal.
#include <fmt/format.h>

#include "model/torch/conv_tasnet_sizes.h"
#include "model/torch/known_networks.h"
#include "model/torch/layers.h"
#include "model/torch/network_options.h"

namespace tessera {
namespace {

const ConvTasNetKeys kNaplabKeys{"encoder.weight",
                                 "TCN.BN.weight",
                                 "TCN.TCN.0.conv1d.weight",
                                 "TCN.TCN.0.dconv1d.weight",
                                 "TCN.TCN.0.skip_out.weight",
                                 "TCN.output.1.weight"};
constexpr std::string_view kNaplabMaskActs[] = {"sigmoid", "relu"};

Result<ConvTasNetSizes> resolve_naplab_sizes(const StateView& state, ModelArgs& args,
                                             const Toolkit& toolkit, bool causal,
                                             std::vector<Note>& notes) {
  TESSERA_TRY(ConvTasNetSizes sizes, resolve_sizes(state, kNaplabKeys, args));
  TESSERA_TRY_VOID(fix_half_stride(toolkit.name, kNaplabKeys.encoder, sizes));
  if (sizes.kernel_size % 2 != 0) {
    return TESSERA_ERROR(
        kUnsupported, kNaplabKeys.encoder,
        fmt::format("a window of {} samples is odd: {} then gives fewer samples than it was given",
                    sizes.kernel_size, toolkit.name),
        "export the network to ONNX");
  }
  TESSERA_TRY_VOID(refuse_broken_kernels(toolkit.name, kNaplabKeys.first_depthwise, causal, sizes));
  if (!causal && sizes.conv_kernel_size != 3) {
    return TESSERA_ERROR(kInvalidModel, kNaplabKeys.first_depthwise,
                         fmt::format("a kernel of {}: {} pads for 3 and cannot run any other",
                                     sizes.conv_kernel_size, toolkit.name),
                         "");
  }
  if (sizes.skip_chan != 0 && sizes.skip_chan != sizes.bn_chan) {
    return TESSERA_ERROR(kInvalidModel, kNaplabKeys.first_skip_conv,
                         fmt::format("skip_chan {}: that of {} is bn_chan {}", sizes.skip_chan,
                                     toolkit.name, sizes.bn_chan),
                         "");
  }
  assume_repeats(count_indexed(state, "TCN.TCN.", ".res_out.weight"), sizes, notes);
  return sizes;
}

Result<ConvTasNetLayer> take_naplab_norm(StateView& state, const std::string& key, bool causal,
                                         int64_t channels) {
  const GainNorm cumulative{.kind = NormKind::cumulative,
                            .gain = "gain",
                            .offset = "bias",
                            .ones_before = 1,
                            .ones_after = 1};
  const GainNorm group{.kind = NormKind::global, .gain = "weight", .offset = "bias"};
  return take_gain_norm(state, key, causal ? cumulative : group, channels);
}

Result<ConvTasNetBlock> read_naplab_block(StateView& state, int64_t index,
                                          const ConvTasNetSizes& sizes, bool causal, bool last,
                                          std::vector<Note>& notes) {
  const std::string key = fmt::format("TCN.TCN.{}.", index);
  const int64_t h = sizes.hid_chan;
  ConvTasNetBlock block;
  TESSERA_TRY(block.in_conv,
              take_conv(state, key + "conv1d", {.out = h, .in = sizes.bn_chan}, Bias::required));
  TESSERA_TRY(block.prelu_1, take_prelu(state, key + "nonlinearity1"));
  TESSERA_TRY(block.norm_1, take_naplab_norm(state, key + "reg1", causal, h));
  const ConvShape depthwise =
      depthwise_shape(h, sizes.conv_kernel_size, sizes.dilation(index), causal);
  TESSERA_TRY(block.depthwise, take_conv(state, key + "dconv1d", depthwise, Bias::required));
  TESSERA_TRY(block.prelu_2, take_prelu(state, key + "nonlinearity2"));
  TESSERA_TRY(block.norm_2, take_naplab_norm(state, key + "reg2", causal, h));
  TESSERA_TRY(block.res_conv,
              take_conv(state, key + "res_out", {.out = sizes.bn_chan, .in = h}, Bias::required));
  if (sizes.skip_chan == 0) return block;
  TESSERA_TRY(block.skip_conv, take_conv(state, key + "skip_out", {.out = sizes.skip_chan, .in = h},
                                         Bias::required));
  if (last) {
    notes.push_back(
        {NoteSeverity::info, fmt::format("{}res_out was left out: nothing reads its output", key)});
    block.res_conv.reset();
  }
  return block;
}

}  // namespace

Result<ConvTasNet> read_naplab(StateView& state, ModelArgs& args, bool has_args,
                               std::vector<Note>& notes) {
  const Toolkit toolkit{"naplab/Conv-TasNet", has_args};
  TESSERA_TRY(const auto stated_causal, args.flag("causal"));
  const bool causal = stated_causal.value_or(state.has("TCN.LN.gain"));
  TESSERA_TRY(const ConvTasNetSizes sizes,
              resolve_naplab_sizes(state, args, toolkit, causal, notes));
  TESSERA_TRY_VOID(check_encoder_activation(args, toolkit, "linear"));
  TESSERA_TRY(const std::string mask_act,
              choose_option(args, toolkit, "mask_act", kNaplabMaskActs, "sigmoid", notes));
  ConvTasNet net;
  net.n_src = sizes.n_src;
  net.mask_channels = sizes.n_filters;
  net.kernel = sizes.kernel_size;
  net.stride = sizes.stride;
  net.border = sizes.stride;
  net.alignment = Alignment::window;
  TESSERA_TRY(
      net.encoder,
      take_filters(
          state, kNaplabKeys.encoder,
          {.out = sizes.n_filters, .in = 1, .kernel = sizes.kernel_size, .stride = sizes.stride}));
  TESSERA_TRY(net.bottleneck_norm, take_naplab_norm(state, "TCN.LN", causal, sizes.n_filters));
  TESSERA_TRY(
      net.bottleneck_conv,
      take_conv(state, "TCN.BN", {.out = sizes.bn_chan, .in = sizes.n_filters}, Bias::required));
  const int64_t total = sizes.n_blocks * sizes.n_repeats;
  for (int64_t i = 0; i < total; ++i) {
    TESSERA_TRY(ConvTasNetBlock block,
                read_naplab_block(state, i, sizes, causal, i + 1 == total, notes));
    net.blocks.push_back(std::move(block));
  }
  TESSERA_TRY(net.mask_prelu, take_prelu(state, "TCN.output.0"));
  TESSERA_TRY(net.mask_conv, take_conv(state, "TCN.output.1",
                                       {.out = sizes.n_src * sizes.n_filters, .in = sizes.bn_chan},
                                       Bias::required));
  TESSERA_TRY(net.mask_act, make_activation(state, mask_act, "", Softmax{}));
  TESSERA_TRY(net.decoder, take_synthesis(state, "decoder.weight", sizes.n_filters,
                                          sizes.kernel_size, sizes.stride, sizes.stride));
  return net;
}

}  // namespace tessera
