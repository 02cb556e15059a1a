"""Helm's own storage and actions, as far as helm-controller shows them (docs/flux.md, HelmRelease)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from bot.demo.flux.contents import Chart, digest
from bot.demo.flux.shapes import Json, Key

State = Literal["deployed", "superseded", "failed", "uninstalled"]

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a release as Helm stores it. Times are RFC 3339; `tested` maps hooks to whether they passed."""

    name: str
    namespace: str
    version: int
    status: State
    chart: Chart
    config: str
    first_deployed: str
    last_deployed: str
    oci_digest: str = ""
    tested: Mapping[str, bool] | None = None

    @property
    def full_name(self) -> str:
        """`namespace/name.vN`."""
        return f"{self.namespace}/{self.name}.v{self.version}"

    @property
    def versioned_chart(self) -> str:
        return f"{self.chart.name}@{self.chart.version}"

    def snapshot(self, action: str = "") -> Json:
        """The entry of `status.history`; `action` names what made it or touched it last."""
        told: Json = {"apiVersion": "v2", "name": self.name, "namespace": self.namespace, "version": self.version}
        told |= {"status": self.status, "chartName": self.chart.name, "chartVersion": self.chart.version}
        told |= {"appVersion": self.chart.app_version, "configDigest": self.config}
        told |= {"firstDeployed": self.first_deployed, "lastDeployed": self.last_deployed}
        told |= {"digest": digest({**told, "manifests": self.chart.manifests})}
        told |= {"action": action} if action else {}
        told |= {"ociDigest": self.oci_digest} if self.oci_digest else {}
        if self.tested is not None:
            phases = {True: "Succeeded", False: "Failed"}
            told["testHooks"] = {name: {"phase": phases[passed]} for name, passed in self.tested.items()}
        return told


@dataclass(slots=True)
class HelmStorage:
    """Every version of every release, oldest first; it lies in the cluster and outlives controllers."""

    kept: dict[Key, list[Release]] = field(default_factory=dict)

    def last(self, place: Key) -> Release | None:
        line = self.kept.get(place)
        return line[-1] if line else None

    def find(self, place: Key, version: int) -> Release | None:
        return next((each for each in self.kept.get(place, ()) if each.version == version), None)

    def put(self, place: Key, release: Release) -> Release:
        """Adds a version, or replaces the one of the same number."""
        line = [each for each in self.kept.get(place, ()) if each.version != release.version]
        self.kept[place] = sorted([*line, release], key=lambda each: each.version)
        return release

    def supersede(self, place: Key, newest: int) -> None:
        """What was deployed no longer is, once a newer version runs."""
        for each in self.kept.get(place, ()):
            if each.status == "deployed" and each.version != newest:
                self.put(place, replace(each, status="superseded"))

    def forget(self, place: Key) -> None:
        self.kept.pop(place, None)


def by_version(history: list[Json]) -> list[Json]:
    """Newest first."""
    return sorted(history, key=lambda each: -int(each["version"]))


def previous(history: list[Json], *, ignore_tests: bool = True) -> Json | None:
    """The newest good version before the latest: what a rollback goes to."""
    for each in by_version(history)[1:]:
        if each["status"] in ("deployed", "superseded") and (ignore_tests or not test_failed(each)):
            return each
    return None


def truncated(history: list[Json], *, ignore_tests: bool = True) -> list[Json]:
    """What a run without a retry strategy keeps: down to the previous good version, or the newest five."""
    line = by_version(history)
    good = previous(line, ignore_tests=ignore_tests)
    return line[: line.index(good) + 1] if good is not None else line[:_SHOWN]


def newest_few(history: list[Json]) -> list[Json]:
    """What a run with a retry strategy keeps."""
    return by_version(history)[:_SHOWN]


def test_failed(snapshot: Json) -> bool:
    return any(hook.get("phase") == "Failed" for hook in (snapshot.get("testHooks") or {}).values())
