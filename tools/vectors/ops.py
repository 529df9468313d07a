#!/usr/bin/env python3
"""Writes tests/data/ops/*.npy: results of single operations, computed by PyTorch in float64.

Inputs and weights come from pattern(), which tests/kernels/reference_torch_test.cpp repeats, so
only results are stored. Run with a Python that has torch (Debian: python3-torch); PyTorch 1.13
wrote the files in the repository.
"""
import os

import numpy as np
import torch
import torch.nn.functional as F

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "data", "ops")


def pattern(seed, *dims):
    """Multiples of 1/16 in [-2, 2), the same in every language."""
    count = int(np.prod(dims))
    i = np.arange(count, dtype=np.int64)
    values = ((i * 37 + seed * 101 + i * i * 7) % 64 - 32) / 16.0
    return torch.tensor(values.reshape(dims), dtype=torch.float64)


def save(name, result):
    """[1, C, H, W] -> [C, H, W] float32."""
    array = result.squeeze(0).numpy().astype(np.float32)
    assert array.ndim == 3, (name, array.shape)
    np.save(os.path.join(OUT, name + ".npy"), np.ascontiguousarray(array))


def convolutions():
    x = pattern(1, 1, 6, 2, 23)
    save("conv_plain", F.conv2d(x, pattern(2, 4, 6, 1, 3), pattern(3, 4)))
    save("conv_dilated", F.conv2d(x, pattern(2, 4, 6, 1, 3), None, padding=(0, 4), dilation=(1, 4)))
    save("conv_strided", F.conv2d(x, pattern(2, 4, 6, 1, 5), pattern(3, 4), stride=(1, 3), padding=(0, 2)))
    save("conv_depthwise", F.conv2d(x, pattern(2, 6, 1, 1, 3), pattern(3, 6), padding=(0, 1), groups=6))
    save("conv_grouped", F.conv2d(x, pattern(2, 9, 2, 1, 4), pattern(3, 9), groups=3, stride=(1, 2)))
    save("conv_2d", F.conv2d(x, pattern(2, 3, 6, 2, 3), pattern(3, 3), stride=(2, 2), padding=(1, 1)))
    causal = F.pad(x, (4, 0))
    save("conv_causal", F.conv2d(causal, pattern(2, 4, 6, 1, 3), pattern(3, 4), dilation=(1, 2)))
    long = pattern(4, 1, 2, 1, 1300)
    save("conv_long", F.conv2d(long, pattern(2, 2, 2, 1, 3), pattern(3, 2), padding=(0, 100), dilation=(1, 100)))

    save("conv_transpose_plain", F.conv_transpose2d(x, pattern(2, 6, 3, 1, 4), pattern(3, 3), stride=(1, 2)))
    save("conv_transpose_cropped", F.conv_transpose2d(
        x, pattern(2, 6, 3, 1, 5), pattern(3, 3), stride=(1, 3), padding=(0, 2), output_padding=(0, 1)))
    save("conv_transpose_grouped", F.conv_transpose2d(
        x, pattern(2, 6, 2, 1, 4), pattern(3, 6), stride=(1, 2), groups=3, dilation=(1, 2)))
    save("conv_transpose_2d", F.conv_transpose2d(
        x, pattern(2, 6, 2, 3, 2), None, stride=(2, 1), padding=(1, 0)))
    save("conv_transpose_long", F.conv_transpose2d(
        pattern(4, 1, 2, 1, 150), pattern(2, 2, 1, 1, 16), None, stride=(1, 8)))


