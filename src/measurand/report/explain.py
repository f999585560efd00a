"""A measure explained as text: for the terminal and for the catalogue in the documentation."""

from __future__ import annotations

import textwrap

from measurand.report.summary import MeasureInfo

__all__ = ["explain"]


def explain(measure: MeasureInfo, width: int = 100) -> str:
    """What a measure asks, how it is computed, what it does not cover, and how often it is wrong.

    Parameters
    ----------
    measure : the measure.
    width : columns to wrap at.
    """
    blocks = [
        f"{measure.code}  {measure.name}  ({measure.question.value})",
        _wrapped(measure.asks, width),
        _titled("Formula", _wrapped(measure.formula, width)),
        _titled("Needs", _wrapped(measure.needs, width)),
    ]
    for title, lines in (("Caveats", measure.caveats), ("References", measure.references)):
        if lines:
            blocks.append(_titled(title, "\n".join(_wrapped(f"- {line}", width) for line in lines)))
    blocks.append(_titled("Measured error rates (simulated data whose truth is known)", _measured(measure, width)))
    return "\n\n".join(blocks)


def _measured(measure: MeasureInfo, width: int) -> str:
    told = {"simulated": measure.regime} if measure.regime else {}
    lines = [_wrapped(f"- {name}: {text}", width) for name, text in (told | dict(measure.worst_rates)).items()]
    return "\n\n".join(part for part in ("\n".join(lines), _rates(measure)) if part)


def _rates(measure: MeasureInfo) -> str:
    rows = measure.error_rates
    if not rows:
        return "not measured"
    heads = list(rows[0])
    widths = [max(len(head), *(len(row[head]) for row in rows)) for head in heads]
    lines = [heads, *([row[head] for head in heads] for row in rows)]
    padded = (zip(line, widths, strict=True) for line in lines)
    return "\n".join("  ".join(cell.ljust(size) for cell, size in line).rstrip() for line in padded)


def _titled(title: str, text: str) -> str:
    return f"{title}\n{textwrap.indent(text, '  ')}"


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width - 4, subsequent_indent="  " if text.startswith("- ") else "")
