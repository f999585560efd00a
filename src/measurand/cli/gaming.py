"""Commands that ask whether a score is real for a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from measurand.cli.app import GAMING
from measurand.cli.asking import Asked, asks
from measurand.cli.options import ItemPaths, Resamples, Together
from measurand.cli.running import counts_in, names_in
from measurand.errors import InputError

__all__ = [
    "awareness",
    "contamination",
    "holdout",
    "lost",
    "membership",
    "overlap",
    "quiz",
    "read_items",
    "title_of",
    "underperformance",
]


@asks(GAMING, "G1", "G2")
def contamination(
    against: Annotated[
        list[str] | None, typer.Option(help="A benchmark and its reference, BENCHMARK,REFERENCE; repeatable.")
    ] = None,
    suspects: Annotated[str | None, typer.Option(help="Models to hold against all others, A,B; each in turn.")] = None,
    released: Annotated[str | None, typer.Option(help="Date of the benchmarks: older models are no suspects.")] = None,
    paired: Annotated[bool, typer.Option("--paired", help="The reference holds the same items rewritten.")] = False,
    likelihood: Annotated[str | None, typer.Option(help="Column of log-likelihoods, to link with the gap.")] = None,
    resamples: Resamples = 10_000,
) -> Asked:
    """Whether models score more on a benchmark than on a rewritten, related or fresh one, as others do (G1, G2)."""
    return Asked(
        {
            "against": None if against is None else tuple(_pair(text) for text in against),
            "suspects": names_in(suspects),
            "released": released,
            "paired": paired,
            "likelihood": likelihood,
            "resamples": resamples,
        }
    )


@asks(GAMING, "G8")
def underperformance(
    honest: Annotated[str | None, typer.Option(help="Variant, model or benchmark of the honest run.")] = None,
    told: Annotated[str | None, typer.Option(help="Variant, model or benchmark of the run to hold against it.")] = None,
) -> Asked:
    """Whether a log shows answers worse than guessing, crowded on few positions, or worse than when honest (G8)."""
    return Asked({"honest": honest, "told": told})


@asks(GAMING, "G11")
def awareness(
    condition: Annotated[
        str | None,
        typer.Option(
            help="What names the condition: variant, a column, a key of samples, a setting. Default: condition or cue."
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The condition without a cue; by default told by its name.")
    ] = None,
    negligible: Annotated[float, typer.Option(help="Change that does not matter, such as 0.05 for 5 points.")] = 0.05,
) -> Asked:
    """Whether the score changes when the same questions look like a test (G11)."""
    return Asked({"condition": condition, "baseline": baseline, "negligible": negligible})


@asks(GAMING, "G12")
def lost(
    reference: Annotated[str | None, typer.Option(help="The honest model: a base, an earlier version, a size.")] = None,
    suspect: Annotated[str | None, typer.Option(help="The model that may do worse than it can.")] = None,
    siblings: Annotated[str | None, typer.Option(help="Further honest versions, A,B.")] = None,
) -> Asked:
    """Whether a model loses items that its own earlier, or a weaker, honest version gets right (G12)."""
    return Asked({"reference": reference, "suspect": suspect, "siblings": names_in(siblings)})


@asks(GAMING, "G6")
def overlap(
    paths: ItemPaths,
    corpus: Annotated[Path | None, typer.Option(help="Folder or file of documents to look for the items in.")] = None,
    column: Annotated[str | None, typer.Option(help="Column of the corpus that holds its texts.")] = None,
    pool: Annotated[Path | None, typer.Option(help="Few-shot examples to look for the items in.")] = None,
    itself: Annotated[bool, typer.Option("--itself", help="Look for items that repeat one another.")] = False,
    tolerated: Annotated[float, typer.Option(help="Share of items found elsewhere that is not an issue.")] = 0.01,
) -> Asked:
    """Which items stand in a corpus, in a pool of examples, or twice in the benchmark, word for word or nearly (G6)."""
    from measurand.readers.evidence.corpus import overlap_with_corpus, overlap_with_texts
    from measurand.readers.evidence.texts import read_texts

    if (corpus is not None) + (pool is not None) + itself != 1:
        raise InputError("say what to hold the items against: one of --corpus PATH, --pool PATH and --itself")
    texts = read_items(paths)
    if corpus is not None:
        found = overlap_with_corpus(texts, corpus, column=column)
    else:
        found = overlap_with_texts(texts, None if pool is None else read_texts(pool))
    return Asked({"tolerated": tolerated}, {"overlaps": found}, title_of(paths))


@asks(GAMING, "G3")
def holdout(
    paths: Annotated[list[Path], typer.Argument(help="Texts of the public set, and of the new one.")],
    logs: Annotated[Path | None, typer.Option(help="Item-level results of models older than both sets.")] = None,
    older: Annotated[str | None, typer.Option(help="Names of these models, A,B.")] = None,
    odd_one_out: Annotated[
        str | None, typer.Option(help="People's guesses of the new item: RIGHT,GUESSES,SHOWN (items shown at a time).")
    ] = None,
    permutations: Annotated[int, typer.Option(help="Permutations of the labels.")] = 500,
    cluster: Together = None,
) -> Asked:
    """Whether a new set of items is drawn as the public one was: texts, lengths, older models, people (G3)."""
    from measurand.store import read

    if len(paths) != 2:
        raise InputError(f"name two files: the public set and the new one; got {len(paths)}")
    counts = None if odd_one_out is None else tuple(counts_in(odd_one_out, "RIGHT,GUESSES,SHOWN"))
    settings = {"older": tuple(names_in(older) or ()), "odd_one_out": counts, "permutations": permutations}
    stated: dict[str, Any] = {"texts": read_items(paths, cluster)}
    if logs is not None:
        stated["responses"] = read(logs).responses
    sets = {"public": paths[0].stem, "new": paths[1].stem}
    return Asked({**settings, **sets}, stated, title_of(paths))


@asks(GAMING, "G4")
def membership(
    paths: Annotated[
        list[Path], typer.Argument(help="Texts with the log-probabilities of their tokens, or an experiment's folder.")
    ],
    reference: Annotated[str | None, typer.Option(help="Model of the file that has not seen the texts.")] = None,
    share: Annotated[float, typer.Option(help="Share of the tokens, the least likely, that Min-K% looks at.")] = 0.2,
    permutations: Annotated[int, typer.Option(help="Permutations of the labels.")] = 500,
) -> Asked:
    """Whether texts known to be in the training data are told from others, and by their words alone (G4)."""
    from measurand.readers.evidence.token_logprobs import read_token_logprobs
    from measurand.store import read

    if len(paths) != 1:
        raise InputError(f"name one file of texts with log-probabilities; got {len(paths)}")
    settings = {"reference": reference, "share": share, "permutations": permutations}
    found = read(paths[0]).token_logprobs if paths[0].is_dir() else read_token_logprobs(paths[0])
    return Asked(settings, {"token_logprobs": found}, title_of(paths))


@asks(GAMING, "G5")
def quiz(
    paths: Annotated[list[Path], typer.Argument(help="Saved answers to contamination quizzes.")],
    tolerated: Annotated[float, typer.Option(help="Share of items recognised that is not an issue.")] = 0.1,
    resamples: Resamples = 1000,
) -> Asked:
    """Which share of items a model recognises by their original wording, from a quiz (G5)."""
    from measurand.readers.evidence.quiz import read_quizzes

    return Asked({"tolerated": tolerated, "resamples": resamples}, {"quizzes": read_quizzes(paths)}, title_of(paths))


def read_items(paths: Sequence[Path], cluster: str | None = None) -> Any:
    """The texts of all tables and logs; a table is a benchmark of its own unless a column says otherwise."""
    from measurand.readers.evidence.texts import joined
    from measurand.readers.item_texts import read_item_texts

    return joined([read_item_texts(path, cluster=cluster) for path in paths])


def title_of(paths: Sequence[Path]) -> str:
    """The names of the files, for the top of the report."""
    return ", ".join(path.name for path in paths)


def _pair(text: str) -> tuple[str, str]:
    names = names_in(text) or []
    if len(names) != 2:
        raise InputError(f"a benchmark and its reference should be BENCHMARK,REFERENCE, got {text!r}")
    return names[0], names[1]
