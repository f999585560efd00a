"""Precision measures against the packages that do parts of them, in one run: ``python benchmarks/precision.py``.

With ``--peers PYTHON``, an interpreter of an environment with errorbars, evalstats, evalica, statsmodels and girth,
each task is also put to those of them that can do it, on the same numbers; CPU seconds and ratios are printed, and
where both give the same quantity they are compared. A peer that is not there is skipped visibly, one that takes too
long is stopped. Interpreter start and imports are not in the times; each task runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

MODELS, ITEMS, PER_CLUSTER = 20, 10_000, 20
WIDE_MODELS, WIDE_ITEMS = 200, 100_000
VOTES, ARENA_MODELS = 1_000_000, 100
PERSONS, TEST = 500, 1000
MOST_SECONDS = 300


class Race(NamedTuple):
    """CPU seconds and peak memory in MiB of both sides on one task."""

    task: str
    peer: str
    note: str
    ours: float
    our_peak: float
    theirs: float
    their_peak: float


PRELUDE = """
import json, resource, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
data = np.load(sys.argv[1])
def timed(function, repeats=3):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return sorted(times)[len(times) // 2], result
def say(seconds, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, **more}))
"""

OURS = {
    "pairs": """
import polars as pl
from measurand.measures.precision.paired_difference import compare, judge
from measurand.tables import RESPONSE_COLUMNS, Responses
scores, clusters = data["scores"], data["clusters"]
m, n = scores.shape
frame = pl.DataFrame({"model": np.repeat([f"m{i:02d}" for i in range(m)], n), "benchmark": "b",
    "item": np.tile(np.arange(n).astype(str), m), "score": scores.ravel(),
    "metadata": np.tile([json.dumps({"c": int(c)}) for c in clusters], m)})
rows = pl.concat([pl.DataFrame(schema=RESPONSE_COLUMNS), frame], how="diagonal_relaxed").lazy()
# Tables are kept for results that were asked before, so each time asks of new ones.
seconds, found = timed(lambda: compare(Responses(rows, "c")))
from measurand.stats.intervals.paired import paired_differences, paired_tests
arrays, pairs = timed(lambda: paired_differences(scores, clusters))
say(seconds, arrays=arrays, stderr=pairs.stderr.tolist())
""",
    "wide": """
from measurand.stats.intervals.clustered import cluster_sums
rng = np.random.default_rng(0)
scores = rng.random((int(data["models"]), int(data["items"]))) < 0.6
clusters = np.arange(scores.shape[1]) // 20
scores = scores.astype(np.float64)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
seconds, found = timed(lambda: cluster_sums(scores, clusters).means())
say(seconds, stderr=found.stderr[:3].tolist(), data=scores.nbytes / 2**20)
""",
    "arena": """
from measurand.stats.votes.arenas import order_with_intervals
from measurand.stats.votes.bradley_terry import comparisons
first, second, outcome, m = data["first"], data["second"], data["outcome"], int(data["m"])
rng = np.random.default_rng(0)
seconds, found = timed(lambda: order_with_intervals(
    comparisons(first, second, outcome, m), level=0.95, rng=rng, resamples=1000), 1)
say(seconds)
""",
    "irt": """
from measurand.stats.items.irt import fit_two_parameter
from measurand.stats.items.irt_checks import check_scale
answers = data["answers"].astype(np.float64)
def fitted():
    fit = fit_two_parameter(answers)
    return fit, check_scale(fit, np.isfinite(answers), 4, np.random.default_rng(0))
seconds, (found, check) = timed(fitted, 1)
slope = np.polyfit(data["slopes"], found.slopes, 1)[0]
say(seconds, slope=float(slope))
""",
}

PEERS = {
    ("pairs", "errorbars"): """
from errorbars.compare import paired_compare
scores, clusters = data["scores"], data["clusters"]
m = len(scores)
chosen = [(0, j) for j in range(1, 11)]
seconds, found = timed(lambda: [paired_compare(scores[i], scores[j], clusters) for i, j in chosen], 1)
say(seconds * (m * (m - 1) / 2) / len(chosen), stderr=[float(f.se_clustered) for f in found],
    note="10 pairs timed, times 19")
""",
    ("pairs", "evalstats"): """
import evalstats
scores = data["scores"]
seconds, _ = timed(lambda: evalstats.all_pairwise(scores, [f"m{i}" for i in range(len(scores))], correction="holm",
    method="bootstrap", rng=np.random.default_rng(0)), 1)
say(seconds, note="no clusters: bootstrap over items")
""",
    ("pairs", "statsmodels"): """
import statsmodels.api as sm
scores, clusters = data["scores"], data["clusters"]
m, one = len(scores), np.ones(scores.shape[1])
pairs = [(i, j) for i in range(m) for j in range(i + 1, m)]
seconds, found = timed(lambda: [float(sm.OLS(scores[i] - scores[j], one).fit(
    cov_type="cluster", cov_kwds={"groups": clusters}).bse[0]) for i, j in pairs], 1)
say(seconds, stderr=found)
""",
    ("wide", "errorbars"): """
from errorbars import cluster_robust_se
rng = np.random.default_rng(0)
scores = (rng.random((int(data["models"]), int(data["items"]))) < 0.6).astype(np.float64)
clusters = np.arange(scores.shape[1]) // 20
seconds, found = timed(lambda: [float(cluster_robust_se(row, clusters)) for row in scores[:3]], 1)
say(seconds * len(scores) / 3, stderr=found, note="3 models timed, scaled to all")
""",
    ("wide", "statsmodels"): """
