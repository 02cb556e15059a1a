"""The words a command is made of: ours, near misses of them, and the shapes that names may have."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from bot.core.commands import ME, Trouble, Unparsed
from bot.core.kinds import ASKABLE, KINDS, Kind, kind_called, kind_of_cli, kind_words
from bot.core.words import unparsed

DEFAULT_COMMAND: Final = "/flux-reconcile"
LEADING: Final = frozenset({"flux", "reconcile", "annotating"})
"""Words in front of a command that say nothing: what people copy from a terminal."""
STATUS, WATCH, CHECK, CANCEL = ("status", "get", "ls"), ("watch",), ("check",), ("cancel",)
HISTORY: Final = ("history",)
"""First words of the commands that are no reconcile; of each the first one is what we print."""
VERBS: Final = ("reconcile", "status", "watch", "history", "check", "cancel", "help")
OTHER_VERBS: Final = (
    *("list", "describe", "why", "events", "logs", "trace", "tree", "stats"),
    *("diff", "export", "suspend", "resume", "create", "delete", "annotate", "apply"),
)
"""First words that ask for something we do not do; an object of such a name is named with its kind or in quotes."""
GROUPS: Final[dict[str, str]] = {"source": "source", "sources": "source", "image": "image", "images": "image"}
"""First of the flux CLI's two words for a kind; it uses the plural with `get`."""
CLI_PAIRS: Final = tuple(" ".join(kind.cli) for kind in KINDS if len(kind.cli) == 2)
EVERYTHING: Final = ("all", "*")
ON, IN, WITH, SOURCE, NAMESPACE = "on", "in", "with", "source", "namespace"
DASHLESS: Final = ("with-source", "withsource")
"""An option whose dashes were forgotten: it must neither be left out nor read as one more object."""

_RESERVED: Final = frozenset(
    {
        DEFAULT_COMMAND,
        *LEADING,
        *VERBS,
        *STATUS,
        *OTHER_VERBS,
        *GROUPS,
        *EVERYTHING,
        ON,
        IN,
        WITH,
        *DASHLESS,
        "?",
        "true",
        "false",
    }
)
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_CLUSTER: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:@/+=~-]{0,251}[A-Za-z0-9])?")
_MISTAKEN: Final[dict[str, tuple[str, ...]]] = {
    "kustomize": ("kustomization",),
    "helm": ("helmrelease", "helmrepository", "helmchart"),
    "release": ("helmrelease",),
    "repository": ("gitrepository", "helmrepository", "ocirepository"),
    "repo": ("gitrepository", "helmrepository", "ocirepository"),
    "instance": ("fluxinstance",),
}
"""Words that stand for a kind in people's heads and for none in ours, with the kinds they probably mean."""
_FOREIGN: Final = re.compile(
    r"(pod|deployment|statefulset|daemonset|replicaset|cronjob|job|service|ingress|configmap|secret|namespace|node|"
    r"serviceaccount)(s|es)?|po|deploy|sts|ds|rs|cj|svc|ing|cm|ns|sa|pvc|pv|crd"
)
"""Kinds of Kubernetes' own, with the short names that kubectl takes."""
_PERSON: Final = re.compile(r"<?@?([UW][A-Z0-9]{2,30})(?:\|[^<>]*)?>?")
_GLOB: Final = re.compile(r"[a-z0-9*?\[][a-z0-9*?.\[\]!-]{0,252}")
_LABEL_KEY: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_CLOSE: Final = 0.85
_READ: Final = 60


def name_in(text: str) -> str | None:
    """The object's name in lower case, or None: Kubernetes allows DNS-1123 subdomains of up to 253 characters."""
    lowered = text.lower()
    return lowered if text.isascii() and len(text) <= 253 and _NAME.fullmatch(lowered) else None


def namespace_in(text: str) -> str | None:
    """The namespace in lower case, or None: Kubernetes allows DNS-1123 labels of up to 63 characters."""
    lowered = text.lower()
    return lowered if text.isascii() and len(text) <= 63 and _NAMESPACE.fullmatch(lowered) else None


