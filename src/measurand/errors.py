"""The exceptions measurand raises.

::

    MeasurandError
    ├── InputError      what was given cannot be read or is inconsistent: the message shows it and what would be right
    │   └── UnknownName a name that is not there, with the near names that are
    └── NotApplicable   the question cannot be answered from what is there, and what would be needed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["InputError", "MeasurandError", "NotApplicable", "UnknownName"]


class MeasurandError(Exception):
    """Base of every exception measurand raises on purpose."""


class InputError(MeasurandError, ValueError):
    """Input that cannot be used as it is; the message says where, what was found and what would be right."""


class UnknownName(InputError):
    """A name that does not exist.

    Parameters
    ----------
    kind : what was looked for, such as ``"benchmark"``.
    name : the name received.
    known : the names there are; the nearest ones are suggested.

    Examples
    --------
    >>> str(UnknownName("benchmark", "mmul", ["mmlu", "gsm8k"]))
    "no benchmark named 'mmul'; did you mean 'mmlu'? There are 2: mmlu, gsm8k"
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        folded = {candidate.casefold(): candidate for candidate in names}
        near = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        super().__init__(f"no {kind} named {name!r}{hint} There are {len(names)}: {shown}")


class NotApplicable(MeasurandError):
    """A measure cannot be computed from the evidence present.

    Parameters
    ----------
    reason : why it cannot, in one clause.
    needs : what would suffice.

    Examples
    --------
    >>> str(NotApplicable("5 models have all capability benchmarks", needs="at least 8"))
    '5 models have all capability benchmarks; needs at least 8'
    """

    def __init__(self, reason: str, *, needs: str) -> None:
        super().__init__(f"{reason}; needs {needs}")
        self.reason = reason
        self.needs = needs
