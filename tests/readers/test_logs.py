"""Logs are recognised by what they hold, found once, and never passed over in silence."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from measurand.errors import InputError
from measurand.readers import logs as logs_module
from measurand.readers.log import Log, items_frame
from measurand.readers.logs import LogPath, find_logs, read_log
from measurand.results import Source

FOLDERS = {
    # folder -> reader, logs in it: one an Inspect log, an lm-eval or every_eval_ever results file, a HELM run folder
    "inspect": ("inspect_ai", 18),
    "lm_eval": ("lm_eval", 4),
    "lm_eval/lm_eval_group": ("lm_eval", 1),
    "helm": ("helm", 3),
    "every_eval_ever": ("every_eval_ever", 2),
    "pythia_lm_eval": ("lm_eval", 29),
    "judges": ("items", 1),
}


@pytest.fixture
def logs(shared):
    return shared / "data/harness_logs"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_log_is_found_once_by_its_reader(logs, folder):
    found = find_logs(logs / folder)
    reader, count = FOLDERS[folder]
    assert {log.reader for log in found} == {reader}
    assert len({log.path for log in found}) == len(found) == count
    assert found == sorted(found, key=lambda log: str(log.path))


def test_a_folder_of_several_harnesses_gives_the_logs_of_all(logs):
    whole = find_logs(logs)
    assert len(whole) == sum(count for folder, (_, count) in FOLDERS.items() if "/" not in folder)
    assert {log.reader for log in whole} == {"inspect_ai", "lm_eval", "helm", "every_eval_ever", "items"}


@pytest.mark.parametrize(
    ("file", "reader"),
    [
        ("inspect/data_arc_qwen.json", "inspect_ai"),
        ("inspect/log_formats.eval", "inspect_ai"),
        ("pythia_lm_eval/opt-125m.json", "lm_eval"),
        ("lm_eval/lm_eval_group/org__fake-model/results_2026-11-21T22-23-24.440486.json", "lm_eval"),
        ("every_eval_ever/98ea850e-7019-4728-a558-8b1819ec47c2.json", "every_eval_ever"),
    ],
)
@pytest.mark.parametrize("name", ["anything", "results of May", "samples", "scores"])
def test_the_file_name_does_not_matter(logs, tmp_path, file, reader, name):
    # An .eval is a zip: its ending stays; everything else may even lose it.
    suffix = ".eval" if file.endswith(".eval") else ".json" if name != "anything" else ""
    copied = tmp_path / f"{name}{suffix}"
    shutil.copy(logs / file, copied)
    assert find_logs(copied) == find_logs(tmp_path) == [LogPath(reader, copied)]
    assert [log.task for log in read_log(find_logs(copied)[0])] == [
        log.task for log in read_log(LogPath(reader, logs / file))
    ]


def test_an_eval_keeps_its_reader_without_its_ending(logs, tmp_path):
    shutil.copy(logs / "inspect/log_formats.eval", tmp_path / "log")
    assert [log.reader for log in find_logs(tmp_path)] == ["inspect_ai"]


def test_a_helm_folder_may_have_any_name(logs, tmp_path):
    source = next(path for path in (logs / "helm").iterdir() if "hellaswag" in path.name)
    shutil.copytree(source, tmp_path / "runs" / "one")
    assert find_logs(tmp_path) == [LogPath("helm", tmp_path / "runs" / "one")]


def test_samples_are_read_with_their_results_and_not_listed_beside_them(logs):
    folder = logs / "lm_eval/lm_eval_dummy"
    (found,) = find_logs(folder)
    assert found.path.name.startswith("results_")
    assert {log.task: log.items.height for log in read_log(found)} == {"tiny_mc": 40, "tiny_gen": 10}
    assert [log.path.suffix for log in find_logs(logs / "every_eval_ever")] == [".json", ".json"]


def test_samples_without_results_are_a_log_of_their_own(logs, tmp_path):
    for path in (logs / "lm_eval/lm_eval_dummy").rglob("samples_*"):
        shutil.copy(path, tmp_path)
    found = find_logs(tmp_path)
    assert [log.path.name[:12] for log in found] == ["samples_tiny", "samples_tiny"]
    assert {log.reader for log in found} == {"lm_eval"}


def test_hidden_files_and_folders_are_passed_over(logs, tmp_path):
    (tmp_path / ".cache").mkdir()
    for target in (".hidden.json", ".cache/seen.json"):
        shutil.copy(logs / "pythia_lm_eval/opt-125m.json", tmp_path / target)
    assert find_logs(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut short"])
def test_a_broken_eval_is_listed_and_says_why(tmp_path, content):
    broken = tmp_path / "broken.eval"
    broken.write_bytes(content)
    (found,) = find_logs(tmp_path)
    assert found == LogPath("inspect_ai", broken)
    (log,) = read_log(found)
    assert log.items.is_empty()
    assert log.problems[0].reason


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.json", b'{"a": 1}'),
        ("list.json", b"[1, 2]"),
        ("broken.json", b'{"results": {'),
        ("rows.jsonl", b'{"model": "a", "mmlu": 0.4}\n'),
        ("README", b"nothing to see"),
        ("scores.csv", b"model,mmlu\na,0.4\n"),
    ],
)
def test_what_is_no_log_is_not_taken_for_one(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert find_logs(tmp_path) == find_logs(tmp_path / name) == []


def test_a_log_that_is_gone_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"gone\.eval"):
        read_log(LogPath("inspect_ai", tmp_path / "gone.eval"))


class Lines:
    """A reader as another package would offer it."""

    @staticmethod
    def recognise(path):
        return Path(path).read_bytes().startswith(b"LINES")

    @staticmethod
    def read(path):
        source = Source(str(path), "0" * 64, "lines", 1)
        return Log(
            source=source,
            harness="lines",
            harness_version=None,
            model="org/model",
            task="mmlu",
            task_version=None,
            items=items_frame({"item": ["1"], "score": [1.0]}),
        )


def test_a_reader_of_another_package_is_asked_after_our_own(tmp_path, monkeypatch):
    entry = SimpleNamespace(name="lines", load=lambda: Lines)
    monkeypatch.setattr(logs_module, "entry_points", lambda group: [entry] if group == "measurand.readers" else [])
    logs_module.file_readers.cache_clear()
    try:
        path = tmp_path / "run.jsonl"
        path.write_text("LINES")
        assert list(logs_module.file_readers())[-1] == "lines"
        (found,) = find_logs(path)
        assert found == LogPath("lines", path)
        assert [log.model for log in read_log(found)] == ["org/model"]
    finally:
        logs_module.file_readers.cache_clear()
