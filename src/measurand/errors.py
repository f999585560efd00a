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

__all__ = ["InputError", "MeasurandError", "NotApplicable", "UnknownName", "first_line", "quoted"]


def quoted(value: object, most: int = 60) -> str:
    """A value as a message shows it: one that is long, or deep, by its beginning.

    Parameters
    ----------
    most : characters it may take.

    Examples
    --------
    >>> quoted("4"), quoted("9" * 400) == "'" + "9" * 58 + "…"
    ("'4'", True)
    """
    try:
        # The repr of a long text need not be made whole.
        text = repr(value[: most + 1] if isinstance(value, str) else value)
    except (RecursionError, ValueError):
        return f"something too large to show ({type(value).__name__})"
    return text if len(text) <= most else text[: most - 1] + "…"


def first_line(error: BaseException) -> str:
    """What an exception of another library says, in one line; of the system, without its number and the path.

    Examples
    --------
    >>> first_line(ValueError("cast failed\\n\\nin column 3")), first_line(KeyError())
    ('cast failed', 'KeyError')
    """
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return next((line.strip()[:200] for line in said.splitlines() if line.strip()), type(error).__name__)


class MeasurandError(Exception):
    """Base of every exception measurand raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # As it stands: made anew from its message alone, as pickle would, those with arguments of their own could not
        # leave the worker process that raises them.
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[MeasurandError], args: tuple[object, ...], held: dict[str, object]) -> MeasurandError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(held)
    return error


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
        # The beginning of a long name is unlike the whole by its letters, and what people type.
        near = near or [full for short, full in folded.items() if name and short.startswith(name.casefold())][:3]
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        super().__init__(f"no {kind} named {quoted(name, 200)}{hint} There are {len(names)}: {shown}")


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
