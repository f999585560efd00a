"""Experiments on what a model replies, its own weights or a provider's: prompts, reruns, awareness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from measurand.cli.live import (
    BY_TEXT,
    Batch,
    Loading,
    items_of,
    judged,
    live,
    progress,
    require_items,
    say,
    say_passes,
)
from measurand.cli.options import Out, Seed
from measurand.errors import InputError
from measurand.names import by_option_text
from measurand.wording import plural

__all__ = ["awareness", "prompts", "rerun"]

Tasks = Annotated[
    list[str], typer.Argument(help="Multiple-choice items (.jsonl, .csv, .parquet), or sums, facts, both.")
]
Provider = Annotated[
    str,
    typer.Option("--model", help="A model of Inspect's providers, such as openai/gpt-4o; a folder; or smollm2-135m."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Items of each set, the first so many; all by default.")]


@live
def prompts(
    tasks: Tasks,
    model: Provider,
    output: Out,
    count: Annotated[int, typer.Option("--variants", min=2, help="Variants of the prompt.")] = 12,
    instructions: Annotated[
        Path | None, typer.Option(help="Wordings of the instruction, one a line, in place of the shipped ones.")
    ] = None,
    limit: Limit = None,
    temperature: Annotated[float | None, typer.Option(help="Of the answers; the provider's own by default.")] = 0.0,
    seed: Seed = 0,
) -> None:
    """Put items in variants of the prompt through inspect-ai, and say how far scores depend on it (P7)."""
    from measurand.experiments.prompts import INSTRUCTIONS, variants
    from measurand.measures.precision.shared.prompts import LEAST_ITEMS

    wordings = INSTRUCTIONS if instructions is None else _lines(instructions)
    sets = [_first(items_of(name), limit) for name in tasks]
    for items in sets:
        require_items(items, LEAST_ITEMS)
    asked = [(items, variants(items, count, instructions=wordings, seed=seed)) for items in sets]
    _reply("prompts", asked, model, temperature, output, instructions=list(wordings))


@live
def rerun(
    tasks: Annotated[list[str], typer.Argument(help="Item sets as for prompts, or tasks of Inspect's.")],
    model: Provider,
    output: Out,
    epochs: Annotated[int, typer.Option(min=2, help="Times each item is put.")] = 5,
    limit: Limit = None,
    temperature: Annotated[float | None, typer.Option(help="Of the answers; the provider's own by default.")] = None,
) -> None:
    """Put the same items several times through inspect-ai, and say how far the scores agree (P6)."""
    from measurand.experiments.inspect_tasks import PLAIN
    from measurand.experiments.item_sets import SHIPPED
    from measurand.measures.precision.reruns import LEAST_ITEMS

    asked: list[Any] = []
    for name in tasks:
        if name in SHIPPED or _is_table(name):
            items = _first(items_of(name), limit)
            require_items(items, LEAST_ITEMS)
            asked.append((items, (PLAIN,)))
        else:
            asked.append(name)
    _reply("rerun", asked, model, temperature, output, epochs=epochs, limit=limit)


@live
def awareness(
    tasks: Tasks,
    model: Annotated[
        str,
        typer.Option(
            "--model", help="Folder, .gguf file, smollm2-135m; or a model of Inspect's, such as openai/gpt-4o."
        ),
    ],
    output: Out,
    limit: Limit = None,
    temperature: Annotated[
        float | None, typer.Option(help="Of a provider's answers; the provider's own by default.")
    ] = 0.0,
    batch: Batch = 32,
    *,
    loading: Loading,
) -> None:
    """Put items with and without cues that they are a test, and say whether the score changes with them (G11)."""
    from measurand.experiments.awareness import ask, cued_variants, parts, plan
    from measurand.experiments.default_model import DEFAULT_MODEL
    from measurand.experiments.models import load
    from measurand.experiments.sweeps import Folder, fingerprint
    from measurand.measures.gaming.shared.conditions import LEAST_ITEMS

    sets = [_first(items_of(name), limit) for name in tasks]
    for items in sets:
        require_items(items, LEAST_ITEMS)
    if model != DEFAULT_MODEL and not Path(model).exists():
        _reply("awareness", [(items, cued_variants()) for items in sets], model, temperature, output)
        return
    options = asdict(loading)
    settings = {
        "experiment": "awareness",
        "model": model,
        "weights": fingerprint(model),
        "options": {name: str(value) for name, value in options.items()},
        "items": {by_option_text(items.name): [item.id for item in items.items] for items in sets},
    }
    kept, every = Folder(output, settings), parts(sets)
    left = sum(not kept.has(name) for name, _, _ in every)
    say_passes(len(every), left, f"over {plural(sum(map(len, sets)), 'item')} in all, {BY_TEXT}")
    loaded = load(model, **options)
    if left:
        say(plan(loaded, sets, kept))
    with progress(["awareness"]) as step:
        ask(loaded, sets, kept, batch=batch, progress=step)
    judged(output, "awareness")


def _reply(
    name: str,
    asked: Sequence[Any],
    model: str,
    temperature: float | None,
    output: Path,
    *,
    epochs: int = 1,
    limit: int | None = None,
    **further: object,
) -> None:
    """Have a model reply to items in variants of a prompt, or to tasks of Inspect's by name, and judge the replies."""
    from measurand.experiments.inspect_tasks import replies_in, run, task
    from measurand.experiments.sweeps import Folder, fingerprint

    sets = [one for one in asked if not isinstance(one, str)]
    settings = {
        "experiment": name,
        "model": model,
        "weights": fingerprint(model),
        "temperature": temperature,
        "tasks": [one for one in asked if isinstance(one, str)],
        "items": {items.name: [item.id for item in items.items] for items, _ in sets},
        "variants": {items.name: [variant.name for variant in variants] for items, variants in sets},
        "epochs": epochs,
        "limit": limit,
        **further,
    }
    Folder(output, settings)
    if len(sets) == len(asked):
        replies = epochs * sum(len(items) * len(variants) for items, variants in sets)
        say_passes(replies, replies - replies_in(output), "scored by the option that each names", "replies")
    made = [one if isinstance(one, str) else task(*one, epochs=epochs) for one in asked]
    given = {} if len(sets) == len(asked) else {"epochs": epochs, "limit": limit}
    with progress([name]) as step:
        run(made, *_provided(model, temperature), output, progress=step, **given)
    judged(output, name)


