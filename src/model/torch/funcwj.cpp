// The Conv-TasNet of github.com/funcwj/conv-tasnet (nnet/conv_tas_net.py) and those of
// github.com/JusperLee/Conv-TasNet that follow it: one structure under other names. Every
// convolution has a bias, norms add 1e-5 to the variance, masks are made from the residual stream.
// Their checkpoints are {epoch, model_state_dict, optim_state_dict}, or Lightning's, without the
// constructor's arguments.
#include <algorithm>

#include <fmt/format.h>

#include "model/torch/conv_tasnet_sizes.h"
#include "model/torch/known_networks.h"
#include "model/torch/layers.h"
#include "model/torch/network_options.h"

namespace tessera {
namespace {

using Text = std::string_view;

// Names of the layers.
struct Layout {
  Text toolkit;
  Text encoder;
  Text encoder_act;
  Text bottleneck_norm;
  Text bottleneck;
  std::string (*block)(int64_t repeat, int64_t index);  // with its dot
  bool flat;  // blocks are numbered through: how they repeat is not told
  Text prelu_1, norm_1, depthwise, prelu_2, norm_2, res_conv, skip_conv;
  Text gain, offset;  // of the global norm
  Text mask;
  Text decoder;
};

std::string funcwj_block(int64_t r, int64_t x) {
  return fmt::format("repeats.{}.{}.", r, x);
}
std::string jusperlee_block(int64_t r, int64_t x) {
  return fmt::format("separation.{}.{}.", r, x);
}
std::string flat_block(int64_t /*r*/, int64_t i) {
  return fmt::format("separation.{}.", i);
}
std::string lightning_block(int64_t r, int64_t x) {
  return fmt::format("separation.sep.{}.tcn.{}.", r, x);
}

constexpr Layout kFuncwjLayout{"funcwj/conv-tasnet",
                               "encoder_1d",
                               "relu",
                               "ln",
                               "proj",
                               funcwj_block,
                               false,
                               "prelu1",
                               "lnorm1",
                               "dconv",
                               "prelu2",
                               "lnorm2",
                               "sconv",
                               "",
                               "gamma",
                               "beta",
                               "mask",
                               "decoder_1d"};
constexpr Layout kJusperLee{"JusperLee/Conv-TasNet",
                            "encoder",
                            "linear",
                            "LayerN_S",
                            "BottleN_S",
                            jusperlee_block,
                            false,
                            "PReLU_1",
                            "norm_1",
                            "dwconv",
                            "PReLU_2",
                            "norm_2",
                            "Sc_conv",
                            "",
                            "weight",
                            "bias",
                            "gen_masks",
                            "decoder"};
constexpr Layout kJusperLeeSkip{"JusperLee/Conv-TasNet",
                                "encoder",
                                "linear",
                                "LayerN_S",
                                "BottleN_S",
                                flat_block,
                                true,
                                "PReLU_1",
                                "norm_1",
                                "dwconv",
                                "PReLU_2",
                                "norm_2",
                                "Sc_conv",
                                "skip_conv",
                                "weight",
                                "bias",
                                "gen_masks",
                                "decoder"};
constexpr Layout kLightning{"JusperLee/Conv-TasNet with Lightning",
                            "encoder.encoder",
                            "linear",
                            "encoder.norm",
                            "encoder.conv1x1",
                            lightning_block,
                            false,
                            "prelu1",
                            "norm1",
                            "dwconv",
                            "prelu2",
                            "norm2",
                            "sconv",
                            "",
                            "gamma",
                            "beta",
                            "mask",
                            "decoder.decoder"};

constexpr Text kFuncwjMaskActs[] = {"relu", "sigmoid", "softmax"};

struct FuncwjOptions {
  NormKind norm = NormKind::global;
  bool causal = false;
  bool second_half = true;  // PReLU and norm after the depthwise convolution
  std::string mask_act;
};

class FuncwjReader {
 public:
  FuncwjReader(StateView& state, ModelArgs& args, const Layout& layout, bool has_args,
               std::vector<Note>& notes)
      : state_(state),
        args_(args),
        layout_(layout),
        toolkit_{layout.toolkit, has_args},
        notes_(notes) {}

