"""Audits run beside the server, in processes of their own: with progress, a way to stop them, and no half results."""

from __future__ import annotations

import multiprocessing
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

__all__ = ["Job", "Jobs"]

MOST_KEPT = 50
"""Ended jobs that can still be looked at."""

State = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(kw_only=True)
class Job:
    """An audit under way, or how it ended.

    Parameters
    ----------
    id : unguessable, as it is an address.
    of, into : the source, and the folder of the result from the one served.
    label, done, total : what it is at.
    problem : why it failed.
    """

    id: str
    of: str
    into: str
    state: State = "waiting"
    label: str = "waiting for its turn"
    done: int = 0
    total: int = 0
    problem: str = ""
    started: float = field(default_factory=time.monotonic)
    process: Any = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "stopped")

    def told(self) -> dict[str, Any]:
        """What a page shows of it."""
        names = ("id", "of", "into", "state", "label", "done", "total", "problem")
        return {name: getattr(self, name) for name in names}


class Jobs:
    """The audits of one server.

    Parameters
    ----------
    at_once : how many run at the same time.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._turns = threading.Semaphore(at_once)
        self._lock = threading.Lock()

    def start(self, of: str, path: Path | None, into: Path, root: Path) -> Job:
        """Begin an audit of a source; of an embedded study, the path is None."""
        job = Job(id=secrets.token_urlsafe(12), of=of, into=into.relative_to(root).as_posix())
        with self._lock:
            self._jobs[job.id] = job
            for id_ in [id_ for id_, each in self._jobs.items() if each.ended][:-MOST_KEPT]:
                del self._jobs[id_]
        threading.Thread(target=self._run, args=(job, path, into), daemon=True).start()
        return job

    def get(self, id_: str) -> Job | None:
        """The job of that name, if there is one."""
        return self._jobs.get(id_)

    def stop(self, job: Job) -> None:
        """End a job; what it was about to write is not written."""
        with self._lock:
            if not job.ended:
                job.state, job.label = "stopped", "stopped"
                if job.process is not None:
                    job.process.terminate()

    def close(self) -> None:
        """End all of them."""
        for job in list(self._jobs.values()):
            self.stop(job)

    def _run(self, job: Job, path: Path | None, into: Path) -> None:
        with self._turns:
            # A fresh interpreter: a fork of a server with threads may wait for a lock that nobody holds.
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe(duplex=False)
            with self._lock:
                if job.ended:
                    return
                job.process = context.Process(target=_work, args=(theirs, job.of, path, into), daemon=True)
                job.process.start()
                job.state = "running"
            theirs.close()
            self._follow(job, ours)
            job.process.join()

    def _follow(self, job: Job, messages: Connection) -> None:
        while True:
            try:
                kind, *told = messages.recv()
            except EOFError:
                break
            with self._lock:
                if job.ended:
                    continue
                if kind == "at":
                    job.label, job.done, job.total = told
                elif kind == "failed":
                    job.state, job.problem = "failed", told[0]
                else:
                    job.state, job.label = "done", "done"
        job.process.join()
        with self._lock:
            if not job.ended:
                job.state = "failed"
                job.problem = f"its process ended before it was done (exit code {job.process.exitcode})"


def _work(messages: Connection, of: str, path: Path | None, into: Path) -> None:
    """Audit a source and write the result: in the process of a job."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from measurand.api.audits import write
    from measurand.auditing import audit
    from measurand.errors import MeasurandError
    from measurand.readers import load_example
    from measurand.store import read

    try:
        messages.send(("at", "reading", 0, 0))
        study = load_example(of) if path is None else read(path)
        found = audit(study, progress=lambda label, done, total: messages.send(("at", label, done, total)))
        messages.send(("at", "writing", 0, 0))
        write(replace(found, date=datetime.now(UTC).date().isoformat()), into)
        messages.send(("done",))
    except (MeasurandError, OSError) as problem:
        messages.send(("failed", str(problem)))
