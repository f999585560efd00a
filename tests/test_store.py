"""The store: equal to its sources, incremental, safe to kill, and distrustful of what it finds."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import measurand
from measurand.cli import app
from measurand.errors import InputError
from measurand.readers import read as read_files
from measurand.readers.clusters import with_clusters
from measurand.readers.logs import find_logs, read_log
from measurand.store import ingest, is_store, open_study, read
from measurand.store.layout import MANIFEST, ROOT
from measurand.tables import RESPONSE_COLUMNS, Unread, item_tables

ORDER = [name for name, dtype in RESPONSE_COLUMNS.items() if not isinstance(dtype, pl.List)]


@pytest.fixture(scope="session")
def logs(shared):
    return shared / "data/harness_logs"


@pytest.fixture(scope="session")
def whole(logs, tmp_path_factory):
    """A store of all logs there are, not to be changed."""
    store = tmp_path_factory.mktemp("whole") / "store"
    ingest([logs], store)
    return store


def write_log(
    path: Path, model: str = "org/model", task: str = "mine", right: int = 3, items: int = 10, **more
) -> Path:
    """A small Inspect log in which the first items are right."""
    samples = [
        {"id": i, "epoch": 1, "target": "A", "scores": {"match": {"value": "C" if i < right else "I", "answer": "A"}}}
        for i in range(items)
    ]
    head = {"task": task, "model": model, "dataset": {}, "config": {}, **more}
    content = {"version": 2, "status": "success", "eval": head, "samples": samples}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def contents(store: Path) -> dict[str, str]:
    """Hash of every file by its place."""
    files = (path for path in store.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def states(store: Path) -> dict[str, tuple[int, int]]:
    """Time of change and number of every file by its place."""
    files = ((path, path.stat()) for path in store.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): (stat.st_mtime_ns, stat.st_ino) for path, stat in files}


def scores(study) -> dict[tuple[str, str], float]:
    return {(row[0], row[1]): row[2] for row in study.scores.table.iter_rows()}


def rows(study) -> pl.DataFrame:
    return study.responses.frame.collect().sort(ORDER)


def seal(path: Path, record: dict[str, object]) -> None:
    """Write a record as ingest would, whatever it says."""
    content = json.dumps(record).encode()
    path.write_bytes(b'{"sha256": "%s", "record": %s}' % (hashlib.sha256(content).hexdigest().encode(), content))


def records(store: Path) -> list[Path]:
    return sorted((store / "logs").iterdir())


def parts(store: Path) -> list[Path]:
    return sorted((store / "items").rglob("*.parquet"))


def start_ingest(folder: Path, store: Path, *, jobs: int = 1) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "measurand", "ingest", str(folder), "-o", str(store), "--jobs", str(jobs)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


# Round trip


def test_a_store_gives_the_study_its_sources_give(logs, whole):
    direct, stored = with_clusters(read_files(logs), None), read(whole)
    assert stored.scores.table.equals(direct.scores.table)
    assert stored.scores.models.equals(direct.scores.models)
    assert stored.scores.benchmarks.equals(direct.scores.benchmarks)
    # What lies beside the logs is known only while they are looked for.
    assert stored.scores.notes == tuple(note for note in direct.scores.notes if not note.startswith("tables in"))
    assert stored.unread == direct.unread
    assert len(stored.unread) > 0
    # A store holds logs; votes and other tables of evidence are read from the folder they lie in.
    assert stored.sources == tuple(source for source in direct.sources if Path(source.path).stem != "judge_q5")
    assert rows(stored).equals(rows(direct))


def test_choices_are_those_of_read(logs, whole):
    choices = {"capability": ["arc_easy", "piqa"], "lower_is_better": ["piqa"], "benchmarks": None}
    direct, stored = read_files(logs, **choices), read(whole, **choices)
    assert (
        stored.scores.benchmarks_of("capability") == direct.scores.benchmarks_of("capability") == ("arc_easy", "piqa")
    )
    assert stored.scores.benchmarks.equals(direct.scores.benchmarks)


def test_opening_loads_no_rows_and_a_filter_reaches_the_files(whole):
    frame = open_study(whole).responses.frame
    assert isinstance(frame, pl.LazyFrame)
    assert dict(frame.collect_schema()) == RESPONSE_COLUMNS
    plan = frame.filter(pl.col("benchmark") == "tiny_mcq").select("score").explain()
    assert "Parquet SCAN" in plan
    assert "SELECTION" in plan or "PREDICATE" in plan


def test_every_log_says_how_many_rows_it_has(logs):
    # Opening a store takes the number of rows from there, as their frame is not at hand.
    assert all(log.source.rows == log.items.height for path in find_logs(logs) for log in read_log(path))


def test_the_manifest_says_source_hash_harness_rows_and_rejections(logs, whole):
    manifest = json.loads((whole / MANIFEST).read_text(encoding="utf-8"))
    entries = manifest["logs"]
    study = read_files(logs)
    assert manifest["schema_version"] == 2
    of_logs = [source for source in study.sources if Path(source.path).stem != "judge_q5"]
    assert sum(entry["rows"] for entry in entries) == sum(source.rows for source in of_logs) == 1236
    assert {entry["harness"] for entry in entries} == {"inspect_ai", "lm_eval", "helm", "every_eval_ever", "items"}
    rejected = [Unread(entry["file"], **lost) for entry in entries for lost in entry["rejected"]]
    # Which runs are set aside beside others depends on what is opened together, and stands in no record.
    assert rejected == [each for each in study.unread if "set aside" not in each.reason]
    entry = next(entry for entry in entries if entry["source"].endswith("log_formats.json"))
    assert entry["sha256"] == hashlib.sha256((logs / "inspect/log_formats.json").read_bytes()).hexdigest()


def test_a_store_holds_no_clock_and_no_place_of_its_own(logs, whole, tmp_path):
    ingest([logs], tmp_path / "elsewhere" / "again", jobs=2)
    assert contents(tmp_path / "elsewhere" / "again") == contents(whole)


def test_names_that_no_file_could_have_become_files(tmp_path):
    names = ["../../outside", "a/b", "..", "long" * 100, "long" * 100 + "er", "nul\0", "ü*[?]"]
    for place, name in enumerate(names):
        write_log(tmp_path / "logs" / f"{place}.json", task=name)
    ingest([tmp_path / "logs"], tmp_path / "store")
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "store"}
    assert rows(read(tmp_path / "store")).equals(rows(read_files(tmp_path / "logs")))
    assert len(parts(tmp_path / "store")) == len(names)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names there are text")
def test_a_file_name_that_is_no_text_is_ingested(tmp_path):
    (tmp_path / "logs").mkdir()
    made = write_log(tmp_path / "log.json")
    made.rename(tmp_path / "logs" / os.fsdecode(b"\xff.json"))
    ingest([tmp_path / "logs"], tmp_path / "store")
    assert ingest([tmp_path / "logs"], tmp_path / "store").read == 0
    study = read(tmp_path / "store")
    assert scores(study) == {("org/model", "mine"): 0.3}
    assert study.sources[0].path == str(tmp_path / "logs" / "\\udcff.json")


def test_a_log_without_a_model_is_said_and_its_rows_counted(tmp_path):
    write_log(tmp_path / "logs" / "a.json", model="")
    write_log(tmp_path / "logs" / "b.json")
    ingest([tmp_path / "logs"], tmp_path / "store")
    assert read(tmp_path / "store").unread == read_files(tmp_path / "logs").unread
    assert read(tmp_path / "store").unread[0].rows_lost == 10


# Names are made when a store is opened


def test_aliases_change_without_ingesting_again(tmp_path):
    write_log(tmp_path / "logs" / "a.json", model="together/org/small")
    write_log(tmp_path / "logs" / "b.json", model="org/large", right=8)
    ingest([tmp_path / "logs"], tmp_path / "store")
    before = states(tmp_path / "store")
    plain, renamed = read(tmp_path / "store"), read(tmp_path / "store", aliases={"together/org/small": "Small"})
    assert scores(plain) == {("org/small", "mine"): 0.3, ("org/large", "mine"): 0.8}
    assert scores(renamed) == {("Small", "mine"): 0.3, ("org/large", "mine"): 0.8}
    assert set(rows(renamed)["model"]) == {"Small", "org/large"}
    assert rows(renamed).equals(rows(read_files(tmp_path / "logs", aliases={"together/org/small": "Small"})))
    assert states(tmp_path / "store") == before


def test_a_second_version_of_a_task_renames_the_first(tmp_path):
    write_log(tmp_path / "logs" / "a.json", task_version=1)
    ingest([tmp_path / "logs"], tmp_path / "store")
    assert set(rows(read(tmp_path / "store"))["benchmark"]) == {"mine"}
    write_log(tmp_path / "logs" / "b.json", task_version=2)
    assert ingest([tmp_path / "logs"], tmp_path / "store").read == 1
    assert set(rows(read(tmp_path / "store"))["benchmark"]) == {"mine@1", "mine@2"}


# Incremental


def test_nothing_is_written_where_nothing_has_changed(logs, whole, tmp_path):
    store = shutil.copytree(whole, tmp_path / "store")
    before = states(store)
    assert ingest([logs], store).read == 0
    assert states(store) == before


def test_a_changed_source_replaces_what_it_was(tmp_path):
    write_log(tmp_path / "logs" / "a.json", right=3)
    write_log(tmp_path / "logs" / "b.json", model="org/other", right=4)
    ingest([tmp_path / "logs"], tmp_path / "store")
    kept = states(tmp_path / "store")
    write_log(tmp_path / "logs" / "a.json", right=9, items=12)
    assert ingest([tmp_path / "logs"], tmp_path / "store").read == 1
    assert scores(read(tmp_path / "store")) == {("org/model", "mine"): 0.75, ("org/other", "mine"): 0.4}
    assert len(parts(tmp_path / "store")) == 2
    assert len(set(kept.items()) & set(states(tmp_path / "store").items())) == len({"root", "lock", "record", "rows"})


def test_sources_are_added_and_those_gone_from_their_folder_stay(tmp_path):
    gone = write_log(tmp_path / "logs" / "a.json")
    ingest([gone], tmp_path / "store")
    gone.unlink()
    write_log(tmp_path / "logs" / "b.json", model="org/other")
    manifest = ingest([tmp_path / "logs"], tmp_path / "store")
    assert (manifest.sources, manifest.read, manifest.rows) == (2, 1, 20)
    assert set(scores(read(tmp_path / "store"))) == {("org/model", "mine"), ("org/other", "mine")}


def test_samples_whose_results_come_later_are_not_counted_twice(logs, tmp_path):
    samples = next((logs / "lm_eval/lm_eval_dummy").rglob("samples_*.jsonl"))
    results = next(samples.parent.glob("results_*.json"))
    folder = tmp_path / "logs"
    folder.mkdir()
    shutil.copy(samples, folder)
    ingest([folder], tmp_path / "store")
    shutil.copy(results, folder)
    manifest = ingest([folder], tmp_path / "store")
    assert {entry.source for entry in manifest.logs} == {str(folder / results.name)}
    assert rows(read(tmp_path / "store")).equals(rows(read_files(folder)))


def test_one_half_of_a_run_that_changes_makes_the_run_read_again(logs, tmp_path):
    folder = shutil.copytree(next((logs / "lm_eval/lm_eval_dummy").rglob("samples_*.jsonl")).parent, tmp_path / "logs")
    ingest([folder], tmp_path / "store")
    samples = next(folder.glob("samples_*.jsonl"))
    samples.chmod(0o644)
    samples.write_bytes(b"".join(samples.read_bytes().splitlines(keepends=True)[:-1]))
    assert ingest([folder], tmp_path / "store").read >= 1
    assert rows(read(tmp_path / "store")).equals(rows(read_files(folder)))
    assert read(tmp_path / "store").unread == read_files(folder).unread


def test_a_helm_folder_is_one_source(logs, tmp_path):
    folder = shutil.copytree(logs / "helm", tmp_path / "helm")
    assert ingest([folder], tmp_path / "store").sources == 3
    path = next(folder.rglob("stats.json"))
    path.chmod(0o644)
    path.write_text("[]", encoding="utf-8")
    assert ingest([folder], tmp_path / "store").read == 1


def test_a_source_that_keeps_changing_is_said_after_the_others_are_ingested(tmp_path, monkeypatch):
    from measurand.store import ingesting

    write_log(tmp_path / "logs" / "a.json")
    write_log(tmp_path / "logs" / "b.json", model="org/other")

    def read_while_written(log):
        if log.path.name == "a.json":
            with open(log.path, "a", encoding="utf-8") as file:
                file.write(" ")
        return read_log(log)

    monkeypatch.setattr(ingesting, "read_log", read_while_written)
    with pytest.raises(InputError, match=r"1 of 2 sources not ingested: .*a\.json: changes while it is read"):
        ingest([tmp_path / "logs"], tmp_path / "store")
    assert set(scores(read(tmp_path / "store"))) == {("org/other", "mine")}


def test_progress_names_each_source(tmp_path):
    write_log(tmp_path / "logs" / "a.json")
    write_log(tmp_path / "logs" / "b.json")
    calls = []
    ingest([tmp_path / "logs"], tmp_path / "store", progress=lambda *call: calls.append(call))
    assert calls == [("a.json", 1, 2), ("b.json", 2, 2)]


def test_a_store_inside_the_folder_it_is_made_from_is_not_ingested(tmp_path):
    write_log(tmp_path / "a.json")
    ingest([tmp_path], tmp_path / "store")
    manifest = ingest([tmp_path], tmp_path / "store")
    assert (manifest.sources, manifest.read) == (1, 0)


# Killed, and twice at once


def ingested(store: Path) -> int:
    """Records in a store that is being written."""
    return len(list((store / "logs").glob("[0-9a-f]*.json")))


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """Enough logs that an ingest of them can be killed in its midst."""
    folder = tmp_path_factory.mktemp("many") / "logs"
    for i in range(60):
        write_log(folder / f"{i:02d}.json", model=f"org/m{i % 10}", task=f"task{i // 10}", right=i, items=200)
    return folder


@pytest.fixture(scope="module")
def undisturbed(many, tmp_path_factory) -> dict[str, str]:
    """Contents of a store of those logs."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    ingest([many], store)
    return contents(store)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_at_random_moments_it_still_gives_the_same_store(many, undisturbed, tmp_path):
    rng, reached = random.Random(2), set()
    for number in range(12):
        store = tmp_path / f"store{number % 4}"
        process = start_ingest(many, store, jobs=1 + number % 2)
        # Some sources further on, wherever it then is: how long that takes depends on the machine.
        enough = ingested(store) + rng.randint(0, 10)
        while ingested(store) < enough and process.poll() is None:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        reached.add(ingested(store))
        if ingested(store):
            assert open_study(store).scores is not None
    assert len(reached) > 4
    for store in (tmp_path / f"store{i}" for i in range(4)):
        ingest([many], store)
        assert contents(store) == undisturbed


