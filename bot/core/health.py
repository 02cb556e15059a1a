"""What `check` looks for in a cluster, as rules over facts: everything else is a look-up or a matter of words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Final

from bot.core.kinds import (
    ASKABLE,
    BUCKET,
    GIT_REPOSITORY,
    HELM_RELEASE,
    HELM_REPOSITORY,
    KUSTOMIZATION,
    OCI_REPOSITORY,
    RECEIVER,
    Kind,
)
from bot.core.resources import Controller, Snapshot

SLOW: Final = timedelta(minutes=10)
"""A source that looks upstream less often should have a Receiver (docs/commands.md, "check")."""
OLDEST_KUBERNETES: Final = (1, 33)
"""The oldest that Flux 2.9 supports (docs/flux.md)."""
POLLED: Final = (GIT_REPOSITORY, OCI_REPOSITORY, HELM_REPOSITORY, BUCKET)
"""Sources that look upstream in an interval of their own."""


_CORE: Final = (KUSTOMIZATION, GIT_REPOSITORY)
"""Without these there is no Flux worth the name."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A thing that the bot's role may allow: RBAC's verb and plural. `namespace` is empty where it is for all."""

    verb: str
    group: str
    plural: str
    namespace: str = ""
    needed: bool = True
    """Without it the bot cannot do its work; else it only knows less."""

    def __str__(self) -> str:
        return f"{self.verb} {self.plural}"


def rights(served: tuple[Kind, ...], flux_namespace: str, *, writes: bool) -> tuple[Right, ...]:
    """What to ask about the bot's role where these kinds are served (docs/kubernetes.md, "Rights").

    Not list and watch: a watch that may not be is told as one that does not work.
    """
    patches = (Right("patch", kind.group, kind.plural) for kind in served if writes and kind in ASKABLE)
    return (
        *patches,
        Right("list", "", "events", needed=False),
        Right("get", "", "namespaces", needed=False),
        Right("list", "apps", "deployments", flux_namespace, needed=False),
    )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The bot may not look there, or got no answer; that alone is no failure."""

    needs: str = ""
    """The right that is missing, `list deployments`; empty where that is not the reason."""
    why: str = ""
    """The edge's own sentence otherwise."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that was looked up in one cluster. Objects are those that the asker may see."""

    cluster: str
    flux_namespace: str
    kubernetes: str | Unreadable
    controllers: tuple[Controller, ...] | Unreadable
    served: tuple[tuple[Kind, tuple[str, ...]], ...] | Unreadable
    """Flux's kinds and the versions that are served, the server's favourite first."""
    lacking: tuple[Right, ...] | Unreadable = ()
    blind: tuple[str, ...] = ()
    """The bot's own watches that do not work, a sentence each."""
    objects: tuple[Snapshot, ...] = ()
    unread: tuple[tuple[Kind, Unreadable], ...] = ()
    """Kinds of which no object could be read."""
    hidden: int = 0


class Level(Enum):
    """How much it matters."""

    GOOD = "good"
    ODD = "odd"
    """Works, and will hurt one day."""
    BAD = "bad"
    UNKNOWN = "unknown"


