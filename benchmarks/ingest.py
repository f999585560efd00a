"""Scale of the store: ``python benchmarks/ingest.py [FOLDER]``.

Writes 2,000 Inspect logs (``.eval``, 40 models on 50 benchmarks) of 500 samples, each sample with a file of its own and
a summary, as Inspect writes them; ingests them twice, and audits the store. Each step is a process of its own, so
that its peak memory is its own: the largest of the process and of each of its workers, summed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

MODELS, BENCHMARKS = 40, 50
BODY = "A question of some length about something that happened, with four options to choose from. " * 4


class Measured(NamedTuple):
    seconds: float
    peak: int


def write_log(folder: Path, number: int, samples: int) -> None:
    model, benchmark = number % MODELS, number // MODELS
    rng = random.Random(number)
    ability = rng.gauss(model / MODELS, 0.1)
    summaries = [summary(rng, benchmark, item, ability) for item in range(samples)]
    mean = sum(each["scores"]["choice"]["value"] == "C" for each in summaries) / samples
    header = {
        "version": 2,
        "status": "success",
        "eval": {
            "task": f"suite/task_{benchmark}",
            "task_version": 1,
            "model": f"openrouter/org{model % 8}/model-{model}b",
            "created": f"2025-01-{1 + number % 28:02d}T00:00:00+00:00",
            "dataset": {"name": f"task_{benchmark}", "samples": samples},
            "config": {"epochs": 1},
        },
        "results": {
            "total_samples": samples,
            "completed_samples": samples,
            "scores": [
                {
                    "name": "choice",
                    "reading": "choice",
                    "metrics": {
                        "accuracy": {"name": "accuracy", "value": mean},
                        "stderr": {"name": "stderr", "value": (mean * (1 - mean) / (samples - 1)) ** 0.5},
                    },
                }
            ],
        },
    }
    name = folder / f"{header['eval']['created'][:10]}_task-{benchmark}_{number:05d}.eval"
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for each in summaries:
            whole = {**each, "messages": [{"role": "user", "content": BODY}], "choices": ["w", "x", "y", "z"]}
            archive.writestr(f"samples/{each['id']}_epoch_1.json", json.dumps(whole))
        archive.writestr("summaries.json", json.dumps(summaries))
        archive.writestr("header.json", json.dumps(header))


def summary(rng: random.Random, benchmark: int, item: int, ability: float) -> dict:
    right = rng.random() < 0.25 + 0.7 * max(0.0, min(1.0, ability))
    target = "ABCD"[item % 4]
    value, answer = ("C", target) if right else ("I", "ABCD"[(item + 1) % 4])
    return {
        "id": f"task_{benchmark}/{item}",
        "epoch": 1,
        "input": f"Question {item}: {BODY}",
        "target": target,
        "metadata": {"subject": f"subject {item % 10}", "template": item // 5},
        "scores": {"choice": {"value": value, "answer": answer}},
        "model_usage": {"model": {"input_tokens": 200 + item, "output_tokens": 5, "total_tokens": 205 + item}},
        "completed": True,
    }


def generate(folder: Path, logs: int, samples: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as workers:
        for _ in workers.map(write_log, [folder] * logs, range(logs), [samples] * logs, chunksize=20):
            pass


def measured(arguments: Sequence[str]) -> Measured:
    """Time and peak memory (KiB, of all its processes) of a command of measurand."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "measurand", *arguments], stdout=subprocess.DEVNULL)
    peaks: dict[int, int] = {}
    watcher = threading.Thread(target=watch, args=(process, peaks))
    watcher.start()
    code = process.wait()
    seconds = time.perf_counter() - start
    watcher.join()
    if code:
        raise SystemExit(f"measurand {' '.join(arguments)} ended with {code}")
    return Measured(seconds, sum(peaks.values()))


def watch(process: subprocess.Popen[bytes], peaks: dict[int, int]) -> None:
    """Note the high-water mark of the process and its descendants until it ends (Linux)."""
    while process.poll() is None:
        for pid in descendants(process.pid):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    peaks[pid] = max(peaks.get(pid, 0), int(line.split()[1]))
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="kept and used again; a temporary one by default")
    parser.add_argument("--logs", type=int, default=2000)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        logs = folder / f"logs-{given.logs}-{given.samples}"
        if not logs.is_dir():
            start = time.perf_counter()
            generate(logs, given.logs, given.samples)
            print(
                f"generated {given.logs:,} Inspect .eval logs x {given.samples} samples in "
                f"{time.perf_counter() - start:.0f} s (not counted)"
            )
        with tempfile.TemporaryDirectory(dir=folder) as target:
            store = str(Path(target, "store"))
            steps = (
                ("ingest", ["ingest", str(logs), "-o", store, "--jobs", str(given.jobs)]),
                ("ingest again", ["ingest", str(logs), "-o", store, "--jobs", str(given.jobs)]),
                ("audit of the store", ["audit", store, "--json", "--jobs", str(given.jobs)]),
            )
            for name, arguments in steps:
                done = measured(arguments)
                print(f"{name}: {done.seconds:.1f} s, peak {done.peak / 1024:.0f} MiB (workers included)")
            files = [path for path in Path(store).rglob("*") if path.is_file()]
            print(f"store: {len(files):,} files, {sum(path.stat().st_size for path in files) / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
