"""Flux's own sentences without the names of objects that this channel may not see."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bot.core.kinds import KINDS, kind_called
from bot.core.resources import Ref

HIDDEN: Final = "(hidden)"
"""Stands for a name; one word, so that a sentence around it stays one."""

_KIND: Final = "|".join(sorted((word for kind in KINDS for word in (kind.name, kind.plural)), key=len, reverse=True))
_SPACE: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_NAMED: Final = re.compile(
    # Kustomization/ns/name, also in quotes: health checks, AccessDenied, cancelled runs.
    rf"(?P<quote>['\"]?)\b(?P<kind1>{_KIND})/(?P<ns1>{_SPACE})/(?P<name1>{_NAME})(?P=quote)"
    # HelmChart 'ns/name': a release and its chart. 'ns/name' alone: a dependency, of the object's own kind.
    rf"|(?:\b(?P<kind2>{_KIND}) )?['\"](?P<ns2>{_SPACE})/(?P<name2>{_NAME})['\"]"
    # gitrepositories.source.toolkit.fluxcd.io "name" not found: what the API server says.
    rf"|\b(?P<kind3>{_KIND})(?:\.[a-z0-9.]+)? \"(?P<name3>{_NAME})\""
)


def veiled(text: str, of: Ref, sees: Callable[[Ref], bool]) -> str:
    """A sentence about `of` with `(hidden)` for each Flux object in it that `sees` refuses.

    What is no Flux object (a Deployment that a Kustomization applied) is part of `of` and stays. A name without its
    namespace is taken for one beside `of`: hiding too much is the smaller harm.
    """

    def one(match: re.Match[str]) -> str:
        ref = _meant(match, of)
        return match[0] if ref is None or sees(ref) else HIDDEN

    return _NAMED.sub(one, text)


def _meant(match: re.Match[str], of: Ref) -> Ref | None:
    if match["name1"]:
        kind, namespace, name = kind_called(match["kind1"]), match["ns1"], match["name1"]
    elif match["name2"]:
        kind = kind_called(match["kind2"]) if match["kind2"] else of.kind
        namespace, name = match["ns2"], match["name2"]
    else:
        kind, namespace, name = kind_called(match["kind3"]), of.namespace, match["name3"]
    return None if kind is None else Ref(of.cluster, kind, namespace, name)
