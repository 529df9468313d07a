#!/usr/bin/env python3
"""Small ONNX files of what people export and ONNX Runtime's own output for them, by kind.

    python3 tools/vectors/onnx_kinds.py tests/data/onnx

Writes KIND/NAME.onnx, KIND/NAME.in.npy and KIND/NAME.out.npy (KIND/NAME.out1.npy for a second
output); needs the onnx and onnxruntime packages. Weights are random, seeded, and small.
"""
import sys
from pathlib import Path

import numpy as np

import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Nodes and weights in order; each method returns the name of what it made."""

    def __init__(self, dims, seed=0, opset=17):
        self.dims, self.opset = dims, opset
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.unread = [], [], []

    def op(self, kind, *inputs, **attributes):
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f"{kind}_{len(self.nodes)}", **attributes))
        return out

    def const(self, array, dtype=None):
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def ints(self, *values):
        return self.const(np.array(values, np.int64))

    def weight(self, *dims):
        return self.const(self.random.uniform(-0.5, 0.5, dims).astype(np.float32))

    def reshape(self, x, *dims):
        return self.op("Reshape", x, self.ints(*dims))

    def transpose(self, x, *perm):
        return self.op("Transpose", x, perm=list(perm))

    def slice(self, x, begin, end, axis, step=1):
        return self.op("Slice", x, self.ints(begin), self.ints(end), self.ints(axis), self.ints(step))

    def conv(self, x, out, inner, *kernel, bias=True, **attributes):
        inputs = [x, self.weight(out, inner, *kernel)] + ([self.weight(out)] if bias else [])
        return self.op("Conv", *inputs, **attributes)

    def model(self, *results):
        names = [f"y{i}" if i else "y" for i in range(len(results))]
        nodes = self.nodes + [helper.make_node("Identity", [r], [n]) for r, n in zip(results, names)]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.dims)
        ys = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names]
        graph = helper.make_graph(nodes, "g", [x] + self.unread, ys, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


# ---- overlap-add ----

N = 6  # filters of the encoder


def frames(kernel, step, count=9, voices=2, seed=0, opset=17):
    """A separator as far as its frames: [1, voices, count, kernel]."""
    samples = (count - 1) * step + kernel
    net = Net([1, 1, samples], seed, opset)
    code = net.op("Relu", net.conv("x", N, 1, kernel, strides=[step], bias=False))
    masks = net.op("Sigmoid", net.conv(code, voices * N, N, 1))
    masked = net.op("Mul", net.reshape(masks, 1, voices, N, count), net.op("Unsqueeze", code, net.ints(1)))
    return net, net.op("MatMul", net.transpose(masked, 0, 1, 3, 2), net.weight(N, kernel)), samples


def positions(kernel, step, count):
    return step * np.arange(count)[:, None] + np.arange(kernel)[None, :]


def elements(kernel, step, count=9, voices=2, extra=0, start=0, data=None, seed=0, opset=17):
    net, x, samples = frames(kernel, step, count, voices, seed, opset)
    x = net.reshape(x, 1, voices, -1)
    index = np.broadcast_to(positions(kernel, step, count).reshape(1, 1, -1) + start, (1, voices, kernel * count))
    zeros = np.zeros((1, voices, samples + extra + start), np.float32) if data is None else data
    return net.model(net.op("ScatterElements", net.const(zeros), net.const(index, np.int64), x, axis=2, reduction="add"))


def elements_axis_1(kernel=8, step=4, count=9, voices=3):
    net, x, samples = frames(kernel, step, count, voices, 1)
    x = net.reshape(net.transpose(x, 0, 2, 3, 1), 1, -1, voices)
    index = np.broadcast_to(positions(kernel, step, count).reshape(1, -1, 1), (1, kernel * count, voices))
    zeros = net.const(np.zeros((1, samples, voices), np.float32))
    y = net.op("ScatterElements", zeros, net.const(index, np.int64), x, axis=1, reduction="add")
    return net.model(net.transpose(y, 0, 2, 1))


def subframes(kernel, step, count=9, voices=2):
    """Frames cut into pieces of their common divisor, the pieces added up: one index a piece."""
    net, x, samples = frames(kernel, step, count, voices, 2)
    piece = np.gcd(kernel, step)
    each, hop = kernel // piece, step // piece
    x = net.reshape(x, 1, voices, count * each, piece)
    index = positions(each, hop, count).reshape(-1, 1)
    zeros = net.const(np.zeros((samples // piece, 1, voices, piece), np.float32))
    y = net.op("ScatterND", zeros, net.const(index, np.int64), net.transpose(x, 2, 0, 1, 3), reduction="add")
    return net.model(net.reshape(net.transpose(y, 1, 2, 0, 3), 1, voices, -1))


def nd_all_columns(kernel=6, step=3, count=7, voices=2, negative=False):
    """Indices that name batch, voice and sample of each element."""
    net, x, samples = frames(kernel, step, count, voices, 3)
    at = np.zeros((1, voices, count, kernel, 3), np.int64)
    at[..., 1] = np.arange(voices)[None, :, None, None]
    at[..., 2] = positions(kernel, step, count)[None, None] - (samples if negative else 0)
    zeros = net.const(np.zeros((1, voices, samples), np.float32))
    return net.model(net.op("ScatterND", zeros, net.const(at), x, reduction="add"))


def nd_rows(kernel=6, step=2, count=8):
    """[samples, voices]: rows of all voices."""
    net, x, samples = frames(kernel, step, count, 2, 4)
    x = net.reshape(net.transpose(x, 0, 2, 3, 1), count, kernel, 2)
    zeros = net.const(np.zeros((samples, 2), np.float32))
    at = net.const(positions(kernel, step, count)[..., None], np.int64)
    y = net.op("ScatterND", zeros, at, x, reduction="add")
    return net.model(net.op("Unsqueeze", net.transpose(y, 1, 0), net.ints(0)))


def nd_rows_and_columns(kernel=8, step=4, count=9):
    """torch.nn.functional.fold, decomposed: indices of an image's rows and columns, taps before frames."""
    net, x, samples = frames(kernel, step, count, 2, 10)
    x = net.op("Unsqueeze", net.transpose(x, 3, 2, 0, 1), net.ints(0, 1))
    at = np.zeros((1, 1, kernel, count, 2), np.int64)
    at[..., 1] = positions(kernel, step, count).T[None, None]
    zeros = net.const(np.zeros((1, samples, 1, 2), np.float32))
    y = net.op("ScatterND", zeros, net.const(at), x, reduction="add")
    return net.model(net.op("Squeeze", net.transpose(y, 2, 3, 0, 1), net.ints(2)))


