"""What is dropped: kept apart, never written over, and nothing left of what breaks off."""

from __future__ import annotations

import shutil

import pytest
from starlette.testclient import TestClient

from measurand.web.app import create_app

BASE = "http://127.0.0.1:8765"


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


def test_what_is_dropped_together_stays_together(tmp_path):
    app = create_app(tmp_path)
    with TestClient(app, base_url=BASE) as client:
        first, second = (client.post("/drops?name=runs").json()["of"] for _ in range(2))
        assert (first, second) == ("uploads/runs", "uploads/runs-2")
        for path in ("runs/a/results.json", "runs/b/results.json", "runs-2/a/results.json"):
            assert client.put(f"/files/{path}", content=path.encode()).json()["of"] == f"uploads/{path}"
        client.put("/files/alone.csv", content=b"model,mmlu\nx,.5\n")
        assert (tmp_path / "uploads" / "runs" / "b" / "results.json").read_bytes() == b"runs/b/results.json"
        assert "uploads/alone.csv" in {each["id"] for each in client.get("/api/sources").json()}


def test_each_drop_is_a_source_of_its_own(tmp_path, filled):
    for name in ("one", "two"):
        (tmp_path / "uploads" / name).mkdir(parents=True)
        for of in ("1", "2"):
            shutil.copy(filled / "items.parquet", tmp_path / "uploads" / name / f"{of}.parquet")
    (tmp_path / "uploads" / "scores.csv").write_text("model,mmlu\nx,.5\n")
    with TestClient(create_app(tmp_path), base_url=BASE) as client:
        told = {each["id"]: each["kind"] for each in client.get("/api/sources").json() if each["kind"] != "study"}
    assert told == {"uploads/one": "logs", "uploads/two": "logs", "uploads/scores.csv": "table"}


def test_a_folder_whose_upload_breaks_off_is_gone_unless_it_holds_something(tmp_path):
    def chunks():
        yield b"model,"
        raise ConnectionError("gone")

    app = create_app(tmp_path)
    with TestClient(app, base_url=BASE) as client:
        client.post("/drops?name=runs")
        client.put("/files/runs/whole.csv", content=b"x")
        with pytest.raises(ConnectionError):
            client.put("/files/runs/a/b/half.csv", content=chunks())
        assert [path.name for path in (tmp_path / "uploads" / "runs").iterdir()] == ["whole.csv"]


@pytest.mark.parametrize(
    "path",
    ["runs/../x.csv", "runs/.git/x", "never/x.csv", "runs//x.csv", "runs/" + "a/" * 30 + "x", "runs/out/x/y.csv"],
)
def test_paths_that_lead_elsewhere_are_refused(tmp_path, path):
    served, outside = tmp_path / "served", tmp_path / "outside"
    (served / "uploads" / "runs").mkdir(parents=True)
    outside.mkdir()
    (served / "uploads" / "runs" / "out").symlink_to(outside, target_is_directory=True)
    assert put(create_app(served), path.replace("/", "%2F"), b"x").status_code == 422
    assert list(outside.iterdir()) == []
    assert not [each for each in served.rglob("*") if each.is_file()]


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
