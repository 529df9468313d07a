#!/usr/bin/env python3
"""Writes tests/audio/metric_vectors.json: what other implementations say about the signals of
tests/audio/metric_signals.h. Needs numpy<2, mir_eval and fast-bss-eval from PyPI (witnesses only).

    python3 tools/make_metric_vectors.py > tests/audio/metric_vectors.json
"""
import importlib.metadata
import json
import warnings

import fast_bss_eval
import fast_bss_eval.numpy
import mir_eval
import numpy as np

warnings.simplefilter("ignore")  # mir_eval announces that this module will move
FRAMES = 20_000


def integer_noise(seed):
    state, values = seed, []
    for _ in range(FRAMES):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 16) - 32768)
    return np.array(values) / 32768.0


def moving_mean(x, taps):
    padded = np.concatenate([np.zeros(taps - 1), x])
    return sum(padded[k : k + FRAMES] for k in range(taps)) / taps


def snr(estimate, reference):
    return 10 * np.log10(np.sum(reference**2) / np.sum((reference - estimate) ** 2))


def si_snr(estimate, reference):
    e, s = estimate - estimate.mean(), reference - reference.mean()
    target = (e @ s) / (s @ s) * s
    return 10 * np.log10(np.sum(target**2) / np.sum((e - target) ** 2))


a, b, noise = moving_mean(integer_noise(1), 8), moving_mean(integer_noise(2), 4), integer_noise(3)
delayed = np.concatenate([np.zeros(3), a[:-3]])
references = np.stack([a, b])
estimates = np.stack([delayed / 4 + a + b / 8 + noise / 64, b / 2 + delayed / 16 + 0.03125])
mixture = a + b
for signal in (references, estimates, mixture):
    assert np.array_equal(signal, signal.astype(np.float32)), "signals are exact in float32"

rows = []
for name, es in (("estimates", estimates), ("mixture", np.stack([mixture, mixture]))):
    mir_sdr = mir_eval.separation.bss_eval_sources(references, es, compute_permutation=False)[0]
    fast_sdr = fast_bss_eval.bss_eval_sources(references, es, compute_permutation=False)[0]
    fast_si = fast_bss_eval.numpy.si_sdr(references, es, zero_mean=True)
    for k in range(2):
        rows.append({
            "signal": name, "reference": k,
            "si_snr_db": si_snr(es[k], references[k]), "fast_bss_eval_si_sdr_db": float(fast_si[k]),
            "snr_db": snr(es[k], references[k]),
            "mir_eval_sdr_db": float(mir_sdr[k]), "fast_bss_eval_sdr_db": float(fast_sdr[k]),
        })
versions = {p: importlib.metadata.version(p) for p in ("numpy", "mir_eval", "fast-bss-eval")}
print(json.dumps({
    "provenance": "tools/make_metric_vectors.py: numpy float64 formulas, mir_eval, fast-bss-eval",
    "versions": versions,
    "tolerance_db": 1e-6,
    "rows": rows,
}, indent=1))