@pytest.mark.slow
def test_two_at_once_give_the_same_store(many, undisturbed, tmp_path):
    running = [start_ingest(many, tmp_path / "store", jobs=jobs) for jobs in (1, 2)]
    failures = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], failures
    assert contents(tmp_path / "store") == undisturbed


def test_what_a_killed_run_left_is_removed_and_what_is_not_its_own_is_not(tmp_path):
    write_log(tmp_path / "logs" / "a.json")
    store = tmp_path / "store"
    ingest([tmp_path / "logs"], store)
    clean = contents(store)
    key = "0" * 64
    left = [
        store / ".manifest.json.ab12cd_3",
        store / "logs" / f".{key}.json.ab12cd_3",
        store / "items" / "benchmark=other" / f"{key}-0.parquet",
        store / "items" / "benchmark=mine" / f".{key}-0.parquet.ab12cd_3",
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    (store / "README.md").write_text("mine", encoding="utf-8")
    assert scores(read(store)) == {("org/model", "mine"): 0.3}
    ingest([tmp_path / "logs"], store)
    assert contents(store).keys() - clean.keys() == {"README.md"}
    assert not (store / "items" / "benchmark=other").exists()


def test_a_run_killed_before_its_first_file_can_be_repeated(tmp_path):
    write_log(tmp_path / "logs" / "a.json")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / ".lock").touch()
    (tmp_path / "store" / ".measurand-store.json.ab12cd_3").write_bytes(b"{")
    assert ingest([tmp_path / "logs"], tmp_path / "store").rows == 10
    assert {path.name for path in (tmp_path / "store").iterdir()} == {".lock", ROOT, MANIFEST, "logs", "items"}