def nd_hops_without_adding(step=5, count=8):
    net, x, samples = frames(step, step, count, 1, 5)
    zeros = net.const(np.zeros((samples, 1), np.float32))
    y = net.op("ScatterND", zeros, net.const(np.arange(samples)[:, None], np.int64), net.reshape(x, -1, 1))
    return net.model(net.reshape(y, 1, 1, -1))


def col2im(kernel, step, count=9, voices=2, image=1, dilation=1, pads=(0, 0), opset=18):
    net, x, _ = frames(kernel, step, count, voices, 6, opset)
    x = net.reshape(net.transpose(x, 0, 1, 3, 2), 1, voices * kernel, count)
    samples = (count - 1) * step + (kernel - 1) * dilation + 1 - sum(pads)
    if image == 1:
        shape, block, at = [samples], [kernel], {"strides": [step], "dilations": [dilation], "pads": list(pads)}
    else:
        shape, block = [1, samples], [1, kernel]
        at = {"strides": [1, step], "dilations": [1, dilation], "pads": [0, pads[0], 0, pads[1]]}
    y = net.op("Col2Im", x, net.ints(*shape), net.ints(*block), **at)
    return net.model(net.reshape(y, 1, voices, samples))


def two_halves(step=4, count=9, voices=2):
    """The halves of each frame written one after the other, shifted by a step and added."""
    net, x, samples = frames(2 * step, step, count, voices, 7)
    first = net.reshape(net.slice(x, 0, step, 3), 1, voices, -1)
    second = net.reshape(net.slice(x, step, 2 * step, 3), 1, voices, -1)
    pad = lambda v, a, b: net.op("Pad", v, net.ints(0, 0, a, 0, 0, b))
    return net.model(net.op("Add", pad(first, 0, step), pad(second, step, 0)))


