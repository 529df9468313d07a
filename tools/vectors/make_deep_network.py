#!/usr/bin/env python3
"""Writes tests/data/deep/: a Conv-TasNet with the blocks of the default one, 3 repeats of dilations 1 to 128 with gLN and
relu masks, but few channels. Weights, norms and PReLU slopes are random and seeded; tools/train/conv_tasnet.py, which
tests/train compares with Asteroid's outputs, computes the output (float32, CPU).

    /usr/bin/python3 tools/vectors/make_deep_network.py [OUTPUT_FOLDER]

Needs PyTorch (Debian: python3-torch); PyTorch 1.13 wrote the files in the repository.
"""
import pathlib
import sys

import numpy as np
import torch

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/train"))
sys.dont_write_bytecode = True
import conv_tasnet  # noqa: E402

ARGS = {**conv_tasnet.DEMO_ARGS, "n_filters": 32, "in_chan": 32, "out_chan": 32, "bn_chan": 16, "hid_chan": 32,
        "skip_chan": 16, "n_blocks": 8, "n_repeats": 3, "norm_type": "gLN", "causal": False}
SAMPLES = 6001


def randomise(network):
    """Norms and PReLU slopes away from their defaults; the other weights are random already."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("gamma"):
                parameter.uniform_(0.5, 1.5)
            elif name.endswith("beta"):
                parameter.normal_(0, 0.2)
            elif parameter.numel() == 1:
                parameter.uniform_(0.05, 0.5)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "tests/data/deep")
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    network = conv_tasnet.ConvTasNet(ARGS).eval()
    randomise(network)
    wave = 0.3 * torch.randn(1, SAMPLES)
    with torch.no_grad():
        voices = network(wave)
    conv_tasnet.save(network, folder / "eight_blocks_thrice.pth", {})
    np.save(folder / "eight_blocks_thrice.in.npy", wave.unsqueeze(1).numpy())
    np.save(folder / "eight_blocks_thrice.out.npy", voices.numpy())


if __name__ == "__main__":
    main()
