// SpeechBrain's Conv-TasNet: the dual-path encoder and decoder around conv_tasnet.MaskNet
// (speechbrain 1.0, speechbrain/lobes/models/). Its convolutions keep their length by reflecting
// the ends.
#include <fmt/format.h>

#include "model/torch/conv_tasnet_sizes.h"
#include "model/torch/known_networks.h"
#include "model/torch/layers.h"
#include "model/torch/network_options.h"

namespace tessera {
namespace {

const ConvTasNetKeys kSpeechbrainKeys{
    "encoder.conv1d.weight",
    "masknet.bottleneck_conv1x1.conv.weight",
    "masknet.temporal_conv_net.temporalblock_0_0.layers.conv.conv.weight",
    "masknet.temporal_conv_net.temporalblock_0_0.layers.DSconv.conv_0.conv.weight",
    "",
    "masknet.mask_conv1x1.conv.weight"};

std::string speechbrain_block_key(int64_t repeat, int64_t block) {
  return fmt::format("masknet.temporal_conv_net.temporalblock_{}_{}.layers.", repeat, block);
}

// Gamma and beta are [1, 1, C].
constexpr GainNorm form_of(NormKind kind) {
  return {.kind = kind, .ones_before = 2};
}

constexpr std::string_view kSpeechbrainMaskActs[] = {"relu", "softmax"};

struct SpeechbrainOptions {
  NormKind norm = NormKind::global;
  bool causal = false;
};

Result<NormKind> resolve_speechbrain_norm(const StateView& state, ModelArgs& args,
                                          const Toolkit& toolkit, std::vector<Note>& notes) {
  TESSERA_TRY(const auto name, args.text("norm_type"));
  if (state.has(speechbrain_block_key(0, 0) + "norm.running_mean")) {
    return TESSERA_ERROR(
        kUnsupported, speechbrain_block_key(0, 0) + "norm",
        "SpeechBrain's batch norm here works over frames, not channels: it fits one length only",
        "export the network to ONNX");
  }
  if (!name) {
    if (!toolkit.has_args) {
      notes.push_back({NoteSeverity::warning,
                       "assumed norm_type=gLN, SpeechBrain's default: the weights would fit cLN, "
                       "too; if that is wrong give ImportOptions::model_args norm_type=cLN"});
    }
    return NormKind::global;
  }
  if (*name == "gLN") return NormKind::global;
  if (*name == "cLN") return NormKind::channel_wise;
  return TESSERA_ERROR(kInvalidArgument, "",
                       fmt::format("norm_type '{}': SpeechBrain knows gLN and cLN", *name), "");
}

Result<bool> resolve_causal(ModelArgs& args, const Toolkit& toolkit, std::vector<Note>& notes) {
  TESSERA_TRY(const auto causal, args.flag("causal"));
  if (!causal && !toolkit.has_args) {
    notes.push_back(
        {NoteSeverity::warning,
         "assumed causal=false, MaskNet's default: the weights do not tell, and "
         "SpeechBrain's recipe trains with true; if that is wrong give ImportOptions::model_args "
         "causal=true"});
  }
  return causal.value_or(false);
}

// The softmax runs over channels, not sources.
Result<ConvTasNetLayer> resolve_mask_act(ModelArgs& args, const Toolkit& toolkit, int64_t n_src,
                                         std::vector<Note>& notes) {
  TESSERA_TRY(const std::string name,
              choose_option(args, toolkit, "mask_act", kSpeechbrainMaskActs, "relu", notes));
  if (name == "softmax") return ConvTasNetLayer{Softmax{SoftmaxOver::channel, n_src}, "masknet"};
  Unary relu;
  relu.kind = UnaryKind::relu;
  return ConvTasNetLayer{relu, "masknet"};
}

// Mirrored ends; where the network is causal, zeros: its convolution pads by its whole reach in
// front, by half of it at both ends once more, and what is longer than the input is cut off. It
// looks half its reach further back than it need.
ConvShape read_padding(const ConvTasNetSizes& sizes, int64_t dilation, bool causal,
                       const std::string& key, ConvTasNetBlock& block) {
  const int64_t reach = (sizes.conv_kernel_size - 1) * dilation;
  const int64_t half = reach / 2;
  ConvShape shape{.out = sizes.hid_chan,
                  .in = 1,
                  .kernel = sizes.conv_kernel_size,
                  .dilation = dilation,
                  .groups = sizes.hid_chan};
  if (causal) {
    shape.pad_left = reach + half;
    block.cut_right = half;
  } else if (half > 0) {
    block.pad =
        ConvTasNetLayer{Pad{Padding{0, 0, half, half}, PadMode::reflect}, key + "DSconv.conv_0"};
  }
  return shape;
}

Result<ConvTasNetBlock> read_speechbrain_block(StateView& state, const std::string& key,
                                               const ConvTasNetSizes& sizes, int64_t dilation,
                                               const SpeechbrainOptions& options) {
  const int64_t h = sizes.hid_chan;
  ConvTasNetBlock block;
  TESSERA_TRY(block.in_conv,
              take_conv(state, key + "conv.conv", {.out = h, .in = sizes.bn_chan}, Bias::none));
  TESSERA_TRY(block.prelu_1, take_prelu(state, key + "act"));
  TESSERA_TRY(block.norm_1, take_gain_norm(state, key + "norm", form_of(options.norm), h));
  const ConvShape depthwise = read_padding(sizes, dilation, options.causal, key, block);
  TESSERA_TRY(block.depthwise, take_conv(state, key + "DSconv.conv_0.conv", depthwise, Bias::none));
  TESSERA_TRY(block.prelu_2, take_prelu(state, key + "DSconv.act"));
  TESSERA_TRY(block.norm_2, take_gain_norm(state, key + "DSconv.act_0", form_of(options.norm), h));
  TESSERA_TRY(block.res_conv, take_conv(state, key + "DSconv.conv_1.conv",
                                        {.out = sizes.bn_chan, .in = h}, Bias::none));
  return block;
}

Result<ConvTasNetSizes> resolve_speechbrain_sizes(const StateView& state, ModelArgs& args) {
  TESSERA_TRY(ConvTasNetSizes sizes, resolve_sizes(state, kSpeechbrainKeys, args));
  const int64_t half = std::max<int64_t>(1, sizes.kernel_size / 2);
  if (sizes.stride != 0 && sizes.stride != half) {
    return TESSERA_ERROR(
        kInvalidModel, kSpeechbrainKeys.encoder,
        fmt::format("stride {}: SpeechBrain's is always half the kernel, {}", sizes.stride, half),
        "");
  }
  sizes.stride = half;
  if (sizes.conv_kernel_size % 2 == 0) {
    return TESSERA_ERROR(
        kInvalidModel, kSpeechbrainKeys.first_depthwise,
        fmt::format("a kernel of {} is even: a block would be one frame shorter than its input",
                    sizes.conv_kernel_size),
        "SpeechBrain cannot run this network either");
  }
  if (sizes.skip_chan != 0 || sizes.out_chan != sizes.n_filters) {
    return TESSERA_ERROR(
        kInvalidModel, kSpeechbrainKeys.mask_conv,
        fmt::format("skip_chan {} and out_chan {}: SpeechBrain's are 0 and n_filters {}",
                    sizes.skip_chan, sizes.out_chan, sizes.n_filters),
        "");
  }
  count_blocks(state, speechbrain_block_key, "conv.conv.weight", sizes);
  return sizes;
}

Result<void> read_encoder(StateView& state, const ConvTasNetSizes& sizes, ModelArgs& args,
                          ConvTasNet& net) {
  TESSERA_TRY(
      net.encoder,
      take_filters(
          state, kSpeechbrainKeys.encoder,
          {.out = sizes.n_filters, .in = 1, .kernel = sizes.kernel_size, .stride = sizes.stride}));
  TESSERA_TRY(const auto activation, args.text("encoder_activation"));
  TESSERA_TRY(net.encoder_act,
              make_activation(state, activation.value_or("relu"), "encoder", Softmax{}));
  return {};
}

}  // namespace

Result<ConvTasNet> read_speechbrain(StateView& state, ModelArgs& args, bool has_args,
                                    std::vector<Note>& notes) {
  const Toolkit toolkit{"SpeechBrain", has_args};
  TESSERA_TRY(const ConvTasNetSizes sizes, resolve_speechbrain_sizes(state, args));
  SpeechbrainOptions options;
  TESSERA_TRY(options.norm, resolve_speechbrain_norm(state, args, toolkit, notes));
  TESSERA_TRY(options.causal, resolve_causal(args, toolkit, notes));
  ConvTasNet net;
  net.n_src = sizes.n_src;
  net.mask_channels = sizes.n_filters;
  net.kernel = sizes.kernel_size;
  net.stride = sizes.stride;
  TESSERA_TRY_VOID(read_encoder(state, sizes, args, net));
  TESSERA_TRY(net.bottleneck_norm,
              take_gain_norm(state, "masknet.layer_norm", form_of(NormKind::channel_wise),
                             sizes.n_filters));
  TESSERA_TRY(net.bottleneck_conv,
              take_conv(state, "masknet.bottleneck_conv1x1.conv",
                        {.out = sizes.bn_chan, .in = sizes.n_filters}, Bias::none));
  for (int64_t r = 0; r < sizes.n_repeats; ++r) {
    for (int64_t x = 0; x < sizes.n_blocks; ++x) {
      TESSERA_TRY(ConvTasNetBlock block, read_speechbrain_block(state, speechbrain_block_key(r, x),
                                                                sizes, int64_t{1} << x, options));
      net.blocks.push_back(std::move(block));
    }
  }
  TESSERA_TRY(net.mask_conv,
              take_conv(state, "masknet.mask_conv1x1.conv",
                        {.out = sizes.n_src * sizes.n_filters, .in = sizes.bn_chan}, Bias::none));
  TESSERA_TRY(net.mask_act, resolve_mask_act(args, toolkit, sizes.n_src, notes));
  TESSERA_TRY(net.decoder, take_synthesis(state, "decoder.weight", sizes.n_filters,
                                          sizes.kernel_size, sizes.stride, 0));
  if (state.has("decoder.bias")) {
    TESSERA_TRY(std::get<ConvTranspose>(net.decoder.op).bias, state.take("decoder.bias", {1}));
  }
  return net;
}

}  // namespace tessera