def frames_in_a_row(step=6, count=8):
    """Frames that do not overlap: nothing but a reshape."""
    net, x, samples = frames(step, step, count, 2, 11)
    return net.model(net.reshape(x, 1, 2, -1))


def two_halves_cropped(step=4, count=9):
    net, x, samples = frames(2 * step, step, count, 1, 8)
    first = net.reshape(net.slice(x, 0, step, 3), 1, 1, -1)
    second = net.reshape(net.slice(x, step, 2 * step, 3), 1, 1, -1)
    y = net.op("Add", net.slice(first, step, 1 << 40, 2), net.slice(second, 0, -step, 2))
    return net.model(y)


def windowed(kernel=8, step=4, count=9):
    """A window on each frame, the sum divided by the sum of the squared windows."""
    net, x, samples = frames(kernel, step, count, 1, 9)
    window = np.hanning(kernel + 2)[1:-1].astype(np.float32)
    x = net.reshape(net.op("Mul", x, net.const(window)), 1, 1, -1)
    index = net.const(positions(kernel, step, count).reshape(1, 1, -1), np.int64)
    zeros = net.const(np.zeros((1, 1, samples), np.float32))
    weights = net.const(np.tile(window * window, count).reshape(1, 1, -1))
    total = net.op("ScatterElements", zeros, index, weights, axis=2, reduction="add")
    y = net.op("ScatterElements", zeros, index, x, axis=2, reduction="add")
    return net.model(net.op("Div", y, total))


def overlap_add():
    yield "elements_half", elements(8, 4)
    yield "elements_third", elements(12, 4, voices=3)
    yield "elements_quarter", elements(16, 4, voices=1)
    yield "elements_odd", elements(7, 3)
    yield "elements_gaps", elements(3, 5)
    yield "elements_later_and_longer", elements(8, 4, start=3, extra=10)
    yield "elements_onto_constant", elements(6, 3, count=5, data=np.linspace(-1, 1, 36, dtype=np.float32).reshape(1, 2, 18))
    yield "elements_axis_1", elements_axis_1()
    yield "subframes_half", subframes(20, 10)
    yield "subframes_two_thirds", subframes(12, 8)
    yield "subframes_quarter", subframes(16, 4, voices=3)
    yield "nd_all_columns", nd_all_columns()
    yield "nd_negative", nd_all_columns(negative=True)
    yield "nd_rows", nd_rows()
    yield "nd_rows_and_columns", nd_rows_and_columns()
    yield "nd_hops_without_adding", nd_hops_without_adding()
    yield "col2im", col2im(8, 4)
    yield "col2im_image", col2im(9, 3, voices=1, image=2)
    yield "col2im_padded", col2im(7, 4, pads=(3, 1))
    yield "col2im_image_padded_dilated", col2im(5, 4, image=2, dilation=2, pads=(3, 1))
    yield "frames_in_a_row", frames_in_a_row()
    yield "two_halves", two_halves()
    yield "two_halves_cropped", two_halves_cropped()
    yield "windowed", windowed()


# ---- dilated convolutions as space-to-batch, as tf2onnx writes them ----