def glob_in(text: str) -> str | None:
    """The glob in lower case, or None for what is no glob: a plain name, or one that could fit no name."""
    lowered = text.lower()
    return lowered if is_glob(lowered) and text.isascii() and _GLOB.fullmatch(lowered) else None


def is_glob(name: str) -> bool:
    """It stands for several names; Kubernetes allows none of these characters in a name."""
    return any(char in name for char in "*?[")


def person_in(text: str) -> str | None:
    """Slack's id of a person, from the id itself or a mention of it, with or without its angle brackets; or `me`.

    A name alone is None: names are nobody's own, and they change.
    """
    if text.lower() == ME:
        return ME
    found = _PERSON.fullmatch(text)
    return found[1] if found else None


def label_in(text: str) -> tuple[str, str] | None:
    """Key and value of `key=value` or `key==value`, or None where it is neither."""
    key, equals, value = text.partition("=")
    value = value.removeprefix("=")
    fits = equals and text.isascii() and _LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value)
    return (key, value) if fits else None


def is_cluster(text: str) -> bool:
    """It can be the name of a cluster: what kubeconfig contexts look like, an ARN with its slashes included."""
    return bool(_CLUSTER.fullmatch(text))


def stands_before(text: str) -> bool:
    """It is a cluster's name that may stand in front of an object (`prod ks/flux-system/apps`).

    Not so a word of ours, a kind, or `a/b`, which is an object; an ARN has a slash, but a colon too.
    """
    return is_cluster(text) and ("/" not in text or ":" in text) and not is_ours(text)


def is_ours(text: str) -> bool:
    """As a bare word it means something to us, so a name that looks like it has to be quoted."""
    return text.lower() in _RESERVED or kind_called(text) is not None or bool(nearest_verb(text))


def nearest_verb(text: str) -> tuple[str, ...]:
    """`reconcile` for a slip of it; empty for the word itself and for all others."""
    lowered = text.lower()
    return (
        ()
        if lowered in VERBS or not lowered.isalpha()
        else tuple(get_close_matches(lowered[:_READ], ("reconcile",), cutoff=_CLOSE))
    )


def cli_kind(first: str, second: str) -> Kind | None:
    """The kind of the flux CLI's two words, the plural of the first one included."""
    return kind_of_cli(GROUPS.get(first.lower(), ""), second)


def looks_like_kind(text: str) -> bool:
    """It is no kind of Flux's, but was surely meant to be a kind: a slip, or a kind of Kubernetes' own."""
    lowered = text.lower()
    if kind_called(lowered) is not None:
        return False
    joined = lowered.replace("-", "").replace("_", "")
    if joined in _MISTAKEN or _FOREIGN.fullmatch(joined) or kind_called(joined) is not None:
        return True
    return lowered.isalpha() and bool(get_close_matches(lowered[:_READ], kind_words(), n=1, cutoff=_CLOSE))


def unknown_kind(text: str) -> Unparsed:
    """No Flux kind of that name: the nearest ones, one word for each kind, and all that can be asked for."""
    lowered = text.lower().partition(".")[0][:_READ]
    joined = lowered.replace("-", "").replace("_", "")
    exact = (joined,) if kind_called(joined) else _MISTAKEN.get(joined)
    words = exact or get_close_matches(joined, kind_words(), n=9, cutoff=0.7)
    nearest = {kind_called(word): word for word in reversed(words)}
    return unparsed(
        Trouble.UNKNOWN_KIND, text, tuple(reversed(nearest.values())), tuple(kind.short for kind in ASKABLE)
    )


def unknown_pair(first: str, second: str) -> Unparsed:
    """`source foo`: a group of the flux CLI with a second word that it does not have."""
    group = GROUPS[first.lower()]
    valid = tuple(pair for pair in CLI_PAIRS if pair.startswith(f"{group} "))
    seconds = [pair.split()[1] for pair in valid]
    near = get_close_matches(second.lower()[:_READ], seconds)
    return unparsed(Trouble.UNKNOWN_KIND, f"{first} {second}", tuple(f"{group} {word}" for word in near), valid)
