#include "model/torch/foreign_networks.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr ForeignNetwork kForeignNetworks[] = {
    {"DPRNNTasNet", "a dual-path recurrent network"},
    {"DPTNet", "a dual-path transformer with recurrent layers"},
    {"LSTMTasNet", "a recurrent network"},
    {"SepFormerTasNet", "a dual-path transformer"},
    {"SepFormer2TasNet", "a dual-path transformer"},
    {"GALRTasNet", "a recurrent network with attention"},
    {"SandglassetTasNet", "a recurrent network with attention"},
    {"SuDORMRFNet", "a U-shaped network that resamples in every block"},
    {"SuDORMRFImprovedNet", "a U-shaped network that resamples in every block"},
    {"DeMask", "a masker of short-time spectra"},
    {"DCCRNet", "a complex recurrent U-Net on short-time spectra"},
    {"DCUNet", "a complex U-Net on short-time spectra"},
    {"XUMX", "a recurrent network on short-time spectra"},
    {"FasNetTAC", "a recurrent network for several microphones"},
    {"VADNet", "a detector of voices, which separates no sources"},
    {"CRNN", "a convolutional recurrent network"},
    {"HDemucs", "a hybrid U-Net with recurrent layers and attention"},
    {"Dual_Path_Model", "SpeechBrain's dual-path network (SepFormer, DPRNN)"},
    {"ResourceEfficientSeparator", "SpeechBrain's RE-SepFormer, a transformer"},
    {"SkiMNet", "a recurrent network"},
};

constexpr ForeignLayer kLayers[] = {
    {"weight_ih_l", "a recurrent layer"},     {"weight_hh_l", "a recurrent layer"},
    {"in_proj_weight", "an attention layer"}, {"self_attn.", "an attention layer"},
    {".q_proj.", "an attention layer"},
};

constexpr std::string_view kHint =
    "use a temporal convolutional network, such as a ConvTasNet: others are not read";

// The last part of "asteroid.models.DPRNNTasNet".
std::string_view class_of(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == name.npos ? name : name.substr(dot + 1);
}

}  // namespace

std::span<const ForeignNetwork> foreign_networks() {
  return kForeignNetworks;
}

std::span<const ForeignLayer> foreign_layers() {
  return kLayers;
}

Result<void> refuse_foreign_name(const Checkpoint& checkpoint, bool read_as_convtasnet) {
  const std::string_view name = class_of(checkpoint.model_name);
  for (const ForeignNetwork& network : kForeignNetworks) {
    if (name != network.name) continue;
    return TESSERA_ERROR(kUnsupported, "",
                         fmt::format("this is a {}: {}", network.name, network.what),
                         std::string(kHint));
  }
  if (name.empty() || name == "ConvTasNet" || name == "TasNet" || read_as_convtasnet) return {};
  return TESSERA_ERROR(
      kUnsupported, "",
      fmt::format("the file says that its network is a {}, which is not known here", name),
      "export it to ONNX; if it computes what Asteroid's ConvTasNet does, give "
      "ImportOptions::model_args "
      "model_name=ConvTasNet");
}

Result<void> refuse_foreign_layers(const Checkpoint& checkpoint, std::string_view prefix) {
  for (const NamedTensor& tensor : checkpoint.tensors) {
    if (!tensor.name.starts_with(prefix)) continue;
    for (const ForeignLayer& layer : kLayers) {
      if (tensor.name.find(layer.part) == std::string::npos) continue;
      return TESSERA_ERROR(kUnsupported, tensor.name, fmt::format("the network has {}", layer.what),
                           std::string(kHint));
    }
  }
  return {};
}

}  // namespace tessera