def space_to_batch(net, x, blocks, pads, channels):
    """The rows of x [batch, space..., channels] for each phase: shapes computed from x's own."""
    n = len(blocks)
    block = net.ints(*blocks)
    pad = net.const(np.array(pads, np.int64))
    filled = net.op("Pad", net.op("Pad", pad, net.ints(1, 0, 0, 0)), net.ints(0, 0, 1, 0))
    x = net.op("Pad", x, net.reshape(net.transpose(filled, 1, 0), -1))
    shape = net.op("Shape", x)
    space = net.slice(shape, 1, n + 1, 0)
    depth = net.slice(shape, n + 1, np.iinfo(np.int64).max, 0)
    reduced = net.op("Div", space, block)
    pairs = net.transpose(net.reshape(net.op("Concat", reduced, block, axis=0), -1, n), 1, 0)
    x = net.op("Reshape", x, net.op("Concat", net.ints(-1), net.reshape(pairs, -1), depth, axis=0))
    perm = [2 * i + 2 for i in range(n)] + [0] + [2 * i + 1 for i in range(n)] + [2 * n + 1]
    x = net.transpose(x, *perm)
    return net.op("Reshape", x, net.op("Concat", net.ints(-1), reduced, depth, axis=0))


def batch_to_space(net, x, blocks, crops):
    n = len(blocks)
    block = net.ints(*blocks)
    shape = net.op("Shape", x)
    space = net.slice(shape, 1, n + 1, 0)
    depth = net.slice(shape, n + 1, np.iinfo(np.int64).max, 0)
    target = net.op("Mul", space, block)
    x = net.op("Reshape", x, net.op("Concat", block, net.ints(-1), space, depth, axis=0))
    perm = [n]
    for i in range(n):
        perm += [n + 1 + i, i]
    x = net.transpose(x, *perm, 2 * n + 1)
    x = net.op("Reshape", x, net.op("Concat", net.ints(-1), target, depth, axis=0))
    crop = net.transpose(net.const(np.array(crops, np.int64)), 1, 0)
    begin = net.op("Squeeze", net.slice(crop, 0, 1, 0), net.ints(0))
    cut = net.op("Squeeze", net.slice(crop, 1, 2, 0), net.ints(0))
    return net.op("Slice", x, begin, net.op("Sub", target, cut), net.ints(*range(1, n + 1)))


def fill(length, total, dilation):
    """Frames that make `length` with its padding a multiple of the dilation."""
    return -(length + total) % dilation


def phase_conv(net, x, channels, dilation, length, before, after, image, kernel=3, out=None):
    """One dilated convolution of x [1, length, channels], by phases."""
    out = out or channels
    more = fill(length, before + after, dilation)
    blocks, pads, crops = [dilation], [[before, after + more]], [[0, more]]
    if image:
        x = net.op("Unsqueeze", x, net.ints(1))
        blocks, pads, crops = [1] + blocks, [[0, 0]] + pads, [[0, 0]] + crops
    x = space_to_batch(net, x, blocks, pads, channels)
    if not image:
        x = net.op("Unsqueeze", x, net.ints(1))
    x = net.transpose(x, 0, 3, 1, 2)
    x = net.op("Relu", net.conv(x, out, channels, 1, kernel))
    x = net.transpose(x, 0, 2, 3, 1)
    if not image:
        x = net.op("Squeeze", x, net.ints(1))
    x = batch_to_space(net, x, blocks, crops)
    return net.op("Squeeze", x, net.ints(1)) if image else x


def phases(dilations, length=37, channels=4, causal=False, image=False, valid=False):
    net = Net([1, length, channels], 20)
    x = "x"
    for d in dilations:
        before, after = (2 * d, 0) if causal else (0, 0) if valid else (d, d)
        y = phase_conv(net, x, channels, d, length, before, after, image)
        if valid:
            length -= 2 * d
            x = y
        else:
            x = net.op("Add", x, y)
    return net.model(x)


def phases_even_kernel():
    net = Net([1, 30, 3], 21)
    return net.model(phase_conv(net, "x", 3, 4, 30, 6, 6, False, kernel=4, out=5))