  // Resolved by the caller between these two.
  FuncwjOptions options;
  Result<void> resolve_norm_and_mask() {
    TESSERA_TRY(options.norm, agreed_norm(args_, toolkit_, shown_norm()));
    TESSERA_TRY(options.mask_act,
                choose_option(args_, toolkit_, "mask_act", kFuncwjMaskActs, "relu", notes_));
    return check_encoder_activation(args_, toolkit_, layout_.encoder_act);
  }
  Result<ConvTasNet> read(NormKind bottleneck_norm) {
    TESSERA_TRY(sizes_, resolve_all_sizes());
    ConvTasNet net;
    net.n_src = sizes_.n_src;
    net.mask_channels = sizes_.n_filters;
    net.kernel = sizes_.kernel_size;
    net.stride = sizes_.stride;
    TESSERA_TRY_VOID(read_ends(net));
    TESSERA_TRY(net.bottleneck_norm,
                take_norm(std::string(layout_.bottleneck_norm), bottleneck_norm, sizes_.n_filters));
    TESSERA_TRY(net.bottleneck_conv,
                take_conv(state_, std::string(layout_.bottleneck),
                          {.out = sizes_.bn_chan, .in = sizes_.n_filters}, Bias::required));
    const int64_t total = sizes_.n_blocks * sizes_.n_repeats;
    for (int64_t i = 0; i < total; ++i) {
      const std::string key = layout_.flat
                                  ? layout_.block(0, i)
                                  : layout_.block(i / sizes_.n_blocks, i % sizes_.n_blocks);
      TESSERA_TRY(ConvTasNetBlock block, read_block(key, sizes_.dilation(i), i + 1 == total));
      net.blocks.push_back(std::move(block));
    }
    return net;
  }

  Result<void> resolve_causal() {
    TESSERA_TRY(const auto stated, args_.flag("causal"));
    options.causal = stated.value_or(false);
    if (!stated && !toolkit_.has_args) {
      notes_.push_back({NoteSeverity::warning,
                        "assumed causal=false: the weights do not tell; if that is wrong give "
                        "ImportOptions::model_args causal=true"});
    }
    return {};
  }

  // Versions of JusperLee's file until March 2023 apply PReLU_2 and norm_2; later ones make them
  // and leave them out, so that training never changes them.
  Result<void> resolve_second_half() {
    TESSERA_TRY(const auto stated, args_.flag("second_norm"));
    const bool trained = !second_half_is_initial();
    options.second_half = stated.value_or(trained);
    if (stated) return {};
    notes_.push_back(
        {NoteSeverity::warning,
         trained ? "PReLU_2 and norm_2 of the blocks were trained, so they are applied, as "
                   "versions of the toolkit before March 2023 do; if yours leaves them out give "
                   "ImportOptions::model_args second_norm=false"
                 : "PReLU_2 and norm_2 of the blocks have their initial values, so they are left "
                   "out, as versions of the toolkit since March 2023 do; if yours applies them "
                   "give ImportOptions::model_args second_norm=true"});
    return {};
  }

 private:
  std::string first(Text layer) const { return layout_.block(0, 0) + std::string(layer); }

  NormKind shown_norm() const {
    const std::string key = first(layout_.norm_1);
    if (state_.has(key + ".running_mean")) return NormKind::batch;
    const NamedTensor* gain = state_.find(fmt::format("{}.{}", key, layout_.gain));
    return gain != nullptr && gain->dims.size() == 2 ? NormKind::global : NormKind::channel_wise;
  }

