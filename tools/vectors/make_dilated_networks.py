#!/usr/bin/env python3
"""Small networks whose dilated convolutions a chip without dilation must get by phases, or not at
all: crops, paddings and lengths as people write them. Weights are random; the expected values are
ONNX Runtime's.

    build/witnesses/bin/python tools/vectors/make_dilated_networks.py tests/data/onnx/dilated
"""
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Nodes appended one by one; every method returns the name of the value it makes."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs = [], [], []

    def input(self, name, channels, length):
        self.inputs.append((name, [1, channels, length]))
        return name

    def constant(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def floats(self, *shape, scale=1.0):
        return self.constant((self.rng.uniform(-1, 1, shape) * scale).astype(np.float32))

    def op(self, kind, *inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x, inputs, outputs, kernel, dilation=1, groups=1, **attributes):
        scale = (3 / (inputs // groups * kernel)) ** 0.5
        attributes.setdefault("pads", [0, 0])
        return self.op("Conv", x, self.floats(outputs, inputs // groups, kernel, scale=scale),
                       self.floats(outputs, scale=0.2), dilations=[dilation], group=groups,
                       kernel_shape=[kernel], **attributes)

    def transposed(self, x, inputs, outputs, kernel, stride, dilation=1, pads=(0, 0)):
        return self.op("ConvTranspose", x,
                       self.floats(inputs, outputs, kernel, scale=(3 / inputs) ** 0.5),
                       self.floats(outputs, scale=0.2), dilations=[dilation], strides=[stride],
                       kernel_shape=[kernel], pads=list(pads))

    def crop(self, x, begin, end):
        """x[:, :, begin:end]; end None is the last frame."""
        end = np.iinfo(np.int64).max if end is None else end
        return self.op("Slice", x, *(self.constant(np.array([v], np.int64))
                                     for v in (begin, end, 2)))

    def save(self, path, *outputs):
        graph = helper.make_graph(
            self.nodes, "net",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in self.inputs],
            [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs],
            self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                                  ir_version=8, producer_name="make_dilated_networks")
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(model)
        onnx.save(model, path.with_suffix(".onnx"))
        feeds = {n: self.rng.standard_normal(s).astype(np.float32) for n, s in self.inputs}
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                               providers=["CPUExecutionProvider"])
        for i, (name, _) in enumerate(self.inputs):
            np.save(f"{path}.in{i}.npy", feeds[name])
        for i, value in enumerate(session.run(None, feeds)):
            np.save(f"{path}.out{i}.npy", value)


def wavenet(net, kernel, dilations, begins, length, last):
    """Gated blocks; the residual loses `begins` frames at its beginning, a skip is cut to `last`."""
    x = net.conv(net.input("x", 1, length), 1, 4, 1)
    total = None
    frames = length
    for dilation, begin in zip(dilations, begins):
        frames -= (kernel - 1) * dilation
        gate = net.op("Sigmoid", net.conv(x, 4, 4, kernel, dilation))
        y = net.op("Mul", net.op("Tanh", net.conv(x, 4, 4, kernel, dilation)), gate)
        skip = net.crop(net.conv(y, 4, 4, 1), -last, None)
        total = skip if total is None else net.op("Add", total, skip)
        x = net.op("Add", net.conv(y, 4, 4, 1), net.crop(x, begin, begin + frames))
    return net.conv(net.op("Relu", total), 4, 2, 1)


def wavenet_causal(net):
    return [wavenet(net, 2, [1, 2, 4, 8, 16], [1, 2, 4, 8, 16], 90, 59)]


def wavenet_centred(net):
    return [wavenet(net, 3, [1, 3, 9], [1, 3, 9], 80, 50)]


def wavenet_odd_crops(net):
    return [wavenet(net, 4, [3, 5], [4, 7], 70, 41)]


def wavenet_one_frame(net):
    return [wavenet(net, 2, [1, 2, 4, 8], [1, 2, 4, 8], 16, 1)]


def residual_same(net, kernel, dilation, pads):
    x = net.conv(net.input("x", 3, 61), 3, 4, 1)
    y = net.op("Relu", net.conv(x, 4, 4, kernel, dilation, pads=pads))
    y = net.op("Add", x, net.conv(y, 4, 4, kernel, dilation, groups=4, pads=pads))
    return [net.conv(y, 4, 2, 1)]


def even_same_upper(net):
    return residual_same(net, 2, 3, [1, 2])


def even_same_lower(net):
    return residual_same(net, 4, 5, [8, 7])


def stride_behind_dilation(net):
    x = net.conv(net.input("x", 2, 81), 2, 4, 3, 4, pads=[4, 4])
    x = net.conv(net.op("Relu", x), 4, 6, 3, strides=[2], pads=[1, 1])
    return [net.conv(net.op("Relu", x), 6, 3, 3, 3, pads=[6, 0])]


def stride_with_dilation(net):
    x = net.conv(net.input("x", 2, 77), 2, 4, 3, 4, strides=[2], pads=[5, 3])
    return [net.conv(net.op("Relu", x), 4, 3, 2, 6, strides=[3], pads=[0, 0])]


def transposed_with_dilation(net):
    x = net.conv(net.input("x", 2, 40), 2, 4, 3, 4, pads=[4, 4])
    x = net.transposed(net.op("Tanh", x), 4, 3, 4, 2, 3, pads=(2, 1))
    return [net.conv(x, 3, 2, 3, 5, pads=[7, 3])]


def branches(net):
    x = net.conv(net.input("x", 2, 64), 2, 4, 1)
    parts = [net.crop(net.conv(x, 4, 3, 3, d), offset, offset + 30)
             for d, offset in ((1, 15), (4, 11), (6, 10), (8, 2))]
    joined = net.op("Concat", *parts, axis=1)
    return [net.conv(net.op("Relu", joined), 12, 2, 1)]


def branches_joined_in_time(net):
    x = net.input("x", 3, 50)
    parts = [net.conv(x, 3, 4, 3, d) for d in (3, 7)]
    return [net.conv(net.op("Concat", *parts, axis=2), 4, 2, 3, 4, pads=[4, 4])]


def dilation_beyond_the_length(net):
    x = net.conv(net.input("x", 2, 30), 2, 4, 3, 40, pads=[40, 40])
    return [net.conv(net.op("Relu", x), 4, 2, 2, 33, pads=[33, 0])]


def length_one(net):
    x = net.conv(net.input("x", 2, 1), 2, 4, 3, 4, pads=[4, 4])
    return [net.conv(net.op("Relu", x), 4, 2, 3, 8, pads=[16, 0])]


def u_net(net):
    x = net.op("Relu", net.conv(net.input("x", 1, 97), 1, 4, 3, 3))
    down = net.op("Relu", net.conv(x, 4, 6, 4, strides=[2], pads=[1, 1]))
    low = net.op("Relu", net.conv(down, 6, 6, 3, 4))
    up = net.transposed(low, 6, 4, 4, 2, pads=(1, 1))
    joined = net.op("Concat", up, net.crop(x, 5, 79), axis=1)
    return [net.conv(joined, 8, 2, 2, 5)]


def pools_between(net):
    x = net.op("Relu", net.conv(net.input("x", 2, 72), 2, 4, 3, 4, pads=[4, 4]))
    x = net.op("AveragePool", x, kernel_shape=[3], strides=[1], pads=[1, 1])
    x = net.op("Relu", net.conv(x, 4, 4, 3, 6, pads=[6, 6]))
    x = net.op("MaxPool", x, kernel_shape=[2], strides=[2])
    return [net.conv(x, 4, 2, 3, 5, pads=[5, 5])]


def two_inputs(net):
    x, y = net.input("x", 3, 60), net.input("y", 4, 47)
    z = net.op("Add", net.conv(x, 3, 4, 3, 4), net.crop(net.op("Pad", y, net.constant(
        np.array([0, 0, 5, 0, 0, 0], np.int64))), 0, 52))
    return [net.conv(net.op("Relu", z), 4, 2, 2, 7), net.op("Tanh", y)]


def no_convolution(net):
    x = net.input("x", 4, 50)
    y = net.op("Mul", net.op("Tanh", x), net.floats(1, 4, 1))
    return [net.op("Add", net.crop(y, 3, 45), net.crop(x, 8, 50))]


def gate_over_time(net):
    x = net.conv(net.input("x", 2, 66), 2, 4, 1)
    y = net.op("Relu", net.conv(x, 4, 4, 3, 4, pads=[4, 4]))
    gate = net.op("Sigmoid", net.conv(net.op("GlobalAveragePool", y), 4, 4, 1))
    y = net.op("Mul", net.conv(y, 4, 4, 3, 4, pads=[8, 0]), gate)
    return [net.conv(net.op("Add", x, y), 4, 2, 3, 8, pads=[16, 0])]


def constant_in_every_frame(net):
    x = net.conv(net.input("x", 2, 58), 2, 4, 1)
    y = net.op("Add", x, net.floats(1, 4, 58))
    y = net.op("Relu", net.conv(y, 4, 4, 3, 5, pads=[5, 5]))
    y = net.op("Mul", y, net.floats(1, 4, 58))
    return [net.conv(y, 4, 2, 1)]


def mirrored(net):
    x = net.conv(net.input("x", 2, 53), 2, 4, 1)
    for mode, dilation in (("reflect", 6), ("edge", 3)):
        padded = net.op("Pad", x, net.constant(np.array([0, 0, dilation, 0, 0, dilation],
                                                        np.int64)), mode=mode)
        x = net.op("Add", x, net.op("Tanh", net.conv(padded, 4, 4, 3, dilation)))
    return [net.conv(x, 4, 2, 1)]


def every_other_frame(net):
    x = net.conv(net.input("x", 2, 64), 2, 4, 3, 4, pads=[8, 0])
    y = net.op("Slice", x, *(net.constant(np.array([v], np.int64)) for v in (1, 64, 2, 2)))
    return [net.conv(net.op("Relu", y), 4, 2, 3, 3, pads=[3, 3])]


NETWORKS = [wavenet_causal, wavenet_centred, wavenet_odd_crops, wavenet_one_frame,
            even_same_upper, even_same_lower, stride_behind_dilation, stride_with_dilation,
            transposed_with_dilation, branches, branches_joined_in_time,
            dilation_beyond_the_length, length_one, u_net, pools_between, two_inputs,
            no_convolution, gate_over_time, constant_in_every_frame, mirrored, every_other_frame]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for seed, make in enumerate(NETWORKS):
        net = Net(seed)
        net.save(folder / make.__name__, *make(net))


main()
