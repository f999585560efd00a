"""How long the explorer takes to answer: 20 people who each change something ten times a second, in one run.

The server runs in a process of its own, as `measurand serve` starts it; those who ask, in this one. Each person walks
at random through the entanglement explorer of the embedded study of 2024: another benchmark, a model left out or taken
back, another threshold, correlation or class. Prints answers per second, their times, errors and memory of the server::

    python benchmarks/explorer.py [--people 20] [--rate 10] [--seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx
import numpy as np

import measurand

SCORES = measurand.load_example().scores
BENCHMARKS = SCORES.benchmarks_of("safety")
MODELS = {class_: SCORES.models_of(class_) for class_ in SCORES.classes}


class Walk:
    """What one person looks at, a change at a time."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.at: dict[str, object] = {"benchmark": "truthfulqa_mc1", "class": "chat", "drop": []}

    def step(self) -> str:
        """The address after one more change."""
        what = self.rng.choices(["benchmark", "drop", "threshold", "correlation", "class"], [40, 30, 20, 5, 5])[0]
        class_ = str(self.at["class"])
        if what == "benchmark":
            self.at["benchmark"] = self.rng.choice(BENCHMARKS)
        elif what == "threshold":
            self.at["threshold"] = self.rng.randrange(1, 20) / 20
        elif what == "correlation":
            self.at["correlation"] = self.rng.choice(["spearman", "kendall", "pearson"])
        elif what == "class":
            self.at |= {"class": "base" if class_ == "chat" else "chat", "drop": []}
        else:
            # People leave one model out, look, and take it back.
            self.at["drop"] = [] if self.at["drop"] else [self.rng.choice(MODELS[class_])]
        return f"/entanglement?{urlencode(self.at, doseq=True)}"


async def ask(
    client: httpx.AsyncClient, walk: Walk, rate: float, until: float, took: list[float], failed: list[str]
) -> None:
    """Change something every so often; who waits for an answer changes nothing meanwhile."""
    while (started := time.perf_counter()) < until:
        address = walk.step()
        try:
            answer = await client.get(address, headers={"hx-request": "true"})
            # A benchmark that too few models of a class were run on is answered with the reason.
            if answer.status_code not in (200, 422):
                failed.append(f"{answer.status_code} {address}")
        except httpx.HTTPError as problem:
            failed.append(f"{type(problem).__name__} {address}")
        spent = time.perf_counter() - started
        took.append(spent)
        await asyncio.sleep(max(0.0, 1 / rate - spent))


async def load(base: str, people: int, rate: float, seconds: float) -> tuple[list[float], list[str]]:
    """Times of all answers, and what failed."""
    took, failed = list[float](), list[str]()
    limits = httpx.Limits(max_connections=people)
    async with httpx.AsyncClient(base_url=base, timeout=30, limits=limits) as client:
        await client.get("/entanglement")  # what is read once is read before anyone is timed
        until = time.perf_counter() + seconds
        await asyncio.gather(*(ask(client, Walk(seed), rate, until, took, failed) for seed in range(people)))
    return took, failed


def memory(pid: int) -> float:
    """Megabytes that a process holds."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


def spent(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Start a server, put people to it, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=20)
    options.add_argument("--rate", type=float, default=10.0)
    options.add_argument("--seconds", type=float, default=60.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "measurand", "serve", folder, "--port", "0"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        try:
            base = next(word for line in server.stderr for word in line.split() if word.startswith("http://"))
            for part in range(3):
                before = spent(server.pid)
                took, failed = asyncio.run(load(base, given.people, given.rate, given.seconds / 3))
                times = 1000 * np.quantile(took, [0.5, 0.95, 0.99])
                print(
                    f"third {part + 1}: {3 * len(took) / given.seconds:.0f} answers per second; "
                    f"median {times[0]:.0f} ms, 95% {times[1]:.0f} ms, 99% {times[2]:.0f} ms, "
                    f"most {1000 * max(took):.0f} ms; "
                    f"{1000 * (spent(server.pid) - before) / len(took):.1f} ms of CPU each; "
                    f"{len(failed)} failed; {memory(server.pid):.0f} MB"
                )
                for each in failed[:3]:
                    print(f"  {each}")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
