#!/usr/bin/env python3
"""Small networks in the spellings that exporters and people use, for the ONNX recognisers.

Writes NAME.onnx, NAME.in.npy and NAME.out.npy into the folder given: exports of PyTorch 1.13
(Debian's python3-torch) and PyTorch's own output. Weights are random, seeded, and small.

    /usr/bin/python3 tools/vectors/onnx_spellings.py tests/data/onnx/spellings
"""
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EPS = 1e-8


def parameter(*shape, low=-0.5, high=0.5):
    return nn.Parameter(torch.empty(*shape).uniform_(low, high))


class Affine(nn.Module):
    """gamma around 1, beta around 0, as [1, C, 1]."""

    def __init__(self, c):
        super().__init__()
        self.gamma = parameter(1, c, 1, low=0.5, high=1.5)
        self.beta = parameter(1, c, 1)


class GlobalTwoMeans(Affine):
    def forward(self, x):
        mean = x.mean(2, keepdim=True).mean(1, keepdim=True)
        var = ((x - mean) ** 2).mean(2, keepdim=True).mean(1, keepdim=True)
        return self.gamma * (x - mean) / torch.sqrt(var + EPS) + self.beta


class GlobalMomentDifference(Affine):
    def forward(self, x):
        mean = x.mean((1, 2), keepdim=True)
        power = (x * x).mean((1, 2), keepdim=True)
        return (x - mean) * torch.rsqrt(power - mean * mean + EPS) * self.gamma + self.beta


class GlobalScaleShift(Affine):
    """x*(gamma*r) + (beta - mean*gamma*r)"""

    def forward(self, x):
        mean = x.mean((1, 2), keepdim=True)
        var = (x - mean).pow(2).mean((1, 2), keepdim=True)
        scale = self.gamma * torch.pow(var + EPS, -0.5)
        return x * scale + (self.beta - mean * scale)


class GlobalSums(Affine):
    """Sums divided by counts; the variance unbiased."""

    def forward(self, x):
        n = x.shape[1] * x.shape[2]
        mean = x.sum((1, 2), keepdim=True) / n
        var = ((x - mean) ** 2).sum((1, 2), keepdim=True) / (n - 1)
        return self.beta + self.gamma * ((x - mean) / (var + EPS).sqrt())


class GlobalVarFunction(Affine):
    def forward(self, x):
        var, mean = torch.var_mean(x, dim=(1, 2), keepdim=True, unbiased=True)
        return (x - mean) / (var + EPS) ** 0.5 * self.gamma + self.beta


class GlobalDims4(Affine):
    """Through [1, 1, C, T]."""

    def forward(self, x):
        y = x.unsqueeze(1)
        mean = y.mean((2, 3), keepdim=True)
        var = (y - mean).square().mean((2, 3), keepdim=True)
        y = (y - mean) / torch.sqrt(var + EPS)
        return y.squeeze(1) * self.gamma + self.beta


class FeatureWise(Affine):
    def forward(self, x):
        mean = x.mean(2, keepdim=True)
        var = x.var(2, keepdim=True, unbiased=False)
        return self.gamma * (x - mean) / (var + EPS).sqrt() + self.beta


class FeatureWiseMoments(Affine):
    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        var = torch.relu((x ** 2).mean(-1, keepdim=True) - mean ** 2)
        return self.gamma / torch.sqrt(var + EPS) * (x - mean) + self.beta


class ChannelWiseLayerNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.LayerNorm(c, eps=EPS)

    def forward(self, x):
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class ChannelWisePermuted(Affine):
    def forward(self, x):
        y = x.permute(0, 2, 1)
        mean = y.mean(-1, keepdim=True)
        var = (y * y).mean(-1, keepdim=True) - mean.pow(2)
        y = (y - mean) / torch.sqrt(var + EPS) * self.gamma.reshape(-1) + self.beta.reshape(-1)
        return y.permute(0, 2, 1)


class CumulativeNaplab(Affine):
    """As the original Conv-TasNet: (sum of squares - 2*mean*sum)/count + mean^2."""

    def forward(self, x):
        c, t = x.shape[1], x.shape[2]
        total = torch.cumsum(x.sum(1), dim=1)
        power = torch.cumsum(x.pow(2).sum(1), dim=1)
        count = torch.from_numpy(np.arange(c, c * (t + 1), c).astype(np.float32)).view(1, -1)
        mean = total / count
        var = (power - 2 * mean * total) / count + mean.pow(2)
        std = (var + EPS).sqrt().unsqueeze(1)
        return (x - mean.unsqueeze(1)) / std * self.gamma + self.beta


