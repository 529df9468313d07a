#include "model/torch/conv_tasnet_sizes.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr int64_t kMaxChannels = 1 << 16;
constexpr int64_t kMaxKernel = 1 << 16;
constexpr int64_t kMaxBlocks = 24;  // dilation 2^23
constexpr int64_t kMaxRepeats = 1000;
constexpr int64_t kMaxSources = 1000;

// The argument, else the size a tensor shows.
Result<int64_t> size_of(const StateView& state, ModelArgs& args, const std::string& name,
                        const std::string& key, size_t axis, int64_t limit) {
  TESSERA_TRY(const auto stated, args.integer(name, 1, limit));
  if (stated) return *stated;
  const int64_t shown = state.dim(key, axis);
  if (shown >= 1 && shown <= limit) return shown;
  if (!state.has(key)) {
    return TESSERA_ERROR(
        kInvalidModel, key, "the state dict lacks this tensor",
        fmt::format("the weights must belong to one whole network; {} is read from it", name));
  }
  return TESSERA_ERROR(
      kInvalidModel, key,
      fmt::format("shape {} gives no {}", dims_to_string(state.find(key)->dims), name), "");
}

// Masks: n_src groups of out_chan channels. The tensor shows their product only.
Result<void> resolve_masks(const StateView& state, const ConvTasNetKeys& keys, ModelArgs& args,
                           ConvTasNetSizes& sizes) {
  TESSERA_TRY(const auto out_chan, args.integer("out_chan", 1, kMaxChannels));
  TESSERA_TRY(const auto n_src, args.integer("n_src", 1, kMaxSources));
  sizes.out_chan = out_chan.value_or(sizes.n_filters);
  if (n_src) {
    sizes.n_src = *n_src;
    return {};
  }
  const int64_t channels = state.dim(keys.mask_conv, 0);
  if (channels < 1 || channels % sizes.out_chan != 0 || channels / sizes.out_chan > kMaxSources) {
    return TESSERA_ERROR(kInvalidModel, keys.mask_conv,
                         fmt::format("its {} channels are not a whole number of masks of {}",
                                     channels, sizes.out_chan),
                         "give n_src and out_chan with ImportOptions::model_args");
  }
  sizes.n_src = channels / sizes.out_chan;
  return {};
}

}  // namespace

Result<ConvTasNetSizes> resolve_sizes(const StateView& state, const ConvTasNetKeys& keys,
                                      ModelArgs& args) {
  ConvTasNetSizes sizes;
  TESSERA_TRY(sizes.n_filters, size_of(state, args, "n_filters", keys.encoder, 0, kMaxChannels));
  TESSERA_TRY(sizes.kernel_size, size_of(state, args, "kernel_size", keys.encoder, 2, kMaxKernel));
  TESSERA_TRY(sizes.bn_chan, size_of(state, args, "bn_chan", keys.bottleneck, 0, kMaxChannels));
  TESSERA_TRY(sizes.hid_chan,
              size_of(state, args, "hid_chan", keys.first_in_conv, 0, kMaxChannels));
  TESSERA_TRY(sizes.conv_kernel_size,
              size_of(state, args, "conv_kernel_size", keys.first_depthwise, 2, kMaxKernel));
  TESSERA_TRY(const auto skip_chan, args.integer("skip_chan", 0, kMaxChannels));
  sizes.skip_chan =
      skip_chan.value_or(args.states("skip_chan") ? 0 : state.dim(keys.first_skip_conv, 0));
  TESSERA_TRY(const auto in_chan, args.integer("in_chan", 1, kMaxChannels));
  if (in_chan && *in_chan != sizes.n_filters) {
    return TESSERA_ERROR(
        kInvalidModel, keys.encoder,
        fmt::format("in_chan is {} but the encoder has {} filters", *in_chan, sizes.n_filters), "");
  }
  TESSERA_TRY_VOID(resolve_masks(state, keys, args, sizes));
  TESSERA_TRY(const auto stride, args.integer("stride", 1, kMaxKernel));
  TESSERA_TRY(const auto n_blocks, args.integer("n_blocks", 1, kMaxBlocks));
  TESSERA_TRY(const auto n_repeats, args.integer("n_repeats", 1, kMaxRepeats));
  sizes.stride = stride.value_or(0);
  sizes.n_blocks = n_blocks.value_or(0);
  sizes.n_repeats = n_repeats.value_or(0);
  return sizes;
}

