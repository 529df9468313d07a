#!/usr/bin/env python3
"""Small networks of kinds that people bring as ONNX: Resize and Upsample, integer weights, circular
padding, constants expanded over time, inputs of different layouts.

Writes NAME.onnx, NAME.in.npy (NAME.in1.npy, ... for further inputs) and NAME.out.npy (NAME.out1.npy,
...) into a folder per kind below the folder given; the outputs are ONNX Runtime's. Weights are
random, seeded, and small.

    build/witnesses/bin/python tools/vectors/onnx_sequence_kinds.py tests/data/onnx/kinds
"""
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(13)


def uniform(*shape, low=-0.5, high=0.5):
    return RNG.uniform(low, high, shape).astype(np.float32)


class Net:
    """Nodes, initializers, inputs and outputs of one file."""

    def __init__(self, opset=17, domains=()):
        self.opset, self.domains = opset, domains
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []
        self.arrays = []

    def input(self, name, *shape, dims=None):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims or list(shape)))
        self.arrays.append(uniform(*shape, low=-2, high=2))
        return name

    def constant(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        array = array if isinstance(array, onnx.TensorProto) else numpy_helper.from_array(np.asarray(array), name)
        array.name = name
        self.constants.append(array)
        return name

    def node(self, op, inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}" if outputs == 1 else f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}_{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def conv(self, x, out, inside, kernel, **attributes):
        return self.node("Conv", [x, self.constant(uniform(out, inside, kernel)), self.constant(uniform(out))], **attributes)

    def output(self, name):
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))

    def save(self, folder, name):
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.constants)
        opsets = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(d, 1) for d in self.domains]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10 if self.opset > 20 else 8)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.onnx"
        onnx.save(model, path)
        options = onnxruntime.SessionOptions()  # as written: fused integer products are less exact
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        feeds = {i.name: a for i, a in zip(session.get_inputs(), self.arrays)}
        for i, array in enumerate(self.arrays):
            np.save(folder / f"{name}.in{i or ''}.npy", array)
        for i, array in enumerate(session.run(None, feeds)):
            np.save(folder / f"{name}.out{i or ''}.npy", array)


def between(net, resize, channels=3, time=12, out=2):
    """conv, what `resize` makes of it, conv."""
    x = net.input("x", 1, channels, time)
    y = net.conv(x, 4, channels, 3, pads=[1, 1])
    net.output(net.conv(resize(net, y), out, 4, 3, pads=[1, 1]))
    return net


def resize_by(scale=None, size=None, axes=None, **attributes):
    def make(net, x):
        scales = net.constant(np.array(scale, np.float32)) if scale is not None else ""
        roi = net.constant(np.zeros(0, np.float32)) if net.opset < 13 else ""
        inputs = [x, roi, scales]
        if size is not None:
            inputs.append(net.constant(np.array(size, np.int64)))
        return net.node("Resize", inputs, **attributes, **({"axes": axes} if axes else {}))

    return make


