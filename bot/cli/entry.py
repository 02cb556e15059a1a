"""`flux-bot`: the group that holds all commands."""

from __future__ import annotations

import io
import sys

import click

from bot import __version__
from bot.cli.audit import audit
from bot.cli.demo import demo
from bot.cli.policy import policy
from bot.cli.run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flux-bot")
def main() -> None:
    """Reconcile Flux from Slack: asked in a channel, checked against its allowlist, followed to the true end."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Our messages have signs that a terminal of another character set lacks: it shows a ? then.
            stream.reconfigure(errors="replace")


main.add_command(run)
main.add_command(policy)
main.add_command(audit)
main.add_command(demo)
