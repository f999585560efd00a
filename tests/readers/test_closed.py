"""What can never be read is a log that says why."""

from __future__ import annotations

import os

import pytest

from measurand.readers import closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_named_and_never_opened(tmp_path):
    pipe = tmp_path / "runs.eval"
    os.mkfifo(pipe)
    assert closed.recognise(pipe)
    log = closed.read(pipe)
    assert (log.model, log.task, log.items.height, log.source.format) == (None, None, 0, "closed")
    ((reason, lost),) = [(problem.reason, problem.rows_lost) for problem in log.problems]
    assert "pipe" in reason
    assert lost is None


def test_a_link_that_leads_nowhere_is_said(tmp_path):
    link = tmp_path / "gone.json"
    link.symlink_to(tmp_path / "absent")
    assert closed.recognise(link)
    assert closed.read(link).problems[0].reason


def test_what_can_be_read_again_is_said(tmp_path):
    path = tmp_path / "log.json"
    path.write_text("{}")
    assert not closed.recognise(path)
    assert closed.read(path).problems[0].reason == "could not be read, and now can; read it again"
