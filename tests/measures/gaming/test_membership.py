"""G4: verdicts on membership, and their refusal."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest

from measurand.errors import InputError, NotApplicable, UnknownName
from measurand.measures.gaming.membership import (
    BLIND,
    MEASURE,
    Attack,
    Membership,
    Memberships,
    _beyond,
    figure,
    judge,
    membership,
)
from measurand.results import Status
from measurand.simulate.gaming.membership import REFERENCE, table
from measurand.stats.intervals.limits import Limits
from measurand.stats.texts.membership import min_k_plus_plus
from measurand.stats.texts.two_sample import auroc
from measurand.tables.token_logprobs import TokenLogprobs


def result(
    blind: tuple[float, float, float], area: float, beyond_low: float | None, reference: str | None = "older"
) -> Memberships:
    attack = Attack.of("Min-20%++", area, 200, 200, 0.95)
    found = Membership(
        model="m",
        blind=Attack(BLIND, Limits(*blind), 200, 200),
        attacks=(attack,),
        beyond=None if beyond_low is None else Limits(0.1, beyond_low, 0.3),
        reference=reference,
    )
    return Memberships((found,), 0.2, 0.95)


def test_the_area_is_that_of_min_k_plus_plus():
    rng = np.random.default_rng(0)
    rows = table(100, 1.0, 0.0, rng)
    found = membership(rows, rng=rng).models[0]
    lists = rows.frame.select("logprobs", "means", "spreads").iter_rows()
    scores = [min_k_plus_plus(*row, share=0.2) for row in lists]
    assert found.attacks[0].area.value == pytest.approx(auroc(scores, rows.frame["member"]))
    assert [attack.name for attack in found.attacks] == ["Min-20%++", "Min-20%", "zlib", "loss"]


def test_without_the_vocabulary_min_k_is_judged():
    rng = np.random.default_rng(1)
    rows = TokenLogprobs.build(table(60, 1.0, 0.0, rng).frame.drop("means"))
    assert membership(rows, share=0.3, rng=rng).models[0].attacks[0].name == "Min-30%"


@pytest.mark.parametrize(
    ("blind", "area", "beyond_low", "status"),
    [
        ((0.99, 0.9, 1.0), 0.84, -0.2, Status.NOT_APPLICABLE),
        ((0.52, 0.42, 0.62), 0.75, 0.1, Status.ISSUE),
        ((0.60, 0.49, 0.70), 0.62, -0.1, Status.CAUTION),
        ((0.52, 0.42, 0.62), 0.52, -0.1, Status.CAUTION),
    ],
)
def test_the_verdict(blind, area, beyond_low, status):
    headline, finding = judge(result(blind, area, beyond_low))
    assert finding.status is headline.status is status


def test_without_a_reference_nothing_is_said_to_have_been_seen():
    headline, finding = judge(result((0.52, 0.42, 0.62), 0.75, 0.1, reference=None))
    assert finding.status is headline.status is Status.CAUTION
    assert "knows the members better than the others, for whatever reason" in finding.sentence
    assert "no easier for older" in judge(result((0.52, 0.42, 0.62), 0.75, 0.1))[1].sentence
    assert any("reinforcement" in caveat for caveat in headline.caveats)


def test_members_that_are_easier_for_any_model_are_not_said_to_have_been_seen():
    rng = np.random.default_rng(10)
    rows = table(400, 0.0, 0.0, rng, easier=1.5, reference=True)
    found = membership(rows, reference=REFERENCE, rng=rng)
    (own,) = found.models
    assert [attack.name for attack in own.attacks][:2] == ["log-probability beyond reference", "Min-20%++"]
    assert own.attacks[1].area.low > 0.5
    assert judge(found)[1].status is Status.CAUTION
    seen = table(400, 1.5, 0.0, rng, reference=True)
    assert judge(membership(seen, reference=REFERENCE, rng=rng))[1].status is Status.ISSUE


def test_the_judged_score_is_the_difference_of_log_probabilities_per_byte():
    rng = np.random.default_rng(8)
    rows = table(60, 1.0, 0.0, rng, reference=True)
    by_model = {model: frame for (model,), frame in rows.frame.group_by("model")}
    own, other = by_model["model"], by_model[REFERENCE]
    scores = [
        (sum(one) - sum(two)) / len(text)
        for one, two, text in zip(own["logprobs"], other["logprobs"], own["text"], strict=True)
    ]
    found = membership(rows, reference=REFERENCE, rng=rng).models[0]
    assert found.attacks[0].area.value == pytest.approx(auroc(scores, own["member"]))


def test_texts_that_the_reference_lacks_are_left_out_and_said_so():
    rng = np.random.default_rng(9)
    frame = table(80, 1.0, 0.0, rng, reference=True).frame
    lacking = TokenLogprobs.build(frame.filter((pl.col("model") != REFERENCE) | (pl.int_range(pl.len()) % 80 >= 10)))
    found = membership(lacking, reference=REFERENCE, rng=rng)
    assert (found.models[0].attacks[0].members, found.models[0].attacks[0].others) == (35, 35)
    assert "10 texts of model left out: reference has no log-probabilities of the same text" in found.notes
    with pytest.raises(UnknownName, match="did you mean 'reference'"):
        membership(lacking, reference="referense", rng=rng)


def test_an_open_verdict_says_how_many_texts_would_decide_it():
    sentence = judge(result((0.52, 0.42, 0.62), 0.54, -0.1))[1].sentence
    # 200 (0.057 / 0.04)^2 is about 405: two digits are told of the 205 or so that are not there yet.
    assert sentence.endswith("An area this far from chance would show with about 400 texts of each sort.")
    # Within a standard error of chance nobody knows on which side of it the area will settle.
    nearer = judge(result((0.52, 0.42, 0.62), 0.52, -0.1))[1].sentence
    assert nearer.endswith("That does not show that the texts were not seen.")


@pytest.mark.parametrize(
    "name",
    [
        "WikiMIA_length32_pythia-2.8b.csv",
        "WikiMIA_length32_paraphrased_pythia-2.8b.csv",
        "WikiMIA_concat_llama-13b.csv",
    ],
)
def test_wikimia_is_refused_though_every_published_attack_succeeds(shared, name):
    """Published areas of the attacks; the blind baseline's is .99 (Das et al. 2024, table 2), on 387 and 389 texts."""
    with open(shared / "data/contamination/minkpp" / name, newline="") as file:
        areas = {row["method"]: float(row["auroc"].rstrip("%")) / 100 for row in csv.DictReader(file)}
    judged = ("mink++_0.2", "mink_0.2", "loss", "zlib")
    attacks = tuple(Attack.of(method, areas[method], 387, 389, 0.95) for method in judged)
    found = Membership(model=name, blind=Attack.of(BLIND, 0.99, 387, 389, 0.95), attacks=attacks)
    headline, finding = judge(Memberships((found,), 0.2, 0.95))
    assert attacks[0].area.low > 0.5
    assert finding.status is headline.status is Status.NOT_APPLICABLE
    assert "Not assessed: the words alone tell members from other texts" in finding.sentence
    assert headline.sentence.startswith("No verdict on membership")


