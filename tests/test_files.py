"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from measurand.files import write_atomically


def test_missing_folders_are_made_and_the_path_is_returned(tmp_path):
    target = tmp_path / "a" / "b" / "audit.json"
    assert write_atomically(str(target), b"data") == target
    assert target.read_bytes() == b"data"
    assert [path.name for path in target.parent.iterdir()] == ["audit.json"]


def test_a_file_is_replaced(tmp_path):
    target = tmp_path / "audit.json"
    target.write_bytes(b"old and longer")
    write_atomically(target, b"new")
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step, error):
    target = tmp_path / "audit.json"
    target.write_bytes(b"old")

    def fail(*_args):
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_file_has_the_rights_the_user_asks_of_new_files(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        path = write_atomically(tmp_path / "report.html", b"x")
        assert os.umask(umask) == umask  # and leaves the user's choice as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_folder_in_the_way_is_an_error_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "audit.json").mkdir()
    with pytest.raises(OSError, match=r"audit\.json"):
        write_atomically(tmp_path / "audit.json", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["audit.json"]
