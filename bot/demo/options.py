"""What a demo was asked to be, and what may be said against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.config.settings import LogLevel
from bot.demo.slack import world


@dataclass(frozen=True, slots=True)
class Demo:
    """What to run. `says` are commands without the slash command's name, or with it; none means a terminal.

    Without a kubeconfig the clusters are simulated too; `context` and `allow_writes` belong to a kubeconfig.
    """

    kubeconfig: Path | None = None
    says: tuple[str, ...] = ()
    context: str | None = None
    policy: Path | None = None
    person: str = "sre"
    channel: str = "platform"
    as_json: bool = False
    allow_writes: str | None = None
    log_level: LogLevel = LogLevel.ERROR
    port: int = 0
    """Of the page; 0 takes a free one."""


class BadUsage(Exception):
    """A sentence for whoever typed the options."""


def context_of(kubeconfig: Path, wanted: str | None) -> str:
    """The context that will be used: the wanted one, else the kubeconfig's current one."""
    try:
        loaded = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadUsage(f"{kubeconfig} cannot be read: {type(error).__name__}") from error
    if not isinstance(loaded, dict):
        raise BadUsage(f"{kubeconfig} is no kubeconfig")
    contexts = loaded.get("contexts")
    names = [each.get("name") for each in contexts if isinstance(each, dict)] if isinstance(contexts, list) else []
    context = wanted or loaded.get("current-context")
    if context not in names:
        known = ", ".join(str(name) for name in names) or "none"
        raise BadUsage(f"{kubeconfig} has no context {context or '(none is current)'}; it has: {known}")
    return str(context)


def ids() -> str:
    """The simulator's fixed ids, for `--help` and for allowlists that name them."""
    people = [f"  {each.id}  @{each.name}{_kind_of_person(each)}" for each in world.PEOPLE if not each.is_bot]
    groups = [f"  {each.id}  @{each.handle}" for each in world.GROUPS if not each.disabled]
    channels = [f"  {each.id}  #{each.name}{_kind_of_channel(each)}" for each in world.CHANNELS]
    return "\n".join(["People:", *people, "Groups:", *groups, "Channels:", *channels])


def _kind_of_person(person: world.Person) -> str:
    kinds = {
        "guest": person.is_restricted,
        "of another organisation": person.is_stranger,
        "deactivated": person.deleted,
    }
    found = [kind for kind, holds in kinds.items() if holds]
    return f" ({', '.join(found)})" if found else ""


def _kind_of_channel(channel: world.Channel) -> str:
    kinds = {"private": channel.is_private, "archived": channel.is_archived, "shared": channel.is_ext_shared}
    found = [kind for kind, holds in kinds.items() if holds]
    return f" ({', '.join(found)})" if found else ""
