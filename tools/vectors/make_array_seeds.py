#!/usr/bin/env python3
"""Writes fuzz/corpus/{npy,npz,calibration_checkpoint}/seed_*: what the fuzzers of arrays start from. Needs NumPy.

Usage: tools/vectors/make_array_seeds.py
"""

import pathlib
import struct

import numpy as np

CORPUS = pathlib.Path(__file__).parents[2] / "fuzz/corpus"
WINDOWS = np.arange(48, dtype=np.float32).reshape(3, 2, 8) / 48

ARRAYS = {
    "windows": WINDOWS,
    "time_first": np.asfortranarray(WINDOWS.transpose(0, 2, 1)),
    "big_endian": WINDOWS[0].astype(">f8"),
    "half": WINDOWS[:1].astype(np.float16),
    "int16": np.arange(-8, 8, dtype=np.int16).reshape(2, 8),
    "uint64": np.array([[0, 2**64 - 1]], np.uint64),
    "bool": np.array([True, False]),
    "scalar": np.float32(0.5),
    "none": np.zeros((2, 0, 8), np.float32),
    "not_finite": np.array([np.nan, np.inf, -np.inf], np.float32),
    "records": np.zeros(2, [("a", "f4"), ("b", "i2")]),
    "objects": np.array([{}], object),
}


def text(value):
    return bytes([len(value)]) + value.encode()


def channel(values, reach):
    """Statistics of one channel as src/calibrate/calibration_checkpoint.cpp keeps them; 512 bins where reach is not 0."""
    count = np.array(values, np.float64)
    sums = struct.pack("<dd3f", count.sum(), (count**2).sum(), count.min(), count.max(), reach)
    bins = np.histogram(count, 512, (-reach, reach))[0].astype(np.uint8).tobytes() if reach else b""
    return bytes([len(values)]) + sums + bins


def write_calibration_checkpoint():
    """Two windows of two values, without the digest that the fuzzer adds."""
    silent = text("silent") + b"\x02" + channel([0, 0], 0) * 2
    heard = text("heard") + b"\x01" + channel([-0.5, 0.25, 0.75], 1)
    state = b"tessera calibration state 1\n" + text("binding") + b"\x02\x02" + heard + silent
    (CORPUS / "calibration_checkpoint/seed_two_values").write_bytes(state)


def main():
    for folder in ("npy", "npz", "calibration_checkpoint"):
        (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for name, array in ARRAYS.items():
        with open(CORPUS / "npy" / f"seed_{name}", "wb") as file:
            np.save(file, array)
    for version in ((2, 0), (3, 0)):
        with open(CORPUS / "npy" / f"seed_version_{version[0]}", "wb") as file:
            np.lib.format.write_array(file, WINDOWS[0], version)
    with open(CORPUS / "npz/seed_one", "wb") as file:
        np.savez(file, WINDOWS)
    with open(CORPUS / "npz/seed_two", "wb") as file:
        np.savez(file, mix=WINDOWS[:1], state=np.float32(1))
    with open(CORPUS / "npz/seed_deflated", "wb") as file:
        np.savez_compressed(file, calib_data=np.zeros((64, 2, 8), np.float32))
    with open(CORPUS / "npz/seed_none", "wb") as file:
        np.savez(file)
    write_calibration_checkpoint()


if __name__ == "__main__":
    main()
