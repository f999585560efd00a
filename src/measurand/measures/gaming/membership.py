"""G4, membership: does a model know texts better than it would, had they not been in its training data?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from measurand.errors import InputError, NotApplicable
from measurand.measures import Measure
from measurand.measures._shared import columns, require_fraction
from measurand.results import Axis, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.texts.membership import loss_score, min_k, min_k_plus_plus, zlib_score
from measurand.stats.texts.two_sample import (
    TextClassifier,
    auroc,
    auroc_difference,
    auroc_limits,
    permuted_classifier,
    text_features,
)
from measurand.tables.token_logprobs import TokenLogprobs
from measurand.wording import plural

__all__ = ["MEASURE", "Attack", "Membership", "Memberships", "membership", "text_scores"]

LEAST_TEXTS = 20
"""Texts of each sort below which neither the blind baseline nor an attack can be judged."""
LEAST_PERMUTATIONS = 100
MOST_TEXTS = 1500
"""Texts of each sort that the blind baseline reads; it needs memory and time by their square."""
BLIND = "bag of words, without the model"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """How well a score tells members from others.

    Parameters
    ----------
    name : the score, or `BLIND`.
    area : area under the ROC curve, with its interval.
    members, others : texts of each sort.
    """

    name: str
    area: float
    low: float
    high: float
    members: int
    others: int

    @classmethod
    def of(cls, name: str, area: float, members: int, others: int, level: float) -> Attack:
        """An area with Newcombe's interval.

        Examples
        --------
        >>> attack = Attack.of("loss", 0.614, 387, 389, 0.95)
        >>> round(attack.low, 3), round(attack.high, 3)
        (0.574, 0.652)
        """
        low, high = auroc_limits(area, members, others, level)
        return cls(name=name, area=area, low=low, high=high, members=members, others=others)


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One model's attacks.

    Parameters
    ----------
    model : its name.
    blind : the baseline that sees the texts and not the model.
    attacks : by log-probabilities, the one that is judged first.
    beyond, beyond_low, beyond_high : area of the judged attack minus the blind one on the same texts; None where it is
        not known.
    """

    model: str
    blind: Attack
    attacks: tuple[Attack, ...]
    beyond: float | None = None
    beyond_low: float | None = None
    beyond_high: float | None = None


@dataclass(frozen=True)
class Memberships:
    """Result of `membership`, with its settings."""

    models: tuple[Membership, ...]
    share: float
    level: float
    notes: tuple[str, ...] = ()


def text_scores(
    logprobs: Sequence[float],
    text: str,
    means: Sequence[float] | None = None,
    spreads: Sequence[float] | None = None,
    *,
    share: float = 0.2,
) -> Mapping[str, float]:
    """Every score of one text; the higher, the better the model knows it.

    Examples
    --------
    >>> {name: round(score, 3) for name, score in text_scores([-1.0, -4.0, -1.0], "a short text").items()}
    {'Min-20%': -4.0, 'zlib': -0.1, 'loss': -2.0}
    """
    named = f"Min-{100 * share:g}%"
    found = {}
    if means is not None and spreads is not None:
        found[f"{named}++"] = min_k_plus_plus(logprobs, means, spreads, share)
    found[named] = min_k(logprobs, share)
    return {**found, "zlib": zlib_score(logprobs, text), "loss": loss_score(logprobs)}


