"""Conv-TasNet in PyTorch modules, as its users write it, with an Asteroid checkpoint's weights (gLN or cLN, with skip)."""
import torch
from torch import nn

from checkpoint import load_checkpoint


class Block(nn.Module):
    def __init__(self, get, dilation):
        super().__init__()
        depthwise = get("shared_block.3.weight")
        hidden, pad = depthwise.shape[0], (depthwise.shape[2] - 1) * dilation // 2
        self.body = nn.Sequential(
            conv(get("shared_block.0.weight"), get("shared_block.0.bias")), prelu(get("shared_block.1.weight")),
            norm(get("shared_block.2.gamma"), get("shared_block.2.beta")),
            conv(depthwise, get("shared_block.3.bias"), padding=pad, dilation=dilation, groups=hidden),
            prelu(get("shared_block.4.weight")), norm(get("shared_block.5.gamma"), get("shared_block.5.beta")))
        self.res = conv(get("res_conv.weight"), get("res_conv.bias"))
        self.skip = conv(get("skip_conv.weight"), get("skip_conv.bias"))

    def forward(self, x):
        y = self.body(x)
        return x + self.res(y), self.skip(y)


class ConvTasNet(nn.Module):
    def __init__(self, args, state):
        super().__init__()
        self.n_src = args["n_src"]
        stride = args.get("stride") or args["kernel_size"] // 2
        self.encoder = conv(state["encoder.filterbank._filters"], stride=stride)
        self.bottleneck = nn.Sequential(norm(state["masker.bottleneck.0.gamma"], state["masker.bottleneck.0.beta"]),
                                        conv(state["masker.bottleneck.1.weight"], state["masker.bottleneck.1.bias"]))
        blocks = args.get("n_blocks", 8)
        self.blocks = nn.ModuleList(
            Block(lambda name, i=i: state[f"masker.TCN.{i}.{name}"], 2 ** (i % blocks))
            for i in range(blocks * args.get("n_repeats", 3)))
        mask = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}[args.get("mask_act", "sigmoid")]
        self.mask_net = nn.Sequential(prelu(state["masker.mask_net.0.weight"]),
                                      conv(state["masker.mask_net.1.weight"], state["masker.mask_net.1.bias"]), mask())
        weight = torch.from_numpy(state["decoder.filterbank._filters"])
        self.decoder = nn.ConvTranspose1d(weight.shape[0], 1, weight.shape[2], stride, bias=False)
        self.decoder.weight.data = weight

    def forward(self, wav):
        tf = self.encoder(wav)
        x, skips = self.bottleneck(tf), 0
        for block in self.blocks:
            x, skip = block(x)
            skips = skips + skip
        masks = self.mask_net(skips).view(1, self.n_src, tf.shape[1], tf.shape[2])
        masked = (masks * tf.unsqueeze(1)).view(self.n_src, tf.shape[1], tf.shape[2])
        return self.decoder(masked).view(1, self.n_src, -1)


def conv(weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    layer = nn.Conv1d(weight.shape[1] * groups, weight.shape[0], weight.shape[2], stride, padding, dilation, groups,
                      bias is not None)
    layer.weight.data = torch.from_numpy(weight)
    if bias is not None:
        layer.bias.data = torch.from_numpy(bias)
    return layer


def prelu(slope):
    layer = nn.PReLU(slope.size)
    layer.weight.data = torch.from_numpy(slope)
    return layer


def norm(gamma, beta):
    layer = nn.GroupNorm(1, gamma.size, eps=1e-8)
    layer.weight.data, layer.bias.data = torch.from_numpy(gamma), torch.from_numpy(beta)
    return layer


def load_network(path):
    return ConvTasNet(*load_checkpoint(path)).eval()
