#!/usr/bin/python3
"""Trains the demo classifiers of motion-sensor windows: TCNs on BasicMotions (UEA archive).

    tools/train/motion.py --data models/motion --output motion.pth                  # weight norm
    tools/train/motion.py --data models/motion --output gln.pth --norm global       # norms over the window

Windows of 6 channels (accelerometer, gyroscope) x 100 frames at 10 Hz, 4 classes, 40 windows to train on and 40 to test.
The checkpoint holds the state dict and, as plain text, what `tessera` needs beside it: dilations, pool, z-score, names.
Needs Debian's python3-torch. The same arguments and machine give the same file.
"""
import argparse
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn.utils import weight_norm

CHANNELS = ["ax", "ay", "az", "gx", "gy", "gz"]


def read_ts(path):
    """Windows [N, C, T] and labels of a .ts file of equal lengths."""
    windows, labels = [], []
    in_data = False
    for line in pathlib.Path(path).read_text().splitlines():
        if in_data and line.strip():
            *dimensions, label = line.strip().split(":")
            windows.append([[float(value) for value in dimension.split(",")] for dimension in dimensions])
            labels.append(label)
        in_data = in_data or line.strip().lower() == "@data"
    return np.asarray(windows, np.float32), labels


class Chomp(nn.Module):
    def __init__(self, frames):
        super().__init__()
        self.frames = frames

    def forward(self, x):
        return x[:, :, : -self.frames] if self.frames > 0 else x


class TemporalBlock(nn.Module):
    """Two dilated causal convolutions with weight norm and a residual path (Bai, Kolter, Koltun, 2018)."""

    def __init__(self, inputs, outputs, kernel, dilation, dropout, norm):
        super().__init__()
        reach = (kernel - 1) * dilation
        normalised = weight_norm if norm == "weight" else lambda layer: layer
        self.conv1 = normalised(nn.Conv1d(inputs, outputs, kernel, padding=reach, dilation=dilation))
        self.conv2 = normalised(nn.Conv1d(outputs, outputs, kernel, padding=reach, dilation=dilation))
        self.norm1 = nn.GroupNorm(1, outputs) if norm == "global" else nn.Identity()
        self.norm2 = nn.GroupNorm(1, outputs) if norm == "global" else nn.Identity()
        self.chomp = Chomp(reach)
        self.dropout = nn.Dropout(dropout)
        self.downsample = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x):
        y = self.dropout(torch.relu(self.norm1(self.chomp(self.conv1(x)))))
        y = self.dropout(torch.relu(self.norm2(self.chomp(self.conv2(y)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class MotionTcn(nn.Module):
    def __init__(self, inputs, widths, kernel, dilations, classes, dropout, norm):
        super().__init__()
        blocks = []
        for width, dilation in zip(widths, dilations):
            blocks.append(TemporalBlock(inputs, width, kernel, dilation, dropout, norm))
            inputs = width
        self.network = nn.Sequential(*blocks)
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.linear(self.network(x).mean(dim=2))


def augmented(windows, generator):
    """Louder or softer by up to a fifth, shifted by up to 10 frames, with a little noise."""
    count, channels, frames = windows.shape
    gain = 1 + 0.2 * (2 * torch.rand(count, channels, 1, generator=generator) - 1)
    noise = 0.05 * torch.randn(count, channels, frames, generator=generator)
    shift = int(torch.randint(-10, 11, (1,), generator=generator))
    return torch.roll(windows, shift, dims=2) * gain + noise


def accuracy(network, windows, labels):
    network.eval()
    with torch.no_grad():
        return float((network(windows).argmax(dim=1) == labels).float().mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="models/motion", help="folder of BasicMotions_TRAIN.ts and _TEST.ts")
    parser.add_argument("--output", required=True, help="checkpoint to write")
    parser.add_argument("--norm", choices=["weight", "global"], default="weight",
                        help="weight: weight norm, which folds away; global: norms over channels and time")
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(options.seed)

    data = pathlib.Path(options.data)
    train, train_labels = read_ts(data / "BasicMotions_TRAIN.ts")
    test, test_labels = read_ts(data / "BasicMotions_TEST.ts")
    classes = sorted(set(train_labels))
    mean = train.mean(axis=(0, 2))
    std = train.std(axis=(0, 2))

    def tensors(windows, labels):
        scored = (windows - mean[None, :, None]) / std[None, :, None]
        return torch.from_numpy(scored.astype(np.float32)), torch.tensor([classes.index(label) for label in labels])

    x, y = tensors(train, train_labels)
    test_x, test_y = tensors(test, test_labels)
    widths, dilations, kernel = [24, 32, 48], [1, 2, 4], 5
    network = MotionTcn(len(CHANNELS), widths, kernel, dilations, len(classes), dropout=0.1, norm=options.norm)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.epochs)
    for epoch in range(options.epochs):
        network.train()
        order = torch.randperm(len(x), generator=generator)
        for batch in order.split(8):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(network(augmented(x[batch], generator)), y[batch])
            loss.backward()
            optimiser.step()
        schedule.step()
        if (epoch + 1) % 20 == 0:
            print(f"epoch {epoch + 1}: loss {float(loss):.4f}, train {accuracy(network, x, y):.3f}")
    print(f"test accuracy {accuracy(network, test_x, test_y):.3f} on {len(test)} windows")

    def joined(values):
        return ",".join(str(value) for value in values)

    measured = {"norm_type": "gLN"} if options.norm == "global" else {}
    torch.save({
        "model_name": "TCN",
        "model_args": {
            "dilations": joined(dilations), "causal": True, "activation": "relu", "pool": "avg", "head": "linear",
            "frames": int(train.shape[2]), "mean": joined(np.float32(mean)), "std": joined(np.float32(std)),
            "channels": joined(CHANNELS), "classes": joined(classes), **measured,
        },
        "state_dict": network.state_dict(),
        "dataset": "BasicMotions, UEA multivariate time series classification archive (Bagnall et al., 2018)",
        "task": "motion_classification",
    }, options.output)


if __name__ == "__main__":
    main()
