"""ONNX Runtime judges random networks as `export` writes them: every op with its attributes, ops together, norms of every kind at
different widths, Conv-TasNets; plain layouts and others; and networks of people whose export was wrong. Its values are those of our
reference backend.

Usage: random_export_witness.py RANDOM_EXPORT_WITNESS [ROUNDS]     Exits 77 (skipped) where the witnesses are not installed.
ROUNDS is 1, or what TESSERA_WITNESS_ROUNDS says: each round has seeds of its own.
"""
import os
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

# Of the largest value of an output: one op, many.
TOLERANCE = {"op": 2e-5, "graph": 3e-4, "norms": 1e-4, "conv": 1e-4, "field": 1e-4}
OPS = 59  # kinds of tessera/compiler/op.h; a new one must be drawn here too

options = onnxruntime.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1


def apart(folder, model):
    """The largest difference of any output, as a share of that output's largest value."""
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = {x.name: numpy.load(folder / f"{model.stem}.in{i}.npy").reshape(x.shape) for i, x in enumerate(session.get_inputs())}
    furthest = 0.0
    for i, (output, theirs) in enumerate(zip(session.get_outputs(), session.run(None, given), strict=True)):
        ours = numpy.load(folder / f"{model.stem}.out{i}.npy").reshape(output.shape)
        if theirs.shape != ours.shape or not numpy.isfinite(theirs).all():
            return float("inf")
        furthest = max(furthest, float(abs(theirs - ours).max()) / max(1e-3, float(abs(ours).max())))
    return furthest


rounds = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("TESSERA_WITNESS_ROUNDS", "1")
failed = False
worst = {}
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    ops = subprocess.run([sys.argv[1], name, rounds], check=True, capture_output=True, text=True).stdout.split()
    models = sorted(folder.glob("*.onnx"))
    for model in models:
        family = model.stem.split("_")[0]
        try:
            difference = apart(folder, model)
        except Exception as refused:  # whatever ONNX Runtime throws
            difference = float("inf")
            print(f"FAIL {model.stem}: {refused}")
        worst[family] = max(worst.get(family, (0.0, 0))[0], difference), worst.get(family, (0.0, 0))[1] + 1
        if not difference <= TOLERANCE[family]:
            failed = True
            print(f"FAIL {model.stem}: off by {difference:.2e} of the largest value")
for family, (difference, count) in worst.items():
    print(f"{family}: {count} networks, largest difference {difference:.1e} of the largest value")
if len(ops) != OPS:
    failed = True
    print(f"FAIL: {len(ops)} kinds of op were drawn, not {OPS}: {' '.join(ops)}")
sys.exit(failed)
