"""Settings to edges to flows: every object is made here, once."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from functools import partial
from typing import Final, assert_never

from pydantic import SecretStr

from bot.app.probes import LoopWatch, probes
from bot.app.supervise import Bot
from bot.clock import Clock
from bot.cluster.adapter import open_clusters
from bot.cluster.credentials import ClusterSpec
from bot.config.settings import Settings, SlackMode
from bot.core.channels import Allowlist
from bot.core.errors import BotError
from bot.flows.assembly import Manners, Outside, assemble
from bot.flows.audit_channels import unfit_audit_channels
from bot.flows.dispatch import Dispatch
from bot.flows.gate import Heard
from bot.flows.steps import Patience
from bot.ports import Telemetry
from bot.slack.access import Access
from bot.slack.connect import Connection, open_connection
from bot.slack.courier import Courier
from bot.slack.directory import SlackDirectory
from bot.slack.http import receiver
from bot.slack.listeners import Listeners, Surroundings
from bot.slack.payloads import ChannelChanged, GroupsChanged, Pressed, Said
from bot.slack.typed import plain
from bot.slack.views import render
from bot.store.database import Database, opened
from bot.store.memory import MemoryMessages
from bot.store.requests import SqlRequests
from bot.store.trail import SqlTrail
from bot.tasks import Tasks
from bot.telemetry.metrics import Metrics
from bot.telemetry.told import LoggedTelemetry
from bot.web.server import Route, Server

SLACK_PATH: Final = "/slack/events"
"""Where Slack posts to when Socket Mode is off: commands, presses and events alike."""
_ALPHABET: Final = string.ascii_lowercase + string.digits


def new_id() -> str:
    """Eight characters: the name of a request, and the tail of its tokens."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def new_key() -> str:
    """The value of a button: nothing can be read from it and nobody can guess it."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class SlackIntake:
    """Slack's payloads to the flows' words."""

    dispatch: Dispatch
    command: str

    async def said(self, said: Said) -> None:
        heard = Heard(said.user, said.team, said.channel, said.delivery, said.reply)
        await self.dispatch.said(heard, plain(said.text, self.command))

    async def pressed(self, pressed: Pressed) -> None:
        heard = Heard(pressed.user, pressed.team, pressed.channel, pressed.delivery, pressed.reply)
        await self.dispatch.pressed(heard, pressed.key)


async def open_bot(settings: Settings, allowlist: Allowlist, clock: Clock, metrics: Metrics) -> Bot:
    """Wires everything. Raises BotError with a sentence when the database, Slack or the audit channel make no start
    possible."""
    database = opened(settings.database.get_secret_value(), clock)
    try:
        await database.migrate()
        return await _connected(settings, allowlist, clock, metrics, database)
    except BaseException:
        await database.close()
        raise


async def _connected(
    settings: Settings, allowlist: Allowlist, clock: Clock, metrics: Metrics, database: Database
) -> Bot:
    telemetry = LoggedTelemetry(metrics)
    access = Access(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=_secret(settings.slack_app_token) if settings.slack_mode is SlackMode.SOCKET else "",
        base_url=settings.slack_api_url,
        proxy=_secret(settings.slack_proxy),
    )
    connection = await open_connection(access, clock, telemetry)
    try:
        return await _wire(settings, allowlist, clock, metrics, telemetry, connection, database)
    except BaseException:
        await connection.close()
        raise


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""


async def _wire(
    settings: Settings,
    allowlist: Allowlist,
    clock: Clock,
    metrics: Metrics,
    telemetry: Telemetry,
    connection: Connection,
    database: Database,
) -> Bot:
    def died(name: str, error: BaseException) -> None:
        telemetry.broke("task_died", error, task=name)

    workspace = connection.workspace
    if settings.slack_team is not None and workspace.team != settings.slack_team:
        raise BotError(
            f"The bot token belongs to the workspace {workspace.name} ({workspace.team}), not to "
            f"{settings.slack_team}: use that workspace's token or change FLUX_BOT_SLACK_TEAM."
        )
    listening, afterlives = Tasks(died), Tasks(died)
    directory = SlackDirectory(connection.gateway, clock, workspace.team, listening)
    unfit = await unfit_audit_channels(allowlist, directory)
    if unfit:
        raise BotError("; ".join(unfit))
    if _cannot_read_groups(allowlist, workspace.scopes):
        # The rules then let nobody in by a group: whoever reads the log should not have to find that out.
        telemetry.tell("slack.no_rights", method="usergroups.list", why="missing_scope", needed="usergroups:read")
    messages, trail, requests = MemoryMessages(clock), SqlTrail(database), SqlRequests(database, clock)
    draw = partial(render, command=settings.slack_command)
    courier = Courier(connection.gateway, messages, draw, clock, telemetry, workspace.url)
    clusters = open_clusters(_specs(settings), clock, telemetry)
    dispatch = assemble(
        Outside(
            allowlist=allowlist,
            directory=directory,
            chat=courier,
            clusters=clusters,
            requests=requests,
            trail=trail,
            messages=messages,
            clock=clock,
            telemetry=telemetry,
            afterlives=afterlives,
            new_id=new_id,
            new_key=new_key,
        ),
        Manners(
            command=settings.slack_command,
            root_wait=settings.root_wait,
            ping_after=settings.ping_after,
            patience=Patience(settings.minimum_timeout, settings.controller_patience, settings.afterlife),
            forges=settings.forges,
        ),
    )
    bolt = connection.bolt()
    around = Surroundings(listening, clock, telemetry, courier.whisper, lambda doubt: _doubt(directory, doubt))
    Listeners(SlackIntake(dispatch, settings.slack_command), around).register(bolt, settings.slack_command)
    loop = LoopWatch(clock, telemetry)
    linked = connection if settings.slack_mode is SlackMode.SOCKET else None
    routes = probes(clock, metrics, loop, linked, clusters, courier, database)
    servers = [Server(settings.listen_host, settings.listen_port, routes, telemetry)]
    if settings.slack_mode is SlackMode.HTTP:
        secret = _secret(settings.slack_signing_secret)
        slack = Route("POST", SLACK_PATH, receiver(bolt, secret, clock, telemetry))
        servers.append(Server(settings.slack_listen_host, settings.slack_listen_port, (slack,), telemetry))
    return Bot(
        settings,
        clock,
        telemetry,
        connection,
        database,
        bolt,
        clusters,
        courier,
        partial(directory.run, tuple(channel.id for channel in allowlist.channels)),
        tuple(servers),
        loop,
        listening,
        afterlives,
    )


def _cannot_read_groups(allowlist: Allowlist, scopes: frozenset[str] | None) -> bool:
    by_groups = any(rule.who.groups for channel in allowlist.channels for rule in channel.rules)
    return by_groups and scopes is not None and "usergroups:read" not in scopes


def _doubt(directory: SlackDirectory, doubt: GroupsChanged | ChannelChanged) -> None:
    match doubt:
        case GroupsChanged():
            directory.forget_groups()
        case ChannelChanged(channel=channel):
            directory.forget_channel(channel)
        case _:
            assert_never(doubt)


def _specs(settings: Settings) -> tuple[ClusterSpec, ...]:
    return tuple(
        ClusterSpec(
            name=cluster.name,
            kubeconfig=cluster.kubeconfig,
            context=cluster.context,
            in_cluster=cluster.in_cluster,
            flux_namespace=settings.flux_namespace,
            namespaces=settings.watch_namespaces,
            frozen=settings.read_only_words if settings.read_only else "",
            lenient_certificates=settings.disable_strict_tls,
        )
        for cluster in settings.clusters
    )
