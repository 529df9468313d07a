// Every rule, each in the file of its name.
#pragma once

#include "tessera/compiler/rewrite.h"

namespace tessera::rules {

// Approximate: the network's structure as its author wrote it.
extern const Rule truncate_blocks;
extern const Rule bypass_mask;
extern const Rule keep_one_source;
extern const Rule reduce_decoder;
extern const Rule replace_decoder_with_pointwise_head;
extern const Rule replace_prelu_with_relu;
extern const Rule freeze_global_norm;
extern const Rule replace_norm_with_affine;
extern const Rule replace_norm_with_identity;

// Exact.
extern const Rule change_channel_basis;
extern const Rule eliminate_dead;
extern const Rule eliminate_identity;
extern const Rule factor_strided_conv;
extern const Rule fold_affine_into_conv;
extern const Rule fold_batch_norm;
extern const Rule fold_pad_into_conv;
extern const Rule fold_scale_shift_into_pointwise;
extern const Rule fuse_affines;
extern const Rule fuse_skip_sum;
extern const Rule fuse_slices;
extern const Rule lower_batch_norm;
extern const Rule lower_channel_wise_norm;
extern const Rule lower_depthwise_to_dense;
extern const Rule lower_dilation_to_phases;
extern const Rule lower_grouped_conv_to_dense;
extern const Rule lower_grouped_conv_to_slices;
extern const Rule lower_transposed_conv;
extern const Rule make_identity_pointwise;
extern const Rule merge_residual_skip;
extern const Rule split_channel_wise_norm;
extern const Rule split_cumulative_norm;
extern const Rule split_feature_wise_norm;
extern const Rule split_global_norm;
extern const Rule split_mask_head;

}  // namespace tessera::rules