def test_dates_in_the_members_texts_lead_to_a_refusal_whatever_the_model_knows():
    rng = np.random.default_rng(2)
    rows = table(200, 2.0, 0.9, rng)
    headline, finding = judge(membership(rows, rng=rng))
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.estimate("blind_auroc").low > 0.5
    assert finding.estimate("auroc Min-20%++").low > 0.5
    assert headline.status is Status.NOT_APPLICABLE


def test_short_texts_have_a_finite_area():
    rng = np.random.default_rng(3)
    rows = [(f"w{place} w{place % 7}", place % 2 == 0, [-float(rng.exponential())]) for place in range(60)]
    found = membership(
        TokenLogprobs.build(pl.DataFrame(rows, schema=["text", "member", "logprobs"], orient="row")), rng=rng
    )
    assert all(np.isfinite(attack.area.value) for attack in found.models[0].attacks)


def test_too_few_texts_and_settings_out_of_range():
    rng = np.random.default_rng(4)
    with pytest.raises(NotApplicable, match="15 texts known to be in the training data and 15 known not to be; needs"):
        membership(table(30, 0.0, 0.0, rng), rng=rng)
    unlabelled = TokenLogprobs.build(table(60, 0.0, 0.0, rng).frame.drop("member"))
    with pytest.raises(NotApplicable, match="0 texts known"):
        membership(unlabelled, rng=rng)
    with pytest.raises(InputError, match="share"):
        membership(table(60, 0.0, 0.0, rng), share=20, rng=rng)
    with pytest.raises(InputError, match="permutations"):
        membership(table(60, 0.0, 0.0, rng), permutations=9, rng=rng)


def test_the_same_seed_gives_the_same_result_and_the_picture_shows_the_baseline_first():
    rows = table(60, 0.5, 0.0, np.random.default_rng(5))
    first, second = (membership(rows, rng=np.random.default_rng(6)) for _ in range(2))
    assert first == second
    (drawn,) = figure(first)
    assert drawn.columns["what it sees"] == ("words alone", "the model", "the model", "the model", "the model")
    assert MEASURE.code == "G4"


