#!/usr/bin/env python3
"""Writes tests/data/sound: one short recording in every container that is read, and as streams leave it.

The recording is tests/data/field/wav_streamed_headers/plain.wav (2000 samples, 8 kHz, 16 bit). Files without loss hold
its samples; beside each lossy one lies what ffmpeg decodes from it (float32). Needs sox and ffmpeg (Debian 12); their
bytes differ between versions, so this is run by hand.
"""
import io
import pathlib
import struct
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAIN = ROOT / "tests/data/field/wav_streamed_headers/plain.wav"
OUT = ROOT / "tests/data/sound"


def run(*words, data=None):
    return subprocess.run([str(w) for w in words], input=data, check=True, stdout=subprocess.PIPE).stdout


def ffmpeg(*words):
    return run("ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *words)


def sox_stream(kind):
    raw = run("sox", PLAIN, "-t", "raw", "-")
    pipe = subprocess.run(["sox", "-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1", "-", "-t", kind, "-"],
                          input=raw, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return pipe.stdout


def lossless():
    for name in ("plain.aiff", "plain.aifc", "plain.caf", "plain.w64", "plain.au", "plain.sph", "plain.flac"):
        run("sox", PLAIN, OUT / name)
    ffmpeg("-i", PLAIN, "-c:a", "pcm_s16le", "-f", "aiff", OUT / "little_endian.aifc")
    ffmpeg("-i", PLAIN, "-rf64", "always", "-f", "wav", OUT / "plain.rf64")
    rf64 = bytearray((OUT / "plain.rf64").read_bytes())
    rf64[:4] = b"BW64"
    (OUT / "plain.bw64").write_bytes(rf64)
    run("sox", PLAIN, "-B", "-t", "wav", OUT / "rifx.wav")


def streams():
    for kind in ("wav", "aiff", "aifc", "au"):
        (OUT / f"sox_stream.{kind}").write_bytes(sox_stream(kind))
    for kind, words in {"wav": [], "aiff": [], "au": [], "caf": [], "w64": [], "flac": [],
                        "rf64": ["-rf64", "always", "-f", "wav"]}.items():
        data = ffmpeg("-i", PLAIN, *(words or ["-f", kind]), "-")
        if kind == "flac":  # ffmpeg leaves 8 kB of padding
            at, out = 4, bytearray(data[:4])
            while True:
                block, size = data[at], int.from_bytes(data[at + 1:at + 4], "big")
                keep = block & 127 == 0
                if keep:
                    out += bytes([block | 128]) + data[at + 1:at + 4 + size]
                at += 4 + size
                if block & 128:
                    break
            data = bytes(out) + data[at:]
        (OUT / f"ffmpeg_stream.{kind}").write_bytes(data)


def lossy():
    wide = OUT / "wide.wav"
    run("sox", PLAIN, "-r", "48000", wide)
    ffmpeg("-i", PLAIN, "-b:a", "24k", "-bitexact", OUT / "lame.mp3")
    ffmpeg("-i", PLAIN, "-b:a", "24k", "-bitexact", "-write_xing", "0", "-id3v2_version", "0", OUT / "bare.mp3")
    ffmpeg("-i", PLAIN, "-c:a", "libvorbis", "-bitexact", OUT / "vorbis.ogg")
    ffmpeg("-i", wide, "-c:a", "libopus", "-bitexact", OUT / "opus.opus")
    wide.unlink()
    for name in ("lame.mp3", "bare.mp3", "vorbis.ogg", "opus.opus"):
        decoder = ["-c:a", "libopus"] if name.endswith("opus") else []
        samples = np.frombuffer(ffmpeg(*decoder, "-i", OUT / name, "-f", "f32le", "-"), "<f4")
        np.save(OUT / (name + ".npy"), samples)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    lossless()
    streams()
    lossy()
