// The one ordered list of rules, a reason for each place in it. The runner goes through it until a
// whole round changes nothing, so a place says who comes first, not who gets a chance.
#include "rewrite/rules/rules.h"

namespace tessera {
namespace {

constexpr Use kAlways = Use::always;
constexpr Use kOnRequest = Use::on_request;

constinit const ListedRule kRules[] = {
    {&rules::eliminate_dead, kAlways,
     "First and never disabled: rules ask who reads a node, and a dead reader would answer."},

    // Approximate rules speak of the network as its author wrote it, so they come before what
    // changes its form.
    {&rules::truncate_blocks, kOnRequest,
     "How deep must it be? Before the skip sum and the residuals change their form."},
    {&rules::bypass_mask, kOnRequest,
     "What do encoder and decoder do alone? The report names the masker it leaves dead."},
    {&rules::keep_one_source, kOnRequest,
     "One voice wanted: exact for the one kept, but the others are gone."},
    {&rules::reduce_decoder, kOnRequest,
     "A smaller transposed convolution where a target has no room for the whole one."},
    {&rules::replace_decoder_with_pointwise_head, kOnRequest,
     "A decoder without overlap, for comparison with the exact lower_transposed_conv."},
    {&rules::replace_prelu_with_relu, kOnRequest,
     "For a target without PReLU; its measured cost says what the slopes are worth."},
    {&rules::freeze_global_norm, kOnRequest,
     "Makes the whole network foldable and of one piece; it may destroy the network, so it is "
     "measured."},
    {&rules::replace_norm_with_affine, kOnRequest,
     "An earlier attempt's way around norms, kept to show what it costs."},
    {&rules::replace_norm_with_identity, kOnRequest,
     "After the affine form, so that asking for both means that one."},

    // Dense forms of grouped convolutions, before rules that want one group.
    {&rules::lower_grouped_conv_to_slices, kOnRequest,
     "Groups without zeros to multiply, at the price of slices; before the dense form, which it "
     "replaces."},
    {&rules::lower_grouped_conv_to_dense, kOnRequest,
     "For a target without groups, or with grouped deconvolution refused."},
    {&rules::lower_depthwise_to_dense, kOnRequest, "For a target without depthwise convolution."},

    // Borders: later rules look at what a convolution really reads.
    {&rules::make_identity_pointwise, kOnRequest,
     "A chip cannot run a piece without a layer; before eliminate_identity would remove it."},
    {&rules::fuse_slices, kAlways, "Slices left by importers and variants hide what is read."},
    {&rules::eliminate_identity, kAlways, "What fusing slices leaves over."},
    {&rules::fold_pad_into_conv, kAlways,
     "A convolution that pads is one layer; a pad before it is another."},

    // Batch norms are constants: they vanish into weights, or become affines.
    {&rules::fold_batch_norm, kAlways, "Costs nothing and removes a layer."},
    {&rules::lower_batch_norm, kAlways, "What could not be folded is still an affine, not a norm."},
    {&rules::fuse_affines, kAlways, "Two affines in a row fold as one."},
    {&rules::fold_affine_into_conv, kAlways,
     "After batch norms and frozen norms have become affines."},

    // Shape of the TCN.
    {&rules::split_mask_head, kAlways,
     "A head per source is a narrower row, and a piece of its own; slices of channels disappear."},
    {&rules::fuse_skip_sum, kOnRequest,
     "One matrix instead of a chain of sums, at the price of a very wide concat; before the merge, "
     "which takes the same convolutions."},
    {&rules::merge_residual_skip, kAlways,
     "The two read the same value: one pass over it, one layer instead of two."},

    // Norms: what the host computes over the whole sequence, and what is left for the chip.
    {&rules::split_global_norm, kAlways,
     "Statistics over all time: no tile can compute them alone."},
    {&rules::split_feature_wise_norm, kAlways, "The same per channel."},
    {&rules::split_cumulative_norm, kAlways,
     "Sums so far are carried from tile to tile by the host."},
    {&rules::lower_channel_wise_norm, kOnRequest,
     "The only norm a chip can do whole; before it would be split for the host."},
    {&rules::split_channel_wise_norm, kAlways,
     "Statistics of a frame need no other frame: the host computes them where the frame is."},
    {&rules::fold_scale_shift_into_pointwise, kOnRequest,
     "Fewer rows to scale where a pointwise narrows; not always, since it moves the host's work "
     "behind "
     "the convolution and cuts a segment in two."},

    // Time: convolutions a target cannot slide as they are, once everything that folds into them
    // has.
    {&rules::lower_dilation_to_phases, kOnRequest, "For a target without dilation."},
    {&rules::factor_strided_conv, kOnRequest, "For a target without strides of this size."},
    {&rules::lower_transposed_conv, kAlways,
     "A matrix and an overlap-add that the host does exactly, with every tap and every sample."},

    {&rules::change_channel_basis, kOnRequest,
     "Channels that nearly repeat each other lose to 8 bits what tells them apart: 'tessera build "
     "--quantize' finds a basis where they do not. Last, when all weights are final."},
};

}  // namespace

std::span<const ListedRule> rewrite_rules() {
  return kRules;
}

std::string_view to_string(Exactness exactness) {
  return exactness == Exactness::exact ? "exact" : "approximate";
}

std::string_view to_string(Use use) {
  return use == Use::always ? "always" : "on request";
}

}  // namespace tessera
