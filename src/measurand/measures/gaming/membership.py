"""G4, membership: does a model know texts better than it would, had they not been in its training data?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures import Measure
from measurand.measures.shared import bars, columns, estimate, require_fraction
from measurand.measures.verdicts import Side, Unassessed, against, headline, tally
from measurand.results import Axis, Brief, Cell, Estimate, Figure, Finding, Question, Status
from measurand.stats.intervals.distributions import norm
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.membership import beyond_reference as gained_on
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
from measurand.wording import more_needed, percent, plural, shown, value_of

__all__ = ["MEASURE", "Attack", "Membership", "Memberships", "membership", "text_scores"]

LEAST_TEXTS = 20
"""Texts of each sort below which neither the blind baseline nor an attack can be judged."""
LEAST_PERMUTATIONS = 100
MOST_TEXTS = 1500
"""Texts of each sort that the blind baseline reads; it needs memory and time by their square."""
BLIND = "bag of words, without the model"
LOSS = "loss"
BEYOND = "log-probability beyond"
UNHELD = ", which only log-probabilities of a reference model that has not seen them could show"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Attack:
    """How well a score tells members from others.

    Parameters
    ----------
    name : the score, or `BLIND`.
    area : area under the ROC curve, with its interval.
    members, others : texts of each sort.
    """

    name: str
    area: Limits
    members: int
    others: int

    @classmethod
    def of(cls, name: str, area: float, members: int, others: int, level: float) -> Attack:
        """An area with Newcombe's interval.

        Examples
        --------
        >>> attack = Attack.of("loss", 0.614, 387, 389, 0.95)
        >>> round(attack.area.low, 3), round(attack.area.high, 3)
        (0.574, 0.652)
        """
        return cls(name, Limits(area, *auroc_limits(area, members, others, level)), members, others)


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One model's attacks.

    Parameters
    ----------
    model : its name.
    blind : the baseline that sees the texts and not the model.
    attacks : by log-probabilities, the one that is judged first.
    beyond : area of the judged attack minus the blind one on the same texts, which counts as chance where it is below;
        None where it is not known.
    reference : model that has not seen the texts; None without one.
    answers : texts of which the answer's tokens alone are looked at.
    of_reference : of answers, the judged attack by the reference's log-probabilities; None else.
    beyond_reference : area of the judged attack minus that one, which counts as chance where it is below; None else.
    """

    model: str
    blind: Attack
    attacks: tuple[Attack, ...]
    beyond: Limits | None = None
    reference: str | None = None
    answers: int = 0
    of_reference: Attack | None = None
    beyond_reference: Limits | None = None


@dataclass(frozen=True, repr=False)
class Memberships(Brief):
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
    named = f"Min-{percent(share)}"
    found = {}
    if means is not None and spreads is not None:
        found[f"{named}++"] = min_k_plus_plus(logprobs, means, spreads, share)
    found[named] = min_k(logprobs, share)
    return {**found, "zlib": zlib_score(logprobs, text), LOSS: loss_score(logprobs)}


