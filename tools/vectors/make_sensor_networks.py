#!/usr/bin/python3
"""Sensor networks as other makers write them, with inputs and PyTorch's outputs, into tests/data/sensors.

    tools/vectors/make_sensor_networks.py tests/data/sensors

Each NAME.pth or NAME.onnx has NAME.in.npy, windows [3, C, T] (float32), and NAME.out.npy, what PyTorch gives for them
[3, ...]. Seeded weights. Needs Debian's python3-torch (1.13).
"""
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn.utils import weight_norm

FRAMES = 40
CHANNELS = 6


class Chomp1d(nn.Module):
    def __init__(self, chomp_size):
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x):
        return x[:, :, : -self.chomp_size].contiguous()


class LocuslabBlock(nn.Module):
    """As in locuslab/TCN: each convolution is an attribute and part of the Sequential `net`."""

    def __init__(self, inputs, outputs, kernel, dilation):
        super().__init__()
        padding = (kernel - 1) * dilation
        self.conv1 = weight_norm(nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation))
        self.chomp1, self.relu1, self.dropout1 = Chomp1d(padding), nn.ReLU(), nn.Dropout(0.2)
        self.conv2 = weight_norm(nn.Conv1d(outputs, outputs, kernel, padding=padding, dilation=dilation))
        self.chomp2, self.relu2, self.dropout2 = Chomp1d(padding), nn.ReLU(), nn.Dropout(0.2)
        self.net = nn.Sequential(self.conv1, self.chomp1, self.relu1, self.dropout1,
                                 self.conv2, self.chomp2, self.relu2, self.dropout2)
        self.downsample = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None
        self.relu = nn.ReLU()

    def forward(self, x):
        out = self.net(x)
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class LocuslabTcn(nn.Module):
    """The adding-problem and MNIST networks: a linear layer on the last frame."""

    def __init__(self, widths=(10, 10, 14), kernel=3, outputs=5):
        super().__init__()
        ins = [CHANNELS, *widths]
        tcn = nn.Module()
        tcn.network = nn.Sequential(*[LocuslabBlock(ins[i], ins[i + 1], kernel, 2**i) for i in range(len(widths))])
        self.tcn = tcn
        self.linear = nn.Linear(widths[-1], outputs)

    def forward(self, x):
        return self.linear(self.tcn.network(x)[:, :, -1])


class VaeEncoder(nn.Module):
    """Mean over time, then two linear layers of which the encoder is one."""

    def __init__(self):
        super().__init__()
        ins = [CHANNELS, 8, 12]
        self.encoder = nn.Module()
        self.encoder.network = nn.Sequential(*[LocuslabBlock(ins[i], ins[i + 1], 3, 2**i) for i in range(2)])
        self.fc_mu = nn.Linear(12, 7)
        self.fc_logvar = nn.Linear(12, 7)

    def forward(self, x):
        return self.fc_mu(self.encoder.network(x).mean(dim=2))


class PaddedConv(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation):
        super().__init__()
        self.left = (kernel - 1) * dilation
        self.conv = nn.Conv1d(inputs, outputs, kernel, dilation=dilation)

    def forward(self, x):
        return self.conv(nn.functional.pad(x, (self.left, 0)))


class BatchNormBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel, dilation):
        super().__init__()
        self.conv1, self.bn1 = PaddedConv(inputs, outputs, kernel, dilation), nn.BatchNorm1d(outputs)
        self.conv2, self.bn2 = PaddedConv(outputs, outputs, kernel, dilation), nn.BatchNorm1d(outputs)
        self.residual = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x):
        y = nn.functional.gelu(self.bn1(self.conv1(x)))
        y = nn.functional.gelu(self.bn2(self.conv2(y)))
        return y + (x if self.residual is None else self.residual(x))


class BatchNormTcn(nn.Module):
    """No activation after the sum, two linear layers, softmax outside."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([BatchNormBlock(CHANNELS, 9, 4, 1), BatchNormBlock(9, 9, 4, 3)])
        self.fc1, self.fc2 = nn.Linear(9, 8), nn.Linear(8, 4)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = x.max(dim=2).values
        return torch.softmax(self.fc2(nn.functional.gelu(self.fc1(x))), dim=1)


class PreluBlock(LocuslabBlock):
    """Locuslab's with PReLUs: a slope for all channels, one for each, and one after the sum."""

    def __init__(self, inputs, outputs, kernel, dilation):
        super().__init__(inputs, outputs, kernel, dilation)
        self.relu1, self.relu2, self.relu = nn.PReLU(), nn.PReLU(outputs), nn.PReLU()
        self.net = nn.Sequential(self.conv1, self.chomp1, self.relu1, self.dropout1,
                                 self.conv2, self.chomp2, self.relu2, self.dropout2)


