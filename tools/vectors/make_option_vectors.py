#!/usr/bin/env python3
"""Writes tests/data/options/: one tiny seeded network per option of Asteroid's, torchaudio's and SpeechBrain's
Conv-TasNet, with an input and the output that toolkit computes for it (float32, CPU).

Needs asteroid 0.7, torchaudio 2 and speechbrain 1. Usage: tools/vectors/make_option_vectors.py [OUTPUT_FOLDER]
"""

import pathlib
import sys

import numpy as np
import torch

TINY = dict(n_src=2, n_filters=12, kernel_size=6, stride=3, bn_chan=5, hid_chan=8, skip_chan=6, n_blocks=2, n_repeats=2)

ASTEROID = {
    "fgln": dict(norm_type="fgLN"),
    "cln_tanh": dict(norm_type="cLN", mask_act="tanh"),
    "cgln_linear": dict(norm_type="cgLN", mask_act="linear"),
    "bn_causal_becomes_cln": dict(norm_type="bN", causal=True),
    "gelu_swish": dict(mask_act="gelu", encoder_activation="swish"),
    "leaky_relu_prelu": dict(mask_act="leaky_relu", encoder_activation="prelu"),
    "prelu_tanh": dict(mask_act="prelu", encoder_activation="tanh"),
    "softmax_1src": dict(mask_act="softmax", n_src=1),
    "out_chan_1": dict(out_chan=1),
    "out_chan_1_src_1_skip_none": dict(out_chan=1, n_src=1, skip_chan=None),
    "stride_2_odd_kernel": dict(kernel_size=7, stride=2),
    "stride_none": dict(kernel_size=7, stride=None),
    "stride_longer_than_kernel": dict(kernel_size=4, stride=5),
    "conv_kernel_7": dict(conv_kernel_size=7, n_blocks=3, n_repeats=1),
    "conv_kernel_1": dict(conv_kernel_size=1),
    "causal_even_kernel": dict(conv_kernel_size=4, causal=True, norm_type="cgLN"),
    "five_sources_16k": dict(n_src=5, sample_rate=16000, mask_act="softmax"),
}

TORCHAUDIO = {
    "ta_relu": dict(msk_activate="relu"),
    "ta_odd_kernel": dict(enc_kernel_size=7, num_sources=3),
}


SPEECHBRAIN = {
    "sb_cln_softmax": dict(norm_type="cLN", mask_nonlinear="softmax"),
    "sb_gln_odd_kernel_3src": dict(kernel=7, C=3),
}


class SpeechBrainNet(torch.nn.Module):
    """The encoder and decoder of speechbrain.lobes.models.dual_path around MaskNet, as its separators call them."""

    def __init__(self, kernel=6, filters=12, C=2, **options):
        from speechbrain.lobes.models.conv_tasnet import MaskNet

        super().__init__()
        self.encoder = torch.nn.Module()
        self.encoder.conv1d = torch.nn.Conv1d(1, filters, kernel, stride=kernel // 2, bias=False)
        self.masknet = MaskNet(N=filters, B=5, H=8, P=5, X=2, R=2, C=C, **options)
        self.decoder = torch.nn.ConvTranspose1d(filters, 1, kernel, stride=kernel // 2, bias=False)

    def forward(self, wave):
        encoded = torch.relu(self.encoder.conv1d(wave))
        sources = [self.decoder(encoded * mask) for mask in self.masknet(encoded)]
        out = torch.cat(sources, 1)
        return torch.nn.functional.pad(out, (0, wave.shape[-1] - out.shape[-1]))


def randomise(model):
    """Weights, norms, PReLU slopes and running statistics away from their defaults."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(7)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0)
            elif name.endswith("gamma") or tensor.ndim == 1 and name.endswith("weight"):
                tensor.uniform_(0.1, 1.5)
            else:
                tensor.normal_(0, 0.4)


def save(folder, name, model, checkpoint, length):
    wave = torch.randn(1, 1, length, generator=torch.Generator().manual_seed(length))
    model.eval()
    with torch.no_grad():
        out = model(wave)
    torch.save(checkpoint, folder / f"{name}.pth")
    np.save(folder / f"{name}.in.npy", wave.numpy())
    np.save(folder / f"{name}.out.npy", out.numpy())


def main():
    from asteroid.models.conv_tasnet import ConvTasNet as AsteroidNet
    from torchaudio.models.conv_tasnet import ConvTasNet as TorchaudioNet

    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "tests/data/options")
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, options) in enumerate(ASTEROID.items()):
        torch.manual_seed(seed)
        args = {**TINY, **options}
        model = AsteroidNet(**args)
        randomise(model)
        checkpoint = dict(model_name="ConvTasNet", state_dict=model.state_dict(), model_args=args)
        save(folder, name, model, checkpoint, 95 + 7 * seed)
    # What serialize() writes: every argument, class names, the stride in numbers.
    torch.manual_seed(100)
    model = AsteroidNet(**TINY)
    randomise(model)
    checkpoint = dict(model_name="ConvTasNet", state_dict=model.state_dict(), model_args=model.get_model_args(),
                      infos=dict(final_metrics=dict(si_sdr=np.float64(14.5), epochs=np.int64(3))))
    save(folder, "serialized", model, checkpoint, 6)  # as short as the kernel
    for seed, (name, options) in enumerate(TORCHAUDIO.items()):
        torch.manual_seed(200 + seed)
        sizes = dict(num_sources=2, enc_kernel_size=6, enc_num_feats=12, msk_kernel_size=3, msk_num_feats=5,
                     msk_num_hidden_feats=8, msk_num_layers=2, msk_num_stacks=2)
        model = TorchaudioNet(**{**sizes, **options})
        randomise(model)
        save(folder, name, model, model.state_dict(), 100 + seed)
    for seed, (name, options) in enumerate(SPEECHBRAIN.items()):
        torch.manual_seed(300 + seed)
        model = SpeechBrainNet(**options)
        randomise(model)
        parts = {part: getattr(model, part).state_dict() for part in ("encoder", "masknet", "decoder")}
        save(folder, name, model, parts, 110 + seed)


if __name__ == "__main__":
    main()