  Result<ConvTasNetSizes> resolve_all_sizes() {
    const auto weight = [](Text layer) { return fmt::format("{}.weight", layer); };
    const ConvTasNetKeys keys{weight(layout_.encoder),
                              weight(layout_.bottleneck),
                              first("conv1x1.weight"),
                              first(weight(layout_.depthwise)),
                              layout_.skip_conv.empty() ? "" : first(weight(layout_.skip_conv)),
                              weight(layout_.mask)};
    TESSERA_TRY(ConvTasNetSizes sizes, resolve_sizes(state_, keys, args_));
    TESSERA_TRY_VOID(fix_half_stride(layout_.toolkit, keys.encoder, sizes));
    TESSERA_TRY_VOID(
        refuse_broken_kernels(layout_.toolkit, keys.first_depthwise, options.causal, sizes));
    if (layout_.flat) {
      assume_repeats(count_indexed(state_, "separation.", ".conv1x1.weight"), sizes, notes_);
    } else {
      count_blocks(state_, layout_.block, "conv1x1.weight", sizes);
    }
    return sizes;
  }

  Result<ConvTasNetLayer> take_norm(const std::string& key, NormKind kind, int64_t channels) {
    if (kind == NormKind::batch) return take_batch_norm(state_, key, channels);
    GainNorm form{.kind = kind, .gain = "weight", .offset = "bias", .eps = kTorchNormEps};
    if (kind == NormKind::global) {
      form.gain = layout_.gain;
      form.offset = layout_.offset;
      form.ones_after = 1;
    }
    return take_gain_norm(state_, key, form, channels);
  }

  Result<ConvTasNetBlock> read_block(const std::string& key, int64_t dilation, bool last) {
    const auto at = [&](Text layer) { return key + std::string(layer); };
    const int64_t h = sizes_.hid_chan;
    ConvTasNetBlock block;
    TESSERA_TRY(block.in_conv,
                take_conv(state_, at("conv1x1"), {.out = h, .in = sizes_.bn_chan}, Bias::required));
    TESSERA_TRY(block.prelu_1, take_prelu(state_, at(layout_.prelu_1)));
    TESSERA_TRY(block.norm_1, take_norm(at(layout_.norm_1), options.norm, h));
    TESSERA_TRY(block.depthwise,
                take_conv(state_, at(layout_.depthwise),
                          depthwise_shape(h, sizes_.conv_kernel_size, dilation, options.causal),
                          Bias::required));
    TESSERA_TRY(block.prelu_2, take_prelu(state_, at(layout_.prelu_2)));
    TESSERA_TRY(block.norm_2, take_norm(at(layout_.norm_2), options.norm, h));
    if (!options.second_half) {
      block.prelu_2.reset();
      block.norm_2.reset();
    }
    TESSERA_TRY(block.res_conv, take_conv(state_, at(layout_.res_conv),
                                          {.out = sizes_.bn_chan, .in = h}, Bias::required));
    if (sizes_.skip_chan == 0) return block;
    TESSERA_TRY(block.skip_conv, take_conv(state_, at(layout_.skip_conv),
                                           {.out = sizes_.bn_chan, .in = h}, Bias::required));
    if (last) {
      notes_.push_back({NoteSeverity::info, fmt::format("{} was left out: nothing reads its output",
                                                        at(layout_.res_conv))});
      block.res_conv.reset();
    }
    return block;
  }

