"""ONNX Runtime and the ONNX checker judge every piece of a package: same values as our reference backend.

Usage: package_witness.py TESSERA MODEL...     Exits 77 (skipped) where the witnesses are not installed.
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

LENGTH = 6003
tessera, models = sys.argv[1], sys.argv[2:]
failed = False
for model in models:
    with tempfile.TemporaryDirectory() as folder:
        package, pieces = str(pathlib.Path(folder, "m.tess")), pathlib.Path(folder, "out", "pieces")
        subprocess.run([tessera, "build", model, "-o", package, "--length", str(LENGTH)], check=True, capture_output=True)
        subprocess.run([tessera, "package", "extract", package, "-o", str(pieces.parent)], check=True, capture_output=True)
        random, worst, count = numpy.random.default_rng(1), 0.0, 0
        for piece in sorted(pieces.iterdir()):
            onnx.checker.check_model(str(piece), full_check=True)
            session = onnxruntime.InferenceSession(str(piece), providers=["CPUExecutionProvider"])
            command, feeds = [tessera, "run", str(piece), "--backend", "reference"], {}
            for i, port in enumerate(session.get_inputs()):
                feeds[port.name] = random.standard_normal(port.shape).astype("float32")
                numpy.save(f"{folder}/x{i}.npy", feeds[port.name])
                command += ["--input", f"{port.name}={folder}/x{i}.npy"]
            for i, port in enumerate(session.get_outputs()):
                command += ["--output", f"{port.name}={folder}/y{i}.npy", "--force"]
            subprocess.run(command, check=True, capture_output=True)
            for i, theirs in enumerate(session.run(None, feeds)):
                ours = numpy.load(f"{folder}/y{i}.npy").reshape(theirs.shape)
                worst = max(worst, float(abs(theirs - ours).max()) / max(float(abs(ours).max()), 1e-30))
            count += 1
        good = count > 0 and worst <= 1e-5
        failed |= not good
        print(f"{'ok  ' if good else 'FAIL'} {pathlib.Path(model).name}: {count} pieces, worst difference {worst:.2e} of the peak")
sys.exit(failed)
