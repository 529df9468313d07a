#!/usr/bin/env python3
"""Hostile ONNX files for fuzz/corpus/onnx; needs the onnx package.

    python3 tools/vectors/make_onnx_corpus.py fuzz/corpus/onnx
"""
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def tensor(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def model(nodes, initializers=(), dims=(1, 1, 40), functions=(), opset=17):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [x], [y], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("f", 1)],
                             functions=list(functions))


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], **attributes)


def function(name, nodes):
    return helper.make_function("f", name, ["a"], ["b"], nodes, [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)])


def cases():
    i64 = lambda *v: np.array(v, np.int64)
    w = tensor("w", np.ones((2, 1, 3), np.float32))
    relu = node("Relu", ["x"], "y")
    yield "huge_expand", model([node("Expand", ["x", "s"], "e"), node("Add", ["e", "x"], "y")], [tensor("s", i64(1, 1 << 20, 40))])
    yield "huge_tile", model([node("Tile", ["c", "r"], "t"), node("Tile", ["t", "r"], "u"), node("Add", ["x", "u"], "y")],
                             [tensor("c", np.ones((1, 1, 1), np.float32)), tensor("r", i64(1, 1, 1 << 20))])
    yield "doubling_concat", model([node("Concat", ["c" if i == 0 else f"c{i}"] * 2, f"c{i + 1}", axis=0) for i in range(40)]
                                   + [node("Add", ["x", "c40"], "y")], [tensor("c", np.ones((1,), np.float32))])
    yield "huge_constant_of_shape", model([node("ConstantOfShape", ["s"], "c"), node("ReduceSum", ["c"], "r"), node("Add", ["x", "r"], "y")],
                                          [tensor("s", i64(1 << 40, 2))])
    yield "huge_range", model([node("Range", ["a", "b", "d"], "r"), node("Cast", ["r"], "f", to=1), node("Add", ["x", "f"], "y")],
                              [tensor("a", np.int64(0)), tensor("b", np.int64(1 << 62)), tensor("d", np.int64(1))])
    yield "range_step_overflow", model([node("Range", ["a", "b", "d"], "r"), node("Cast", ["r"], "f", to=1), node("Add", ["x", "f"], "y")],
                                       [tensor("a", np.int64(-(1 << 63))), tensor("b", np.int64((1 << 63) - 1)), tensor("d", np.int64(1 << 62))])
    yield "integer_division", model([node("Div", ["a", "b"], "q"), node("Cast", ["q"], "f", to=1), node("Add", ["x", "f"], "y")],
                                    [tensor("a", i64(-(1 << 63), 1)), tensor("b", i64(-1, 0))])
    yield "negative_dims", model([relu], dims=(1, -3, 40))
    yield "huge_input", model([node("Conv", ["x", "w"], "y")], [w], dims=(1, 1, 1 << 33))
    yield "huge_pads", model([node("Conv", ["x", "w"], "y", pads=[(1 << 62), (1 << 62)])], [w])
    yield "negative_pads", model([node("Conv", ["x", "w"], "y", pads=[-5, -5])], [w])
    yield "zero_stride", model([node("Conv", ["x", "w"], "y", strides=[0])], [w])
    yield "same_overflow", model([node("Conv", ["x", "w"], "y", auto_pad="SAME_UPPER", dilations=[1 << 32])], [w])
    yield "output_shape", model([node("ConvTranspose", ["x", "v"], "y", output_shape=[1 << 62])], [tensor("v", np.ones((1, 2, 3), np.float32))])
    yield "zero_groups", model([node("Conv", ["x", "w"], "y", group=0)], [w])
    yield "slice_extremes", model([node("Slice", ["x", "b", "e", "a", "t"], "y")],
                                  [tensor("b", i64(-(1 << 63))), tensor("e", i64((1 << 63) - 1)), tensor("a", i64(2)), tensor("t", i64(-(1 << 63)))])
    yield "slice_step", model([node("Slice", ["x", "b", "e", "a", "t"], "y")],
                              [tensor("b", i64(0)), tensor("e", i64((1 << 63) - 1)), tensor("a", i64(2)), tensor("t", i64((1 << 63) - 1))])
    yield "gather_out_of_range", model([node("Gather", ["x", "i"], "y", axis=2)], [tensor("i", i64(-(1 << 63), 1 << 40))])
    yield "shape_product_overflow", model([node("Reshape", ["x", "s"], "y")], [tensor("s", i64(1 << 40, 1 << 40, -1))])
    yield "unsqueeze_far", model([node("Unsqueeze", ["x", "s"], "y")], [tensor("s", i64(1 << 62))])
    yield "transpose_twice", model([node("Transpose", ["x"], "y", perm=[0, 0, 1])])
    yield "split_sizes", model([helper.make_node("Split", ["x", "s"], ["y", "z"], axis=2)], [tensor("s", i64(1 << 62, 1 << 62, 40))])
    yield "pad_extremes", model([node("Pad", ["x", "p"], "y")], [tensor("p", i64(0, 0, -(1 << 63), 0, 0, (1 << 63) - 1))])
    yield "self_call", model([node("F", ["x"], "y", domain="f")], functions=[function("F", [node("F", ["a"], "b", domain="f")])])
    names = [f"F{i}" for i in range(30)]
    chain = [function(n, [node(names[i + 1], ["a"], "c", domain="f"), node(names[i + 1], ["c"], "b", domain="f")]) for i, n in enumerate(names[:-1])]
    yield "exponential_calls", model([node("F0", ["x"], "y", domain="f")], functions=chain + [function(names[-1], [node("Relu", ["a"], "b")])])
    inner = helper.make_graph([node("Relu", ["x"], "o")], "b", [], [helper.make_tensor_value_info("o", TensorProto.FLOAT, None)])
    for i in range(30):
        inner = helper.make_graph([node("If", ["t"], f"o{i}", then_branch=inner, else_branch=inner)], "b", [],
                                  [helper.make_tensor_value_info(f"o{i}", TensorProto.FLOAT, None)]) if i < 6 else inner
    yield "nested_branches", model([node("If", ["t"], "y", then_branch=inner, else_branch=inner)], [tensor("t", np.array(True))])
    yield "cycle", model([node("Add", ["x", "z"], "y"), node("Relu", ["y"], "z")])
    yield "same_output_twice", model([relu, node("Sigmoid", ["y"], "y")])
    yield "many_sources", model([node("Reshape", ["x", "s"], "a"), node("Conv", ["a", "w"], "y")], [tensor("s", i64(64, 1, 10)), w], dims=(1, 64, 10))
    yield "broadcast_bomb", model([node("Add", ["a", "b"], "c"), node("Add", ["x", "c"], "y")],
                                  [tensor("a", np.ones((1, 1 << 14, 1), np.float32)), tensor("b", np.ones((1, 1, 1 << 14), np.float32))])
    yield "nan_eps", model([node("BatchNormalization", ["x", "s", "s", "s", "s"], "y", epsilon=float("nan"))], [tensor("s", np.ones(1, np.float32))])
    yield "wrong_count", model([node("Conv", ["x", "w"], "y")], [TensorProto(name="w", data_type=1, dims=[2, 1, 3], raw_data=b"1234")])
    yield "empty_weights", model([node("Conv", ["x", "w"], "y")], [TensorProto(name="w", data_type=1, dims=[2, 0, 3])])
    yield "scalar_weights", model([node("MatMul", ["x", "w"], "y")], [tensor("w", np.float32(1))])
    yield "softmax_all", model([node("Softmax", ["x"], "y", axis=-9)])
    yield "cumsum_axis", model([node("CumSum", ["x", "a"], "y")], [tensor("a", i64(1 << 40))])
    yield "tile_zero", model([node("Tile", ["x", "r"], "y")], [tensor("r", i64(0, 0, 0))])
    yield "group_norm", model([node("GroupNormalization", ["x", "s", "s"], "y", num_groups=1 << 40)], [tensor("s", np.ones(1, np.float32))], opset=21)
    at = tensor("at", np.arange(40, dtype=np.int64).reshape(1, 1, 40))
    yield "scatter_huge_data", model([node("ConstantOfShape", ["s"], "d"), node("ScatterElements", ["d", "at", "x"], "y", axis=2)],
                                     [tensor("s", i64(1, 1, 1 << 40)), at], opset=18)
    yield "scatter_huge_offsets", model([node("ConstantOfShape", ["s"], "d"), node("ScatterElements", ["d", "at", "x"], "y", axis=2, reduction="add")],
                                        [tensor("s", i64(1, 1, 1 << 40)), tensor("at", (np.arange(40, dtype=np.int64) + (1 << 39)).reshape(1, 1, 40))], opset=18)
    yield "scatter_nd_rank", model([node("ScatterND", ["x", "i", "u"], "y")], [tensor("i", np.zeros((1, 9), np.int64)), tensor("u", np.ones(1, np.float32))])
    yield "scatter_nd_no_columns", model([node("ScatterND", ["x", "i", "x"], "y")], [tensor("i", np.zeros((1, 0), np.int64))])
    yield "scatter_splat_indices", model([node("ConstantOfShape", ["s"], "i"), node("ScatterElements", ["x", "i", "i"], "y", axis=2)], [tensor("s", i64(1, 1, 1 << 38))])
    yield "col2im_extremes", model([node("Col2Im", ["x", "i", "b"], "y", strides=[1 << 40], pads=[1 << 40, 1 << 40])], [tensor("i", i64(1 << 40)), tensor("b", i64(1 << 40))], opset=18)
    yield "col2im_huge_block", model([node("Col2Im", ["x", "i", "b"], "y")], [tensor("i", i64(1 << 33)), tensor("b", i64(1 << 33))], dims=(1, 1 << 33, 1), opset=18)
    yield "einsum_dots_twice", model([node("Einsum", ["x"], "y", equation="......->...")])
    yield "einsum_nothing", model([node("Einsum", ["x", "x"], "y", equation=",->")])
    yield "einsum_long", model([node("Einsum", ["x"], "y", equation="a" * 100000)])
    yield "constant_conv_huge", model([node("ConstantOfShape", ["s"], "c"), node("Conv", ["c", "c"], "d"), node("Add", ["x", "d"], "y")], [tensor("s", i64(1, 1, 1 << 30))])
    yield "constant_conv_groups", model([node("Conv", ["c", "w"], "d", group=3), node("Add", ["x", "d"], "y")], [w, tensor("c", np.ones((1, 2, 9), np.float32))])
    yield "constant_pad_extremes", model([node("Pad", ["c", "p"], "d"), node("Add", ["x", "d"], "y")], [tensor("c", np.ones((1, 1, 4), np.float32)), tensor("p", i64(-(1 << 36), 0, 0, 1 << 36, 0, 0))])
    yield "batch_huge", model([relu], dims=(1 << 33, 1, 40))
    yield "batch_rows_split", model([node("Reshape", ["x", "s"], "r"), node("Transpose", ["r"], "t", perm=[1, 0, 2, 3]), node("Conv", ["t", "k"], "y")],
                                    [tensor("s", i64(2, 2, 1, 40)), tensor("k", np.ones((1, 2, 1, 3), np.float32))], dims=(4, 1, 40))
    resize = lambda scales: model([node("Resize", ["x", "", "s"], "y", mode="linear")], [tensor("s", np.array(scales, np.float32))])
    yield "resize_huge_scale", resize([1, 1, 1e30])
    yield "resize_nan_scale", resize([1, 1, float("nan")])
    yield "resize_tiny_scale", resize([1, 1, 1e-30])
    yield "resize_many_taps", model([node("Resize", ["x", "", "s"], "y", mode="linear")], [tensor("s", np.array([1, 1, 1 << 20], np.float32))], dims=(1, 1 << 20, 2))
    yield "resize_sizes", model([node("Resize", ["x", "", "", "s"], "y")], [tensor("s", i64(1, 1, -(1 << 63)))])
    yield "resize_corners_of_one", model([node("Resize", ["x", "", "", "s"], "y", coordinate_transformation_mode="align_corners")], [tensor("s", i64(1, 1, 1))])
    codes, scale = tensor("q", np.ones((2, 1, 3), np.int8)), tensor("s", np.ones((2, 1, 1), np.float32))
    for name, attributes in (("block", dict(axis=2, block_size=(1 << 63) - 1)), ("negative_block", dict(axis=2, block_size=-(1 << 63))), ("axis", dict(axis=1 << 40))):
        yield f"dequantize_{name}", model([node("DequantizeLinear", ["q", "s"], "w", **attributes), node("Conv", ["x", "w"], "y")], [codes, scale], opset=21)
    yield "quantize_nan", model([node("QuantizeLinear", ["a", "s"], "q"), node("DequantizeLinear", ["q", "s"], "w"), node("Conv", ["x", "w"], "y")],
                                [tensor("a", np.full((2, 1, 3), np.nan, np.float32)), tensor("s", np.float32(0))])
    yield "int4_odd", model([node("DequantizeLinear", ["q", "s"], "w"), node("Conv", ["x", "w"], "y")],
                            [TensorProto(name="q", data_type=22, dims=[1, 1, 3], raw_data=b"1"), tensor("s", np.float32(1))], opset=21)
    yield "wrap_far", model([node("Pad", ["x", "p"], "y", mode="wrap")], [tensor("p", i64(0, 0, (1 << 63) - 1, 0, 0, -(1 << 63)))], opset=19)
    yield "wrap_nothing", model([node("Pad", ["x", "p"], "y", mode="wrap")], [tensor("p", i64(0, 0, 5, 0, 0, -40))], opset=19)
    yield "repeated_bomb", model([node("Expand", ["c", "s"], "e"), node("Mul", ["e", "e"], "f"), node("Transpose", ["f"], "t", perm=[2, 1, 0]),
                                  node("Reshape", ["t", "r"], "g"), node("Add", ["x", "g"], "y")],
                                 [tensor("c", np.array([[[1], [2]]], np.float32)), tensor("s", i64(1 << 20, 2, 1 << 20)), tensor("r", i64(-1, 1, 3))])
    yield "repeated_weights", model([node("Expand", ["c", "s"], "w")] + [node("Conv", ["x", "w"], f"y{i}") for i in range(200)] + [node("Sum", [f"y{i}" for i in range(200)], "y")],
                                    [tensor("c", np.ones((1, 1, 3), np.float32)), tensor("s", i64(1 << 22, 1, 3))])
    yield "repeated_output", model([node("ReduceMean", ["x"], "m", axes=[2]), node("Expand", ["m", "s"], "y")], [tensor("s", i64(1, 1, 1 << 40))])


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, proto in cases():
        (folder / name).write_bytes(proto.SerializeToString())


if __name__ == "__main__":
    main()
