"""Models and tasks as harnesses spell them, brought to one name each."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from measurand.catalogue import BenchmarkFacts, lookup
from measurand.errors import UnknownName

__all__ = [
    "COMMENT",
    "Spellings",
    "alias_rows",
    "benchmark_of",
    "by_option_text",
    "in_two_ways",
    "matched",
    "model_of",
    "resolved",
    "series_of",
    "settings_in",
    "spellings",
]

MAKERS = frozenset(("anthropic", "google", "grok", "mistral", "openai", "perplexity"))
"""Providers of Inspect that make the models they serve: their name belongs to the model's."""

HOSTS = frozenset(("azure", "bedrock", "vertex"))
"""Clouds through which a maker's models are reached: ``openai/azure/gpt-4o``."""

SERVICES = HOSTS | frozenset(
    (
        "azureai",
        "cf",
        "cloudflare",
        "fireworks",
        "goodfire",
        "groq",
        "hf",
        "huggingface",
        "llama-cpp-python",
        "none",
        "ollama",
        "openai-api",
        "openrouter",
        "sambanova",
        "sglang",
        "together",
        "transformer_lens",
        "vllm",
    )
)
"""First parts of a name that say through whom a model was reached, not who made it."""

RUNTIMES = frozenset(("hf", "huggingface", "llama-cpp-python", "none", "ollama", "sglang", "transformer_lens", "vllm"))
"""Services that run what they are given: their name says nothing of the model even where no maker is named."""

COMMENT = "#"
"""A row of a table of aliases that begins with this says something to its reader and renames nothing."""

_SETTINGS = re.compile(r"(?P<model>.+) \((?P<settings>[^()=,]+=[^()]*)\)")
_MODEL_ARGUMENT = re.compile(r"(?:^|,)\s*(?:pretrained|model|engine|path)=([^,]+)")
_REVISION = re.compile(r"(?:^|,)\s*revision=([^,]+)")
_ADAPTER = re.compile(r"(?:^|,)\s*(?:peft|delta)=([^,]+)")
# Not after a letter or point: 8x7b is a mixture, whose size its name does not state, and v2.5b is no size either.
_SIZE = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,6})?)([bm])(?![a-z0-9])", re.IGNORECASE)
_BLOOM_SIZE = re.compile(r"(?<![a-z0-9.])(\d{1,4})b(\d)(?![a-z0-9])", re.IGNORECASE)


def model_of(raw: str, aliases: Mapping[str, str] | None = None) -> str:
    """The canonical name, ``org/model``, of a model as a harness spells it.

    Parameters
    ----------
    raw : ``provider/service/org/model`` (Inspect), ``org__model`` (folder names), ``pretrained=org/model,revision=r``
        (lm-eval), ``org_model`` is left as it is, since models have underscores too.
    aliases : raw or canonical name -> the name wanted; wins over every rule.

    Returns
    -------
    str
        A revision other than ``main`` stays, as ``org/model@revision``: two checkpoints are two models. A model with an
        adapter (``peft=``) is named after the adapter, as lm-eval does. Never empty unless `raw` is.

    Examples
    --------
    >>> model_of("together/meta-llama/Llama-3-8b"), model_of("openai/azure/gpt-4o"), model_of("EleutherAI__pythia-1b")
    ('meta-llama/Llama-3-8b', 'openai/gpt-4o', 'EleutherAI/pythia-1b')
    >>> model_of("pretrained=EleutherAI/pythia-1b,revision=step1000,dtype=float16")
    'EleutherAI/pythia-1b@step1000'
    """
    aliases = aliases or {}
    if raw in aliases:
        return aliases[raw]
    name, shorter = raw, _simpler(raw)
    # A name can be wrapped more than once, as in hf/pretrained=org/model; each step takes something off.
    while shorter != name:
        name, shorter = shorter, _simpler(shorter)
    return aliases.get(name, name)


def _simpler(raw: str) -> str:
    """One layer of spelling taken off."""
    name = raw.strip()
    suffix = ""
    if argument := _MODEL_ARGUMENT.search(name):
        revision = _REVISION.search(name)
        suffix = f"@{revision[1].strip()}" if revision and revision[1].strip() != "main" else ""
        name = (_ADAPTER.search(name) or argument)[1].strip()
    if "__" in name and "/" not in name:
        name = name.replace("__", "/", 1)
    name = _without_services(name)
    return name + suffix if name else raw


def _without_services(name: str) -> str:
    """Provider and service taken off; where nobody else is named as the maker, the provider stays."""
    parts = [part for part in name.split("/") if part]
    if len(parts) <= 2:
        # hf/gpt2 was reached through Hugging Face but not made there; openai/gpt-4o was made by OpenAI.
        return parts[1] if len(parts) == 2 and parts[0] in RUNTIMES else "/".join(parts)
    if parts[0] in MAKERS and parts[1] in HOSTS:
        return "/".join((parts[0], *parts[2:]))
    return "/".join(parts[1:]) if parts[0] in SERVICES else "/".join(parts)