def membership(
    token_logprobs: TokenLogprobs,
    *,
    reference: str | None = None,
    share: float = 0.2,
    permutations: int = 500,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Memberships:
    """How well log-probabilities tell texts of the training data from others, beside how well the words alone do.

    The attack that is judged is settled beforehand: the log-probability beyond that of a reference model, where one is
    named; else Min-K%++ where the vocabulary's means and spreads are there, and Min-K% where not. The blind baseline is
    a ridge classifier of TF-IDF features, tested on texts it was not fitted to.

    Of texts with an answer every attack looks at the answer's tokens, given what stands before it, and the loss is
    judged: an answer has too few tokens for a share of them. It is held against the reference's own loss on the same
    answers. A model that has learnt answers is as sure of the hard ones as of the easy, so that the difference to a
    reference tells how hard an answer is rather than whether it was seen. The blind baseline reads the whole text.

    Parameters
    ----------
    token_logprobs : log-probabilities of texts of which some are known to be members and some not to be.
    reference : model among those of the table that has not seen the texts; by default its control. Without one,
        nothing tells a model's memory from texts that are easier for any model.
    share : share of the tokens that Min-K% looks at, in (0, 1].
    permutations : of the labels, by which the blind baseline is judged; at least 100.
    level : confidence level, in (0, 1).

    Raises
    ------
    NotApplicable
        Fewer than 20 members or 20 others.
    UnknownName
        The reference is no model of the table.
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
    >>> found.attacks[0].name, found.attacks[0].area.value > 0.9
    ('Min-20%', True)
    """
    require_fraction(level=level)
    if share != 1:
        require_fraction(share=share)
    if permutations < LEAST_PERMUTATIONS:
        raise InputError(f"permutations should be at least {LEAST_PERMUTATIONS}, got {permutations}")
    reference = reference or token_logprobs.control
    if reference is not None and reference not in token_logprobs.models:
        raise UnknownName("model", reference, token_logprobs.models)
    spans = token_logprobs.spans
    labelled = spans.drop_nulls("member")
    notes = list(token_logprobs.notes)
    found = []
    fewest = (0, 0)
    for model in labelled["model"].unique(maintain_order=True):
        if model == reference:
            continue
        own = labelled.filter(pl.col("model") == model)
        if reference is not None:
            whole, own = own.height, _with_reference(own, spans, reference)
            if own.height < whole:
                lost = plural(whole - own.height, "text")
                notes.append(f"{lost} of {model} left out: {reference} has no log-probabilities of the same text")
        members = int(own["member"].sum())
        if min(members, own.height - members) >= LEAST_TEXTS:
            found.append(_of_model(str(model), own, reference, share, permutations, level, rng))
        else:
            fewest = max(fewest, (members, own.height - members), key=min)
    if not found:
        raise NotApplicable(
            f"{plural(fewest[0], 'text')} known to be in the training data and {fewest[1]} known not to be",
            needs=f"log-probabilities of {LEAST_TEXTS} texts of each sort",
        )
    return Memberships(tuple(found), share, level, tuple(notes))


def _with_reference(own: pl.DataFrame, frame: pl.DataFrame, reference: str) -> pl.DataFrame:
    """A model's texts with the reference's log-probabilities beside its own, without those that the reference lacks."""
    same = ["text", "span"]
    known = frame.filter(pl.col("model") == reference).unique(same, keep="first", maintain_order=True)
    return own.join(known.select(*same, of_reference="logprobs"), on=same, how="inner", maintain_order="left")


def _of_model(
    model: str,
    own: pl.DataFrame,
    reference: str | None,
    share: float,
    permutations: int,
    level: float,
    rng: np.random.Generator,
) -> Membership:
    member = own["member"].to_numpy().astype(np.bool_)
    whole = own["means"].null_count() == own["spreads"].null_count() == 0
    rows = own.select("logprobs", "span", "means", "spreads").iter_rows()
    scores = [
        text_scores(logprobs, text, *((means, spreads) if whole else (None, None)), share=share)
        for logprobs, text, means, spreads in rows
    ]
    by_name = {name: np.array([score[name] for score in scores]) for name in scores[0]}
    answers = own["answer"].count()
    members, others = int(member.sum()), int((~member).sum())
    of_reference = beyond_reference = None
    if reference is not None and answers:
        theirs = np.array([loss_score(lists) for lists in own["of_reference"]])
        of_reference = Attack.of(f"{LOSS} in {reference}", auroc(theirs, member), members, others, level)
        beyond_reference = _beyond(by_name[LOSS], theirs, member, level)
    if reference is not None:
        both = own.select("logprobs", "of_reference", "span").iter_rows()
        by_name = {f"{BEYOND} {reference}": np.array([gained_on(*row) for row in both])} | by_name
    if answers:
        by_name = {LOSS: by_name[LOSS]} | by_name
    read = _sample(member, rng)
    seen = member[read]
    texts = own["text"].to_list()
    classifier = TextClassifier.of(text_features([texts[place] for place in read]), rng)
    test, said = permuted_classifier(classifier, seen, permutations=permutations, level=level, rng=rng)
    # A cross-validated area varies more than one of scores given beforehand: permutations say how much.
    blind = Attack(BLIND, Limits(*test.area()), int(seen.sum()), int((~seen).sum()))
    attacks = tuple(Attack.of(name, auroc(values, member), members, others, level) for name, values in by_name.items())
    beyond = _beyond(next(iter(by_name.values()))[read], said, seen, level)
    return Membership(
        model=model,
        blind=blind,
        attacks=attacks,
        beyond=beyond,
        reference=reference,
        answers=answers,
        of_reference=of_reference,
        beyond_reference=beyond_reference,
    )


def _beyond(scores: Floats, baseline: Floats, member: npt.NDArray[np.bool_], level: float) -> Limits:
    """Area of scores minus that of a baseline on the same texts, with DeLong's limits."""
    # What does worse than chance cannot be used the other way round, as nobody would know: it says nothing.
    said = baseline if auroc(baseline, member) >= 0.5 else np.zeros(len(baseline))
    value, stderr = auroc_difference(scores, said, member)
    half = float(norm.ppf(0.5 + level / 2)) * stderr
    return Limits(value, value - half, value + half)


def _sample(member: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Places of at most `MOST_TEXTS` members and as many others."""
    kept = [rng.permutation(np.flatnonzero(member == sort))[:MOST_TEXTS].astype(np.int64) for sort in (True, False)]
    return np.sort(np.concatenate(kept))


def judge(result: Memberships) -> list[Finding]:
    """Refused where words alone tell the sorts apart; issue: log-probabilities do, beyond the words and a reference.

    Without a reference nothing is an issue: members that are easier for any model look as if they had been seen.
    Never passed: the attacks miss most of what models were trained on (Duan et al. 2024), so that finding nothing says
    little.
    """
    each = [_finding(found, result) for found in result.models]
    refused, known = (tally(each)[status] for status in (Status.NOT_APPLICABLE, Status.ISSUE))
    parts = []
    if refused:
        worst = max(zip(result.models, each, strict=True), key=lambda pair: pair[0].blind.area.value)[1]
        parts.append(
            f"{'No' if refused == len(each) else plural(refused, 'time no')} verdict on membership: the words alone, "
            "without any model, tell members from other texts (area under the curve "
            f"{value_of(worst.estimate('blind_auroc'))}), so an attack's success need not be memory"
        )
    if refused < len(each):
        held = all(found.reference is not None for found in result.models)
        parts.append(
            f"{known} of {plural(len(each) - refused, 'model')} {'has' if known == 1 else 'have'} most likely seen the "
            f"texts said to be in the training data{'' if held else UNHELD}"
        )
    sentence = each[0].sentence if len(each) == 1 and not refused else f"{'; '.join(parts)}."
    return [headline(sentence, each, caveats=(*MEASURE.caveats, *result.notes), figure="G4.areas"), *each]


def _finding(found: Membership, result: Memberships) -> Finding:
    judged, blind = found.attacks[0], found.blind
    by_words = _estimate("blind_auroc", blind, result.level, "permutation of the labels")
    attacks = [_estimate(f"auroc {attack.name}", attack, result.level, "Newcombe") for attack in found.attacks]
    n, how = blind.members + blind.others, "DeLong, paired"
    beyond = () if found.beyond is None else (found.beyond,)
    beyond_words = [estimate("beyond_the_words", *each, level=result.level, method=how, n=n) for each in beyond]
    if found.of_reference is not None and found.beyond_reference is not None:
        attacks.append(_estimate(f"auroc {found.of_reference.name}", found.of_reference, result.level, "Newcombe"))
        n = judged.members + judged.others
        beyond_words.append(
            estimate("beyond_the_reference", *found.beyond_reference, level=result.level, method=how, n=n)
        )
    facts: dict[str, Cell] = {"members": judged.members, "others": judged.others, "judged": judged.name}
    finding = _judged(found, attacks[0], by_words)
    return replace(finding, estimates=(by_words, *attacks, *beyond_words), figure="G4.areas", result=facts)


def _judged(found: Membership, attack: Estimate, by_words: Estimate) -> Finding:
    judged, subject = found.attacks[0], {"model": found.model}
    if against(by_words.low, by_words.high, 0.5) is Side.ABOVE:
        reason = (
            f"the words alone tell members from other texts with an area of {shown(by_words)}, where 0.5 is chance and "
            f"{judged.name} reaches {value_of(attack)}"
        )
        return Unassessed(subject, reason, "members and others drawn from the same source and time").finding()
    of_answers = " of the answers" if found.answers else ""
    words = f"{judged.name}{of_answers} tells members from others with an area of {shown(attack)}"
    status = Status.CAUTION
    side = against(attack.low, attack.high, 0.5)
    if side is Side.BELOW:
        words += (
            ", which is below 0.5: the model finds the members less familiar than the others. Having seen them does "
            "not do that, so members and others differ in something else, which may hide a trace of having been seen."
        )
    elif side is not Side.ABOVE:
        more = _texts_needed(judged)
        need = f" An area this far from chance would show with about {more:,} texts of each sort." if more else ""
        words += f", which could be due to chance. That does not show that the texts were not seen.{need}"
    elif found.of_reference is not None and not _exceeds(found.beyond_reference):
        of_reference = _estimate("", found.of_reference, by_words.level or 0.0, "")
        words += (
            f", but the {found.of_reference.name}, which has not seen them, does so with {shown(of_reference)}: "
            "members may be easier for any model."
        )
    elif _exceeds(found.beyond):
        status = Status.CAUTION if found.reference is None else Status.ISSUE
        words += f", the words alone with {shown(by_words)}: {_meaning(found)}."
    else:
        words += f", but the words alone, with {shown(by_words)}, may explain it; more texts would tell."
    return Finding(subject=subject, status=status, sentence=words)


def _exceeds(beyond: Limits | None) -> bool:
    return beyond is not None and against(beyond.low, beyond.high, 0.0) is Side.ABOVE


def _meaning(found: Membership) -> str:
    if found.reference is None:
        return (
            "the model knows the members better than the others, for whatever reason; log-probabilities of a reference "
            "model that has not seen them would tell whether they are easier for any model"
        )
    return f"the model has most likely seen the members, which are no easier for {found.reference}"


def _texts_needed(attack: Attack) -> int | None:
    """Texts of each sort at which an area like this one would be told from one half; None where it is none above it."""
    each = 2 / (1 / attack.members + 1 / attack.others)
    more = more_needed(*attack.area, round(each), 0.5) if attack.area.value > 0.5 else None
    return None if more is None else int(np.ceil((each + more) / 10) * 10)


def _estimate(name: str, attack: Attack, level: float, method: str) -> Estimate:
    n = attack.members + attack.others
    return estimate(name, *attack.area, level=level, method=f"{method}; over texts", n=n)


def figure(result: Memberships) -> list[Figure]:
    """Areas of the attacks, the blind baseline first."""
    rows: list[tuple[Cell, ...]] = [
        (attack.name, *attack.area, sort, found.model, attack.members, attack.others)
        for found in result.models
        for sort, attacks in (
            ("words alone", (found.blind,)),
            ("the model", found.attacks),
            ("the reference", () if found.of_reference is None else (found.of_reference,)),
        )
        for attack in attacks
    ]
    return [
        bars(
            "G4.areas",
            "How well members are told from other texts",
            "Area under the ROC curve; 0.5 is chance. Where the words alone are above it, no attack proves anything.",
            columns(("score", "area", "low", "high", "what it sees", "model", "members", "others"), rows),
            Axis("area", "area under the ROC curve"),
            Axis("score", "score", "nominal"),
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
        "over the vocabulary; beyond a reference: (sum log p - sum log p_ref) per byte; of answers: mean log p of the "
        "answer's tokens, its AUROC minus that of the reference's. AUROC of members against others, beside that of a "
        "bag-of-words classifier, which counts as .5 where it is below."
    ),
    compute=membership,
    judge=judge,
    figure=figure,
    shorts={
        Status.ISSUE: "most likely seen",
        Status.CAUTION: "no proof either way",
    },
    caveats=(
        "Members and others should come from the same source and time; the blind baseline sees words only.",
        "An attack that finds nothing does not show that the texts were not seen: most leave no such trace.",
        "Members that are easier for any model look as if they had been seen: where no model has seen any, and members "
        "are easier by half a standard deviation, Min-K%++ tells 200 texts apart beyond their words in 40% of "
        "simulated studies. So only what a reference model does not know as well counts as seen; it should be of a "
        "like kind and not have seen the texts.",
        "On models that were trained further by reinforcement learning such tests are near chance (Wang et al. 2025).",
    ),
    references=(
        "Shi et al. 2024, Detecting pretraining data from large language models, arXiv 2310.16789",
        "Zhang et al. 2024, Min-K%++: Improved baseline for detecting pre-training data, arXiv 2404.02936",
        "Das et al. 2024, Blind baselines beat membership inference attacks for foundation models, arXiv 2406.16201",
        "Carlini et al. 2021, Extracting training data from large language models, USENIX Security",
        "Wang et al. 2025, On the fragility of benchmark contamination detection in reasoning models, arXiv 2510.02386",
        "Duan et al. 2024, Do membership inference attacks work on large language models?, arXiv 2402.07841",
    ),
)
