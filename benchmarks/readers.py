"""Logs read by measurand and by others, in one run: ``python benchmarks/readers.py --peer PYTHON --lm-eval PYTHON``.

Each PYTHON is an interpreter of an environment with a harness, kept apart since harnesses bring many packages:
``--peer`` one with inspect-ai, ``--lm-eval`` one with lm-eval 0.4; a half whose interpreter is not given is not run.
The harness makes the logs itself, with a mock model, 50 of 200 samples unless told otherwise. Both sides read them,
what they read is compared value by value, and the ratios of CPU time and peak memory are printed. Interpreter start
and imports are not in the times; they are in the peaks.

Inspect's logs are read by its own ``samples_df`` and ``read_eval_log``. lm-eval has no reader of its own: its peer is
``json`` line by line, once into dicts, which hold everything, and once into a pandas frame of those dicts.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from precision import Race

TIMED = """
import glob, json, resource, sys, time
folder, kind, wanted = sys.argv[1:4]
def timed(read):
    start = time.process_time()
    kept = read()
    took = time.process_time() - start
    return kept, {"seconds": took, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
"""

MAKE_INSPECT = """
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

PEER_INSPECT = """
from inspect_ai.analysis import SampleSummary, samples_df
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import value_to_float
_, told = timed(lambda: samples_df(folder, columns=SampleSummary, full=kind == "full", quiet=True, parallel=False))
if wanted:
    number = value_to_float()
    told["scores"] = {
        f"{log.eval.model}|{sample.id}|{sample.epoch}|{name}": number(score.value)
        for log in map(read_eval_log, sorted(glob.glob(folder + "/*.eval")))
        for sample in log.samples
        for name, score in sample.scores.items()
    }
print(json.dumps(told))
"""

OURS_INSPECT = """
from measurand.readers.inspect.logs import read
logs, told = timed(lambda: [read(file, full=kind == "full") for file in sorted(glob.glob(folder + "/*.eval"))])
if wanted:
    told["scores"] = {
        f"{log.model}|{item}|{epoch}|{reading}": score
        for log in logs
        for item, epoch, reading, score in log.items.select("item", "epoch", "reading", "score").iter_rows()
    }
print(json.dumps(told))
"""

MAKE_LM_EVAL = """
import json, os, sys
from pathlib import Path
folder, logs, samples = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=str(folder / "cache"))
from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

def mean(*names):
    return [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in names]
(folder / "tasks").mkdir()
(folder / "items.json").write_text("".join(
    json.dumps({
        "question": f"What is {i} + 1? " + "Think of the numbers one after the other. " * 12,
        "choices": [str(i), str(i + 1), "x", "yes"], "label": 1, "answer": ["lol", "l", "lol", "no"][i % 4],
    }) + "\\n"
    for i in range(samples)
))
choice = {"output_type": "multiple_choice", "doc_to_choice": "choices", "doc_to_target": "label",
          "metric_list": mean("acc", "acc_norm")}
letter = {"function": "regex", "regex_pattern": "(l)"}
first = {"function": "take_first"}
# The mock model's answer to all is "lol"; the second filter makes another answer of it.
text = {"output_type": "generate_until", "doc_to_target": "answer", "repeats": 3, "metric_list": mean("exact_match"),
        "filter_list": [{"name": "whole", "filter": [first]}, {"name": "letter", "filter": [letter, first]}]}
for name, task in {"choice": choice, "choice_again": choice, "text": text}.items():
    source = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(folder / "items.json")}}}
    given = {"task": name, **source, "test_split": "test", "doc_to_text": "{{question}}", **task}
    (folder / "tasks" / f"{name}.yaml").write_text(json.dumps(given))
group = {"group": "both", "task": ["choice", "choice_again"],
         "aggregate_metric_list": [{"metric": "acc", "weight_by_size": True}]}
(folder / "tasks" / "both.yaml").write_text(json.dumps(group))
for number in range(logs):
    tracker = EvaluationTracker(output_path=str(folder / "logs"))
    done = simple_evaluate(
        "dummy", model_args=f"pretrained=org/dummy{number}", tasks=["both", "text"], evaluation_tracker=tracker,
        task_manager=TaskManager(include_path=str(folder / "tasks"), include_defaults=False),
    )
    # As its command line does.
    made = done.pop("samples")
    tracker.save_results_aggregated(results=done, samples=made)
    for task in done["configs"]:
        tracker.save_results_samples(task_name=task, samples=made[task])
"""

PEER_LM_EVAL = """
if kind == "frame":
    import pandas
def read():
    runs = []
    for file in sorted(glob.glob(folder + "/*/results_*.json")):
        with open(file) as opened:
            results = json.load(opened)
        samples = {}
        for task in results["task_hashes"]:
            with open(file.replace("results_", f"samples_{task}_").replace(".json", ".jsonl")) as opened:
                lines = [json.loads(line) for line in opened]
            samples[task] = pandas.DataFrame(lines) if kind == "frame" else lines
        runs.append((results, samples))
    return runs
runs, told = timed(read)
if wanted:
    told["scores"] = {
        f"{results['model_name']}|{task}|{line['doc_hash']}|{line['filter']}|{metric}": float(line[metric])
        for results, samples in runs
        for task, lines in samples.items()
        for line in lines
        for metric in line["metrics"]
    }
    told["aggregates"] = {
        f"{results['model_name']}|{task}|{key}": value
        for results, _ in runs
        for task, entry in results["results"].items()
        for key, value in entry.items()
        if "," in key
    }
    # The standard error of a group is pooled from those of its tasks, not from items.
    told["recomputed"] = {key: told["aggregates"][key] for key in told["aggregates"] if "|both|acc_std" not in key}
print(json.dumps(told))
"""

OURS_LM_EVAL = """
from measurand.readers.lm_eval.logs import pooled, read, recomputed
from measurand.readers.runs import item_means
files = sorted(glob.glob(folder + "/*/results_*.json"))
runs, told = timed(lambda: [read(file) for file in files])
def erring(metric):
    return metric.replace(",", "_stderr,")
def named(reading, variant):
    # A reading is named by its filter where a task has several.
    return reading if "," in reading else f"{reading},{variant or 'none'}"
def told_by(reading, variant):
    metric, _, filter = named(reading, variant).partition(",")
    return f"{filter}|{metric}"
if wanted:
    logs = [log for run in runs for log in run]
    assert not any(log.problems for log in logs), [log.problems for log in logs]
    told["scores"] = {
        f"{log.model}|{log.task}|{item}|{told_by(reading, variant)}": score
        for log in logs
        for item, variant, reading, score in log.items.select("item", "variant", "reading", "score").iter_rows()
    }
    told["aggregates"], told["recomputed"] = {}, {}
    for run in runs:
        for log in run:
            name = f"{log.model}|{log.task}|"
            for given in log.aggregates:
                told["aggregates"][name + given.metric] = given.value
                told["aggregates"][name + erring(given.metric)] = given.stderr
            of_group = pooled(log, run) if "group" in log.facts else {}
            for (_, metric), value in {**recomputed(log), **of_group}.items():
                told["recomputed"][name + metric] = value
            for (variant,), items in log.items.group_by("variant"):
                for mean in item_means(items):
                    told["recomputed"][name + erring(named(mean.reading, variant))] = mean.stderr
print(json.dumps(told))
"""


class Half(NamedTuple):
    """A harness: what makes its logs and reads them, and the peer's name for each way of reading."""

    harness: str
    make: str
    ours: str
    peer: str
    kinds: dict[str, str]


INSPECT = Half(
    "Inspect",
    MAKE_INSPECT,
    OURS_INSPECT,
    PEER_INSPECT,
    {"summaries": "samples_df of summaries", "full": "samples_df of samples"},
)
LM_EVAL = Half(
    "lm-eval",
    MAKE_LM_EVAL,
    OURS_LM_EVAL,
    PEER_LM_EVAL,
    {"dicts": "json lines into dicts", "frame": "json lines into pandas"},
)


def run(python: str, code: str, *arguments: object) -> str:
    """What a script prints last, run by an interpreter."""
    command = [python, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{python} failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def read(python: str, code: str, *arguments: object) -> dict[str, Any]:
    """What a reading tells: seconds, peak in MiB, and the values where they are wanted."""
    told: dict[str, Any] = json.loads(run(python, TIMED + code, *arguments))
    return told


def compare(half: Half, python: str, logs: Path) -> None:
    """Both sides read the same values."""
    kind = next(iter(half.kinds))
    ours, peer = read(sys.executable, half.ours, logs, kind, "values"), read(python, half.peer, logs, kind, "values")
    for name in peer.keys() - {"seconds", "peak"}:
        assert ours[name].keys() == peer[name].keys(), f"{name}: {sorted(ours[name].keys() ^ peer[name].keys())[:5]}"
        # A mean of the same numbers may differ in its last bit; what the log says may not.
        bound = 1e-12 if name == "recomputed" else 0.0
        odd = [key for key, value in peer[name].items() if not math.isclose(ours[name][key], value, rel_tol=bound)]
        assert not odd, f"{name}: {[(key, ours[name][key], peer[name][key]) for key in odd[:5]]}"
        print(f"{name}: {len(peer[name])} values of the two sides are equal{' to 1e-12' if bound else ''}")


def race(half: Half, python: str, logs: Path, repeats: int, task: str) -> list[Race]:
    """Times and peaks, the two sides in turn."""
    found = []
    fastest, slowest = math.inf, 0.0
    for kind, name in half.kinds.items():
        pairs = [
            (read(sys.executable, half.ours, logs, kind, ""), read(python, half.peer, logs, kind, ""))
            for _ in range(repeats)
        ]
        mine, theirs = (median(pair[side]["seconds"] for pair in pairs) for side in (0, 1))
        peaks = [max(pair[side]["peak"] for pair in pairs) for side in (0, 1)]
        fastest, slowest = min(fastest, mine), max(slowest, theirs)
        found.append(Race(f"{task}, {kind}", name, "", mine, peaks[0], theirs, peaks[1]))
        ratios = sorted(pair[1]["seconds"] / pair[0]["seconds"] for pair in pairs)
        print(
            f"{kind}: measurand {mine:.2f} s, {peaks[0]:.0f} MiB; {name} {theirs:.2f} s, {peaks[1]:.0f} MiB; time "
            f"{theirs / mine:.1f}x (pairs {ratios[0]:.1f} to {ratios[-1]:.1f}), memory {peaks[1] / peaks[0]:.1f}x"
        )
    if half is INSPECT:
        print(f"summaries, which hold every score, against samples_df with full samples: {slowest / fastest:.0f}x")
    return found


def raced(half: Half, python: str, logs: int, samples: int, repeats: int) -> list[Race]:
    """Logs of a harness made by it, read by both sides and compared, and the times."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "logs")
        place.mkdir()
        run(python, half.make, folder, logs, samples)
        size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 2**20
        print(f"{Path(python).parent.parent.name}: {logs} logs x {samples} samples, {size:.0f} MiB")
        compare(half, python, place)
        return race(half, python, place, repeats, f"{logs} logs of {half.harness} x {samples} samples")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="interpreter of an environment with inspect-ai")
    parser.add_argument("--lm-eval", help="interpreter of an environment with lm-eval")
    parser.add_argument("--logs", type=int, default=50)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    halves = [(half, python) for half, python in ((INSPECT, given.peer), (LM_EVAL, given.lm_eval)) if python]
    if not halves:
        parser.error("nothing to run; give --peer, --lm-eval or both")
    for half, python in halves:
        raced(half, python, given.logs, given.samples, given.repeats)


if __name__ == "__main__":
    main()