def answered(rng, n=120, *, known=2.0, easier=0.0, question=0.0):
    """Questions of unequal length with answers of three tokens; members' answers, or their questions, better known."""
    rows = []
    for model, gain in (("model", known), (REFERENCE, 0.0)):
        for place in range(n):
            member = place % 2 == 0
            before, after = -rng.exponential(2, 5 + place % 9), -rng.exponential(2, 3)
            before, after = before + question * member * -1.0, after / (1 + member * (gain + easier))
            text = f"q{place} q{place * 7 % 11} a{place}"
            rows.append((model, str(place), text, f"a{place}", len(before), [*before, *after], member))
    names = ["model", "item", "text", "answer", "start", "logprobs", "member"]
    return TokenLogprobs.build(pl.DataFrame(rows, schema=names, orient="row"))


def test_of_answers_the_loss_of_their_tokens_is_judged_and_what_stands_before_is_not():
    rows = answered(np.random.default_rng(0))
    found = membership(rows, rng=np.random.default_rng(1)).models[0]
    own = rows.frame.filter(pl.col("model") == "model")
    losses = [np.mean(row[start:]) for row, start in own.select("logprobs", "start").iter_rows()]
    assert found.attacks[0].name == "loss"
    assert found.attacks[0].area.value == pytest.approx(auroc(losses, own["member"]))
    assert found.answers == 120
    # Members' questions that are harder do not reach the answers, though they turn the attack on whole texts round.
    hard = answered(np.random.default_rng(0), question=3.0)
    assert membership(hard, rng=np.random.default_rng(1)).models[0].attacks[0].area == found.attacks[0].area
    whole = TokenLogprobs.build(hard.frame.drop("answer", "start"))
    losses = {attack.name: attack.area for attack in membership(whole, rng=np.random.default_rng(1)).models[0].attacks}
    assert losses["loss"].high < 0.5


def test_texts_whole_and_answers_alone_give_the_same_where_nothing_stands_before():
    rows = answered(np.random.default_rng(2))
    alone = rows.spans.with_columns(text=pl.col("answer")).drop("answer", "start", "span")
    one = membership(rows, rng=np.random.default_rng(3)).models[0]
    other = membership(TokenLogprobs.build(alone), rng=np.random.default_rng(3)).models[0]
    assert {a.name: a.area for a in one.attacks} == {a.name: a.area for a in other.attacks}


def test_answers_are_held_against_the_references_loss_on_the_same_items():
    rng = np.random.default_rng(4)
    seen = membership(answered(rng), reference=REFERENCE, rng=rng)
    (own,) = seen.models
    assert own.of_reference.name == "loss in reference"
    assert own.beyond_reference.low > 0
    finding = judge(seen)[1]
    assert finding.status is Status.ISSUE
    assert finding.estimate("beyond_the_reference").value == pytest.approx(own.beyond_reference.value)
    assert "loss of the answers tells members from others" in finding.sentence
    assert figure(seen)[0].columns["what it sees"][-1] == "the reference"


def test_answers_that_are_easier_for_the_reference_too_are_not_said_to_have_been_seen():
    rng = np.random.default_rng(5)
    found = membership(answered(rng, known=0.0, easier=3.0, n=300), reference=REFERENCE, rng=rng)
    assert found.models[0].attacks[0].area.low > 0.5
    finding = judge(found)[1]
    assert finding.status is Status.CAUTION
    assert "but the loss in reference, which has not seen them, does so with" in finding.sentence


def test_a_baseline_below_chance_counts_as_chance():
    """Words at .3 would hand an attack .2 that it does not have."""
    rng = np.random.default_rng(6)
    member = np.arange(200) % 2 == 0
    scores = rng.standard_normal(200) + 0.5 * member
    against_chance = _beyond(scores, -(rng.standard_normal(200) + member), member, 0.95)
    assert against_chance.value == pytest.approx(auroc(scores, member) - 0.5)
    assert against_chance == _beyond(scores, np.zeros(200), member, 0.95)
    above = rng.standard_normal(200) + member
    assert _beyond(scores, above, member, 0.95).value == pytest.approx(auroc(scores, member) - auroc(above, member))


@pytest.mark.parametrize("reference", [None, "older"])
def test_an_area_below_chance_says_that_members_look_less_familiar(reference):
    headline, finding = judge(result((0.42, 0.32, 0.52), 0.3, -0.3, reference=reference))
    assert finding.status is headline.status is Status.CAUTION
    assert "which is below 0.5: the model finds the members less familiar than the others" in finding.sentence
    assert "could be due to chance" not in finding.sentence
    near = judge(result((0.42, 0.32, 0.52), 0.47, -0.3, reference=reference))[1]
    assert "could be due to chance" in near.sentence
    # Words that tell the sorts apart refuse it whichever way the attack points.
    refused = judge(result((0.8, 0.7, 0.9), 0.3, -0.3, reference=reference))[1]
    assert refused.status is Status.NOT_APPLICABLE
