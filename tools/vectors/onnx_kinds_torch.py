#!/usr/bin/env python3
"""The kinds of onnx_sequence_kinds.py as PyTorch 1.13 exports them (Debian's python3-torch), with PyTorch's
own outputs. (Its export of padding_mode='circular' takes the wrong frames; onnx_sequence_kinds.py has the right ones.)

    /usr/bin/python3 tools/vectors/onnx_kinds_torch.py tests/data/onnx/kinds/torch
"""
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Between(nn.Module):
    """conv, what `f` makes of it, conv."""

    def __init__(self, f, out=4):
        super().__init__()
        self.a, self.f, self.b = nn.Conv1d(2, 4, 3, padding=1), f, nn.Conv1d(out, 2, 3, padding=1)

    def forward(self, x):
        return self.b(self.f(self.a(x)))


class Act(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


class UNet(nn.Module):
    """Skips joined after upsampling to their size, which need not be twice the smaller one."""

    def __init__(self, mode):
        super().__init__()
        self.down = nn.ModuleList([nn.Conv1d(2, 4, 3, padding=1), nn.Conv1d(4, 6, 3, padding=1)])
        self.middle = nn.Conv1d(6, 6, 3, padding=1)
        self.up = nn.ModuleList([nn.Conv1d(12, 4, 3, padding=1), nn.Conv1d(8, 1, 3, padding=1)])
        self.mode = mode

    def forward(self, x):
        skips = []
        for conv in self.down:
            x = torch.relu(conv(x))
            skips.append(x)
            x = F.max_pool1d(x, 2)
        x = torch.relu(self.middle(x))
        for conv, skip in zip(self.up, reversed(skips)):
            x = F.interpolate(x, size=skip.shape[-1], mode=self.mode)
            x = conv(torch.cat([x, skip], 1))
        return x


class ExpandedNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.empty(1, 4, 1).uniform_(0.5, 1.5))
        self.bias = nn.Parameter(torch.empty(1, 4, 1).uniform_(-0.5, 0.5))

    def forward(self, x):
        mean = x.mean((1, 2), keepdim=True)
        std = (x.var((1, 2), keepdim=True, unbiased=False) + 1e-5).sqrt()
        y = (x - mean.expand_as(x)) / std.expand_as(x)
        return y * self.gain.expand_as(x).type(x.type()) + self.bias.expand_as(x).type(x.type())


def interpolate(**options):
    return lambda: Between(Act(lambda x: F.interpolate(x, **options)))


CASES = {
    **{f"nearest_opset{o}": (interpolate(scale_factor=2), o, 13, None) for o in (9, 10, 11, 13, 17)},
    **{f"linear_opset{o}": (interpolate(scale_factor=2, mode="linear"), o, 13, None) for o in (11, 14, 17)},
    "nearest_size": (interpolate(size=39), 12, 13, None),
    "nearest_recomputed": (interpolate(scale_factor=3, recompute_scale_factor=True), 13, 13, "time"),
    "linear_open_length": (interpolate(scale_factor=4, mode="linear"), 16, 13, "time"),
    "upsample_module": (lambda: Between(nn.Upsample(scale_factor=2)), 13, 13, "time"),
    "shrink_nearest": (interpolate(scale_factor=0.5), 13, 12, None),
    "shrink_linear": (interpolate(scale_factor=0.5, mode="linear"), 13, 12, None),
    "u_net_nearest": (lambda: UNet("nearest"), 13, 32, "time"),
    "u_net_nearest_odd": (lambda: UNet("nearest"), 11, 31, None),
    "u_net_linear": (lambda: UNet("linear"), 17, 32, "time"),
    "repeat_interleave": (lambda: Between(Act(lambda x: x.repeat_interleave(2, dim=-1))), 13, 12, None),
    "norm_expanded": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3), ExpandedNorm(), nn.Conv1d(4, 2, 1)), 13, 20, "time"),
    "mask_by_mean": (lambda: Between(Act(lambda x: torch.cat([x, x.mean(-1, keepdim=True).expand_as(x)], 1)), 8), 13, 80, None),
}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for i, (name, (make, opset, time, axis)) in enumerate(CASES.items()):
        torch.manual_seed(300 + i)
        model, x = make().eval(), torch.randn(1, 2, time)
        torch.onnx.export(model, x, str(folder / f"{name}.onnx"), opset_version=opset, input_names=["x"],
                          output_names=["y"], dynamic_axes={"x": {2: axis}} if axis else None)
        np.save(folder / f"{name}.in.npy", x.numpy())
        np.save(folder / f"{name}.out.npy", model(x).detach().numpy())


if __name__ == "__main__":
    main()
