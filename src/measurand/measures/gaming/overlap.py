"""G6, overlap: do a benchmark's items stand in a corpus, among the few-shot examples, or among themselves?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import polars as pl

from measurand.errors import NotApplicable
from measurand.measures import Measure
from measurand.measures.shared import bars, columns, estimate, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.binomial import proportion_limits
from measurand.stats.texts.overlap import missing_by_chance
from measurand.tables.overlaps import Against, Overlaps, closest_first
from measurand.wording import SHARE, percent, plural, shown

__all__ = ["MEASURE", "ItemOverlap", "Overlapping", "overlap"]

LEAST_WORDS, LEAST_NEAR_WORDS = 8, 13
"""Words an item needs to be looked for word by word, and to be looked for nearly so."""
LEAST_FAMILIAR = 0.01
"""Share of documents in the items' script below which finding nothing says nothing."""
# Else what could not be looked for might hold more than what was found.
LEAST_JUDGED = 0.9
# PaLM's 70% of 8-word runs; three words in four in their order, which a change of one word in five keeps.
COPIED, NEAR = 0.7, 0.75
# Of an item's own words, or of its numbers and names: more than a quarter are missing, and so many more than of its
# other words that they are not missing at random, as those of a copy with words changed are.
MOST_MISSING, BY_CHANCE = 0.25, 0.02
# Where others of its kind are known (a third of its words shared with other items, or ten documents with a run of it),
# less is needed, and nothing more than that all other words are there: such a text is one of its kind.
SHARED_BY_KIN, DOCUMENTS_OF_KIN, BY_CHANCE_OF_KIN = 0.33, 10, 0.1
# Of a passage that items share a document holds most runs of 13 words, of a template's short pieces few.
LEAST_PASSAGE = 0.5
MOST_DRAWN, MOST_SHOWN = 400, 240
"""Matches drawn, and characters of a text shown on hover."""

