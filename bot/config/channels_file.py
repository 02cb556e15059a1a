"""The allowlist's file: YAML in, an Allowlist or every problem out. What each key means: docs/allowlist.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from bot.config.fields import Field, Findings, Keys, told
from bot.config.globs import is_plain, wrong_cluster, wrong_name, wrong_namespace
from bot.config.marked import LARGEST, read_marked
from bot.config.problems import Problem, nearest, shown
from bot.core.channels import ANY, Allowlist, Channel, Ping, Rule, Sources, Who, fits
from bot.core.kinds import KINDS, kind_called
from bot.core.requests import Verb

FILE_KEYS: Final = Keys(required=("channels",), optional=("defaults",))
DEFAULT_KEYS: Final = Keys(required=(), optional=("audit_channel", "ping", "allow_public_audit"))
CHANNEL_KEYS: Final = Keys(
    required=("name", "private", "shared", "clusters", "rules"),
    optional=("default_cluster", "default_namespace", "audit_channel", "ping"),
)
RULE_KEYS: Final = Keys(
    required=("name", "who", "verbs", "kinds", "namespaces", "names"),
    optional=("clusters", "sources", "all", "force", "reset"),
)
WHO_KEYS: Final = Keys(required=(), optional=("users", "groups"))

_T = TypeVar("_T")

_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{2,30}")
_USER_ID: Final = re.compile(r"[UW][A-Z0-9]{2,30}|\*")
_GROUP_ID: Final = re.compile(r"S[A-Z0-9]{2,30}")
_TITLE: Final = re.compile(r"\S(.{0,78}\S)?")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

_VERBS: Final = (*(verb.value for verb in Verb if verb is not Verb.HELP), ANY)
_KINDS: Final = (*(kind.name for kind in KINDS), ANY)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The file is right. `warnings` name what is legal, but hardly meant."""

    allowlist: Allowlist
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """The file is wrong: nothing of it may be used."""

    problems: tuple[Problem, ...]
    """All of them, in the order of the file; at least one."""
    warnings: tuple[Problem, ...] = ()