# Damage


@pytest.fixture
def two(tmp_path) -> Path:
    """A store of two logs."""
    write_log(tmp_path / "logs" / "a.json")
    write_log(tmp_path / "logs" / "b.json", model="org/other", right=5)
    ingest([tmp_path / "logs"], tmp_path / "store")
    return tmp_path / "store"


def damage_missing(part: Path) -> None:
    part.unlink()


def damage_cut(part: Path) -> None:
    part.write_bytes(part.read_bytes()[:-10])


def damage_garbage(part: Path) -> None:
    part.write_bytes(b"\0" * part.stat().st_size)


def damage_bit(part: Path) -> None:
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 4
    part.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_missing, "rows missing"),
        (damage_cut, "should have"),
        (damage_garbage, "does not hold the bytes that ingest wrote"),
        (damage_bit, "does not hold the bytes that ingest wrote"),
    ],
)
def test_damaged_rows_are_said_their_scores_stay_and_the_next_ingest_repairs(two, damage, said):
    whole = contents(two)
    damage(parts(two)[0])
    study = read(two)
    (lost,) = study.unread
    assert said in lost.reason
    assert lost.rows_lost == 10
    assert rows(study).height == 10
    assert len(scores(study)) == 2
    assert ingest([two.parent / "logs"], two).read == 1
    assert contents(two) == whole


