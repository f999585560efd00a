"""One simulated corpus for the overlap measure: nothing leaked, or an item copied, or one copied with words changed."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.measures.gaming.overlap import judge, overlap
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_event
from measurand.stats.texts.overlap import LONG, SHORT, ItemIndex, find_passages
from measurand.tables.overlaps import Overlaps

__all__ = ["SIMULATIONS", "overlaps_of", "simulated_texts"]

VOCABULARY, PHRASES, TYPICAL = 20_000, 300, 60
"""Words there are; set phrases of 4 to 9 words; words between two set phrases in a text."""

DOCUMENT = 200


@cache
def _vocabulary() -> npt.NDArray[np.str_]:
    return np.array([f"w{place}" for place in range(VOCABULARY)])


def _words(count: int, rng: np.random.Generator) -> list[str]:
    """Words by a Zipf-Mandelbrot law, as texts have them."""
    ranks = VOCABULARY ** rng.random(count) * 5 - 5
    found: list[str] = _vocabulary()[np.clip(ranks, 0, VOCABULARY - 1).astype(np.int64)].tolist()
    return found


def simulated_texts(count: int, words: int, phrases: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    """Texts that share words and set phrases and nothing else."""
    texts = []
    for _ in range(count):
        text = _words(words, rng)
        for _ in range(rng.poisson(words / TYPICAL)):
            phrase = phrases[int(len(phrases) * rng.random() ** 2)]
            begun = int(rng.integers(0, max(1, words - len(phrase))))
            text[begun : begun + len(phrase)] = phrase
        texts.append(text[:words])
    return texts


def overlaps_of(items: list[str], documents: list[str]) -> Overlaps:
    """Everything found of items in documents held in memory."""
    index = ItemIndex.of(items)
    found = find_passages(index, documents)
    names = [str(place) for place in range(len(items))]
    long, short = (index.counted(n) for n in (LONG, SHORT))
    frame = pl.DataFrame(
        {
            "benchmark": "simulated",
            "item": names,
            "text": items,
            "words": index.words.counts,
            "runs_13": long,
            "runs_8": short,
            "documents": np.bincount(found.item[found.short > 0], minlength=len(items)),
        }
    )
    matches = pl.DataFrame(
        {
            "benchmark": pl.Series(["simulated"] * len(found.item), dtype=pl.String),
            "item": pl.Series([names[item] for item in found.item.tolist()], dtype=pl.String),
            "document": found.document.astype(str),
            "share_13": np.where(long[found.item] > 0, found.long / np.maximum(long[found.item], 1), np.nan),
            "share_8": np.where(short[found.item] > 0, found.short / np.maximum(short[found.item], 1), np.nan),
            "similarity": found.similarity,
            "passage": pl.Series([found.passage(place) for place in range(len(found.item))], dtype=pl.String),
        }
    ).with_columns(pl.col("share_13", "share_8").fill_nan(None))
    return Overlaps.build(frame, matches, documents=len(documents))


def _run(items: int, documents: int, words: int, level: float, rng: np.random.Generator) -> Outcome:
    """Items that are nowhere in the corpus, but for one copied and two copied with words changed."""
    phrases = [_words(int(rng.integers(4, 10)), rng) for _ in range(PHRASES)]
    benchmark = simulated_texts(items, words, phrases, rng)
    corpus = simulated_texts(documents, DOCUMENT, phrases, rng)
    outcome: Outcome = {}
    texts = [" ".join(item) for item in benchmark]
    result = overlap(overlaps_of(texts, [" ".join(document) for document in corpus]), level=level)
    kinds = [item.kind() for item in result.items]
    add_event(
        outcome,
        "false_alarm",
        "an item said to be copied or nearly so",
        "nothing leaked",
        bool({"copied", "nearly copied"} & set(kinds)),
    )
    issue = judge(result)[0].status is Status.ISSUE
    add_event(outcome, "false_alarm", "verdict of an issue", "nothing leaked", issue)
    planted = {"copied word for word": 0.0, "1 word in 10 replaced": 0.1, "1 word in 5 replaced": 0.2}
    for place, share in enumerate(planted.values()):
        changed = list(benchmark[place])
        for spot in np.flatnonzero(rng.random(words) < share):
            changed[spot] = f"other{rng.integers(1000)}"
        corpus[place][50:50] = changed
    found = overlap(overlaps_of(texts[: len(planted)], [" ".join(document) for document in corpus]), level=level).items
    for item, name in zip(found, planted, strict=True):
        add_event(outcome, "power", "a leaked item found", name, item.kind() in ("copied", "nearly copied"))
    return outcome


CELLS = tuple(
    {"items": items, "documents": documents, "words": words}
    for items, documents, words in ((50, 100, 15), (50, 100, 30), (50, 100, 60), (200, 200, 60))
)

SIMULATIONS = {
    "G6": Simulation(
        CELLS,
        _run,
        regime=(
            "texts with words by Zipf's law and set phrases; nothing leaked, or single items copied whole or with "
            "a tenth or a fifth of their words replaced"
        ),
    )
}
