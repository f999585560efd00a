"""How long the explorer takes to answer: 20 people who each change something ten times a second, in one run.

The server runs by itself, as `measurand serve --host` starts it for several people; those who ask, in this process.
Each walks at random through the entanglement explorer of the embedded study of 2024: another benchmark, a model left
out or taken back, another threshold, correlation or class. Prints answers per second, the times from when each was due,
errors, and CPU and memory of the server's processes::

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
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np

import measurand

SCORES = measurand.load_example().scores
BENCHMARKS = SCORES.benchmarks_of("safety")
MODELS = {class_: SCORES.models_of(class_) for class_ in SCORES.classes}


STARTING = 15
"""Seconds until a server that several people share has started its processes."""


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


class Connection:
    """A connection that is kept open, with no more of HTTP than it takes: those who ask share the machine's cores with
    the server, and a client for everything takes half as long as the server does."""

    def __init__(self, base: str) -> None:
        where = urlsplit(base)
        self.port, token = int(where.port or 80), where.query.partition("=")[2]
        self.headers = f"Host: localhost:{self.port}\r\nHX-Request: true\r\nAuthorization: Bearer {token}\r\n"
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, address: str) -> int:
        """The status of an answer that is read whole.

        Raises
        ------
        OSError, EOFError
            The server does not answer.
        """
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(f"GET {address} HTTP/1.1\r\n{self.headers}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length:")[2].split("\r\n")[0]
        await reader.readexactly(int(length))
        return int(head.split()[1])


async def ask(
    connection: Connection, walk: Walk, rate: float, until: float, took: list[float], failed: list[str]
) -> None:
    """Change something at fixed times. Who still waits for an answer then is late, and the wait counts from that time:
    counted from when it is sent, a server that keeps everybody waiting would look fast."""
    due = time.perf_counter() + walk.rng.random() / rate
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        address = walk.step()
        try:
            # A benchmark that too few models of a class were run on is answered with the reason.
            if (status := await connection.get(address)) not in (200, 422):
                failed.append(f"{status} {address}")
        except (OSError, EOFError) as problem:
            failed.append(f"{type(problem).__name__} {address}")
            connection.streams = None
        took.append(time.perf_counter() - due)
        due += 1 / rate


async def load(base: str, people: int, rate: float, seconds: float, first: int) -> tuple[list[float], list[str]]:
    """Times of all answers, and what failed; the people are other ones for each `first`."""
    took, failed = list[float](), list[str]()
    connections = [Connection(base) for _ in range(people)]
    await connections[0].get("/entanglement")  # what is read once is read before anyone is timed
    until = time.perf_counter() + seconds
    asked = (
        ask(connection, Walk(first + seed), rate, until, took, failed) for seed, connection in enumerate(connections)
    )
    await asyncio.gather(*asked)
    for connection in connections:
        if connection.streams is not None:
            connection.streams[1].close()
    return took, failed


def processes(pid: int) -> list[int]:
    """A process and those it started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [pid, *(int(each) for task in tasks for each in (task / "children").read_text().split())]


def memory(pids: Sequence[int]) -> float:
    """Megabytes that processes hold."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


def spent(pids: Sequence[int]) -> float:
    """CPU seconds that processes have used."""
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Start a server, put people to it, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=20)
    options.add_argument("--rate", type=float, default=10.0)
    options.add_argument("--seconds", type=float, default=60.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "measurand", "serve", folder, "--port", "0", "--host", "0.0.0.0"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        try:
            base = next(word for line in server.stderr for word in line.split() if word.startswith("http://"))
            time.sleep(STARTING)
            for part in range(3):
                before = spent(processes(server.pid))
                took, failed = asyncio.run(load(base, given.people, given.rate, given.seconds / 3, part * given.people))
                times = 1000 * np.quantile(took, [0.5, 0.95, 0.99])
                print(
                    f"third {part + 1}: {3 * len(took) / given.seconds:.0f} answers per second; "
                    f"median {times[0]:.0f} ms, 95% {times[1]:.0f} ms, 99% {times[2]:.0f} ms, "
                    f"most {1000 * max(took):.0f} ms; "
                    f"{1000 * (spent(processes(server.pid)) - before) / len(took):.1f} ms of CPU each; "
                    f"{len(failed)} failed; {memory(processes(server.pid)):.0f} MB"
                )
                for each in failed[:3]:
                    print(f"  {each}")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
