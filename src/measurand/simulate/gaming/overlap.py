"""One simulated corpus for the overlap measure: nothing leaked, or an item copied, or one copied with words changed."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.measures.gaming.overlap import Overlapping, judge, overlap
from measurand.results import Status
from measurand.simulate.outcomes import Outcome, Simulation, add_event
from measurand.stats.texts.overlap import LONG, SHORT, ItemIndex, find_passages
from measurand.tables.overlaps import Overlaps

__all__ = ["SIMULATIONS", "overlaps_of", "simulated_texts"]

VOCABULARY, PHRASES, TYPICAL = 20_000, 300, 60
"""Words there are; set phrases of 4 to 9 words; words between two set phrases in a text."""

DOCUMENT = 200

PASSAGES, PER_TEMPLATE, SLOT, NAMES = 5, 5, 6, 200
"""Items per passage and per template; words from one value of a template to the next; names there are."""
KEYWORDS = (
    "def",
    "return",
    "if",
    "else",
    "for",
    "in",
    "range",
    "len",
    "self",
    "not",
    "none",
    "append",
    "while",
    "import",
)


@cache
def _vocabulary() -> npt.NDArray[np.str_]:
    # Letters alone: what holds a digit is a number.
    return np.array(["".join(chr(97 + int(digit)) for digit in str(place)) for place in range(VOCABULARY)])


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


def templated(templates: list[list[str]], code: bool, rng: np.random.Generator) -> list[list[str]]:
    """An instance of each template: names and numbers, in code identifiers and numbers, put in at equal distances."""
    texts = [list(template) for template in templates]
    for text in texts:
        for place in range(2, len(text), SLOT):
            first, second = _vocabulary()[-1 - rng.integers(1, NAMES, 2)].tolist()
            name = f"{first}_{second}" if code else first.capitalize()
            text[place] = name if place % (2 * SLOT) == 2 else str(rng.integers(2, 100))
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
            "own_words": index.among(index.own),
            "value_words": index.among(index.values),
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
            "own": found.own,
            "values": found.values,
            "passage": pl.Series([found.passage(place) for place in range(len(found.item))], dtype=pl.String),
        }
    ).with_columns(pl.col("share_13", "share_8", "own", "values").fill_nan(None))
    return Overlaps.build(frame, matches, documents=len(documents))


def _run(items: int, documents: int, words: int, level: float, rng: np.random.Generator) -> Outcome:
    """Items that are nowhere in the corpus, but for one copied and others copied with words changed."""
    phrases = [_words(int(rng.integers(4, 10)), rng) for _ in range(PHRASES)]
    benchmark = simulated_texts(items, words, phrases, rng)
    corpus = simulated_texts(documents, DOCUMENT, phrases, rng)
    outcome: Outcome = {}
    _nothing_leaked(outcome, benchmark, corpus, level, "nothing leaked")
    for name, code in (("templates with other values", False), ("code of one form with other values", True)):
        count = -(-items // PER_TEMPLATE)
        forms = [rng.choice(KEYWORDS, words).tolist() if code else _words(words, rng) for _ in range(count)]
        own = templated((forms * PER_TEMPLATE)[:items], code, rng)
        others = [*templated(forms, code, rng), *templated(forms, code, rng), *corpus]
        _nothing_leaked(outcome, own, others, level, name)
        _leaks(outcome, own, others, level, f", {name}", rng)
    passages = [_words(3 * words, rng) for _ in range(-(-items // PASSAGES))]
    asked = [[*passage, *_words(words, rng)] for passage in passages for _ in range(PASSAGES)]
    _nothing_leaked(outcome, asked[:items], [*passages, *corpus], level, "passages in the corpus, not the questions")
    _leaks(outcome, benchmark, corpus, level, "", rng)
    return outcome


def _judged(benchmark: list[list[str]], corpus: list[list[str]], level: float) -> Overlapping:
    items, documents = ([" ".join(text) for text in texts] for texts in (benchmark, corpus))
    return overlap(overlaps_of(items, documents), level=level)


def _nothing_leaked(
    outcome: Outcome, benchmark: list[list[str]], corpus: list[list[str]], level: float, name: str
) -> None:
    result = _judged(benchmark, corpus, level)
    found = bool({"copied", "nearly copied"} & {item.kind() for item in result.items})
    add_event(outcome, "false_alarm", "an item said to be copied or nearly so", name, found)
    add_event(outcome, "false_alarm", "verdict of an issue", name, judge(result)[0].status is Status.ISSUE)


def _leaks(
    outcome: Outcome,
    benchmark: list[list[str]],
    corpus: list[list[str]],
    level: float,
    name: str,
    rng: np.random.Generator,
) -> None:
    """Whether single items are found that stand in documents of the corpus, with more or fewer words replaced."""
    planted = {
        "copied word for word": 0.0,
        "1 word in 10 replaced": 0.1,
        "1 word in 5 replaced": 0.2,
        "3 words in 10 replaced": 0.3,
    }
    holding = [list(document) for document in corpus]
    for place, share in enumerate(planted.values()):
        changed = list(benchmark[place])
        for spot in np.flatnonzero(rng.random(len(changed)) < share):
            changed[spot] = f"other{rng.integers(1000)}"
        holding[-1 - place][50:50] = changed
    for item, what in zip(_judged(benchmark, holding, level).items, planted, strict=False):
        add_event(outcome, "power", "a leaked item found", f"{what}{name}", item.kind() in ("copied", "nearly copied"))


CELLS = tuple(
    {"items": items, "documents": documents, "words": words}
    for items, documents, words in ((50, 100, 15), (50, 100, 30), (50, 100, 60), (200, 200, 60))
)

SIMULATIONS = {
    "G6": Simulation(
        CELLS,
        _run,
        regime=(
            "texts with words by Zipf's law and set phrases; nothing leaked, though the corpus holds word problems and "
            "code of the same templates with other values, or the passages asked about; or single items copied whole "
            "or with one to three tenths of their words replaced"
        ),
    )
}
