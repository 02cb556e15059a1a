"""The answer to `history`: who asked for what, and how it ended, as far as somebody may see it in this channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Final

from bot.core.audit import Entry, Result, Sought
from bot.core.channels import fits
from bot.core.commands import ME, History, Target
from bot.core.requests import Verb
from bot.core.resources import Ref
from bot.core.standing import Recalled
from bot.core.veil import veiled
from bot.core.vocabulary import is_glob
from bot.flows.answering import Answering
from bot.flows.gate import Entered, Gate, Heard
from bot.flows.resolve import NoSuchCluster
from bot.flows.sharing import Sharing
from bot.flows.turns import in_steps
from bot.ports import Directory, Trail

MOST: Final = 20
"""Requests in one answer."""
READS: Final = (200, 2_000)
"""Entries that are looked at: the first number does for most questions, and the last one bounds them all."""


@dataclass(frozen=True, slots=True)
class Recalling:
    """Answers `history` from the trail alone: what is gone from the cluster has a history too."""

    answering: Answering
    gate: Gate
    trail: Trail
    directory: Directory
    sharing: Sharing

    async def answer(self, heard: Heard, entered: Entered, command: History) -> None:
        """Whispers what was asked for, newest first, with a button that shares it where there is something to."""
        if await self.answering.refused(heard, entered, command, Verb.HISTORY):
            return
        what = self._on_known_clusters(entered, command.what)
        if isinstance(what, NoSuchCluster):
            await self.answering.stopped(heard, entered, command, what)
            return
        found = await self._recalled(entered, replace(command, what=what))
        await self.answering.whisper(heard, await self.sharing.offered(entered, found) if found.requests else found)

    def _on_known_clusters(self, entered: Entered, what: tuple[Target, ...]) -> tuple[Target, ...] | NoSuchCluster:
        """The same with clusters as this channel has them. None named means all that it has: the trail is one."""
        known: list[Target] = []
        for target in what:
            cluster = self.answering.resolve.cluster(entered, target.cluster) if target.cluster else None
            if isinstance(cluster, NoSuchCluster):
                return cluster
            known.append(replace(target, cluster=cluster if isinstance(cluster, str) else None))
        return tuple(known)

    async def _recalled(self, entered: Entered, command: History) -> Recalled:
        at = self.answering.clock.now()
        user = entered.caller.user if command.by == ME else command.by
        sought = replace(_common(command.what), user=user, since=at - command.since)
        requests, unread = await self._requests(entered, command.what, sought)
        names = await self.directory.names(frozenset({user})) if user else {}
        return Recalled(
            typed=command.typed,
            at=at,
            since=command.since,
            requests=tuple(requests[:MOST]),
            beyond=max(len(requests) - MOST, 0),
            unread=unread,
            user=user,
            name=names.get(user, user),
            cluster="" if requests else self._cluster_meant(entered, command.what),
        )

    async def _requests(
        self, entered: Entered, what: tuple[Target, ...], sought: Sought
    ) -> tuple[list[tuple[Entry, ...]], bool]:
        """Everything that may be told, newest first, and whether the trail may hold more than was looked at."""
        requests: list[tuple[Entry, ...]] = []
        for most in READS:
            found = await self.trail.found(sought, most)
            told = [each async for each in in_steps(found) if self._may_be_told(entered, what, each)]
            requests = _by_request(self._veiled(entered, each) for each in told)
            if len(found) < most:
                return requests, False
            if len(requests) > MOST:
                break
        return requests, True

    def _may_be_told(self, entered: Entered, what: tuple[Target, ...], entry: Entry) -> bool:
        if entry.ref is not None:
            ref = entry.ref
            return any(_fits(each, ref) for each in what) and self.gate.sees(entered, ref)
        # What never became an object is for those who could have read how it was typed.
        here = entry.outcome is Result.REFUSED and entry.place.channel == entered.channel.id
        return here and any(each == Target("*") for each in what)

    def _veiled(self, entered: Entered, entry: Entry) -> Entry:
        if entry.ref is None:
            return entry
        return replace(entry, reason=veiled(entry.reason, entry.ref, partial(self.gate.sees, entered)))

    def _cluster_meant(self, entered: Entered, what: tuple[Target, ...]) -> str:
        """The cluster that a bare name is, for who takes it for one: `history prod`."""
        if len(what) != 1 or what[0] != Target(what[0].name):
            return ""
        here = self.answering.resolve.here(entered)
        return next((name for name in here if name.lower() == what[0].name), "")


def _common(what: tuple[Target, ...]) -> Sought:
    """What all of these have in common, so that the trail need not be read for the rest."""
    clusters, kinds = {each.cluster for each in what}, {each.kind for each in what}
    namespaces, names = {each.namespace for each in what}, {_literal(each) for each in what}
    return Sought(
        cluster=(clusters.pop() or "") if len(clusters) == 1 else "",
        kind=kinds.pop() if len(kinds) == 1 else None,
        namespace=(namespaces.pop() or "") if len(namespaces) == 1 else "",
        name=names.pop() if len(names) == 1 else "",
    )


def _literal(target: Target) -> str:
    """The one name that fits it; empty where several may, such as `apps.shop`, which is also `apps` in `shop`."""
    either = "." in target.name and target.namespace is None
    return "" if either or is_glob(target.name) else target.name


def _fits(target: Target, ref: Ref) -> bool:
    whole = {ref.name} if target.namespace is not None else {ref.name, f"{ref.name}.{ref.namespace}"}
    return (
        target.kind in (None, ref.kind)
        and target.namespace in (None, ref.namespace)
        and target.cluster in (None, ref.cluster)
        and (fits((target.name,), ref.name) if is_glob(target.name) else target.name in whole)
    )


def _by_request(entries: Iterable[Entry]) -> list[tuple[Entry, ...]]:
    """Entries of one request together, as the trail wrote them; and refusals that only repeat the one before."""
    return [tuple(group) for _, group in groupby(entries, key=_request)]


def _request(entry: Entry) -> tuple[str, ...]:
    return (entry.request,) if entry.request else (entry.caller.user, entry.place.channel, entry.object, entry.rule)
