#!/usr/bin/env python3
"""Writes tests/data/toolkits/: tiny seeded Conv-TasNets of implementations that are copied from GitHub, with an input and
the output that the implementation's own code computes for it (float32, CPU), in the files that it writes.

Needs PyTorch and a folder with checkouts of
    kaituoxu        github.com/kaituoxu/Conv-TasNet
    funcwj          github.com/funcwj/conv-tasnet
    jusperlee       github.com/JusperLee/Conv-TasNet
    jusperlee_2020  the same at c08e6b1, whose blocks apply PReLU_2 and norm_2
    naplab          github.com/naplab/Conv-TasNet
Usage: tools/vectors/make_toolkit_vectors.py CHECKOUTS [OUTPUT_FOLDER]
"""

import importlib
import importlib.machinery
import pathlib
import sys
import types

import numpy as np
import torch

PAPER = dict(N=12, L=6, B=5, H=8, P=3, X=2, R=2)

KAITUOXU = {
    "kx_cln_causal_softmax": dict(norm_type="cLN", causal=1, mask_nonlinear="softmax", C=3),
    "kx_bn_odd_kernel": dict(norm_type="BN", L=7),
    "kx_gln_k5": dict(P=5, X=3, R=1),
}
FUNCWJ = {
    "fw_bn": dict(norm="BN"),
    "fw_cln_causal_sigmoid": dict(norm="cLN", causal=True, non_linear="sigmoid"),
    "fw_gln_softmax_3src": dict(norm="gLN", non_linear="softmax", num_spks=3),
}
JUSPERLEE = {
    "jl_gln": dict(norm="gln"),
    "jl_cln_causal_softmax": dict(norm="cln", causal=True, activate="softmax"),
    "jl_bn_sigmoid": dict(norm="bn", activate="sigmoid"),
}
NAPLAB = {
    "nl_gln": dict(),
    "nl_causal": dict(causal=True, num_spk=3),
}


def load(path, name):
    """The module in a file whose name may be no module name."""
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = types.ModuleType(name)
    loader.exec_module(module)
    return module