void assume_repeats(int64_t total, ConvTasNetSizes& sizes, std::vector<Note>& notes) {
  if (sizes.n_blocks != 0 && sizes.n_repeats != 0) return;
  if (sizes.n_blocks != 0) {
    sizes.n_repeats = std::max<int64_t>(1, total / sizes.n_blocks);
    return;
  }
  if (sizes.n_repeats != 0) {
    sizes.n_blocks = std::min(kMaxBlocks, std::max<int64_t>(1, total / sizes.n_repeats));
    return;
  }
  sizes.n_repeats = total;
  sizes.n_blocks = 1;
  for (int64_t repeats : {total / 8, int64_t{2}, int64_t{3}, int64_t{4}, int64_t{5}, int64_t{1}}) {
    if (repeats == 0 || total % repeats != 0) continue;
    const int64_t blocks = total / repeats;
    if ((repeats == total / 8 && blocks != 8) || (blocks == 1 && total > 1) || blocks > kMaxBlocks)
      continue;
    sizes.n_repeats = repeats;
    sizes.n_blocks = blocks;
    break;
  }
  if (total == 1) return;
  notes.push_back(
      {NoteSeverity::warning,
       fmt::format(
           "assumed {} repeats of {} blocks: the weights do not tell; if that is wrong the output "
           "is, too: give n_blocks=... n_repeats=... with ImportOptions::model_args",
           sizes.n_repeats, sizes.n_blocks)});
}

void count_blocks(const StateView& state, std::string (*key_of)(int64_t repeat, int64_t block),
                  std::string_view tensor, ConvTasNetSizes& sizes) {
  const auto has = [&](int64_t repeat, int64_t block) {
    return state.has(key_of(repeat, block) + std::string(tensor));
  };
  int64_t blocks = 0;
  while (has(0, blocks)) ++blocks;
  int64_t repeats = 0;
  while (has(repeats, 0)) ++repeats;
  if (sizes.n_blocks == 0) sizes.n_blocks = std::clamp<int64_t>(blocks, 1, kMaxBlocks);
  if (sizes.n_repeats == 0) sizes.n_repeats = std::clamp<int64_t>(repeats, 1, kMaxRepeats);
}

Result<void> fix_half_stride(std::string_view toolkit, const std::string& encoder,
                             ConvTasNetSizes& sizes) {
  const int64_t half = sizes.kernel_size / 2;
  if (half == 0) {
    return TESSERA_ERROR(kInvalidModel, encoder,
                         fmt::format("a kernel of 1 has no half to step by, as {} does", toolkit),
                         "");
  }
  if (sizes.stride != 0 && sizes.stride != half) {
    return TESSERA_ERROR(
        kInvalidModel, encoder,
        fmt::format("stride {}: {}'s is always half the kernel, {}", sizes.stride, toolkit, half),
        "");
  }
  sizes.stride = half;
  return {};
}

Result<void> refuse_broken_kernels(std::string_view toolkit, const std::string& depthwise,
                                   bool causal, const ConvTasNetSizes& sizes) {
  if (!causal && sizes.conv_kernel_size % 2 == 0) {
    return TESSERA_ERROR(
        kInvalidModel, depthwise,
        fmt::format(
            "conv_kernel_size {} is even: a block would be one frame shorter than its input",
            sizes.conv_kernel_size),
        fmt::format("{} cannot run this network either; use an odd kernel, or causal=True",
                    toolkit));
  }
  if (causal && sizes.conv_kernel_size == 1) {
    return TESSERA_ERROR(kInvalidModel, depthwise,
                         "a causal network with conv_kernel_size 1 chops everything off",
                         fmt::format("{} cannot run this network either", toolkit));
  }
  return {};
}

int64_t count_indexed(const StateView& state, std::string_view prefix, std::string_view suffix) {
  int64_t count = 0;
  while (state.has(fmt::format("{}{}{}", prefix, count, suffix))) ++count;
  return count;
}

}  // namespace tessera
