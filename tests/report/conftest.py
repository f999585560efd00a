"""A realistic audit built by hand: two classes, 21 benchmarks, every status and kind of figure, hostile names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from measurand.results import Audit, Axis, Estimate, Figure, Finding, Provenance, Question, Source, Status

SCRIPT = "<script>alert(1)</script>"
FORMULA = "=cmd()|' /C calc'!A0"
CONTROL = "evil\x1b[31m\x00\u202ename"
SIGMA = "machiavelli-power.Σ"

AREAS = {
    "capabilities": ("mmlu", "hellaswag", "gsm8k", "arc_challenge", "bbh"),
    "alignment": ("MT_Bench", "LMSYS_Chatbot_Arena", "ifeval", SCRIPT),
    "machine ethics": ("ethics_all", "moralchoice", SIGMA, "machiavelli-utility.Σ", FORMULA),
    "bias": ("bbq_amb", "bbq_disamb", "toxigen", "winogender_with_a_rather_long_name_of_its_own", CONTROL),
    "malicious use": ("wmdp_bio", "wmdp_cyber"),
}
BENCHMARKS = [(area, name) for area, names in AREAS.items() for name in names]
MODELS = ["Llama-2-7b", "Llama-2-70b", "Meta-Llama-3-8B", "Mistral-7B-v0.1", "Qwen1.5-0.5B", "Qwen1.5-72B", "Yi-34B"]
MODELS += ["falcon-180B", "gemma-7b", "deepseek-llm-67b", "dbrx", "Mixtral-8x22B", "<b>bold</b> & \"quoted\\' model"]


@dataclass(frozen=True)
class SampleMeasure:
    """What a report needs of a measure."""

    code: str
    name: str
    question: Question
    asks: str
    formula: str = ""
    caveats: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    needs: str = ""
    error_rates: tuple[Mapping[str, str], ...] = field(default_factory=tuple)
    worst_rates: Mapping[str, str] = field(default_factory=dict)
    regime: str = ""


V1 = SampleMeasure(
    "V1",
    "capabilities correlation",
    Question.VALIDITY,
    "Does the benchmark measure something other than general capability?",
    "Z = z-scores of the capability benchmarks (ddof 0)\nw = first eigenvector of Spearman(Z)\ns = Z w\n"
    "ρ = Spearman(s, benchmark)",
    (
        "A high correlation does not say which way the arrow points.",
        "Families share data and recipes, so models are not independent.",
    ),
    ("Ren et al. 2024, Safetywashing, arXiv:2407.21792", "Bonett & Wright 2000, doi:10.1007/BF02294183"),
    "scores of at least 8 models on at least 2 capability benchmarks",
    (
        {"interval": "family jackknife z, t(G−1)", "models": "26 in 8 families", "coverage of 95%": "0.951"},
        {"interval": "plain Fisher z", "models": "26 in 8 families", "coverage of 95%": "0.908"},
    ),
)
V3 = SampleMeasure(
    "V3",
    "differential safety progress",
    Question.VALIDITY,
    "Is one model safer than another beyond what its capability explains?",
    "residual = benchmark − (a + b s)",
    references=("Ren et al. 2024, arXiv:2407.21792",),
    needs="the same scores as V1",
)
P1 = SampleMeasure(
    "P1",
    "score interval",
    Question.PRECISION,
    "How much would the score move on another draw of items?",
    "CR1 variance, t(G − 1)",
    ("Items of one passage are not independent.",),
    ("Miller 2024, arXiv:2411.00640",),
    "item-level results of at least one model",
)
P7 = SampleMeasure(
    "P7",
    "prompt sensitivity",
    Question.PRECISION,
    "How much does the wording of the prompt move the score?",
    needs="item-level results under at least 3 prompt variants",
)
G1 = SampleMeasure(
    "G1",
    "contamination against reference models",
    Question.GAMING,
    "Does the model do better than reference models that found a sister benchmark equally hard?",
    needs="item-level results of at least 5 reference models on the benchmark and on a reference benchmark",
)
G7 = SampleMeasure(
    "G7", "noise injection", Question.GAMING, "Does noise in the weights make it better?", needs="weights of the model"
)
F2 = SampleMeasure(
    "F2",
    "observational scaling",
    Question.FORECAST,
    "What will the next model score?",
    "logit(score) = a + b s",
    needs="scores and training compute of at least 20 models",
)
MEASURES = (V1, V3, P1, P7, G1, G7, F2)


def correlation(place: int, kind: str) -> float:
    """A value that varies without being random."""
    return round(0.92 * math.sin(1.7 * place + (0.4 if kind == "chat" else 0.0)), 4)


def verdict(low: float, high: float) -> Status:
    if low > 0.5:
        return Status.ISSUE
    return Status.PASSED if low > -0.5 and high < 0.5 else Status.CAUTION


def finding_of(place: int, name: str, kind: str) -> Finding:
    rho = correlation(place, kind)
    half = 0.32 * (1 - rho * rho) + 0.06
    low, high = max(-1.0, rho - half), min(1.0, rho + half)
    status = Status.NOT_APPLICABLE if place % 9 == 8 else verdict(low, high)
    subject = {"benchmark": name, "class": kind}
    if status is Status.NOT_APPLICABLE:
        return Finding(
            code="V1",
            subject=subject,
            title=name,
            status=status,
            sentence=f"{name}: 5 models have it; needs at least 8.",
        )
    sentence = f"{name} moves with general capability among {kind} models: capabilities correlation {rho:.2f}."
    main = Estimate(
        name="capabilities_correlation",
        value=rho,
        low=low,
        high=high,
        level=0.95,
        method="family jackknife z, t(G-1)",
        n=26,
    )
    others = (
        Estimate(
            name="capabilities_correlation_fisher",
            value=rho,
            low=rho - half / 2,
            high=min(1.0, rho + half / 2),
            level=0.95,
            method="Fisher z",
            n=26,
        ),
        Estimate(name="pc1_share", value=0.783, low=None, high=None, level=None, method="eigenvalue share", n=26),
    )
    caveats = ("Fewer than 30 models.",) if kind == "chat" else ()
    return Finding(
        code="V1",
        subject=subject,
        title=name,
        status=status,
        sentence=sentence,
        estimates=(main, *others),
        caveats=caveats,
        figure="V1.intervals",
        result={"rank": place},
    )


def interval_figure() -> Figure:
    rows = [(area, name, kind) for kind in ("base", "chat") for area, name in BENCHMARKS]
    values = [correlation(place % len(BENCHMARKS), kind) for place, (_, _, kind) in enumerate(rows)]
    halves = [0.32 * (1 - value * value) + 0.06 for value in values]
    verdicts = [verdict(v - h, v + h).value for v, h in zip(values, halves, strict=True)]
    return Figure(
        name="V1.intervals",
        kind="intervals",
        title="Capabilities correlation of each benchmark",
        caption="Each dot is a benchmark, each bar a 95% interval. Right of +0.5 the benchmark tracks general "
        "capability.",
        columns={
            "benchmark": tuple(name for _, name, _ in rows),
            "area": tuple(area for area, _, _ in rows),
            "class": tuple(kind for _, _, kind in rows),
            "correlation": tuple(values),
            "low": tuple(max(-1.0, v - h) for v, h in zip(values, halves, strict=True)),
            "high": tuple(min(1.0, v + h) for v, h in zip(values, halves, strict=True)),
            "verdict": tuple(verdicts),
            "models": tuple(26 if kind == "chat" else 27 for _, _, kind in rows),
        },
        x=Axis("correlation", "capabilities correlation (Spearman ρ)", domain=(-1.0, 1.0)),
        y=Axis("benchmark", "benchmark", "nominal"),
        low="low",
        high="high",
        label="benchmark",
        color="verdict",
        group="area",
        select=("class",),
        rules=(-0.5, 0.5),
    )


def scatter_figure() -> Figure:
    names = ["mmlu", SCRIPT, SIGMA]
    rows = [(name, kind, model) for name in names for kind in ("base", "chat") for model in MODELS]
    capability = [round(math.cos(2.3 * place) * 2, 4) for place in range(len(rows))]
    return Figure(
        name="V1.scatter",
        kind="scatter",
        title="Capabilities score against the benchmark",
        caption="Each point is a model; the line is the least-squares fit.",
        columns={
            "benchmark": tuple(name for name, _, _ in rows),
            "class": tuple(kind for _, kind, _ in rows),
            "model": tuple(model for _, _, model in rows),
            "family": tuple(("Llama", "Qwen", "Mistral", "other")[place % 4] for place in range(len(rows))),
            "capability": tuple(capability),
            "score": tuple(
                None if place % 11 == 10 else round(0.5 + 0.12 * value + 0.05 * math.sin(place), 4)
                for place, value in enumerate(capability)
            ),
        },
        x=Axis("capability", "capabilities score (SD)"),
        y=Axis("score", "benchmark score"),
        label="model",
        color="family",
        select=("benchmark", "class"),
        fit=True,
    )


def lines_figure() -> Figure:
    flops = [10.0**power for power in range(21, 26)]
    rows = [(kind, flop) for kind in ("base", "chat") for flop in flops]
    values = [1 / (1 + math.exp(-(math.log10(flop) - 23) - (kind == "chat") * 0.6)) for kind, flop in rows]
    return Figure(
        name="F2.forecast",
        kind="lines",
        title="Score by training compute",
        caption="Line: forecast; band: 95% prediction interval.",
        columns={
            "class": tuple(kind for kind, _ in rows),
            "flop": tuple(flop for _, flop in rows),
            "score": tuple(values),
            "low": tuple(max(0.0, value - 0.1) for value in values),
            "high": tuple(min(1.0, value + 0.1) for value in values),
        },
        x=Axis("flop", "training compute (FLOP)", "log"),
        y=Axis("score", "score", domain=(0.0, 1.0)),
        low="low",
        high="high",
        label="class",
        color="class",
        rules=(0.25,),
    )


def heatmap_figure() -> Figure:
    names = ["mmlu", "gsm8k", "bbh", "hellaswag", SIGMA, SCRIPT]
    pairs = [(kind, a, b) for kind in ("base", "chat") for a in names for b in names]
    values = [round(math.cos(len(a) - len(b) + (kind == "chat")), 3) for kind, a, b in pairs]
    return Figure(
        name="P1.agreement",
        kind="heatmap",
        title="How alike the benchmarks rank the models",
        caption="Spearman correlation between benchmarks.",
        columns={
            "class": tuple(kind for kind, _, _ in pairs),
            "benchmark": tuple(a for _, a, _ in pairs),
            "other": tuple(b for _, _, b in pairs),
            "correlation": tuple(values),
        },
        x=Axis("other", "", "nominal"),
        y=Axis("benchmark", "", "nominal"),
        color="correlation",
        select=("class",),
    )


def headlines() -> list[Finding]:
    rho = Estimate(name="entangled_share", value=0.58, low=0.41, high=0.73, level=0.95, method="Wilson", n=21)
    return [
        Finding(
            code="V1",
            subject={"class": "base"},
            title="Base models",
            status=Status.CAUTION,
            sentence="Among base models 9 of 21 benchmarks track general capability.",
            estimates=(
                Estimate(name="entangled_share", value=0.43, low=0.24, high=0.63, level=0.95, method="Wilson", n=21),
            ),
            figure="V1.intervals",
        ),
        Finding(
            code="V1",
            subject={"class": "chat"},
            title="Chat models",
            status=Status.ISSUE,
            sentence="Among chat models 12 of 21 benchmarks rise and fall with general capability alone.",
            estimates=(rho,),
            caveats=("Twelve models of five families.",),
            figure="V1.intervals",
        ),
        Finding(
            code="V3",
            subject={},
            title="Progress",
            status=Status.PASSED,
            sentence="Two of three claims of progress go beyond capability.",
        ),
        Finding(
            code="P1",
            subject={},
            title="Intervals",
            status=Status.PASSED,
            sentence="Scores hold to ±2 points.",
            estimates=(
                Estimate(name="width", value=2.1, low=1.8, high=2.4, level=0.95, method="CR1", n=900, unit="points"),
            ),
        ),
        Finding(code="P7", subject={}, title="Prompts", status=Status.SKIPPED, sentence="Not asked for."),
        Finding(
            code="G1",
            subject={},
            title="Contamination",
            status=Status.NOT_APPLICABLE,
            sentence="No item-level results; needs 5 reference models.",
        ),
        Finding(
            code="G7",
            subject={"model": SCRIPT},
            title="Noise",
            status=Status.ERROR,
            sentence=f"The measure failed on {SCRIPT}: division by zero.",
        ),
        Finding(
            code="F2",
            subject={},
            title="Forecast",
            status=Status.CAUTION,
            sentence="The next model may score between 61 and 88 percent.",
            estimates=(
                Estimate(
                    name="next_score", value=76.2, low=61.0, high=88.4, level=0.9, method="prediction", n=41, unit="%"
                ),
            ),
            figure="F2.forecast",
        ),
    ]


def build_audit(copies: int = 1) -> Audit:
    """The sample; `copies` repeats the findings of each benchmark for tests of size."""
    details = [
        finding_of(place, name if copy == 0 else f"{name} v{copy}", kind)
        for copy in range(copies)
        for kind in ("base", "chat")
        for place, (_, name) in enumerate(BENCHMARKS)
    ]
    figures = (interval_figure(), scatter_figure(), heatmap_figure(), lines_figure())
    provenance = Provenance(
        "Safety benchmarks of 53 open models",
        (
            Source("scores/base.csv", "a3" * 32, "csv", 560),
            Source(f"scores/{SCRIPT}.csv", "0f" * 32, "csv", 546),
        ),
        ("Higher is better in every benchmark after orientation.", f"Dropped 2 rows of {CONTROL}: no score."),
        {"measurand": "0.1.0", "numpy": "2.4.6"},
    )
    settings = {"V1": {"level": 0.95, "threshold": 0.5, "classes": ("base", "chat")}, "F2": {"sizes": {"a": 1e9}}}
    return Audit(
        findings=(*(replace(each, headline=True) for each in headlines()), *details),
        figures={f.name: f for f in figures},
        provenance=provenance,
        settings=settings,
        seed=20240731,
        asked=tuple(measure.code for measure in MEASURES),
    )


@pytest.fixture(scope="session")
def audit() -> Audit:
    return build_audit()


@pytest.fixture(scope="session")
def measures() -> tuple[SampleMeasure, ...]:
    return MEASURES


@pytest.fixture(scope="session")
def large_audit() -> Audit:
    """More than 900 findings and 20 figures."""
    base = build_audit(22)
    figures = {
        f"{f.name}.{copy}": replace(f, name=f"{f.name}.{copy}") for copy in range(5) for f in base.figures.values()
    }
    return replace(base, figures=figures)