def test_rows_with_other_columns_are_not_used(two):
    part = parts(two)[0]
    record = next(path for path in records(two) if part.name.split("-")[0] in path.read_text(encoding="utf-8"))
    part.unlink()
    pl.DataFrame({"model": ["x"], "score": ["<script>"]}).write_parquet(part)
    content = json.loads(record.read_text(encoding="utf-8"))["record"]
    content["logs"][0]["part"]["bytes"] = part.stat().st_size
    content["logs"][0]["part"]["sha256"] = hashlib.sha256(part.read_bytes()).hexdigest()
    seal(record, content)
    study = read(two)
    assert "has other columns" in study.unread[0].reason
    assert rows(study).height == 10


@pytest.mark.parametrize(
    "content", [b"", b'{"path": "a', b"[" * 10_000, b'{"path": 1, "key": "", "logs": []}', b"\xff\xfe"]
)
def test_a_damaged_record_is_said_and_the_next_ingest_repairs_it(two, content):
    whole = contents(two)
    records(two)[0].write_bytes(content)
    study = read(two)
    (lost,) = study.unread
    assert lost.file == str(records(two)[0])
    assert "damaged record in the store, ingest again" in lost.reason
    assert len(scores(study)) == 1
    assert ingest([two.parent / "logs"], two).read == 1
    assert contents(two) == whole


