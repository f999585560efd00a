"""Run folders of HELM: items of ``per_instance_stats.json``, their answers in ``scenario_state.json``, the rest beside.

The two are joined on instance, split, perturbation and train trial. A run may hold several splits, which HELM never
pools: each is a log of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from measurand.readers.items import SCORES_LIMIT, Key, Rows, as_facts, count, disagreements, metadata, number, text
from measurand.readers.json_files import Document, decode, read_document, require
from measurand.readers.log import Aggregate, Log, Problem
from measurand.readers.settings import TASK, settings_of
from measurand.results import Source

__all__ = ["explained", "read", "recognise", "recomputed"]

_FILES = ("per_instance_stats.json", "run_spec.json", "scenario_state.json", "stats.json")
_BOOKKEEPING = frozenset(
    {
        "num_references",
        "num_train_trials",
        "num_prompt_tokens",
        "num_completion_tokens",
        "num_output_tokens",
        "num_instances",
        "training_co2_cost",
        "training_energy_cost",
        "inference_runtime",
        "inference_idealized_runtime",
        "inference_denoised_runtime",
        "batch_size",
        "num_train_instances",
        "prompt_truncated",
        "max_prob",
        "logprob",
        "num_perplexity_tokens",
        "num_bytes",
        "num_completions",
        "predicted_index",
    }
)
"""Statistics of a request that are no score of its answer."""
_TOLD = ("num_train_instances", "prompt_truncated", "inference_runtime", "max_prob", "logprob", "num_bytes")
_DERIVED = frozenset(("perplexity", "bits_per_byte", "logprob_per_byte"))
_FROM_RUN = frozenset(("model", "model_deployment"))

Place = tuple[str, str, str, int]
"""Instance, split, perturbation (as canonical JSON, empty for none) and train trial."""


class _Name(msgspec.Struct):
    name: str
    split: str | None = None
    sub_split: str | None = None
    perturbation: dict[str, Any] | None = None


class _Stat(msgspec.Struct):
    name: _Name
    count: float = 0
    sum: float | None = None
    mean: float | None = None


class _Instance(msgspec.Struct):
    instance_id: str
    stats: list[_Stat]
    perturbation: dict[str, Any] | None = None
    train_trial_index: int = 0


class _Text(msgspec.Struct):
    text: str = ""


class _Reference(msgspec.Struct):
    output: _Text
    tags: list[str] = []


class _Question(msgspec.Struct):
    id: str
    split: str | None = None
    sub_split: str | None = None
    references: list[_Reference] = []
    perturbation: dict[str, Any] | None = None


class _Token(msgspec.Struct):
    top_logprobs: Any = None


class _Completion(msgspec.Struct):
    text: str = ""
    tokens: list[_Token] = []


class _Answer(msgspec.Struct):
    completions: list[_Completion] = []


class _State(msgspec.Struct):
    instance: _Question
    train_trial_index: int = 0
    reference_index: int | None = None
    output_mapping: dict[str, str] | None = None
    result: _Answer | None = None


class _States(msgspec.Struct):
    request_states: list[msgspec.Raw]


class _Spec(msgspec.Struct):
    name: Any = None
    scenario_spec: Any = None
    adapter_spec: Any = None
    groups: Any = None


class _Folder(NamedTuple):
    path: Path
    instances: dict[Place, dict[str, list[_Stat]]]
    states: dict[Place, _State]
    stats: list[_Stat]
    spec: _Spec
    sha256: str
    problems: list[Problem]


def recognise(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a run folder of HELM.

    Examples
    --------
    >>> recognise("no_such_folder")
    False
    """
    try:
        return all((Path(path) / name).is_file() for name in _FILES[:2])
    except (OSError, ValueError):
        return False


def read(path: str | os.PathLike[str]) -> list[Log]:
    """Read a run folder.

    Returns
    -------
    list of Log
        One for each split. Variant is the perturbation, reading the metric, epoch the train trial counted from 1;
        runtimes and such are metadata.

    Raises
    ------
    InputError
        No such folder. Whatever it holds is no error but a problem of its log.
    """
    folder = _load(require(path))
    declared = _declared(folder)
    splits = list(dict.fromkeys([place[1] for place in folder.instances] + list(declared)))
    logs = [_log(folder, split, declared.get(split)) for split in splits] or [_log(folder, "", None)]
    # What is wrong with the folder is told once.
    return [replace(logs[0], problems=(*folder.problems, *logs[0].problems)), *logs[1:]]