  Result<void> read_ends(ConvTasNet& net) {
    const int64_t n = sizes_.n_filters;
    TESSERA_TRY(
        net.encoder,
        take_conv(state_, std::string(layout_.encoder),
                  {.out = n, .in = 1, .kernel = sizes_.kernel_size, .stride = sizes_.stride},
                  Bias::required));
    TESSERA_TRY(net.encoder_act,
                make_activation(state_, std::string(layout_.encoder_act), "encoder", Softmax{}));
    TESSERA_TRY(net.mask_conv,
                take_conv(state_, std::string(layout_.mask),
                          {.out = sizes_.n_src * n, .in = sizes_.bn_chan}, Bias::required));
    TESSERA_TRY(net.mask_act, make_activation(state_, options.mask_act, "masks",
                                              Softmax{SoftmaxOver::source, sizes_.n_src}));
    const std::string decoder(layout_.decoder);
    TESSERA_TRY(net.decoder, take_synthesis(state_, decoder + ".weight", n, sizes_.kernel_size,
                                            sizes_.stride, 0));
    TESSERA_TRY(std::get<ConvTranspose>(net.decoder.op).bias, state_.take(decoder + ".bias", {1}));
    return {};
  }

  bool second_half_is_initial() const {
    const auto all = [&](const std::string& name, float value) {
      const NamedTensor* tensor = state_.find(name);
      if (tensor == nullptr || tensor->tensor.empty()) return false;
      const auto values = tensor->tensor.values();
      return std::all_of(values.begin(), values.end(), [&](float v) { return v == value; });
    };
    const auto initial = [&](const std::string& key) {
      return all(fmt::format("{}{}.weight", key, layout_.prelu_2), 0.25F) &&
             all(fmt::format("{}{}.weight", key, layout_.norm_2), 1.0F) &&
             all(fmt::format("{}{}.bias", key, layout_.norm_2), 0.0F);
    };
    for (int64_t r = 0; r == 0 || state_.has(layout_.block(r, 0) + "conv1x1.weight"); ++r) {
      for (int64_t x = 0; state_.has(layout_.block(r, x) + "conv1x1.weight"); ++x) {
        if (!initial(layout_.block(r, x))) return false;
      }
      if (layout_.flat) break;
    }
    return true;
  }

  StateView& state_;
  ModelArgs& args_;
  const Layout& layout_;
  Toolkit toolkit_;
  std::vector<Note>& notes_;
  ConvTasNetSizes sizes_;
};

}  // namespace

Result<ConvTasNet> read_funcwj(StateView& state, ModelArgs& args, bool has_args,
                               std::vector<Note>& notes) {
  FuncwjReader reader(state, args, kFuncwjLayout, has_args, notes);
  TESSERA_TRY_VOID(reader.resolve_norm_and_mask());
  TESSERA_TRY_VOID(reader.resolve_causal());
  return reader.read(NormKind::channel_wise);
}

Result<ConvTasNet> read_jusperlee(StateView& state, ModelArgs& args, bool has_args,
                                  std::vector<Note>& notes) {
  const bool flat = state.has("separation.0.conv1x1.weight");
  FuncwjReader reader(state, args, flat ? kJusperLeeSkip : kJusperLee, has_args, notes);
  TESSERA_TRY_VOID(reader.resolve_norm_and_mask());
  TESSERA_TRY_VOID(reader.resolve_causal());
  TESSERA_TRY_VOID(reader.resolve_second_half());
  return reader.read(NormKind::channel_wise);
}

// Causal where its norms are cLN; there is no option for it.
Result<ConvTasNet> read_jusperlee_lightning(StateView& state, ModelArgs& args, bool has_args,
                                            std::vector<Note>& notes) {
  FuncwjReader reader(state, args, kLightning, has_args, notes);
  TESSERA_TRY_VOID(reader.resolve_norm_and_mask());
  args.ignore("causal");
  if (reader.options.norm == NormKind::batch) {
    return TESSERA_ERROR(kInvalidModel, "",
                         "with batch norm this toolkit makes every block longer than its input",
                         "it cannot run this network either");
  }
  if (reader.options.mask_act == "softmax") {
    return TESSERA_ERROR(kUnsupported, "", "mask_act 'softmax' works over the batch here",
                         "it makes every mask 1; no network can have been trained so");
  }
  reader.options.causal = reader.options.norm == NormKind::channel_wise;
  return reader.read(reader.options.norm);
}

}  // namespace tessera
