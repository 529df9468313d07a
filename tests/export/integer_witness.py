"""ONNX Runtime judges the emulator by every encoded value of every piece.

qlinear: the same codes, bit for bit. qdq, with and without ONNX Runtime's optimisations: the same codes, but for few of 16 bits. Why
these differ, `exact` shows: the file's arithmetic in float64, op by op on our codes, agrees wherever its value is not within a
hundredth of a step of the middle between two codes. There float32, in which both round on their way, decides; and a code that became
its neighbour is several steps of a finer value behind it.

Usage: integer_witness.py INTEGER_WITNESS     Exits 77 (skipped) where the witnesses are not installed.
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import onnx
    import onnxruntime

    import exact_qdq
except ImportError as missing:
    print(f"skipped: {missing} (scripts/test installs it into build/witnesses)")
    sys.exit(77)

LEVELS = onnxruntime.GraphOptimizationLevel
# form, optimisations; codes of 8 bits, and of 16 and both mixed: share that may differ, steps by which they may
RUNS = (
    ("qlinear", LEVELS.ORT_DISABLE_ALL, (0, 0), (0, 0)),
    ("qdq", LEVELS.ORT_DISABLE_ALL, (1e-4, 1), (2e-2, 8)),
    ("qdq", LEVELS.ORT_ENABLE_ALL, (1e-4, 1), (2e-2, 8)),
)


def judge(folder, form, level, narrow, wide):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    failed = False
    count = {8: [0, 0, 0], 16: [0, 0, 0]}  # values, differing, largest difference in steps
    for model in sorted((folder / form).glob("*.onnx")):
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        given = {x.name: numpy.load(folder / f"{model.stem}.in{i}.npy") for i, x in enumerate(session.get_inputs())}
        for i, theirs in enumerate(session.run(None, given)):
            ours = numpy.load(folder / f"{model.stem}.out{i}.npy")
            step = numpy.load(folder / f"{model.stem}.step{i}.npy")
            bits = 16 if "_16_" in model.stem or "_mixed_" in model.stem else 8
            apart = abs(ours - theirs)
            steps = (apart / step).max()
            count[bits][0] += ours.size
            count[bits][1] += int((apart > 0).sum())
            count[bits][2] = max(count[bits][2], steps)
            if steps > (wide if bits == 16 else narrow)[1] + 1e-3:
                failed = True
                name = session.get_outputs()[i].name
                print(f"FAIL {form} {model.stem} {name}: {int((apart > 0).sum())} of {ours.size} differ, by up to {steps:.3g} steps")
    for bits, (values, differing, steps) in count.items():
        share = differing / max(1, values)
        codes = "codes of 8 bits" if bits == 8 else "codes of 16 bits, or of both"
        print(f"{form} ({level.name}), {codes}: {values} values, {differing} differ ({share:.1e}), by up to {steps:.3g} steps")
        failed |= values == 0 or share > (wide if bits == 16 else narrow)[0]
    return failed


def judge_exactly(folder):
    wrong = total = differing = 0
    furthest = 0.0
    for path in sorted((folder / "qdq").glob("*.onnx")):
        model = onnx.load(path)
        constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        given = {x.name: numpy.load(folder / f"{path.stem}.in{i}.npy") for i, x in enumerate(model.graph.input)}
        ours = {}
        for i, output in enumerate(model.graph.output):
            scale, zero = (exact_qdq.along(constants[f"{output.name}.{part}"], 1) for part in ("scale", "zero_point"))
            ours[output.name.removeprefix("output:")] = numpy.rint(numpy.load(folder / f"{path.stem}.out{i}.npy") / scale) + zero
        for steps, codes in exact_qdq.roundings(model, given, ours):
            differs = codes != numpy.rint(steps)
            beyond = abs(codes - steps) - 0.5  # the middle
            total += codes.size
            differing += int(differs.sum())
            furthest = max(furthest, beyond.max())
            wrong += int((beyond > 0.01).sum())
    print(f"exact: {total} values, {differing} differ, up to {furthest:.2g} steps from the middle; {wrong} too far from it")
    return wrong > 0 or total == 0


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    subprocess.run([sys.argv[1], name], check=True)
    failed = [judge(folder, *run) for run in RUNS] + [judge_exactly(folder)]
sys.exit(any(failed))
