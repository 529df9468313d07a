#!/usr/bin/env python3
"""Decoders that add their frames up in PyTorch, as its exporter writes them at several opsets.

Writes NAME.onnx, NAME.in.npy and NAME.out.npy into the folder given: exports of PyTorch 1.13
(Debian's python3-torch) and PyTorch's own output. Weights are random, seeded, and small.

    /usr/bin/python3 tools/vectors/onnx_overlap_add.py tests/data/onnx/overlap_add_torch
"""
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Separator(nn.Module):
    def __init__(self, kernel, step, voices, add):
        super().__init__()
        self.kernel, self.step, self.voices, self.add = kernel, step, voices, add
        self.encoder = nn.Conv1d(1, 6, kernel, stride=step, bias=False)
        self.mask = nn.Conv1d(6, 6 * voices, 3, padding=1)
        self.decoder = nn.Linear(6, kernel, bias=False)

    def forward(self, x):
        code = F.relu(self.encoder(x))
        masks = torch.sigmoid(self.mask(code)).view(x.shape[0], self.voices, 6, -1)
        frames = self.decoder((masks * code.unsqueeze(1)).transpose(2, 3))
        return self.add(frames, self.kernel, self.step)


def by_scatter_add(signal, kernel, step):
    b, v, count, _ = signal.shape
    index = (torch.arange(count)[:, None] * step + torch.arange(kernel)[None, :]).reshape(1, 1, -1)
    zeros = torch.zeros(b, v, (count - 1) * step + kernel)
    return zeros.scatter_add(2, index.expand(b, v, -1), signal.reshape(b, v, -1))


def by_index_put(signal, kernel, step):
    b, v, count, _ = signal.shape
    index = (torch.arange(count)[:, None] * step + torch.arange(kernel)[None, :]).reshape(-1)
    result = torch.zeros((count - 1) * step + kernel, b, v)
    result = result.index_put((index,), signal.reshape(b, v, -1).permute(2, 0, 1), accumulate=True)
    return result.permute(1, 2, 0)


def by_halves(signal, kernel, step):
    b, v, count, _ = signal.shape
    half = kernel // 2
    first = signal[..., :half].reshape(b, v, -1)
    second = signal[..., half:].reshape(b, v, -1)
    return F.pad(first, (0, half)) + F.pad(second, (half, 0))


def by_joined_halves(signal, kernel, step):
    b, v, count, _ = signal.shape
    half = kernel // 2
    first = signal[..., :half].reshape(b, v, -1)
    second = signal[..., half:].reshape(b, v, -1)
    zeros = torch.zeros(b, v, half)
    return torch.cat([first, zeros], 2) + torch.cat([zeros, second], 2)


def by_identity_transposed(signal, kernel, step):
    b, v, count, _ = signal.shape
    taps = signal.reshape(b * v, count, kernel).transpose(1, 2)
    return F.conv_transpose1d(taps, torch.eye(kernel).unsqueeze(1), stride=step).view(b, v, -1)


CASES = [
    ("scatter_add", by_scatter_add, 8, 4, 2, 16, False),
    ("scatter_add_odd_open_length", by_scatter_add, 7, 3, 2, 17, True),
    # This exporter writes index_put(accumulate=True) without adding; the file must be refused.
    ("refused_index_put", by_index_put, 12, 4, 2, 16, False),
    ("halves_opset11", by_halves, 8, 4, 2, 11, False),
    ("halves_open_length", by_halves, 8, 4, 2, 13, True),
    ("joined_halves_opset12", by_joined_halves, 8, 4, 1, 12, False),
    ("identity_opset11", by_identity_transposed, 10, 5, 2, 11, False),
]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    for seed, (name, add, kernel, step, voices, opset, open_length) in enumerate(CASES):
        torch.manual_seed(seed)
        net = Separator(kernel, step, voices, add).eval()
        x = torch.rand(1, 1, kernel + 8 * step) * 2 - 1
        axes = {"x": {2: "T"}} if open_length else None
        torch.onnx.export(net, x, folder / f"{name}.onnx", opset_version=opset, input_names=["x"], output_names=["y"],
                          dynamic_axes=axes)
        np.save(folder / f"{name}.in.npy", x.numpy())
        np.save(folder / f"{name}.out.npy", net(x).detach().numpy())


if __name__ == "__main__":
    main()
