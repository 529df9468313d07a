#!/usr/bin/env python3
"""Writes tests/data/onnx/windows/: tiny seeded networks that look at windows, with windows and what ONNX Runtime
computes for each of them.

  heads/    networks of one input that keep one frame or one number per channel, as classifiers do;
            x.npy holds five windows, NAME.npy the five outputs, calib.npy sixteen windows to calibrate on
  host_only.onnx  such a network without a convolution
  inputs/   networks of several inputs: NAME.npz holds five windows by the inputs' names, NAME.OUTPUT.npy the outputs,
            NAME.calib.npz sixteen windows

Needs numpy, onnx and onnxruntime. Usage: tools/vectors/make_window_networks.py [OUTPUT_FOLDER]
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CHANNELS, FRAMES, WINDOWS, CALIBRATION = 4, 32, 5, 16


class Writer:
    """Nodes and weights of a graph as they come."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.weights, self.count = [], [], 0

    def weight(self, array):
        self.count += 1
        self.weights.append(numpy_helper.from_array(np.asarray(array), f"w{self.count}"))
        return f"w{self.count}"

    def normal(self, *dims):
        return self.weight((self.random.standard_normal(dims) / np.sqrt(np.prod(dims[1:]))).astype(np.float32))

    def ints(self, *values):
        return self.weight(np.array(values, np.int64))

    def add(self, op, *inputs, outputs=None, **attributes):
        self.count += 1
        outputs = outputs or [f"v{self.count}"]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=f"{op}_{self.count}", **attributes))
        return outputs[0]

    def causal(self, x, c_in, c_out, dilation=1):
        pads = [2 * dilation, 0]
        y = self.add("Conv", x, self.normal(c_out, c_in, 3), self.normal(c_out), dilations=[dilation], pads=pads)
        return self.add("Relu", y)

    def gemm(self, x, c_in, c_out):
        return self.add("Gemm", x, self.normal(c_out, c_in), self.normal(c_out), transB=1)

    def slice(self, x, begin, end, axis=2):
        return self.add("Slice", x, self.ints(begin), self.ints(end), self.ints(axis))

    def squeeze(self, x, axis=2):
        return self.add("Squeeze", x, self.ints(axis))

    def gather(self, x, index, axis=2):
        return self.add("Gather", x, self.weight(np.array(index, np.int64)), axis=axis)

    def model(self, inputs, outputs):
        infos = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, d) for n, d in ports.items()] for ports in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, "g", *infos, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def head(name, w, h):
    """What follows the convolutions: h is [1, 6, 32]; the result [1, 3]."""
    if name == "last_gather":
        return w.gemm(w.gather(h, -1), 6, 3)
    if name == "first_gather":
        return w.gemm(w.gather(h, 0), 6, 3)
    if name == "middle_gather":
        return w.gemm(w.gather(h, 13), 6, 3)
    if name == "last_slice":
        return w.gemm(w.squeeze(w.slice(h, -1, 2**31)), 6, 3)
    if name == "first_slice":
        return w.gemm(w.squeeze(w.slice(h, 0, 1)), 6, 3)
    if name == "middle_slice":
        return w.gemm(w.squeeze(w.slice(h, -10, -9)), 6, 3)
    if name == "last_turned":  # [1, 32, 6], then the last row
        return w.gemm(w.gather(w.add("Transpose", h, perm=[0, 2, 1]), -1, axis=1), 6, 3)
    if name == "last_frame_convolved":  # the frame goes through a convolution, then the head
        y = w.add("Conv", w.slice(h, -1, 2**31), w.normal(6, 6, 1), w.normal(6))
        return w.gemm(w.squeeze(w.add("Relu", y)), 6, 3)
    if name == "last_of_last_frames":  # cropped first
        return w.gemm(w.gather(w.slice(h, -8, 2**31), -1), 6, 3)
    if name == "last_padded":  # zeros behind it, and of these frames the one before the last
        padded = w.add("Pad", h, w.ints(0, 0, 0, 0, 0, 1))
        return w.gemm(w.gather(padded, -2), 6, 3)
    if name == "half_the_channels":
        return w.gemm(w.slice(w.gather(h, -1), 1, 5, axis=1), 4, 3)
    if name == "first_and_last":
        return w.gemm(w.add("Concat", w.gather(h, 0), w.gather(h, -1), axis=1), 12, 3)
    if name == "last_and_mean":
        return w.gemm(w.add("Add", w.gather(h, -1), w.add("ReduceMean", h, axes=[2], keepdims=0)), 6, 3)
    if name == "two_gemms":
        return w.gemm(w.add("Relu", w.gemm(w.gather(h, -1), 6, 5)), 5, 3)
    if name == "matmul_add":
        return w.add("Add", w.add("MatMul", w.gather(h, -1), w.normal(6, 3)), w.normal(3))
    if name == "softmax":
        return w.add("Softmax", w.gemm(w.gather(h, -1), 6, 3), axis=1)
    if name == "sigmoid":
        return w.add("Sigmoid", w.gemm(w.gather(h, -1), 6, 3))
    if name == "global_average":
        return w.gemm(w.add("Flatten", w.add("GlobalAveragePool", h)), 6, 3)
    if name == "global_max":
        return w.gemm(w.add("Flatten", w.add("GlobalMaxPool", h)), 6, 3)
    if name == "mean":
        return w.gemm(w.add("ReduceMean", h, axes=[2], keepdims=0), 6, 3)
    if name == "mean_of_last_frames":
        return w.gemm(w.add("ReduceMean", w.slice(h, -8, 2**31), axes=[2], keepdims=0), 6, 3)
    if name == "flatten":
        return w.gemm(w.add("Flatten", h), 6 * FRAMES, 3)
    if name == "gated_by_last":  # the last frame says how much of each channel of the mean is kept
        gate = w.add("Sigmoid", w.gemm(w.gather(h, -1), 6, 6))
        gated = w.add("Mul", h, w.add("Unsqueeze", gate, w.ints(2)))
        return w.gemm(w.add("ReduceMean", w.causal(gated, 6, 6), axes=[2], keepdims=0), 6, 3)
    raise KeyError(name)