import statsmodels.api as sm
rng = np.random.default_rng(0)
scores = (rng.random((int(data["models"]), int(data["items"]))) < 0.6).astype(np.float64)
clusters, one = np.arange(scores.shape[1]) // 20, np.ones(scores.shape[1])
seconds, found = timed(lambda: [float(sm.OLS(row, one).fit(
    cov_type="cluster", cov_kwds={"groups": clusters}).bse[0]) for row in scores[:3]], 1)
say(seconds * len(scores) / 3, stderr=found, note="3 models timed, scaled to all")
""",
    ("arena", "evalica"): """
import evalica
names = np.array([f"m{i:03d}" for i in range(int(data["m"]))])
xs, ys = list(names[data["first"]]), list(names[data["second"]])
winners = [(evalica.Winner.X, evalica.Winner.Draw, evalica.Winner.Y)[o] for o in data["outcome"]]
seconds, _ = timed(lambda: evalica.bradley_terry(xs, ys, winners), 1)
say(seconds, note="one fit, no interval")
""",
    ("irt", "girth"): """
from girth import twopl_mml
seconds, found = timed(lambda: twopl_mml(data["answers"].T.astype(int)), 1)
say(seconds, slope=float(np.polyfit(data["slopes"], found["Discrimination"], 1)[0]))
""",
}

TASKS = {
    "pairs": f"all {MODELS * (MODELS - 1) // 2} pairs of {MODELS} models x {ITEMS:,} clustered items",
    "wide": f"clustered standard errors of {WIDE_MODELS} models x {WIDE_ITEMS:,} items",
    "arena": f"Bradley-Terry on {VOTES:,} votes, {ARENA_MODELS} models, with 1,000 bootstrap rank intervals",
    "irt": f"2PL of {PERSONS} models x {TEST} items, ours with the check of its scale",
}


def prepared(folder: Path) -> dict[str, Path]:
    """The numbers of each task, drawn once and given to both sides."""
    rng = np.random.default_rng(1)
    clusters = np.arange(ITEMS) // PER_CLUSTER
    hard = rng.normal(size=ITEMS // PER_CLUSTER)[clusters] + rng.normal(size=ITEMS)
    chance = 1 / (1 + np.exp(-(np.linspace(0, 1, MODELS)[:, None] - hard)))
    strengths = rng.normal(size=ARENA_MODELS)
    first, second = rng.integers(0, ARENA_MODELS, (2, VOTES))
    second = np.where(first == second, (second + 1) % ARENA_MODELS, second)
    wins = rng.random(VOTES) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    slopes, difficulties = rng.lognormal(0, 0.3, TEST), rng.normal(size=TEST)
    abilities = rng.normal(size=(PERSONS, 1))
    abilities = (abilities - abilities.mean()) / abilities.std()
    right = rng.random((PERSONS, TEST)) < 1 / (1 + np.exp(-slopes * (abilities - difficulties)))
    outcome = np.where(rng.random(VOTES) < 0.2, 1, np.where(wins, 0, 2))
    numbers = {
        "pairs": {"scores": (rng.random(chance.shape) < chance).astype(np.float64), "clusters": clusters},
        "wide": {"models": WIDE_MODELS, "items": WIDE_ITEMS},
        "arena": {"first": first, "second": second, "outcome": outcome, "m": ARENA_MODELS},
        "irt": {"answers": right.astype(np.int8), "slopes": slopes},
    }
    paths = {task: folder / f"{task}.npz" for task in numbers}
    for task, arrays in numbers.items():
        np.savez(paths[task], **arrays)
    return paths


def run(python: str, code: str, data: Path) -> dict | None:
    """What a script says, run by an interpreter; None where the peer is not installed or failed, with why."""
    command = [python, "-c", PRELUDE + code, str(data)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"    stopped after {MOST_SECONDS} s")
        return None
    if done.returncode:
        print(f"    skipped: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="interpreter of an environment with the other packages")
    parser.add_argument("--task", choices=TASKS, action="append", help="only this task; repeatable")
    given = parser.parse_args()
    raced(given.peers, given.task or list(TASKS))


def raced(peers: str | None, tasks: Sequence[str] = tuple(TASKS)) -> list[Race]:
    """Each task put to measurand and to each peer that can do it, printed as it is done."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        data = prepared(Path(folder))
        for task in tasks:
            print(TASKS[task])
            ours = run(sys.executable, OURS[task], data[task])
            if ours is None:
                continue
            extra = "".join(f", {name} {value:.3g}" for name, value in ours.items() if name in ("arrays", "slope"))
            print(f"    measurand {ours['seconds']:.2f} s, {ours['peak']:.0f} MiB{extra}")
            for (name, peer), code in PEERS.items():
                if name == task and peers and (theirs := run(peers, code, data[task])) is not None:
                    compared(peer, theirs, ours)
                    note, sides = str(theirs.get("note", "")), ("seconds", "peak")
                    found.append(Race(TASKS[task], peer, note, *(ours[s] for s in sides), *(theirs[s] for s in sides)))
    return found


def compared(peer: str, theirs: dict, ours: dict) -> None:
    """Print a peer's time, the ratio, and whether the quantities both give agree."""
    same = ""
    if theirs.get("stderr") and None not in theirs["stderr"]:
        known = ours["stderr"][: len(theirs["stderr"])]
        largest = max(abs(a - b) for a, b in zip(known, theirs["stderr"], strict=True))
        same = f", largest difference of a standard error {largest:.1e}"
    slope = f", slopes' regression on truth {theirs['slope']:.3f}" if "slope" in theirs else ""
    note = f" ({theirs['note']})" if "note" in theirs else ""
    ratio = theirs["seconds"] / ours["seconds"]
    print(f"    {peer} {theirs['seconds']:.2f} s{note}, {theirs['peak']:.0f} MiB: {ratio:.1f}x{same}{slope}")


if __name__ == "__main__":
    main()
