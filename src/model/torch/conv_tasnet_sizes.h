// Sizes of a Conv-TasNet from its model arguments (Asteroid's names) and the shapes of its weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/torch/model_args.h"
#include "model/torch/state_view.h"

namespace tessera {

// Where a family's state dict shows the sizes.
struct ConvTasNetKeys {
  std::string encoder;          // [n_filters, 1, kernel_size]
  std::string bottleneck;       // [bn_chan, n_filters, 1]
  std::string first_in_conv;    // [hid_chan, bn_chan, 1]
  std::string first_depthwise;  // [hid_chan, 1, conv_kernel_size]
  std::string first_skip_conv;  // [skip_chan, hid_chan, 1]; absent: no skips
  std::string mask_conv;        // [n_src*out_chan, skip_chan or bn_chan, 1]
};

struct ConvTasNetSizes {
  int64_t n_filters = 0;
  int64_t kernel_size = 0;
  int64_t stride = 0;
  int64_t bn_chan = 0;
  int64_t hid_chan = 0;
  int64_t skip_chan = 0;  // 0: no skip path
  int64_t conv_kernel_size = 0;
  int64_t n_blocks = 0;
  int64_t n_repeats = 0;
  int64_t n_src = 0;
  int64_t out_chan = 0;

  int64_t mask_input() const { return skip_chan != 0 ? skip_chan : bn_chan; }
  int64_t dilation(int64_t block) const { return int64_t{1} << (block % n_blocks); }
};

// Sizes stated by the arguments, the others from the shapes. stride, n_blocks and n_repeats are
// left at 0 where they are not stated: shapes do not show them. Errors: kInvalidModel when the
// shapes give no sensible number.
Result<ConvTasNetSizes> resolve_sizes(const StateView& state, const ConvTasNetKeys& keys,
                                      ModelArgs& args);

// n_blocks and n_repeats for `total` blocks where the arguments leave them open: 8 blocks per
// repeat where that divides, else few repeats of several blocks. Says so in `notes`.
void assume_repeats(int64_t total, ConvTasNetSizes& sizes, std::vector<Note>& notes);

// n_blocks and n_repeats where the arguments leave them open and the names of the blocks,
// `key_of(repeat, block)` + `tensor`, tell them.
void count_blocks(const StateView& state, std::string (*key_of)(int64_t repeat, int64_t block),
                  std::string_view tensor, ConvTasNetSizes& sizes);

// stride = half the kernel, as toolkits have it that know no other. Error: kInvalidModel where the
// arguments say another or the kernel has no half.
Result<void> fix_half_stride(std::string_view toolkit, const std::string& encoder,
                             ConvTasNetSizes& sizes);

// Error: kInvalidModel for depthwise kernels that the toolkit itself cannot run: even ones, which
// make a block shorter than its input, and 1 where the end of a causal block is cut off.
Result<void> refuse_broken_kernels(std::string_view toolkit, const std::string& depthwise,
                                   bool causal, const ConvTasNetSizes& sizes);

// Number of consecutive i from 0 for which `prefix` + i + `suffix` is there.
int64_t count_indexed(const StateView& state, std::string_view prefix, std::string_view suffix);

}  // namespace tessera