def benchmark_of(task: str, version: str | None, versions: int) -> str:
    """The benchmark a task belongs to: the catalogue's id where it knows the name, else the task's own.

    Parameters
    ----------
    task : as the harness spells it.
    version : of the task; kept in the name where several are present, since two versions are never pooled.
    versions : how many versions of it are present.

    Examples
    --------
    >>> benchmark_of("inspect_evals/gpqa_diamond", "1", 1), benchmark_of("hellaswag", "0", 2)
    ('gpqa_diamond', 'hellaswag@0')
    >>> benchmark_of("mmlu:subject=philosophy,method=multiple_choice_joint", None, 1)
    'mmlu_philosophy'
    """
    known = lookup(task) or _lookup_run(task)
    name = known.benchmark if known is not None else task
    return f"{name}@{version}" if versions > 1 and version is not None else name


def by_option_text(benchmark: str) -> str:
    """The name of a benchmark whose answers are the options with the likeliest texts, and not what a model replies.

    One model may know an answer by the one and not by the other, so that the two are benchmarks of their own.

    Examples
    --------
    >>> by_option_text("facts")
    'facts (option text)'
    """
    return f"{benchmark} (option text)"


def in_two_ways(benchmarks: Collection[str]) -> bool:
    """Whether a benchmark is there by option text and by replies, so that an average would count its items twice.

    Examples
    --------
    >>> in_two_ways(["facts (option text)", "sums"]), in_two_ways(["facts (option text)", "facts"])
    (False, True)
    """
    return any(by_option_text(name) in benchmarks for name in benchmarks)


def _lookup_run(task: str) -> BenchmarkFacts | None:
    """The benchmark of a HELM run name, ``scenario:key=value,...``, by its dataset or its scenario's subject."""
    scenario, colon, arguments = task.partition(":")
    given = dict(pair.partition("=")[::2] for pair in arguments.split(",")) if colon else {}
    if "dataset" in given:
        return lookup(given["dataset"])
    return lookup(f"{scenario}_{given['subject']}") if "subject" in given else None


def settings_in(model: str) -> tuple[str, dict[str, str]]:
    """The model and the settings that stand in the name of a row, as runs under two settings are named.

    Examples
    --------
    >>> settings_in("org/m (shots=5, effort=high)"), settings_in("org/m (v2)")
    (('org/m', {'shots': '5', 'effort': 'high'}), ('org/m (v2)', {}))
    """
    found = _SETTINGS.fullmatch(model)
    if found is None:
        return model, {}
    pairs = (each.partition("=") for each in found["settings"].split(", "))
    return found["model"], {name: value for name, _, value in pairs}


def series_of(model: str) -> tuple[str, float] | None:
    """The series a model's name puts it in, and the parameters it states; None where it states no size.

    A name with a size is one of a series that shares data and recipe, so the series can stand for an unknown family.

    Examples
    --------
    >>> series_of("EleutherAI/pythia-1.4b-deduped"), series_of("facebook/opt-350m"), series_of("gpt-4o")
    (('pythia', 1400000000.0), ('opt', 350000000.0), None)
    """
    name = model.split("/")[-1]
    size, stem = _size_of(name), re.match(r"[A-Za-z]{2,}", name)
    return (stem[0].lower(), size) if size and stem else None


def _size_of(name: str) -> float | None:
    """Parameters a name states: 1.4b, 350m, or 7b1 for 7.1 billion."""
    if found := _SIZE.search(name):
        return float(found[1]) * (1e9 if found[2].lower() == "b" else 1e6)
    if found := _BLOOM_SIZE.search(name):
        return float(f"{found[1]}.{found[2]}") * 1e9
    return None


def resolved(kind: str, name: str, known: Iterable[str]) -> str:
    """The known name that is meant: the same, or the only one alike but for case, punctuation and provider prefix.

    Parameters
    ----------
    kind : what is named, for the message.
    name : as a person typed it.
    known : the names there are.

    Raises
    ------
    UnknownName
        None is alike, or several are.

    Examples
    --------
    >>> resolved("model", "gpt 4O", ["openai/gpt-4o", "openai/gpt-4o-mini"])
    'openai/gpt-4o'
    >>> resolved("benchmark", "TruthfulQA-MC1", ["truthfulqa_mc1", "truthfulqa_mc2"])
    'truthfulqa_mc1'
    """
    names = list(known)
    if name in names:
        return name
    for simple in (_folded, lambda text: _folded(text.rpartition("/")[2])):
        alike = [each for each in names if simple(each) == simple(name)]
        if len(alike) == 1:
            return alike[0]
    raise UnknownName(kind, name, names)


@dataclass(frozen=True, kw_only=True)
class Spellings:
    """Names that may be one model.

    Parameters
    ----------
    names : the names, in the order in which they were met.
    kept : the name that would stand for all of them.
    why : what they have in common.
    dated : whether one is a dated version of another, which need not be the same model: to be asked, never joined.
    """

    names: tuple[str, ...]
    kept: str
    why: str
    dated: bool