Kind = Literal["copied", "nearly copied", "same template", "shared passage", "in part", "not found", "too short"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class ItemOverlap:
    """One item and the document that holds most of it.

    Parameters
    ----------
    benchmark, item, text, words : the item.
    share_13, share_8 : share of its runs of 13 and of 8 words that stand in the document; None where it has none of
        its own.
    similarity : share of its words that stand in a passage of the document in the same order; 0 without a document.
    own_words, value_words : words that it does not share with other items, and numbers and names.
    own, values : share of these that stand in the passage, each in its place; None without any, or without a document.
    document, passage : where, and what stands there; None where nothing was found.
    documents : how many documents hold one of its runs of 8 words.
    """

    benchmark: str
    item: str
    text: str
    words: int
    share_13: float | None
    share_8: float | None
    similarity: float
    own_words: int
    value_words: int
    own: float | None
    values: float | None
    document: str | None
    passage: str | None
    documents: int

    def kind(self, copied: float = COPIED, near: float = NEAR) -> Kind:
        """What was found of it, by the shares from which it counts as copied and as nearly copied."""
        if self.words < LEAST_WORDS or self.share_8 is None:
            return "too short"
        whole = self.share_8 >= copied
        if not whole and (self.similarity < near or self.words < LEAST_NEAR_WORDS):
            return "in part" if self.share_13 else "not found"
        another = self._lacks(self.own, self.own_words)
        if not another and not self._lacks(self.values, self.value_words):
            return "copied" if whole else "nearly copied"
        passage = another and (self.share_13 or 0.0) >= LEAST_PASSAGE
        return "shared passage" if passage else "same template"

    def _lacks(self, share: float | None, of: int) -> bool:
        """Whether what is missing of the item are these words of it, of which that share is there."""
        if share is None or share == 1:
            return False
        missing, marked = round(self.words * (1 - self.similarity)), round(of * (1 - share))
        chance = missing_by_chance(self.words, missing, of, marked)
        kin = self.words - self.own_words >= SHARED_BY_KIN * self.words or self.documents >= DOCUMENTS_OF_KIN
        # Where most words are of the kind, such as a text all in capitals, that only they are missing says nothing.
        if kin and marked == missing and 2 * of <= self.words:
            return True
        return 1 - share > MOST_MISSING and chance < (BY_CHANCE_OF_KIN if kin else BY_CHANCE)


@dataclass(frozen=True, kw_only=True, repr=False)
class Overlapping(Brief):
    """Result of `overlap`: the items and what they were held against."""

    items: tuple[ItemOverlap, ...]
    against: Against
    source: str
    documents: int
    words: int
    familiar: float
    level: float
    notes: tuple[str, ...]


def overlap(overlaps: Overlaps, *, level: float = 0.95) -> Overlapping:
    """For each item, the document that holds most of it.

    The runs of 13 words are those of GPT-3's overlap analysis, the runs of 8 those of PaLM's; runs that more than 5% of
    the items (and more than 10) share are their template and do not count.

    Parameters
    ----------
    overlaps : what was found of the items in a corpus, in a pool of examples or among themselves.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        No document in the script that the items are written in.
    InputError
        A level out of its range.

    References
    ----------
    Brown et al. 2020, arXiv 2005.14165, appendix C; Chowdhery et al. 2022, arXiv 2204.02311, section 8; Lee et al.
    2022, arXiv 2107.06499.

    Examples
    --------
    >>> from measurand.tables.overlaps import MATCH_SCHEMA
    >>> items = pl.DataFrame({"benchmark": "b", "item": "1", "text": "?", "words": 20, "own_words": 20,
    ...                       "value_words": 0, "runs_13": 8, "runs_8": 13, "documents": 0})
    >>> none = Overlaps.build(items, pl.DataFrame(schema=MATCH_SCHEMA), documents=3)
    >>> overlap(none).items[0].kind()
    'not found'
    """
    require_fraction(level=level)
    if overlaps.familiar < LEAST_FAMILIAR and overlaps.against == "corpus":
        raise NotApplicable(
            f"hardly any document of {overlaps.source} is in the script that the items are written in",
            needs="a corpus in the language of the items",
        )
    keys = ["benchmark", "item"]
    best = closest_first(overlaps.matches, *keys).group_by(keys, maintain_order=True).first()
    # An item has been looked for though no document holds anything of it: its share is 0, not unknown.
    joined = overlaps.items.join(best, on=keys, how="left", maintain_order="left").with_columns(
        *(
            pl.when(pl.col(f"runs_{n}") > 0).then(pl.col(f"share_{n}").fill_null(0.0)).alias(f"share_{n}")
            for n in (13, 8)
        ),
        pl.col("similarity").fill_null(0.0),
    )
    fields = ("share_13", "share_8", "similarity", "own", "values", "document", "passage", "documents")
    rows = joined.select(*keys, "text", "words", "own_words", "value_words", *fields).iter_rows(named=True)
    return Overlapping(
        items=tuple(ItemOverlap(**row) for row in rows),
        against=overlaps.against,
        source=overlaps.source,
        documents=overlaps.documents,
        words=overlaps.words,
        familiar=overlaps.familiar,
        level=level,
        notes=overlaps.notes,
    )


def judge(result: Overlapping, *, copied: float = COPIED, near: float = NEAR, tolerated: float = 0.01) -> list[Finding]:
    """Issue: more items than tolerated were found, counting chance; passed: none; caution: some, or too few looked for.

    That an item stands in a document is a fact, not an estimate; the interval is for further items of this kind.

    Parameters
    ----------
    copied : least share of an item's runs of 8 words in one document (PaLM's 70%).
    near : least share of an item's words that stand in one passage in the same order.
    tolerated : share of items found that would not matter: it bounds what they can add to a mean score.
    """
    require_fraction(copied=copied, near=near, tolerated=tolerated)
    settings = (copied, near, tolerated)
    names = list(dict.fromkeys(item.benchmark for item in result.items))
    found = [_finding({}, result, result.items, *settings)]
    if len(names) > 1:
        for name in names:
            own = tuple(item for item in result.items if item.benchmark == name)
            found.append(_finding({"benchmark": name}, result, own, *settings))
    return found


def _finding(
    subject: dict[str, str],
    result: Overlapping,
    items: tuple[ItemOverlap, ...],
    copied: float,
    near: float,
    tolerated: float,
) -> Finding:
    kinds = [item.kind(copied, near) for item in items]
    counts = {kind: kinds.count(kind) for kind in KINDS}
    judged = len(items) - counts["too short"]
    facts: dict[str, Cell] = {
        **{kind.replace(" ", "_"): count for kind, count in counts.items()},
        "documents": result.documents,
        "words": result.words,
        "against": result.against,
    }
    caveats = (*MEASURE.caveats, *result.notes) if not subject else ()
    if not judged:
        reason = (
            f"none of the {plural(len(items), 'item')} has {LEAST_WORDS} words of its own, so a match would say nothing"
        )
        needs = "longer items, such as questions with their options"
        none = Unassessed(subject, reason, needs).finding(headline=not subject)
        return replace(none, caveats=caveats, result=facts)
    leaked = counts["copied"] + counts["nearly copied"]
    shares = tuple(
        _share(name, count, judged, result.level)
        for name, count in (
            ("found_share", leaked),
            ("copied_share", counts["copied"]),
            ("nearly_copied_share", counts["nearly copied"]),
            ("any_13_word_run_share", sum(bool(item.share_13) for item in items)),
        )
    )
    # That an item was found is a fact: a single one, or too many that could not be looked for, passes nothing. Nor
    # does one of the same template: who has seen it with other numbers has practised the item.
    known = leaked or counts["same template"]
    status = Status.CAUTION if known or judged < LEAST_JUDGED * len(items) else Status.PASSED
    if against(shares[0].low, shares[0].high, tolerated) is Side.ABOVE:
        status = Status.ISSUE
    return Finding(
        subject=subject,
        status=status,
        sentence=_sentence(result, counts, len(items), judged, shares[0]),
        headline=not subject,
        estimates=shares,
        caveats=caveats,
        figure="G6.matches" if judged > counts["not found"] else None,
        result=facts,
    )


def _share(name: str, count: int, n: int, level: float) -> Estimate:
    method = "Wilson, exact for few items; over items"
    limits = map(float, proportion_limits(count, n, level))
    return estimate(name, count / n, *limits, level=level, method=method, n=n, unit=SHARE)


def _sentence(result: Overlapping, counts: dict[Kind, int], items: int, judged: int, share: Estimate) -> str:
    where = {
        "corpus": f"in {result.source} ({plural(result.documents, 'document')})",
        "pool": f"in {result.source}",
        "itself": "a second time among the other items",
    }[result.against]
    leaked, some, short = counts["copied"] + counts["nearly copied"], counts["in part"], counts["too short"]
    of = plural(judged, "item")
    parts = [f"None of the {of} was found {where}, word for word or nearly so"]
    if leaked:
        parts = [
            f"{leaked:,} of {of} ({shown(share)}) {'was' if leaked == 1 else 'were'} found {where}: "
            f"{counts['copied']:,} word for word and {counts['nearly copied']:,} nearly so"
        ]
    if (alike := counts["same template"]) > 0:
        parts.append(
            f"{alike:,} more {'has' if alike == 1 else 'have'} the same template as a text there, with other values"
        )
    if (passages := counts["shared passage"]) > 0:
        parts.append(f"of {passages:,} more the passage is there, not the question")
    if some:
        parts.append(f"{some:,} more {'shares' if some == 1 else 'share'} a run of 13 words")
    if short:
        verb = "is" if short == 1 else "are"
        parts.append(f"{short:,} of {plural(items, 'item')} {verb} too short or too alike to look for")
    return "; ".join(parts) + "."


def figure(result: Overlapping) -> list[Figure]:
    """How much of the items was found, and each match with both texts."""
    found = [item for item in result.items if item.document is not None]
    ranked = sorted(found, key=lambda item: (-(item.share_8 or 0.0), -item.similarity, item.item))[:MOST_DRAWN]
    if not ranked:
        return [_histogram(result)]
    left = f" The {MOST_DRAWN} closest of {len(found):,}." if len(found) > MOST_DRAWN else ""
    rows: list[tuple[Cell, ...]] = []
    for item in ranked:
        texts = (_short(item.text), _short(item.passage or ""))
        facts = (item.kind(), item.item, *texts, item.document, item.share_13)
        rows.append((item.share_8 or 0.0, item.similarity, *facts))
    names = ("exact", "near", "kind", "item", "item text", "passage", "document", "13-word runs")
    matches = Figure(
        name="G6.matches",
        kind="scatter",
        title="Items and the passages that hold most of them",
        caption="Exact overlap to the right, near overlap upwards; hover for the item and the passage." + left,
        columns=columns(names, rows),
        x=Axis("exact", "share of the item's 8-word runs in the document", domain=(0.0, 1.0)),
        y=Axis("near", "share of its words there in the same order", domain=(0.0, 1.0)),
        color="kind",
        label="item",
        rules=(NEAR,),
    )
    return [matches, _histogram(result)]


def _histogram(result: Overlapping) -> Figure:
    judged = [item for item in result.items if item.share_8 is not None]
    names = [f"{percent(step / 10)} to {percent((step + 1) / 10)}" for step in range(10)]
    rows: list[tuple[Cell, ...]] = []
    for what, values in (
        ("word for word (8-word runs)", [item.share_8 or 0.0 for item in judged]),
        ("nearly so (words in order)", [item.similarity for item in judged]),
    ):
        bins = [min(9, int(value * 10)) for value in values if value > 0]
        rows += [(name, bins.count(place), what, 0) for place, name in enumerate(names)]
    nothing = sum(item.document is None for item in judged)
    most = max(1, *(int(row[1] or 0) for row in rows))
    return bars(
        "G6.histogram",
        "How much of the items was found",
        f"Items by how much of them stands in one document. Of {nothing:,} of the {plural(len(judged), 'item')} long "
        "enough to look for, nothing was found: they are not drawn.",
        columns(("share found", "items", "how", "none"), rows),
        Axis("items", "items", domain=(0.0, 1.05 * most)),
        Axis("share found", "share of the item found", "nominal"),
        low="none",
        high="items",
        color="how",
    )


def _short(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1].rstrip() + "\u2026"


MEASURE = Measure(
    code="G6",
    name="overlap",
    question=Question.GAMING,
    asks="Do the items stand in a corpus, among the few-shot examples, or twice among themselves?",
    needs="the texts of the items, and a corpus, a pool of examples or other items to hold them against",
    formula=(
        "Word for word: share of the item's distinct 8-word (13-word) runs that stand in one document. Nearly: longest "
        "common subsequence of the item's words and a passage, over the item's words. Neither counts where more than a "
        "quarter of its own words (in no 5-word run of another item) or of its numbers and names are missing, and more "
        "of them than of its other words (Fisher's exact p below .02)."
    ),
    compute=overlap,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "found among the texts",
        Status.CAUTION: "some found, or too few looked for",
        Status.PASSED: "not found among the texts",
    },
    caveats=(
        "Only the documents named were looked at: a model may have been trained on others.",
        "A translation, or a paraphrase that keeps few words in their order, is not found.",
        "An item that stands in a corpus need not have been learnt from it, and may quote a public source.",
        "A passage is told from the question on it by other items on the same passage: where each has one question, an "
        "item whose passage alone stands in a document counts as copied.",
    ),
    references=(
        "Brown et al. 2020, Language models are few-shot learners, appendix C, arXiv 2005.14165",
        "Chowdhery et al. 2022, PaLM: Scaling language modeling with Pathways, section 8, arXiv 2204.02311",
        "Lee et al. 2022, Deduplicating training data makes language models better, arXiv 2107.06499",
    ),
)
