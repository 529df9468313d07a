// The Conv-TasNet of github.com/kaituoxu/Conv-TasNet (src/conv_tasnet.py). Its packages hold the
// constructor's arguments beside the state dict. No layer but the norms has a bias, and the masks
// are made from the residual stream. The decoder is a linear layer whose frames are added where
// they overlap: a transposed convolution.
#include <fmt/format.h>

#include "model/torch/conv_tasnet_sizes.h"
#include "model/torch/known_networks.h"
#include "model/torch/layers.h"
#include "model/torch/network_options.h"

namespace tessera {
namespace {

const ConvTasNetKeys kKaituoxuKeys{"encoder.conv1d_U.weight",
                                   "separator.network.1.weight",
                                   "separator.network.2.0.0.net.0.weight",
                                   "separator.network.2.0.0.net.3.net.0.weight",
                                   "",
                                   "separator.network.3.weight"};
constexpr std::string_view kKaituoxuMaskActs[] = {"relu", "softmax"};

std::string kaituoxu_block_key(int64_t repeat, int64_t block) {
  return fmt::format("separator.network.2.{}.{}.net.", repeat, block);
}

struct KaituoxuOptions {
  NormKind norm = NormKind::global;
  bool causal = false;
  std::string mask_act;
};

// A causal block has one layer more, which cuts the end off, before its second PReLU.
bool kaituoxu_looks_causal(const StateView& state) {
  return state.has(kaituoxu_block_key(0, 0) + "3.net.4.weight");
}

Result<NormKind> resolve_kaituoxu_norm(const StateView& state, ModelArgs& args,
                                       const Toolkit& toolkit, std::vector<Note>& notes) {
  if (state.has(kaituoxu_block_key(0, 0) + "2.running_mean"))
    return agreed_norm(args, toolkit, NormKind::batch);
  TESSERA_TRY(const auto stated, args.text("norm_type"));
  if (stated) {
    TESSERA_TRY(const NormKind norm, norm_named(*stated, toolkit));
    if (norm != NormKind::batch) return norm;
    return agreed_norm(args, toolkit, NormKind::global);
  }
  if (!toolkit.has_args) {
    notes.push_back({NoteSeverity::warning,
                     "assumed norm_type=gLN: the weights would fit cLN, too; if that is wrong give "
                     "ImportOptions::model_args norm_type=cLN"});
  }
  return NormKind::global;
}

Result<KaituoxuOptions> resolve_kaituoxu_options(const StateView& state, ModelArgs& args,
                                                 const Toolkit& toolkit, std::vector<Note>& notes) {
  KaituoxuOptions options;
  TESSERA_TRY(options.norm, resolve_kaituoxu_norm(state, args, toolkit, notes));
  TESSERA_TRY(const auto causal, args.flag("causal"));
  options.causal = causal.value_or(kaituoxu_looks_causal(state));
  TESSERA_TRY(options.mask_act,
              choose_option(args, toolkit, "mask_act", kKaituoxuMaskActs, "relu", notes));
  TESSERA_TRY_VOID(check_encoder_activation(args, toolkit, "relu"));
  return options;
}

// Gain and offset are [1, C, 1].
Result<ConvTasNetLayer> take_kaituoxu_norm(StateView& state, const std::string& key, NormKind kind,
                                           int64_t channels) {
  if (kind == NormKind::batch) return take_batch_norm(state, key, channels);
  return take_gain_norm(state, key, {.kind = kind, .ones_before = 1, .ones_after = 1}, channels);
}

Result<ConvTasNetBlock> read_kaituoxu_block(StateView& state, const std::string& key,
                                            const ConvTasNetSizes& sizes, int64_t dilation,
                                            const KaituoxuOptions& options) {
  const int64_t h = sizes.hid_chan;
  const std::string inner = key + "3.net.";
  const int64_t after = options.causal ? 2 : 1;  // index of what follows the depthwise
  ConvTasNetBlock block;
  TESSERA_TRY(block.in_conv,
              take_conv(state, key + "0", {.out = h, .in = sizes.bn_chan}, Bias::none));
  TESSERA_TRY(block.prelu_1, take_prelu(state, key + "1"));
  TESSERA_TRY(block.norm_1, take_kaituoxu_norm(state, key + "2", options.norm, h));
  const ConvShape depthwise = depthwise_shape(h, sizes.conv_kernel_size, dilation, options.causal);
  TESSERA_TRY(block.depthwise, take_conv(state, inner + "0", depthwise, Bias::none));
  TESSERA_TRY(block.prelu_2, take_prelu(state, fmt::format("{}{}", inner, after)));
  TESSERA_TRY(block.norm_2,
              take_kaituoxu_norm(state, fmt::format("{}{}", inner, after + 1), options.norm, h));
  TESSERA_TRY(block.res_conv, take_conv(state, fmt::format("{}{}", inner, after + 2),
                                        {.out = sizes.bn_chan, .in = h}, Bias::none));
  return block;
}

// From the linear layer's [kernel, filters] to [filters, 1, kernel].
Result<ConvTasNetLayer> read_decoder(StateView& state, const ConvTasNetSizes& sizes) {
  const std::string key = "decoder.basis_signals.weight";
  const int64_t k = sizes.kernel_size;
  const int64_t n = sizes.n_filters;
  TESSERA_TRY(const Tensor basis, state.take(key, {k, n}));
  ConvTranspose conv;
  conv.stride = Extent{1, sizes.stride};
  if (!basis.empty()) {
    const auto from = basis.values();
    std::vector<float> filters(from.size());
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < k; ++j)
        filters[static_cast<size_t>(i * k + j)] = from[static_cast<size_t>(j * n + i)];
    conv.weight = Tensor({n, 1, 1, k}, std::move(filters));
  }
  return ConvTasNetLayer{std::move(conv), key};
}

}  // namespace

