"""A study's scores for other programs: one long table, or records of every_eval_ever."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from measurand.errors import InputError
from measurand.report.tables import csv_cell
from measurand.tables import Scores, Study

__all__ = ["SCHEMA_VERSION", "export", "long_table", "records"]

SCHEMA_VERSION = "0.3.0"
"""Version of the every_eval_ever schema that `records` follow."""

_UNKNOWN = "unknown"
_FACTS_OF_MODEL = ("family", "class", "parameters", "training_flop", "release_date", "knowledge_cutoff")
# Names come from logs: as a folder they keep nothing that a file system reads as more than a name, such as "..".
_UNSAFE = re.compile(r"^\.+|\.+$|[^\w.@+-]")


def export(study: Study, output: Path, *, retrieved: float) -> dict[Path, bytes]:
    """The files to write, with their content, by the ending of `output`.

    Parameters
    ----------
    study : a study with scores.
    output : ``.csv`` or ``.parquet`` for one long table; ``.json`` for the every_eval_ever record of one model; a
        folder (no ending) for one record per model, as ``developer/model/UUID.json``.
    retrieved : when the export is made, in seconds since 1970; only records tell it.

    Raises
    ------
    InputError
        No scores, another ending, or several models for one ``.json``.

    Examples
    --------
    >>> import measurand
    >>> [path.name for path in export(measurand.load_example(), Path("scores.csv"), retrieved=0)]
    ['scores.csv']
    """
    if study.scores is None:
        raise InputError(f"{study.title}: no scores of models on benchmarks to export")
    suffix = output.suffix.casefold()
    if suffix in (".csv", ".parquet"):
        table = long_table(study.scores)
        return {output: _csv(table) if suffix == ".csv" else _parquet(table)}
    if suffix not in ("", ".json") and not output.is_dir():
        raise InputError(f"{output}: should end in .csv, .parquet or .json, or be a folder, got {suffix}")
    found = records(study, retrieved=retrieved)
    if suffix == ".json" and not output.is_dir():
        if len(found) > 1:
            raise InputError(f"{output}: a record holds one model, and there are {len(found)}; name a folder instead")
        return {output: _json(found[0])}
    return {output / _place(record["model_info"]["id"]): _json(record) for record in found}


def long_table(scores: Scores) -> pl.DataFrame:
    """One row per score, as given, with what is known of the model and the benchmark.

    Facts that no row has are left out; all others are columns that measurand reads again.

    Examples
    --------
    >>> scores = Scores.build(pl.DataFrame({"model": ["a"], "benchmark": ["mine"], "score": [0.5], "n_items": [10]}))
    >>> long_table(scores).columns
    ['model', 'benchmark', 'score', 'n_items', 'name', 'role']
    """
    joined = scores.table.join(scores.models, on="model", how="left", maintain_order="left").join(
        scores.benchmarks, on="benchmark", how="left", maintain_order="left"
    )
    return joined.select(name for name in joined.columns if joined[name].null_count() < joined.height)


def _csv(table: pl.DataFrame) -> bytes:
    """Full precision; a name that a spreadsheet would take for a formula starts with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(map(csv_cell, row) for row in table.iter_rows())
    return out.getvalue().encode()


def _parquet(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out)
    return out.getvalue()


def _json(record: Mapping[str, Any]) -> bytes:
    # NaN is no JSON: better to fail here than in whoever reads the record.
    return (json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")


def _place(model: str) -> Path:
    """Where the record of a model lies: its name as folders, and a file name that no other model has."""
    parts = [_UNSAFE.sub("_", part[:100]) or "_" for part in model.split("/")]
    # From the name, not at random: a second export replaces the first.
    return Path(*parts[:4], f"{uuid.uuid5(uuid.NAMESPACE_URL, f'measurand:{model}')}.json")


def records(study: Study, *, retrieved: float) -> list[dict[str, Any]]:
    """One aggregate record of every_eval_ever per model, valid against its schema 0.3.0.

    What the schema requires and measurand does not know says ``unknown``; what it leaves open is left out. A benchmark
    whose direction is not known counts as better when higher, and its details say so.

    Parameters
    ----------
    study : a study with scores.
    retrieved : when the record is made, in seconds since 1970.

    Raises
    ------
    InputError
        The study holds no scores.
    """
    scores = study.scores
    if scores is None:
        raise InputError(f"{study.title}: no scores of models on benchmarks to export")
    benchmarks = {row["benchmark"]: row for row in scores.benchmarks.iter_rows(named=True)}
    results: dict[str, list[dict[str, Any]]] = {}
    for row in scores.table.iter_rows(named=True):
        results.setdefault(row["model"], []).append(_result(row, benchmarks[row["benchmark"]]))
    return [
        _record(study.title, model, results[model["model"]], f"{retrieved:.0f}", bool(study.responses))
        for model in scores.models.iter_rows(named=True)
        if model["model"] in results
    ]


def _record(
    title: str, model: Mapping[str, Any], results: list[dict[str, Any]], retrieved: str, from_runs: bool
) -> dict[str, Any]:
    name = str(model["model"])
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"measurand/{name.replace('/', '_')}/{retrieved}",
        "retrieved_timestamp": retrieved,
        "source_metadata": {
            "source_name": title,
            # Item-level results are what a run leaves behind; scores alone may be transcribed.
            "source_type": "evaluation_run" if from_runs else "documentation",
            "source_organization_name": _UNKNOWN,
            "evaluator_relationship": "other",
            "additional_details": {"exported_by": f"measurand {version('measurand')}"},
        },
        "eval_library": {"name": _UNKNOWN, "version": _UNKNOWN},
        "model_info": _model_info(name, model),
        "evaluation_results": results,
    }


def _model_info(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    developer, _, own = name.rpartition("/")
    told = {fact: str(facts[fact]) for fact in _FACTS_OF_MODEL if facts[fact] is not None}
    return {
        "name": own,
        "id": name,
        **({"developer": developer} if developer else {}),
        "additional_details": {"deployment_type": _UNKNOWN, "model_availability": _UNKNOWN, **told},
    }


def _result(row: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    told = {fact: facts[fact] for fact in ("role", "area", "trait", "method") if facts[fact] is not None}
    if facts["higher_is"] is None:
        told["direction"] = "not stated, taken as better when higher"
    uncertainty = {
        **({"standard_error": {"value": row["stderr"]}} if row["stderr"] is not None else {}),
        **({"num_samples": row["n_items"]} if row["n_items"] is not None else {}),
    }
    return {
        "evaluation_result_id": row["benchmark"],
        "evaluation_name": row["benchmark"],
        "source_data": {"dataset_name": facts["name"], "source_type": "other"},
        "metric_config": {
            **({"metric_name": facts["metric"]} if facts["metric"] is not None else {}),
            "lower_is_better": facts["higher_is"] == "worse",
            "score_type": "continuous",
            "min_score": None,
            "max_score": facts["maximum"],
            "additional_details": told,
        },
        "score_details": {"score": row["score"], **({"uncertainty": uncertainty} if uncertainty else {})},
    }