def load_allowlist(path: Path) -> Loaded | Broken:
    """Reads and checks the file. A file that cannot be read is a problem like any other."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        return Broken((Problem(0, "", f"cannot be read: {error.strerror or type(error).__name__}"),))
    return parse_allowlist(data)


def parse_allowlist(data: bytes) -> Loaded | Broken:
    """Checks the bytes of a file. Never raises."""
    root = read_marked(data)
    match root:
        case Problem():
            return Broken((root,))
        case None:
            return Broken((Problem(1, "channels", "is missing: the file is empty"),))
    findings = Findings()
    allowlist = _allowlist(Field("", root, 1, findings))
    warnings = told(findings.warnings)
    if findings.problems:
        return Broken(told(findings.problems), warnings)
    return Loaded(allowlist, warnings)


def _allowlist(file: Field) -> Allowlist:
    parts = file.parts(FILE_KEYS)
    defaults = parts["defaults"].parts(DEFAULT_KEYS) if "defaults" in parts else {}
    audit = _optional(defaults, "audit_channel", _channel_id)
    rule_names: dict[str, int] = {}
    entries = parts["channels"].members() if "channels" in parts else ()
    if "channels" in parts and not entries and not file.findings.problems:
        parts["channels"].doubtful("empty: nobody may do anything")
    return Allowlist(
        channels=tuple(_channel(id_, entry, audit, rule_names) for id_, entry in entries),
        audit_channel=audit,
        ping=_optional(defaults, "ping", _ping) or Ping.LONG,
        allow_public_audit=_optional(defaults, "allow_public_audit", Field.flag) or False,
    )


def _channel(id_: str, entry: Field, audit: str | None, rule_names: dict[str, int]) -> Channel:
    if not _CHANNEL_ID.fullmatch(id_):
        entry.wrong("is no channel id: C… as Slack shows at the end of the channel's details, never its name")
    parts = entry.parts(CHANNEL_KEYS)
    clusters = _texts(parts, "clusters", _glob(wrong_cluster))
    own_audit = _optional(parts, "audit_channel", _channel_id)
    if not audit and not own_audit and "audit_channel" not in parts:
        entry.doubtful("has no audit channel, here or in defaults: what is done here is told nowhere else")
    rules = parts["rules"].items() if "rules" in parts else ()
    return Channel(
        id=id_,
        name=_required(parts, "name", _title) or "",
        private=_required(parts, "private", Field.flag) or False,
        shared=_required(parts, "shared", Field.flag) or False,
        clusters=clusters,
        rules=tuple(_rule(rule, clusters, rule_names) for rule in rules),
        default_cluster=_optional(parts, "default_cluster", _cluster_of(clusters)),
        default_namespace=_optional(parts, "default_namespace", _namespace),
        audit_channel=own_audit,
        ping=_optional(parts, "ping", _ping),
    )


def _rule(rule: Field, clusters: tuple[str, ...], rule_names: dict[str, int]) -> Rule:
    parts = rule.parts(RULE_KEYS)
    name = _required(parts, "name", _title) or ""
    if name in rule_names:
        parts["name"].wrong(f"{shown(name)} is the name of another rule, in line {rule_names[name]}")
    elif name:
        rule_names[name] = parts["name"].line
    return Rule(
        name=name,
        who=_who(parts["who"]) if "who" in parts else Who(),
        verbs=frozenset(_texts(parts, "verbs", _verb)),
        clusters=_narrowed(parts["clusters"], clusters) if "clusters" in parts else clusters,
        kinds=frozenset(_texts(parts, "kinds", _kind)),
        namespaces=_texts(parts, "namespaces", _glob(wrong_namespace)),
        names=_texts(parts, "names", _glob(wrong_name)),
        sources=_optional(parts, "sources", _sources) or Sources.OWN_NAMESPACE,
        all=_required(parts, "all", Field.flag) or False,
        force=_required(parts, "force", Field.flag) or False,
        reset=_required(parts, "reset", Field.flag) or False,
    )


def _who(field: Field) -> Who:
    parts = field.parts(WHO_KEYS)
    if not parts:
        field.doubtful("empty: fits nobody; name users or groups")
    return Who(
        users=frozenset(_texts(parts, "users", _user_id)), groups=frozenset(_texts(parts, "groups", _group_id))
    )


def _narrowed(field: Field, channel: tuple[str, ...]) -> tuple[str, ...]:
    """A rule's own clusters. A name outside the channel's list would never count, so it is told."""
    found = []
    for item in field.items():
        glob = _glob(wrong_cluster)(item)
        if glob is None:
            continue
        found.append(glob)
        if is_plain(glob) and channel and not fits(channel, glob):
            item.doubtful(f"{shown(glob)} is not among the channel's clusters, so this rule never reaches it")
    return tuple(found)


def _required(parts: dict[str, Field], key: str, read: Callable[[Field], _T | None]) -> _T | None:
    """What stands there; a missing key was told before."""
    return read(parts[key]) if key in parts else None


def _optional(parts: dict[str, Field], key: str, read: Callable[[Field], _T | None]) -> _T | None:
    """The same for what may be left out or null."""
    return None if key in parts and parts[key].is_null else _required(parts, key, read)


def _texts(parts: dict[str, Field], key: str, read: Callable[[Field], str | None]) -> tuple[str, ...]:
    items: Iterable[Field] = parts[key].items() if key in parts else ()
    return tuple(text for text in map(read, items) if text is not None)


def _glob(wrong: Callable[[str], str]) -> Callable[[Field], str | None]:
    def read(field: Field) -> str | None:
        text = field.text()
        why = wrong(text) if text is not None else ""
        if why:
            field.wrong(f"{shown(text or '')} {why}")
            return None
        return text

    return read


def _cluster_of(clusters: tuple[str, ...]) -> Callable[[Field], str | None]:
    def read(field: Field) -> str | None:
        name = field.text()
        if name is None:
            return None
        if not is_plain(name):
            field.wrong(f"{shown(name)} must be one cluster's name, not a pattern")
        elif not fits(clusters, name):
            field.wrong(f"{shown(name)} is not among the channel's clusters{nearest(name, clusters)}")
        return name

    return read


def _title(field: Field) -> str | None:
    return field.matching(_TITLE, "a name of at most 80 characters without spaces around it")


def _namespace(field: Field) -> str | None:
    return field.matching(_NAMESPACE, "a namespace's name")


def _channel_id(field: Field) -> str | None:
    return field.matching(_CHANNEL_ID, "a channel id (C…)")


def _user_id(field: Field) -> str | None:
    return field.matching(_USER_ID, 'a user id (U… or W…) or "*"; names change, ids do not')


def _group_id(field: Field) -> str | None:
    return field.matching(_GROUP_ID, "a user group id (S…); names change, ids do not")


def _verb(field: Field) -> str | None:
    return field.choice(_VERBS)


def _kind(field: Field) -> str | None:
    text = field.text()
    if text is None or text in _KINDS:
        return text
    meant = kind_called(text)
    hint = f'; did you mean "{meant.name}"?' if meant else nearest(text, _KINDS)
    field.wrong(f"{shown(text)} is no Flux kind{hint or ', spelled as the API spells it'}")
    return None


def _ping(field: Field) -> Ping | None:
    word = field.choice(tuple(each.value for each in Ping))
    return None if word is None else Ping(word)


def _sources(field: Field) -> Sources | None:
    word = field.choice(tuple(each.value for each in Sources))
    return None if word is None else Sources(word)
