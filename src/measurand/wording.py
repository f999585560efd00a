"""How numbers and words are written, once: in sentences of measures, in the terminal and on the page.

A share is a percentage, a difference of shares is in points, an interval stands in brackets, and a minus is a minus.
Whoever shows an `Estimate` uses `shown`, so that a sentence and its row show the same number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from measurand.results import Estimate

__all__ = [
    "CORRELATION",
    "DIFFERENCE",
    "RISES",
    "SEPARATE",
    "SHARE",
    "TOO_FEW",
    "WORSE",
    "agreeing",
    "capital",
    "cell",
    "interval",
    "limits_of",
    "listed",
    "more_needed",
    "number",
    "of_total",
    "one_in",
    "p_text",
    "percent",
    "plain",
    "plural",
    "points",
    "shown",
    "signed",
    "value_of",
    "with_limits",
]

SHARE, DIFFERENCE, CORRELATION = "share", "difference of shares", "correlation"
"""Units of an `Estimate` that say how it is written: in percent, in points, with its sign and two decimals."""

RISES, WORSE, SEPARATE, TOO_FEW = (
    "rises with capability",
    "gets worse with it",
    "separate from it",
    "too few models to tell",
)
"""What holding a benchmark against capability may show, in the words of every table and legend."""

MOST_DECIMALS = 4
"""Of a percentage: what is nearer to 0% or 100% than these can show is said to be below or above the last step."""

# Control characters can drive a terminal, bidirectional overrides can reorder what a reader sees, and lone surrogates
# cannot be written as UTF-8 at all. None of them is allowed in XML either, where SVG renderers abort on them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+")

_OF_MANY = {"is": "are", "was": "were", "has": "have", "does": "do"}


def plain(text: str) -> str:
    """One line of text without control characters, bidirectional overrides and lone surrogates.

    Examples
    --------
    >>> plain("mm\\x1b[31mlu\\nnew")
    'mm [31mlu new'
    """
    # None of them is printable, and that is told at once.
    return text.strip() if text.isprintable() else _UNSAFE.sub(" ", text).strip()


def number(value: float | int | None, decimals: int | None = None) -> str:
    """A number for a reader: three significant digits, or the decimals asked for; a true minus sign.

    Examples
    --------
    >>> number(0.78654), number(-0.2), number(29956), number(1.6e23), number(None)
    ('0.787', '−0.200', '29,956', '1.60e+23', 'undefined')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    size = abs(value)
    if isinstance(value, int) and size < 1e9:
        text = f"{value:,}"
    elif value and not 1e-3 <= size < 1e7:
        text = f"{value:.2e}"
    else:
        places = max(0, 2 - _exponent(size)) if decimals is None else decimals
        text = f"{value:,.{places}f}"
    return _minus(text)


def signed(value: float | None, decimals: int = 2) -> str:
    """A correlation, or another number whose sign matters, with that sign.

    Examples
    --------
    >>> signed(0.8123), signed(-0.2), signed(0.001), signed(None)
    ('+0.81', '−0.20', '+0.00', 'undefined')
    """
    return "undefined" if value is None or not math.isfinite(value) else _minus(f"{value:+.{decimals}f}")


def percent(value: float | None) -> str:
    """A share in percent: one decimal, dropped where it is 0; more of them rather than 0% or 100% of what is not.

    Examples
    --------
    >>> [percent(value) for value in (0.214, 0.8, 0.0, 0.0004, 1.0, 0.997, 0.99996, 1e-9)]
    ['21.4%', '80%', '0%', '0.04%', '100%', '99.7%', '99.996%', 'under 0.0001%']
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    text = _told_apart(100 * value, (0.0, 100.0))
    if text is None:
        return f"under {10**-MOST_DECIMALS:.4f}%" if value < 0.5 else f"over {100 - 10**-MOST_DECIMALS:.4f}%"
    return f"{text}%"


def points(value: float | None, unit: bool = True) -> str:
    """A difference of shares in percentage points.

    Examples
    --------
    >>> points(0.02), points(0.1344), points(0.01), points(-0.125, unit=False), points(0.0002)
    ('2 points', '13.4 points', '1 point', '−12.5', '0.02 points')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    text = _told_apart(100 * value, (0.0,)) or "0"
    return text + (" point" if text in ("1", "−1") else " points") * unit


