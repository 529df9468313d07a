"""Compiles a folder of TensorFlow Lite files with Vela, all in one process, and holds what Vela says to our verdicts.

usage: compile_networks.py FOLDER [--show N]

FOLDER holds what vela_networks wrote. Vela's start takes longer than most compiles, so that files follow each other in one
process; one that dies with a file is started again behind it. Exit code 1 where a verdict is wrong, or more than 2 % are unknown.
"""

import argparse
import collections
import contextlib
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SECONDS_A_FILE = 120
MOST_UNKNOWN = 0.02


def compile_one(path, arguments):
    """What Vela says of one file: {"cpu": [...], "error": text, "seconds": ..., "sram_kib": ...}."""
    from ethosu.vela import vela

    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [folder if a == "." else a for a in arguments]
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                vela.main([str(path), *arguments])
        except BaseException as error:  # SystemExit too: Vela ends so on bad input
            return {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        made = pathlib.Path(folder)
        layers = list(csv.DictReader(next(made.glob("*_per-layer.csv")).open()))
        totals = next(csv.DictReader(next(made.glob("*_summary_*.csv")).open()))
    cpu = [layer["Original Operator"] for layer in layers if layer["Target"] != "NPU"]
    reasons = [line[8:] for line in said.getvalue().splitlines() if line.startswith("Reason: ")]
    return {
        "cpu": cpu,
        "reason": reasons[0] if cpu and reasons else "",
        "seconds": float(totals["inference_time"]),
        "sram_bytes": float(totals["sram_memory_used"]) * 1024,
        "operators": len(layers),
        "cycles": [[layer["NNG Operator"], float(layer["Op Cycles"]), float(layer["MAC Count"])] for layer in layers],
    }


def worker(arguments):
    """Reads paths from standard input, answers each with one line of JSON."""
    for line in sys.stdin:
        result = compile_one(line.rstrip("\n"), arguments)
        os.write(3, (json.dumps(result) + "\n").encode())


class Worker:
    """A Vela process that files are given to, one after another."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.child = None

    def start(self):
        read, write = os.pipe()
        self.child = subprocess.Popen(
            [sys.executable, __file__, "--worker", *self.arguments],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
            preexec_fn=lambda: os.dup2(write, 3), pass_fds=(3,) if write == 3 else (write, 3))
        os.close(write)
        self.answers = os.fdopen(read)

    def ask(self, path):
        if self.child is None:
            self.start()
        self.child.stdin.write(f"{path}\n")
        self.child.stdin.flush()
        answer = self.answers.readline()
        if answer:
            return json.loads(answer)
        code = self.child.wait()
        self.child = None
        return {"error": f"Vela died: exit code {code}"}

    def stop(self):
        if self.child is not None:
            self.child.stdin.close()
            self.child.wait(SECONDS_A_FILE)


def memory_of(arguments):
    """The bytes of SRAM, where values must lie in it; else None."""
    mode = arguments[arguments.index("--memory-mode") + 1]
    if mode.startswith("Dedicated"):
        return None
    return float(arguments[arguments.index("--arena-cache-size") + 1])


def judge(row, said, memory):
    """(what Vela does, right|unknown|false fits|false refusal)"""
    if said is None:
        took, why = False, "not written"
    elif "error" in said:
        took, why = False, said["error"]
    elif said["cpu"]:
        took, why = False, f"CPU: {said['cpu'][0]}: {said['reason']}"
    elif memory is not None and said["sram_bytes"] > memory:
        took, why = False, f"memory: {said['sram_bytes']:.0f} bytes"
    else:
        took, why = True, ""
    if row["verdict"] == "unknown":
        return why, "unknown"
    if (row["verdict"] == "fits") == took:
        return why, "right"
    return why, "false refusal" if took else "false fits"


def main():
    if "--worker" in sys.argv:
        worker(sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=20, help="wrong and unknown verdicts to print")
    options = parser.parse_args()
    arguments = (options.folder / "arguments.txt").read_text().split("\n")[:-1]
    rows = list(csv.DictReader((options.folder / "verdicts.tsv").open(), delimiter="\t"))
    vela, memory = Worker(arguments), memory_of(arguments)
    table = collections.defaultdict(collections.Counter)
    shown = 0
    with (options.folder / "vela.jsonl").open("w") as log:
        for row in rows:
            said = None if row["file"] == "-" else vela.ask(options.folder / row["file"])
            why, judged = judge(row, said, memory)
            log.write(json.dumps({**row, "vela": said, "judged": judged}) + "\n")
            group = row["kind"].split(".")[0]
            for key in (group, "all"):
                table[key][judged] += 1
                table[key]["networks"] += 1
                table[key]["taken"] += why == ""
            if judged != "right" and shown < options.show:
                shown += 1
                print(f"{judged}: {row['file']} {row['kind']}: {row['verdict']} {row['rule']} {row['value']} | Vela: {why or 'takes it'}")
    vela.stop()
    columns = ["networks", "taken", "right", "unknown", "false fits", "false refusal"]
    print(f"{'kind':<16}" + "".join(f"{column:>15}" for column in columns))
    for group in sorted(table, key=lambda g: (g == "all", g)):
        print(f"{group:<16}" + "".join(f"{table[group][column]:>15}" for column in columns))
    total = table["all"]
    bad = total["false fits"] + total["false refusal"]
    return 1 if bad or total["unknown"] > MOST_UNKNOWN * total["networks"] else 0


if __name__ == "__main__":
    sys.exit(main())
