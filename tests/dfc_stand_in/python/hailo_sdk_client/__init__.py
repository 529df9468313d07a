"""A stand-in for the Python interface of Hailo's Dataflow Compiler: it compiles nothing. What ClientRunner is asked to do,
the stand-in of the command line beside this folder does."""
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

_HAILO = Path(__file__).resolve().parents[2] / "hailo"


class BackendAllocatorException(Exception):
    pass


def _run(*words):
    done = subprocess.run([str(_HAILO), *map(str, words)], stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise BackendAllocatorException("the stand-in refuses")


class ClientRunner:
    def __init__(self, hw_arch=None, har=None):
        self._hw_arch, self._har, self._script = hw_arch, har, None

    def translate_onnx_model(self, model, net_name, start_node_names=None, end_node_names=None, net_input_shapes=None):
        assert Path(model).exists() and start_node_names is None
        self._save = ["parser", "onnx", model, "--net-name", net_name, "--hw-arch", self._hw_arch]
        if end_node_names:
            self._save += ["--end-node-names", *end_node_names]
        if net_input_shapes:
            shapes = [f"{name}={dims}".replace(" ", "") for name, dims in net_input_shapes.items()]
            self._save += ["--tensor-shapes", *shapes]
        self._option = "--har-path"

    def load_model_script(self, text):
        self._script = text

    def optimize(self, data):
        arrays = data.values() if isinstance(data, dict) else [data]
        assert all(array.ndim == 4 and array.dtype == "float32" for array in arrays)
        self._save = ["optimize", self._har, "--hw-arch", self._hw_arch, "--calib-set-path", self._har]
        self._option = "--output-har-path"

    def save_har(self, path):
        _run(*self._save, self._option, path)

    def compile(self):
        with tempfile.TemporaryDirectory() as folder:
            _run("compiler", self._har, "--hw-arch", self._hw_arch, "--output-dir", folder)
            return next(Path(folder).glob("*.hef")).read_bytes()

    def join(self, runner, scope1_name=None, scope2_name=None, join_action=None):
        assert join_action is not None
        self._save = ["join", self._har, runner._har, "--join-action", join_action.value]
        for option, scope in (("--scope-name1", scope1_name), ("--scope-name2", scope2_name)):
            self._save += [option, scope] if scope else []
        self._option = "--output-path"

    def get_hn(self):
        with tarfile.open(self._har) as har:
            member = next(one for one in har.getmembers() if one.name.endswith(".hn"))
            return json.load(har.extractfile(member))
