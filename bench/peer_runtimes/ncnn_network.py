"""Writes a Conv-TasNet checkpoint (gLN, non-causal, with skip) as an ncnn network, layer by layer.

ncnn's own converter drops a source of the two (its decoder has no batch), so the graph is written directly, in the
layers ncnn offers for one-dimensional networks: this is ncnn at its best, not at its converter's best.

usage: ncnn_network.py CHECKPOINT.pth OUT_STEM     -> OUT_STEM.param, OUT_STEM.bin (blobs in0, out0)
"""
import sys

import numpy as np

from checkpoint import load_checkpoint


class Writer:
    def __init__(self):
        self.layers = []  # (type, inputs, outputs, params)
        self.weights = []
        self.count = 0

    def blob(self):
        self.count += 1
        return f"b{self.count}"

    def layer(self, kind, inputs, params, outputs=1, names=None):
        names = names or [self.blob() for _ in range(outputs)]
        self.layers.append((kind, list(inputs), names, params))
        return names[0] if outputs == 1 else names

    def flagged(self, array):  # ncnn's "auto" storage: a zero word means plain float32 follows
        self.weights += [np.zeros(1, np.uint32).tobytes(), np.ascontiguousarray(array, np.float32).tobytes()]

    def raw(self, array):
        self.weights.append(np.ascontiguousarray(array, np.float32).tobytes())

    def conv(self, x, weight, bias=None, stride=1, dilation=1, pad=0, groups=1):
        out, _, kernel = weight.shape
        kind = "Convolution1D" if groups == 1 else "ConvolutionDepthWise1D"
        params = {0: out, 1: kernel, 2: dilation, 3: stride, 4: pad, 5: int(bias is not None), 6: weight.size, 15: pad}
        if groups != 1:
            params[7] = groups
        self.flagged(weight)
        if bias is not None:
            self.raw(bias)
        return self.layer(kind, [x], params)

    def deconv(self, x, weight, stride):
        _, out, kernel = weight.shape
        self.flagged(weight.transpose(1, 0, 2))
        return self.layer("Deconvolution1D", [x], {0: out, 1: kernel, 2: 1, 3: stride, 4: 0, 5: 0, 6: weight.size, 15: 0})

    def prelu(self, x, slope):
        self.raw(slope)
        return self.layer("PReLU", [x], {0: slope.size})

    def norm(self, x, gamma, beta):
        self.raw(gamma)
        self.raw(beta)
        return self.layer("GroupNorm", [x], {0: 1, 1: gamma.size, 2: "1e-8", 3: 1})

    def save(self, stem):
        lines, blobs = self._with_splits()
        with open(stem + ".param", "w") as f:
            f.write(f"7767517\n{len(lines)} {blobs}\n" + "\n".join(lines) + "\n")
        with open(stem + ".bin", "wb") as f:
            f.write(b"".join(self.weights))

    def _with_splits(self):
        """ncnn wants an explicit Split wherever a blob has several readers."""
        readers = {}
        for _, inputs, _, _ in self.layers:
            for name in inputs:
                readers[name] = readers.get(name, 0) + 1
        used, lines, blobs = {}, [], 0
        for i, (kind, inputs, outputs, params) in enumerate(self.layers):
            sources = []
            for name in inputs:
                if readers[name] > 1:
                    k = used.get(name, 0)
                    used[name] = k + 1
                    name = f"{name}_s{k}"
                sources.append(name)
            text = " ".join(f"{k}={v}" for k, v in params.items())
            lines.append(f"{kind} l{i} {len(sources)} {len(outputs)} {' '.join(sources + outputs)} {text}".rstrip())
            blobs += len(outputs)
            for name in outputs:
                if readers.get(name, 0) > 1:
                    copies = [f"{name}_s{k}" for k in range(readers[name])]
                    lines.append(f"Split split_{name} 1 {len(copies)} {name} {' '.join(copies)}")
                    blobs += len(copies)
        return lines, blobs


def write_network(checkpoint, stem):
    args, state = load_checkpoint(checkpoint)
    if args.get("norm_type", "gLN") != "gLN" or args.get("causal") or not args.get("skip_chan", 128):
        raise SystemExit("ncnn_network.py writes gLN networks with skips only")
    stride = args.get("stride") or args["kernel_size"] // 2
    n_src, n_filters, blocks = args["n_src"], args["n_filters"], args.get("n_blocks", 8)
    mask = {"relu": ("ReLU", {}), "sigmoid": ("Sigmoid", {})}[args.get("mask_act", "sigmoid")]
    net = Writer()
    x = net.layer("Input", [], {}, names=["in0"])
    tf = net.conv(x, state["encoder.filterbank._filters"], stride=stride)
    x = net.norm(tf, state["masker.bottleneck.0.gamma"], state["masker.bottleneck.0.beta"])
    x = net.conv(x, state["masker.bottleneck.1.weight"], state["masker.bottleneck.1.bias"])
    total = blocks * args.get("n_repeats", 3)
    skips = None
    for i in range(total):
        get = lambda name: state[f"masker.TCN.{i}.{name}"]
        y = net.conv(x, get("shared_block.0.weight"), get("shared_block.0.bias"))
        y = net.norm(net.prelu(y, get("shared_block.1.weight")), get("shared_block.2.gamma"), get("shared_block.2.beta"))
        depthwise, dilation = get("shared_block.3.weight"), 2 ** (i % blocks)
        y = net.conv(y, depthwise, get("shared_block.3.bias"), dilation=dilation,
                     pad=(depthwise.shape[2] - 1) * dilation // 2, groups=depthwise.shape[0])
        y = net.norm(net.prelu(y, get("shared_block.4.weight")), get("shared_block.5.gamma"), get("shared_block.5.beta"))
        skip = net.conv(y, get("skip_conv.weight"), get("skip_conv.bias"))
        skips = skip if skips is None else net.layer("BinaryOp", [skips, skip], {0: 0})
        if i + 1 < total:
            x = net.layer("BinaryOp", [x, net.conv(y, get("res_conv.weight"), get("res_conv.bias"))], {0: 0})
    x = net.prelu(skips, state["masker.mask_net.0.weight"])
    x = net.conv(x, state["masker.mask_net.1.weight"], state["masker.mask_net.1.bias"])
    x = net.layer(mask[0], [x], mask[1])
    masks = net.layer("Slice", [x], {-23300: ",".join([str(n_src)] + [str(n_filters)] * n_src), 1: 0}, outputs=n_src) if n_src > 1 else [x]
    decoder = state["decoder.filterbank._filters"]
    sources = [net.deconv(net.layer("BinaryOp", [tf, m], {0: 2}), decoder, stride) for m in masks]
    net.layer("Concat", sources, {0: 0}, names=["out0"])
    net.save(stem)


if __name__ == "__main__":
    write_network(sys.argv[1], sys.argv[2])
