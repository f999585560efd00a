"""An audit as versioned JSON, and back.

The names in the file are the names of the types in `measurand.results`, so that others can build on it::

    {"schema_version": 2,
     "findings": [{"code", "subject", "title", "status", "sentence", "headline", "short", "estimates": [{"name",
                   "value", "low", "high", "level", "method", "n", "unit"}], "caveats", "figure", "result"}],
     "figures": {name: {"kind", "columns", "x", "y", ...}},
     "provenance": {"title", "sources", "notes", "versions", "made_for"},
     "settings": {code: {setting: value}},
     "seed": 0,
     "asked": [code],
     "answers": {code: {"sentence", "tables": [{"head", "rows", "marks", "right", "title"}], "notes", "meaning"}},
     "sizes": {what: how many},
     "date": "2026-11-27"}

A number that is not finite is written as null: JSON has no other word for "undefined".
Fields that this version does not know are ignored, so that a later version may add to it without breaking readers.
Version 1 had one value of a setting for all measures, whichever came last, and no headlines: it is read, without them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

import msgspec

from measurand.errors import InputError
from measurand.results import Answer, Audit, Figure, Finding, Provenance

__all__ = ["SCHEMA_VERSION", "decode", "encode"]

SCHEMA_VERSION = 2
"""Raised when a reader of the file would misread it, never for an added field."""

Value = TypeVar("Value")


class _Header(msgspec.Struct):
    """What is read before the rest: a later version may have any shape otherwise."""

    schema_version: int


class _Document(msgspec.Struct):
    """The whole file; the order of the fields is the order in it."""

    schema_version: int
    findings: tuple[Finding, ...]
    figures: dict[str, Figure]
    provenance: Provenance
    settings: dict[str, Any]
    seed: int
    asked: tuple[str, ...] = ()
    answers: dict[str, Answer] = {}
    sizes: dict[str, int] = {}
    date: str = ""


def encode(audit: Audit) -> bytes:
    """Write an audit as JSON: UTF-8, one line, the same bytes for the same audit.

    Parameters
    ----------
    audit : what to write. Numbers that are not finite become null, lone surrogates become U+FFFD.

    Raises
    ------
    InputError : a value is of a type that JSON cannot hold.

    Examples
    --------
    >>> from measurand.results import Audit, Provenance
    >>> of = Provenance("two models", (), (), {"measurand": "0.1.0"})
    >>> audit = Audit(findings=(), figures={}, provenance=of, settings={"P1": {"level": 0.95}}, seed=7, asked=("P1",))
    >>> encode(audit)[:64]
    b'{"schema_version":2,"findings":[],"figures":{},"provenance":{"ti'
    >>> decode(encode(audit)) == audit
    True
    """
    document = _Document(
        SCHEMA_VERSION,
        audit.findings,
        dict(audit.figures),
        audit.provenance,
        dict(audit.settings),
        audit.seed,
        audit.asked,
        dict(audit.answers),
        dict(audit.sizes),
        audit.date,
    )
    try:
        try:
            return _ENCODER.encode(document) + b"\n"
        except UnicodeEncodeError:
            # Only an audit that holds a lone surrogate pays for a copy.
            return _ENCODER.encode(_without_surrogates(msgspec.to_builtins(document, enc_hook=_builtin))) + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the audit cannot be written as JSON: {error}") from error


def decode(data: bytes) -> Audit:
    """Read an audit that `encode` wrote.

    Parameters
    ----------
    data : the bytes of the file.

    Returns
    -------
    The audit, equal to the one written; sequences are tuples.

    Raises
    ------
    InputError : not JSON, cut short, nested too deep, of another version, or a field missing or of the wrong type;
        the message names the place.

    Examples
    --------
    >>> decode(b'{"schema_version": 3}')
    Traceback (most recent call last):
    measurand.errors.InputError: audit JSON: schema_version should be 1 or 2, got 3 (written by another version)
    """
    version = _read(data, _HEADER).schema_version
    if version not in (1, SCHEMA_VERSION):
        raise InputError(
            f"audit JSON: schema_version should be 1 or {SCHEMA_VERSION}, got {version} (written by another version)"
        )
    document = _read(data, _DOCUMENT)
    for key, figure in document.figures.items():
        if figure.name != key:
            raise InputError(f"audit JSON: name should be {key!r}, got {figure.name!r} - at `$.figures[{key!r}].name`")
    for place, found in enumerate(document.findings):
        # `Finding` has a default here, which measures rely on, so msgspec does not miss it.
        if not found.code:
            raise InputError(f"audit JSON: missing `code` - at `$.findings[{place}]`")
    audit = Audit(
        findings=tuple(dataclasses.replace(found, result=_frozen(found.result)) for found in document.findings),
        figures=document.figures,
        provenance=document.provenance,
        settings=_frozen(document.settings),
        seed=document.seed,
        asked=document.asked,
        answers=document.answers,
        sizes=document.sizes,
        date=document.date,
    )
    return audit if version == SCHEMA_VERSION else _of_version_1(audit)


def _of_version_1(audit: Audit) -> Audit:
    """As far as version 1 tells: a finding on no single benchmark or file was a headline."""
    findings = tuple(
        dataclasses.replace(found, headline=not found.subject.keys() & {"benchmark", "file"})
        for found in audit.findings
    )
    said = ", ".join(f"{name} {value}" for name, value in audit.settings.items())
    note = f"written by an earlier version, which kept one value of each setting for all measures: {said}"
    return dataclasses.replace(
        audit,
        findings=findings,
        settings={},
        provenance=dataclasses.replace(audit.provenance, notes=(*audit.provenance.notes, note)),
        asked=tuple(dict.fromkeys(found.code for found in findings)),
    )


def _read(data: bytes, decoder: msgspec.json.Decoder[Value]) -> Value:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        _fail(str(error), error)
    except msgspec.DecodeError as error:
        _fail(f"{error} (the input ends at byte {len(data)})", error)
    except RecursionError as error:
        _fail("nested too deep", error)
    except UnicodeDecodeError as error:
        _fail(f"not UTF-8 at byte {error.start}", error)


def _fail(reason: str, cause: Exception) -> NoReturn:
    raise InputError(f"audit JSON: {reason}") from cause


def _frozen(values: Any) -> Any:
    """Sequences as tuples: msgspec builds lists for the abstract types that `Finding` and `Audit` name."""
    if isinstance(values, Mapping):
        return {key: _frozen(value) for key, value in values.items()}
    return tuple(map(_frozen, values)) if isinstance(values, list) else values


def _builtin(value: object) -> object:
    """What msgspec does not know but a measure may well return: read-only mappings and numpy scalars."""
    if isinstance(value, Mapping):
        return dict(value)
    # An array of one element has item(), too, but is no scalar.
    if callable(item := getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        return item()
    raise TypeError(f"{type(value).__name__} is not a value that JSON can hold")


def _without_surrogates(value: Any) -> Any:
    """Copy of built-in containers whose strings can be written as UTF-8."""
    if isinstance(value, str):
        # UTF-16 joins the two surrogates of one character, so that lone ones alone are replaced.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


_ENCODER = msgspec.json.Encoder(enc_hook=_builtin)
_HEADER = msgspec.json.Decoder(_Header)
_DOCUMENT = msgspec.json.Decoder(_Document)