def _is_table(name: str) -> bool:
    return Path(name).suffix.casefold() in (".jsonl", ".csv", ".tsv", ".parquet")


def _first(items: Any, limit: int | None) -> Any:
    return items if limit is None else items.only([item.id for item in items.items[:limit]])


def _lines(path: Path) -> list[str]:
    from measurand.readers.paths import read_bytes

    lines = [line.strip() for line in read_bytes(str(path)).decode("utf-8", "replace").splitlines()]
    found = [line for line in lines if line]
    if not found:
        raise InputError(f"{path}: no wording; there should be one a line")
    return found


def _provided(model: str, temperature: float | None) -> tuple[Any, float | None]:
    """A model folder as a model of Inspect's, any other name as it is; and the temperature to ask it with."""
    from measurand.experiments.default_model import DEFAULT_MODEL
    from measurand.experiments.inspect_tasks import MOCK, local_model, mock_model
    from measurand.experiments.models import default_folder, name_of

    if model == MOCK:
        return mock_model(), temperature
    folder = default_folder() if model == DEFAULT_MODEL else Path(model)
    if not (folder / "config.json").is_file():
        return model, temperature
    # transformers has no temperature of 0: it takes the likeliest token where it is told not to sample.
    return local_model(folder, name_of(model), do_sample=temperature != 0), temperature or None