def phases_in_channels_first():
    """[1, C, T]: padded, split and joined without any channels-last."""
    net = Net([1, 4, 40], 22)
    x = net.op("Pad", "x", net.ints(0, 0, 4, 0, 0, 4))
    x = net.transpose(net.reshape(x, 4, 12, 4), 2, 0, 1)
    x = net.conv(x, 6, 4, 3)
    x = net.reshape(net.transpose(x, 1, 2, 0), 1, 6, 40)
    return net.model(x)


def dilated_phases():
    yield "same", phases([2, 4, 8])
    yield "causal", phases([2, 3, 5], causal=True)
    yield "valid", phases([2, 4], valid=True)
    yield "image", phases([2, 4], image=True)
    yield "image_causal", phases([3], causal=True, image=True)
    yield "even_kernel", phases_even_kernel()
    yield "channels_first", phases_in_channels_first()


# ---- constants ----


def constants():
    net = Net([1, 3, 20], 30)
    ones = net.const(np.ones((1, 1, 20), np.float32))
    counts = net.op("Conv", ones, net.const(np.ones((1, 1, 5), np.float32)), pads=[2, 2])
    yield "conv_counts", net.model(net.op("Div", net.conv("x", 3, 3, 5, pads=[2, 2]), counts))

    net = Net([1, 1, 40], 31)
    code = net.conv("x", 4, 1, 8, strides=[4], bias=False)
    y = net.op("ConvTranspose", code, net.weight(4, 1, 8), strides=[4])
    window = net.const(np.hanning(8).reshape(1, 1, 8).astype(np.float32) + 0.1)
    total = net.op("ConvTranspose", net.const(np.ones((1, 1, 9), np.float32)), window, strides=[4])
    yield "conv_transpose_window_sum", net.model(net.op("Div", y, total))

    net = Net([1, 4, 16], 32)
    x = net.weight(1, 4, 6)
    w = net.op("Conv", x, net.weight(6, 2, 2), net.weight(6), group=2, dilations=[2], pads=[1, 0], strides=[2])
    yield "conv_grouped_to_bias", net.model(net.op("Add", net.conv("x", 6, 4, 3), net.op("ReduceMean", w, axes=[2])))

    net = Net([1, 2, 12], 33)
    w = net.op("ConvTranspose", net.weight(4, 2, 1, 2), net.weight(2, 1, 1, 2), group=2, strides=[1, 2],
               dilations=[1, 2], pads=[0, 1, 0, 0], output_padding=[0, 1])
    w = net.reshape(w, 4, 2, -1)
    yield "conv_transpose_to_weights", net.model(net.op("Conv", "x", w))

    net = Net([1, 3, 10], 34)
    a = net.op("Gemm", net.weight(3, 4), net.weight(3, 5), net.weight(5), transA=1, alpha=0.5, beta=2.0)
    b = net.op("MatMul", net.weight(2, 3, 4), a)
    w = net.op("Reshape", b, net.ints(6, 5))
    y = net.conv("x", 5, 3, 1)
    yield "gemm_and_stacked_matmul_to_weights", net.model(net.op("MatMul", w, y))


# ---- einsum ----


