"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from measurand.errors import InputError
from measurand.files import other_than_file, require_writable, write_atomically

unix = pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and these messages are Unix's")


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


@pytest.mark.parametrize("step", ["fsync", "replace"])
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
    with pytest.raises(InputError, match=r"audit\.json: is a folder; name a file to write"):
        write_atomically(tmp_path / "audit.json", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["audit.json"]


def place_pipe(path):
    os.mkfifo(path)


def place_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@unix
@pytest.mark.parametrize(
    ("place", "named"), [(Path.mkdir, "a folder"), (place_pipe, "a pipe"), (place_socket, "a socket")]
)
@pytest.mark.parametrize("act", [require_writable, lambda path: write_atomically(path, b"x")])
def test_what_is_no_file_is_named_and_stays(tmp_path, monkeypatch, place, named, act):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    place(Path("odd"))
    before = os.stat("odd").st_ino
    with pytest.raises(InputError, match=f"odd: is {named}; name a file to write"):
        act("odd")
    assert os.stat("odd").st_ino == before


@unix
def test_a_device_is_not_replaced_by_a_file():
    with pytest.raises(InputError, match="/dev/full: is a device"):
        write_atomically("/dev/full", b"x")
    assert other_than_file("/dev/full") == "a device"


@unix
def test_what_a_killed_writer_left_is_taken_over_by_the_next(tmp_path):
    target = tmp_path / "audit.json"
    script = (
        "import os, sys; from measurand import files\n"
        "files.os.fsync = lambda handle: os.kill(os.getpid(), 9)\n"
        "files.write_atomically(sys.argv[1], b'half of a longer file')"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(target)], check=False)
    assert killed.returncode == -9
    assert not target.exists()
    assert len(list(tmp_path.iterdir())) == 1
    write_atomically(target, b"whole")
    assert target.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [target]


def test_many_writers_of_one_file_leave_one_of_their_files_whole(tmp_path):
    target = tmp_path / "audit.json"
    contents = [bytes([65 + i]) * 100_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            list(pool.map(lambda data: write_atomically(target, data), contents))
            assert target.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [target]


@unix
def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".audit.json.part").symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match=r"audit\.json"):
        write_atomically(tmp_path / "audit.json", b"x")
    assert (tmp_path / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["a" * 250 + ".json", "ü" * 125, "a" * 255])
def test_the_longest_names_the_system_takes_can_be_written(tmp_path, name):
    require_writable(tmp_path / name)
    assert write_atomically(tmp_path / name, b"x").read_bytes() == b"x"


@unix
@pytest.mark.parametrize("act", [require_writable, lambda path: write_atomically(path, b"x")])
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file/audit.html", "Not a directory"),
        ("file/new/audit.html", "Not a directory"),
        ("a" * 300, "File name too long"),
        ("new/" + "a" * 300, "File name too long"),
        ("a" * 300 + "/audit.html", "File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_by_name_before_and_during_the_work(tmp_path, act, place, said):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=said) as refused:
        act(tmp_path / place)
    assert str(tmp_path) in str(refused.value.filename)


@unix
def test_a_folder_where_nothing_can_be_made_is_refused_before_the_work():
    with pytest.raises(OSError, match="/proc") as refused:
        require_writable("/proc/new/audit.html")
    assert refused.value.filename == "/proc"


def test_to_look_whether_a_file_can_be_written_makes_nothing(tmp_path):
    (tmp_path / "audit.json").write_bytes(b"old")
    require_writable(tmp_path / "audit.json")
    require_writable(tmp_path / "new" / "folder" / "audit.json")
    assert [path.name for path in tmp_path.iterdir()] == ["audit.json"]
    assert (tmp_path / "audit.json").read_bytes() == b"old"


def test_a_full_disk_is_told_with_the_file_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*audit\.json'"):
        write_atomically(tmp_path / "audit.json", b"x")
    assert list(tmp_path.iterdir()) == []
