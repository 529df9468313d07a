#include "model/torch/argument_names.h"

#include <algorithm>

namespace tessera {
namespace {

constexpr std::string_view kPaper = "kaituoxu, funcwj, JusperLee, SpeechBrain";
constexpr std::string_view kFuncwj = "funcwj, JusperLee";

constexpr ArgumentName kArgumentNames[] = {
    {"n_filters", "N", kPaper},
    {"kernel_size", "L", kPaper},
    {"bn_chan", "B", kPaper},
    {"hid_chan", "H", kPaper},
    {"conv_kernel_size", "P", kPaper},
    {"n_blocks", "X", kPaper},
    {"n_repeats", "R", kPaper},
    {"n_src", "C", "kaituoxu, SpeechBrain"},
    {"mask_act", "mask_nonlinear", "kaituoxu, SpeechBrain"},
    {"n_src", "num_spks", kFuncwj},
    {"norm_type", "norm", kFuncwj},
    {"mask_act", "activate", "JusperLee"},
    {"mask_act", "non_linear", "funcwj"},
    {"n_src", "num_spk", "naplab"},
    {"n_filters", "enc_dim", "naplab"},
    {"bn_chan", "feature_dim", "naplab"},
    {"n_blocks", "layer", "naplab"},
    {"n_repeats", "stack", "naplab"},
    {"n_src", "num_sources", "torchaudio"},
    {"kernel_size", "enc_kernel_size", "torchaudio"},
    {"n_filters", "enc_num_feats", "torchaudio"},
    {"conv_kernel_size", "msk_kernel_size", "torchaudio"},
    {"bn_chan", "msk_num_feats", "torchaudio"},
    {"hid_chan", "msk_num_hidden_feats", "torchaudio"},
    {"n_blocks", "msk_num_layers", "torchaudio"},
    {"n_repeats", "msk_num_stacks", "torchaudio"},
    {"mask_act", "msk_activate", "torchaudio"},
    {"stride", "kernel_stride", "SpeechBrain"},
    {"sample_rate", "sr", "JusperLee, naplab"},
};

constexpr std::string_view kNumber = "a whole number";
constexpr CommonArgument kCommon[] = {
    {"n_src", kNumber},
    {"n_filters", kNumber},
    {"kernel_size", kNumber},
    {"stride", "a whole number; `None`: half the kernel"},
    {"bn_chan", kNumber},
    {"hid_chan", kNumber},
    {"skip_chan", "a whole number; 0 or `None`: no skip path"},
    {"conv_kernel_size", kNumber},
    {"n_blocks", kNumber},
    {"n_repeats", kNumber},
    {"out_chan", kNumber},
    {"norm_type", "`gLN` `fgLN` `cLN` `cgLN` `bN` (`BN`), as far as the toolkit has them"},
    {"mask_act",
     "`linear` `relu` `prelu` `leaky_relu` `sigmoid` `softmax` `tanh` `gelu` `swish`, "
     "as far as the toolkit has them"},
    {"encoder_activation", "the same"},
    {"causal", "`true` `false`"},
    {"sample_rate", "Hz"},
    {"second_norm", "`true` `false`: whether JusperLee's blocks apply `PReLU_2` and `norm_2`"},
    {"model_name", "`ConvTasNet`: read a file that calls its network something else"},
};

}  // namespace

std::span<const CommonArgument> common_arguments() {
  return kCommon;
}

std::span<const ArgumentName> argument_names() {
  return kArgumentNames;
}

std::string_view common_argument_name(std::string_view name) {
  const auto* found = std::find_if(std::begin(kArgumentNames), std::end(kArgumentNames),
                                   [&](const ArgumentName& row) { return row.other == name; });
  return found == std::end(kArgumentNames) ? name : found->name;
}

}  // namespace tessera
