"""What commands that run experiments on a live model share: options, plans, progress, and the verdict at the end."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from measurand.cli import running
from measurand.cli.app import app, expanded
from measurand.cli.options import Showing
from measurand.cli.running import audit_and_write, messages
from measurand.errors import InputError
from measurand.wording import plural

__all__ = [
    "BY_TEXT",
    "Batch",
    "Loading",
    "Threads",
    "items_of",
    "judged",
    "live",
    "progress",
    "require_items",
    "say",
    "say_passes",
]

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


Batch = Annotated[int, typer.Option(min=1, help="Items a pass; halved where memory does not suffice.")]
BY_TEXT = "scored by the likeliest option text"


def items_of(given: str) -> Any:
    """The items of a file, or those shipped under that name; how the right answers are given is said."""
    from measurand.experiments.item_sets import SHIPPED, shipped
    from measurand.readers.evidence.item_sets import read_item_set

    if given in SHIPPED and not Path(given).exists():
        return shipped(given)
    items = read_item_set(given)
    messages.print(f"{plural(len(items), 'item')} of {given}, the right answers read by {items.keys}", soft_wrap=True)
    return items


def say(plan: Any, jobs: int = 1) -> None:
    """What the work will take."""
    seconds = plan.seconds / jobs
    shown = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    messages.print(f"{plan.tokens:,} tokens, {plan.flop:.2g} FLOP; about {shown} on this machine", soft_wrap=True)


def say_passes(total: int, left: int, over: str, unit: str = "passes") -> None:
    """How much there is to do, and how much is left of it: before a model is loaded, which takes a while."""
    rest = "" if left == total else f"; {total - left:,} are done, {left:,} left"
    messages.print(f"{total:,} {unit} {over}{rest}", soft_wrap=True)


def require_items(items: Any, least: int, clusters: int = 0, why: str = "") -> None:
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


def judged(output: Path, name: str) -> None:
    """What an experiment found, from what it left: as any later audit of the folder reads it."""
    from measurand.readers.evidence.experiments import JUDGED_BY
    from measurand.store import read

    audit_and_write(read(output), {}, Showing(output=output), codes=(JUDGED_BY[name],))
