"""Scores of models on benchmarks, with what is known of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError, UnknownName
from measurand.names import resolved
from measurand.results import Brief
from measurand.tables._columns import LARGEST, sized
from measurand.tables.dates import decimal_year

__all__ = ["BENCHMARK_FACTS", "MODEL_FACTS", "ROLES", "UNCLASSED", "Scores"]

ROLES = ("capability", "safety", "other")

SCORE_COLUMNS: dict[str, pl.DataType] = {
    "model": pl.String(),
    "benchmark": pl.String(),
    "score": pl.Float64(),
    "stderr": pl.Float64(),
    "n_items": pl.Int64(),
}
MODEL_FACTS: dict[str, pl.DataType] = {
    "model": pl.String(),
    "family": pl.String(),
    "class": pl.String(),
    "parameters": pl.Float64(),
    "training_flop": pl.Float64(),
    "release_date": pl.String(),
    "knowledge_cutoff": pl.String(),
    "version": pl.String(),
}
BENCHMARK_FACTS: dict[str, pl.DataType] = {
    "benchmark": pl.String(),
    "name": pl.String(),
    "role": pl.String(),
    "area": pl.String(),
    "metric": pl.String(),
    "higher_is": pl.String(),
    "chance": pl.Float64(),
    "maximum": pl.Float64(),
    "items": pl.Float64(),
    "trait": pl.String(),
    "method": pl.String(),
    "source": pl.String(),
}

_PROPORTION = pl.col("score")
_BINOMIAL = (
    pl.when(_PROPORTION.is_between(0, 1, closed="none"))
    .then((_PROPORTION * (1 - _PROPORTION) / pl.col("n_items")).sqrt())
    .otherwise(None)
)
_STDERR = pl.coalesce(pl.col("stderr"), _BINOMIAL).alias("stderr")

UNCLASSED = "all"
"""The class of models whose class is not known."""


@dataclass(frozen=True, eq=False, repr=False)
class Scores(Brief):
    """Scores of models on benchmarks, with what is known of both.

    A missing cell means "not run". Three frames, as `build` makes them:

    Parameters
    ----------
    table : model, benchmark, score (as given), stderr, n_items.
    models : one row per model: family, class, parameters, training_flop, release_date and
        knowledge_cutoff (ISO), version (the model that the row is one setting of); null where not known.
    benchmarks : one row per benchmark: role (capability | safety | other), area, metric, higher_is (better | worse),
        chance, maximum, items (how many the benchmark has, where a score is a share of them), trait, method, source.
    notes : what was decided on the way in, for the reader of the audit.
    named : whether a person said which are the capability benchmarks.

    Examples
    --------
    >>> scores = Scores.build(pl.DataFrame({"model": ["a", "b"], "benchmark": ["mmlu", "mmlu"], "score": [0.4, 0.6]}))
    >>> scores.matrix(["a", "b"], ["mmlu"]).tolist()
    [[0.4], [0.6]]
    """

    table: pl.DataFrame
    models: pl.DataFrame
    benchmarks: pl.DataFrame
    notes: tuple[str, ...] = ()
    named: bool = False

    @classmethod
    def build(
        cls,
        table: pl.DataFrame,
        models: pl.DataFrame | None = None,
        benchmarks: pl.DataFrame | None = None,
        notes: Sequence[str] = (),
    ) -> Scores:
        """Validate a long table and complete its facts.

        Parameters
        ----------
        table : columns model, benchmark, score and optionally stderr, n_items. Rows with a null score are dropped
            (not run). Exact repeats are dropped; two different scores of one (model, benchmark) are refused.
        models, benchmarks : known facts; columns and rows may be missing.

        Raises
        ------
        InputError
            No score at all, a score that is not finite or beyond 1e100, contradicting rows, or a fact out of its range.
        """
        # An empty cell is no score of 0: harnesses leave out what they did not run.
        table = _conform(table, SCORE_COLUMNS).drop_nulls("score")
        # `unique` over all columns is dear, and nearly no table repeats a cell.
        if _cell_codes(table).is_duplicated().any():
            table = table.unique(maintain_order=True)
        _check_table(table)
        names = table["model"].unique(maintain_order=True)
        tested = table["benchmark"].unique(maintain_order=True)
        benchmark_facts = _facts(tested.to_frame("benchmark"), benchmarks, BENCHMARK_FACTS).with_columns(
            pl.col("role").fill_null("other"), pl.col("name").fill_null(pl.col("benchmark"))
        )
        _check_benchmarks(benchmark_facts)
        model_facts = _facts(names.to_frame("model"), models, MODEL_FACTS)
        _check_models(model_facts)
        return cls(table, model_facts, benchmark_facts, tuple(notes))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Model classes in order of first appearance; models without a class count as one class, ``"all"``."""
        return tuple(self.models["class"].fill_null(UNCLASSED).unique(maintain_order=True))

    @cached_property
    def _cells(self) -> tuple[dict[str, int], dict[str, int], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Row of each model, column of each benchmark, and the dense oriented scores and standard errors."""
        rows = {name: i for i, name in enumerate(self.models["model"])}
        columns = {name: j for j, name in enumerate(self.benchmarks["benchmark"])}
        i = self.table["model"].replace_strict(rows, return_dtype=pl.Int64).to_numpy()
        j = self.table["benchmark"].replace_strict(columns, return_dtype=pl.Int64).to_numpy()
        # Unknown counts as better: turning one round on a guess would flip every verdict on it.
        sign = np.where((self.benchmarks["higher_is"] == "worse").fill_null(False).to_numpy(), -1.0, 1.0)
        scores = np.full((len(rows), len(columns)), np.nan)
        stderr = scores.copy()
        scores[i, j] = self.table["score"].to_numpy() * sign[j]
        stderr[i, j] = self.table.select(_STDERR)["stderr"].fill_null(np.nan).to_numpy()
        return rows, columns, scores, stderr

    def matrix(self, models: Sequence[str], benchmarks: Sequence[str]) -> npt.NDArray[np.float64]:
        """Scores oriented so that higher is better, shape (models, benchmarks), NaN where not run."""
        rows, columns, scores, _ = self._cells
        return scores[np.ix_([rows[m] for m in models], [columns[b] for b in benchmarks])]

    def stderr(self, models: Sequence[str], benchmarks: Sequence[str]) -> npt.NDArray[np.float64]:
        """Standard errors of the scores, shape (models, benchmarks), NaN where not known.

        Where only the item count of a proportion is known it is sqrt(p (1 - p) / n); 0 and 1 have none that way.
        """
        rows, columns, _, stderr = self._cells
        return stderr[np.ix_([rows[m] for m in models], [columns[b] for b in benchmarks])]

    def models_of(self, class_: str) -> tuple[str, ...]:
        """Models of one class."""
        return tuple(self.models.filter(pl.col("class").fill_null(UNCLASSED) == class_)["model"])

    def benchmarks_of(self, *roles: str) -> tuple[str, ...]:
        """Benchmarks with one of the roles."""
        return tuple(self.benchmarks.filter(pl.col("role").is_in(roles))["benchmark"])

    def model_fact(self, fact: str, models: Sequence[str]) -> list[object]:
        """Values of one column of `models` for the models named, None where not known."""
        values = dict(zip(self.models["model"], self.models[fact], strict=True))
        return [values[model] for model in models]

    def benchmark_fact(self, fact: str, benchmarks: Sequence[str]) -> list[object]:
        """Values of one column of `benchmarks` for the benchmarks named, None where not known."""
        values = dict(zip(self.benchmarks["benchmark"], self.benchmarks[fact], strict=True))
        return [values[benchmark] for benchmark in benchmarks]

    def with_capability(self, names: Iterable[str]) -> Scores:
        """The same scores with exactly these benchmarks as the capability benchmarks; all others are under test.

        Raises
        ------
        UnknownName
            A name that no benchmark here has.
        """
        chosen = list(names)
        self._require(chosen)
        role = pl.col("role")
        # To other and not to safety: what a benchmark is about cannot be told from its not being named.
        demoted = pl.when(role == "capability").then(pl.lit("other")).otherwise(role)
        facts = self.benchmarks.with_columns(
            pl.when(pl.col("benchmark").is_in(chosen)).then(pl.lit("capability")).otherwise(demoted).alias("role")
        )
        return replace(
            self,
            benchmarks=facts,
            notes=(*self.notes, f"capability benchmarks as named: {', '.join(chosen)}"),
            named=True,
        )

    def only(self, benchmarks: Iterable[str] | None = None, models: Iterable[str] | None = None) -> Scores:
        """The same scores without the benchmarks under test, or the models, that are not named.

        Capability benchmarks stay; None keeps all.

        Raises
        ------
        UnknownName
            A name that no benchmark or model here has.
        """
        facts, of_models = self.benchmarks, self.models
        if benchmarks is not None:
            chosen = [resolved("benchmark", name, facts["benchmark"]) for name in benchmarks]
            # Without them the capabilities score would change with the choice of benchmarks to look at.
            facts = facts.filter((pl.col("role") == "capability") | pl.col("benchmark").is_in(chosen))
        if models is not None:
            chosen = [resolved("model", name, of_models["model"]) for name in models]
            of_models = of_models.filter(pl.col("model").is_in(chosen))
        kept = {"benchmark": facts["benchmark"].to_list(), "model": of_models["model"].to_list()}
        table = self.table.filter(pl.col(kind).is_in(names) for kind, names in kept.items())
        return replace(self, table=table, benchmarks=facts, models=of_models)

    def with_lower_is_better(self, names: Iterable[str]) -> Scores:
        """The same scores with these benchmarks turned: a lower score is better (or safer).

        Raises
        ------
        UnknownName
            A name that no benchmark here has.
        """
        chosen = list(names)
        self._require(chosen)
        turned = pl.when(pl.col("benchmark").is_in(chosen)).then(pl.lit("worse")).otherwise(pl.col("higher_is"))
        note = f"lower is better, turned once: {', '.join(chosen)}"
        return replace(
            self, benchmarks=self.benchmarks.with_columns(turned.alias("higher_is")), notes=(*self.notes, note)
        )

    def _require(self, names: Sequence[str]) -> None:
        known = list(self.benchmarks["benchmark"])
        for name in names:
            if name not in known:
                raise UnknownName("benchmark", name, known)


def _conform(frame: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The named columns in order and in their types, null where the frame has none."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in columns.items()
    )


def _facts(keys: pl.DataFrame, facts: pl.DataFrame | None, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """One row per key, with the facts known of it."""
    key = keys.columns[0]
    known = _conform(facts if facts is not None else keys.head(0), columns)
    # A join on repeated keys would multiply the models.
    repeated = known.filter(pl.col(key).is_duplicated())
    if repeated.height:
        raise InputError(f"facts should have one row a {key}, got several for {repeated[key][0]!r}")
    return keys.join(known, on=key, how="left", maintain_order="left")


def _cell_codes(table: pl.DataFrame) -> pl.Series:
    """One integer a (model, benchmark): comparing those takes a fraction of the memory that names do."""
    codes = (table[column].cast(pl.Categorical).to_physical().cast(pl.UInt64) for column in ("model", "benchmark"))
    model, benchmark = codes
    return model * 2**32 + benchmark


def _check_table(table: pl.DataFrame) -> None:
    if table.is_empty():
        raise InputError("no score: the table should have at least one model, benchmark and score")
    for column, what in (("score", "scores"), ("stderr", "standard errors")):
        bad = table.filter(~sized(column))
        if bad.height:
            row = bad.row(0, named=True)
            raise InputError(
                f"{what} should be finite and at most {LARGEST:g} in size, got {row[column]} for model "
                f"{row['model']!r} on {row['benchmark']!r} ({bad.height} such rows); leave the cell empty if it was "
                "not run"
            )
    clash = table.filter(_cell_codes(table).is_duplicated())
    if clash.height:
        first = clash.row(0, named=True)
        same = clash.filter((pl.col("model") == first["model"]) & (pl.col("benchmark") == first["benchmark"]))
        raise InputError(
            f"model {first['model']!r} has {same.height} different rows for {first['benchmark']!r}: scores "
            f"{', '.join(f'{value:g}' for value in same['score'])}; keep one, or give the runs different model names"
        )
    for column, least in (("stderr", 0.0), ("n_items", 1)):
        wrong = table.filter(pl.col(column) < least)
        if wrong.height:
            row = wrong.row(0, named=True)
            raise InputError(
                f"{column} should be at least {least:g}, got {row[column]} for {row['model']!r} on {row['benchmark']!r}"
            )


def _check_models(facts: pl.DataFrame) -> None:
    for column in ("parameters", "training_flop"):
        wrong = facts.filter(~(pl.col(column) > 0) | ~sized(column))
        if wrong.height:
            row = wrong.row(0, named=True)
            raise InputError(
                f"{column} should be above 0 and at most {LARGEST:g}, got {row[column]:g} for {row['model']!r}"
            )
    for column in ("release_date", "knowledge_cutoff"):
        for model, date in facts.select("model", column).drop_nulls().iter_rows():
            try:
                decimal_year(date)
            except InputError as problem:
                raise InputError(f"{column} of {model!r}: {problem}") from None


def _check_benchmarks(facts: pl.DataFrame) -> None:
    for column, allowed in (("role", ROLES), ("higher_is", ("better", "worse"))):
        wrong = facts.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(allowed))
        if wrong.height:
            row = wrong.row(0, named=True)
            raise InputError(
                f"{column} should be one of {', '.join(allowed)}, got {row[column]!r} for {row['benchmark']!r}"
            )
    for column in ("chance", "maximum", "items"):
        wrong = facts.filter(~sized(column))
        if wrong.height:
            row = wrong.row(0, named=True)
            raise InputError(
                f"{column} should be finite and at most {LARGEST:g} in size, got {row[column]:g} for "
                f"{row['benchmark']!r}"
            )
    wrong = facts.filter(pl.col("items") < 1)
    if wrong.height:
        row = wrong.row(0, named=True)
        raise InputError(f"items should be at least 1, got {row['items']:g} for {row['benchmark']!r}")
    # V9 divides by their difference.
    wrong = facts.filter(pl.col("chance") >= pl.col("maximum"))
    if wrong.height:
        row = wrong.row(0, named=True)
        raise InputError(
            f"chance should be below maximum, got {row['chance']:g} and {row['maximum']:g} for {row['benchmark']!r}"
        )