def einsum():
    def case(dims, equation, *shapes, first=False, seed=40):
        net = Net(dims, seed)
        x = net.op("Relu", net.conv("x", dims[1], dims[1], 1))
        terms = [net.weight(*s) for s in shapes]
        return net, x, net.op("Einsum", *(terms + [x] if first else [x] + terms), equation=equation)

    net, _, y = case([1, 4, 15], "bct,oc->bot", (6, 4))
    yield "pointwise", net.model(y)
    net, _, y = case([1, 4, 15], "oc, bct -> bot", (6, 4), first=True)
    yield "pointwise_weight_first", net.model(y)
    net, _, y = case([1, 4, 15], "bct,c->bt", (4,))
    yield "weighted_sum", net.model(y)
    net, _, y = case([1, 4, 15], "bct,ct->bct", (4, 15))
    yield "gain_of_each_element", net.model(y)
    net, _, y = case([1, 4, 15], "...ct,oc->...ot", (3, 4))
    yield "ellipsis", net.model(y)
    net, _, y = case([1, 4, 15], "bct,co", (4, 5))
    yield "implicit_result", net.model(y)
    net, _, y = case([1, 4, 15], "bct,cpq->btpq", (4, 2, 3))
    yield "two_new_dims", net.model(net.reshape(net.transpose(y, 0, 2, 3, 1), 1, 6, 15))
    net, _, y = case([1, 4, 15], "bct->btc")
    yield "transpose", net.model(y)
    net, _, y = case([1, 4, 15], "bct->bt")
    yield "sum", net.model(y)
    net, x, y = case([1, 4, 15], "bct,oct->bo", (3, 4, 15))
    yield "over_everything", net.model(y)

    net = Net([1, 1, 50], 41)  # masks of two voices
    code = net.op("Relu", net.conv("x", 5, 1, 10, strides=[5], bias=False))
    masks = net.reshape(net.op("Sigmoid", net.conv(code, 10, 5, 1)), 1, 2, 5, 9)
    masked = net.op("Einsum", masks, code, equation="bsft,bft->bsft")
    taps = net.op("Einsum", masked, net.weight(5, 10), equation="bsft,fk->bstk")
    index = np.broadcast_to(positions(10, 5, 9).reshape(1, 1, -1), (1, 2, 90))
    y = net.op("ScatterElements", net.const(np.zeros((1, 2, 50), np.float32)), net.const(index, np.int64),
               net.reshape(taps, 1, 2, -1), axis=2, reduction="add")
    yield "masks_and_decoder", net.model(y)

    net = Net([1, 6, 15], 42)
    x = net.reshape(net.conv("x", 6, 6, 1), 1, 2, 3, 15)
    y = net.op("Einsum", x, net.weight(2, 4, 3), equation="bgct,goc->bgot")
    yield "grouped", net.model(net.reshape(y, 1, 8, 15))

    net = Net([1, 4, 15], 43)  # a product of two tensors, summed over channels
    a, b = net.conv("x", 4, 4, 1), net.conv("x", 4, 4, 1)
    yield "sum_of_products", net.model(net.op("Einsum", a, b, equation="bct,bct->bt"))

    net = Net([1, 4, 15], 44)
    w = net.op("Einsum", net.weight(5, 3), net.weight(3, 4), equation="ij,jk->ik")
    yield "constants", net.model(net.op("Einsum", "x", w, equation="bct,oc->bot"))


# ---- fixed batches ----