def resizes(folder):
    def case(name, make, opset=13, **sizes):
        between(Net(opset), make, **sizes).save(folder, name)

    for f in (2, 3, 4):
        for coordinates in ("asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners"):
            if coordinates == "align_corners":
                continue
            case(f"linear_{coordinates}_{f}", resize_by([1, 1, f], mode="linear", coordinate_transformation_mode=coordinates))
        for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
            for coordinates in ("asymmetric", "half_pixel"):
                case(f"nearest_{coordinates}_{rounding}_{f}", resize_by(
                    [1, 1, f], mode="nearest", coordinate_transformation_mode=coordinates, nearest_mode=rounding))
    nearest = dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    case("upsample_opset7", lambda n, x: n.node("Upsample", [x], scales=[1.0, 1.0, 2.0]), 7)
    case("upsample_opset9", lambda n, x: n.node("Upsample", [x, n.constant(np.array([1, 1, 3], np.float32))], mode="nearest"), 9)
    case("upsample_linear_opset9", lambda n, x: n.node("Upsample", [x, n.constant(np.array([1, 1, 2], np.float32))], mode="linear"), 9)
    case("resize_opset10", lambda n, x: n.node("Resize", [x, n.constant(np.array([1, 1, 2], np.float32))], mode="nearest"), 10)
    case("resize_opset10_third", lambda n, x: n.node("Resize", [x, n.constant(np.array([1, 1, 1 / 3], np.float32))], mode="nearest"), 10)
    case("resize_opset11", resize_by([1, 1, 2], **nearest), 11)
    case("sizes_even", resize_by(size=[1, 4, 24], **nearest))
    case("sizes_odd", resize_by(size=[1, 4, 25], **nearest))
    case("sizes_one_less", resize_by(size=[1, 4, 23], **nearest))
    case("sizes_by_four_and_three", resize_by(size=[1, 4, 51], **nearest))
    case("sizes_half_pixel_odd", resize_by(size=[1, 4, 25], mode="nearest"))
    case("axes_opset18", resize_by([2], axes=[2], **nearest), 18)
    case("axes_sizes_opset18", resize_by(size=[36], axes=[-1], mode="nearest"), 18)
    case("symmetric_opset19", resize_by([1, 1, 2], mode="linear", coordinate_transformation_mode="half_pixel_symmetric"), 19)
    case("tf_half_pixel", resize_by([1, 1, 2], mode="nearest", coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor"), 11)
    case("align_corners_nearest", resize_by([1, 1, 2], mode="nearest", coordinate_transformation_mode="align_corners"), time=5)
    case("align_corners_regular", resize_by(size=[1, 4, 23], mode="linear", coordinate_transformation_mode="align_corners"))
    for k, coordinates in ((2, "half_pixel"), (3, "half_pixel"), (2, "asymmetric")):
        case(f"shrink_linear_{coordinates}_{k}", resize_by([1, 1, 1 / k], mode="linear", coordinate_transformation_mode=coordinates))
    case("shrink_nearest_2", resize_by([1, 1, 0.5], **nearest))
    case("shrink_nearest_odd", resize_by([1, 1, 0.5], **nearest), time=13)
    case("shrink_nearest_half_pixel_3", resize_by([1, 1, 1 / 3], mode="nearest"))
    case("sizes_of_one_frame", lambda n, x: resize_by(size=[1, 4, 12], mode="linear")(n, n.node("GlobalAveragePool", [x])))
    case("rank4_time_last", lambda n, x: n.node("Squeeze", [resize_by([1, 1, 1, 2], mode="linear")(
        n, n.node("Unsqueeze", [x, n.constant(np.array([2]))])), n.constant(np.array([2]))]))
    case("nhwc", lambda n, x: n.node("Transpose", [resize_by([1, 2, 1], **nearest)(
        n, n.node("Transpose", [x], perm=[0, 2, 1]))], perm=[0, 2, 1]))
    case("gather_repeated", lambda n, x: n.node("Gather", [x, n.constant(np.arange(24) // 2)], axis=2))
    case("gather_irregular", lambda n, x: n.node("Gather", [x, n.constant(np.array([0, 0, 1, 1, 1, 3, 4, 7, 7, 11]))], axis=2))
    case("gather_many", lambda n, x: n.node("Gather", [x, n.constant(np.sort(RNG.integers(0, 12, 40)))], axis=2))
    case("tile_interleave", lambda n, x: n.node("Reshape", [n.node("Tile", [
        n.node("Unsqueeze", [x, n.constant(np.array([3]))]), n.constant(np.array([1, 1, 1, 3]))]), n.constant(np.array([1, 4, -1]))]))
    case("repeat_interleave", lambda n, x: n.node("Reshape", [n.node("Expand", [
        n.node("Unsqueeze", [x, n.constant(np.array([3]))]), n.constant(np.array([1, 4, 12, 2]))]), n.constant(np.array([1, 4, 24]))]))

    net = Net(13)  # a U-Net of two levels with a skip
    x = net.input("x", 1, 2, 48, dims=[1, 2, "time"])
    a = net.node("Relu", [net.conv(x, 4, 2, 3, pads=[1, 1])])
    b = net.node("Relu", [net.conv(net.node("MaxPool", [a], kernel_shape=[2], strides=[2]), 6, 4, 3, pads=[1, 1])])
    c = net.node("Relu", [net.conv(net.node("MaxPool", [b], kernel_shape=[2], strides=[2]), 6, 6, 3, pads=[1, 1])])
    up = resize_by([1, 1, 2], **nearest)(net, c)
    d = net.node("Relu", [net.conv(net.node("Concat", [up, b], axis=1), 6, 12, 3, pads=[1, 1])])
    up = resize_by([1, 1, 2], mode="linear")(net, d)
    net.output(net.conv(net.node("Concat", [up, a], axis=1), 1, 10, 3, pads=[1, 1]))
    net.save(folder, "u_net")


def quantised_weights(folder):
    def codes(shape, dtype=np.int8):
        low, high = (-128, 127) if dtype == np.int8 else (0, 255)
        return RNG.integers(low, high + 1, shape).astype(dtype)

    def conv(name, opset, weight, scale, zero=None, **attributes):
        net = Net(opset)
        x = net.input("x", 1, 3, 20)
        inputs = [net.constant(weight), net.constant(scale)] + ([net.constant(zero)] if zero is not None else [])
        w = net.node("DequantizeLinear", inputs, **attributes)
        net.output(net.node("Conv", [x, w, net.constant(uniform(4))], pads=[1, 1]))
        net.save(folder, name)

    one = np.float32(0.01)
    conv("int8_tensor_opset10", 10, codes((4, 3, 3)), one, np.int8(0))
    conv("uint8_zero_point", 13, codes((4, 3, 3), np.uint8), one, np.uint8(121))
    conv("int8_channel", 13, codes((4, 3, 3)), uniform(4, low=0.005, high=0.02), axis=0)
    conv("uint8_channel_zero_points", 13, codes((4, 3, 3), np.uint8), uniform(4, low=0.005, high=0.02), codes((4,), np.uint8), axis=0)
    conv("int8_inputs", 17, codes((4, 3, 3)), uniform(3, low=0.005, high=0.02), codes((3,)), axis=-2)
    conv("int32_tensor", 13, RNG.integers(-900, 900, (4, 3, 3)).astype(np.int32), np.float32(0.001))
    conv("int8_blocked_opset21", 21, codes((4, 8, 1))[:, :3, :].copy(), uniform(4, 2, 1, low=0.005, high=0.02), codes((4, 2, 1)), axis=1, block_size=2)
    conv("int16_opset21", 21, RNG.integers(-9000, 9000, (4, 3, 3)).astype(np.int16), np.float32(0.0001), np.int16(5))
    for kind, name, low, high in ((TensorProto.INT4, "int4", -8, 8), (TensorProto.UINT4, "uint4", 0, 16)):
        values = RNG.integers(low, high, (4, 3, 3))
        conv(f"{name}_opset21", 21, helper.make_tensor("w", kind, values.shape, values.flatten()), uniform(4, low=0.05, high=0.2), axis=0)

    net = Net(13)  # a linear layer per frame, its bias in 32 bits
    x = net.input("x", 1, 15, 6)
    w = net.node("DequantizeLinear", [net.constant(codes((6, 5))), net.constant(uniform(5, low=0.005, high=0.02)), net.constant(np.zeros(5, np.int8))], axis=1)
    b = net.node("DequantizeLinear", [net.constant(RNG.integers(-500, 500, 5).astype(np.int32)), net.constant(np.float32(0.001))])
    net.output(net.node("Relu", [net.node("Add", [net.node("MatMul", [x, w]), b])]))
    net.save(folder, "matmul_and_bias")

    net = Net(13)  # transposed convolution, scales per output
    x = net.input("x", 1, 4, 9)
    w = net.node("DequantizeLinear", [net.constant(codes((4, 2, 4))), net.constant(uniform(2, low=0.005, high=0.02))], axis=1)
    net.output(net.node("ConvTranspose", [x, w], strides=[2]))
    net.save(folder, "conv_transpose")

    net = Net(13)  # as training for integers leaves it: floats rounded in the file
    x = net.input("x", 1, 3, 20)
    scale, zero = net.constant(uniform(4, low=0.005, high=0.02)), net.constant(np.zeros(4, np.int8))
    w = net.node("QuantizeLinear", [net.constant(uniform(4, 3, 3, low=-2, high=2)), scale, zero], axis=0)
    net.output(net.node("Conv", [x, net.node("DequantizeLinear", [w, scale, zero], axis=0)]))
    net.save(folder, "rounded_weights")

    net = Net(13)  # by hand: Cast, Sub, Mul
    x = net.input("x", 1, 3, 20)
    w = net.node("Cast", [net.constant(codes((4, 3, 3), np.uint8))], to=TensorProto.FLOAT)
    w = net.node("Mul", [net.node("Sub", [w, net.constant(np.float32(128))]), net.constant(uniform(4, 1, 1, low=0.005, high=0.02))])
    net.output(net.node("Conv", [x, w]))
    net.save(folder, "cast_and_scale")


def wraps(folder):
    def case(name, pads, axes=None, opset=19, **sizes):
        def make(net, x):
            inputs = [x, net.constant(np.array(pads))] + (["", net.constant(np.array(axes))] if axes else [])
            return net.node("Pad", inputs, mode="wrap")

        between(Net(opset), make, **sizes).save(folder, name)

    case("both_sides", [0, 0, 2, 0, 0, 3])
    case("front", [4, 0], [2])
    case("behind", [0, 4], [-1], 21)
    case("whole_length", [0, 0, 12, 0, 0, 12])
    net = Net(13)  # PyTorch's padding_mode='circular' in exports
    x = net.input("x", 1, 3, 12)
    slices = [net.node("Slice", [x, *(net.constant(np.array([v])) for v in (a, b, 2))]) for a, b in ((-2, 2**31), (0, 2))]
    net.output(net.conv(net.node("Concat", [slices[0], x, slices[1]], axis=2), 4, 3, 5))
    net.save(folder, "slices_joined")
    net = Net(19)  # a dilated stack, each layer padded on a circle
    y = net.input("x", 1, 3, 32)
    for i, dilation in enumerate((1, 2, 4)):
        y = net.node("Pad", [y, net.constant(np.array([0, 0, dilation, 0, 0, dilation]))], mode="wrap")
        y = net.node("Relu", [net.conv(y, 4, 3 if i == 0 else 4, 3, dilations=[dilation])])
    net.output(y)
    net.save(folder, "dilated")


def expanded(folder):
    def case(name, body, channels=4, time=24, opset=17, dims=None):
        net = Net(opset)
        x = net.input("x", 1, channels, time, dims=dims)
        net.output(body(net, net.conv(x, channels, channels, 3, pads=[1, 1])))
        net.save(folder, name)

    def expand_like(net, constant, x):
        return net.node("Expand", [constant, net.node("Shape", [x])])

    open_time = [1, 4, "time"]

    def norm_dynamic(net, x):  # gain and bias expanded to the shape of x
        mean = net.node("ReduceMean", [x], axes=[1, 2])
        centred = net.node("Sub", [x, mean])
        power = net.node("ReduceMean", [net.node("Mul", [centred, centred])], axes=[1, 2])
        std = net.node("Sqrt", [net.node("Add", [power, net.constant(np.float32(1e-5))])])
        y = net.node("Div", [centred, expand_like(net, std, x)])
        y = net.node("Mul", [expand_like(net, net.constant(uniform(1, 4, 1, low=0.5, high=1.5)), x), y])
        return net.node("Add", [y, expand_like(net, net.constant(uniform(1, 4, 1)), x)])

    case("norm_gain", norm_dynamic, dims=open_time)
    for op in ("Add", "Sub", "Mul", "Div"):
        values = uniform(1, 4, 1, low=0.5, high=1.5)
        full = np.broadcast_to(values, (1, 4, 24)).copy()
        case(f"folded_{op.lower()}", lambda n, x, op=op, full=full: n.node(op, [x, n.constant(full)]))
        case(f"folded_{op.lower()}_reversed", lambda n, x, op=op, full=full: n.node(op, [n.constant(full), n.node("Exp", [x])]))
    case("folded_one_number", lambda n, x: n.node("Mul", [x, n.constant(np.full((1, 4, 24), 0.75, np.float32))]))
    case("folded_over_channels", lambda n, x: n.node("Add", [x, n.constant(np.broadcast_to(uniform(1, 1, 24), (1, 4, 24)).copy())]))
    case("folded_varies", lambda n, x: n.node("Mul", [x, n.constant(uniform(1, 4, 24))]))
    case("prelu_expanded", lambda n, x: n.node("PRelu", [x, expand_like(n, n.constant(uniform(1, 4, 1, low=0, high=0.5)), x)]), dims=open_time)
    case("prelu_folded", lambda n, x: n.node("PRelu", [x, n.constant(np.broadcast_to(uniform(4, 1, low=0, high=0.5), (4, 24)).copy())]))
    case("tiled", lambda n, x: n.node("Mul", [x, n.node("Tile", [n.constant(uniform(1, 4, 1)), n.constant(np.array([1, 1, 24]))])]))
    case("ones_times_gain", lambda n, x: n.node("Mul", [x, n.node("Mul", [
        n.node("ConstantOfShape", [n.node("Shape", [x])], value=numpy_helper.from_array(np.ones(1, np.float32))), n.constant(uniform(4, 1))])]), dims=open_time)
    case("computed_of_expanded", lambda n, x: n.node("Mul", [x, n.node("Sqrt", [n.node("Add", [
        n.node("Mul", [e, e]), n.constant(np.float32(0.1))])])]) if (e := expand_like(n, n.constant(uniform(4, 1)), x)) else None, dims=open_time)
    case("transposed", lambda n, x: n.node("Mul", [x, n.node("Transpose", [n.node("Expand", [
        n.constant(uniform(1, 1, 4)), n.constant(np.array([1, 24, 4]))])], perm=[0, 2, 1])]))
    case("sliced_and_joined", lambda n, x: n.node("Add", [x, n.node("Concat", [
        n.node("Expand", [n.constant(uniform(1, 1, 1)), n.constant(np.array([1, 1, 24]))]),
        n.node("Slice", [n.node("Expand", [n.constant(uniform(1, 5, 1)), n.constant(np.array([1, 5, 30]))]),
                         n.constant(np.array([1, 3])), n.constant(np.array([4, 27])), n.constant(np.array([1, 2]))])], axis=1)]))
    case("time_first", lambda n, x: n.node("Transpose", [n.node("Mul", [n.node("Transpose", [x], perm=[0, 2, 1]), n.node("Expand", [
        n.constant(uniform(1, 1, 4)), n.constant(np.array([1, 24, 4]))])])], perm=[0, 2, 1]))
    case("where", lambda n, x: n.node("Add", [x, n.node("Where", [
        n.node("Expand", [n.constant(np.array([[True], [False], [True], [False]])), n.constant(np.array([4, 24]))]),
        n.node("Expand", [n.constant(uniform(4, 1)), n.constant(np.array([4, 24]))]), n.constant(np.float32(0.5))])]))
    case("mean_expanded", lambda n, x: n.conv(n.node("Concat", [x, expand_like(n, n.node("ReduceMean", [x], axes=[2]), x)], axis=1), 3, 8, 1), time=100)


def layouts(folder):
    def caches(name, feature_dims, cache_dims, transposed):
        """Causal convolutions of features whose pasts come in and go out as further tensors."""
        net = Net(17)
        time, channels = 16, 5
        x = net.input("x", *((1, time, channels) if transposed else (1, channels, time)), dims=feature_dims)
        pasts = [net.input(f"past{i}", *d) for i, d in enumerate(cache_dims)]
        y = net.node("Transpose", [x], perm=[0, 2, 1]) if transposed else x
        out = []
        for past, dims in zip(pasts, cache_dims):
            if len(dims) == 4:
                past = net.node("Squeeze", [past, net.constant(np.array([2]))])
            elif dims[1] == 2:
                past = net.node("Transpose", [past], perm=[0, 2, 1])
            joined = net.node("Concat", [past, y], axis=2)
            tail = net.node("Slice", [joined, *(net.constant(np.array([v])) for v in (-2, 2**31, 2))])
            out.append(net.node("Unsqueeze", [tail, net.constant(np.array([2]))]) if len(dims) == 4
                       else net.node("Transpose", [tail], perm=[0, 2, 1]) if dims[1] == 2 else tail)
            y = net.node("Relu", [net.conv(joined, channels, channels, 3)])
        net.output(net.node("Transpose", [y], perm=[0, 2, 1]) if transposed else y)
        for tail in out:
            net.output(tail)
        net.save(folder, name)

    caches("time_first_one_cache", None, [(1, 5, 2)], True)
    caches("time_first_three_caches", None, [(1, 5, 2)] * 3, True)
    caches("time_last_cache_time_first", None, [(1, 2, 5)], False)
    caches("mixed_caches", None, [(1, 2, 5), (1, 5, 2)], True)
    caches("caches_of_rank4", None, [(1, 5, 1, 2)] * 2, True)
    caches("open_length", [1, "time", 5], [(1, 5, 2)] * 2, True)
    caches("open_length_rank4", [1, 5, "time"], [(1, 5, 1, 2)], False)


def main():
    folder = Path(sys.argv[1])
    for kind in (resizes, quantised_weights, wraps, expanded, layouts):
        kind(folder / kind.__name__)


if __name__ == "__main__":
    main()
