"""What a QDQ file says, op by op, in float64 on codes that are given: no sum loses a bit, so that only roundings to codes are left.

ONNX's own reference evaluator computes in the file's float32, and has no com.microsoft ops.
"""
import numpy
from onnx import helper, numpy_helper


def along(values, axis, rank=4):
    """`values`, one or one per entry of `axis`, to meet (N, C, H, W), or another rank."""
    values = values.astype(numpy.float64)
    return values if values.size == 1 else values.reshape([-1 if i == axis else 1 for i in range(rank)])


def convolve(x, weight, bias, strides, dilations, pads, group):
    top, left, bottom, right = pads
    x = numpy.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    outputs, inputs, height, width = weight.shape
    rows, columns = ((x.shape[2 + i] - dilations[i] * (weight.shape[2 + i] - 1) - 1) // strides[i] + 1 for i in range(2))
    y = numpy.zeros((x.shape[0], outputs, rows, columns))
    each = outputs // group
    for g in range(group):
        for i in range(height):
            for j in range(width):
                part = x[:, g * inputs:(g + 1) * inputs, i * dilations[0]:, j * dilations[1]:]
                part = part[:, :, :(rows - 1) * strides[0] + 1:strides[0], :(columns - 1) * strides[1] + 1:strides[1]]
                y[:, g * each:(g + 1) * each] += numpy.einsum("oc,nchw->nohw", weight[g * each:(g + 1) * each, :, i, j], part)
    return y + along(bias, 1)


def steps_of(x, scale, zero, axis):
    """Where x lies between codes. The input of a file is float32, and so is its quotient."""
    quotient = x / along(scale, axis).astype(x.dtype)
    return quotient.astype(numpy.float64) + along(zero, axis)


def evaluate(node, x):
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    op = node.op_type
    if op == "DequantizeLinear":
        where = attributes.get("axis", 1), x[0].ndim
        zero = along(x[2], *where) if len(x) > 2 else 0
        return (x[0].astype(numpy.float64) - zero) * along(x[1], *where)
    if op == "QuantizeLinear":
        limits = numpy.iinfo(x[2].dtype)
        codes = numpy.rint(steps_of(x[0], x[1], x[2], attributes.get("axis", 1)))
        return codes.clip(limits.min, limits.max).astype(x[2].dtype)
    if op == "Conv":
        return convolve(*x, **attributes)
    if op == "PRelu":
        return numpy.where(x[0] < 0, x[0] * along(x[1].ravel(), 1), x[0])
    if op == "Slice":
        cut = [slice(None)] * x[0].ndim
        for begin, end, axis in zip(*x[1:4]):
            cut[axis] = slice(int(begin), int(end))
        return x[0][tuple(cut)]
    return {
        "Add": lambda: x[0] + x[1],
        "Mul": lambda: x[0] * x[1],
        "Relu": lambda: numpy.maximum(x[0], 0),
        "Sigmoid": lambda: 1 / (1 + numpy.exp(-x[0])),
        "Concat": lambda: numpy.concatenate(x, attributes["axis"]),
        "Cast": lambda: x[0].astype(helper.tensor_dtype_to_np_dtype(attributes["to"])),
    }[op]()


def roundings(model, given, ours):
    """For each value NAME that `ours` holds (its codes by name): where the file's arithmetic puts it, in steps, and our codes.

    What follows is computed from our codes, so that no rounding is blamed for another.
    """
    values = dict(given)
    for tensor in model.graph.initializer:
        values[tensor.name] = numpy_helper.to_array(tensor)
    for node in model.graph.node:
        x = [values[name] for name in node.input]
        result = evaluate(node, x)
        name = node.output[0].removesuffix("/codes")
        if node.op_type == "QuantizeLinear" and name in ours:
            axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
            limits = numpy.iinfo(result.dtype)
            yield steps_of(*x, axis).clip(limits.min, limits.max), ours[name]
            result = ours[name].astype(result.dtype)
        values[node.output[0]] = result
