"""The daemon as a service, from the command line."""

from __future__ import annotations

import shlex
from pathlib import Path

import typer

from localloop.cli.advice import ExitCode
from localloop.cli.opening import opened
from localloop.cli.output import Output
from localloop.daemon import control, services, settings


def install(out: Output, given: Path | None, *, only_print: bool) -> None:
    """Install the service and start it.

    Args:
        out: Where to print.
        given: What ``--store`` says.
        only_print: Whether to only print its file.

    Raises:
        typer.Exit: It could not be started.
    """
    with opened(given) as store:
        path = store.path
    service = services.service_of(path)
    settings.load(path)  # what makes no sense is told here
    runs = control.how(path) is not None
    told = {"name": service.name, "path": str(service.path)}
    if only_print:
        out.result({**told, "text": service.text})
        out.lines(service.text.splitlines())
        return
    known = service.path.exists()
    if runs and not known:
        out.note("The daemon that runs by itself is stopped, and started as a service.")
        control.stop(path)
    services.write(service)
    problem = services.carry_out(service.starting)
    out.result({**told, "started": not problem, "problem": problem})
    out.line(f"Wrote {service.path}.")
    if problem:
        out.note(f"It was not started: {problem}")
        out.note("Start it where you are logged in:")
        for words in service.starting:
            out.note(f"  {shlex.join(words)}")
        raise typer.Exit(ExitCode.ERROR)
    out.line(f"{service.name} runs. `localloop daemon status` says how it is.")


def uninstall(out: Output, given: Path | None) -> None:
    """Stop the service and remove it.

    Raises:
        typer.Exit: The service manager would not.
    """
    with opened(given) as store:
        service = services.service_of(store.path)
    there = service.path.exists()
    problem = services.carry_out(service.stopping) if there else ""
    service.path.unlink(missing_ok=True)
    problem = problem or (services.carry_out(service.after) if there else "")
    out.result({"name": service.name, "was_installed": there, "problem": problem})
    out.line(f"Removed {service.path}." if there else f"{service.name} is not installed.")
    if problem:
        out.note(f"It may still run: {problem}")
        raise typer.Exit(ExitCode.ERROR)


def status(out: Output, given: Path | None) -> None:
    """Say whether the service is installed and runs.

    Raises:
        typer.Exit: It does not.
    """
    with opened(given) as store:
        service = services.service_of(store.path)
    installed = service.path.exists()
    problem = services.carry_out([service.asking]) if installed else ""
    runs = installed and not problem
    out.result({"name": service.name, "path": str(service.path), "installed": installed, "runs": runs})
    if not installed:
        out.line(f"{service.name} is not installed: `localloop service install`.")
    else:
        out.line(f"{service.name} {'runs' if runs else 'does not run'}; its file is {service.path}.")
    if not runs:
        raise typer.Exit(ExitCode.NOT_FOUND)
