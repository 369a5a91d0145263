"""Asking the person at the terminal; where there is none, an error says which option to use."""

from __future__ import annotations

import sys

import typer

from localloop.errors import BadRequest


def is_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(what: str, *, option: str, hidden: bool = False) -> str:
    """Ask for a value.

    Args:
        what: What it is called.
        option: How it can be given without being asked.
        hidden: Whether the answer is not shown while it is typed.

    Raises:
        BadRequest: Nobody is there to answer.
    """
    if not is_terminal():
        raise BadRequest("400", f"{what} is missing, and nobody is here to be asked: use {option}.")
    return str(typer.prompt(what, hide_input=hidden, err=True))


def confirm(question: str, *, yes: bool) -> bool:
    """Ask whether to go on.

    Args:
        question: The question.
        yes: Whether the answer was given beforehand.

    Raises:
        BadRequest: Nobody is there to answer.
    """
    if yes:
        return True
    if not is_terminal():
        raise BadRequest("400", f"{question} Nobody is here to be asked: use --yes.")
    return typer.confirm(question, err=True)
