"""ONNX Runtime's static quantiser on the same recordings and folds as bench_quantization.

Usage: onnx_runtime.py TESSERA MODEL FOLDER
"""
import logging
import pathlib
import subprocess
import sys
import tempfile
import wave

import numpy
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

onnxruntime.set_default_logger_severity(3)
logging.disable(logging.WARNING)  # one for every vector of a norm, which has no axis 1


def read(path):
    with wave.open(str(path)) as file:
        return numpy.frombuffer(file.readframes(file.getnframes()), "<i2").astype("float32") / 32768


def si_snr(estimate, reference):
    e, s = (x.astype("float64") - x.mean() for x in (estimate, reference))
    target = (e @ s) / (s @ s) * s
    return 10 * numpy.log10((target @ target) / ((e - target) @ (e - target)))


def improvement(voices, separated, mix):
    scores = [[si_snr(e, s) for s in voices] for e in separated]
    best = max(scores[0][0] + scores[1][1], scores[0][1] + scores[1][0]) / 2
    return best - numpy.mean([si_snr(mix, s) for s in voices])


class Recordings(CalibrationDataReader):
    def __init__(self, name, mixes):
        self.feed = iter([{name: mix.reshape(1, 1, -1)} for mix in mixes])

    def get_next(self):
        return next(self.feed, None)


def separator(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return name, lambda mix: session.run(None, {name: mix.reshape(1, 1, -1)})[0][0]


tessera, model, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
names = sorted(path.name[:-8] for path in folder.glob("*_mix.wav"))
mixes = [read(folder / f"{name}_mix.wav") for name in names]
voices = [[read(folder / f"{name}_s{i}.wav") for i in (1, 2)] for name in names]
with tempfile.TemporaryDirectory() as scratch:
    float_path, ready = f"{scratch}/float.onnx", f"{scratch}/ready.onnx"
    subprocess.run([tessera, "export", model, "-o", float_path, "--length", str(len(mixes[0]))], check=True, capture_output=True)
    quant_pre_process(float_path, ready, skip_symbolic_shape=True)
    name, run = separator(ready)
    exact = [run(mix) for mix in mixes]
    in_float = numpy.mean([improvement(v, y, m) for v, y, m in zip(voices, exact, mixes)])
    for label, kinds in (("convolutions", ["Conv", "ConvTranspose"]), ("everything", None)):
        gains, snrs = [], []
        for fold in (0, 1):
            quantised = f"{scratch}/{label}{fold}.onnx"
            quantize_static(ready, quantised, Recordings(name, mixes[1 - fold::2]), quant_format=QuantFormat.QDQ, per_channel=True,
                            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, op_types_to_quantize=kinds)
            _, separate = separator(quantised)
            for i in range(fold, len(mixes), 2):
                ours = separate(mixes[i])
                gains.append(improvement(voices[i], ours, mixes[i]))
                snrs.append(10 * numpy.log10((exact[i] ** 2).sum() / ((ours - exact[i]) ** 2).sum()))
        print(f"{'ONNX Runtime, ' + label:<28} {numpy.mean(gains):7.3f} {in_float - numpy.mean(gains):7.3f} {numpy.mean(snrs):7.1f} {min(snrs):7.1f}", flush=True)
