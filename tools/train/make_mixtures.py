#!/usr/bin/env python3
"""Writes two-voice mixtures of utterances that no training has heard: NAME_mix.wav = NAME_s1.wav + NAME_s2.wav.

    python3 tools/train/make_mixtures.py --prompts build/speech --digits fsdd.tar.gz -o build/unheard

The utterances of the twelve mixtures that results are quoted on are left out. Needs NumPy, no PyTorch.
"""
import argparse
import os
import pathlib
import wave

import numpy as np

import speech

QUOTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "held_out_utterances.txt")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", required=True, help="folder of the prompts (get-speech)")
    parser.add_argument("--digits", help="Free Spoken Digit Dataset: .tar.gz or folder; without it, prompts only")
    parser.add_argument("--new-voices", action="store_true", help="of voices that no training has heard at all")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a mixture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", required=True, help="folder that does not exist yet")
    return parser.parse_args()


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def main():
    args = arguments()
    corpus = speech.Corpus(args.prompts, args.digits, left_out=speech.listed(QUOTED))
    part = corpus.new_voices if args.new_voices else corpus.held_out
    drawn = speech.mixtures(corpus, part, args.count, int(args.seconds * speech.RATE), np.random.default_rng(args.seed))
    output = pathlib.Path(args.output)
    try:
        output.mkdir(parents=True)
    except OSError as problem:
        speech.next_step(f"{output} cannot be made ({problem.strerror})", "choose another --output")
    for i, voices in enumerate(drawn):
        first, second = np.round(voices * 32768).astype(np.int16)
        write_wav(output / f"{i:02d}_s1.wav", first)
        write_wav(output / f"{i:02d}_s2.wav", second)
        write_wav(output / f"{i:02d}_mix.wav", first + second)
    print(f"{args.count} mixtures of {args.seconds:g} s: {output}")


if __name__ == "__main__":
    main()
