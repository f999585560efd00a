"""Any console can show what is printed, and what is wrong with the input or the system is one line."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from measurand import cli
from measurand.cli.streams import one_line
from measurand.errors import InputError

unix = pytest.mark.skipif(sys.platform == "win32", reason="needs /dev/full")


def raise_it(problem):
    raise problem


def told(capsys, problem) -> str:
    with pytest.raises(SystemExit) as ended, one_line():
        raise_it(problem)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (InputError("bad\nx\x1b[31m"), "measurand: bad x [31m"),
        (OSError(errno.ENOSPC, "No space left on device", "out/audit.html"), "out/audit.html: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", b"out"), "measurand: out: Permission denied"),
        (OSError(errno.EROFS, "Read-only file system"), "measurand's output: Read-only file system"),
        (OSError("cluster gone"), "measurand: cluster gone"),
        (MemoryError("5 GB"), "measurand: not enough memory (5 GB)"),
    ],
)
def test_every_fault_is_one_line_and_exit_code_2(capsys, problem, line):
    assert line in told(capsys, problem)


def test_other_exceptions_and_other_exits_are_left_alone():
    with pytest.raises(ZeroDivisionError), one_line():
        raise_it(ZeroDivisionError())
    with pytest.raises(SystemExit) as ended, one_line():
        sys.exit(1)
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "−0.3 … ≥ “a” 你 😀 é \\udc80"),
        ("cp1252", "-0.3 … >= “a” \\u4f60 \\ud83d\\ude00 é \\udc80"),
        ("ascii", "-0.3 ... >= 'a' \\u4f60 \\ud83d\\ude00 \\u00e9 \\udc80"),
    ],
)
def test_what_a_console_cannot_show_is_shown_by_what_is_nearest(monkeypatch, encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    with one_line():
        print("−0.3 … ≥ “a” 你 😀 é \udc80", end="")
    assert stream.buffer.getvalue().decode(encoding) == shown


def run(*words, stdout=subprocess.PIPE, **environment) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "measurand", *map(str, words)]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, env=os.environ | environment, check=False, timeout=120
    )


@pytest.fixture
def scores(tmp_path) -> Path:
    """Logs of two models with names that few consoles can show."""
    path = tmp_path / "scores.csv"
    rows = [f"模型-{m},arc,q{i},{int(i % (m + 2) == 0)}" for m in range(2) for i in range(60)]
    path.write_text("\n".join(["model,benchmark,item,score", *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_whole_command_reaches_consoles_that_are_not_utf_8(scores, encoding):
    done = run("compare", scores, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u6a21\\u578b-0" in done.stdout
    read = json.loads(run("compare", scores, "--json", PYTHONIOENCODING=encoding).stdout)
    assert any("模型-0" in str(finding["subject"]) for finding in read["findings"])


@unix
@pytest.mark.parametrize("words", [["--json"], [], ["--markdown"]])
def test_output_that_cannot_be_written_is_one_line(scores, words):
    with open("/dev/full", "wb") as full:
        done = run("score", scores, *words, stdout=full)
    assert done.returncode == 2
    assert done.stderr.decode() == "measurand: measurand's output: No space left on device\n"


def test_where_the_report_cannot_be_is_told_before_the_work(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("measurand.auditing.audit", lambda *_args, **_more: pytest.fail("audited"))
    monkeypatch.setattr("measurand.readers.read", lambda *_args, **_more: pytest.fail("read"))
    for words in (
        ["demo", "-o", tmp_path / "file"],
        ["figure", "V1", "-o", tmp_path / "file" / "a.svg"],
        ["export", tmp_path / "file", "-o", tmp_path / ("a" * 300 + ".csv")],
        ["calibrate", "--runs", "20", "--output", tmp_path],
    ):
        monkeypatch.setattr(sys, "argv", ["measurand", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert str(tmp_path) in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_answer_is_printed_though_the_report_found_the_disk_full(scores, tmp_path, monkeypatch, capsys):
    def full(_file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(sys, "argv", ["measurand", "score", str(scores), "-o", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr()
    assert ended.value.code == 2
    assert "模型-0" in shown.out
    assert "audit.html: No space left on device" in shown.err


@pytest.mark.parametrize(
    "words",
    [["holdout", "a.csv", "b.csv", "--odd-one-out", text] for text in ("²,3,4", "9" * 5000 + ",1,1", "1,2", "-1,2,3")]
    + [["rarity", "--failures", "0", "--trials", "9", "--checked", text] for text in ("²,3", "9" * 400 + ",1")],
)
def test_counts_are_whole_numbers_of_a_length_that_can_be_counted_with(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["measurand", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "each a whole number, got" in line
    assert len(line) < 250


@pytest.mark.parametrize("words", [["demo"], ["figure", "V1"], ["calibrate"]])
def test_a_seed_below_0_is_refused_wherever_one_is_taken(words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["measurand", *words, "--seed", "-1"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "--seed" in capsys.readouterr().err
