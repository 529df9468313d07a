#!/usr/bin/env python3
"""Writes tests/data/speechbrain/{folder,causal}/: tiny seeded networks as SpeechBrain publishes them, in encoder.ckpt,
masknet.ckpt, decoder.ckpt and hyperparams.yaml, with an input and the output that SpeechBrain computes for it.

Needs SpeechBrain 1. Usage: tools/vectors/make_speechbrain_folders.py [OUTPUT_FOLDER]
"""

import pathlib
import sys

import numpy as np
import torch

YAML = """\
# A network for tests, with what a training's hyperparameters hold besides.
seed: 1234
__set_seed: !apply:speechbrain.utils.seed_everything [!ref <seed>]
data_folder: !PLACEHOLDER
output_folder: !ref results/<seed>
num_spks: 2
rate: !ref <base_rate>
base_rate: 8000
sample_rate: !ref <rate>
lr: !!float 1e-3
speeds: [95, 100, 105]
augment: !new:speechbrain.augment.time_domain.SpeedPerturb
    orig_freq: !ref <sample_rate>
    speeds: !ref <speeds>
N_encoder_out: {filters}
kernel_size: 6
kernel_stride: 3
Encoder: !new:speechbrain.lobes.models.dual_path.Encoder
    kernel_size: !ref <kernel_size>
    out_channels: !ref <N_encoder_out>
MaskNet: !new:speechbrain.lobes.models.conv_tasnet.MaskNet
    N: !ref <N_encoder_out>
    B: 5
    H: 8
    P: {kernel}
    X: 2
    R: 2
    C: !ref <num_spks>
    norm_type: '{norm}'
    causal: {causal}
    mask_nonlinear: 'relu'
Decoder: !new:speechbrain.lobes.models.dual_path.Decoder
    in_channels: !ref <N_encoder_out>
    out_channels: 1
    kernel_size: !ref <kernel_size>
    stride: !ref <kernel_stride>
    bias: False
optimizer: !name:torch.optim.Adam
    lr: !ref <lr>
modules:
    encoder: !ref <Encoder>
    decoder: !ref <Decoder>
    masknet: !ref <MaskNet>
"""

FOLDERS = {
    "folder": dict(filters=12, kernel=3, norm="cLN", causal=False),
    "causal": dict(filters=10, kernel=5, norm="gLN", causal=True),
}


def randomise(model):
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("gamma") or tensor.ndim == 1 and name.endswith("weight"):
                tensor.uniform_(0.1, 1.5)
            else:
                tensor.normal_(0, 0.4)


def main():
    from speechbrain.lobes.models.conv_tasnet import MaskNet

    root = pathlib.Path(__file__).parents[2] / "tests/data/speechbrain"
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root
    for seed, (name, options) in enumerate(FOLDERS.items()):
        torch.manual_seed(800 + seed)
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        filters = options["filters"]
        # The encoder and decoder of speechbrain.lobes.models.dual_path.
        encoder = torch.nn.Module()
        encoder.conv1d = torch.nn.Conv1d(1, filters, 6, stride=3, bias=False)
        decoder = torch.nn.ConvTranspose1d(filters, 1, 6, stride=3, bias=False)
        masknet = MaskNet(filters, 5, 8, options["kernel"], 2, 2, 2, options["norm"], options["causal"], "relu")
        for part, module in {"encoder": encoder, "masknet": masknet, "decoder": decoder}.items():
            randomise(module)
            module.eval()
            torch.save(module.state_dict(), folder / f"{part}.ckpt")
        wave = torch.randn(1, 1, 121 + seed)
        with torch.no_grad():
            encoded = torch.relu(encoder.conv1d(wave))
            out = torch.cat([decoder(encoded * mask) for mask in masknet(encoded)], 1)
        out = torch.nn.functional.pad(out, (0, wave.shape[-1] - out.shape[-1]))
        np.save(folder / "in.npy", wave.numpy())
        np.save(folder / "out.npy", out.numpy())
        (folder / "hyperparams.yaml").write_text(YAML.format(**options))


if __name__ == "__main__":
    main()
