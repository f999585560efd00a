"""Processes beside the server: the same answers, started when several ask, and none left when the server has ended."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from measurand.compute import Worker
from measurand.errors import UnknownName
from measurand.web import beside as module
from measurand.web.beside import Beside, entangled
from measurand.web.entanglement import Settings

OF = "safetywashing_2024"


def asked(**settings: object) -> str:
    return Settings(of=OF, **settings).model_dump_json(by_alias=True)


async def ready(beside: Beside, workers: int, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while len(beside._workers) < workers:
        assert time.monotonic() < until, "no process was started"
        await asyncio.sleep(0.05)


def alive(worker: Worker) -> bool:
    return worker._process.poll() is None


def run(act, *, shared: bool = False) -> None:
    async def within() -> None:
        beside = Beside(shared=shared, most=2)
        try:
            await act(beside)
        finally:
            workers = list(beside._workers)
            beside.close()
            assert not any(map(alive, workers))

    asyncio.run(within())


def test_one_person_is_answered_without_any():
    async def act(beside):
        for benchmark in ("truthfulqa_mc1", "bbq_amb"):
            text, status, here = await beside.entangled(OF, asked(benchmark=benchmark), True)
            assert (status, here) == (200, f"/entanglement?of={OF}&benchmark={benchmark}&class=chat")
            assert "<title>" in text
        assert not beside._workers
        assert not beside._starting

    run(act)


def test_several_are_answered_by_processes_as_by_the_server(example):
    benchmarks = example.scores.benchmarks_of("safety")[:12]

    async def act(beside):
        beside.grow(OF)
        await ready(beside, 2)
        found = await asyncio.gather(*(beside.entangled(OF, asked(benchmark=name), True) for name in benchmarks))
        assert found == [entangled(example.scores, asked(benchmark=name), True) for name in benchmarks]

    run(act, shared=True)


def test_a_process_is_started_when_somebody_asks_while_another_waits():
    async def act(beside):
        found = await asyncio.gather(*(beside.entangled(OF, asked(threshold=x / 10), True) for x in range(1, 4)))
        assert [status for _, status, _ in found] == [200] * 3
        await ready(beside, 1)
        assert alive(beside._workers[0])

    run(act)


def test_a_killed_process_costs_no_answer_and_leaves_no_other_waiting():
    async def act(beside):
        beside.grow(OF)
        await ready(beside, 2)
        for worker in beside._workers:
            worker._process.kill()
        found = await asyncio.gather(
            *(beside.entangled(OF, asked(threshold=place / 20), True) for place in range(1, 9))
        )
        assert [status for _, status, _ in found] == [200] * 8
        await ready(beside, 2)
        assert all(map(alive, beside._workers))

    run(act, shared=True)


def test_what_is_wrong_with_a_question_is_raised_here(example):
    async def act(beside):
        beside.grow(OF)
        await ready(beside, 1)
        with pytest.raises(UnknownName, match="did you mean"):
            await beside.entangled(OF, asked(benchmark="truthfulqa_mc9"), True)
        few = asked(drop=list(example.scores.models_of("chat"))[4:], **{"class": "chat"})
        _, status, _ = await beside.entangled(OF, few, True)
        assert status == 422

    run(act)


def test_a_process_that_is_ready_once_the_server_has_ended_is_ended_too(monkeypatch):
    begun = []
    monkeypatch.setattr(module, "Worker", lambda threads: begun.append(Worker(threads)) or begun[-1])

    async def act(beside):
        beside.grow(OF)
        beside.close()
        until = time.monotonic() + 90
        while (not begun or alive(begun[0])) and time.monotonic() < until:
            await asyncio.sleep(0.05)
        assert not alive(begun[0])

    run(act)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to see processes in")
def test_most_is_bounded_by_the_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert Beside()._most == module.MOST
