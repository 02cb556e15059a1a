"""`flux-bot demo`: the real bot among simulated surroundings."""

from __future__ import annotations

from pathlib import Path

import click


class _WithIds(click.Command):
    """Prints the simulator's ids below its help; they are looked up only then."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from bot.demo.options import ids

        formatter.write_paragraph()
        formatter.write("Ids of the workspace, for an allowlist of your own (--policy):\n\n")
        formatter.write(ids() + "\n")


@click.command(cls=_WithIds)
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A cluster of your own; default: two simulated ones, demo and edge.",
)
@click.option("--context", "context_name", help="A context of the kubeconfig; default: its current one.")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An allowlist; default: sre may do everything in platform, and dev, on the simulated clusters, what is the "
    "shop's in team-shop.",
)
@click.option(
    "--say", "says", multiple=True, help="A command to type instead of a terminal's; may be given several times."
)
@click.option("--as", "person", default="sre", show_default=True, help="Who types.")
@click.option("--in", "channel", default="platform", show_default=True, help="Where.")
@click.option("--json", "as_json", is_flag=True, help="With --say: one JSON object per state of a message.")
@click.option(
    "--allow-writes",
    metavar="CONTEXT",
    help="With --kubeconfig: patch objects, in this context only; without it every request ends before its patch.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    help="Of the page in the browser, on 127.0.0.1; default: a free one.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="error",
    show_default=True,
    help="What the bot logs to standard error.",
)
@click.pass_context
def demo(  # noqa: PLR0913, PLR0917 - one per option
    context: click.Context,
    kubeconfig: Path | None,
    context_name: str | None,
    policy: Path | None,
    says: tuple[str, ...],
    person: str,
    channel: str,
    as_json: bool,
    allow_writes: str | None,
    port: int,
    log_level: str,
) -> None:
    """Run the real bot in a Slack workspace that is simulated on this machine.

    Its clusters are simulated too, Flux and all, unless --kubeconfig names one of yours. It prints the address of a
    page with the workspace and the clusters. It also reads commands from the terminal and prints what that person
    would see, until Ctrl-C.

    With --say it types each one, waits until its request has ended, and prints every message a person could see. It
    then exits with 0 if everything asked for was done, unchanged, skipped by its schedule, or answered; with 1 for
    every other end.
    """
    import asyncio

    from bot.config.settings import LogLevel
    from bot.demo.options import BadUsage, Demo
    from bot.demo.run import run

    wanted = Demo(
        kubeconfig=kubeconfig,
        says=says,
        context=context_name,
        policy=policy,
        person=person,
        channel=channel,
        as_json=as_json,
        allow_writes=allow_writes,
        log_level=LogLevel(log_level),
        port=port,
    )
    try:
        code = asyncio.run(run(wanted))
    except BadUsage as error:
        raise click.UsageError(str(error)) from error
    context.exit(code)
