"""What a model made of each token of a text, and whether the text is known to have been in its training data."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError, first_line, quoted
from measurand.results import Brief

__all__ = ["TOKEN_LOGPROB_SCHEMA", "TokenLogprobs"]

TOKEN_LOGPROB_SCHEMA: dict[str, pl.DataType] = {
    "model": pl.String(),
    "item": pl.String(),
    "text": pl.String(),
    "member": pl.Boolean(),
    "logprobs": pl.List(pl.Float64()),
    "means": pl.List(pl.Float64()),
    "spreads": pl.List(pl.Float64()),
    "answer": pl.String(),
    "start": pl.Int64(),
    "control": pl.Boolean(),
}
"""One row per model and text.

``logprobs`` of its tokens given those before (natural logarithm); ``means`` and ``spreads`` the mean and the standard
deviation of the log-probability over the vocabulary at each place, null where they were not kept; ``member`` whether
the text was in the training data, null where unknown; ``answer`` the part of the text that is looked at, given what
stands before it, and ``start`` the place of its first token in ``logprobs``, from 0: both null for the whole text, and
``start`` alone where ``logprobs`` are those of the answer only; ``control`` whether the model is a reference that is
known not to have seen the texts.
"""
_LISTS = ("logprobs", "means", "spreads")


@dataclass(frozen=True, eq=False, repr=False)
class TokenLogprobs(Brief):
    """One row per model and text.

    Parameters
    ----------
    frame : columns `TOKEN_LOGPROB_SCHEMA`.
    notes : what was left out on the way in.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> TokenLogprobs:
        """Validate log-probabilities.

        A first token without one, as services leave it, is no token; a text without any is left out, with a note.

        Parameters
        ----------
        frame : columns ``text`` and ``logprobs``; any other of `TOKEN_LOGPROB_SCHEMA` where known.

        Raises
        ------
        InputError
            A missing column, log-probabilities above 0, missing or not finite, lists of different lengths, a spread
            that is not above 0, no text, two rows for a text of a model, an answer that is no part of its text, or a
            start that is no place among the tokens or without an answer, or more than one control.

        Examples
        --------
        >>> rows = pl.DataFrame({"text": ["a b"], "logprobs": [[None, -1.5]], "member": [True]})
        >>> TokenLogprobs.build(rows).frame.row(0)
        ('model', '1', 'a b', True, [-1.5], None, None, None, None, False)
        """
        missing = [name for name in ("text", "logprobs") if name not in frame.columns]
        if missing:
            raise InputError(
                f"log-probabilities should have the columns text and logprobs; {', '.join(missing)} not found among "
                f"{', '.join(frame.columns)}"
            )
        if frame.is_empty():
            raise InputError("no log-probabilities: there should be at least one text")
        found = _cast(frame)
        found = found.with_columns(_earlier_start(), *(_without_first(name) for name in reversed(_LISTS)))
        empty = found["logprobs"].list.len().fill_null(0) == 0
        if empty.all():
            raise InputError(f"log-probabilities are missing for every text ({found.height} rows)")
        if empty.any():
            count, first = int(empty.sum()), found["item"][int(empty.arg_true()[0])]
            notes = (
                *notes,
                f"{count:,} text{'s' * (count > 1)} without log-probabilities left out (first: {first})",
            )
            found = found.filter(~empty)
        _check(found)
        controls = found.filter("control")["model"].unique().sort().to_list()
        if len(controls) > 1:
            raise InputError(f"one model should be the control, got {len(controls)} ({', '.join(controls)})")
        return cls(found, notes)

    @property
    def control(self) -> str | None:
        """Name of the model that is known not to have seen the texts; None without one."""
        controls = self.frame.filter("control")["model"]
        return str(controls[0]) if len(controls) else None

    @property
    def spans(self) -> pl.DataFrame:
        """The frame with lists of the answers' tokens alone where there are such, and the text these stand for.

        Examples
        --------
        >>> row = {"text": ["2 + 2? 4"], "logprobs": [[-3.0, -2.0, -0.5]], "answer": ["4"], "start": [2]}
        >>> TokenLogprobs.build(pl.DataFrame(row)).spans.select("span", "logprobs").row(0)
        ('4', [-0.5])
        """
        return self.frame.with_columns(
            *(pl.col(name).list.slice(pl.col("start").fill_null(0)) for name in _LISTS),
            span=pl.coalesce("answer", "text"),
        )

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in their order."""
        return tuple(self.frame["model"].unique(maintain_order=True))


def _cast(frame: pl.DataFrame) -> pl.DataFrame:
    rows = pl.int_range(1, pl.len() + 1).cast(pl.String)
    defaults = {"model": pl.lit("model"), "item": rows}
    try:
        return frame.select(
            (pl.col(name) if name in frame.columns else defaults.get(name, pl.lit(None))).cast(dtype).alias(name)
            for name, dtype in TOKEN_LOGPROB_SCHEMA.items()
        ).with_columns(
            pl.col("model").fill_null("model"), pl.col("item").fill_null(rows), pl.col("control").fill_null(value=False)
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"logprobs, means and spreads should be lists of numbers and member true or false: {first_line(error)}"
        ) from None


def _without_first(name: str) -> pl.Expr:
    """The list without its first entry, where the first token has no log-probability."""
    nothing = pl.col("logprobs").list.first().is_null() & (pl.col("logprobs").list.len() > 0)
    whole = pl.col(name).list.len() == pl.col("logprobs").list.len()
    return pl.when(nothing & whole).then(pl.col(name).list.slice(1)).otherwise(pl.col(name)).alias(name)


def _earlier_start() -> pl.Expr:
    """The start once a first token without log-probability is gone: one place earlier, but for that token itself."""
    nothing = pl.col("logprobs").list.first().is_null()
    moved = pl.when(nothing & (pl.col("start") > 0)).then(pl.col("start") - 1).otherwise("start")
    return moved.alias("start")


def _check(frame: pl.DataFrame) -> None:
    repeated = frame.filter(pl.struct("model", "item").is_duplicated())
    if repeated.height:
        raise InputError(f"item {repeated['item'][0]!r} of {repeated['model'][0]!r} is there more than once")
    textless = frame.filter(pl.col("text").is_null() | (pl.col("text").str.strip_chars() == ""))
    if textless.height:
        raise InputError(f"item {textless['item'][0]!r} has no text")
    _check_spans(frame)
    for name in _LISTS[1:]:
        uneven = frame.filter(pl.col(name).list.len() != pl.col("logprobs").list.len())
        if uneven.height:
            item, given, tokens = uneven["item"][0], len(uneven[name][0]), len(uneven["logprobs"][0])
            raise InputError(f"item {item!r} has {given} {name} for {tokens} logprobs; there should be one a token")
    for name in _LISTS:
        rows = frame.select("item", name).drop_nulls(name).explode(name)
        value = pl.col(name)
        wrong = value.is_null() | ~value.is_finite()
        wanted = "a finite number"
        if name == "logprobs":
            # Half precision leaves sure tokens a hair above 0; log2 and raw logits lie far from it.
            wrong, wanted = wrong | (value > 1e-6), "a finite number up to 0, a natural logarithm"
        if name == "spreads":
            wrong, wanted = wrong | (value <= 0), "a number above 0"
        bad = rows.filter(wrong)
        if bad.height:
            raise InputError(
                f"item {bad['item'][0]!r}: each of {name} should be {wanted}, got {bad[name][0]} "
                f"({bad.height:,} such tokens)"
            )


def _check_spans(frame: pl.DataFrame) -> None:
    for row in frame.filter(pl.col("answer").is_not_null() | pl.col("start").is_not_null()).iter_rows(named=True):
        item, answer, start, tokens = row["item"], row["answer"], row["start"], len(row["logprobs"])
        if answer is None:
            raise InputError(f"item {item!r} has a start and no answer; answer should be the text from that token on")
        if not answer.strip() or answer not in row["text"]:
            raise InputError(f"item {item!r}: answer should be a part of its text, got {quoted(answer)}")
        if start is not None and not 0 <= start < tokens:
            raise InputError(f"item {item!r}: start should be a place among {tokens} tokens, from 0, got {start}")
