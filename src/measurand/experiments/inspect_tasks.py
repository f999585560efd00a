"""Items under variants of the prompt, or again and again, run by inspect-ai on any of its providers."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from measurand.errors import InputError
from measurand.experiments.prompts import INSTRUCTIONS, Format, Variant, prompt_of
from measurand.extras import need
from measurand.tables import ItemSet

__all__ = ["MOCK", "PLAIN", "local_model", "mock_model", "option_in", "replies_in", "run", "task"]

PLAIN = Variant("plain", Format(), INSTRUCTIONS[0])
TOKENS = 16
"""Most tokens of an answer: a mark, or a short option."""
MOCK = "mockllm/model"
"""Inspect's model that answers without a network."""
WRITES = 500
"""Times that a log is written while it grows, at most: each writes the whole of it, and what is between two is lost
where the run is killed."""


def option_in(said: str, marks: Sequence[str], options: Sequence[str]) -> int | None:
    """Which option an answer names: by the mark it begins with, else by the one mark or option that it holds.

    Examples
    --------
    >>> marks, options = ("A", "B"), ("4", "15")
    >>> [option_in(said, marks, options) for said in ("(B) 15", "b", "The answer is A.", "It is 15", "4 or 15", "")]
    [1, 1, 0, 1, None, None]
    """
    text = said.strip()
    first = re.match(r"[\W_]*(\w+)(?!\w)", text)
    # A lone "a" is a mark, "a" that begins a sentence is an article.
    if first is not None and first[1].upper() in marks and (first[1].isupper() or len(text.strip("()[].: ")) == 1):
        return marks.index(first[1].upper())
    for words in (marks, options):
        held = [place for place, word in enumerate(words) if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)]
        # An answer that names two options has not chosen.
        if len(held) == 1:
            return held[0]
    return None


def task(items: ItemSet, variants: Sequence[Variant] = (PLAIN,), *, epochs: int = 1) -> Any:
    """An Inspect task in which every item is put in every variant.

    A sample's metadata name its item, its variant, its cluster and the strength of its cue, by which its log is read.

    Parameters
    ----------
    epochs : times each is put.

    Raises
    ------
    InputError
        inspect-ai is not installed, or two variants have one name.
    """
    names = [variant.name for variant in variants]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"variants should have names of their own, got {twice!r} twice")
    inspect_ai, dataset = need("inspect_ai", "inspect"), need("inspect_ai.dataset", "inspect")
    samples = []
    for item in items.items:
        for variant in variants:
            prompt, marks, options, target = prompt_of(item, variant)
            metadata: dict[str, Any] = {"item": item.id, "variant": variant.name, "marks": list(marks)}
            if item.cluster is not None:
                metadata["cluster"] = item.cluster
            if variant.cue is not None:
                metadata["cue"] = variant.cue
            samples.append(
                dataset.Sample(
                    id=f"{item.id} | {variant.name}",
                    input=prompt,
                    choices=list(options),
                    target=marks[target],
                    metadata=metadata,
                )
            )
    return inspect_ai.Task(
        name=items.name,
        dataset=dataset.MemoryDataset(samples, name=items.name),
        solver=need("inspect_ai.solver", "inspect").generate(),
        scorer=_scorer(),
        epochs=epochs,
    )


def _scorer() -> Any:
    scoring = need("inspect_ai.scorer", "inspect")

    def option() -> Any:
        """Right if the answer names the right option."""

        async def score(state: Any, target: Any) -> Any:
            marks = state.metadata["marks"]
            place = option_in(state.output.completion, marks, [choice.value for choice in state.choices])
            answer = None if place is None else marks[place]
            # No option named counts as wrong in the score, and is told apart: a babbler is not below chance.
            value = scoring.INCORRECT if answer else scoring.NOANSWER
            value = scoring.CORRECT if answer == target.text else value
            return scoring.Score(value=value, answer=answer, explanation=state.output.completion)

        return score

    metrics = [scoring.accuracy(), scoring.stderr()]
    return scoring.scorer(metrics=metrics, name="option")(option)()


def mock_model() -> Any:
    """A model of Inspect's that names the first option whatever it is asked, for trying things out offline.

    Raises
    ------
    InputError
        inspect-ai is not installed.
    """
    models = need("inspect_ai.model", "inspect")

    def first(messages: Sequence[Any], *_: Any) -> Any:
        said = models.ModelOutput.from_content(MOCK, "A")
        # Said here, as Inspect would fetch a tokenizer to count them.
        words = sum(len(message.text.split()) for message in messages)
        said.usage = models.ModelUsage(input_tokens=words, output_tokens=1, total_tokens=words + 1)
        return said

    return models.get_model(MOCK, custom_outputs=first, memoize=False)