def membership(
    token_logprobs: TokenLogprobs,
    *,
    share: float = 0.2,
    permutations: int = 500,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Memberships:
    """How well log-probabilities tell texts of the training data from others, beside how well the words alone do.

    The attack that is judged is settled beforehand: Min-K%++ where the vocabulary's means and spreads are there, else
    Min-K%. The blind baseline is a ridge classifier of TF-IDF features, tested on texts it was not fitted to.

    Parameters
    ----------
    token_logprobs : log-probabilities of texts of which some are known to be members and some not to be.
    share : share of the tokens that Min-K% looks at, in (0, 1].
    permutations : of the labels, by which the blind baseline is judged; at least 100.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        Fewer than 20 members or 20 others.
    InputError
        A setting out of its range.

    References
    ----------
    Shi et al. 2024, arXiv 2310.16789; Zhang et al. 2024, arXiv 2404.02936; Das et al. 2024, Blind baselines beat
    membership inference attacks for foundation models, arXiv 2406.16201.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = [(f"text {i} {i * i}", i % 2 == 0, (-rng.exponential(1 + i % 2, 30)).tolist()) for i in range(80)]
    >>> table = TokenLogprobs.build(pl.DataFrame(rows, schema=["text", "member", "logprobs"], orient="row"))
    >>> found = membership(table, rng=rng).models[0]
    >>> found.attacks[0].name, found.attacks[0].area > 0.9
    ('Min-20%', True)
    """
    require_fraction(level=level)
    if share != 1:
        require_fraction(share=share)
    if permutations < LEAST_PERMUTATIONS:
        raise InputError(f"permutations should be at least {LEAST_PERMUTATIONS}, got {permutations}")
    labelled = token_logprobs.frame.drop_nulls("member")
    found = []
    fewest = (0, 0)
    for model in labelled["model"].unique(maintain_order=True):
        own = labelled.filter(pl.col("model") == model)
        members = int(own["member"].sum())
        if min(members, own.height - members) >= LEAST_TEXTS:
            found.append(_of_model(str(model), own, share, permutations, level, rng))
        else:
            fewest = max(fewest, (members, own.height - members), key=min)
    if not found:
        raise NotApplicable(
            f"{plural(fewest[0], 'text')} known to be in the training data and {fewest[1]} known not to be",
            needs=f"log-probabilities of {LEAST_TEXTS} texts of each sort",
        )
    return Memberships(tuple(found), share, level, token_logprobs.notes)


def _of_model(
    model: str, own: pl.DataFrame, share: float, permutations: int, level: float, rng: np.random.Generator
) -> Membership:
    member = own["member"].to_numpy().astype(np.bool_)
    whole = own["means"].null_count() == own["spreads"].null_count() == 0
    rows = own.select("logprobs", "text", "means", "spreads").iter_rows()
    scores = [
        text_scores(logprobs, text, *((means, spreads) if whole else (None, None)), share=share)
        for logprobs, text, means, spreads in rows
    ]
    by_name = {name: np.array([score[name] for score in scores]) for name in scores[0]}
    read = _sample(member, rng)
    seen = member[read]
    texts = own["text"].to_list()
    classifier = TextClassifier.of(text_features([texts[place] for place in read]), rng)
    test, said = permuted_classifier(classifier, seen, permutations=permutations, level=level, rng=rng)
    members, others = int(member.sum()), int((~member).sum())
    # A cross-validated area varies more than one of scores given beforehand: permutations say how much.
    area, low, high = test.area()
    blind = Attack(name=BLIND, area=area, low=low, high=high, members=int(seen.sum()), others=int((~seen).sum()))
    attacks = tuple(Attack.of(name, auroc(values, member), members, others, level) for name, values in by_name.items())
    beyond, stderr = auroc_difference(next(iter(by_name.values()))[read], said, seen)
    half = float(stats.norm.ppf(0.5 + level / 2)) * stderr
    return Membership(
        model=model, blind=blind, attacks=attacks, beyond=beyond, beyond_low=beyond - half, beyond_high=beyond + half
    )


def _sample(member: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Places of at most `MOST_TEXTS` members and as many others."""
    kept = [rng.permutation(np.flatnonzero(member == sort))[:MOST_TEXTS].astype(np.int64) for sort in (True, False)]
    return np.sort(np.concatenate(kept))


def judge(result: Memberships) -> list[Finding]:
    """Refused where words alone tell the sorts apart; issue: the log-probabilities do, and do beyond the words.

    Never passed: the attacks miss most of what models were trained on (Duan et al. 2024), so that finding nothing says
    little.
    """
    each = [_finding(found, result) for found in result.models]
    refused = sum(finding.status is Status.NOT_APPLICABLE for finding in each)
    known = sum(finding.status is Status.ISSUE for finding in each)
    nothing = Status.NOT_APPLICABLE if refused == len(each) else Status.CAUTION
    status = Status.ISSUE if known else nothing
    parts = []
    if refused:
        area = max(found.blind.area for found in result.models)
        parts.append(
            f"{'No' if refused == len(each) else plural(refused, 'time no')} verdict on membership: the words alone, "
            f"without any model, tell members from other texts (area under the curve {area:.2f}), so an attack's "
            "success need not be memory"
        )
    if refused < len(each):
        judged = len(each) - refused
        parts.append(
            f"{known} of {plural(judged, 'model')} {'knows' if known == 1 else 'know'} the texts said to be in the "
            "training data better than other texts like them"
        )
    sentence = "; ".join(parts) + "."
    return [
        Finding(
            headline=True,
            status=status,
            sentence=sentence,
            estimates=(),
            caveats=(*MEASURE.caveats, *result.notes),
            figure="G4.areas",
        ),
        *each,
    ]


def _finding(found: Membership, result: Memberships) -> Finding:
    judged, blind = found.attacks[0], found.blind
    estimates = [_estimate("blind_auroc", blind, result.level, "permutation of the labels")]
    estimates += [_estimate(f"auroc {attack.name}", attack, result.level, "Newcombe") for attack in found.attacks]
    if found.beyond is not None:
        low, high = found.beyond_low, found.beyond_high
        n = blind.members + blind.others
        estimates.append(
            Estimate(
                name="beyond_the_words",
                value=found.beyond,
                low=low,
                high=high,
                level=result.level,
                method="DeLong, paired",
                n=n,
            )
        )
    status, sentence = _verdict(found)
    facts: dict[str, Cell] = {"members": judged.members, "others": judged.others, "judged": judged.name}
    return Finding(
        subject={"model": found.model},
        status=status,
        sentence=sentence,
        estimates=tuple(estimates),
        caveats=(),
        figure="G4.areas",
        result=facts,
    )


def _verdict(found: Membership) -> tuple[Status, str]:
    judged, blind = found.attacks[0], found.blind
    words = f"{judged.name} tells members from others with an area of {_shown(judged)}"
    if blind.low > 0.5:
        return Status.NOT_APPLICABLE, (
            f"Refused: the words alone tell members from other texts with an area of {_shown(blind)}, where 0.5 is "
            f"chance and {judged.name} reaches {judged.area:.2f}; needs members and others drawn from the same source "
            "and time."
        )
    beyond = found.beyond_low is not None and found.beyond_low > 0
    if judged.low > 0.5 and beyond:
        return (
            Status.ISSUE,
            f"{words}, the words alone with {_shown(blind)}: the model has most likely seen the members.",
        )
    if judged.low > 0.5:
        return Status.CAUTION, (
            f"{words}, but the words alone, with {_shown(blind)}, may explain it; more texts would tell."
        )
    more = _texts_needed(judged)
    need = f" An area this far from chance would show with about {more:,} texts of each sort." if more else ""
    return Status.CAUTION, (f"{words}, which could be chance. That does not show that the texts were not seen.{need}")


def _texts_needed(attack: Attack) -> int | None:
    """Texts of each sort at which an area like this one would be told from one half; None where it is none above it."""
    if attack.area <= 0.505:
        return None
    half = max(attack.area - attack.low, 1e-6)
    each = 2 / (1 / attack.members + 1 / attack.others)
    return int(np.ceil(each * (half / (attack.area - 0.5)) ** 2 / 10) * 10)


def _shown(attack: Attack) -> str:
    return f"{attack.area:.2f} [{attack.low:.2f} to {attack.high:.2f}]"


def _estimate(name: str, attack: Attack, level: float, method: str) -> Estimate:
    n = attack.members + attack.others
    return Estimate(
        name=name, value=attack.area, low=attack.low, high=attack.high, level=level, method=f"{method}; over texts", n=n
    )


def figure(result: Memberships) -> list[Figure]:
    """Areas of the attacks, the blind baseline first."""
    rows: list[tuple[Cell, ...]] = [
        (attack.name, attack.area, attack.low, attack.high, sort, found.model, attack.members, attack.others)
        for found in result.models
        for sort, attacks in (("words alone", (found.blind,)), ("the model", found.attacks))
        for attack in attacks
    ]
    names = ("score", "area", "low", "high", "what it sees", "model", "members", "others")
    return [
        Figure(
            name="G4.areas",
            kind="intervals",
            title="How well members are told from other texts",
            caption="Area under the ROC curve; 0.5 is chance. Where the words alone are above it, no attack proves "
            "anything.",
            columns=columns(names, rows),
            x=Axis("area", "area under the ROC curve"),
            y=Axis("score", "score", "nominal"),
            low="low",
            high="high",
            color="what it sees",
            group="model" if len(result.models) > 1 else None,
            rules=(0.5,),
        )
    ]


MEASURE = Measure(
    code="G4",
    name="membership",
    question=Question.GAMING,
    asks="Does the model know texts better than it would, had they not been in its training data?",
    needs="log-probabilities of texts known to be in the training data and of texts like them known not to be",
    formula=(
        "Min-K%: mean of the lowest k% of log p(x_t), at least one token; Min-K%++: of (log p(x_t) - mu_t) / sigma_t "
        "over the vocabulary. AUROC of members against others, beside that of a bag-of-words classifier."
    ),
    compute=membership,
    judge=judge,
    figure=figure,
    caveats=(
        "Members and others should come from the same source and time; the blind baseline sees words only.",
        "An attack that finds nothing does not show that the texts were not seen: most leave no such trace.",
    ),
    references=(
        "Shi et al. 2024, Detecting pretraining data from large language models, arXiv 2310.16789",
        "Zhang et al. 2024, Min-K%++: Improved baseline for detecting pre-training data, arXiv 2404.02936",
        "Das et al. 2024, Blind baselines beat membership inference attacks for foundation models, arXiv 2406.16201",
        "Duan et al. 2024, Do membership inference attacks work on large language models?, arXiv 2402.07841",
    ),
)
