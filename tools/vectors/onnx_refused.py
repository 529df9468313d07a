#!/usr/bin/env python3
"""Writes tests/data/onnx/refused/: networks that Tessera must refuse by the name of the node that it cannot run, as PyTorch
1.13 exports them (Debian's python3-torch). Weights are random, seeded, and small.

    /usr/bin/python3 tools/vectors/onnx_refused.py tests/data/onnx/refused
"""
import sys
from pathlib import Path

import torch
from torch import nn


class SpeakerCounter(nn.Module):
    """Convolutions over a spectrogram [batch, 1, frames, bins], a recurrent layer over its frames, one score per count."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.pool = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 3, 3), nn.MaxPool2d(2)
        self.gru = nn.GRU(3 * 6, 5, batch_first=True)
        self.dense = nn.Linear(5, 4)

    def forward(self, x):
        y = self.pool(torch.relu(self.conv2(torch.relu(self.conv1(x)))))
        y = y.permute(0, 2, 1, 3).flatten(2)
        y, _ = self.gru(y)
        return torch.softmax(self.dense(y.amax(1)), -1)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    torch.onnx.export(SpeakerCounter().eval(), torch.randn(1, 1, 20, 16), str(folder / "crnn.onnx"), opset_version=13,
                      input_names=["x"], output_names=["y"])


if __name__ == "__main__":
    main()
