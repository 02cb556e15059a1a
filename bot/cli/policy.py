"""`flux-bot policy`: the allowlist, looked at from a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.config.problems import Problem
    from bot.core.channels import Allowlist


@click.group()
def policy() -> None:
    """Look at an allowlist."""


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def check(context: click.Context, file: Path) -> None:
    """Check the allowlist FILE and say in words what it allows.

    Every problem is a line FILE:LINE FIELD: TEXT, and the exit code is 1. Warnings alone keep it 0.
    """
    from bot.cli.allowed import sentences

    allowlist = told_allowlist(file, err=False)
    if allowlist is None:
        context.exit(1)
    for line in sentences(allowlist):
        click.echo(line)


def told_allowlist(file: Path, *, err: bool) -> Allowlist | None:
    """The allowlist of a file, its problems and warnings printed; None when it may not be used."""
    from bot.config.channels_file import Broken, load_allowlist

    result = load_allowlist(file)
    for warning in result.warnings:
        click.echo(_line(file, warning, "warning: "), err=err)
    if not isinstance(result, Broken):
        return result.allowlist
    for problem in result.problems:
        click.echo(_line(file, problem), err=err)
    count = len(result.problems)
    click.echo(f"{file}: {count} problem{'' if count == 1 else 's'}", err=err)
    return None


def _line(file: Path, problem: Problem, mark: str = "") -> str:
    where = f"{file}:{problem.line}" if problem.line else str(file)
    return f"{where} {problem.field}: {mark}{problem.text}" if problem.field else f"{where}: {mark}{problem.text}"
