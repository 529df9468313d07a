#include "model/torch/known_networks.h"

namespace tessera {
namespace {

constexpr KnownNetwork kKnownNetworks[] = {
    {"asteroid_convtasnet", "masker.bottleneck.1.weight", read_asteroid, "Asteroid's `ConvTasNet`",
     "causality, batch norm; with `model_args`: everything",
     "`mask_act=sigmoid`, `norm_type` gLN (causal: cLN), `stride` half the kernel, no "
     "`encoder_activation`, how the blocks repeat"},
    {"torchaudio_convtasnet", "mask_generator.input_conv.weight", read_torchaudio,
     "torchaudio's `ConvTasNet`", "",
     "`mask_act=sigmoid` (the published Libri2Mix network: `relu`), how the blocks repeat"},
    {"speechbrain_convtasnet", "masknet.bottleneck_conv1x1.conv.weight", read_speechbrain,
     "SpeechBrain's `MaskNet` with its encoder and decoder: three files, or one with "
     "`{\"encoder\": ..., \"masknet\": ..., \"decoder\": ...}`",
     "how the blocks repeat; with `hyperparams.yaml`: everything",
     "`mask_act=relu`, `norm_type=gLN`, `causal=false`"},
    {"kaituoxu_convtasnet", "separator.network.1.weight", read_kaituoxu,
     "[kaituoxu/Conv-TasNet](https://github.com/kaituoxu/Conv-TasNet)",
     "causality, batch norm, how the blocks repeat; with the sizes beside: everything",
     "`mask_act=relu`, `norm_type=gLN`"},
    {"funcwj_convtasnet", "encoder_1d.weight", read_funcwj,
     "[funcwj/conv-tasnet](https://github.com/funcwj/conv-tasnet)",
     "the kind of norm, how the blocks repeat", "`mask_act=relu`, `causal=false`"},
    {"jusperlee_convtasnet", "BottleN_S.weight", read_jusperlee,
     "[JusperLee/Conv-TasNet](https://github.com/JusperLee/Conv-TasNet), with and without skips",
     "the kind of norm, how the blocks repeat (but with skips), whether `PReLU_2` and `norm_2` "
     "are applied: where they were trained",
     "`mask_act=relu`, `causal=false`"},
    {"jusperlee_convtasnet", "separation.sep.0.tcn.0.sconv.weight", read_jusperlee_lightning,
     "the same with Lightning", "the kind of norm, causality, how the blocks repeat",
     "`mask_act=relu`"},
    {"naplab_convtasnet", "TCN.BN.weight", read_naplab,
     "[naplab/Conv-TasNet](https://github.com/naplab/Conv-TasNet)", "causality",
     "`mask_act=sigmoid`, how the blocks repeat"},
};

}  // namespace

std::span<const KnownNetwork> known_networks() {
  return kKnownNetworks;
}

}  // namespace tessera
