"""Libraries that are installed only on request, with ``pip install localloop[NAME]``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from localloop.errors import ExtraMissingError


def library(name: str, what: str, extra: str) -> Any:
    """A library, loaded when it is first needed.

    Args:
        name: The module.
        what: What needs it, as a message begins.
        extra: The extra that brings it.

    Raises:
        ExtraMissingError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise ExtraMissingError(
            f"{what} needs {name.partition('.')[0]}, which comes with `pip install 'localloop[{extra}]'`."
        ) from None
