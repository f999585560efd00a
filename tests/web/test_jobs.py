"""Audits beside the server: progress, stopping, and a process that is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from measurand.web.app import create_app
from measurand.web.jobs import Job, Jobs

BASE = "http://127.0.0.1:8765"
TABLE = "model,mmlu,mine\n" + "".join(f"m{place},{place / 20},{place / 30}\n" for place in range(12))


def waited(jobs: Jobs, job: Job, seconds: float = 120) -> Job:
    until = time.monotonic() + seconds
    while not job.ended and time.monotonic() < until:
        time.sleep(0.05)
    return job


def runs(job: Job) -> bool:
    """Whether its process is there; the thread that follows it is the one to wait for it."""
    if job.process is None or job.process.pid is None:
        return False
    try:
        os.kill(job.process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def begun(jobs: Jobs, tmp_path, name="scores.csv", text=TABLE) -> Job:
    (tmp_path / name).write_text(text)
    return jobs.start(name, tmp_path / name, tmp_path / "audits" / name, tmp_path)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    found = Jobs()
    yield found
    found.close()


@pytest.mark.slow
def test_an_audit_is_written_with_progress_on_the_way(tmp_path):
    (tmp_path / "scores.csv").write_text(TABLE)
    with TestClient(create_app(tmp_path), base_url=BASE) as client:
        begun = client.post("/audits?of=scores.csv").json()
        assert client.get(begun["page"]).status_code == 200
        with client.stream("GET", f"{begun['page']}/events") as events:
            lines = [line for line in events.iter_lines() if line.startswith("data: ")]
        told = [json.loads(line.removeprefix("data: ")) for line in lines]
        assert told[-1]["state"] == "done", told[-1]
        assert {each["label"] for each in told} > {"reading"}
        counts = [each["done"] for each in told if each["total"]]
        assert counts == sorted(counts)
        found = client.get(f"/audit?of={told[-1]['into']}")
        assert found.headers["content-security-policy"].startswith("sandbox allow-scripts")
        assert "same-origin" not in found.headers["content-security-policy"]
        assert "<h1" in found.text
        assert client.get(f"/api/audit?of={told[-1]['into']}").json()["schema_version"]
        assert [each["id"] for each in client.get("/api/sources").json() if each["kind"] == "audit"] == [
            told[-1]["into"]
        ]


def test_what_cannot_be_read_fails_with_its_reason(tmp_path, jobs):
    job = waited(jobs, begun(jobs, tmp_path, text="no table at all"))
    assert job.state == "failed"
    assert "scores.csv" in job.problem
    assert not (tmp_path / "audits").exists()


def test_a_stopped_audit_leaves_nothing(tmp_path, jobs):
    job = begun(jobs, tmp_path)
    jobs.stop(job)
    assert waited(jobs, job).state == "stopped"
    until = time.monotonic() + 20
    while runs(job) and time.monotonic() < until:
        time.sleep(0.05)
    assert not runs(job)
    assert not (tmp_path / "audits").exists()


def test_a_killed_process_is_said_and_leaves_nothing(tmp_path, jobs):
    job = begun(jobs, tmp_path)
    while job.process is None or job.process.pid is None:
        time.sleep(0.01)
    os.kill(job.process.pid, signal.SIGKILL)
    assert waited(jobs, job).state == "failed"
    assert "exit code -9" in job.problem
    assert not (tmp_path / "audits").exists()


def test_one_audit_runs_at_a_time_and_one_that_waits_can_be_stopped(tmp_path, jobs):
    first = begun(jobs, tmp_path)
    second = begun(jobs, tmp_path, name="other.csv")
    assert second.state == "waiting"
    jobs.stop(second)
    jobs.stop(first)
    assert (waited(jobs, first).state, waited(jobs, second).state) == ("stopped", "stopped")
    assert second.process is None
