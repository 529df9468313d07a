"""Steps of Hailo's Dataflow Compiler through its Python interface, with the arguments of its command line.

Runs in the environment that the compiler is installed in:
    python dfc_steps.py --version
    python dfc_steps.py parser onnx M.onnx --net-name N --har-path N.har --hw-arch A [--end-node-names E...] [--tensor-shapes x=[1,C,H,W]...]
    python dfc_steps.py join A.har B.har [--scope-name1 A] --scope-name2 B --join-action none --output-path AB.har
    python dfc_steps.py optimize N.har --hw-arch A --calib-set-path C.npy|C.npz --output-har-path O.har [--model-script S.alls]
    python dfc_steps.py compiler O.har --hw-arch A --output-dir D
Files appear whole or not at all. An exception of the compiler ends it with a traceback and exit code 1.
"""
import argparse
import json
import os
import sys
from pathlib import Path


def version():
    from importlib import metadata

    print(f"[info] Hailo DFC Version: {metadata.version('hailo_dataflow_compiler')}")


def shapes_of(words):
    """{"x": [1, 2, 3, 4]} of ["x=[1,2,3,4]"]; None of nothing."""
    return {name: json.loads(dims) for name, dims in (word.rsplit("=", 1) for word in words)} or None


def save(runner, path):
    """The runner writes by itself, to another name first."""
    unfinished = f"{path}.unfinished.har"
    runner.save_har(unfinished)
    os.replace(unfinished, path)
    print(f"[info] Saved HAR to: {Path(path).absolute()}")


def parse(words):
    from hailo_sdk_client import ClientRunner

    runner = ClientRunner(hw_arch=words.hw_arch)
    runner.translate_onnx_model(
        words.model,
        words.net_name,
        end_node_names=words.end_node_names or None,
        net_input_shapes=shapes_of(words.tensor_shapes),
    )
    save(runner, words.har_path)


def join(words):
    """Two networks side by side in one; the first runner becomes both."""
    from hailo_sdk_client import ClientRunner
    from hailo_sdk_client.exposed_definitions import JoinAction

    runner = ClientRunner(har=words.first)
    scopes = {"scope2_name": words.scope_name2}
    if words.scope_name1:
        scopes["scope1_name"] = words.scope_name1
    runner.join(ClientRunner(har=words.second), join_action=JoinAction.NONE, **scopes)
    save(runner, words.output_path)


def calibration_of(path):
    """An array, or one by name of input layer."""
    import numpy

    loaded = numpy.load(path, allow_pickle=False)
    return loaded if isinstance(loaded, numpy.ndarray) else {name: loaded[name] for name in loaded.files}


def optimize(words):
    from hailo_sdk_client import ClientRunner

    runner = ClientRunner(har=words.har, hw_arch=words.hw_arch)
    if words.model_script:
        runner.load_model_script(Path(words.model_script).read_text())
    runner.optimize(calibration_of(words.calib_set_path))
    save(runner, words.output_har_path)


def compile_network(words):
    from hailo_sdk_client import ClientRunner

    runner = ClientRunner(har=words.har, hw_arch=words.hw_arch)
    compiled = runner.compile()
    path = Path(words.output_dir) / f"{runner.get_hn()['name']}.hef"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(compiled)
    os.replace(unfinished, path)


def arguments():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = top.add_subparsers(required=True)
    step = steps.add_parser("parser")
    step.add_argument("framework", choices=["onnx"])
    step.add_argument("model")
    step.add_argument("--net-name", required=True)
    step.add_argument("--har-path", required=True)
    step.add_argument("--end-node-names", nargs="+", default=[])
    step.add_argument("--tensor-shapes", nargs="+", default=[])
    step.set_defaults(run=parse)
    step = steps.add_parser("optimize")
    step.add_argument("har")
    step.add_argument("--calib-set-path", required=True)
    step.add_argument("--output-har-path", required=True)
    step.add_argument("--model-script")
    step.set_defaults(run=optimize)
    step = steps.add_parser("compiler")
    step.add_argument("har")
    step.add_argument("--output-dir", default=".")
    step.set_defaults(run=compile_network)
    for step in steps.choices.values():
        step.add_argument("--hw-arch", required=True)
    step = steps.add_parser("join")
    step.add_argument("first")
    step.add_argument("second")
    step.add_argument("--scope-name1")
    step.add_argument("--scope-name2", required=True)
    step.add_argument("--join-action", choices=["none"], required=True)
    step.add_argument("--output-path", required=True)
    step.set_defaults(run=join)
    return top


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        version()
    else:
        chosen = arguments().parse_args()
        chosen.run(chosen)