class Topic(Enum):
    """What a finding is about; its words are bot/wording/checks.py."""

    KUBERNETES = "the version of Kubernetes"
    KUBERNETES_OLD = "a version of Kubernetes that Flux no longer supports"
    CONTROLLERS = "Flux's controllers run"
    NO_FLUX = "no controller of Flux was found"
    CONTROLLER_ABSENT = "a kind whose controller is not installed"
    CONTROLLER_DOWN = "a controller without a running pod"
    CONTROLLER_WEAK = "a controller with fewer pods than wanted"
    FLUX_MIXED = "controllers of different versions of Flux"
    SERVED = "the kinds that are served"
    NOT_SERVED = "a kind that Flux cannot do without is not served"
    RIGHTS = "the bot's role allows all that the bot needs"
    RIGHT_LACKS = "the bot's role lacks what the bot needs"
    RIGHT_OPTIONAL = "the bot's role lacks what the bot could use"
    BLIND = "a watch of the bot does not work"
    NO_RECEIVER = "sources that look upstream rarely and have no Receiver"
    NO_REMEDIATION = "releases that stall after one failure"
    NO_HEALTH_CHECK = "Kustomizations that are ready before their workloads are"
    UNREAD = "a kind whose objects could not be read"
    WELL_MADE = "no object with any of these three flaws"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer."""

    topic: Topic
    level: Level
    controllers: tuple[Controller, ...] = ()
    kinds: tuple[Kind, ...] = ()
    rights: tuple[Right, ...] = ()
    values: tuple[str, ...] = ()
    objects: tuple[Snapshot, ...] = ()
    unreadable: Unreadable | None = None


def findings(found: Found) -> tuple[Finding, ...]:
    """All there is to say of a cluster: what is bad first, what could not be read last."""
    told = (
        *_kubernetes(found),
        *_controllers(found),
        *_served(found),
        *_role(found),
        *_objects(found),
    )
    order = (Level.BAD, Level.ODD, Level.GOOD, Level.UNKNOWN)
    return tuple(sorted(told, key=lambda each: order.index(each.level)))


# --- The cluster --------------------------------------------------------------------------------------------------

_VERSION: Final = re.compile(r"v?(\d{1,4})\.(\d{1,4})")


def _numbers(version: str) -> tuple[int, int] | None:
    match = _VERSION.match(version)
    return (int(match[1]), int(match[2])) if match else None


def _kubernetes(found: Found) -> list[Finding]:
    version = found.kubernetes
    if isinstance(version, Unreadable):
        return [Finding(Topic.KUBERNETES, Level.UNKNOWN, unreadable=version)]
    numbers = _numbers(version)
    old = numbers is not None and numbers < OLDEST_KUBERNETES and _flux_wants_new(found)
    if old:
        return [Finding(Topic.KUBERNETES_OLD, Level.ODD, values=(version,))]
    return [Finding(Topic.KUBERNETES, Level.GOOD, values=(version,))]


def _flux_wants_new(found: Found) -> bool:
    """What older versions of Flux support is not known here."""
    versions = {_numbers(each) for each in flux_versions(found)}
    return any(each is not None and each >= (2, 9) for each in versions)


def flux_versions(found: Found) -> tuple[str, ...]:
    """The versions of Flux that its controllers say they came with, each once."""
    if isinstance(found.controllers, Unreadable):
        return ()
    return tuple(dict.fromkeys(each.flux for each in found.controllers if each.flux))


def _controllers(found: Found) -> list[Finding]:
    running = found.controllers
    if isinstance(running, Unreadable):
        return [Finding(Topic.CONTROLLERS, Level.UNKNOWN, unreadable=running)]
    if not running:
        return [Finding(Topic.NO_FLUX, Level.BAD, values=(found.flux_namespace,))]
    down = tuple(each for each in running if each.down)
    weak = tuple(each for each in running if not each.down and each.available < each.replicas)
    told = [Finding(Topic.CONTROLLER_DOWN, Level.BAD, controllers=(each,)) for each in down]
    told += [Finding(Topic.CONTROLLER_WEAK, Level.ODD, controllers=(each,)) for each in weak]
    told += _absent(found, running)
    versions = flux_versions(found)
    if len(versions) > 1:
        told.append(Finding(Topic.FLUX_MIXED, Level.ODD, values=versions))
    well = tuple(each for each in running if each not in down and each not in weak)
    if well:
        told.append(Finding(Topic.CONTROLLERS, Level.GOOD, controllers=well, values=versions))
    return told


def _absent(found: Found, running: tuple[Controller, ...]) -> list[Finding]:
    """Kinds that are served and have objects, or are Flux's very core, while nothing reconciles them."""
    if isinstance(found.served, Unreadable):
        return []
    names = [each.name for each in running]
    used = {each.ref.kind for each in found.objects} | set(_CORE)
    # Whoever installs with flux-operator finds its Deployment outside of what it labels.
    missing = [
        kind
        for kind, _ in found.served
        if kind in used
        and kind.controller != "flux-operator"
        and not any(name == kind.controller or name.startswith(f"{kind.controller}-") for name in names)
    ]
    controllers = dict.fromkeys(kind.controller for kind in missing)
    return [
        Finding(
            Topic.CONTROLLER_ABSENT,
            Level.BAD,
            kinds=tuple(kind for kind in missing if kind.controller == name),
            values=(name,),
        )
        for name in controllers
    ]