def test_a_record_cannot_point_out_of_the_store(two):
    record = records(two)[0]
    content = json.loads(record.read_text(encoding="utf-8"))["record"]
    content["key"] = "../../../outside"
    seal(record, content)
    assert "damaged record" in read(two).unread[0].reason


def test_files_among_the_records_that_ingest_did_not_write_are_said(two):
    (two / "logs" / "notes.txt").write_text("hello", encoding="utf-8")
    shutil.copy(records(two)[0], two / "logs" / f"{'0' * 64}.json")
    study = read(two)
    assert [lost.reason for lost in study.unread] == ["in the store, and no record that ingest wrote; remove it"] * 2
    assert rows(study).height == 20


def test_a_store_with_nothing_but_damage_is_a_study_that_says_so(two):
    for record in records(two):
        record.write_bytes(b"")
    study = read(two)
    assert study.scores is None
    assert len(study.unread) == 2


def values(study) -> tuple[object, ...]:
    """All that an audit computes with."""
    table = None if study.scores is None else study.scores.table
    return (None if table is None else table.rows(), None if study.responses is None else rows(study).rows())


@pytest.mark.parametrize("sample", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_harmless_or_said(two, sample):
    whole, rng = values(read(two)), random.Random(0)
    places = [
        (path, bit) for path in sorted(two.rglob("*")) if path.is_file() for bit in range(8 * path.stat().st_size)
    ]
    small = [place for place in places if place[0].name in (ROOT, MANIFEST)]
    said = []
    for path, bit in [*rng.sample(places, sample), *rng.sample(small, min(sample // 3, 200))]:
        data = path.read_bytes()
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            study = read(two)
            assert study.unread or values(study) == whole, (path, bit)
            said += [lost.reason for lost in study.unread]
        except InputError as error:
            said.append(str(error))
        finally:
            path.write_bytes(data)
    assert len(said) > sample / 2
    assert all(len(reason.splitlines()) == 1 for reason in said)


def as_file(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
@pytest.mark.parametrize("become", [as_file, Path.mkdir, os.mkfifo])
@pytest.mark.parametrize("name", ["logs", "items", ".lock", ROOT, MANIFEST, "record", "part"])
def test_what_ingest_wrote_become_another_kind_of_file_is_said_by_name_and_never_waited_for(two, name, become):
    place = {"record": records(two)[0], "part": parts(two)[0]}.get(name, two / name)
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    become(place)
    said = []
    for act in (lambda: read(two).unread, lambda: ingest([two.parent / "logs"], two).rejected):
        try:
            said += [f"{lost.file} {lost.reason}" for lost in act()]
        except InputError as error:
            said.append(str(error))
    # An empty lock is what it should be, and the manifest is written anew.
    assert bool(said) != (become is as_file and name in (".lock", MANIFEST))
    assert not said or any(place.name in line or "store" in line for line in said)


@pytest.mark.parametrize("content", [b'{"schema_version": 1, "more": []}', b'{"schema_version": 0}'])
def test_a_store_of_another_version_has_to_be_made_again(two, content):
    (two / ROOT).write_bytes(content)
    with pytest.raises(InputError, match=r"should be 2 .* ingest again into a new folder"):
        read(two)
    with pytest.raises(InputError, match="ingest again into a new folder"):
        ingest([two.parent / "logs"], two)


def test_a_store_whose_root_is_cut_is_damaged(two):
    (two / ROOT).write_bytes(b'{"schema')
    with pytest.raises(InputError, match="damaged store"):
        read(two)


def test_other_readers_make_every_source_read_again(two, monkeypatch):
    from measurand.store import sources

    monkeypatch.setattr(sources, "PARSER_VERSION", sources.PARSER_VERSION + 1)
    assert ingest([two.parent / "logs"], two).read == 2
    assert len(parts(two)) == 2


# Guards


def test_paths_that_hold_no_logs_are_refused(two, tmp_path):
    (tmp_path / "scores.csv").write_text("model,mmlu\na,0.5\n", encoding="utf-8")
    for paths, said in (
        ([], "nothing to ingest"),
        ([tmp_path / "absent"], "no such file or folder"),
        ([tmp_path / "scores.csv"], "no log of a harness"),
        ([two], "is a store already"),
    ):
        with pytest.raises(InputError, match=said):
            ingest(paths, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_else_is_not_made_a_store(tmp_path):
    log = write_log(tmp_path / "logs" / "a.json")
    with pytest.raises(InputError, match=r"no store, and it holds a\.json; name a new or empty folder"):
        ingest([log], tmp_path / "logs")
    with pytest.raises(InputError, match="should be a folder"):
        ingest([log], log)
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["a.json"]


def test_a_store_is_read_alone(two):
    with pytest.raises(InputError, match="a store is read alone; got 2 paths"):
        read(two, two.parent / "logs")


def test_what_is_no_store_is_not_opened_as_one(tmp_path):
    assert not is_store(tmp_path)
    assert not is_store(pl.DataFrame())
    assert not is_store("nul\0")
    with pytest.raises(InputError, match="no store"):
        open_study(tmp_path)


def test_an_empty_store_says_what_to_do(two):
    shutil.rmtree(two / "logs")
    with pytest.raises(InputError, match="holds no logs; ingest some"):
        read(two)


def test_tables_and_frames_are_read_as_before(tmp_path):
    frame = pl.DataFrame({"model": ["a", "b"], "mmlu": [0.4, 0.6]})
    assert scores(read(frame)) == {("a", "mmlu"): 0.4, ("b", "mmlu"): 0.6}
    assert measurand.read is read


# The command line


def test_the_command_ingests_and_the_audit_takes_the_store_like_the_logs(logs, tmp_path):
    store = str(tmp_path / "store")
    done = CliRunner().invoke(app, ["ingest", str(logs), "-o", store])
    assert done.exit_code == 0, done.output
    assert "57 sources read" in done.output
    assert "(4,990 rows lost)" in done.output
    audits = [CliRunner().invoke(app, ["audit", path, "--json"]).stdout for path in (str(logs), store)]
    direct, stored = (msgspec.json.decode(audit) for audit in audits)
    # A store holds logs; the table of votes beside them (P10) is read from the folder alone.
    of_logs = [[found for found in each["findings"] if found["code"] != "P10"] for each in (stored, direct)]
    assert of_logs[0] == of_logs[1]
    sources = [source for source in direct["provenance"]["sources"] if "judge_q5" not in source["path"]]
    assert stored["provenance"]["sources"] == sources


def test_control_characters_of_a_log_do_not_reach_the_terminal(tmp_path):
    write_log(tmp_path / "logs" / "a\x1b[31m.json", model="")
    done = CliRunner().invoke(app, ["ingest", str(tmp_path / "logs"), "-o", str(tmp_path / "store")])
    assert done.exit_code == 0
    assert "\x1b" not in done.output


def test_a_manifest_counts_what_it_lists(two):
    manifest = ingest([two.parent / "logs"], two)
    assert (manifest.sources, manifest.rows, manifest.read, manifest.rejected) == (2, 20, 0, ())
    assert replace(manifest, logs=()).rows == 0


# Clusters


KEYED = ["model", "benchmark", "item", "epoch", "score"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("key", ["task", "passage"])
def test_a_key_that_is_named_is_the_cluster_in_a_store_as_in_the_table_it_was_made_from(
    tmp_path, monkeypatch, suffix, key
):
    monkeypatch.setattr("measurand.readers.tables.scanned.LEAST", 1)
    path, store = tmp_path / f"answers.{suffix}", tmp_path / "store"
    cells = [(model, task, item) for model in "ab" for task in range(6) for item in range(8)]
    frame = pl.DataFrame(
        {
            "model": [model for model, _, _ in cells],
            "item": [f"{task}-{item}" for _, task, item in cells],
            "score": [float((task * item + (model == "b")) % 3 == 0) for model, task, item in cells],
            "task": [f"T {task}" for _, task, _ in cells],
            "passage": [f"p{task}{item // 4}" for _, task, item in cells],
        }
    )
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    ingest([path], store)
    direct, stored = read(path, cluster=key), read(store, cluster=key)
    columns = ["model", "benchmark", "score", "stderr", "n_items"]
    assert stored.scores.table.select(columns).equals(direct.scores.table.select(columns))
    for one, other in zip(item_tables(direct.responses), item_tables(stored.responses), strict=True):
        assert (one.benchmark, one.items, one.cluster_key) == (other.benchmark, other.items, key)
        np.testing.assert_array_equal(one.clusters, other.clusters)
        np.testing.assert_array_equal(one.scores, other.scores)
    assert stored.responses.benchmarks() == (("answers",) if key == "task" else tuple(f"T {i}" for i in range(6)))
    assert read(store).responses.benchmarks() == tuple(f"T {i}" for i in range(6))


def test_words_that_are_right_count_where_the_task_is_the_cluster(tmp_path):
    path, store = tmp_path / "answers.csv", tmp_path / "store"
    cells = [(model, task, item) for model in "ab" for task in range(3) for item in range(5)]
    lines = (f"{model},{task}-{item},{'CI'[(task + item) % 2]},t{task}" for model, task, item in cells)
    path.write_text("\n".join(["model,item,score,task", *lines]), encoding="utf-8")
    ingest([path], store)
    direct, stored = (read(given, cluster="task", correct=["C"]) for given in (path, store))
    assert stored.scores.table.equals(direct.scores.table)
    clustered = (study.responses.clustered().drop("metadata") for study in (direct, stored))
    one, other = (frame.select(*KEYED, "cluster").sort(KEYED).collect() for frame in clustered)
    assert one.equals(other)