HEADS = [
    "last_gather", "first_gather", "middle_gather", "last_slice", "first_slice", "middle_slice", "last_turned",
    "last_frame_convolved", "last_of_last_frames", "last_padded", "half_the_channels", "first_and_last",
    "last_and_mean", "two_gemms", "matmul_add", "softmax", "sigmoid", "global_average", "global_max", "mean",
    "mean_of_last_frames", "flatten", "gated_by_last",
]


def head_network(name):
    w = Writer(sum(name.encode()))
    h = w.causal(w.causal("x", CHANNELS, 6), 6, 6, dilation=2)
    y = head(name, w, h)
    w.add("Identity", y, outputs=["y"])
    return w.model({"x": [1, CHANNELS, FRAMES]}, {"y": [1, 3]})


def sequence_and_last():
    """A sequence and the class of its last frame."""
    w = Writer(7)
    h = w.causal(w.causal("x", CHANNELS, 6), 6, 6, dilation=2)
    w.add("Identity", h, outputs=["s"])
    w.add("Identity", w.gemm(w.gather(h, -1), 6, 3), outputs=["y"])
    return w.model({"x": [1, CHANNELS, FRAMES]}, {"s": [1, 6, FRAMES], "y": [1, 3]})


def host_only():
    """Nothing between the input and the head is a convolution."""
    w = Writer(8)
    w.add("Identity", w.gemm(w.gather(w.add("Relu", "x"), -1), CHANNELS, 3), outputs=["y"])
    return w.model({"x": [1, CHANNELS, FRAMES]}, {"y": [1, 3]})


def streaming():
    """A causal convolution whose past frames are an input and an output."""
    w = Writer(1)
    both = w.add("Concat", "past", "x", axis=2)
    h = w.add("Relu", w.add("Conv", both, w.normal(6, 4, 3), w.normal(6), dilations=[2]))
    w.add("Conv", h, w.normal(2, 6, 1), w.normal(2), outputs=["y"])
    w.add("Slice", both, w.ints(-4), w.ints(2**31), w.ints(2), outputs=["next"])
    return w.model({"x": [1, 4, 16], "past": [1, 4, 4]}, {"y": [1, 2, 16], "next": [1, 4, 4]})