Result<ConvTasNet> read_kaituoxu(StateView& state, ModelArgs& args, bool has_args,
                                 std::vector<Note>& notes) {
  const Toolkit toolkit{"kaituoxu/Conv-TasNet", has_args};
  TESSERA_TRY(ConvTasNetSizes sizes, resolve_sizes(state, kKaituoxuKeys, args));
  TESSERA_TRY_VOID(fix_half_stride(toolkit.name, kKaituoxuKeys.encoder, sizes));
  count_blocks(state, kaituoxu_block_key, "0.weight", sizes);
  TESSERA_TRY(const KaituoxuOptions options, resolve_kaituoxu_options(state, args, toolkit, notes));
  TESSERA_TRY_VOID(
      refuse_broken_kernels(toolkit.name, kKaituoxuKeys.first_depthwise, options.causal, sizes));
  ConvTasNet net;
  net.n_src = sizes.n_src;
  net.mask_channels = sizes.n_filters;
  net.kernel = sizes.kernel_size;
  net.stride = sizes.stride;
  TESSERA_TRY(
      net.encoder,
      take_filters(
          state, kKaituoxuKeys.encoder,
          {.out = sizes.n_filters, .in = 1, .kernel = sizes.kernel_size, .stride = sizes.stride}));
  TESSERA_TRY(net.encoder_act, make_activation(state, "relu", "encoder", Softmax{}));
  TESSERA_TRY(net.bottleneck_norm, take_kaituoxu_norm(state, "separator.network.0",
                                                      NormKind::channel_wise, sizes.n_filters));
  TESSERA_TRY(net.bottleneck_conv,
              take_conv(state, "separator.network.1", {.out = sizes.bn_chan, .in = sizes.n_filters},
                        Bias::none));
  for (int64_t r = 0; r < sizes.n_repeats; ++r) {
    for (int64_t x = 0; x < sizes.n_blocks; ++x) {
      TESSERA_TRY(ConvTasNetBlock block, read_kaituoxu_block(state, kaituoxu_block_key(r, x), sizes,
                                                             int64_t{1} << x, options));
      net.blocks.push_back(std::move(block));
    }
  }
  TESSERA_TRY(net.mask_conv,
              take_conv(state, "separator.network.3",
                        {.out = sizes.n_src * sizes.n_filters, .in = sizes.bn_chan}, Bias::none));
  TESSERA_TRY(net.mask_act, make_activation(state, options.mask_act, "separator",
                                            Softmax{SoftmaxOver::source, sizes.n_src}));
  TESSERA_TRY(net.decoder, read_decoder(state, sizes));
  return net;
}

}  // namespace tessera
