"""All flows put together on the ports of one process: by `bot.app` on the edges, by tests on fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.channels import Allowlist
from bot.flows.conclude import Conclude
from bot.flows.dispatch import Dispatch
from bot.flows.gate import Gate
from bot.flows.healing import Healing
from bot.flows.help import Helping
from bot.flows.investigate import Investigate
from bot.flows.offering import Offering
from bot.flows.planning import Planning
from bot.flows.reconcile import Reconciling
from bot.flows.recording import Recording
from bot.flows.refusals import Refusing
from bot.flows.resolve import Resolve
from bot.flows.steps import Patience
from bot.flows.tracks import Tracks
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
        recording=Recording(outside.allowlist, chat, outside.requests, clock),
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
        helping=Helping(gate, clusters, resolve, manners.command),
        refusing=refusing,
        chat=chat,
        requests=outside.requests,
        messages=outside.messages,
        clock=clock,
        telemetry=telemetry,
        command=manners.command,
        new_key=outside.new_key,
    )