def _served(found: Found) -> list[Finding]:
    served = found.served
    if isinstance(served, Unreadable):
        return [Finding(Topic.SERVED, Level.UNKNOWN, unreadable=served)]
    kinds = {kind for kind, _ in served}
    missing = tuple(kind for kind in _CORE if kind not in kinds)
    told = [Finding(Topic.NOT_SERVED, Level.BAD, kinds=missing)] if missing else []
    if served:
        values = tuple(versions[0] for _, versions in served)
        told.append(Finding(Topic.SERVED, Level.GOOD, kinds=tuple(kind for kind, _ in served), values=values))
    return told


def _role(found: Found) -> list[Finding]:
    told = [Finding(Topic.BLIND, Level.BAD, values=(why,)) for why in found.blind]
    if isinstance(found.lacking, Unreadable):
        return [*told, Finding(Topic.RIGHTS, Level.UNKNOWN, unreadable=found.lacking)]
    needed = tuple(right for right in found.lacking if right.needed)
    optional = tuple(right for right in found.lacking if not right.needed)
    if needed:
        told.append(Finding(Topic.RIGHT_LACKS, Level.BAD, rights=needed))
    if optional:
        told.append(Finding(Topic.RIGHT_OPTIONAL, Level.UNKNOWN, rights=optional))
    if not found.lacking:
        told.append(Finding(Topic.RIGHTS, Level.GOOD))
    return told


# --- Its objects --------------------------------------------------------------------------------------------------


def _objects(found: Found) -> list[Finding]:
    flawed = (
        (Topic.NO_RECEIVER, rarely_looking(found.objects)),
        (Topic.NO_REMEDIATION, tuple(filter(_stalls_at_once, found.objects))),
        (Topic.NO_HEALTH_CHECK, tuple(filter(_ready_too_soon, found.objects))),
    )
    told = [Finding(topic, Level.ODD, objects=some) for topic, some in flawed if some]
    looked_at = any(each.ref.kind in (*POLLED, HELM_RELEASE, KUSTOMIZATION) for each in found.objects)
    if looked_at and not told and not found.unread:
        told.append(Finding(Topic.WELL_MADE, Level.GOOD))
    unread = (Finding(Topic.UNREAD, Level.UNKNOWN, kinds=(kind,), unreadable=why) for kind, why in found.unread)
    return [*told, *unread]


def rarely_looking(objects: tuple[Snapshot, ...]) -> tuple[Snapshot, ...]:
    """Sources with an interval over ten minutes that no Receiver asks: what is pushed waits that long."""
    receivers = tuple(each for each in objects if each.ref.kind == RECEIVER and not each.suspended)
    return tuple(
        each
        for each in objects
        if each.ref.kind in POLLED
        and not each.static
        and not each.suspended
        and each.interval is not None
        and each.interval > SLOW
        and not any(triggers(receiver, each) for receiver in receivers)
    )


def triggers(receiver: Snapshot, source: Snapshot) -> bool:
    """Whether a call of the Receiver's webhook asks for this source."""
    labels = set(source.labels)
    return any(
        trigger.ref == source.ref or (trigger.ref == replace(source.ref, name="*") and set(trigger.labels) <= labels)
        for trigger in receiver.triggers
    )


def _stalls_at_once(each: Snapshot) -> bool:
    remedy = each.remediation
    patient = remedy.install_retries or remedy.upgrade_retries or remedy.retry_on_failure
    return each.ref.kind == HELM_RELEASE and not each.suspended and not patient


def _ready_too_soon(each: Snapshot) -> bool:
    return each.ref.kind == KUSTOMIZATION and not each.suspended and not each.checks_health