def randomise(model, initial=()):
    """Weights, norms, PReLU slopes and running statistics away from their initial values, but for layers in `initial`."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if any(part in name for part in initial):
                continue
            if name.endswith("num_batches_tracked"):
                tensor.fill_(7)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 2.0)
            elif name.endswith(("gamma", "gain")) or tensor.ndim == 1 and name.endswith("weight"):
                tensor.uniform_(0.1, 1.5)
            else:
                tensor.normal_(0, 0.4)


def save(folder, name, model, checkpoint, length, flat=True):
    """The output is brought to the input's length, as the toolkits' own programs do: cut, or zeros after it."""
    wave = torch.randn(1, length, generator=torch.Generator().manual_seed(length))
    model.eval()
    with torch.no_grad():
        out = model(wave[0] if flat else wave)
    out = torch.stack([s.reshape(-1) for s in out]) if isinstance(out, list) else out[0]
    out = torch.nn.functional.pad(out, (0, length - out.shape[-1]))
    torch.save(checkpoint, folder / f"{name}.pth")
    np.save(folder / f"{name}.in.npy", wave.numpy()[None])
    np.save(folder / f"{name}.out.npy", out.numpy()[None])


def kaituoxu(checkouts, folder):
    sys.path.insert(0, str(checkouts / "kaituoxu/src"))
    module = load(checkouts / "kaituoxu/src/conv_tasnet.py", "kaituoxu")
    for seed, (name, options) in enumerate(KAITUOXU.items()):
        torch.manual_seed(400 + seed)
        model = module.ConvTasNet(**{**PAPER, "C": 2, **options})
        randomise(model)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        package = module.ConvTasNet.serialize(model, optimizer, 3, torch.zeros(4), torch.ones(4))
        save(folder, name, model, package, 91 + seed, flat=False)


def epochs(model, **more):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return {"epoch": 12, "model_state_dict": model.state_dict(), "optim_state_dict": optimizer.state_dict(), **more}


def funcwj(checkouts, folder):
    module = load(checkouts / "funcwj/nnet/conv_tas_net.py", "funcwj")
    for seed, (name, options) in enumerate(FUNCWJ.items()):
        torch.manual_seed(500 + seed)
        model = module.ConvTasNet(**{**PAPER, **options})
        randomise(model)
        save(folder, name, model, epochs(model), 101 + seed)


def jusperlee(checkouts, folder):
    today = load(checkouts / "jusperlee/Conv_TasNet_Pytorch/Conv_TasNet.py", "jusperlee")
    before = load(checkouts / "jusperlee_2020/Conv_TasNet_Pytorch/Conv_TasNet.py", "jusperlee_2020")
    skip = load(checkouts / "jusperlee/Conv_TasNet_Pytorch/Conv-TasNet-Skip", "jusperlee_skip")
    for seed, (name, options) in enumerate(JUSPERLEE.items()):
        torch.manual_seed(600 + seed)
        model = today.ConvTasNet(**{**PAPER, **options})
        randomise(model, initial=("PReLU_2", "norm_2"))  # which it never trains
        save(folder, name, model, epochs(model), 111 + seed)
    torch.manual_seed(610)
    model = before.ConvTasNet(**PAPER)
    randomise(model)
    save(folder, "jl_2020", model, epochs(model), 121)
    torch.manual_seed(611)
    model = skip.ConvTasNet(**PAPER, skip_con=True)
    randomise(model, initial=("PReLU_2", "norm_2"))
    save(folder, "jl_skip", model, epochs(model), 122)
    # The part of it for Lightning needs stand-ins for what it imports and does not use here.
    for name, attributes in {"Loss": ["Loss"], "Datasets": ["Datasets"]}.items():
        sys.modules[name] = types.ModuleType(name)
        for attribute in attributes:
            setattr(sys.modules[name], attribute, object)
    for name in ("pytorch_lightning", "pytorch_lightning.core", "pytorch_lightning.core.lightning"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["pytorch_lightning.core.lightning"].LightningModule = torch.nn.Module
    lightning = load(checkouts / "jusperlee/Conv-TasNet_lightning/model.py", "jusperlee_lightning")
    for seed, norm in enumerate(("gLN", "cLN")):
        torch.manual_seed(620 + seed)
        model = lightning.ConvTasNet(**{**PAPER, "H": 12}, norm=norm, activate="sigmoid")
        randomise(model)
        state = {f"convtasnet.{key}": value for key, value in model.state_dict().items()}
        checkpoint = {"epoch": 2, "global_step": 40, "pytorch-lightning_version": "0.8.4", "state_dict": state,
                      "hparams_name": "kwargs", "hyper_parameters": {**PAPER, "H": 12, "norm": norm, "num_spks": 2,
                                                                     "activate": "sigmoid", "lr": 1e-3, "sr": 8000}}
        save(folder, f"jl_lightning_{norm.lower()}", model, checkpoint, 131 + seed)


def naplab(checkouts, folder):
    package = types.ModuleType("naplab")
    package.__path__ = [str(checkouts / "naplab")]
    sys.modules["naplab"] = package
    sys.modules.setdefault("scipy", types.ModuleType("scipy"))  # imported by a part that is not used here
    module = importlib.import_module("naplab.conv_tasnet")
    for seed, (name, options) in enumerate(NAPLAB.items()):
        torch.manual_seed(700 + seed)
        model = module.TasNet(enc_dim=12, feature_dim=5, sr=3000, win=2, layer=2, stack=2, **options)
        randomise(model)
        save(folder, name, model, model.state_dict(), 141 + seed, flat=False)


def main():
    checkouts = pathlib.Path(sys.argv[1])
    default = pathlib.Path(__file__).parents[2] / "tests/data/toolkits"
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else default
    folder.mkdir(parents=True, exist_ok=True)
    for make in (kaituoxu, funcwj, jusperlee, naplab):
        make(checkouts, folder)


if __name__ == "__main__":
    main()
