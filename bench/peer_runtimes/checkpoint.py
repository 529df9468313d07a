"""Reads an Asteroid Conv-TasNet checkpoint (a torch zip) into numpy, without torch: the peers' environment has none."""
import collections
import io
import pickle
import zipfile

import numpy as np

_DTYPES = {"FloatStorage": np.float32, "DoubleStorage": np.float64, "LongStorage": np.int64, "IntStorage": np.int32}


def load_checkpoint(path):
    """-> (model_args dict, {name: array})"""
    archive = zipfile.ZipFile(path)
    root = next(n for n in archive.namelist() if n.endswith("/data.pkl"))[: -len("data.pkl")]

    def rebuild(storage, offset, size, stride, *_):
        dtype, key = storage
        flat = np.frombuffer(archive.read(f"{root}data/{key}"), dtype)
        strides = [s * flat.itemsize for s in stride]
        return np.lib.stride_tricks.as_strided(flat[offset:], size, strides).copy()

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            if name in _DTYPES:
                return _DTYPES[name]
            if name == "_rebuild_tensor_v2":
                return rebuild
            if (module, name) == ("collections", "OrderedDict"):
                return collections.OrderedDict
            raise pickle.UnpicklingError(f"{module}.{name} is not data")

        def persistent_load(self, pid):
            return pid[1], pid[2]

    data = Unpickler(io.BytesIO(archive.read(root + "data.pkl"))).load()
    return data["model_args"], data["state_dict"]