class CumulativeTriangle(Affine):
    """Running sums as a matrix product."""

    def forward(self, x):
        c, t = x.shape[1], x.shape[2]
        upper = torch.triu(torch.ones(t, t))
        count = torch.arange(1, t + 1, dtype=torch.float32).view(1, 1, -1) * c
        mean = torch.matmul(x.sum(1, keepdim=True), upper) / count
        var = torch.matmul((x * x).sum(1, keepdim=True), upper) / count - mean * mean
        return (x - mean) / torch.sqrt(var + EPS) * self.gamma + self.beta


class Groups(nn.Module):
    def __init__(self, c, groups=2):
        super().__init__()
        self.norm = nn.GroupNorm(groups, c, eps=EPS)

    def forward(self, x):
        return self.norm(x)


class Instance(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.InstanceNorm1d(c, eps=EPS, affine=True)

    def forward(self, x):
        return self.norm(x)


class ReluPair(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a = parameter(1, low=0.1, high=0.4)

    def forward(self, x):
        return torch.relu(x) - self.a * torch.relu(-x)


class MaxMin(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a = parameter(1, c, 1, low=0.1, high=0.4)

    def forward(self, x):
        zero = torch.zeros_like(x)
        return torch.max(x, zero) + self.a * torch.min(x, zero)


class AbsPair(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a = parameter(1, low=0.1, high=0.4)

    def forward(self, x):
        return 0.5 * (x + x.abs()) + self.a * 0.5 * (x - x.abs())


class WherePositive(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a = parameter(1, low=0.1, high=0.4)

    def forward(self, x):
        return torch.where(x > 0, x, self.a * x)


class ClampPair(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a = parameter(1, low=0.1, high=0.4)

    def forward(self, x):
        return x.clamp(min=0) + self.a * x.clamp(max=0)


class MaxLine(nn.Module):
    def __init__(self, c):
        super().__init__()

    def forward(self, x):
        return torch.maximum(x, 0.2 * x)


class Act(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


class Gelu(nn.Module):
    def forward(self, x):
        return x * 0.5 * (1.0 + torch.erf(x / 2 ** 0.5))


class Chomp(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def forward(self, x):
        return x[:, :, : -self.n].contiguous()


class Separator(nn.Module):
    """A Conv-TasNet of one block with parts to choose."""

    def __init__(self, norm=GlobalTwoMeans, act=lambda c: nn.PReLU(), mask=torch.sigmoid, n_src=2,
                 split="view", pad="conv", skip=True, decoder="batch", n=12, b=6, h=10, k=8):
        super().__init__()
        s = k // 2
        self.n, self.n_src, self.mask, self.split, self.decoder, self.skip = n, n_src, mask, split, decoder, skip
        self.k, self.s = k, s
        self.encoder = nn.Conv1d(1, n, k, stride=s, bias=False)
        self.norm = norm(n)
        self.bottleneck = nn.Conv1d(n, b, 1)
        conv = {
            "conv": lambda: [nn.Conv1d(h, h, 3, padding=2, dilation=2, groups=h)],
            "chomp": lambda: [nn.Conv1d(h, h, 3, padding=4, dilation=2, groups=h), Chomp(4)],
            "constant": lambda: [nn.ConstantPad1d((4, 0), 0.0), nn.Conv1d(h, h, 3, dilation=2, groups=h)],
            "reflect": lambda: [nn.ReflectionPad1d(2), nn.Conv1d(h, h, 3, dilation=2, groups=h)],
            "replicate": lambda: [nn.ReplicationPad1d(2), nn.Conv1d(h, h, 3, dilation=2, groups=h)],
        }[pad]()
        self.block = nn.Sequential(nn.Conv1d(b, h, 1), act(h), norm(h), *conv, act(h), norm(h))
        self.res = nn.Conv1d(h, b, 1)
        self.skip_conv = nn.Conv1d(h, b, 1)
        self.out = nn.Sequential(nn.PReLU(), nn.Conv1d(b, n_src * n, 1))
        self.weight = parameter(n, 1, k)

    def masks(self, y, frames):
        z = self.out(y)
        if self.split == "view":
            return self.mask(z.view(z.shape[0], self.n_src, self.n, -1))
        if self.split == "chunk":
            return torch.stack([self.mask(p) for p in z.chunk(self.n_src, dim=1)], 1)
        if self.split == "index":
            z = z.view(1, self.n_src, self.n, -1)
            return torch.cat([self.mask(z[:, i : i + 1]) for i in range(self.n_src)], 1)
        z = z.transpose(1, 2).reshape(1, -1, self.n_src, self.n)  # "time first"
        return self.mask(z.permute(2, 0, 3, 1)).transpose(0, 1)

    def forward(self, x):
        if x.dim() == 2:
            x = x.unsqueeze(1)
        t = x.shape[-1]
        rep = self.encoder(x)
        y = self.bottleneck(self.norm(rep))
        z = self.block(y)
        y = y + self.res(z)
        skip = 0.0 + self.skip_conv(z) if self.skip else y
        masked = self.masks(skip, rep.shape[-1]) * rep.unsqueeze(1)
        if self.decoder == "batch":
            out = F.conv_transpose1d(masked.reshape(-1, self.n, masked.shape[-1]), self.weight, stride=self.s)
            out = out.view(1, self.n_src, -1)
        elif self.decoder == "loop":
            out = torch.cat([F.conv_transpose1d(masked[:, i], self.weight, stride=self.s) for i in range(self.n_src)], 1)
        elif self.decoder == "grouped":
            flat = masked.reshape(1, self.n_src * self.n, -1)
            out = F.conv_transpose1d(flat, self.weight.repeat(self.n_src, 1, 1), stride=self.s, groups=self.n_src)
        else:  # each fitted by itself
            parts = [F.conv_transpose1d(masked[:, i], self.weight, stride=self.s) for i in range(self.n_src)]
            out = torch.cat([F.pad(p, (0, t - p.shape[-1])) for p in parts], 1)
        return F.pad(out, (0, t - out.shape[-1]))


class Imu(nn.Module):
    """[1, T, C] in, one vector out."""

    def __init__(self, pool):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(6, 8, 3, padding=2), Chomp(2), nn.ReLU(), nn.Conv1d(8, 8, 3, padding=4, dilation=2), Chomp(4), nn.LeakyReLU(0.1))
        self.pool, self.head = pool, nn.Linear(8, 5)

    def forward(self, x):
        y = self.net(x.transpose(1, 2))
        y = y.mean(-1) if self.pool == "mean" else y.amax(-1) if self.pool == "max" else F.adaptive_avg_pool1d(y, 1).squeeze(-1)
        return self.head(y)


class TemporalBlock(nn.Module):
    """Two causal convolutions beside a pointwise one."""

    def __init__(self, into, out, dilation):
        super().__init__()
        reach = 2 * dilation
        self.net = nn.Sequential(nn.Conv1d(into, out, 3, padding=reach, dilation=dilation), Chomp(reach), nn.ReLU(),
                                 nn.Conv1d(out, out, 3, padding=reach, dilation=dilation), Chomp(reach), nn.ReLU())
        self.beside = nn.Conv1d(into, out, 1)

    def forward(self, x):
        return torch.relu(self.net(x) + self.beside(x))


class SensorEncoder(nn.Module):
    """A window of nine sensors, time first, into a latent vector: blocks of dilation 1, 2, 4 and a mean over time."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(TemporalBlock(9, 12, 1), TemporalBlock(12, 16, 2), TemporalBlock(16, 16, 4))
        self.pool, self.head = nn.AdaptiveAvgPool1d(1), nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.pool(self.blocks(x.transpose(1, 2))).squeeze(-1))


class Flattened(nn.Module):
    """Linear layers over channels per frame, then over everything."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 6), nn.Linear(6 * 20, 7), nn.BatchNorm1d(6)
        self.c.running_mean.uniform_(-0.5, 0.5)
        self.c.running_var.uniform_(0.5, 1.5)

    def forward(self, x):  # [1, 20, 4]
        y = torch.tanh(self.a(x))
        y = self.c(y.transpose(1, 2)).transpose(1, 2)
        return F.log_softmax(self.b(y.reshape(1, -1)), -1)


SEPARATORS = {
    "global_two_means": (dict(norm=GlobalTwoMeans), 13, False),
    "global_moment_difference": (dict(norm=GlobalMomentDifference, act=ReluPair), 11, True),
    "global_scale_shift": (dict(norm=GlobalScaleShift, act=MaxMin, split="chunk"), 12, False),
    "global_sums": (dict(norm=GlobalSums, act=AbsPair, decoder="loop"), 14, True),
    "global_var_function": (dict(norm=GlobalVarFunction, split="index"), 15, False),
    "global_dims4": (dict(norm=GlobalDims4, act=WherePositive, split="time_first"), 13, True),
    "feature_wise": (dict(norm=FeatureWise, act=ClampPair, decoder="fitted"), 16, True),
    "feature_wise_moments": (dict(norm=FeatureWiseMoments, decoder="grouped", n_src=3), 13, False),
    "layer_norm_op": (dict(norm=ChannelWiseLayerNorm, act=MaxLine, pad="chomp"), 17, True),
    "layer_norm_decomposed": (dict(norm=ChannelWiseLayerNorm, pad="constant"), 11, False),
    "channel_wise_permuted": (dict(norm=ChannelWisePermuted, mask=lambda m: F.softmax(m, 1), n_src=3), 9, False),
    "cumulative_naplab": (dict(norm=CumulativeNaplab, pad="chomp"), 13, False),
    "cumulative_triangle": (dict(norm=CumulativeTriangle, pad="chomp", mask=torch.relu), 14, False),
    "group_norm_2": (dict(norm=Groups, act=lambda c: nn.ELU(0.7)), 13, True),
    "group_norm_1": (dict(norm=lambda c: Groups(c, 1), act=lambda c: nn.LeakyReLU(0.2)), 9, False),
    "instance_norm": (dict(norm=Instance, act=lambda c: nn.SiLU()), 10, False),
    "batch_norm": (dict(norm=nn.BatchNorm1d, act=lambda c: nn.PReLU(c), skip=False), 11, True),
    "gelu_reflect": (dict(norm=GlobalTwoMeans, act=lambda c: Gelu(), pad="reflect"), 13, True),
    "gelu_replicate": (dict(norm=GlobalTwoMeans, act=lambda c: nn.GELU(), pad="replicate", mask=lambda m: F.softmax(m, 2)), 12, True),
    "one_source": (dict(norm=GlobalTwoMeans, n_src=1, mask=lambda m: F.softmax(m, 1)), 13, True),
}
OTHERS = {
    "imu_mean": (lambda: Imu("mean"), (1, 30, 6), 11, "time"),
    "imu_max": (lambda: Imu("max"), (1, 30, 6), 13, None),
    "imu_adaptive": (lambda: Imu("adaptive"), (1, 30, 6), 9, None),
    "flattened": (Flattened, (1, 20, 4), 13, None),
    "imu_encoder": (SensorEncoder, (1, 100, 9), 11, None),
}


def save(folder, name, model, x, opset, axes):
    model.eval()
    with torch.no_grad():
        y = model(x)
    torch.onnx.export(model, x, str(folder / f"{name}.onnx"), opset_version=opset, input_names=["x"],
                      output_names=["y"], dynamic_axes=axes)
    np.save(folder / f"{name}.in.npy", x.numpy())
    np.save(folder / f"{name}.out.npy", y.numpy())


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for i, (name, (options, opset, dynamic)) in enumerate(SEPARATORS.items()):
        torch.manual_seed(100 + i)
        model = Separator(**options)
        for m in model.modules():
            if isinstance(m, nn.BatchNorm1d):
                m.running_mean.uniform_(-0.5, 0.5)
                m.running_var.uniform_(0.5, 1.5)
        save(folder, name, model, torch.randn(1, 203), opset, {"x": {1: "time"}} if dynamic else None)
    for i, (name, (make, shape, opset, dynamic)) in enumerate(OTHERS.items()):
        torch.manual_seed(200 + i)
        save(folder, name, make(), torch.randn(*shape), opset, {"x": {1: dynamic}} if dynamic else None)


if __name__ == "__main__":
    main()
