"""Audits beside the server: progress, stopping, a process that is killed, and uploads that break off."""

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


# --- Uploads ---


def put(app, name, chunks):
    with TestClient(app, base_url=BASE) as client:
        return client.put(f"/files/{name}", content=chunks)


def test_what_is_dropped_is_kept_and_nothing_is_written_over(tmp_path):
    app = create_app(tmp_path)
    for text in (b"model,a\n", b"model,b\n"):
        assert put(app, "scores.csv", text).status_code == 201
    assert {path.name: path.read_bytes() for path in (tmp_path / "uploads").iterdir()} == {
        "scores.csv": b"model,a\n",
        "scores-2.csv": b"model,b\n",
    }


def test_a_file_too_large_is_refused_as_it_comes(tmp_path):
    sent = []

    def chunks():
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1000

    answer = put(create_app(tmp_path, upload_limit=5000), "big.csv", chunks())
    assert answer.status_code == 422
    assert "5,000 bytes" in answer.text
    assert list((tmp_path / "uploads").iterdir()) == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path):
    def chunks():
        yield b"model,"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        put(create_app(tmp_path), "half.csv", chunks())
    uploads = tmp_path / "uploads"
    assert not uploads.exists() or list(uploads.iterdir()) == []


@pytest.mark.parametrize("name", [".hidden", "a%2Fb.csv", "..%2Fx.csv", "%00.csv", "x" * 300, "%20", "..."])
def test_names_that_are_none_are_refused(tmp_path, name):
    assert put(create_app(tmp_path), name, b"x").status_code in (404, 422)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_uploads_folder_that_leads_out_is_refused(tmp_path):
    served, outside = tmp_path / "served", tmp_path / "outside"
    served.mkdir()
    outside.mkdir()
    (served / "uploads").symlink_to(outside, target_is_directory=True)
    assert put(create_app(served), "x.csv", b"x").status_code == 422
    assert list(outside.iterdir()) == []