def norms():
    x = pattern(1, 1, 6, 1, 23)
    gamma, beta, eps = pattern(2, 6), pattern(3, 6), 1e-3
    g, b = gamma.view(1, 6, 1, 1), beta.view(1, 6, 1, 1)
    save("norm_global", F.group_norm(x, 1, gamma, beta, eps))
    save("norm_feature_wise", F.instance_norm(x, weight=gamma, bias=beta, eps=eps))
    save("norm_channel_wise", F.layer_norm(x.permute(0, 2, 3, 1), (6,), gamma, beta, eps).permute(0, 3, 1, 2))
    save("norm_batch", F.batch_norm(x, pattern(4, 6), pattern(5, 6).abs() + 0.5, gamma, beta, False, 0.1, eps))
    frames = []
    for t in range(1, x.shape[-1] + 1):
        past = x[..., :t]
        mean, var = past.mean(), past.var(unbiased=False)
        frames.append(((x[..., t - 1:t] - mean) / torch.sqrt(var + eps)) * g + b)
    save("norm_cumulative", torch.cat(frames, dim=-1))


def unaries():
    x = pattern(1, 1, 6, 2, 11) * 2
    positive = x.abs() + 0.25
    save("unary_relu", F.relu(x))
    save("unary_prelu_shared", F.prelu(x, pattern(2, 1)))
    save("unary_prelu_channels", F.prelu(x, pattern(2, 6)))
    save("unary_sigmoid", torch.sigmoid(x))
    save("unary_tanh", torch.tanh(x))
    save("unary_elu", F.elu(x, 0.75))
    save("unary_gelu", F.gelu(x))
    save("unary_silu", F.silu(x))
    save("unary_softplus", F.softplus(x))
    save("unary_hard_sigmoid", F.hardsigmoid(x))
    save("unary_clip", torch.clamp(x, -1.5, 0.5))
    save("unary_exp", torch.exp(x))
    save("unary_log", torch.log(positive))
    save("unary_sqrt", torch.sqrt(positive))
    save("unary_square", x * x)
    save("unary_reciprocal", 1 / positive)
    save("unary_abs", x.abs())
    save("unary_neg", -x)
    save("unary_erf", torch.erf(x))


def others():
    x = pattern(1, 1, 6, 2, 11)
    save("softmax_source", torch.softmax(x.view(1, 3, 2, 2, 11), dim=1).view(1, 6, 2, 11))
    save("softmax_channel", torch.softmax(x.view(1, 3, 2, 2, 11), dim=2).view(1, 6, 2, 11))
    save("softmax_time", torch.softmax(x, dim=3))
    save("pool_max", F.max_pool2d(x, (1, 3), stride=(1, 2), padding=(0, 1)))
    save("pool_average", F.avg_pool2d(x, (1, 3), stride=(1, 2), padding=(0, 1)))
    save("pool_average_covered", F.avg_pool2d(x, (1, 3), stride=(1, 2), padding=(0, 1), count_include_pad=False))
    save("pool_2d", F.max_pool2d(x, (2, 2), stride=(1, 3)))
    save("global_pool_average", x.mean(dim=3, keepdim=True))
    save("global_pool_max", x.amax(dim=3, keepdim=True))
    save("pad_zero", F.pad(x, (2, 3, 1, 0)))
    save("pad_reflect", F.pad(x, (2, 3, 1, 0), mode="reflect"))
    save("pad_edge", F.pad(x, (2, 3, 1, 0), mode="replicate"))
    save("gemm", torch.einsum("oc,nchw->nohw", pattern(2, 5, 6), x[..., :1]) + pattern(3, 5).view(1, 5, 1, 1))
    save("reduce_sum_c", x.sum(dim=1, keepdim=True))
    save("reduce_mean_cw", x.mean(dim=(1, 3), keepdim=True))
    save("reduce_max_h", x.amax(dim=2, keepdim=True))
    save("reduce_min_all", x.amin(dim=(1, 2, 3), keepdim=True))
    save("cumulative_sum", torch.cumsum(x, dim=3))
    y = pattern(2, 1, 6, 2, 11) + 3
    save("binary_pow", torch.pow(y, x))
    save("binary_div", x / y)
    save("binary_max", torch.maximum(x, pattern(2, 1, 6, 1, 11)))
    save("binary_min", torch.minimum(x, pattern(2, 1, 6, 2, 1)))
    save("binary_sub", x - pattern(2, 1, 1, 2, 11))


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    convolutions()
    norms()
    unaries()
    others()
