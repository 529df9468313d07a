"""Writes the default-size Conv-TasNet with seeded weights as an Asteroid checkpoint, without torch.

usage: default_checkpoint.py OUT.pth
"""
import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict

import numpy as np

ARGS = dict(n_src=2, n_filters=512, kernel_size=16, stride=8, bn_chan=128, hid_chan=512, skip_chan=128, n_blocks=8,
            n_repeats=3, conv_kernel_size=3, norm_type="gLN", mask_act="relu", causal=False, fb_name="free",
            sample_rate=8000)


def make_state(args, rng):
    n, k, b, h, sc = (args[x] for x in ("n_filters", "kernel_size", "bn_chan", "hid_chan", "skip_chan"))
    state = OrderedDict()

    def weight(name, *shape):
        state[name] = (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)

    def conv(name, *shape):
        weight(name + ".weight", *shape)
        state[name + ".bias"] = (rng.standard_normal(shape[0]) * 0.05).astype(np.float32)

    def norm(name, channels):
        state[name + ".gamma"] = rng.uniform(0.5, 1.5, channels).astype(np.float32)
        state[name + ".beta"] = (rng.standard_normal(channels) * 0.1).astype(np.float32)

    def prelu(name):
        state[name + ".weight"] = rng.uniform(0.1, 0.4, 1).astype(np.float32)

    weight("encoder.filterbank._filters", n, 1, k)
    norm("masker.bottleneck.0", n)
    conv("masker.bottleneck.1", b, n, 1)
    for i in range(args["n_blocks"] * args["n_repeats"]):
        block = f"masker.TCN.{i}."
        conv(block + "shared_block.0", h, b, 1)
        prelu(block + "shared_block.1")
        norm(block + "shared_block.2", h)
        conv(block + "shared_block.3", h, 1, args["conv_kernel_size"])
        prelu(block + "shared_block.4")
        norm(block + "shared_block.5", h)
        conv(block + "res_conv", b, h, 1)
        conv(block + "skip_conv", sc, h, 1)
    prelu("masker.mask_net.0")
    conv("masker.mask_net.1", args["n_src"] * n, sc, 1)
    weight("decoder.filterbank._filters", n, 1, k)
    return state


class Writer:
    """Protocol-2 pickle opcodes of the subset that a torch checkpoint uses."""

    def __init__(self):
        self.out = io.BytesIO()

    def text(self, value):
        data = value.encode()
        self.out.write(b"X" + struct.pack("<I", len(data)) + data)

    def number(self, value):
        self.out.write(b"J" + struct.pack("<i", value))

    def numbers(self, values):
        self.out.write(b"(")
        for value in values:
            self.number(value)
        self.out.write(b"t")

    def plain(self, value):
        self.out.write(pickle.dumps(value, 2)[2:-1])  # without PROTO and STOP

    def ordered_dict(self):
        self.out.write(b"ccollections\nOrderedDict\n)R")

    def tensor(self, key, array):
        strides = [s // array.itemsize for s in array.strides]
        self.out.write(b"ctorch._utils\n_rebuild_tensor_v2\n((")
        self.text("storage")
        self.out.write(b"ctorch\nFloatStorage\n")
        self.text(key)
        self.text("cpu")
        self.number(array.size)
        self.out.write(b"tQ")
        self.number(0)
        self.numbers(array.shape)
        self.numbers(strides)
        self.out.write(b"\x89")
        self.ordered_dict()
        self.out.write(b"tR")


def save(path, args, state):
    writer = Writer()
    writer.out.write(b"\x80\x02}(")
    for name, value in (("model_name", "ConvTasNet"), ("sample_rate", 8000), ("model_args", args)):
        writer.text(name)
        writer.plain(value)
    writer.text("state_dict")
    writer.ordered_dict()
    writer.out.write(b"(")
    for i, (name, array) in enumerate(state.items()):
        writer.text(name)
        writer.tensor(str(i), array)
    writer.out.write(b"uu.")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("default/data.pkl", writer.out.getvalue())
        archive.writestr("default/byteorder", "little")
        for i, array in enumerate(state.values()):
            archive.writestr(f"default/data/{i}", array.tobytes())
        archive.writestr("default/version", "3\n")


if __name__ == "__main__":
    save(sys.argv[1], ARGS, make_state(ARGS, np.random.default_rng(0)))
