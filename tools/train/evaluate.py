#!/usr/bin/env python3
"""Prints the SI-SNR improvement of checkpoints: on held-out utterances, on new voices, on folders of mixtures.

    python3 tools/train/evaluate.py models/*.pth --prompts build/speech --digits fsdd.tar.gz --mixtures models/mixtures
"""
import argparse
import os
import pathlib

import numpy as np
import torch

import conv_tasnet
import si_snr
import speech
from train import MIXTURES_LIST

SECONDS = 4.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="only checkpoints that you trust: torch.load runs what they say")
    parser.add_argument("--prompts", help="folder of the prompts; with it, held-out utterances and new voices are judged")
    parser.add_argument("--digits", help="Free Spoken Digit Dataset: .tar.gz or folder")
    parser.add_argument("--mixtures", nargs="*", default=[], help="folders of NAME_mix.wav, NAME_s1.wav, NAME_s2.wav")
    parser.add_argument("--count", type=int, default=48, help="mixtures drawn of held-out utterances, and of new voices")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if not args.prompts and not args.mixtures:
        parser.error("say what to judge on: --prompts, --mixtures or both")
    return args


def read_mixture(path, source):
    part = path.with_name(path.name.replace("_mix.wav", f"_{source}.wav"))
    if not part.is_file():
        speech.next_step(f"{part} does not exist", "each NAME_mix.wav needs its NAME_s1.wav and NAME_s2.wav")
    samples = speech.read_wav(str(part), part)
    if samples is None:
        speech.next_step(f"{part} is not 8 kHz mono 16 bit", "convert it")
    return samples.astype(np.float32) / 32768


def folder_mixtures(folder):
    """[(name, voices [1, 2, samples])], in the order of their names."""
    paths = sorted(pathlib.Path(folder).glob("*_mix.wav"))
    if not paths:
        speech.next_step(f"no *_mix.wav in {folder}", "give a folder of NAME_mix.wav, NAME_s1.wav, NAME_s2.wav")
    return [(path.name[: -len("_mix.wav")], np.stack([read_mixture(path, s) for s in ("s1", "s2")])[None])
            for path in paths]


def drawn_mixtures(corpus, part, count, seed):
    random = np.random.default_rng(seed)
    length = int(SECONDS * speech.RATE)
    return [(f"{i:02d}", speech.mixtures(corpus, part, 1, length, random)) for i in range(count)]


def judge(network, mixtures):
    """Improvement in dB of each mixture."""
    with torch.no_grad():
        return np.array([si_snr.improvement_db(network(torch.from_numpy(voices.sum(1))), torch.from_numpy(voices)).item()
                         for _, voices in mixtures])


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    sets = {}
    if args.prompts:
        corpus = speech.Corpus(args.prompts, args.digits, speech.listed(MIXTURES_LIST))
        sets["held-out utterances"] = drawn_mixtures(corpus, corpus.held_out, args.count, args.seed)
        if corpus.pairs(corpus.new_voices):
            sets["new voices"] = drawn_mixtures(corpus, corpus.new_voices, args.count, args.seed)
    for folder in args.mixtures:
        sets[str(folder)] = folder_mixtures(folder)
    print(f"{'SI-SNRi, dB':32} {'set':28} {'count':>5} {'mean':>7} {'least':>7} {'most':>7}")
    for path in args.checkpoints:
        network = conv_tasnet.load(path).eval()
        for name, mixtures in sets.items():
            gains = judge(network, mixtures)
            print(f"{os.path.basename(path):32} {name[-28:]:28} {len(gains):5d} {gains.mean():+7.2f} {gains.min():+7.2f} "
                  f"{gains.max():+7.2f}", flush=True)


if __name__ == "__main__":
    main()
