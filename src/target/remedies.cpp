// What makes violations go away. Rewrites are rules of src/rewrite; plan entries are decisions of
// the planner.
#include "tessera/compiler/target.h"

namespace tessera {

std::span<const Remedy> remedies() {
  using enum Remedy::Kind;
  static constexpr Remedy kRemedies[] = {
      {"fold_batch_norm", rewrite, "a batch norm becomes part of the convolution beside it"},
      {"split_global_norm", rewrite,
       "statistics on the host over the whole sequence, one factor and offset per channel after "
       "them"},
      {"split_feature_wise_norm", rewrite, "the same with statistics per channel"},
      {"split_cumulative_norm", rewrite, "the same with running statistics"},
      {"split_channel_wise_norm", rewrite, "the same with statistics per frame"},
      {"lower_channel_wise_norm", rewrite, "sums and products over the channels of each frame"},
      {"lower_grouped_conv_to_dense", rewrite, "one dense convolution, zero between groups"},
      {"lower_grouped_conv_to_slices", rewrite, "one convolution per group, joined"},
      {"lower_depthwise_to_dense", rewrite, "a dense convolution with a diagonal weight"},
      {"lower_dilation_to_phases", rewrite,
       "d undilated convolutions on the d phases of the input"},
      {"factor_strided_conv", rewrite, "samples of a stride become channels, the kernel shrinks"},
      {"lower_transposed_conv", rewrite,
       "a pointwise convolution on the chip, overlap-add on the host"},
      {"replace_prelu_with_relu", rewrite, "approximate, opt-in: the negative side is lost"},
      {"tile_time", plan, "narrower tiles of time, each with its halo"},
      {"stripe_time", plan, "time along H in stripes, so that a row holds few frames"},
      {"block_channels", plan, "blocks of channels, partial sums added up"},
      {"cut_segments", plan, "smaller pieces, run one after another"},
      {"gather_halo_on_host", plan, "the host hands over padded tiles"},
      {"gather_phases_on_host", plan, "the host hands over every d-th frame"},
      {"place_on_host", plan, "the host computes this node in float"},
      {"run_one_sample_per_call", plan, "samples are called one after another"},
  };
  return kRemedies;
}

}  // namespace tessera
