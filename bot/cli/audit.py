"""`flux-bot audit`: the audit trail, read and proven from a terminal. It changes nothing and asks no Slack."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from bot.core.audit import Entry, Sought
    from bot.core.proof import Anchor
    from bot.ports import Trail

PAGE: Final = 500
COLUMNS: Final = (
    *("number", "at", "verb", "object", "outcome", "reason", "before", "after", "seconds"),
    *("user", "name", "channel", "rule", "options", "request", "link", "hash"),
)
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""

database_option = click.option(
    "--database",
    envvar="FLUX_BOT_DATABASE",
    default="flux-bot.db",
    show_default=True,
    help="The bot's database: a file, or postgresql://…",
)


@click.group()
def audit() -> None:
    """Read the audit trail, and prove it."""


@audit.command()
@database_option
@click.option("--anchor", "texts", multiple=True, metavar="COUNT:HASH", help="One that you kept; may be repeated.")
@click.option("--start", "start_text", metavar="COUNT:HASH", help="Where a trail begins that lost entries.")
@click.pass_context
def verify(context: click.Context, database: str, texts: tuple[str, ...], start_text: str | None) -> None:
    """Say how far the trail is proven.

    The first entry that was changed, deleted, moved or cut off is named, and the exit code is 1 (docs/audit.md).
    """
    from bot.core.proof import Proof, Proven

    start = _anchor(start_text) if start_text is not None else None
    proof = Proof(start, [_anchor(each) for each in texts])

    async def work(trail: Trail) -> None:
        while page := await trail.after(proof.count, PAGE):
            if proof.take(page) is not None:
                return

    _with_trail(database, work)
    ended = proof.ended()
    if isinstance(ended, Proven):
        click.echo(f"proven: {ended.count} entries, the newest {ended.count}:{ended.head}")
        return
    click.echo(f"entry {ended.number}: {ended.why.value}")
    context.exit(1)


@audit.command(name="list")
@database_option
@click.option("--since", metavar="7d", help="Not older than that.")
@click.option("--by", "user", default="", metavar="U…", help="Asked by this person: Slack's id.")
@click.option("--channel", default="", metavar="C…", help="Asked in this channel: Slack's id.")
@click.option(
    "--object", "what", default="", metavar="OBJECT", help="As messages print it: 'prod ks/shop/web', or less of it."
)
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True)
def list_(database: str, since: str | None, user: str, channel: str, what: str, most: int) -> None:
    """Show the newest entries, newest first."""
    from dataclasses import replace

    sought = replace(_object(what), user=user, channel=channel, since=_since(since))

    async def work(trail: Trail) -> None:
        for entry in await trail.found(sought, most):
            click.echo(_line(entry))

    _with_trail(database, work)


@audit.command()
@database_option
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
def export(database: str, form: str) -> None:
    """Print the whole trail, oldest first; jsonl can be verified without the bot (docs/audit.md)."""
    from bot.core.proof import GENESIS, exported

    async def work(trail: Trail) -> None:
        number, before = 0, GENESIS
        if form == "csv":
            click.echo(_cells(COLUMNS))
        while page := await trail.after(number, PAGE):
            for entry in page:
                click.echo(exported(entry, before) if form == "jsonl" else _cells(_row(entry)))
                number, before = entry.number, entry.hash

    _with_trail(database, work)


def _with_trail(database: str, work: Callable[[Trail], Coroutine[None, None, None]]) -> None:
    """Does the work on the trail of an existing database; what cannot be read is a sentence and the exit code 1."""
    import asyncio

    from bot.core.errors import StoreError

    async def main() -> None:
        async with _trail(database) as trail:
            await work(trail)

    try:
        asyncio.run(main())
    except StoreError as error:
        raise click.ClickException(str(error)) from error


@asynccontextmanager
async def _trail(address: str) -> AsyncIterator[Trail]:
    from bot.clock import SystemClock
    from bot.store.database import opened
    from bot.store.trail import SqlTrail

    database = opened(address, SystemClock(), existing=True)
    try:
        yield SqlTrail(database)
    finally:
        await database.close()


def _anchor(text: str) -> Anchor:
    from bot.core.proof import anchor_in

    found = anchor_in(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no anchor: COUNT:HASH, the hash being 64 hexadecimal digits")
    return found


def _object(text: str) -> Sought:
    """`prod ks/shop/web`, or less of it."""
    from bot.core.audit import Sought
    from bot.core.kinds import kind_called

    cluster, _, short = text.strip().rpartition(" ")
    word, _, rest = short.partition("/")
    namespace, _, name = rest.partition("/")
    kind = kind_called(word.lower()) if word else None
    if word and kind is None:
        raise click.BadParameter(f"{word!r} is no kind that the bot knows", param_hint="--object")
    return Sought(cluster, kind, namespace, name)


def _since(text: str | None) -> datetime | None:
    from bot.core.durations import span

    if text is None:
        return None
    ago: timedelta | None = span(text)
    if ago is None:
        raise click.BadParameter(f"{text!r} is no time such as 12h or 7d", param_hint="--since")
    return datetime.now(UTC) - ago


def _line(entry: Entry) -> str:
    change = f"{entry.before} → {entry.after}" if entry.before != entry.after else entry.after
    parts = (
        f"{entry.number}",
        f"{entry.at:%Y-%m-%d %H:%M:%S}Z",
        f"{entry.caller.name} ({entry.caller.user})",
        f"in {entry.place.name or entry.place.channel}",
        f"{entry.verb.value} {entry.object}",
        entry.outcome.value,
        entry.reason or change,
    )
    return _printable("  ".join(each for each in parts if each))


def _row(entry: Entry) -> tuple[str, ...]:
    options = entry.options
    asked = [name for name in ("with_source", "force", "reset") if getattr(options, name)]
    if options.timeout is not None:
        asked.append(f"timeout={options.timeout.total_seconds():.0f}s")
    told = (
        *(str(entry.number), entry.at.isoformat(), entry.verb.value, entry.object, entry.outcome.value, entry.reason),
        *(entry.before, entry.after, "" if entry.seconds is None else f"{entry.seconds}"),
        *(entry.caller.user, entry.caller.name, entry.place.channel, entry.rule, " ".join(asked)),
        *(entry.request, entry.link, entry.hash),
    )
    return tuple(_printable(f"'{each}" if each.startswith(_DANGEROUS) else each) for each in told)


def _cells(row: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row)
    return line.getvalue()


def _printable(text: str) -> str:
    """Names and reasons are anybody's: nothing in them may do something to a terminal."""
    return "".join(each if each.isprintable() else "�" for each in text)
