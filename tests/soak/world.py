"""A small random cluster: sources, what applies them, and how Flux's controllers behave in it."""

from dataclasses import dataclass, field
from random import Random

from tests.soak.acts import News
from tests.soak.evidence import Json
from tests.soak.outside import CHART, TAG, url_of

NAMESPACE = "flux-system"
GROUPS = {
    "GitRepository": "source.toolkit.fluxcd.io/v1",
    "OCIRepository": "source.toolkit.fluxcd.io/v1",
    "HelmRepository": "source.toolkit.fluxcd.io/v1",
    "HelmChart": "source.toolkit.fluxcd.io/v1",
    "Kustomization": "kustomize.toolkit.fluxcd.io/v1",
    "HelmRelease": "helm.toolkit.fluxcd.io/v2",
}
REFS: dict[str, Json] = {"OCIRepository": {"tag": TAG}, "GitRepository": {"branch": "main"}}
NAMES = ("apps", "infra", "shop", "web", "payments", "monitoring")


@dataclass(frozen=True, slots=True)
class Pace:
    """How a world works; seconds, but for `stretch`, `jitter` and `workers`. The bot's watches are late by `blur`."""

    workers: int
    lag: float
    jitter: float
    stretch: float
    blur: float


@dataclass(frozen=True, slots=True)
class World:
    """`objects` by key, sources first; `first` says what each source holds when the world begins."""

    pace: Pace
    objects: dict[str, Json] = field(default_factory=dict)
    first: dict[str, News] = field(default_factory=dict)
    charts: set[str] = field(default_factory=set)
    """The OCIRepositories that hold a chart, and the HelmRepositories of type oci."""

    def of_kind(self, *kinds: str) -> list[str]:
        return [key for key in self.objects if key.partition("/")[0] in kinds]

    @property
    def sources(self) -> list[str]:
        return self.of_kind("GitRepository", "OCIRepository", "HelmRepository")

    @property
    def appliers(self) -> list[str]:
        return self.of_kind("Kustomization", "HelmRelease")

    def feeds(self, source: str) -> list[str]:
        """What applies a source."""
        kind, _, name = source.split("/")
        return [key for key in self.appliers if _source_of(self.objects[key]["spec"]) == (kind, name)]


def _source_of(spec: Json) -> tuple[str, str]:
    ref = spec.get("sourceRef") or spec.get("chartRef") or spec["chart"]["spec"]["sourceRef"]
    return ref["kind"], ref["name"]


def random_world(random: Random) -> World:
    world = World(_pace(random))
    for number in range(random.choices((1, 2, 3), (7, 3, 1))[0]):
        kind = random.choices(("GitRepository", "OCIRepository", "HelmRepository"), (5, 2, 4))[0]
        spec = _source(random)
        if kind == "HelmRepository" and random.random() < 0.25:
            spec["type"] = "oci"
        key = _add(world, kind, f"source-{number}", spec)
        world.first[key] = News.GOOD if random.random() < 0.85 else random.choice(list(News))
        if spec.get("type") == "oci" or (kind == "OCIRepository" and random.random() < 0.5):
            world.charts.add(key)
    for name in random.sample(NAMES, random.choices((1, 2, 3), (4, 4, 3))[0]):
        source = random.choice(world.sources)
        helm = source.startswith("HelmRepository") or source in world.charts
        kind = "HelmRelease" if helm else "Kustomization"
        spec = _helm_release(random, source) if helm else _kustomization(random, source)
        earlier = world.of_kind(kind)
        if earlier and random.random() < 0.65:
            spec["dependsOn"] = [{"name": random.choice(earlier).split("/")[2]}]
        elif random.random() < 0.05:
            spec["dependsOn"] = [{"name": "nowhere"}]
        if random.random() < 0.08:
            spec["suspend"] = True
        _add(world, kind, name, spec)
    return world


def _add(world: World, kind: str, name: str, spec: Json) -> str:
    meta = {"name": name, "namespace": NAMESPACE}
    key = f"{kind}/{NAMESPACE}/{name}"
    if kind.endswith("Repository"):
        spec["url"] = url_of(key, spec)
    if kind in REFS:
        spec["ref"] = REFS[kind]
    world.objects[key] = {"apiVersion": GROUPS[kind], "kind": kind, "metadata": meta, "spec": spec}
    return key


def _pace(random: Random) -> Pace:
    return Pace(
        workers=random.choice((1, 1, 2, 4)),
        lag=random.choice((0.0, 0.0, 0.05, 0.5, 3.0)),
        jitter=random.choice((0.0, 0.1, 0.5)),
        stretch=random.choice((0.2, 1.0, 1.0, 5.0, 25.0)),
        blur=random.choice((0.0, 0.0, 0.3, 2.0)),
    )


def _source(random: Random) -> Json:
    spec: Json = {"interval": random.choice(("1m", "10m", "10m", "1h")), "timeout": random.choice(("20s", "60s"))}
    if random.random() < 0.05:
        spec["suspend"] = True
    return spec


def _kustomization(random: Random, source: str) -> Json:
    kind, _, name = source.split("/")
    spec: Json = {
        "interval": random.choice(("2m", "10m", "1h")),
        "prune": True,
        "path": "./",
        "sourceRef": {"kind": kind, "name": name},
    }
    if random.random() < 0.5:
        spec["wait"] = True
        spec["timeout"] = random.choice(("10s", "40s", "2m", "8m"))
    if random.random() < 0.6:
        spec["retryInterval"] = random.choice(("15s", "40s", "2m"))
    return spec


def _helm_release(random: Random, source: str) -> Json:
    kind, _, name = source.split("/")
    spec: Json = {
        "interval": random.choice(("2m", "10m", "1h")),
        "timeout": random.choice(("10s", "1m", "5m")),
    }
    if kind == "OCIRepository":
        spec["chartRef"] = {"kind": kind, "name": name}
    else:
        chart = {"chart": CHART, "version": "*", "sourceRef": {"kind": kind, "name": name}}
        spec["chart"] = {"spec": {**chart, "interval": random.choice(("1m", "10m"))}}
    for action in ("install", "upgrade"):
        match random.choice(("none", "none", "retries", "retry-on-failure")):
            case "retries":
                spec[action] = {"remediation": {"retries": random.choice((1, 2))}}
            case "retry-on-failure":
                strategy = {"name": "RetryOnFailure", "retryInterval": random.choice(("15s", "1m"))}
                spec[action] = {"strategy": strategy}
            case _:
                pass
    return spec
