"""The faults that can be switched on and off: Slack's, and those of each simulated cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from aiohttp import web

from bot.demo.clusters import Cluster
from bot.demo.kube.faults import refusing
from bot.demo.kube.watches import Drop
from bot.demo.loopback import Faults, Reset, Rule, Status
from bot.demo.page.feed import Entry
from bot.demo.page.refusal import Refused
from bot.demo.slack.workspace import Workspace

RETRY_AFTER: Final = 5
"""Seconds that Slack asks for while it answers 429."""
_LIMITED: Final = Status(429, '{"ok":false,"error":"ratelimited"}', RETRY_AFTER, "application/json")
_DOWN: Final = Status(503, '{"ok":false,"error":"service_unavailable"}', content_type="application/json")


class Trouble(Protocol):
    """Something that may be wrong. `id` names it in acts, `where` is Slack or the name of a cluster."""

    @property
    def id(self) -> str: ...

    @property
    def where(self) -> str: ...

    def begin(self) -> tuple[Faults, Rule]:
        """Makes it so; answers the table and the rule that spoils calls until it is removed."""
        ...


@dataclass(frozen=True, slots=True)
class SlackLimits:
    """Every call that posts, edits or deletes gets a 429."""

    workspace: Workspace
    id: str = "slack-429"
    where: str = "Slack"

    def begin(self) -> tuple[Faults, Rule]:
        faults = self.workspace.faults
        return faults, faults.add(Rule(_LIMITED, path="/api/chat.*"))


@dataclass(frozen=True, slots=True)
class SlackDown:
    """Every call gets a 503, and the connections of Socket Mode break and cannot be made again."""

    workspace: Workspace
    id: str = "slack-down"
    where: str = "Slack"

    def begin(self) -> tuple[Faults, Rule]:
        faults = self.workspace.faults
        rule = faults.add(Rule(_DOWN))
        self.workspace.links.abort()
        return faults, rule


@dataclass(frozen=True, slots=True)
class ApiServerDown:
    """Nobody reaches the API server, Flux's controllers included."""

    cluster: Cluster

    @property
    def id(self) -> str:
        return f"api-down/{self.where}"

    @property
    def where(self) -> str:
        return self.cluster.name

    def begin(self) -> tuple[Faults, Rule]:
        faults = self.cluster.site.faults
        rule = faults.add(Rule(Reset()))
        self.cluster.server.drop_watches(Drop.RESET)
        return faults, rule


@dataclass(frozen=True, slots=True)
class WatchDropped:
    """The bot's watches break off and it gets no new ones; its other calls and everybody else's watches work."""

    cluster: Cluster

    @property
    def id(self) -> str:
        return f"watch/{self.where}"

    @property
    def where(self) -> str:
        return self.cluster.name

    def begin(self) -> tuple[Faults, Rule]:
        faults = self.cluster.site.faults
        rule = faults.add(Rule(refusing(503), when=self._watches))
        self.cluster.server.drop_watches(Drop.RESET)
        return faults, rule

    def _watches(self, request: web.Request) -> bool:
        bots = request.headers.get("Authorization") == f"Bearer {self.cluster.bot}"
        return bots and request.query.get("watch") in ("1", "true")


class Troubles:
    """All faults there are, and those that are on."""

    def __init__(self, workspace: Workspace, clusters: Sequence[Cluster]) -> None:
        each_cluster: list[Trouble] = [made(each) for each in clusters for made in (ApiServerDown, WatchDropped)]
        self._known: tuple[Trouble, ...] = (SlackLimits(workspace), SlackDown(workspace), *each_cluster)
        self._on: dict[str, tuple[Faults, Rule]] = {}

    @property
    def stamp(self) -> Hashable:
        """Changes with every fault that begins, ends or spoils a call."""
        return tuple((name, rule.hits) for name, (_, rule) in self._on.items())

    def entries(self) -> Iterator[Entry]:
        """One for each fault, on or off; `hits` counts the calls that it spoiled since it began."""
        for order, each in enumerate(self._known):
            on = self._on.get(each.id)
            hits = on[1].hits if on is not None else 0
            told = {"id": each.id, "where": each.where, "order": order, "on": on is not None, "hits": hits}
            yield Entry(f"fault/{each.id}", (on is not None, hits), partial(dict, told))

    def switch(self, name: str, *, on: bool) -> None:
        """Begins or ends a fault. Raises Refused for an unknown one."""
        found = next((each for each in self._known if each.id == name), None)
        if found is None:
            raise Refused(f"there is no fault {name}")
        if on and name not in self._on:
            self._on[name] = found.begin()
        elif not on and name in self._on:
            faults, rule = self._on.pop(name)
            if rule in faults.rules:
                faults.remove(rule)
