"""Puts questions to a package by lines of JSON: ``python -m measurand.conformance.serving NAME``."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import import_module
from types import ModuleType
from typing import Any

from measurand.conformance.asking import Answer
from measurand.conformance.files import Crash

__all__ = ["answered", "package"]

PURPOSE = ("ValueError", "RuntimeError", "SystemExit")
"""Errors of Python's own that packages raise on purpose, with words for whoever asked; all others are crashes."""


def package(name: str) -> ModuleType:
    """The module that asks a package: one function per question that the package claims to answer."""
    return import_module(f"measurand.conformance.packages.{name.replace('-', '_')}")


def answered(asked: ModuleType, ask: str, given: Mapping[str, Any]) -> Answer:
    """The answer of a package, warnings and errors included."""
    function = getattr(asked, ask, None)
    if function is None:
        return Answer(cannot=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer: Answer = function(**given)
        except NotImplementedError:
            return Answer(cannot=True)
        except Crash as error:
            return Answer(crashed=str(error))
        except (Exception, SystemExit) as error:
            kind = type(error)
            words = f"{kind.__name__}: {error}"
            if kind.__module__ == "builtins" and kind.__name__ not in PURPOSE:
                return Answer(crashed=words)
            return Answer(refused=str(error) or words)
    said = [answer.said, *(str(each.message) for each in caught)]
    return replace(answer, said="\n".join(filter(None, said)))


def main(name: str) -> None:
    """Answer questions until there are none."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a package that prints must not write between the answers
    asked = package(name)
    for line in sys.stdin:
        question = json.loads(line)
        lines.write(json.dumps(asdict(answered(asked, question["ask"], question["given"]))) + "\n")
        lines.flush()


if __name__ == "__main__":
    main(sys.argv[1])
