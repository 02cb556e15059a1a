"""All flows put together on the ports of one process: by `bot.app` on the edges, by tests on fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.channels import Allowlist
from bot.core.requests import Verb
from bot.flows.answering import Answering
from bot.flows.batches import Batches
from bot.flows.cancelling import Cancels
from bot.flows.check import Checking
from bot.flows.conclude import Conclude
from bot.flows.dispatch import Dispatch
from bot.flows.forcing import Forcing
from bot.flows.gate import Gate
from bot.flows.healing import Healing
from bot.flows.help import Helping
from bot.flows.history import Recalling
from bot.flows.investigate import Investigate
from bot.flows.looking import Looking
from bot.flows.named import Named
from bot.flows.offering import Offering
from bot.flows.planning import Planning
from bot.flows.portraits import Portraying
from bot.flows.reading import Reading
from bot.flows.reconcile import Reconciling
from bot.flows.reconcile_all import ReconcilingAll
from bot.flows.recording import Recording
from bot.flows.refusals import Refusing
from bot.flows.resolve import Resolve
from bot.flows.select import Select
from bot.flows.sharing import Sharing
from bot.flows.status import Reporting
from bot.flows.steps import Patience
from bot.flows.surveys import Surveying
from bot.flows.tracks import Tracks
from bot.flows.underway import Underway
from bot.flows.vigils import Beholding
from bot.flows.writes import Writes
from bot.ports import Chat, Clock, Clusters, Directory, Messages, Requests, Telemetry, Trail
from bot.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Outside:
    """What the flows are put upon."""

    allowlist: Allowlist
    directory: Directory
    chat: Chat
    clusters: Clusters
    requests: Requests
    trail: Trail
    messages: Messages
    clock: Clock
    telemetry: Telemetry
    afterlives: Tasks
    """Owns what goes on after a request's end."""
    new_id: Callable[[], str]
    """Names requests: eight random characters."""
    new_key: Callable[[], str]
    """Makes the values of buttons: nobody can guess them."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How the flows behave, in settings."""

    command: str = "/flux-reconcile"
    root_wait: timedelta = timedelta(seconds=2)
    ping_after: timedelta = timedelta(seconds=30)
    patience: Patience = field(default_factory=Patience)
    forges: tuple[tuple[str, str], ...] = ()
    """Hosts and kinds of forges beside the public ones, for compare links."""


def assemble(outside: Outside, manners: Manners) -> Dispatch:
    """The one entry to all flows."""
    chat, clusters, clock, telemetry = outside.chat, outside.clusters, outside.clock, outside.telemetry
    gate = Gate(outside.allowlist, outside.directory, chat)
    resolve = Resolve(gate, clusters)
    investigate = Investigate(gate, clusters, resolve, clock)
    planning = Planning(gate, clusters)
    refusing = Refusing(gate, chat, outside.trail, clock, telemetry, outside.new_id)
    underway = Underway()
    tracks = Tracks(
        gate=gate,
        clusters=clusters,
        planning=planning,
        investigate=investigate,
        requests=outside.requests,
        clock=clock,
        telemetry=telemetry,
        patience=manners.patience,
        forges=manners.forges,
        writes=Writes(),
    )
    conclude = Conclude(
        recording=Recording(outside.allowlist, chat, outside.requests, clock, outside.telemetry),
        offering=Offering(outside.requests, clock, outside.new_key),
        investigate=investigate,
        clusters=clusters,
        chat=chat,
        clock=clock,
        telemetry=telemetry,
        allowlist=outside.allowlist,
        ping_after=manners.ping_after,
    )
    reconciling = Reconciling(
        planning=planning,
        forcing=Forcing(clusters, outside.requests, clock, outside.new_key),
        underway=underway,
        tracks=tracks,
        healing=Healing(tracks, conclude, investigate, clock, telemetry, outside.afterlives),
        conclude=conclude,
        refusing=refusing,
        directory=outside.directory,
        chat=chat,
        requests=outside.requests,
        clock=clock,
        telemetry=telemetry,
        root_wait=manners.root_wait,
        new_id=outside.new_id,
    )
    return Dispatch(
        gate=gate,
        resolve=resolve,
        reconciling=reconciling,
        reconciling_all=ReconcilingAll(
            gate=gate,
            select=Select(gate),
            reconciling=reconciling,
            batches=Batches(tracks, investigate),
            chat=chat,
            requests=outside.requests,
        ),
        cancels=Cancels(gate, underway, chat, outside.requests, clock, telemetry),
        reading=_reading(outside, manners, gate, refusing, underway),
        helping=Helping(gate, clusters, resolve, manners.command),
        refusing=refusing,
        answering=Answering(gate, resolve, refusing, chat, outside.requests, clock, outside.new_key),
        requests=outside.requests,
        messages=outside.messages,
        clock=clock,
        telemetry=telemetry,
        command=manners.command,
    )


def _reading(outside: Outside, manners: Manners, gate: Gate, refusing: Refusing, underway: Underway) -> Reading:
    """What only looks sees by another verb than what changes something."""
    clusters, clock, telemetry = outside.clusters, outside.clock, outside.telemetry
    resolve = Resolve(gate, clusters, Verb.STATUS)
    investigate = Investigate(gate, clusters, resolve, clock)
    answering = Answering(gate, resolve, refusing, outside.chat, outside.requests, clock, outside.new_key)
    sharing = Sharing(answering, outside.directory, telemetry, manners.root_wait, outside.new_id)
    named = Named(gate, clusters, resolve)
    surveying = Surveying(clusters, Select(gate), investigate, clock)
    looking = Looking(
        answering=answering,
        named=named,
        beholding=Beholding(gate, surveying),
        clusters=clusters,
        offering=Offering(outside.requests, clock, outside.new_key),
        underway=underway,
        telemetry=telemetry,
        tasks=outside.afterlives,
        root_wait=manners.root_wait,
        new_id=outside.new_id,
    )
    portraying = Portraying(gate, clusters, resolve, investigate, surveying, clock)
    return Reading(
        reporting=Reporting(answering, named, surveying, portraying, sharing),
        looking=looking,
        recalling=Recalling(answering, gate, outside.trail, outside.directory, sharing),
        checking=Checking(answering, gate, clusters, sharing),
        sharing=sharing,
        requests=outside.requests,
    )