def fixed_batch():
    net = Net([4, 3, 20], 50)
    yield "conv", net.model(net.op("Relu", net.conv("x", 5, 3, 3, pads=[1, 1])))

    net = Net([3, 4, 16], 51)  # a norm written out, a residual, a gain that is the same for all rows
    y = net.op("PRelu", net.conv("x", 4, 4, 1), net.const(np.full((1, 1), 0.2, np.float32)))
    mean = net.op("ReduceMean", y, axes=[1, 2], keepdims=1)
    d = net.op("Sub", y, mean)
    var = net.op("ReduceMean", net.op("Mul", d, d), axes=[1, 2], keepdims=1)
    y = net.op("Div", d, net.op("Sqrt", net.op("Add", var, net.const(np.float32(1e-6)))))
    gain = np.broadcast_to(np.linspace(0.5, 1.5, 4, dtype=np.float32).reshape(1, 4, 1), (3, 4, 1))
    y = net.op("Add", net.op("Mul", y, net.const(gain)), net.weight(4, 1))
    yield "global_norm_expanded_gain", net.model(net.op("Add", "x", y))

    net = Net([4, 10, 3], 52)  # [batch, time, channels] flattened for a linear layer and back
    y = net.op("Gemm", net.reshape("x", 40, 3), net.weight(3, 6), net.weight(6))
    y = net.transpose(net.op("Tanh", net.reshape(y, 4, 10, 6)), 0, 2, 1)
    yield "flattened_linear", net.model(net.conv(y, 2, 6, 3))

    net = Net([2, 50], 53)  # voices in the batch: [batch*voices, N, L]
    code = net.op("Relu", net.conv(net.op("Unsqueeze", "x", net.ints(1)), 5, 1, 10, strides=[5], bias=False))
    masks = net.reshape(net.op("Sigmoid", net.conv(code, 10, 5, 1)), 2, 2, 5, 9)
    masked = net.op("Mul", masks, net.op("Unsqueeze", code, net.ints(1)))
    y = net.op("ConvTranspose", net.reshape(masked, 4, 5, 9), net.weight(5, 1, 10), strides=[5])
    yield "voices_in_the_batch", net.model(net.reshape(y, 2, 2, 50))

    net = Net([4, 6, 12], 54)  # a classifier
    y = net.op("MaxPool", net.op("Relu", net.conv("x", 8, 6, 3)), kernel_shape=[2], strides=[2])
    y = net.op("Flatten", net.op("GlobalAveragePool", y))
    yield "classifier", net.model(net.op("Softmax", net.op("Gemm", y, net.weight(8, 3)), axis=-1))

    net = Net([3, 4, 12], 55)  # causal padding by joined zeros; depthwise
    y = net.op("Concat", net.const(np.zeros((3, 4, 4), np.float32)), "x", axis=2)
    y = net.conv(y, 4, 1, 3, group=4, dilations=[2])
    state = net.const(np.broadcast_to(np.arange(48, dtype=np.float32).reshape(1, 4, 12), (3, 4, 12)).copy())
    yield "joined_constants", net.model(net.op("Concat", state, y, axis=1))

    net = Net([2, 4, 14], 56)
    y = net.op("InstanceNormalization", "x", net.weight(4), net.weight(4))
    y = net.op("LayerNormalization", net.transpose(y, 0, 2, 1), net.weight(4), net.weight(4))
    yield "norm_ops", net.model(net.transpose(y, 1, 0, 2), net.op("Expand", net.op("ReduceMean", y, axes=[2]), net.ints(2, 14, 3)))


# ---- voices as outputs, inputs that nothing reads ----


def separator(voices, samples=160, kernel=16, step=8, seed=60):
    count = (samples - kernel) // step + 1
    net = Net([1, samples], seed)
    code = net.op("Relu", net.conv(net.op("Unsqueeze", "x", net.ints(1)), N, 1, kernel, strides=[step], bias=False))
    masks = net.op("Sigmoid", net.conv(code, voices * N, N, 3, pads=[1, 1]))
    decoder = net.weight(N, 1, kernel)
    parts = [net.op("Mul", net.slice(masks, v * N, (v + 1) * N, 1), code) for v in range(voices)]
    return net, [net.op("ConvTranspose", p, decoder, strides=[step]) for p in parts]


def voices():
    net, (a, b, c) = separator(3)
    yield "three_outputs", net.model(a, net.op("Squeeze", b, net.ints(1)), net.op("Squeeze", c))
    net, (a, b) = separator(2, seed=61)
    yield "two_lengths", net.model(a, net.slice(b, 0, 150, 2))
    net, (a, b) = separator(2, seed=62)
    net.unread = [helper.make_tensor_value_info("x_lens", TensorProto.INT64, [1])]
    yield "unread_lengths", net.model(net.op("Concat", a, b, axis=1))


def write(folder, name, model):
    dims = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    feeds = {i.name: np.ones(1, np.int64) for i in model.graph.input}
    feeds["x"] = np.random.default_rng(len(name)).uniform(-1, 1, dims).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    np.save(folder / f"{name}.in.npy", feeds["x"])
    for i, y in enumerate(session.run(None, feeds)):
        np.save(folder / f"{name}.out{i or ''}.npy", y)


def main():
    root = Path(sys.argv[1])
    for kind in (overlap_add, dilated_phases, constants, einsum, fixed_batch, voices):
        for name, model in kind():
            write(root / kind.__name__, name, model)


if __name__ == "__main__":
    main()
