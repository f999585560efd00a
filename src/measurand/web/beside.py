"""Processes beside the server that make the pages of the embedded studies, once several people look at them at once."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from functools import lru_cache
from typing import cast

from measurand.compute import Worker, WorkerEnded
from measurand.errors import NotApplicable
from measurand.tables import Scores
from measurand.web import entanglement, pages
from measurand.web.folder import embedded

__all__ = ["Beside", "entangled"]

MOST = 4
"""Processes at most: each holds a copy of the studies, and of Python."""

Shown = tuple[str, int, str]
"""A page or its changed part, its status and its address."""


@lru_cache(256)
def entangled(scores: Scores, asked: str, part: bool) -> Shown:
    """The entanglement explorer under settings as JSON; kept, as people go back and forth."""
    settings = entanglement.Settings.model_validate_json(asked)
    status = 200
    try:
        shown = pages.entanglement_values(entanglement.explore(scores, settings))
    except NotApplicable as problem:
        # Said in place of the picture: another choice may be all that it takes.
        shown, status = pages.offer_values(entanglement.offer(scores, settings), str(problem)), 422
    text = pages.render("entanglement.html.j2", part=part, path="/entanglement", of=settings.of, **shown)
    return text, status, shown["here"]


class Beside:
    """Worker processes, of which each answers one question after another.

    One person at a time is answered by the server itself. A process is started when somebody asks while another waits.

    Parameters
    ----------
    shared : whether as many as there may be are started, and started again, before anybody asks.
    most : how many there may be; by default one per core.
    """

    def __init__(self, *, shared: bool = False, most: int | None = None) -> None:
        self._shared, self._most = shared, most if most is not None else min(os.cpu_count() or 1, MOST)
        self._workers: list[Worker] = []
        self._free: asyncio.Queue[Worker | None] = asyncio.Queue()
        self._asked = 0
        self._starting = self._ended = False

    async def entangled(self, of: str, asked: str, part: bool) -> Shown:
        """The entanglement explorer of an embedded study."""
        self._asked += 1
        try:
            if self._asked > 1:
                self.grow(of)
            while self._workers:
                worker = await self._free.get()
                if worker is None:
                    # Passed on to whoever else waits, as long as there is nobody left to wait for.
                    if not self._workers:
                        self._free.put_nowait(None)
                    continue
                try:
                    return cast("Shown", await asyncio.to_thread(worker.done, _of_study, (of, asked, part), None))
                except (WorkerEnded, asyncio.CancelledError) as why:
                    # Of one that nobody waits for any more, the answer would be taken for that to the next question.
                    worker.end()
                    self._workers.remove(worker)
                    worker = None
                    self.grow(of)
                    if isinstance(why, asyncio.CancelledError):
                        raise
                finally:
                    self._free.put_nowait(worker)
            return await asyncio.to_thread(_of_study, of, asked, part)
        finally:
            self._asked -= 1

    def grow(self, of: str) -> None:
        """Start another process, unless one is being started or there are enough."""
        if len(self._workers) < self._most and not self._starting and not self._ended:
            self._starting = True
            threading.Thread(target=self._start, args=(of, asyncio.get_running_loop()), daemon=True).start()

    def _start(self, of: str, loop: asyncio.AbstractEventLoop) -> None:
        """Start a process, and have it make what everyone looks at first."""
        worker = Worker(1)
        with suppress(WorkerEnded, RuntimeError):  # it was killed at once, or the server has ended meanwhile
            worker.done(warm, (of,), None)
            loop.call_soon_threadsafe(self._join, worker, of)
            return
        worker.end()
        self._starting = False

    def _join(self, worker: Worker, of: str) -> None:
        self._starting = False
        if self._ended:
            worker.end()
            return
        self._workers.append(worker)
        self._free.put_nowait(worker)
        if self._shared:
            self.grow(of)

    def close(self) -> None:
        """End the processes."""
        self._ended = True
        for worker in self._workers:
            worker.end()


def warm(of: str) -> None:
    """Make what everyone looks at first: it takes a second, and is made before anyone asks."""
    scores = _scores(of)
    for class_ in scores.classes:
        entanglement.explore(scores, entanglement.Settings.model_validate({"of": of, "class": class_}))


def _scores(of: str) -> Scores:
    scores = embedded(of).scores
    assert scores is not None, "the embedded studies are of scores"
    return scores


def _of_study(of: str, asked: str, part: bool) -> Shown:
    return entangled(_scores(of), asked, part)
