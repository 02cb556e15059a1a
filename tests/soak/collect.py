"""Gathers the evidence while a schedule plays: every state of every object, every run, everything that reached the
bot."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.demo.flux.journal import Run as Entry
from bot.demo.kube.apiserver import ApiServer
from bot.demo.kube.store import Change, Happening
from tests.fakes.virtual_loop import now
from tests.soak.clock import seconds
from tests.soak.evidence import Delivery, Evidence, History, Route, Run, Version, by_key
from tests.soak.truth import condition, end_of
from tests.soak.wire import Wire

KINDS = (
    "GitRepository",
    "OCIRepository",
    "HelmRepository",
    "HelmChart",
    "Kustomization",
    "HelmRelease",
    "Deployment",
)
UNDONE = frozenset({"RollbackSucceeded", "UninstallSucceeded", "RollbackFailed", "UninstallFailed"})
EARLY_STOPS = frozenset({"DependencyNotReady", "ArtifactFailed"})
"""Reasons of runs that leave an older Stalled as it was."""


class Recorder:
    """Hears of every change that the server stores."""

    def __init__(self, server: ApiServer) -> None:
        self.versions: list[Version] = []
        self.times: dict[int, float] = {}
        """When each version was stored."""
        for kind in KINDS:
            server._shelf(kind).listeners.append(self._hear)

    def _hear(self, change: Change) -> None:
        namespace, name = change.now.key
        body = None if change.happening is Happening.DELETED else change.now.object
        key = f"{change.now.object['kind']}/{namespace}/{name}"
        self.times[change.version] = seconds(now())
        self.versions.append(Version(key, self.times[change.version], change.version, body))


def evidence_of(recorder: Recorder, entries: Iterable[Entry], wire: Wire) -> Evidence:
    """All that the oracle may know."""
    history = History(recorder.versions)
    bare = Evidence(history, by_key(map(_run, entries)))
    runs = {key: tuple(_completed(bare, run) for run in found) for key, found in bare.runs.items()}
    return Evidence(history, runs, _deliveries(history, wire), tuple(wire.troubles.faults))


def _run(entry: Entry) -> Run:
    status, reason, _ = entry.ready
    ended = entry.ended if entry.end == "finished" or entry.wrote_token else None
    if ended is None:
        # It told its end, and what it did after that, nobody waits for.
        ended = entry.wrote_at
    return Run(
        key=entry.ref,
        started=seconds(entry.started),
        ended=seconds(ended) if ended is not None else None,
        token=entry.token,
        generation=entry.generation,
        suspended=entry.suspended,
        ready=status,
        reason=reason,
        used=entry.source,
        forced=entry.forced,
        released=entry.kind == "HelmRelease" and entry.changed,
        answered=entry.wrote_token or entry.prev == entry.token,
    )


def _completed(evidence: Evidence, run: Run) -> Run:
    """With what the journal does not hold, from the object as the run left it."""
    end = end_of(evidence, run)
    if end is None or end.body is None:
        return run
    stalled = condition(end, "Stalled").get("status") == "True" and run.reason not in EARLY_STOPS
    used = end.status.get("observedSourceArtifactRevision", "") if run.key.startswith("HelmChart/") else run.used
    failed = [condition(end, each) for each in ("TestSuccess", "Released")] if run.reason in UNDONE else []
    failure = next((str(each["reason"]) for each in failed if each.get("status") == "False"), "")
    return replace(run, stalled=stalled, used=used, failure=failure)


def _deliveries(history: History, wire: Wire) -> dict[str, tuple[Delivery, ...]]:
    found: dict[str, list[Delivery]] = defaultdict(list)
    for at, key, number, route in wire.notebook.states:
        found[key].append(Delivery(at, key, number, route))
    for at, kind, number in wire.notebook.lists:
        for key in _of_kind(history, kind):
            found[key].append(Delivery(at, key, number, Route.LIST))
    for at, path, number in wire.notebook.absences:
        for key in history:
            if path.endswith(f"/{_plural(key)}/{key.rpartition('/')[2]}"):
                found[key].append(Delivery(at, key, number, Route.READ))
    return {key: tuple(sorted(each, key=lambda one: one.at)) for key, each in found.items()}


def _of_kind(history: History, kind: str) -> Iterator[str]:
    return (key for key in history if key.startswith(f"{kind}/"))


def _plural(key: str) -> str:
    kind = key.partition("/")[0].lower()
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
