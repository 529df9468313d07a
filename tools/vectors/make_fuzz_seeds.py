#!/usr/bin/env python3
"""Writes fuzz/corpus/{pickle,hyperparams,safetensors}/seed_*: inputs the fuzzers of the checkpoint readers start from.

Takes the pickles out of tests/data/{torch,options}, and turns one small network of each family into .safetensors.
Needs PyTorch. Usage: tools/vectors/make_fuzz_seeds.py
"""

import json
import pathlib
import struct
import zipfile

import torch

ROOT = pathlib.Path(__file__).parents[2]


def flatten(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flatten(value, prefix + key + ".")
        else:
            yield prefix + key, value


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors:
        raw = tensor.float().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    pickles = ROOT / "fuzz/corpus/pickle"
    pickles.mkdir(parents=True, exist_ok=True)
    for name in ("torch/facts", "torch/facts_protocol4", "torch/layouts", "torch/dtypes", "torch/runs_code",
                 "torch/whole_module", "options/serialized", "torch/old/lightning.ckpt",
                 "torch/old/lightning_omegaconf.ckpt", "torch/old/namespace", "toolkits/kx_gln_k5"):
        file = ROOT / "tests/data" / (name if "." in name else f"{name}.pth")
        with zipfile.ZipFile(file) as archive:
            entry = next(e for e in archive.namelist() if e.endswith("data.pkl"))
            (pickles / f"seed_{pathlib.Path(name).stem}").write_bytes(archive.read(entry))
    yaml = ROOT / "fuzz/corpus/hyperparams"
    yaml.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "tests/data/speechbrain/causal/hyperparams.yaml").read_text()
    (yaml / "seed_speechbrain").write_text(text)
    (yaml / "seed_alias").write_text("a: &a [*a, !ref <b>]\nb: !ref <b>\n'c': {d: !!float 1e400}\n")
    (yaml / "seed_deep").write_text("[" * 3000)
    folder = ROOT / "fuzz/corpus/safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("softmax_1src", "ta_relu", "sb_cln_softmax"):
        checkpoint = torch.load(ROOT / f"tests/data/options/{name}.pth")
        write_safetensors(folder / f"seed_{name}", flatten(checkpoint.get("state_dict", checkpoint)))
    (folder / "seed_config").write_text(json.dumps({"model_name": "ConvTasNet", "sample_rate": 8000,
                                                    "model_args": {"n_src": 2, "stride": None, "mask_act": "relu"}}))


if __name__ == "__main__":
    main()
