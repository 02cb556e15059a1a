"""The demo's world in one cluster: things that are well, broken, suspended, waiting (docs/demo.md, "The world")."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from bot.demo.fleet import AT_REST, LOGS, PAYMENTS, SHOP, UNWELL, Addresses, given_up, objects
from bot.demo.flux.contents import Chart, Folder, Tree
from bot.demo.flux.origins import Origins
from bot.demo.installation import FLUX_NAMESPACE, installation, namespace
from bot.demo.kube.apiserver import ApiServer
from bot.demo.manifests import Json, config_map, deployment

_GIT: Final = "https://git.example.com/acme"
_CHARTS: Final = "https://charts.example.com"
_REGISTRY: Final = "oci://registry.example.com"
_SOURCES: Final = Addresses(
    fleet=f"{_GIT}/fleet",
    legacy=f"{_GIT}/legacy",
    shop=f"{_GIT}/shop",
    platform_charts=f"{_CHARTS}/platform",
    shop_charts=f"{_CHARTS}/shop",
    logs_charts=f"{_CHARTS}/logs",
    oci_charts=f"{_REGISTRY}/charts",
    podinfo=f"{_REGISTRY}/shop/podinfo",
)
_REQUESTED: Final = "reconcile.fluxcd.io/requestedAt"
_SETTLES_WITHIN: Final = 60.0
_LOOKS_EVERY: Final = 0.02
_MISSING: Final = (
    "accumulating resources: accumulation err='accumulating resources from 'missing.yaml': "
    "open {file}: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on "
    "'{file}' : lstat {file}: no such file or directory"
)


class Unsettled(Exception):
    """The world did not come to be as told; the message says what is missing."""


async def build(server: ApiServer, origins: Origins) -> None:
    """Creates the world while Flux's controllers run, and returns when every part of it is as told."""
    for each in installation():
        server.place(each)
    for name in (SHOP, LOGS, PAYMENTS):
        server.place(namespace(name))
    _publish(origins)
    for each in objects(_SOURCES):
        server.place(each)
    await _until(server, "Deployment", PAYMENTS, "payments-api", lambda _: True)
    _give_up(server)
    await _settled(server)
    _suspend(server, "monitoring")
    await _use_up(server, origins)
    _let_things_wait(origins)


def _publish(origins: Origins) -> None:
    """What the sources find at first."""
    broken = _MISSING.format(file="/tmp/kustomization-1850416352/broken-build/missing.yaml")  # noqa: S108 - a text
    origins.git(_SOURCES.fleet).push(
        Tree(
            {
                "clusters/demo": _one(config_map("cluster", region="eu-1")),
                "infra": _one(config_map("ingress", classes="public")),
                "infra-config": _one(config_map("issuers", issuer="letsencrypt")),
                "apps": _one(config_map("apps", colour="blue")),
                "my-app": _one(config_map("my-app", colour="blue")),
                "broken-build": Folder(broken=broken),
                "monitoring": _one(config_map("monitoring", retention="30d")),
                "payments": _one(
                    deployment(PAYMENTS, "payments-api", "registry.example.com/payments-api:2.4.1", replicas=2)
                ),
                "payments-ui": _one(config_map("payments-ui", currency="EUR")),
            }
        ),
        "The fleet",
    )
    origins.git(_SOURCES.legacy).break_auth()
    origins.git(_SOURCES.shop).push(
        Tree(
            {
                "backend": _one(config_map("backend", colour="blue")),
                "frontend": _one(config_map("frontend", colour="blue")),
            }
        ),
        "The shop",
    )
    origins.helm(_SOURCES.platform_charts).publish(_nginx("1.0.0"))
    origins.helm(_SOURCES.shop_charts).publish(Chart("redis", "1.2.0", (config_map("redis", maxmemory="256mb"),)))
    origins.helm(_SOURCES.logs_charts).publish(_loki("1.0.0", "7d"))
    podinfo = Chart("podinfo", "6.9.2", (config_map("podinfo", colour="blue"),))
    origins.oci(_SOURCES.podinfo).push_chart(podinfo)


def _let_things_wait(origins: Origins) -> None:
    """What Flux has not seen yet: it is found by whoever asks with source."""
    origins.helm(_SOURCES.platform_charts).publish(_nginx("1.1.0"))
    folder = Folder((config_map("backend", colour="green"), config_map("backend-cache", size="64m")))
    origins.git(_SOURCES.shop).push_folder("backend", folder, "The backend turns green")


def _give_up(server: ApiServer) -> None:
    """Plays the deployment controller: the rollout of payments-api was given up."""
    found = server.find("Deployment", PAYMENTS, "payments-api")
    if found is None:
        raise Unsettled("the Deployment payments-api is gone")
    server.place({**found, "status": given_up(found)})


async def _settled(server: ApiServer) -> None:
    for kind, place, name in AT_REST:
        await _until(server, kind, place, name, _at_rest)
    for kind, place, name, reason in UNWELL:
        await _until(server, kind, place, name, _unready(reason))


def _suspend(server: ApiServer, name: str) -> None:
    found = server.find("Kustomization", FLUX_NAMESPACE, name)
    if found is not None:
        server.place({**found, "spec": {**found["spec"], "suspend": True}})


async def _use_up(server: ApiServer, origins: Origins) -> None:
    """loki's second version changes what cannot be changed, and one attempt is all that it has."""
    origins.helm(_SOURCES.logs_charts).publish(_loki("1.1.0", "30d"))
    found = server.find("HelmRepository", LOGS, "charts")
    if found is not None:
        notes = {**found["metadata"].get("annotations", {}), _REQUESTED: "world"}
        server.place({**found, "metadata": {**found["metadata"], "annotations": notes}})
    await _until(
        server, "HelmRelease", LOGS, "loki", lambda obj: _condition(obj, "Stalled").get("reason") == "RetriesExceeded"
    )


async def _until(server: ApiServer, kind: str, place: str, name: str, holds: Callable[[Json], bool]) -> None:
    try:
        async with asyncio.timeout(_SETTLES_WITHIN):
            while (found := server.find(kind, place, name)) is None or not holds(found):  # noqa: ASYNC110 - at start only
                await asyncio.sleep(_LOOKS_EVERY)
    except TimeoutError:
        raise Unsettled(f"{kind} {place}/{name} did not become what the demo needs") from None


def _at_rest(obj: Json) -> bool:
    """Ready at its newest generation, and nothing going on."""
    generation, ready = obj["metadata"]["generation"], _condition(obj, "Ready")
    seen = obj.get("status", {}).get("observedGeneration")
    return (seen, ready.get("status"), _condition(obj, "Reconciling")) == (generation, "True", {})


def _unready(reason: str) -> Callable[[Json], bool]:
    def holds(obj: Json) -> bool:
        ready = _condition(obj, "Ready")
        return (ready.get("status"), ready.get("reason")) == ("False", reason)

    return holds


def _condition(obj: Json, kind: str) -> Json:
    found: list[Json] = [each for each in obj.get("status", {}).get("conditions", ()) if each["type"] == kind]
    return found[0] if found else {}


def _one(manifest: Json) -> Folder:
    return Folder((manifest,))


def _nginx(version: str) -> Chart:
    return Chart("nginx", version, (config_map("nginx", workers=version),))


def _loki(version: str, retention: str) -> Chart:
    return Chart("loki", version, (config_map("loki", immutable=True, retention=retention),))
