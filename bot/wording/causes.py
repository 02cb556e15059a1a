"""A root cause and the way to it, in a line each."""

from __future__ import annotations

from typing import Final, assert_never

from bot.core.explain import Cause, Link, LinkState
from bot.core.resources import Ref
from bot.wording.document import Code, Piece, Spans, When, spans
from bot.wording.foreign import brief, quote
from bot.wording.names import HIDDEN, named, seen_from, word

_LINKS: Final = 8
_SUCCESSES: Final = frozenset({"Succeeded", "ReconciliationSucceeded", "InstallSucceeded", "UpgradeSucceeded"})


def reasonless(link: Link) -> bool:
    """Whether it tells nothing that could be to blame: it looks ready, and only Flux named it."""
    silent = not word(link.reason) or link.reason in _SUCCESSES
    return link.state in (LinkState.FAILING, LinkState.WAITING) and silent


def reason_of_cause(cause: Cause | None) -> str | None:
    """The word for what is wrong at the root; None when no cause is known, or it may not or does not tell any."""
    if cause is None or not cause.links or cause.root.ref is None or reasonless(cause.root):
        return None
    link = cause.root
    match link.state:
        case LinkState.FAILING | LinkState.WAITING:
            return word(link.reason)
        case LinkState.SUSPENDED:
            return "suspended"
        case LinkState.MISSING:
            return "missing"
        case LinkState.CYCLE:
            return "dependency cycle"
        case LinkState.UNKNOWN:
            return "unreadable"
        case _:
            assert_never(link.state)


def root_sentence(link: Link, here: Ref) -> Spans:
    """What the root cause says of itself, and since when; empty where it has nothing to say."""
    if reasonless(link) and link.ref is not None:
        return ()
    if link.ref is None:
        return spans(f"it waits for {HIDDEN}")
    since: tuple[Piece, ...] = (" · began ", When(link.since)) if link.since else ()
    name = named(link.ref, here)
    message = brief(quote(link.message, 240))
    match link.state:
        case LinkState.FAILING | LinkState.WAITING:
            return spans(name, f": {message or word(link.reason)}", *since)
        case LinkState.SUSPENDED:
            return spans(name, " is suspended", *since)
        case LinkState.MISSING:
            return spans(name, " does not exist", *since)
        case LinkState.CYCLE:
            return spans(name, " waits for itself by this chain")
        case LinkState.UNKNOWN:
            return spans(name, " could not be read", f": {message}" if message else "")
        case _:
            assert_never(link.state)


def blamed(link: Link, here: Ref) -> Spans:
    """Whose reason it is, behind the reason in a first line."""
    between = " of " if link.state in (LinkState.FAILING, LinkState.WAITING, LinkState.CYCLE) else " "
    return spans(between, named(link.ref, here))


def chain(cause: Cause, here: Ref) -> Spans:
    """`chain: frontend → backend → gitrepository/flux-system/legacy`; empty for a cause right beside.

    Unless that one has no reason of its own: then nothing else names it.
    """
    if len(cause.links) < 2 and (cause.root.ref is None or not reasonless(cause.root)):
        return ()
    names = [HIDDEN if link.ref is None else seen_from(link.ref, here) for link in cause.links]
    if len(names) > _LINKS:
        names = [*names[: _LINKS // 2], f"… {len(names) - _LINKS} more", *names[-_LINKS // 2 :]]
    told: list[Piece] = ["chain: ", Code(here.name)]
    for name in names:
        told += (" → ", name if name == HIDDEN or name.startswith("…") else Code(name))
    return spans(*told)
