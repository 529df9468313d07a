#!/usr/bin/env python3
"""Writes tests/data/torch/old/: one tiny network of tests/data/options in the files of older programs: Lightning's with
classes as keys and objects beside the weights, a Namespace of arguments, OmegaConf, and PyTorch's format before 1.6.

Needs PyTorch 1.13 (Debian: python3-torch). The classes of Lightning and OmegaConf are stand-ins of the same names.
Usage: tools/vectors/make_old_checkpoints.py [OUTPUT_FOLDER]
"""

import argparse
import collections
import datetime
import enum
import pathlib
import sys
import types

import numpy as np
import torch

ROOT = pathlib.Path(__file__).parents[2]


def stand_in(module, name, bases=(), **attributes):
    """A class that pickles as module.name."""
    path = ""
    for part in module.split("."):
        path = f"{path}.{part}" if path else part
        sys.modules.setdefault(path, types.ModuleType(path))
    made = type(name, bases, {"__module__": module, **attributes})
    setattr(sys.modules[module], name, made)
    return made


ModelCheckpoint = stand_in("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
EarlyStopping = stand_in("pytorch_lightning.callbacks.early_stopping", "EarlyStopping")
AttributeDict = stand_in("pytorch_lightning.utilities.parsing", "AttributeDict", (dict,))
AnyNode = stand_in("omegaconf.nodes", "AnyNode")
DictConfig = stand_in("omegaconf.dictconfig", "DictConfig")
Stage = enum.Enum("Stage", {"FIT": "fit", "TEST": "test"}, module="recipe.stages")
stand_in("recipe.stages", "unused")
sys.modules["recipe.stages"].Stage = Stage
Config = stand_in("recipe.config", "Config")


def node(value):
    made = AnyNode()
    made.__dict__.update(_metadata=None, _parent=None, _val=value)
    return made


def dict_config(values):
    made = DictConfig()
    content = {k: dict_config(v) if isinstance(v, dict) else node(v) for k, v in values.items()}
    made.__dict__.update(_metadata=None, _parent=None, _content=content)
    return made


def plain_things():
    config = Config()
    config.lr = 0.1
    return {
        "array": np.arange(6, dtype=np.float32).reshape(2, 3), "number": np.float64(1.5), "flag": np.bool_(True),
        "objects": np.array(["a", None], dtype=object), "counts": collections.Counter("aab"),
        "groups": collections.defaultdict(list, {"a": [1]}), "last": collections.deque([1, 2], 5),
        "device": torch.device("cpu"), "dtype": torch.float16, "path": pathlib.PurePosixPath("a/b"),
        "when": datetime.datetime(2020, 1, 2), "took": datetime.timedelta(seconds=3), "stage": Stage.FIT,
        "namespace": argparse.Namespace(a=1, inner=argparse.Namespace(b=np.int64(2))), "config": config,
        "class": torch.optim.Adam, "dict": collections.OrderedDict(a=1), "complex": 1j, "slice": slice(1, 2),
        "random": (3, tuple(range(5)), None), "parameter": torch.nn.Parameter(torch.ones(2)),
    }


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "tests/data/torch/old")
    folder.mkdir(parents=True, exist_ok=True)
    source = torch.load(ROOT / "tests/data/options/cln_tanh.pth")
    state, args = source["state_dict"], source["model_args"]
    below = collections.OrderedDict((f"model.{key}", value) for key, value in state.items())
    lightning = {
        "epoch": 3, "global_step": 70, "pytorch-lightning_version": "1.1.8", "state_dict": below,
        "callbacks": {ModelCheckpoint: {"best_model_score": torch.tensor(1.5), "best_model_path": "a.ckpt"},
                      EarlyStopping: {"wait_count": 0, "patience": np.int64(3)}},
        "optimizer_states": [{"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-3}]}],
        "lr_schedulers": [{"mode_worse": float("inf"), "last_epoch": 3}],
        "hparams_name": "hparams", "hyper_parameters": AttributeDict({**args, **plain_things(), "sample_rate": 16000}),
    }
    torch.save(lightning, folder / "lightning.ckpt")
    torch.save({**lightning, "hyper_parameters": argparse.Namespace(**args, lr=1e-3)}, folder / "lightning_namespace.ckpt")
    nested = {"masknet": {k: v for k, v in args.items()}, "optim": {"lr": 1e-3}, "sample_rate": 8000}
    torch.save({**lightning, "hyper_parameters": dict_config(nested)}, folder / "lightning_omegaconf.ckpt")
    torch.save({"epoch": 1, "model_state_dict": state, "args": argparse.Namespace(**args), **plain_things()},
               folder / "namespace.pth", pickle_protocol=4)
    torch.save(source, folder / "before_1_6.pth", _use_new_zipfile_serialization=False)
    torch.save(lightning, folder / "lightning_before_1_6.ckpt", _use_new_zipfile_serialization=False)
    base = torch.arange(24, dtype=torch.float64)
    torch.save({"whole": base, "row": base.view(4, 6)[1], "column": base.view(4, 6)[:, 2], "half": base[:3].half(),
                "bool": base > 20, "empty": torch.zeros(0, 3)}, folder / "layouts_before_1_6.pth",
               _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