def local_model(path: Path, name: str, **options: Any) -> Any:
    """A model folder as a model of Inspect's, run here with transformers.

    Parameters
    ----------
    name : how its logs call it.
    options : arguments of Inspect's provider ``hf``, such as ``device`` or ``batch_size``.

    Raises
    ------
    InputError
        inspect-ai or torch is not installed.
    """
    # The folder holds all there is; without this, libraries ask a hub for it by its name. It is read when they load.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    need("torch", "weights")
    need("transformers", "weights").utils.logging.disable_progress_bar()
    get_model = need("inspect_ai.model", "inspect").get_model
    return get_model(f"hf/{name}", model_path=str(path), tokenizer_path=str(path), memoize=False, **options)


def replies_in(folder: Path) -> int:
    """Replies that logs of Inspect's in a folder hold; of the logs of one task, the one with most counts.

    Examples
    --------
    >>> replies_in(Path("no/such/folder"))
    0
    """
    most: dict[str, int] = {}
    for log in folder.glob("*.eval"):
        # DATE_TASK_ID.eval; a log that goes on with another keeps the identity of its task.
        task = log.stem.rpartition("_")[2]
        try:
            with zipfile.ZipFile(log) as held:
                count = sum(name.startswith("samples/") for name in held.namelist())
        except (OSError, zipfile.BadZipFile):
            count = 0
        most[task] = max(most.get(task, 0), count)
    return sum(most.values())


def run(
    tasks: Sequence[Any],
    model: Any,
    temperature: float | None,
    folder: Path,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    **options: Any,
) -> list[Any]:
    """Run tasks through inspect-ai; its logs are left in the folder, and the same call goes on where one was stopped.

    Parameters
    ----------
    tasks : from `task`, or any of Inspect's.
    model : name of a provider's model, such as ``openai/gpt-4o``, or a model.
    temperature : of the answers; None for the provider's own.
    folder : for the logs; those it holds already are of these tasks.
    progress : called with the name of a task, the replies that are there and how many are asked for.
    options : further arguments of ``inspect_ai.eval_set``.

    Raises
    ------
    InputError
        inspect-ai is not installed, the model is none of its providers', or a run did not end well; what was run is
        in the folder all the same.
    """
    inspect_ai = need("inspect_ai", "inspect")
    sizes = [len(each.dataset) for each in tasks if not isinstance(each, str)]
    given = {
        "max_tokens": TOKENS,
        "display": "none",
        "log_format": "eval",
        "log_buffer": max(1, max(sizes, default=0) // WRITES),
        # What went wrong is the caller's to see: the next call goes on.
        "retry_attempts": 1,
        "retry_immediate": False,
        **options,
    }
    if temperature is not None:
        given["temperature"] = temperature
    try:
        # Inspect prints where its logs are, whatever it is told to display.
        with redirect_stdout(io.StringIO()), _told(progress, replies_in(folder)):
            _, logs = inspect_ai.eval_set(list(tasks), model=model, log_dir=str(folder), **given)
    except (ValueError, ImportError, need("inspect_ai._util.error", "inspect").PrerequisiteError) as error:
        raise InputError(f"inspect-ai could not run {model}: {_plain(error)}") from None
    for log in logs:
        if log.status != "success":
            reason = log.error.message if log.error is not None else log.status
            raise InputError(f"{log.eval.task}: the run did not end well: {reason}; its log is in {folder}")
    _drop_superseded(folder, logs)
    return list(logs)


def _drop_superseded(folder: Path, logs: Sequence[Any]) -> None:
    """Remove what a stopped run left: its replies stand in the log that went on, and would count twice."""
    whole = {Path(log.location).name for log in logs}
    for log in folder.glob("*.eval"):
        if log.name not in whole:
            log.unlink()


@contextmanager
def _told(progress: Callable[[str, int, int], None] | None, done: int) -> Iterator[None]:
    """Say what Inspect has done beside what was done before, while this is open."""
    hooks = need("inspect_ai.hooks", "inspect")
    asked: dict[str, tuple[str, int]] = {}
    telling = progress

    async def on_task_start(_: Any, data: Any) -> None:
        spec = data.spec
        asked[data.eval_id] = (spec.task, (spec.dataset.samples or 0) * (spec.config.epochs or 1))

    async def on_sample_end(_: Any, data: Any) -> None:
        nonlocal done
        total = sum(count for _, count in asked.values())
        done = min(done + 1, total)
        if telling is not None:
            telling(asked[data.eval_id][0], done, total)

    own = {"on_task_start": on_task_start, "on_sample_end": on_sample_end}
    hooks.hooks(name="measurand", description="says how far a run is")(type("Telling", (hooks.Hooks,), own))
    try:
        yield
    finally:
        # Inspect keeps its hooks for as long as the process lives.
        telling = None


def _plain(error: BaseException) -> str:
    lines = [line.strip() for line in re.sub(r"\[/?[a-z ]+\]", "", str(error)).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