def one_in(rate: float) -> str:
    """A rate as "1 in ...", never rounded to a rarer one; in percent from a fifth on.

    Examples
    --------
    >>> one_in(0.00994), one_in(0.0001), one_in(0.7)
    ('1 in 100', '1 in 10,000', '70%')
    """
    if rate > 0.2:
        return percent(rate)
    inverse = 1 / rate * (1 + 1e-9)  # 1 / 1e-4 falls just short of 10,000
    step = 10 ** max(0, math.floor(math.log10(inverse)) - 1)
    return f"1 in {math.floor(inverse / step) * step:,}"


def p_text(value: float) -> str:
    """A p-value in a table.

    Examples
    --------
    >>> p_text(0.0871), p_text(0.00412), p_text(1e-9), p_text(float("nan"))
    ('0.087', '0.0041', '<0.0001', 'undefined')
    """
    return "undefined" if math.isnan(value) else "<0.0001" if value < 1e-4 else f"{value:.2g}"


def interval(low: float | None, high: float | None, write: Callable[[float], str] = number) -> str:
    """Two limits in brackets; a side without one is open, and without any there is nothing to show.

    Examples
    --------
    >>> interval(0.5721, 0.8979, signed), interval(0.1, None, percent), interval(None, None)
    ('[+0.57, +0.90]', '[10%, –]', '')
    """
    sides = ["–" if side is None or not math.isfinite(side) else write(side) for side in (low, high)]
    return "" if sides == ["–", "–"] else f"[{', '.join(sides)}]"


def with_limits(
    value: float | None, low: float | None, high: float | None, write: Callable[[float], str] = percent
) -> str:
    """A number and its interval.

    Examples
    --------
    >>> with_limits(0.214, 0.152, 0.281), with_limits(0.81, 0.6, 0.9, signed), with_limits(0.5, None, None)
    ('21.4% [15.2%, 28.1%]', '+0.81 [+0.60, +0.90]', '50% [no interval]')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    return f"{write(value)} {interval(low, high, write) or '[no interval]'}"


def shown(estimate: Estimate) -> str:
    """An estimate as every surface writes it: by its unit, with the decimals that its interval deserves.

    Examples
    --------
    >>> shown(Estimate(name="score", value=0.8861, low=0.865, high=0.907, unit=SHARE))
    '88.6% [86.5%, 90.7%]'
    >>> shown(Estimate(name="gap", value=-0.125, low=-0.146, high=-0.104, unit=DIFFERENCE))
    '−12.5 points [−14.6, −10.4]'
    >>> shown(Estimate(name="rho", value=0.78689, low=0.5721, high=0.8979, unit=CORRELATION))
    '+0.79 [+0.57, +0.90]'
    >>> shown(Estimate(name="needed", value=29956, unit="tests"))
    '29,956 tests'
    """
    return f"{value_of(estimate)} {limits_of(estimate)}".rstrip()


def value_of(estimate: Estimate) -> str:
    """The number alone, with its unit.

    Examples
    --------
    >>> value_of(Estimate(name="next_score", value=76.2, low=61.0, high=88.4, unit="%"))
    '76%'
    """
    write, unit = _writer(estimate)
    if unit == DIFFERENCE:
        return points(estimate.value)
    value = "undefined" if estimate.value is None else write(estimate.value)
    return value + (unit if unit == "%" else f" {unit}".rstrip())


def cell(estimate: Estimate, *, limits: bool = True) -> str:
    """An estimate in a column of its like: the unit stands in the head or below, and decimals stand below each other.

    Examples
    --------
    >>> cell(Estimate(name="score", value=0.886, low=0.865, high=1.0, unit=SHARE))
    '88.6 [86.5, 100.0]'
    >>> cell(Estimate(name="gap", value=0.021, low=-0.001, high=0.0452, unit=DIFFERENCE))
    '+2.1 [−0.1, +4.5]'
    >>> cell(Estimate(name="score", value=0.99996, unit=SHARE)), cell(Estimate(name="needed", value=29956))
    ('99.996', '29,956')
    """
    if estimate.unit not in (SHARE, DIFFERENCE):
        return shown(estimate) if limits else value_of(estimate)
    write = _tenths if estimate.unit == SHARE else _signed_points
    value = "undefined" if estimate.value is None else write(estimate.value)
    return f"{value} {interval(estimate.low, estimate.high, write) if limits else ''}".rstrip()


def limits_of(estimate: Estimate) -> str:
    """The limits alone, in brackets; nothing where there are none."""
    return interval(estimate.low, estimate.high, _writer(estimate)[0])


def plural(count: int, noun: str, verb: str = "") -> str:
    """The count with its noun, and with a verb that agrees.

    Examples
    --------
    >>> plural(1, "model"), plural(2000, "model"), plural(1, "pair", "differs"), plural(2, "pair", "differs")
    ('1 model', '2,000 models', '1 pair differs', '2 pairs differ')
    >>> plural(3, "score", "is shown"), plural(0, "body of text"), plural(2, "category")
    ('3 scores are shown', '0 bodies of text', '2 categories')
    """
    if count == 1:
        return f"1 {noun} {verb}".rstrip()
    head, of, rest = noun.partition(" of ")
    many = f"{head[:-1]}ies" if re.search("[^aeiou]y$", head) else f"{head}s"
    return f"{count:,} {many}{of}{rest} {agreeing(count, verb)}".rstrip()


def agreeing(count: int, verb: str) -> str:
    """The verb, given in the singular, as the count wants it.

    Examples
    --------
    >>> [f"{count} {agreeing(count, verb)}" for count, verb in ((1, "rises"), (3, "varies"), (2, "is shown"))]
    ['1 rises', '3 vary', '2 are shown']
    """
    first, _, more = verb.partition(" ")
    if count != 1:
        first = _OF_MANY.get(first) or re.sub("ies$", "y", first).removesuffix("s")
    return f"{first} {more}".rstrip()


def of_total(count: int, total: int, noun: str, does: str, does_not: str) -> str:
    """How many of them do, as the beginning of a sentence.

    Examples
    --------
    >>> [of_total(count, 3, "score", "is known", "is not known") for count in (0, 1, 3)]
    ['None of the 3 scores is known', '1 of the 3 scores is known', '3 of the 3 scores are known']
    >>> of_total(0, 1, "score", "is known", "is not known")
    'The one score is not known'
    """
    if total == 1:
        return f"The one {noun} {does if count else does_not}"
    return f"{f'{count:,}' if count else 'None'} of the {plural(total, noun)} {agreeing(max(count, 1), does)}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["A"]), listed(["A", "B", "C"])
    ('A', 'A, B and C')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def capital(text: str) -> str:
    """The text as the beginning of a sentence; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def more_needed(value: float, low: float, high: float, n: int, bound: float) -> int | None:
    """Further items at which the interval would no longer reach across the bound; None where nobody can tell.

    The interval is taken to shrink as 1 / sqrt(n) towards a value that stays where it is. Where the bound lies within
    a standard error of the value (half of the interval's arm), the value is as likely to settle on its other side.

    Parameters
    ----------
    n : of what the interval's width comes from: of clusters, where items have clusters.

    Examples
    --------
    >>> more_needed(0.08, 0.04, 0.12, 100, 0.10), more_needed(0.09, 0.04, 0.14, 100, 0.10)
    (300, None)
    """
    half, gap = (high - value if bound > value else value - low), abs(bound - value)
    # Rounded up a hair: 0.1 - 0.08 falls short of half of 0.04 by what floating numbers lose.
    if not math.isfinite(half) or gap < half / 2 - 1e-9 or gap == 0:
        return None
    needed = math.ceil(n * max((half / gap) ** 2, 1.0) - 1e-6) - n
    return int(float(f"{needed:.2g}")) or None


