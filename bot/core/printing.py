"""Commands printed in our own words: what is printed here parses to the same value (docs/commands.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final, assert_never

from bot.core.commands import (
    ME,
    Cancel,
    Check,
    Command,
    Help,
    History,
    Reconcile,
    ReconcileAll,
    Selection,
    Status,
    Target,
    Watch,
)
from bot.core.durations import printed_duration, printed_span
from bot.core.kinds import HELM_CHART, HELM_RELEASE, KUSTOMIZATION, Kind, kind_called
from bot.core.requests import Options
from bot.core.resources import Ref
from bot.core.vocabulary import DASHLESS, EVERYTHING, is_ours, looks_like_kind, stands_before

_WITH_SOURCE: Final[tuple[Kind, ...]] = (KUSTOMIZATION, HELM_RELEASE, HELM_CHART)
"""The kinds whose flux CLI command takes `--with-source`."""


def printed(command: Command) -> str:
    """The command without the slash command's name; `parse` reads the same value from it."""
    match command:
        case Help():
            return "help"
        case Reconcile():
            return _printed(command.targets, command.options)
        case ReconcileAll():
            return " ".join((_selection(command.selection), *_options(command.options)))
        case Status():
            return f"status {_what(command.what)}"
        case Watch():
            return f"watch {_what(command.what)} --for {printed_duration(command.length)}"
        case History():
            by = () if not command.by else (f"--by {command.by}" if command.by == ME else f"--by @{command.by}",)
            return " ".join(("history", _targets(command.what), *by, f"--since {printed_span(command.since)}"))
        case Check():
            return f"check --cluster {command.cluster}" if command.cluster else "check"
        case Cancel():
            return f"cancel {command.request}".rstrip()
        case _:
            assert_never(command)


def reconcile(targets: tuple[Target, ...], options: Options) -> Reconcile:
    """The command for these targets: the one place that fills `typed`."""
    return Reconcile(targets, options, _printed(targets, options))


def reconcile_all(selection: Selection, options: Options) -> ReconcileAll:
    """The command for a selection."""
    command = ReconcileAll(selection, options, "")
    return replace(command, typed=printed(command))


def status(what: tuple[Target, ...] | Selection) -> Status:
    """The command that tells how these stand."""
    command = Status(what, "")
    return replace(command, typed=printed(command))


def watch(what: tuple[Target, ...] | Selection, length: timedelta) -> Watch:
    """The command that watches these."""
    command = Watch(what, length, "")
    return replace(command, typed=printed(command))


def history(what: tuple[Target, ...], by: str, since: timedelta) -> History:
    """The command that tells what was asked about these."""
    command = History(what, by, since, "")
    return replace(command, typed=printed(command))


def check(cluster: str | None) -> Check:
    """The command that checks one cluster, or the default one."""
    command = Check(cluster, "")
    return replace(command, typed=printed(command))


def cancel(request: str) -> Cancel:
    """The command that cancels a request."""
    command = Cancel(request, "")
    return replace(command, typed=printed(command))


Clustered = Reconcile | ReconcileAll | Status | Watch | History | Check
"""The commands that are for one cluster, named or not."""


def on_cluster(command: Clustered, cluster: str) -> Clustered:
    """The same for one cluster, when none was named: what a press on its button asks for."""
    match command:
        case Reconcile():
            return reconcile(_targets_on(command.targets, cluster), command.options)
        case ReconcileAll():
            return reconcile_all(_selection_on(command.selection, cluster), command.options)
        case Status():
            return status(_what_on(command.what, cluster))
        case Watch():
            return watch(_what_on(command.what, cluster), command.length)
        case History():
            return history(_targets_on(command.what, cluster), command.by, command.since)
        case Check():
            return check(cluster)
        case _:
            assert_never(command)


def cluster_of(command: Clustered) -> str | None:
    """The cluster that it names for everything; None where it names none."""
    match command:
        case Check():
            return command.cluster
        case Reconcile():
            return command.targets[0].cluster
        case ReconcileAll():
            return command.selection.patterns[0].cluster
        case History():
            return command.what[0].cluster
        case Status() | Watch():
            what = command.what
            return (what.patterns if isinstance(what, Selection) else what)[0].cluster
        case _:
            assert_never(command)


def _targets_on(targets: tuple[Target, ...], cluster: str) -> tuple[Target, ...]:
    return tuple(replace(target, cluster=cluster) for target in targets)


def _selection_on(selection: Selection, cluster: str) -> Selection:
    return replace(selection, patterns=_targets_on(selection.patterns, cluster))


def _what_on(what: tuple[Target, ...] | Selection, cluster: str) -> tuple[Target, ...] | Selection:
    return _selection_on(what, cluster) if isinstance(what, Selection) else _targets_on(what, cluster)


def target_of(ref: Ref) -> Target:
    """The target that names exactly this object."""
    return Target(ref.name, ref.kind, ref.namespace, ref.cluster)


def flux_line(ref: Ref, *, with_source: bool = False) -> str:
    """The flux CLI's line for the same request, for advice; empty where the CLI has no such command.

    It names no cluster: the reader's own context decides. `with_source` is left out where the CLI does not take it.
    """
    if not ref.kind.cli or ref.kind.static:
        return ""
    source = " --with-source" if with_source and ref.kind in _WITH_SOURCE else ""
    # The shell does not mind the quotes, and our own parser takes a bare `all` for everything.
    name = f'"{ref.name}"' if ref.name in (*EVERYTHING, *DASHLESS) else ref.name
    return f"flux reconcile {' '.join(ref.kind.cli)} {name} -n {ref.namespace}{source}"


def _printed(targets: tuple[Target, ...], options: Options) -> str:
    return " ".join((_targets(targets), *_options(options)))


def _what(what: tuple[Target, ...] | Selection) -> str:
    return _selection(what) if isinstance(what, Selection) else _targets(what)


def _selection(selection: Selection) -> str:
    labels = [f"-l {key}={value}" for key, value in selection.labels]
    flags = (("-A", selection.everywhere), ("--failing", selection.failing))
    return " ".join((_targets(selection.patterns), *labels, *(flag for flag, on in flags if on)))


def _targets(targets: tuple[Target, ...]) -> str:
    clusters = {target.cluster for target in targets}
    if len(clusters) > 1:
        return ", ".join(_target(each) + (f" on {_word(each.cluster)}" if each.cluster else "") for each in targets)
    objects = ", ".join(map(_target, targets))
    cluster = next(iter(clusters), None)
    if cluster is None:
        return objects
    # Before a bare name a cluster would read as one more name.
    if targets[0].kind is not None and stands_before(cluster):
        return f"{cluster} {objects}"
    return f"{objects} --cluster {cluster}"


def _target(target: Target) -> str:
    name, namespace = target.name, target.namespace
    if target.kind is not None:
        return "/".join(filter(None, (target.kind.short, namespace, name)))
    if namespace is None:
        return "all" if name == "*" else _word(name)
    means_a_kind = kind_called(namespace) is not None or looks_like_kind(namespace)
    return f"/{namespace}/{name}" if means_a_kind else f"{namespace}/{name}"


def _word(name: str) -> str:
    return f'"{name}"' if is_ours(name) else name


def _options(options: Options) -> tuple[str, ...]:
    timeout = () if options.timeout is None else (f"--timeout {printed_duration(options.timeout)}",)
    flags = (
        ("--with-source", options.with_source),
        ("--force", options.force),
        ("--reset", options.reset),
    )
    return (*(flag for flag, on in flags if on), *timeout)
