"""`flux-bot run`: the bot itself."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    default=Path(".env"),
    show_default=True,
    help="A file with settings; may be missing. The environment wins over it.",
)
@click.pass_context
def run(context: click.Context, env_file: Path) -> None:
    """Serve Slack until told to stop.

    Settings come from FLUX_BOT_… variables, the env file and a folder of mounted files (docs/settings.md).
    Exits with 2 when the settings or the allowlist are wrong, each problem on its own line.
    """
    import asyncio

    from bot.cli.policy import told_allowlist
    from bot.config.agreement import disagreements
    from bot.config.loading import Misconfigured, load_settings

    settings = load_settings(env_file)
    if isinstance(settings, Misconfigured):
        click.echo(str(settings), err=True)
        context.exit(2)
    allowlist = told_allowlist(settings.allowlist_file, err=True)
    if allowlist is None:
        context.exit(2)
    for sentence in disagreements(allowlist, settings.clusters):
        click.echo(f"{settings.allowlist_file}: warning: {sentence}", err=True)
    from bot.app import run as serve

    context.exit(asyncio.run(serve(settings, allowlist)))