def recomputed(log: Log) -> dict[Key, float]:
    """Aggregates computed from the items: (reading, metric) -> mean over train trials of the mean over items.

    The metric is the reading's name, followed by the perturbation for perturbed items (``exact_match,typos``).

    Examples
    --------
    >>> from measurand.readers.log import items_frame
    >>> items = items_frame({"item": ["1", "2"], "epoch": [1, 1], "reading": ["f1", "f1"], "score": [1.0, 0.0]})
    >>> named = {"harness": "helm", "harness_version": None, "model": None, "task": None, "task_version": None}
    >>> recomputed(Log(source=Source("s", "", "helm", 2), items=items, **named))
    {('f1', 'f1'): 0.5}
    """
    scored = log.items.filter(pl.col("reading").is_not_null() & pl.col("score").is_not_null())
    trials = scored.group_by("reading", "variant", "epoch", maintain_order=True).agg(pl.col("score").mean())
    pooled = trials.group_by("reading", "variant", maintain_order=True).agg(pl.col("score").mean())
    return {
        (reading, f"{reading},{variant}" if variant is not None else reading): mean
        for reading, variant, mean in pooled.iter_rows()
    }


def explained(log: Log) -> dict[Key, str]:
    """Aggregates that need not equal `recomputed`, with the rule that says why."""
    known, rules = recomputed(log), {}
    held = log.items.select("item", "epoch", "variant").n_unique() if log.items.height else 0
    counted = set(log.facts.get("pooled", "").split(","))
    for given in log.aggregates:
        key = (given.reading, given.metric)
        if held == 0:
            rules[key] = "no items: per_instance_stats.json gives none"
        elif log.declared_items is not None and held < log.declared_items:
            rules[key] = f"part of the items: {held} of {log.declared_items} are here"
        elif given.metric.endswith(",worst"):
            rules[key] = "worst: mean of the worst score over an item's perturbations"
        elif given.metric.endswith(",original"):
            rules[key] = "original: unperturbed items of those the perturbation changes"
        elif given.reading in _DERIVED:
            rules[key] = "derived from the sums over all items"
        elif given.reading in counted:
            rules[key] = "pooled: an item counts as often as it was scored"
        elif key not in known:
            rules[key] = "over the run: not computed for single items"
    return rules


def _load(path: Path) -> _Folder:
    instances = read_document(path / _FILES[0], list[msgspec.Raw])
    spec = read_document(path / _FILES[1], _Spec, rows=0)
    states = read_document(path / _FILES[2], _States, rows=0)
    # rows=0: only per_instance_stats.json holds items; without the others answers or aggregates are lost, not rows.
    stats = read_document(path / _FILES[3], list[msgspec.Raw], rows=0)
    documents: list[Document[Any]] = [instances, spec, states, stats]
    problems = [document.problem for document in documents if document.problem]
    raw_states = states.value.request_states if states.value else []
    digest = hashlib.sha256("".join(document.sha256 for document in documents).encode()).hexdigest()
    return _Folder(
        path,
        _by_place(_each(instances.value or [], _Instance, _FILES[0], problems, lost=1)),
        _states(_each(raw_states, _State, _FILES[2], problems, lost=0)),
        _each(stats.value or [], _Stat, _FILES[3], problems, lost=0),
        spec.value or _Spec(),
        digest,
        problems,
    )


def _each(raws: Iterable[msgspec.Raw], kind: type[Any], name: str, problems: list[Problem], lost: int) -> list[Any]:
    """The elements that decode; the others become one problem."""
    kept, bad, first = [], 0, ""
    for position, raw in enumerate(raws):
        try:
            kept.append(decode(bytes(raw), kind))
        except ValueError as error:
            bad, first = bad + 1, first or f"element {position}: {error}"
    # One problem for all: a changed schema breaks every element alike.
    if bad:
        problems.append(Problem(f"{name}: {bad} elements cannot be read; {first}", bad * lost))
    return kept


def _by_place(instances: Iterable[_Instance]) -> dict[Place, dict[str, list[_Stat]]]:
    """Statistics by place and name; an instance stands in the file once for each metric that looked at it."""
    places: dict[Place, dict[str, list[_Stat]]] = {}
    for instance in instances:
        perturbation = _canonical(instance.perturbation)
        for stat in instance.stats:
            place = (instance.instance_id, _split(stat.name), perturbation, instance.train_trial_index)
            places.setdefault(place, {}).setdefault(stat.name.name, []).append(stat)
    return places


