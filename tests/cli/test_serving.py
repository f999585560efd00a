"""The commands of the explorer: where it listens, who is told a token, and the static site."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from measurand.cli import app

pytest.importorskip("fastapi", reason="the explorer needs fastapi: pip install 'measurand[web]'")


def served(tmp_path, *options: str):
    command = [sys.executable, "-m", "measurand", "serve", str(tmp_path), "--port", "0", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "300"})


def address(process) -> str:
    for line in process.stderr:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise AssertionError("no address was printed")


def test_it_listens_and_ends_with_an_interrupt(tmp_path):
    process = served(tmp_path)
    try:
        at = address(process)
        assert at.startswith("http://127.0.0.1:")
        assert "token" not in at
        with urllib.request.urlopen(f"{at}api/sources", timeout=20) as answer:
            assert b"safetywashing_2024" in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[1]
    assert "Traceback" not in rest


def test_beyond_this_machine_it_asks_for_its_token(tmp_path):
    process = served(tmp_path, "--host", "0.0.0.0")
    try:
        at = address(process).replace("0.0.0.0", "127.0.0.1")
        assert re.search(r"\?token=[\w-]{20,}$", at)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(at.partition("?")[0], timeout=20)
        with refused.value:
            assert refused.value.code == 401
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(at, timeout=20) as answer:
            assert "token" not in answer.url
            assert answer.status == 200
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(app, ["serve", str(tmp_path), "--port", port])
    assert done.exit_code != 0
    assert f"127.0.0.1:{port}" in str(done.exception)


def test_no_folder_is_said(tmp_path):
    done = CliRunner().invoke(app, ["serve", str(tmp_path / "nothing")])
    assert "no such folder" in str(done.exception)


def test_the_site_says_what_it_left_out(tmp_path, capfd):
    (tmp_path / "scores.csv").write_text("model,mmlu,gsm8k,arc_challenge,mine\n" + "".join(
        f"m{i},{i / 20},{i / 25},{i / 30},{(i * 7) % 11 / 12}\n" for i in range(12)
    ))  # fmt: skip
    (tmp_path / "broken.csv").write_text("model,a,a\nx,1,2\n")
    done = CliRunner().invoke(app, ["site", str(tmp_path), "-o", str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0
    told = capfd.readouterr().err + done.output
    assert "left out: broken.csv" in told
    assert "3 pages" in told
    assert (tmp_path / "out" / "explorers" / "scores.csv.html").is_file()