class PreluTcn(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(PreluBlock(CHANNELS, 8, 3, 1), PreluBlock(8, 8, 3, 2))
        self.linear = nn.Linear(8, 4)

    def forward(self, x):
        return self.linear(self.network(x)[:, :, -1])


class FramesTcn(nn.Module):
    """A linear layer of every frame."""

    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(LocuslabBlock(CHANNELS, 8, 2, 1), LocuslabBlock(8, 8, 2, 2))
        self.linear = nn.Linear(8, 3)

    def forward(self, x):
        return self.linear(self.network(x).transpose(1, 2)).transpose(1, 2)


class PooledNormTcn(nn.Module):
    """A batch norm behind the pool, and two linear layers: their order is not in a state dict."""

    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(LocuslabBlock(CHANNELS, 8, 2, 1))
        self.bn = nn.BatchNorm1d(8)
        self.fc1, self.fc2 = nn.Linear(8, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(self.bn(self.network(x).mean(-1)))))


class SameTcn(nn.Module):
    """Not causal, frame by frame, no linear layer."""

    def __init__(self):
        super().__init__()
        blocks = []
        for inputs, outputs, dilation in ((CHANNELS, 8, 1), (8, 8, 2), (8, 11, 4)):
            block = nn.Module()
            block.conv1 = nn.Conv1d(inputs, outputs, 5, padding=2 * dilation, dilation=dilation)
            block.downsample = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None
            blocks.append(block)
        self.layers = nn.ModuleList(blocks)

    def forward(self, x):
        for block in self.layers:
            y = torch.tanh(block.conv1(x))
            x = torch.tanh(y + (x if block.downsample is None else block.downsample(x)))
        return x


class PytorchTcn(nn.Module):
    """As the package pytorch-tcn: batch norm, the past of a stream beside the weights, a pointwise output projection."""

    def __init__(self):
        super().__init__()
        blocks = []
        for inputs, outputs, dilation in ((CHANNELS, 8, 1), (8, 8, 2)):
            block = nn.Module()
            for index, ins in ((1, inputs), (2, outputs)):
                conv = nn.Conv1d(ins, outputs, 3, dilation=dilation)
                conv.register_buffer("buffer", torch.zeros(1, ins, 2 * dilation))
                setattr(block, f"conv{index}", conv)
                setattr(block, f"norm{index}", nn.BatchNorm1d(outputs))
            block.downsample = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None
            blocks.append(block)
        self.network = nn.ModuleList(blocks)
        self.projection_out = nn.Conv1d(8, 3, 1)

    def forward(self, x):
        for block in self.network:
            y = x
            for index in (1, 2):
                conv = getattr(block, f"conv{index}")
                y = conv(nn.functional.pad(y, (2 * conv.dilation[0], 0)))
                y = nn.functional.leaky_relu(getattr(block, f"norm{index}")(y))
            x = nn.functional.leaky_relu(y + (x if block.downsample is None else block.downsample(x)))
        return self.projection_out(x)


class TimeFirst(nn.Module):
    """[N, T, C], as recorders and keras-tcn have it; mean over time, softmax."""

    def __init__(self):
        super().__init__()
        self.network = LocuslabTcn()

    def forward(self, x):
        return torch.softmax(self.network.linear(self.network.tcn.network(x.transpose(1, 2)).mean(dim=2)), dim=-1)