def _told_apart(value: float, ends: Sequence[float]) -> str | None:
    """The value with one decimal, or as many as tell it from the ends; None where they cannot."""
    for places in range(1, MOST_DECIMALS + 1):
        text = f"{value:.{places}f}"
        if value in ends or float(text) not in ends:
            return _minus(text.removesuffix(".0"))
    return None


def _tenths(share: float) -> str:
    """A share in percent with one decimal, or as many as tell it from none and all."""
    text = f"{100 * share:.1f}"
    return _told_apart(100 * share, (0.0, 100.0)) or text if text in ("0.0", "100.0") and 0 < share < 1 else text


def _signed_points(difference: float) -> str:
    return signed(100 * difference, 1) if difference else "0.0"


def _minus(text: str) -> str:
    """A true minus sign, and none before nothing."""
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def _writer(estimate: Estimate) -> tuple[Callable[[float], str], str]:
    unit = plain(estimate.unit)
    if unit == SHARE:
        return percent, ""
    if unit == DIFFERENCE:
        return lambda value: points(value, unit=False), unit
    if unit == CORRELATION:
        return signed, ""
    decimals = _decimals(estimate)
    return lambda value: number(value, decimals), unit


def _exponent(size: float) -> int:
    return math.floor(math.log10(size)) if size else 0


def _decimals(estimate: Estimate) -> int | None:
    """Decimals that show two significant digits of the interval's width; None without a width."""
    low, high = estimate.low, estimate.high
    if low is None or high is None or not math.isfinite(high - low) or high <= low:
        return None
    return min(6, max(0, 1 - _exponent(high - low)))
