"""Conv-TasNet in Asteroid's parameter names, so that its checkpoints load in Tessera and in Asteroid.

Luo and Mesgarani, "Conv-TasNet: Surpassing Ideal Time-Frequency Magnitude Masking for Speech Separation", 2019.
Tensors are [batch, channels, time]. Only what the shipped networks need: norms gLN, cLN and bN, a skip path.
"""
import os
import tempfile

import torch
from torch import nn
from torch.nn import functional

VARIANTS = {
    "gln": {"norm_type": "gLN", "causal": False},
    "bn": {"norm_type": "bN", "causal": False},
    "causal": {"norm_type": "cLN", "causal": True},
}

DEMO_ARGS = {
    "fb_name": "FreeFB", "n_filters": 128, "kernel_size": 16, "stride": 8, "sample_rate": 8000,
    "in_chan": 128, "out_chan": 128, "bn_chan": 64, "hid_chan": 128, "skip_chan": 64,
    "conv_kernel_size": 3, "n_blocks": 6, "n_repeats": 2, "n_src": 2, "mask_act": "relu",
    "encoder_activation": "relu",
}

SUPPORTED = {"mask_act": ["relu", "sigmoid"], "encoder_activation": ["relu", "linear", None],
             "norm_type": ["gLN", "cLN", "bN"]}


class GlobalNorm(nn.Module):
    """gLN: one mean and variance over channels and time."""

    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return functional.group_norm(x, 1, self.gamma, self.beta, 1e-8)


class ChannelNorm(nn.Module):
    """cLN: mean and variance over the channels of each frame, so a frame never sees a later one."""

    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        frames = x.transpose(1, 2)
        return functional.layer_norm(frames, frames.shape[-1:], self.gamma, self.beta, 1e-8).transpose(1, 2)


def batch_norm(channels):
    """bN: the running statistics average about 100 steps, so that the last batches do not colour them."""
    return nn.BatchNorm1d(channels, momentum=0.01)


NORMS = {"gLN": GlobalNorm, "cLN": ChannelNorm, "bN": batch_norm}


class Chop(nn.Module):
    """Drops the last frames: what a causal convolution, padded on both sides, must not return."""

    def __init__(self, frames):
        super().__init__()
        self.frames = frames

    def forward(self, x):
        return x[..., :-self.frames].contiguous()


class Block(nn.Module):
    def __init__(self, args, dilation):
        super().__init__()
        hidden, bottleneck = args["hid_chan"], args["bn_chan"]
        norm = NORMS[args["norm_type"]]
        reach = (args["conv_kernel_size"] - 1) * dilation
        depthwise = nn.Conv1d(hidden, hidden, args["conv_kernel_size"], groups=hidden, dilation=dilation,
                              padding=reach if args["causal"] else reach // 2)
        if args["causal"]:
            depthwise = nn.Sequential(depthwise, Chop(reach))
        self.shared_block = nn.Sequential(nn.Conv1d(bottleneck, hidden, 1), nn.PReLU(), norm(hidden),
                                          depthwise, nn.PReLU(), norm(hidden))
        self.res_conv = nn.Conv1d(hidden, bottleneck, 1)
        self.skip_conv = nn.Conv1d(hidden, args["skip_chan"], 1)

    def forward(self, x):
        shared = self.shared_block(x)
        return self.res_conv(shared), self.skip_conv(shared)


class Masker(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.args = args
        self.bottleneck = nn.Sequential(NORMS[args["norm_type"]](args["in_chan"]),
                                        nn.Conv1d(args["in_chan"], args["bn_chan"], 1))
        dilations = [2**x for _ in range(args["n_repeats"]) for x in range(args["n_blocks"])]
        self.TCN = nn.ModuleList(Block(args, dilation) for dilation in dilations)
        self.mask_net = nn.Sequential(nn.PReLU(),
                                      nn.Conv1d(args["skip_chan"], args["n_src"] * args["out_chan"], 1))

    def forward(self, representation):
        x = self.bottleneck(representation)
        skips = 0.0
        for block in self.TCN:
            residual, skip = block(x)
            x = x + residual
            skips = skips + skip
        scores = self.mask_net(skips)
        scores = scores.view(scores.shape[0], self.args["n_src"], self.args["out_chan"], -1)
        return scores.relu() if self.args["mask_act"] == "relu" else scores.sigmoid()


class Filterbank(nn.Module):
    """Holds its filters under Asteroid's name, `filterbank._filters`, as [filters, 1, samples]."""

    def __init__(self, args):
        super().__init__()
        self.filterbank = nn.Module()
        filters = torch.empty(args["n_filters"], 1, args["kernel_size"])
        nn.init.xavier_normal_(filters)
        self.filterbank._filters = nn.Parameter(filters)


class ConvTasNet(nn.Module):
    """wave [batch, samples] -> voices [batch, sources, samples]."""

    def __init__(self, args):
        super().__init__()
        for key, allowed in SUPPORTED.items():
            if args[key] not in allowed:
                raise SystemExit(f"error: {key} {args[key]!r} is not one of {allowed}; next: train that network in Asteroid")
        if not args["skip_chan"]:
            raise SystemExit("error: networks without a skip path are not trained here; next: set skip_chan")
        self.args = dict(args)
        self.encoder = Filterbank(args)
        self.masker = Masker(args)
        self.decoder = Filterbank(args)

    def forward(self, wave):
        stride, sources = self.args["stride"], self.args["n_src"]
        representation = functional.conv1d(wave.unsqueeze(1), self.encoder.filterbank._filters, stride=stride)
        if self.args["encoder_activation"] == "relu":
            representation = representation.relu()
        masked = self.masker(representation) * representation.unsqueeze(1)
        voices = functional.conv_transpose1d(masked.flatten(0, 1), self.decoder.filterbank._filters, stride=stride)
        voices = voices.view(wave.shape[0], sources, -1)
        return functional.pad(voices, (0, wave.shape[-1] - voices.shape[-1]))


def write_atomically(content, path):
    """A reader sees the old file or the whole new one, also after a crash in between."""
    handle, scratch = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise


def save(network, path, infos):
    """Asteroid's checkpoint. `infos` says what made it; plain numbers and strings only."""
    write_atomically({"model_name": "ConvTasNet", "sample_rate": network.args["sample_rate"],
                      "model_args": network.args, "state_dict": network.state_dict(), "infos": infos}, path)


def load(path):
    """Only for checkpoints you trust: torch.load runs what a pickle says. `tessera inspect` reads any file safely."""
    checkpoint = torch.load(path, map_location="cpu")
    network = ConvTasNet(checkpoint["model_args"])
    network.load_state_dict(checkpoint["state_dict"])
    return network