def _states(states: Iterable[_State]) -> dict[Place, _State]:
    """Requests by place; of an item asked once for each option, the first."""
    places: dict[Place, _State] = {}
    for state in states:
        question = state.instance
        place = (question.id, _split(question), _canonical(question.perturbation), state.train_trial_index)
        places.setdefault(place, state)
    return places


def _split(named: _Name | _Question) -> str:
    return "/".join(part for part in (named.split, named.sub_split) if part)


def _canonical(perturbation: Mapping[str, Any] | None) -> str:
    if perturbation is None:
        return ""
    return json.dumps({k: v for k, v in perturbation.items() if k != "computed_on"}, sort_keys=True)


def _variants(perturbations: Iterable[str]) -> dict[str, str | None]:
    """Names of perturbations; where two share a name, the whole description."""
    described = {given: text(json.loads(given).get("name"), 200) or given for given in perturbations if given}
    names = list(described.values())
    return {"": None, **{given: name if names.count(name) == 1 else given for given, name in described.items()}}


def _log(folder: _Folder, split: str, declared: int | None) -> Log:
    places = {place: stats for place, stats in folder.instances.items() if place[1] == split}
    variants = _variants(
        dict.fromkeys([place[2] for place in places] + [_canonical(stat.name.perturbation) for stat in folder.stats])
    )
    rows, counted, dropped = Rows(), set(), 0
    for place, stats in places.items():
        cells = _cells(place, stats, folder.states.get(place))
        names = [name for name in stats if not _is_bookkeeping(name)]
        dropped += len(names[SCORES_LIMIT:])
        scored = {name: stats[name] for name in names[:SCORES_LIMIT]}
        counted |= {name for name, given in scored.items() if sum(stat.count for stat in given) > 1}
        for name, score in {name: _mean(given) for name, given in scored.items()}.items() or [(None, None)]:
            rows.add(variant=variants[place[2]], reading=name, score=score, **cells)
    items = rows.frame()
    spec = _adapter(folder.spec)
    log = Log(
        source=Source(str(folder.path), folder.sha256, "helm", items.height),
        harness="helm",
        harness_version=None,
        model=text(spec.get("model"), 200),
        task=_task(folder.spec),
        task_version=None,
        items=items,
        aggregates=tuple(_aggregates(folder.stats, split, variants, declared)),
        declared_items=declared,
        facts=_facts(folder.spec, split, counted),
        settings=settings_of(
            ("", {name: spec.get(name) for name in ("temperature", "reasoning_effort", "max_tokens")}),
            (TASK, {"shots": spec.get("max_train_instances"), "method": spec.get("method"), "prompt": _prompt(spec)}),
        ),
    )
    problems = _incomplete(log, len(places), sum(place not in folder.states for place in places))
    if dropped:
        problems.append(Problem(f"{_FILES[0]}: more than {SCORES_LIMIT} statistics of an item", dropped))
    problems += disagreements(log.aggregates, recomputed(log), explained(log))
    return replace(log, problems=tuple(problems))


def _prompt(spec: Mapping[str, Any]) -> str | None:
    """All that stands around a question, where it is not the usual frame."""
    frame = [spec.get(name) for name in ("instructions", "input_prefix", "output_prefix", "global_prefix")]
    said = "".join(part for part in frame if isinstance(part, str))
    return said or None


def _incomplete(log: Log, held: int, unanswered: int) -> list[Problem]:
    problems = []
    if log.declared_items is not None and held != log.declared_items:
        reason = f"the run declares {log.declared_items} items of this split, {held} are here"
        problems.append(Problem(reason, max(log.declared_items - held, 0)))
    if unanswered:
        problems.append(Problem(f"{unanswered} items have no request in scenario_state.json: no answer, no target", 0))
    return problems


def _is_bookkeeping(name: str) -> bool:
    return name in _BOOKKEEPING or name.startswith("finish_reason_")


def _mean(stats: Iterable[_Stat]) -> float | None:
    given = [(stat.sum, stat.count) for stat in stats if stat.sum is not None]
    times = sum(size for _, size in given)
    return number(sum(total for total, _ in given) / times) if times > 0 else None


