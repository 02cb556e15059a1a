"""What we know of an object in a cluster, as far as rules need it; docs/flux.md says which field means what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.kinds import Kind


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One object in one cluster."""

    cluster: str
    kind: Kind
    namespace: str
    name: str

    @property
    def short(self) -> str:
        """`ks/flux-system/apps`: pastes back into the command."""
        return f"{self.kind.short}/{self.namespace}/{self.name}"

    def __str__(self) -> str:
        return f"{self.cluster} {self.short}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of `status.conditions`."""

    type: str
    status: str
    """`True`, `False` or `Unknown`, as the API spells it."""
    reason: str = ""
    message: str = ""
    observed: int | None = None
    """The generation it speaks of; None when it does not say."""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a source holds for others to apply."""

    revision: str
    digest: str = ""
    updated_at: datetime | None = None
    origin_revision: str = ""
    """The Git revision an OCI artifact was built from, when its maker said so."""
    origin_url: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """An entry of `spec.dependsOn`."""

    ref: Ref
    ready_expr: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """An entry of a Receiver's `spec.resources`: what a webhook asks for."""

    ref: Ref
    """Its name may be `*`: all of the kind in its namespace that have the labels."""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HelmRevision:
    """A row of a HelmRelease's `status.history`: what `helm history` would show."""

    name: str
    namespace: str
    version: int
    status: str
    chart: str
    chart_version: str
    app_version: str = ""
    config_digest: str = ""
    oci_digest: str = ""
    digest: str = ""
    deployed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Build:
    """A row of a Kustomization's `status.history`: one digest of built manifests with one outcome."""

    digest: str
    revision: str
    status: str
    reconciled_at: datetime | None = None
    total: int = 0


@dataclass(frozen=True, slots=True)
class Tokens:
    """The three request values, either as asked for (annotations) or as handled (status)."""

    request: str = ""
    force: str = ""
    reset: str = ""


@dataclass(frozen=True, slots=True)
class Remediation:
    """What a HelmRelease does after a failed action."""

    install_retries: int = 0
    upgrade_retries: int = 0
    """-1 is for ever."""
    retry_on_failure: bool = False
    retry_interval: timedelta | None = None
    failures: int = 0
    install_failures: int = 0
    upgrade_failures: int = 0


@dataclass(frozen=True, slots=True)
class Details:
    """What only a full object tells; the cache of a watch does not keep it."""

    inventory: tuple[str, ...] = ()
    """Ids of applied objects, sorted: `<namespace>_<name>_<group>_<kind>`."""
    builds: tuple[Build, ...] = ()
    last_push: str = ""
    """`status.lastPushCommit` of an ImageUpdateAutomation."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An object as it was at one resource version."""

    ref: Ref
    uid: str = ""
    version: str = ""
    """`metadata.resourceVersion`: opaque, but for one use: a watch is ordered against our own patch by it."""
    generation: int = 0
    observed: int | None = None
    """`status.observedGeneration`; None for kinds without the field."""
    deleting: bool = False
    finalizers: tuple[str, ...] = ()
    suspended: bool = False
    suspended_by: str = ""
    static: bool = False
    """No reconciler looks at it (a HelmRepository of type oci, an Alert)."""
    conditions: tuple[Condition, ...] = ()
    asked: Tokens = Tokens()
    handled: Tokens = Tokens()
    applied: str = ""
    """The revision that runs: lastAppliedRevision, the deployed chart version, the artifact's revision."""
    applied_origin: str = ""
    attempted: str = ""
    attempted_digest: str = ""
    artifact: Artifact | None = None
    source: Ref | None = None
    """Where its content comes from: sourceRef, chartRef, or the repository of its chart."""
    chart: Ref | None = None
    """A HelmRelease's HelmChart, when a template makes it one."""
    includes: tuple[Ref, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    """What a Receiver asks for; empty for every other kind."""
    interval: timedelta | None = None
    timeout: timedelta | None = None
    retry_interval: timedelta | None = None
    checks_health: bool = False
    prunes: bool = False
    forces: bool = False
    path: str = ""
    url: str = ""
    secret: str = ""
    """`spec.secretRef.name`: the name only, never a value."""
    chart_name: str = ""
    chart_wanted: str = ""
    """`spec.chart.spec.version`: an exact version or a range."""
    helm: tuple[HelmRevision, ...] = ()
    """Newest first; empty for every kind but HelmRelease."""
    remediation: Remediation = Remediation()
    labels: tuple[tuple[str, str], ...] = ()
    created_at: datetime | None = None
    details: Details | None = None

    def condition(self, type_: str) -> Condition | None:
        return next((each for each in self.conditions if each.type == type_), None)

    @property
    def ready(self) -> Condition | None:
        return self.condition("Ready")

    @property
    def is_ready(self) -> bool:
        """Its last run ended well; says nothing about a run that was asked for since."""
        ready = self.ready
        return ready is not None and ready.status == "True"

    def label(self, key: str) -> str:
        return next((value for name, value in self.labels if name == key), "")

    def brief(self) -> Snapshot:
        """The same without what only the judge of a run needs, for a cache of thousands."""
        return self if self.details is None else replace(self, details=None)


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such object; `was` is what was last seen of it, if it was ever seen."""

    ref: Ref
    was: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A core/v1 Event about an object."""

    about: Ref
    reason: str
    message: str
    warning: bool
    at: datetime
    count: int = 1


@dataclass(frozen=True, slots=True)
class Controller:
    """A Flux Deployment, as far as we may read it."""

    name: str
    namespace: str
    replicas: int
    available: int
    image: str = ""
    flux: str = ""
    """The version of Flux that it came with: its label `app.kubernetes.io/version`."""

    @property
    def down(self) -> bool:
        return self.available == 0
