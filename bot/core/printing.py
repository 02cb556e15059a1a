"""Commands printed in our own words: what is printed here parses to the same value (docs/commands.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from bot.core.commands import Command, Help, Reconcile, Target
from bot.core.durations import printed_duration
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
        case _:
            assert_never(command)


def reconcile(targets: tuple[Target, ...], options: Options) -> Reconcile:
    """The command for these targets: the one place that fills `typed`."""
    return Reconcile(targets, options, _printed(targets, options))


def on_cluster(command: Reconcile, cluster: str) -> Reconcile:
    """The same for one cluster, when none was named: what a press on its button asks for."""
    return reconcile(tuple(replace(target, cluster=cluster) for target in command.targets), command.options)


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
        return _word(name)
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