class KerasLike(nn.Module):
    """The graph that tf2onnx makes of keras-tcn: 2-D convolutions on [N, C, 1, T], padding in front, skip sum, last frame."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList()
        self.matching = nn.Conv2d(CHANNELS, 8, (1, 1))
        for dilation in (1, 2, 4):
            inputs = CHANNELS if dilation == 1 else 8
            self.convs.append(nn.ModuleList([nn.Conv2d(inputs, 8, (1, 2), dilation=(1, dilation)),
                                             nn.Conv2d(8, 8, (1, 2), dilation=(1, dilation))]))
        self.dense = nn.Linear(8, 3)

    def forward(self, x):  # [N, T, C]
        x = x.permute(0, 2, 1).unsqueeze(2)
        skips = None
        for index, (first, second) in enumerate(self.convs):
            y = x
            for conv in (first, second):
                y = torch.relu(conv(nn.functional.pad(y, (conv.dilation[1], 0))))
            skips = y if skips is None else skips + y
            x = torch.relu(y + (self.matching(x) if index == 0 else x))
        last = torch.relu(skips)[:, :, 0, :].permute(0, 2, 1)[:, -1, :]
        return self.dense(last)


class SeparableTcn(nn.Module):
    """Depthwise separable convolutions with batch norm, strided, global pool by AdaptiveAvgPool1d and Flatten."""

    def __init__(self):
        super().__init__()
        def unit(inputs, outputs, stride):
            return nn.Sequential(
                nn.Conv1d(inputs, inputs, 5, padding=2, stride=stride, groups=inputs, bias=False), nn.BatchNorm1d(inputs),
                nn.Conv1d(inputs, outputs, 1, bias=False), nn.BatchNorm1d(outputs), nn.ReLU6())
        self.body = nn.Sequential(unit(CHANNELS, 12, 1), unit(12, 16, 2), unit(16, 16, 1))
        self.head = nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 6), nn.LogSoftmax(dim=1))

    def forward(self, x):
        return self.head(self.body(x))


def randomised(network, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.named_parameters():
            scale = 0.5 if value.dim() > 1 else 0.2
            value.copy_(scale * torch.randn(value.shape, generator=generator) + (1.0 if name.endswith("weight_g") else 0.0))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.running_mean.copy_(0.3 * torch.randn(module.running_mean.shape, generator=generator))
                module.running_var.copy_(0.5 + torch.rand(module.running_var.shape, generator=generator))
                module.weight.copy_(0.5 + torch.rand(module.weight.shape, generator=generator))
    return network.eval()


def parametrized(state):
    """The names that torch.nn.utils.parametrizations.weight_norm gives (PyTorch 2)."""
    renamed = {}
    for name, value in state.items():
        name = name.replace(".weight_g", ".parametrizations.weight.original0")
        renamed[name.replace(".weight_v", ".parametrizations.weight.original1")] = value
    return renamed


def main():
    folder = pathlib.Path(sys.argv[1])
    generator = torch.Generator().manual_seed(7)
    windows = torch.randn(3, CHANNELS, FRAMES, generator=generator)

    def save_vectors(name, network, time_first=False):
        with torch.no_grad():
            outputs = network(windows.transpose(1, 2).contiguous() if time_first else windows)
        np.save(folder / f"{name}.in.npy", windows.numpy())
        np.save(folder / f"{name}.out.npy", outputs.numpy())

    def save_state(name, network, state, args=None):
        save_vectors(name, network)
        torch.save(state if args is None else {"model_args": args, "state_dict": state}, folder / f"{name}.pth")

    def save_onnx(name, network, time_first=False, dynamic=False, opset=13):
        save_vectors(name, network, time_first)
        example = windows[:1].transpose(1, 2).contiguous() if time_first else windows[:1]
        axes = {"x": {1 if time_first else 2: "time"}} if dynamic else None
        torch.onnx.export(network, example, folder / f"{name}.onnx", opset_version=opset, input_names=["x"],
                          output_names=["y"], dynamic_axes=axes)

    locuslab = randomised(LocuslabTcn(), 1)
    save_state("locuslab_weight_norm", locuslab, locuslab.state_dict())
    save_state("locuslab_parametrized", locuslab, parametrized(locuslab.state_dict()))
    only_net = {name: value for name, value in locuslab.state_dict().items()
                if ".conv1." not in name and ".conv2." not in name}
    save_state("sequential_only", locuslab, only_net)
    vae = randomised(VaeEncoder(), 2)
    save_state("vae_encoder", vae, vae.state_dict())
    batch_norm = randomised(BatchNormTcn(), 3)
    save_state("batch_norm_gelu", batch_norm, batch_norm.state_dict())
    same = randomised(SameTcn(), 4)
    save_state("same_padding_frames", same, same.state_dict())
    package = randomised(PytorchTcn(), 8)
    save_state("pytorch_tcn", package, package.state_dict())
    slopes = randomised(PreluTcn(), 9)
    save_state("prelu", slopes, slopes.state_dict())
    slopes_only = {name: value for name, value in slopes.state_dict().items()
                   if not any(f".{own}." in name for own in ("conv1", "conv2", "relu1", "relu2"))}
    save_state("prelu_sequential_only", slopes, slopes_only)
    frames = randomised(FramesTcn(), 10)
    save_state("linear_frames", frames, frames.state_dict())
    pooled = randomised(PooledNormTcn(), 11)
    save_state("pooled_norm", pooled, pooled.state_dict())
    without_norm = {name: value for name, value in pooled.state_dict().items() if not name.startswith("bn.")}
    torch.save(without_norm, folder / "two_linear_layers.pth")
    save_onnx("locuslab_opset11", locuslab, opset=11)
    save_onnx("time_first_softmax", randomised(TimeFirst(), 5), time_first=True)
    save_onnx("keras_like", randomised(KerasLike(), 6), time_first=True)
    save_onnx("separable_strided", randomised(SeparableTcn(), 7), dynamic=False)
    save_onnx("vae_open_time", vae, dynamic=True)


if __name__ == "__main__":
    main()
