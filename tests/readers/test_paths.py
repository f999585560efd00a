"""Files and folders as people have them: linked, closed, or no files at all."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from measurand.errors import InputError
from measurand.readers import read
from measurand.readers.evidence.claim_card import read_claim_card
from measurand.readers.evidence.corpus import corpus_files
from measurand.readers.evidence.item_sets import read_item_set
from measurand.readers.evidence.quiz import read_quizzes
from measurand.readers.evidence.texts import read_texts
from measurand.readers.evidence.token_logprobs import read_members, read_token_logprobs
from measurand.readers.logs import find_logs
from measurand.readers.paths import below, expand, read_bytes, recognise
from measurand.store import ingest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs links, pipes and devices")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two logs of one model, one of them in a folder below."""
    made = tmp_path / "logs"
    for place, task in (("a.json", "one"), ("sub/b.json", "two")):
        scores = {"match": {"value": "C"}}
        samples = [{"id": i, "epoch": 1, "target": "A", "scores": scores} for i in range(4)]
        head = {"task": task, "model": "org/m", "dataset": {}, "config": {}}
        (made / place).parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps({"version": 2, "status": "success", "eval": head, "samples": samples})
        (made / place).write_text(content, encoding="utf-8")
    return made


def scored(study) -> list[tuple[str, float, int]]:
    return sorted(study.scores.table.select("benchmark", "score", "n_items").rows())


BOTH = [("one", 1.0, 4), ("two", 1.0, 4)]


def test_folders_linked_into_themselves_are_visited_once(folder):
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "again").symlink_to(folder / "sub")
    (folder / "latest.json").symlink_to(folder / "a.json")
    os.link(folder / "a.json", folder / "sub" / "z.json")
    assert [str(path.relative_to(folder)) for path in below(folder).found] == ["a.json", "sub/b.json"]
    assert scored(read(folder)) == BOTH
    assert read(folder).unread == ()


def test_a_link_to_a_folder_elsewhere_is_followed(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (folder / "sub").rename(tmp_path / "other" / "sub")
    (folder / "link").symlink_to(tmp_path / "other")
    assert scored(read(folder)) == BOTH


def close(folder: Path, monkeypatch) -> None:
    """Take the permission to look into a folder away, also from who may do everything."""
    whole = os.scandir

    def scan(path):
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(os, "scandir", scan)


def test_beside_logs_what_cannot_be_read_is_told_with_what_it_may_have_cost(folder, monkeypatch):
    (folder / "closed").mkdir()
    close(folder / "closed", monkeypatch)
    os.mkfifo(folder / "pipe.json")
    (folder / "gone.json").symlink_to(folder / "nowhere")
    (folder / "round.json").symlink_to(folder / "round.json")
    study = read(folder)
    assert scored(study) == BOTH
    assert {(Path(lost.file).name, lost.reason, lost.rows_lost) for lost in study.unread} == {
        ("closed", "cannot be read: Permission denied", None),
        ("pipe.json", "is a pipe, not a file", None),
        ("gone.json", "cannot be read: No such file or directory", None),
        ("round.json", "cannot be read: Too many levels of symbolic links", None),
    }


def test_a_store_says_it_too_and_forgets_it_when_it_can_be_read(folder, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        close(folder / "sub", patch)
        (folder / "pipe.json").unlink(missing_ok=True)
        os.mkfifo(folder / "pipe.json")
        (folder / "round.json").symlink_to(folder / "round.json")
        (folder / "round.csv").symlink_to(folder / "round.csv")
        first = ingest([folder], tmp_path / "store")
    assert {Path(lost.file).name: lost.reason for lost in first.rejected} == {
        "sub": "cannot be read: Permission denied",
        "pipe.json": "is a pipe, not a file",
        "round.json": "cannot be read: Too many levels of symbolic links",
        "round.csv": "cannot be read: Too many levels of symbolic links",
    }
    (folder / "pipe.json").unlink()
    assert "sub" not in {Path(lost.file).name for lost in ingest([folder], tmp_path / "store").rejected}


def test_beside_tables_what_cannot_be_read_is_refused_as_no_score_says_what_it_cost(tmp_path, monkeypatch):
    (tmp_path / "scores.csv").write_text("model,mmlu\na,0.5\nb,0.4\n", encoding="utf-8")
    (tmp_path / "closed").mkdir()
    close(tmp_path / "closed", monkeypatch)
    with pytest.raises(InputError, match=r"closed: cannot be read: Permission denied; name the files in"):
        read(tmp_path)
    with pytest.raises(InputError, match="closed: cannot be read: Permission denied"):
        corpus_files(tmp_path)
    assert read(tmp_path / "scores.csv").scores is not None


READERS = [
    read,
    expand,
    read_bytes,
    read_claim_card,
    corpus_files,
    read_item_set,
    lambda path: read_quizzes([path]),
    read_texts,
    read_members,
    read_token_logprobs,
]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.jsonl", "pipe.parquet", "pipe.eval", "pipe.toml"])
def test_a_pipe_is_refused_by_name_and_never_waited_for(tmp_path, reader, name):
    os.mkfifo(tmp_path / name)
    assert find_logs(tmp_path / name) == []
    assert recognise(tmp_path / name) in (None, "csv", "jsonl", "parquet")
    with pytest.raises(InputError, match=rf"{name}: is a pipe; save what it gives to a file and name that"):
        reader(tmp_path / name)


@pytest.mark.parametrize("reader", READERS)
def test_devices_and_sockets_are_refused_by_name(tmp_path, monkeypatch, reader):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s.csv")
        with pytest.raises(InputError, match=r"s\.csv: is a socket"):
            reader("s.csv")
    with pytest.raises(InputError, match="/dev/zero: is a device"):
        reader("/dev/zero")


def test_the_output_of_another_command_is_refused_by_name():
    script = f"{sys.executable} -m measurand audit <(printf 'model,mmlu\\na,0.5\\n')"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.endswith("is a pipe; save what it gives to a file and name that\n")
