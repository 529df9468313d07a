"""Times Tessera and its peers in turn on one network and prints one table (called by bench/peers)."""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SAMPLES = 32000  # 4 s at 8 kHz
DEBIAN_PYTHON = "/usr/bin/python3"


class Worker:
    """A process that holds the network and answers "run" with milliseconds."""

    def __init__(self, name, command, cpus):
        self.name = name
        self.process = subprocess.Popen(
            ["taskset", "-c", cpus] + [str(c) for c in command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE)
        self.times = []
        answer = self.process.stdout.readline().split()
        if not answer or answer[0] != "ready":
            self.process.kill()
            lines = self.process.stderr.read().strip().splitlines()
            raise RuntimeError(lines[-1] if lines else "it ended without an answer")
        self.version = answer[1]

    def run(self):
        # Twice: the one before left the caches full of its own.
        for _ in range(2):
            self.process.stdin.write("run\n")
            self.process.stdin.flush()
            milliseconds = float(self.process.stdout.readline())
        self.times.append(milliseconds)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


def start(name, command, cpus):
    try:
        return Worker(name, command, cpus)
    except (RuntimeError, OSError) as error:
        print(f"  {name}: left out: {error}", file=sys.stderr)
        return None


def prepare(args, work):
    """-> (checkpoint, onnx, ncnn stem, input path)"""
    checkpoint = args.checkpoint
    if checkpoint is None:
        checkpoint = work / "default.pth"
        if not checkpoint.exists():
            subprocess.run([sys.executable, HERE / "default_checkpoint.py", checkpoint], check=True)
    onnx = args.onnx
    if onnx is None:
        onnx = work / (Path(checkpoint).stem + f"_{SAMPLES}.onnx")
        subprocess.run([args.root / "build/release/bin/tessera", "export", checkpoint, "-o", onnx, "--length",
                        str(SAMPLES), "--force"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stem = work / (Path(checkpoint).stem + "_ncnn")
    converted = subprocess.run([sys.executable, HERE / "ncnn_network.py", checkpoint, stem], capture_output=True, text=True)
    if converted.returncode:
        print(f"  ncnn: left out: {converted.stderr.strip()}", file=sys.stderr)
        stem = None
    source = work / "mix.npy"
    np.save(source, (np.random.default_rng(1).standard_normal((1, 1, SAMPLES)) * 0.1).astype(np.float32))
    return checkpoint, onnx, stem, source


def measure(threads, args, files, work):
    checkpoint, onnx, stem, source = files
    cpus = "0" if threads == 1 else f"0-{threads - 1}"
    binaries = args.root / "build/release/bin"
    worker = [HERE / "peer_worker.py"]
    outputs = {}

    def tail(name):
        outputs[name] = work / f"{name}.npy"
        return [threads, source, outputs[name]]

    isa = [args.isa] if args.isa else []
    workers = [start("tessera", [binaries / "bench_serve_network", checkpoint] + tail("tessera") + isa, cpus)]
    for peer, model in [("onnxruntime", onnx), ("openvino", onnx), ("ncnn", stem)]:
        if model is not None and not isa:
            workers.append(start(peer, [sys.executable] + worker + [peer, model] + tail(peer), cpus))
    if args.torch and not isa and os.path.exists(DEBIAN_PYTHON):
        workers.append(start("torch", [DEBIAN_PYTHON] + worker + ["torch", checkpoint] + tail("torch"), cpus))
    workers = [w for w in workers if w is not None]
    if not workers or workers[0].name != "tessera":
        raise SystemExit("bench/peers: Tessera itself did not start")

    peaks = []
    for _ in range(args.rounds):
        peak = subprocess.run(["taskset", "-c", cpus, binaries / "bench_fma_peak", str(threads), "0.3"] + isa,
                              check=True, capture_output=True, text=True)
        peaks.append(json.loads(peak.stdout)["gflops"])
        for w in workers:
            w.run()
    for w in workers:
        w.close()
    return workers, peaks, outputs


def print_table(threads, workers, peaks, outputs, gflop, isa):
    ours = workers[0]
    best = {w.name: min(w.times) for w in workers}
    fastest = min((w for w in workers[1:]), key=lambda w: best[w.name], default=None)
    reference = np.load(outputs[ours.name]).ravel()
    scale = np.abs(reference).max()
    print(f"\n{threads} thread{'s' if threads > 1 else ''}: measured FMA peak {np.median(peaks):.0f} GFLOP/s{isa}, "
          f"{gflop:.1f} GFLOP of convolutions, {len(ours.times)} interleaved rounds")
    print(f"  {'runtime':<24}{'min ms':>9}{'median':>9}{'GFLOP/s':>9}{'of peak':>9}{'tessera/it':>12}{'max |diff|/peak':>17}")
    for w in workers:
        # Ratios are medians of the rounds' own: what is compared ran within the same second or two, at the same clock.
        times = np.array(w.times)
        ratio = np.median(np.array(ours.times) / times)
        of_peak = np.median(gflop / times * 1000 / np.array(peaks))
        difference = np.abs(np.load(outputs[w.name]).ravel() - reference).max() / scale
        print(f"  {w.name + ' ' + w.version:<24}{best[w.name]:9.1f}{np.median(times):9.1f}{gflop / best[w.name] * 1000:9.1f}"
              f"{of_peak:9.1%}{ratio:12.3f}{difference:17.1e}")
    if fastest is not None:
        print(f"  fastest peer: {fastest.name}; tessera takes {best[ours.name] / best[fastest.name]:.3f} of its time (minimum to minimum)")


def main():
    parser = argparse.ArgumentParser(prog="bench/peers", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--threads", default="1,2", help="thread counts, comma separated")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--checkpoint", help="Asteroid Conv-TasNet checkpoint (gLN, with skips)")
    parser.add_argument("--onnx", help="the same network as ONNX for 32000 samples (default: tessera export)")
    parser.add_argument("--isa", metavar="NAME",
                        help="hold Tessera to an older instruction set (AVX2, SSE4, ...); no peers then, they choose their own")
    parser.add_argument("--torch", action="store_true", help="time Debian's python3-torch too (slow)")
    args = parser.parse_args()
    work = args.root / "build" / "peers"
    work.mkdir(parents=True, exist_ok=True)
    files = prepare(args, work)
    inspected = subprocess.run([args.root / "build/release/bin/tessera", "inspect", files[0], "--length", str(SAMPLES),
                                "--json"], check=True, capture_output=True, text=True)
    gflop = 2 * json.loads(inspected.stdout)["macs"] / 1e9
    for threads in [int(t) for t in args.threads.split(",")]:
        print_table(threads, *measure(threads, args, files, work), gflop, f" of {args.isa}" if args.isa else "")


if __name__ == "__main__":
    main()
