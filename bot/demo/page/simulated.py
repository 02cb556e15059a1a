"""A simulated cluster for the page: its rows, and what may be done to it and to what lies outside of it.

What is done here is done to the world, not to the bot: a commit lies in its repository until Flux looks.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, Final

from bot.demo.clusters import Cluster
from bot.demo.flux.knobs import CONTROLLERS
from bot.demo.flux.origins import GitOrigin
from bot.demo.page import outside
from bot.demo.page.feed import Entry
from bot.demo.page.outside import Outside, outside_of
from bot.demo.page.refusal import Refused
from bot.demo.page.rows import SHOWN, Place, place_of, row

Json = dict[str, Any]

SLOW: Final = 30.0
"""How many times as long every step of a slow controller takes."""
_FETCHED: Final = ("GitRepository", "OCIRepository", "HelmRepository")


class SimulatedCluster:
    """One of the demo's own clusters."""

    real: Final = False

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._done = 0

    @property
    def name(self) -> str:
        return self.cluster.name

    @property
    def stamp(self) -> Hashable:
        """Changes with whatever the page shows of this cluster."""
        return self.cluster.server.version, self._done

    def entries(self) -> Iterator[Entry]:
        """The cluster itself, then a row for each Flux object."""
        slow = tuple(name for name in CONTROLLERS if self._slow(name))
        told = {
            "name": self.name,
            "real": False,
            "controllers": [{"name": name, "slow": name in slow} for name in CONTROLLERS],
            "trouble": None,
        }
        yield Entry(f"cluster/{self.name}", slow, lambda: told)
        for kind in SHOWN:
            for obj in self.cluster.server.objects(kind.name):
                yield self._entry(obj)

    def act(self, place: Place, what: str) -> None:
        """Carries out one of the row's acts. Raises Refused for what is none of them."""
        obj = self.cluster.server.find(place.kind, place.namespace, place.name) if self._knows(place.kind) else None
        if obj is None:
            raise Refused(f"{place.name} is gone")
        way = outside_of(self.cluster.server, self.cluster.origins, obj)
        if what not in _acts(obj, way):
            raise Refused(f"{what} is nothing that can be done to {place.name}")
        self._carry_out(obj, way, what)
        self._done += 1

    def slow(self, controller: str, *, slow: bool) -> None:
        """Makes a controller slow, or as quick as it was. Raises Refused for an unknown one."""
        if controller not in CONTROLLERS:
            raise Refused(f"there is no {controller}")
        self.cluster.flux.slow(controller, SLOW if slow else 1.0)
        self._done += 1

    def _slow(self, controller: str) -> bool:
        return self.cluster.flux.world.knobs.paces.get(controller, 1.0) != 1.0

    def _knows(self, kind: str) -> bool:
        return any(each.name == kind for each in SHOWN)

    def _entry(self, obj: Json) -> Entry:
        place = place_of(self.name, obj)
        way = outside_of(self.cluster.server, self.cluster.origins, obj)
        shown = (way.newest, way.broken)
        return Entry(
            place.key,
            (obj["metadata"]["resourceVersion"], shown),
            lambda: {**row(place, obj), "newest": way.newest, "broken": way.broken, "acts": list(_acts(obj, way))},
        )

    def _carry_out(self, obj: Json, way: Outside, what: str) -> None:
        match what:
            case "push":
                outside.commit(way)
            case "push-broken":
                outside.commit(way, broken=True)
            case "release":
                outside.release(way)
            case "break" | "heal" if way.origin is not None:
                way.origin.break_auth() if what == "break" else way.origin.heal()
            case _:
                spec = {**obj.get("spec", {}), "suspend": what == "suspend"}
                self.cluster.server.place({**obj, "spec": spec})


def _acts(obj: Json, way: Outside) -> tuple[str, ...]:
    """What may be done, in the order of the buttons."""
    kind = obj["kind"]
    git = isinstance(way.origin, GitOrigin)
    own = kind in _FETCHED and way.origin is not None
    suspended = (obj.get("spec") or {}).get("suspend") is True
    return (
        *(("push",) if git else ()),
        *(("push-broken",) if git and kind == "Kustomization" else ()),
        *(("release",) if way.charts else ()),
        *(("heal" if way.broken else "break",) if own else ()),
        "resume" if suspended else "suspend",
    )
