#!/usr/bin/env python3
"""Writes tests/data/calibration/: clips as people save them for a vendor's compiler, in numpy's compressed archives. Beside
the clips lie the paths that they were cut from, an array of Python objects, and facts in arrays without dimensions.

    /usr/bin/python3 tools/vectors/make_calibration_arrays.py [OUTPUT_FOLDER]

Needs numpy. Clip n is a tone of amplitude 0.1*(n + 1); the tests state the first values.
"""
import pathlib
import sys

import numpy as np

CLIPS, FRAMES, RATE = 3, 320, 16000


def save(folder, name, clips, layout):
    np.savez_compressed(folder / name, calib_data=clips,
                        selected_paths=np.array([f"clip_{n}.wav" for n in range(CLIPS)], dtype=object),
                        sample_rate=np.int32(RATE), clip_ms=np.int32(FRAMES * 1000 // RATE), layout=np.array(layout))


def main():
    default = pathlib.Path(__file__).parents[2] / "tests/data/calibration"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(FRAMES) / RATE
    level = 0.1 * np.arange(1, CLIPS + 1)[:, None]
    clips = (level * np.cos(2 * np.pi * 500 * time_s)).astype(np.float32)
    save(folder, "clips_nt.npz", clips, "NT")
    save(folder, "clips_nhwc.npz", clips.reshape(CLIPS, 1, FRAMES, 1), "NHWC")


if __name__ == "__main__":
    main()