def feature_cache():
    """Features and two caches of layers behind each other, all [1, time, channels]."""
    w = Writer(2)
    turned = lambda x: w.add("Transpose", x, perm=[0, 2, 1])
    first = w.add("Concat", "cache.0", "features", axis=1)
    h = w.add("Relu", w.add("Conv", turned(first), w.normal(6, 5, 3), w.normal(6)))
    second = w.add("Concat", "cache.1", turned(h), axis=1)
    g = w.add("Relu", w.add("Conv", turned(second), w.normal(6, 6, 3), w.normal(6), dilations=[2]))
    w.add("Gemm", w.gather(g, -1), w.normal(3, 6), w.normal(3), transB=1, outputs=["scores"])
    w.add("Slice", first, w.ints(-2), w.ints(2**31), w.ints(1), outputs=["next.0"])
    w.add("Slice", second, w.ints(-4), w.ints(2**31), w.ints(1), outputs=["next.1"])
    return w.model({"features": [1, 12, 5], "cache.0": [1, 2, 5], "cache.1": [1, 4, 6]},
                   {"scores": [1, 3], "next.0": [1, 2, 5], "next.1": [1, 4, 6]})


def open_stream():
    """Like streaming(), for blocks of any length; the past is the first input and keeps its own."""
    w = Writer(4)
    both = w.add("Concat", "past", "x", axis=2)
    h = w.add("Relu", w.add("Conv", both, w.normal(6, 4, 3), w.normal(6), dilations=[2]))
    w.add("Conv", h, w.normal(2, 6, 1), w.normal(2), outputs=["y"])
    w.add("Slice", both, w.ints(-4), w.ints(2**31), w.ints(2), outputs=["next"])
    return w.model({"past": [1, 4, 4], "x": [1, 4, "T"]}, {"y": [1, 2, "T"], "next": [1, 4, 4]})


def two_microphones():
    """Two channels as two inputs of any length and batch."""
    w = Writer(3)
    both = w.add("Concat", "left", "right", axis=1)
    h = w.causal(w.causal(both, 2, 6), 6, 6, dilation=2)
    w.add("Conv", h, w.normal(1, 6, 1), w.normal(1), outputs=["y"])
    return w.model({"left": ["N", 1, "T"], "right": ["N", 1, "T"]}, {"y": ["N", 1, "T"]})


INPUTS = {
    "streaming": (streaming, {"x": (4, 16), "past": (4, 4)}),
    "feature_cache": (feature_cache, {"features": (12, 5), "cache.0": (2, 5), "cache.1": (4, 6)}),
    "open_stream": (open_stream, {"past": (4, 4), "x": (4, 24)}),
    "two_microphones": (two_microphones, {"left": (1, 64), "right": (1, 64)}),
}


def outputs_of(model, windows):
    """By output: what ONNX Runtime computes for each window, joined along the batch."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    count = len(next(iter(windows.values())))
    results = [session.run(None, {name: array[n:n + 1] for name, array in windows.items()}) for n in range(count)]
    outputs = {o.name: np.concatenate([r[i] for r in results]) for i, o in enumerate(session.get_outputs())}
    for name, values in outputs.items():
        if not values.std(axis=0).any():
            raise SystemExit(f"{name} is the same for every window: it judges nothing")
    return outputs


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/onnx/windows")
    random = np.random.default_rng(0)
    normal = lambda *dims: random.standard_normal(dims).astype(np.float32)
    heads = folder / "heads"
    heads.mkdir(parents=True, exist_ok=True)
    x = normal(WINDOWS, CHANNELS, FRAMES)
    np.save(heads / "x.npy", x)
    np.save(heads / "calib.npy", normal(CALIBRATION, CHANNELS, FRAMES))
    networks = {name: head_network(name) for name in HEADS} | {"sequence_and_last": sequence_and_last()}
    for name, model in networks.items():
        onnx.save(model, heads / f"{name}.onnx")
        outputs = outputs_of(model, {"x": x})
        np.save(heads / f"{name}.npy", outputs["y"])
        if "s" in outputs:
            np.save(heads / f"{name}.s.npy", outputs["s"])
    onnx.save(host_only(), folder / "host_only.onnx")
    several = folder / "inputs"
    several.mkdir(parents=True, exist_ok=True)
    for name, (make, dims) in INPUTS.items():
        model = make()
        onnx.save(model, several / f"{name}.onnx")
        windows = {n: normal(WINDOWS, *d) for n, d in dims.items()}
        np.savez(several / f"{name}.npz", **windows)
        np.savez(several / f"{name}.calib.npz", **{n: normal(CALIBRATION, *d) for n, d in dims.items()})
        for output, values in outputs_of(model, windows).items():
            np.save(several / f"{name}.{output}.npy", values)


main()
