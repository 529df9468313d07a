// Asteroid's ConvTasNet (asteroid 0.7, asteroid/models/conv_tasnet.py and
// asteroid/masknn/convolutional.py).
#include <fmt/format.h>

#include "model/torch/conv_tasnet_sizes.h"
#include "model/torch/known_networks.h"
#include "model/torch/layers.h"

namespace tessera {
namespace {

const ConvTasNetKeys kAsteroidKeys{
    "encoder.filterbank._filters",        "masker.bottleneck.1.weight",
    "masker.TCN.0.shared_block.0.weight", "",
    "masker.TCN.0.skip_conv.weight",      "masker.mask_net.1.weight"};

struct AsteroidOptions {
  NormKind norm = NormKind::global;
  bool causal = false;
  std::string mask_act;
  std::string encoder_activation;
};

void assume(std::vector<Note>& notes, NoteSeverity severity, std::string text) {
  notes.push_back({severity, std::move(text)});
}

Result<NormKind> norm_of(const std::string& name) {
  struct Name {
    std::string_view text;
    NormKind kind;
  };
  static constexpr Name kNames[] = {
      {"gLN", NormKind::global},        {"GlobLN", NormKind::global},
      {"fgLN", NormKind::feature_wise}, {"FeatsGlobLN", NormKind::feature_wise},
      {"cLN", NormKind::channel_wise},  {"ChanLN", NormKind::channel_wise},
      {"cgLN", NormKind::cumulative},   {"CumLN", NormKind::cumulative},
      {"bN", NormKind::batch},          {"BN", NormKind::batch},
      {"BatchNorm", NormKind::batch},
  };
  for (const Name& known : kNames) {
    if (name == known.text) return known.kind;
  }
  return TESSERA_ERROR(kUnsupported, "", fmt::format("norm_type '{}' is not known", name),
                       "known: gLN, fgLN, cLN, cgLN, bN");
}

Result<void> refuse_other_filterbanks(ModelArgs& args) {
  TESSERA_TRY(const auto name, args.text("fb_name"));
  if (name && *name != "free" && *name != "FreeFB") {
    return TESSERA_ERROR(kUnsupported, "",
                         fmt::format("the filterbank '{}' is not a free (learned) one", *name),
                         "only networks with fb_name='free' can be read; export this one to ONNX");
  }
  TESSERA_TRY(const auto pinv, args.text("who_is_pinv"));
  if (pinv) {
    return TESSERA_ERROR(kUnsupported, "",
                         fmt::format("the {} is the pseudo-inverse of its partner", *pinv),
                         "export this network to ONNX");
  }
  for (const char* name_of_padding : {"padding", "output_padding"}) {
    TESSERA_TRY(const auto padding, args.integer(name_of_padding, 0, 1 << 16));
    if (padding.value_or(0) != 0) {
      return TESSERA_ERROR(kUnsupported, "",
                           fmt::format("a filterbank with {}={}", name_of_padding, *padding),
                           "export this network to ONNX");
    }
  }
  return {};
}

Result<ConvTasNetLayer> take_asteroid_norm(StateView& state, const std::string& key, NormKind kind,
                                           int64_t channels) {
  if (kind == NormKind::batch) return take_batch_norm(state, key, channels);
  return take_gain_norm(state, key, {.kind = kind}, channels);
}

// In a causal network the depthwise convolution is wrapped with its chop, which adds one level to
// its name.
bool asteroid_looks_causal(const StateView& state) {
  return state.has("masker.TCN.0.shared_block.3.0.weight");
}

Result<AsteroidOptions> resolve_asteroid_options(const StateView& state, ModelArgs& args,
                                                 bool has_args, std::vector<Note>& notes) {
  AsteroidOptions options;
  TESSERA_TRY(const auto causal, args.flag("causal"));
  options.causal = causal.value_or(asteroid_looks_causal(state));

  TESSERA_TRY(const auto norm_name, args.text("norm_type"));
  if (norm_name) {
    TESSERA_TRY(options.norm, norm_of(*norm_name));
    if (options.causal && options.norm != NormKind::channel_wise &&
        options.norm != NormKind::cumulative) {
      options.norm = NormKind::channel_wise;
      assume(notes, NoteSeverity::info,
             fmt::format("causal: norm_type {} becomes cLN, as in Asteroid", *norm_name));
    }
  } else if (state.has("masker.bottleneck.0.running_mean")) {
    options.norm = NormKind::batch;
  } else {
    options.norm = options.causal ? NormKind::channel_wise : NormKind::global;
    if (!has_args) {
      assume(
          notes, NoteSeverity::warning,
          fmt::format(
              "assumed norm_type={}: the weights would fit {}, too; if that is wrong give it with "
              "ImportOptions::model_args norm_type=NAME",
              options.causal ? "cLN" : "gLN", options.causal ? "cgLN" : "fgLN, cLN and cgLN"));
    }
  }

  TESSERA_TRY(const auto mask_act, args.text("mask_act"));
  options.mask_act = mask_act.value_or("sigmoid");
  if (!mask_act && !has_args) {
    assume(notes, NoteSeverity::warning,
           "assumed mask_act=sigmoid, Asteroid's default: the weights do not tell, and many "
           "published networks use "
           "relu; if that is wrong give ImportOptions::model_args mask_act=relu");
  }
  TESSERA_TRY(const auto encoder_activation, args.text("encoder_activation"));
  options.encoder_activation = encoder_activation.value_or("linear");
  if (!args.states("encoder_activation") && !has_args) {
    assume(notes, NoteSeverity::info, "assumed no encoder_activation: the weights do not tell");
  }
  return options;
}

void resolve_stride(ModelArgs& args, bool has_args, ConvTasNetSizes& sizes,
                    std::vector<Note>& notes) {
  if (sizes.stride != 0) return;
  if (has_args && !args.states("stride")) {
    sizes.stride = 8;  // the constructor's default; an explicit None means half the kernel
    return;
  }
  sizes.stride = std::max<int64_t>(1, sizes.kernel_size / 2);
  if (!has_args)
    assume(notes, NoteSeverity::info,
           fmt::format("assumed stride={}, half the kernel", sizes.stride));
}

void resolve_repeats(const StateView& state, bool has_args, ConvTasNetSizes& sizes,
                     std::vector<Note>& notes) {
  if (has_args) {
    if (sizes.n_blocks == 0) sizes.n_blocks = 8;
    if (sizes.n_repeats == 0) sizes.n_repeats = 3;
  } else {
    assume_repeats(count_indexed(state, "masker.TCN.", ".res_conv.weight"), sizes, notes);
  }
}

Result<ConvTasNetBlock> read_asteroid_block(StateView& state, int64_t index,
                                            const ConvTasNetSizes& sizes,
                                            const AsteroidOptions& options, bool last,
                                            std::vector<Note>& notes) {
  const std::string key = fmt::format("masker.TCN.{}.", index);
  const std::string shared = key + "shared_block.";
  const int64_t h = sizes.hid_chan;
  const ConvShape depthwise =
      depthwise_shape(h, sizes.conv_kernel_size, sizes.dilation(index), options.causal);
  ConvTasNetBlock block;
  TESSERA_TRY(block.in_conv,
              take_conv(state, shared + "0", {.out = h, .in = sizes.bn_chan}, Bias::required));
  TESSERA_TRY(block.prelu_1, take_prelu(state, shared + "1"));
  TESSERA_TRY(block.norm_1, take_asteroid_norm(state, shared + "2", options.norm, h));
  TESSERA_TRY(block.depthwise,
              take_conv(state, shared + (options.causal ? "3.0" : "3"), depthwise, Bias::required));
  TESSERA_TRY(block.prelu_2, take_prelu(state, shared + "4"));
  TESSERA_TRY(block.norm_2, take_asteroid_norm(state, shared + "5", options.norm, h));
  TESSERA_TRY(block.res_conv,
              take_conv(state, key + "res_conv", {.out = sizes.bn_chan, .in = h}, Bias::required));
  if (sizes.skip_chan == 0) return block;
  TESSERA_TRY(block.skip_conv, take_conv(state, key + "skip_conv",
                                         {.out = sizes.skip_chan, .in = h}, Bias::required));
  if (last) {
    notes.push_back({NoteSeverity::info,
                     fmt::format("{}res_conv was left out: nothing reads its output", key)});
    block.res_conv.reset();
  }
  return block;
}

Result<void> read_ends(StateView& state, const ConvTasNetSizes& sizes,
                       const AsteroidOptions& options, ConvTasNet& net) {
  const ConvShape filters{
      .out = sizes.n_filters, .in = 1, .kernel = sizes.kernel_size, .stride = sizes.stride};
  TESSERA_TRY(net.encoder, take_filters(state, kAsteroidKeys.encoder, filters));
  if (options.encoder_activation == "softmax") {
    return TESSERA_ERROR(kUnsupported, "",
                         "encoder_activation 'softmax' works over the batch in Asteroid",
                         "it makes every code 1; no network can have been trained so");
  }
  TESSERA_TRY(net.encoder_act,
              make_activation(state, options.encoder_activation, "enc_activation", Softmax{}));
  TESSERA_TRY(net.decoder, take_synthesis(state, "decoder.filterbank._filters", sizes.n_filters,
                                          sizes.kernel_size, sizes.stride, 0));
  TESSERA_TRY(net.mask_prelu, take_prelu(state, "masker.mask_net.0"));
  TESSERA_TRY(
      net.mask_conv,
      take_conv(state, "masker.mask_net.1",
                {.out = sizes.n_src * sizes.out_chan, .in = sizes.mask_input()}, Bias::required));
  TESSERA_TRY(net.mask_act, make_activation(state, options.mask_act, "masker.output_act",
                                            Softmax{SoftmaxOver::source, sizes.n_src}));
  return {};
}

}  // namespace

Result<ConvTasNet> read_asteroid(StateView& state, ModelArgs& args, bool has_args,
                                 std::vector<Note>& notes) {
  TESSERA_TRY_VOID(refuse_other_filterbanks(args));
  TESSERA_TRY(const AsteroidOptions options,
              resolve_asteroid_options(state, args, has_args, notes));
  ConvTasNetKeys keys = kAsteroidKeys;
  keys.first_depthwise =
      fmt::format("masker.TCN.0.shared_block.3{}.weight", options.causal ? ".0" : "");
  TESSERA_TRY(ConvTasNetSizes sizes, resolve_sizes(state, keys, args));
  resolve_stride(args, has_args, sizes, notes);
  resolve_repeats(state, has_args, sizes, notes);
  TESSERA_TRY_VOID(refuse_broken_kernels("Asteroid", keys.first_depthwise, options.causal, sizes));
  if (sizes.out_chan != sizes.n_filters && sizes.out_chan != 1) {
    return TESSERA_ERROR(
        kInvalidModel, keys.mask_conv,
        fmt::format("masks of out_chan {} do not fit the {} filters of the encoder", sizes.out_chan,
                    sizes.n_filters),
        "Asteroid cannot run this network either");
  }

  ConvTasNet net;
  net.n_src = sizes.n_src;
  net.mask_channels = sizes.out_chan;
  net.kernel = sizes.kernel_size;
  net.stride = sizes.stride;
  TESSERA_TRY_VOID(read_ends(state, sizes, options, net));
  TESSERA_TRY(net.bottleneck_norm,
              take_asteroid_norm(state, "masker.bottleneck.0", options.norm, sizes.n_filters));
  TESSERA_TRY(net.bottleneck_conv,
              take_conv(state, "masker.bottleneck.1", {.out = sizes.bn_chan, .in = sizes.n_filters},
                        Bias::required));
  const int64_t total = sizes.n_blocks * sizes.n_repeats;
  for (int64_t i = 0; i < total; ++i) {
    TESSERA_TRY(ConvTasNetBlock block,
                read_asteroid_block(state, i, sizes, options, i + 1 == total, notes));
    net.blocks.push_back(std::move(block));
  }
  return net;
}

}  // namespace tessera
