"""What lies in the folder, and that nothing outside it can be reached."""

from __future__ import annotations

import io
import os
import time
import zipfile

import pytest
from starlette.testclient import TestClient

from measurand.errors import InputError, UnknownName
from measurand.readers import EXAMPLES
from measurand.web.app import create_app
from measurand.web.folder import Folder

SECRET = "model,mmlu\nstolen,0.5\n"


@pytest.fixture
def beside(tmp_path):
    """A folder to serve, with a secret beside it."""
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "secret.csv").write_text(SECRET)
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret.csv").write_text(SECRET)
    (served / "own.csv").write_text("model,mmlu\nmine,0.5\n")
    return served


def test_sources_are_told_by_what_they_are(filled):
    found = {each.id: each for each in Folder(filled).sources()}
    assert set(EXAMPLES) <= set(found)
    assert found["votes.csv"].kind == "table"
    assert found["items.parquet"].kind == "logs"  # item-level results, as logs hold them


@pytest.mark.parametrize(
    "id_",
    [
        "../secret.csv", "..", "/etc/passwd", "a/../../secret.csv", "..%2fsecret.csv", "./../secret.csv",
        "own.csv/../../secret.csv", "\0", "own.csv\0.txt", "..\\secret.csv", "//etc/passwd", "~/secret.csv",
        ".hidden/x.csv", "nothing.csv",
    ],
)  # fmt: skip
def test_nothing_outside_has_a_name(beside, id_):
    (beside / ".hidden").mkdir()
    (beside / ".hidden" / "x.csv").write_text(SECRET)
    with pytest.raises(UnknownName):
        Folder(beside).study(id_)


@pytest.mark.parametrize(
    "path", ["/entanglement", "/api/comparison", "/leaderboard", "/audit", "/api/audit", "/open", "/claims"]
)
@pytest.mark.parametrize(
    "of", ["../secret.csv", "..%2f..%2fetc%2fpasswd", "%2e%2e/secret.csv", "%00", "..%255csecret.csv"]
)
def test_no_address_reads_what_lies_outside(beside, path, of):
    with TestClient(create_app(beside), base_url="http://127.0.0.1") as client:
        answer = client.get(f"{path}?of={of}")
    assert answer.status_code in (404, 422)
    assert "stolen" not in answer.text


@pytest.mark.parametrize(
    "path", ["/static/..%2f..%2f__init__.py", "/static/../app.py", "/files/..%2fx", "/%2e%2e/secret.csv"]
)
def test_no_path_reads_what_lies_outside(beside, path):
    with TestClient(create_app(beside), base_url="http://127.0.0.1") as client:
        answer = client.get(path)
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text


def test_links_that_lead_out_are_refused(beside):
    (beside / "link.csv").symlink_to(beside.parent / "secret.csv")
    (beside / "logs").mkdir()
    (beside / "logs" / "own.csv").write_text("model,mmlu\nmine,0.5\n")
    (beside / "logs" / "inner.csv").symlink_to(beside.parent / "secret.csv")
    (beside / "more").mkdir()
    (beside / "more" / "own.csv").write_text("model,mmlu\nmine,0.5\n")
    (beside / "more" / "there").symlink_to(beside.parent / "private", target_is_directory=True)
    folder = Folder(beside)
    assert {each.id for each in folder.sources()} - set(EXAMPLES) == {"own.csv", "logs/own.csv", "more/own.csv"}
    with pytest.raises(UnknownName):
        folder.study("link.csv")
    for name in ("logs", "more", "more/there"):
        with pytest.raises(InputError, match=r"leads out|no source"):
            folder.study(name)


def test_links_inside_are_followed(beside):
    (beside / "again.csv").symlink_to(beside / "own.csv")
    assert Folder(beside).study("again.csv").names("model") == ("mine",)


def test_a_zip_with_paths_that_lead_out_writes_nothing(beside):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../escaped.csv", SECRET)
        archive.writestr("/etc/escaped.csv", SECRET)
        archive.writestr("header.json", "{}")
    (beside / "log.eval").write_bytes(packed.getvalue())
    before = sorted(path for path in beside.parent.rglob("*"))
    with TestClient(create_app(beside), base_url="http://127.0.0.1") as client:
        assert client.get("/comparison?of=log.eval").status_code == 422
    assert sorted(path for path in beside.parent.rglob("*")) == before


def test_a_study_is_read_once_until_its_files_change(beside):
    folder = Folder(beside)
    first = folder.study("own.csv")
    assert folder.study("own.csv") is first
    (beside / "own.csv").write_text("model,mmlu\nmine,0.5\nother,0.6\n")
    os.utime(beside / "own.csv", (time.time() + 5, time.time() + 5))
    assert folder.study("own.csv").names("model") == ("mine", "other")


def test_no_folder_is_said(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        Folder(tmp_path / "nothing")
