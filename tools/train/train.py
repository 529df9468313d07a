#!/usr/bin/env python3
"""Trains a two-speaker Conv-TasNet on telephone prompts and spoken digits; writes Asteroid's checkpoint format.

    python3 tools/train/train.py --variant causal --prompts build/speech --digits fsdd.tar.gz --minutes 60 -o causal.pth
"""
import argparse
import copy
import itertools
import math
import os
import signal
import sys
import time

import numpy as np
import torch

import conv_tasnet
import si_snr
import speech

MIXTURES_LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "held_out_utterances.txt")
SAVE_EVERY_S = 120
REPORT_EVERY_S = 30
STATE_FIELDS = ("variant", "seed", "batch", "seconds", "learning_rate", "init")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=sorted(conv_tasnet.VARIANTS), default="gln", help="norm and causality")
    parser.add_argument("--prompts", default="/usr/share/asterisk/sounds", help="folder of the prompts (get-speech)")
    parser.add_argument("--digits", help="Free Spoken Digit Dataset: .tar.gz or folder; without it, prompts only")
    parser.add_argument("--init", help="continue from this checkpoint's weights (only one that you trust)")
    parser.add_argument("--minutes", type=float, help="stop after this much processor time a thread; waiting for other programs does not count")
    parser.add_argument("--steps", type=int, help="stop after this many steps; the same steps give the same network")
    parser.add_argument("--learning-rate", type=float, help="default: 1e-3, with --init 5e-4; falls to 0 at the end")
    parser.add_argument("--batch", type=int, default=4, help="mixtures a step")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a mixture")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", required=True, help="checkpoint; OUTPUT.state beside it lets a run go on")
    args = parser.parse_args()
    if not args.minutes and not args.steps:
        parser.error("say when to stop: --minutes or --steps")
    if args.learning_rate is None:
        args.learning_rate = 5e-4 if args.init else 1e-3
    return args


class Run:
    """The network, its optimiser and how far they are: everything that OUTPUT.state holds."""

    def __init__(self, args):
        self.args = args
        torch.manual_seed(args.seed)
        variant = {**conv_tasnet.DEMO_ARGS, **conv_tasnet.VARIANTS[args.variant]}
        self.network = conv_tasnet.load(args.init) if args.init else conv_tasnet.ConvTasNet(variant)
        if self.network.args["norm_type"] != variant["norm_type"] or self.network.args["causal"] != variant["causal"]:
            speech.next_step(f"{args.init} is not of variant {args.variant}", "choose the --variant it was trained as")
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=args.learning_rate)
        self.average = copy.deepcopy(self.network)
        self.step, self.trained_s = 0, 0.0
        self.state_path = args.output + ".state"
        if os.path.exists(self.state_path):
            self._resume()

    def _settings(self):
        return {field: getattr(self.args, field) for field in STATE_FIELDS}

    def _resume(self):
        state = torch.load(self.state_path)
        if state["settings"] != self._settings():
            speech.next_step(f"{self.state_path} is of a run with other settings: {state['settings']}",
                             "repeat them, or choose another --output, or delete that file")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.trained_s = state["step"], state["trained_s"]
        print(f"resumed at step {self.step}, {self.trained_s / 60:.1f} minutes")

    def save(self):
        conv_tasnet.write_atomically({"settings": self._settings(), "network": self.network.state_dict(),
                                      "average": self.average.state_dict(), "optimiser": self.optimiser.state_dict(),
                                      "step": self.step, "trained_s": self.trained_s}, self.state_path)
        infos = {"recipe": "tessera tools/train", "steps": self.step, "minutes": round(self.trained_s / 60, 1),
                 "batch": self.args.batch, "seconds": self.args.seconds, "seed": self.args.seed,
                 "learning_rate": self.args.learning_rate,
                 "initialised_from": os.path.basename(self.args.init) if self.args.init else "random weights",
                 "licenses": "CC BY-SA 4.0, credits in models/README.md"}
        conv_tasnet.save(self.average, self.args.output, infos)

    def progress(self):
        """0 at the start, 1 at the end, whichever limit comes first."""
        by_time = self.trained_s / (60 * self.args.minutes) if self.args.minutes else 0.0
        by_steps = self.step / self.args.steps if self.args.steps else 0.0
        return max(by_time, by_steps)

    def learning_rate(self):
        """A short rise, a plateau over the first third, then a cosine to 0: no checkpoint has to be chosen afterwards."""
        rise = min(1.0, (self.step + 1) / 50)
        fall = 1.0 if self.progress() < 1 / 3 else 0.5 * (1 + math.cos(math.pi * min(1.0, 1.5 * self.progress() - 0.5)))
        return self.args.learning_rate * rise * fall

    def _follow(self):
        """The average, which is what gets saved: about the last 300 steps, fewer at the start. As good as a network
        whose learning rate has fallen, at any time."""
        keep = min(1 - 1 / 300, self.step / (self.step + 10))
        with torch.no_grad():
            for mean, value in zip(self.average.state_dict().values(), self.network.state_dict().values()):
                if mean.is_floating_point():
                    mean.mul_(keep).add_(value, alpha=1 - keep)
                else:
                    mean.copy_(value)

    def train_step(self, voices):
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        estimates = self.network(voices.sum(1))
        loss = -si_snr.best_order_db(estimates, voices).mean()
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return si_snr.improvement_db(estimates.detach(), voices).mean().item()


def train(run, corpus):
    args, stopping = run.args, []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    signal.signal(signal.SIGINT, lambda *_: stopping.append(True))
    run.network.train()
    saved = reported = time.monotonic()
    recent = []
    while run.progress() < 1 and not stopping:
        began = time.process_time()
        random = np.random.default_rng((args.seed, run.step))  # a resumed run sees what an unbroken one would have seen
        voices = speech.mixtures(corpus, corpus.train, args.batch, int(args.seconds * speech.RATE), random)
        gain_db = run.train_step(torch.from_numpy(voices))
        if not math.isfinite(gain_db):
            speech.next_step(f"step {run.step} is not finite", "lower --learning-rate and start again")
        recent.append(gain_db)
        now = time.monotonic()
        run.trained_s += (time.process_time() - began) / args.threads
        if now - reported > REPORT_EVERY_S:
            print(f"{run.trained_s / 60:6.1f} min  step {run.step:6d}  SI-SNRi on training mixtures "
                  f"{np.mean(recent):+6.2f} dB  learning rate {run.learning_rate():.1e}", flush=True)
            reported, recent = now, []
        if now - saved > SAVE_EVERY_S:
            run.save()
            saved = now
    run.save()
    return not stopping


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    held_out = speech.listed(MIXTURES_LIST)
    corpus = speech.Corpus(args.prompts, args.digits, held_out)
    for name in ("train", "held_out", "new_voices"):
        part = getattr(corpus, name)
        minutes = sum(len(u) for u in itertools.chain(*part.values())) / speech.RATE / 60
        print(f"{name:10}  {sum(map(len, part.values())):5d} utterances, {minutes:6.1f} minutes: {', '.join(sorted(part))}")
    run = Run(args)
    done = train(run, corpus)
    print(f"{'finished' if done else 'stopped'} after {run.step} steps, {run.trained_s / 60:.1f} minutes: {args.output}")
    return 0 if done else 130


if __name__ == "__main__":
    sys.exit(main())