def _cells(place: Place, stats: Mapping[str, list[_Stat]], state: _State | None) -> dict[str, object]:
    told = {name: _mean(stats[name]) for name in _TOLD if name in stats}
    cells: dict[str, object] = {
        "item": place[0],
        "epoch": max(min(place[3], 2**31 - 2), -1) + 1,
        "tokens_in": count(_mean(stats.get("num_prompt_tokens", ()))),
        "tokens_out": count(_mean(stats.get("num_output_tokens", stats.get("num_completion_tokens", ())))),
        "metadata": metadata({"split": place[1], **told}),
    }
    if state is None:
        return cells
    options = state.output_mapping or {}
    references = state.instance.references
    right = [reference.output.text for reference in references if "correct" in reference.tags]
    cells["target"] = text(right[0] if len(right) == 1 else right or None)
    if options:
        cells["choices"] = [text(option) for option in options.values()]
        cells["logprobs"] = _likelihoods(state, options)
    completion = _completion(state)
    if completion is not None:
        cells["answer"] = text(options.get(completion.text.strip(), completion.text))
    return cells


def _completion(state: _State) -> _Completion | None:
    # Where every option was a request of its own, no single completion is the answer.
    # Each option asked by itself: there is no text that the model chose.
    if state.reference_index is not None or state.result is None or not state.result.completions:
        return None
    return state.result.completions[0]


def _likelihoods(state: _State, options: Mapping[str, str]) -> list[float | None] | None:
    """Log-likelihood of each option's letter as first token, where the model's service told them all."""
    completion = _completion(state)
    first = completion.tokens[0].top_logprobs if completion and completion.tokens else None
    if not isinstance(first, dict):
        return None
    # Reversed, so that of " A" and "A" the likelier, which stands first, is kept.
    letters = {token.strip(): number(value) for token, value in reversed(first.items())}
    found = [letters.get(letter) for letter in options]
    return found if None not in found else None


def _declared(folder: _Folder) -> dict[str, int]:
    """Items of each split, over perturbations and trials."""
    totals: dict[str, float] = {}
    for stat in folder.stats:
        if stat.name.name == "num_instances" and stat.sum is not None:
            split = _split(stat.name)
            totals[split] = totals.get(split, 0) + stat.sum
    return {split: whole for split, total in totals.items() if (whole := count(total)) is not None}


def _aggregates(
    stats: Iterable[_Stat], split: str, variants: Mapping[str, str | None], declared: int | None
) -> Iterable[Aggregate]:
    for stat in stats:
        value = _mean([stat])
        if _split(stat.name) != split or _is_bookkeeping(stat.name.name) or value is None:
            continue
        perturbation = stat.name.perturbation
        computed = perturbation.get("computed_on", "perturbed") if perturbation else "perturbed"
        named = [stat.name.name, variants[_canonical(perturbation)], computed if computed != "perturbed" else None]
        yield Aggregate(
            reading=stat.name.name,
            metric=",".join(str(part) for part in named if part),
            value=value,
            stderr=None,
            n=declared,
        )


def _adapter(spec: _Spec) -> dict[str, Any]:
    return spec.adapter_spec if isinstance(spec.adapter_spec, dict) else {}


def _task(spec: _Spec) -> str | None:
    """The run's name without its model, so that the runs of two models are of one task.

    ``mmlu:subject=law,model=openai_gpt2`` becomes ``mmlu:subject=law``.
    """
    name = text(spec.name, 500)
    if name is None:
        return None
    scenario, _, arguments = name.partition(":")
    # The model stands in HELM's run name, and would make a benchmark of its own for each model.
    kept = [given for given in arguments.split(",") if given and given.partition("=")[0] not in _FROM_RUN]
    return scenario + (":" + ",".join(kept) if kept else "")


def _facts(spec: _Spec, split: str, counted: set[str]) -> dict[str, str]:
    adapter = _adapter(spec)
    scenario = spec.scenario_spec if isinstance(spec.scenario_spec, dict) else {}
    said = {
        "run": spec.name,
        "split": split or None,
        "scenario": scenario.get("class_name"),
        "scenario_args": scenario.get("args") or None,
        "groups": spec.groups or None,
        "method": adapter.get("method"),
        "shots": adapter.get("max_train_instances"),
        "limit": adapter.get("max_eval_instances"),
        "model_deployment": adapter.get("model_deployment"),
        "temperature": adapter.get("temperature"),
        "epochs": adapter.get("num_train_trials"),
        "pooled": ",".join(sorted(counted)) or None,
    }
    return as_facts(said)
