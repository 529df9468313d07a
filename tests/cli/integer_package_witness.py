"""ONNX Runtime runs every integer piece of quantised packages: its QDQ form gives what its QLinear form gives.

integer_witness.py proves the QLinear form against the emulator. Here every piece as it lies in a package is checked and run; sums in
float32 let few values of the QDQ form become a neighbouring code.

Usage: integer_package_witness.py TESSERA RECORDING MODEL...     Exits 77 (skipped) where the witnesses are not installed.
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"skipped: {missing} (scripts/test installs it into build/witnesses)")
    sys.exit(77)

ARITHMETIC = {"int8": 1e-3, "int16": 3e-2}  # share of values that may differ


def session_of(path):
    onnx.checker.check_model(str(path))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


tessera, recording, models = sys.argv[1], sys.argv[2], sys.argv[3:]
failed = False
for model in models:
    for arithmetic, share in ARITHMETIC.items():
        with tempfile.TemporaryDirectory() as folder:
            package, pieces = f"{folder}/m.tess", pathlib.Path(folder, "out", "pieces")
            command = [tessera, "build", model, "-o", package, "--length", "6003", "--quantize", arithmetic, "--calib", recording]
            subprocess.run(command + ["--calib-windows", "2"], check=True, capture_output=True)
            subprocess.run([tessera, "package", "extract", package, "-o", str(pieces.parent)], check=True, capture_output=True)
            random, values, differing, worst = numpy.random.default_rng(1), 0, 0, 0.0
            names = sorted(path.name for path in (pieces / "qdq").iterdir())
            for name in names:
                qdq, qlinear = session_of(pieces / "qdq" / name), session_of(pieces / "qlinear" / name)
                feeds = {port.name: random.standard_normal(port.shape).astype("float32") for port in qdq.get_inputs()}
                for a, b in zip(qdq.run(None, feeds), qlinear.run(None, feeds)):
                    values += a.size
                    differing += int((a != b).sum())
                    worst = max(worst, float(abs(a - b).max()) / max(float(abs(b).max()), 1e-30))
            good = values > 0 and differing <= share * values and worst <= 0.05
            good = good and names == sorted(path.name for path in pieces.glob("*.onnx"))
            failed |= not good
            text = f"{len(names)} pieces, {differing} of {values} values differ, by up to {worst:.1e} of the peak"
            print(f"{'ok  ' if good else 'FAIL'} {pathlib.Path(model).name} {arithmetic}: {text}")
sys.exit(failed)
