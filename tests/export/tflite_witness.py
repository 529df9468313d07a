"""LiteRT's reference kernels judge what is written as TensorFlow Lite: in float every network of tests/data and random ones of every op,
within 1e-5 of the largest value of each output; in integers random networks of every operator, code by code.

Usage: tflite_witness.py TFLITE_WITNESS [ROUNDS]     Exits 77 (skipped) where the witnesses are not installed.
ROUNDS is 1, or what TESSERA_WITNESS_ROUNDS says: each round has seeds of its own.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
except ImportError as missing:
    print(f"skipped: {missing} (scripts/test installs it into build/witnesses)")
    sys.exit(77)

# Of the largest value of an output. Random graphs are deep and their values cancel; both arithmetics are float32.
TOLERANCE = {"data": 1e-5, "op": 1e-5, "graph": 3e-4, "norms": 2e-5, "conv": 2e-5}
# What has no operator in TensorFlow Lite, by family: the words that a refusal must hold.
KNOWN_REFUSALS = {"op": ["unary.erf"], "graph": ["unary.erf"]}


def interpreter_of(model):
    """Of the reference kernels; of the others, but no delegate, where these have none (ELU)."""
    try:
        interpreter = Interpreter(str(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as refused:
        if "builtin opcode 'ELU'" not in str(refused):
            raise
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        interpreter = Interpreter(str(model), experimental_op_resolver_type=resolver, num_threads=1)
        interpreter.allocate_tensors()
    return interpreter


def outputs_of(folder, model):
    interpreter = interpreter_of(model)
    for i, x in enumerate(interpreter.get_input_details()):
        values = numpy.load(folder / f"{model.stem}.in{i}.npy")
        interpreter.set_tensor(x["index"], values.astype(x["dtype"]).reshape(x["shape"]))
    interpreter.invoke()
    return [interpreter.get_tensor(y["index"]) for y in interpreter.get_output_details()]


def apart(folder, model, in_codes):
    """Of codes how many differ, of floats the largest difference as a share of the output's largest value."""
    furthest = 0.0
    for i, theirs in enumerate(outputs_of(folder, model)):
        ours = numpy.load(folder / f"{model.stem}.out{i}.npy")
        if theirs.shape != ours.shape or not numpy.isfinite(theirs).all():
            return float("inf")
        if in_codes:
            furthest += int((theirs != ours).sum())
        else:
            furthest = max(furthest, float(abs(theirs - ours).max()) / max(1e-3, float(abs(ours).max())))
    return furthest


rounds = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("TESSERA_WITNESS_ROUNDS", "1")
failed = False
worst = {}
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    refused = subprocess.run([sys.argv[1], name, rounds], check=True, capture_output=True, text=True).stdout.splitlines()
    for line in refused:
        family = line.split("_")[0]
        if not any(word in line for word in KNOWN_REFUSALS.get(family, [])):
            failed = True
            print(f"FAIL refused: {line}")
    for model in sorted(folder.glob("*.tflite")):
        family = model.stem.split("_")[0]
        in_codes = family == "codes"
        try:
            difference = apart(folder, model, in_codes)
        except Exception as error:  # whatever LiteRT throws
            difference = float("inf")
            print(f"FAIL {model.stem}: {error}")
        key = "_".join(model.stem.split("_")[:-1]) if in_codes else family
        worst[key] = max(worst.get(key, (0.0, 0))[0], difference), worst.get(key, (0.0, 0))[1] + 1
        if not difference <= (0 if in_codes else TOLERANCE[family]):
            failed = True
            print(f"FAIL {model.stem}: {difference:.3g} " + ("codes differ" if in_codes else "of the largest value"))
for family, (difference, count) in sorted(worst.items()):
    print(f"{family}: {count} networks, " + (f"{difference:.0f} codes differ" if family.startswith("codes") else f"off by {difference:.1e} at most"))
print(f"{len(refused)} refused by name")
sys.exit(failed or not worst)