def spellings(models: Iterable[str]) -> list[Spellings]:
    """Groups of names that may be one model: the same words and numbers under several providers, or with a date.

    Parameters
    ----------
    models : names as harnesses and tables spell them.

    Returns
    -------
    list of Spellings
        First those that differ in provider, case and punctuation alone, then those of which a date is asked.

    Examples
    --------
    >>> for each in spellings(["alibaba/qwen3-next", "qwen/Qwen3-Next", "claude-4.5", "claude-4-5-20251001", "phi-2"]):
    ...     print(each.names, each.kept, each.dated)
    ('alibaba/qwen3-next', 'qwen/Qwen3-Next') qwen/Qwen3-Next False
    ('claude-4.5', 'claude-4-5-20251001') claude-4.5 True
    """
    by_words: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in dict.fromkeys(models):
        by_words[_words(name)].append(name)
    same = [
        Spellings(names=tuple(names), kept=_makers(names), why=_why(names), dated=False)
        for names in by_words.values()
        if len(names) > 1
    ]
    dated: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for words, names in by_words.items():
        if (undated := _undated(words)) in by_words:
            dated[undated].append(_makers(names))
    why = "one name is the other with a date: the same model only if the undated name meant that version"
    asked = []
    for words, later in dated.items():
        kept = _makers(by_words[words])
        asked.append(Spellings(names=(kept, *later), kept=kept, why=why, dated=True))
    return same + asked


def alias_rows(groups: Sequence[Spellings]) -> list[tuple[str, str]]:
    """Rows of a table of aliases that joins each group; what has to be asked stands in comments.

    Examples
    --------
    >>> for row in alias_rows(spellings(["a/m-1", "b/m-1", "m-1-20250101"])):
    ...     print(row)
    ('name', 'use')
    ('# 1. the same but for the provider', '')
    ('b/m-1', 'a/m-1')
    ('# 2. one name is the other with a date: the same model only if the undated name meant that version', '')
    ('# m-1-20250101', 'a/m-1')
    """
    rows = [("name", "use")]
    for number, group in enumerate(groups, start=1):
        rows.append((f"{COMMENT} {number}. {group.why}", ""))
        mark = f"{COMMENT} " if group.dated else ""
        rows += [(f"{mark}{name}", group.kept) for name in group.names if name != group.kept]
    return rows


def _words(name: str) -> tuple[str, ...]:
    """The words and numbers of a name without its provider; a date at the end as one number, years first."""
    words = re.findall(r"\d+|[^\W\d_]+|[+@]", name.rstrip("/").rpartition("/")[2].casefold())
    if re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", "-".join(words[-3:])):
        words = [*words[:-3], "".join(words[-3:])]
    return tuple(words)


def _undated(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words without the date (or the word latest) at their end, or None where there is none."""
    # 20251001, 250528, 0613 and 2407, and the 001 by which some makers count their releases.
    if len(words) < 2 or not re.fullmatch(r"20\d{6}|\d{6}|\d{4}|00\d|latest", words[-1]):
        return None
    return words[:-2] if words[-2] == "@" else words[:-1]


def _makers(names: Sequence[str]) -> str:
    """The name under its maker, if one is: its provider's name is a maker's, or stands in the model's own."""

    def by_maker(name: str) -> bool:
        provider, _, own = name.rpartition("/")
        stem = re.match(r"[^\W\d_]*", own.casefold())
        return provider.casefold() in MAKERS or bool(stem and stem[0] and stem[0] in provider.casefold())

    return next(filter(by_maker, names), names[0])


def _why(names: Sequence[str]) -> str:
    own = {name.rpartition("/")[2] for name in names}
    return "the same but for the provider" if len(own) == 1 else "the same but for provider, case and punctuation"


def matched(kind: str, patterns: Iterable[str], known: Iterable[str]) -> list[str]:
    """The known names that are meant by names (as in `resolved`) and patterns with ``*`` and ``?``, each once.

    Parameters
    ----------
    kind : what is named, for the message.
    patterns : names or patterns, in any case.
    known : the names there are.

    Raises
    ------
    UnknownName
        One of them is no name and fits none.

    Examples
    --------
    >>> matched("benchmark", ["*ece*", "mmlu em"], ["MMLU - EM", "MMLU - ECE (10-bin)", "BBQ - ECE"])
    ['MMLU - ECE (10-bin)', 'BBQ - ECE', 'MMLU - EM']
    """
    names = list(known)
    found: list[str] = []
    for pattern in patterns:
        fitting = [pattern] if pattern in names else []
        if not fitting and set(pattern) & set("*?"):
            fitting = [name for name in names if fnmatch.fnmatchcase(name.casefold(), pattern.casefold())]
        found += fitting or [resolved(kind, pattern, names)]
    return list(dict.fromkeys(found))


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
