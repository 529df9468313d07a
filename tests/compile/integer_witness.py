"""ONNX Runtime judges the emulator: the same codes, bit for bit, for every encoded value of every piece.

Usage: integer_witness.py INTEGER_WITNESS     Exits 77 (skipped) where the witnesses are not installed.
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import onnxruntime
except ImportError as missing:
    print(f"skipped: {missing} (scripts/test installs it into build/witnesses)")
    sys.exit(77)

failed = False
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    subprocess.run([sys.argv[1], name], check=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    values = differing = 0
    kinds = set()
    for model in sorted(folder.glob("*.onnx")):
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        given = {x.name: numpy.load(f"{model.with_suffix('')}.in{i}.npy") for i, x in enumerate(session.get_inputs())}
        for i, theirs in enumerate(session.run(None, given)):
            ours = numpy.load(f"{model.with_suffix('')}.out{i}.npy")
            apart = int((ours != theirs).sum())
            values += ours.size
            differing += apart
            if apart:
                failed = True
                print(f"FAIL {model.stem} {session.get_outputs()[i].name}: {apart} of {ours.size} differ, by up to {abs(ours - theirs).max():.3g}")
    print(f"{values} values of {len(list(folder.glob('*.onnx')))} pieces, {differing} differ")
    failed |= values == 0
sys.exit(failed)
