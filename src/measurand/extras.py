"""Packages that only some commands need."""

from __future__ import annotations

import importlib
from types import ModuleType

from measurand.errors import InputError

__all__ = ["need"]


def need(module: str, extra: str) -> ModuleType:
    """A module of an optional package.

    Parameters
    ----------
    module : its name.
    extra : the extra of this package that installs it.

    Raises
    ------
    InputError
        It is not installed.

    Examples
    --------
    >>> need("no_such_package", "weights")
    Traceback (most recent call last):
    measurand.errors.InputError: this needs no_such_package, which is not installed: pip install 'measurand[weights]'
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise InputError(f"this needs {package}, which is not installed: pip install 'measurand[{extra}]'") from None
