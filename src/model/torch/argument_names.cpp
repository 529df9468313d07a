#include "model/torch/argument_names.h"

#include <algorithm>

namespace tessera {
namespace {

constexpr std::string_view kPaper = "kaituoxu, funcwj, JusperLee, SpeechBrain";
constexpr std::string_view kFuncwj = "funcwj, JusperLee";

constexpr ArgumentName kNames[] = {
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
    {"sample_rate", "sr", "JusperLee, naplab"},
};

}  // namespace

std::span<const ArgumentName> argument_names() {
  return kNames;
}

std::string_view common_argument_name(std::string_view name) {
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                   [&](const ArgumentName& row) { return row.other == name; });
  return found == std::end(kNames) ? name : found->name;
}

}  // namespace tessera
