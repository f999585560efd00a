"""Inspect logs read by measurand and by inspect-ai, in one run: ``python benchmarks/readers.py --peer PYTHON``.

PYTHON is an interpreter of an environment with inspect-ai, kept apart since it brings 80 packages. It makes the logs
with a mock model, 50 of 200 samples unless told otherwise. Both sides read them, the scores are compared one by one,
and the ratios of wall time and peak memory are printed. Interpreter start and imports are not in the times.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

MAKE = """
import os, sys
os.environ["INSPECT_DISPLAY"] = "none"
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

folder, logs, samples = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
items = MemoryDataset(
    [
        Sample(
            id=f"q{i}", input=f"What is {i} + 1? " + "Think of the numbers one after the other. " * 12,
            choices=[str(i), str(i + 1), "x", "y"], target="B", metadata={"subject": "ab"[i % 2], "passage": i // 3},
        )
        for i in range(samples)
    ],
    name="items",
)
def answers():
    for i in range(samples):
        output = ModelOutput.from_content("mockllm/model", f"ANSWER: {'AB'[i % 3 > 0]}")
        # Without its usage, tokens are counted with an encoding that has to be fetched.
        output.usage = ModelUsage(input_tokens=100, output_tokens=5, total_tokens=105)
        yield output
(log,) = eval(Task(dataset=items, solver=multiple_choice(), scorer=choice(), name="addition"),
              model=get_model("mockllm/model", custom_outputs=answers()), log_dir=folder + "/made", log_format="eval")
for number in range(logs):
    log.eval.model, log.eval.eval_id, log.eval.run_id = f"mockllm/model{number}", f"e{number}", f"r{number}"
    for sample in log.samples:
        sample.uuid = f"{number}-{sample.id}"
    write_eval_log(log, f"{folder}/logs/2026-01-01T00-00-{number:02d}_addition_{number}.eval")
"""

PEER = """
import glob, json, resource, sys, time
from inspect_ai.analysis import SampleSummary, samples_df
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import value_to_float
full = sys.argv[2] == "full"
start = time.perf_counter()
samples_df(sys.argv[1], columns=SampleSummary, full=full, quiet=True, parallel=False)
took = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
number = value_to_float()
scores = {}
if sys.argv[3] == "scores":
    for file in sorted(glob.glob(sys.argv[1] + "/*.eval")):
        log = read_eval_log(file)
        for sample in log.samples:
            for name, score in sample.scores.items():
                scores[f"{log.eval.model}|{sample.id}|{sample.epoch}|{name}"] = number(score.value)
print(json.dumps({"seconds": took, "peak": peak, "scores": scores}))
"""

OURS = """
import glob, json, resource, sys, time
from measurand.readers.inspect_ai import read
full = sys.argv[2] == "full"
start = time.perf_counter()
logs = [read(file, full=full) for file in sorted(glob.glob(sys.argv[1] + "/*.eval"))]
took = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
scores = {
    f"{log.model}|{item}|{epoch}|{scorer}": score
    for log in logs
    for item, epoch, scorer, score in log.items.select("item", "epoch", "scorer", "score").iter_rows()
}
print(json.dumps({"seconds": took, "peak": peak, "scores": scores}))
"""


def run(python: str, code: str, *arguments: object) -> str:
    """What a script prints last, run by an interpreter."""
    done = subprocess.run(
        [python, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        sys.exit(f"{python} failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="interpreter of an environment with inspect-ai")
    parser.add_argument("--logs", type=int, default=50)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder, "logs")
        logs.mkdir()
        run(given.peer, MAKE, folder, given.logs, given.samples)
        size = sum(path.stat().st_size for path in logs.iterdir()) / 2**20
        print(f"{given.logs} logs x {given.samples} samples, {size:.0f} MiB")
        ours = json.loads(run(sys.executable, OURS, logs, "summaries"))
        peer = json.loads(run(given.peer, PEER, logs, "summaries", "scores"))
        assert ours["scores"] == peer["scores"], "the two disagree on a score"
        print(f"{len(ours['scores'])} scores equal to those of read_eval_log")
        fastest = ours["seconds"]
        for kind in ("summaries", "full"):
            pairs = [
                (json.loads(run(sys.executable, OURS, logs, kind)), json.loads(run(given.peer, PEER, logs, kind, "")))
                for _ in range(given.repeats)
            ]
            mine, theirs = (median(pair[side]["seconds"] for pair in pairs) for side in (0, 1))
            peaks = [max(pair[side]["peak"] for pair in pairs) for side in (0, 1)]
            fastest = min(fastest, mine)
            ratios = sorted(pair[1]["seconds"] / pair[0]["seconds"] for pair in pairs)
            print(
                f"{kind}: measurand {mine:.2f} s, {peaks[0]:.0f} MiB; samples_df {theirs:.2f} s, {peaks[1]:.0f} MiB; "
                f"ratio {theirs / mine:.1f}x (pairs {ratios[0]:.1f} to {ratios[-1]:.1f})"
            )
        print(f"summaries, which hold every score, against samples_df with full samples: {theirs / fastest:.0f}x")


if __name__ == "__main__":
    main()
