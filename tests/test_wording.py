"""Numbers and words, written once: what is shown never says more than the number does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurand import wording
from measurand.results import Estimate
from measurand.wording import (
    CORRELATION,
    DIFFERENCE,
    SHARE,
    capital,
    interval,
    limits_of,
    listed,
    more_needed,
    number,
    one_in,
    percent,
    plain,
    plural,
    points,
    shown,
    signed,
    value_of,
    with_limits,
)

NAN = float("nan")
SHARES = st.floats(0, 1) | st.sampled_from([1e-12, 4e-4, 0.9995, 0.9996, 0.99951, 1 - 1e-12, 0.5, 0.9994999])


@given(SHARES)
def test_a_share_is_0_or_100_percent_only_if_it_is(value):
    text = percent(value)
    assert (text == "0%") == (value == 0)
    assert (text == "100%") == (value == 1)
    if text.startswith(("under", "over")):
        assert min(value, 1 - value) < 1e-6
    else:
        assert abs(float(text.removesuffix("%")) - 100 * value) <= 0.05 + 1e-9


@pytest.mark.parametrize("value", [0.997, 0.9997, 0.99997])
def test_one_share_is_written_one_way_by_every_surface(value):
    """An independent check saw .997 as "99.7%", "100%" and "1" in one report."""
    estimate = Estimate(name="score", value=value, low=value - 0.001, high=1.0, unit=SHARE)
    text = percent(value)
    assert text == f"{100 * value:.10g}%"
    assert value_of(estimate) == text
    assert shown(estimate).startswith(f"{text} [")
    assert with_limits(value, estimate.low, estimate.high) == shown(estimate)


@given(st.floats(-1, 1))
def test_points_keep_their_sign_and_are_0_only_if_nothing_is_left(value):
    text = points(value, unit=False)
    assert ("−" in text) == (float(text.replace("−", "-")) < 0)
    assert "-" not in text
    if abs(value) > 1e-6:
        assert float(text.replace("−", "-")) * value > 0
    assert points(value).removesuffix("s").endswith(" point")


def test_the_unit_of_an_estimate_says_how_it_is_written():
    limits = {"value": -0.125, "low": -0.146, "high": -0.104}
    assert shown(Estimate(name="d", **limits, unit=DIFFERENCE)) == "−12.5 points [−14.6, −10.4]"
    assert shown(Estimate(name="d", **limits, unit=CORRELATION)) == "−0.12 [−0.15, −0.10]"
    assert shown(Estimate(name="d", **limits)) == "−0.125 [−0.146, −0.104]"
    assert shown(Estimate(name="d", value=-0.5, unit="bits")) == "−0.500 bits"
    assert value_of(Estimate(name="d", value=0.01, low=0.0, high=0.02, unit=DIFFERENCE)) == "1 point"
    assert limits_of(Estimate(name="d", value=0.5, unit=SHARE)) == ""


@pytest.mark.parametrize("unit", ["", SHARE, DIFFERENCE, CORRELATION, "%", "items"])
def test_what_is_undefined_is_said(unit):
    assert shown(Estimate(name="x", value=None, unit=unit)).startswith("undefined")
    assert [write(NAN) for write in (number, percent, points, signed)] == ["undefined"] * 4


def test_an_interval_without_one_side_is_open_and_without_both_is_nothing():
    assert interval(0.1, None, percent) == "[10%, –]"
    assert interval(None, float("inf"), percent) == ""
    assert interval(NAN, 0.2, signed) == "[–, +0.20]"
    assert with_limits(0.5, NAN, NAN) == "50% [no interval]"


@pytest.mark.parametrize(
    ("count", "noun", "verb", "said"),
    [
        (1, "pair", "differs", "1 pair differs"),
        (2, "pair", "differs", "2 pairs differ"),
        (0, "score", "is known", "0 scores are known"),
        (1200, "query", "has ended", "1,200 queries have ended"),
        (2, "way", "", "2 ways"),
        (3, "set of items", "was left out", "3 sets of items were left out"),
    ],
)
def test_nouns_and_verbs_agree_with_the_count(count, noun, verb, said):
    assert plural(count, noun, verb) == said


@given(st.floats(1e-9, 0.2))
def test_one_in_never_claims_a_rarer_rate(rate):
    said = one_in(rate)
    assert 1 / int(said.removeprefix("1 in ").replace(",", "")) >= rate * (1 - 1e-6)


def test_texts_of_others_are_one_plain_line():
    assert plain("a\x1b[31m\n‮b\ud800") == "a [31m b"
    everything = "".join(map(chr, range(0x110000)))
    unsafe = wording._UNSAFE.findall(everything)
    # Text that is printable is passed on as it is: none of these may be.
    assert not any(each.isprintable() for each in "".join(unsafe))
    assert not wording._UNSAFE.search(plain(everything))


def test_names_and_beginnings():
    assert listed(["A", "B"]) == "A and B"
    assert capital("the rest stays As it is") == "The rest stays As it is"
    assert capital("") == ""


def test_more_items_are_counted_where_more_would_decide():
    assert more_needed(0.08, 0.04, 0.12, 100, 0.10) == 300
    assert more_needed(0.10, 0.04, 0.12, 100, 0.10) is None
    # Within a standard error of the bound, on either side, nobody knows where the value will settle.
    assert more_needed(0.0999, 0.04, 0.16, 100, 0.10) is None
    assert more_needed(0.081, 0.04, 0.12, 100, 0.10) is None
    assert more_needed(0.119, 0.08, 0.16, 100, 0.10) is None
    assert more_needed(0.12, 0.08, 0.16, 100, 0.10) == 300
    # Never more than four times what there is.
    assert more_needed(0.02, 0.02, 0.06, 6_000, 0.04) == 18_000
    assert more_needed(0.08, NAN, NAN, 100, 0.10) is None
