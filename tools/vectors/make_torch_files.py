#!/usr/bin/env python3
"""Writes tests/data/torch/: small checkpoints in every number format and layout, and files the reader must refuse.

Needs PyTorch >= 1.13 (Debian: python3-torch). Usage: tools/vectors/make_torch_files.py [OUTPUT_FOLDER]
The values of each tensor are stated beside it so that the tests can check them without PyTorch.
"""

import collections
import os
import pathlib
import pickle
import sys
import zipfile

import torch


class RunsCode:
    """Unpickling this in Python would run a command."""

    def __reduce__(self):
        return (os.system, ("touch TESSERA_WAS_HERE",))


class Custom:
    """An object of a class that only its author has."""

    def __init__(self):
        self.weight = 1


def dtypes():
    values = torch.tensor([0.0, 1.0, -2.0, 3.5])
    whole = torch.tensor([0, 1, 2, 100])
    return {
        "float16": values.half(),
        "bfloat16": values.bfloat16(),
        "float32": values,
        "float64": values.double(),
        "int8": whole.to(torch.int8),
        "int16": -whole.to(torch.int16),
        "int32": whole.to(torch.int32),
        "int64": -whole,
        "uint8": whole.to(torch.uint8) + 100,
        "bool": whole > 0,
        "scalar": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "half_special": torch.tensor([2.0**-24, -(2.0**-14), 65504.0, float("inf")]).half(),
    }


def layouts():
    base = torch.arange(24, dtype=torch.float32)
    matrix = base.view(4, 6)
    return collections.OrderedDict(
        whole=base,
        row=matrix[1],                # offset 6, shares the storage
        column=matrix[:, 2],          # stride 6
        transposed=matrix.t(),        # [6, 4]
        every_other=base[1::2],       # stride 2
        expanded=base[3:4].expand(5),  # stride 0
        parameter=torch.nn.Parameter(matrix[2:, :2]),
    )


def facts():
    return {
        "model_name": "ConvTasNet",
        "state_dict": collections.OrderedDict(a=torch.ones(2)),
        "model_args": {"n_src": 2, "mask_act": "relu", "causal": False, "stride": None, "eps": 0.5},
        "sample_rate": 8000.0,
        "dataset": "LibriMix",
        "licenses": [{"title": "unknown"}],
        "infos": {"software_versions": {"torch_version": torch.__version__}, "device": torch.device("cpu"),
                  "shape": torch.Size([1, 2]), "dtype": torch.float16, "tags": {"a"}, "raw": b"\x00\xff",
                  "long": 1 << 80},
    }


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "tests/data/torch")
    out.mkdir(parents=True, exist_ok=True)
    torch.save(dtypes(), out / "dtypes.pth")
    torch.save(layouts(), out / "layouts.pth")
    torch.save(facts(), out / "facts.pth")
    for protocol in (3, 4, 5):
        torch.save(facts(), out / f"facts_protocol{protocol}.pth", pickle_protocol=protocol)
    torch.save({"epoch": 3, "model": {"net": {"module.a": torch.ones(2)}}}, out / "nested.pth")
    torch.save({"weights": torch.tensor([1.0, float("nan"), float("inf")])}, out / "nan.pth")
    torch.save({"complex": torch.ones(2, dtype=torch.complex64)}, out / "complex.pth")
    torch.save([torch.ones(2)], out / "list.pth")
    torch.save(RunsCode(), out / "runs_code.pth")
    torch.save({"weights": torch.ones(2), "hook": RunsCode()}, out / "runs_code_beside_weights.pth", pickle_protocol=4)
    torch.save(Custom(), out / "custom_class.pth")
    torch.save(torch.nn.Linear(1, 1), out / "whole_module.pth")
    torch.save({"a": torch.ones(2)}, out / "legacy.pth", _use_new_zipfile_serialization=False)
    (out / "bare_pickle.pth").write_bytes(pickle.dumps({"a": [1.0, 2.0]}, protocol=2))
    torch.jit.script(torch.nn.ReLU()).save(str(out / "torchscript.pt"))
    # The same checkpoint with compressed entries, as a user's zip tool would repack it.
    with zipfile.ZipFile(out / "facts.pth") as old, zipfile.ZipFile(
            out / "facts_deflated.pth", "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), old.read(entry),
                         zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
