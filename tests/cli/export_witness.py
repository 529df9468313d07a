"""ONNX Runtime and the ONNX checker judge what `tessera export` writes: same values as our reference backend.

Usage: export_witness.py TESSERA MODEL...     Exits 77 (skipped) where the witnesses are not installed.
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

LENGTH = 2003
tessera, models = sys.argv[1], sys.argv[2:]
failed = False
for model in models:
    with tempfile.TemporaryDirectory() as folder:
        onnx_file, x, y = (str(pathlib.Path(folder, name)) for name in ("net.onnx", "x.npy", "y.npy"))
        subprocess.run([tessera, "export", model, "-o", onnx_file, "--length", str(LENGTH)], check=True, capture_output=True)
        onnx.checker.check_model(onnx_file, full_check=True)
        wave = numpy.random.default_rng(1).standard_normal((1, 1, LENGTH)).astype("float32") * 0.1
        numpy.save(x, wave)
        subprocess.run([tessera, "run", model, "--input", x, "--output", y, "--backend", "reference"], check=True, capture_output=True)
        session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
        theirs = session.run(None, {session.get_inputs()[0].name: wave})[0]
        ours = numpy.load(y).reshape(theirs.shape)
        apart, peak = float(abs(theirs - ours).max()), float(abs(ours).max())
        good = apart <= 1e-4 * peak
        failed |= not good
        print(f"{'ok  ' if good else 'FAIL'} {pathlib.Path(model).name}: max |difference| {apart:.2e}, peak {peak:.2e}")
sys.exit(failed)
