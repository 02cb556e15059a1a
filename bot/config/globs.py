"""Which globs may stand in the allowlist: those that could fit something."""

from __future__ import annotations

import re
from typing import Final

_SET: Final = re.compile(r"\[!?([^\[\]!][^\[\]]*)\]")
_RANGE: Final = re.compile(r"(.)-(.)")
_NAME: Final = re.compile(r"[a-z0-9.*?-]*")
_NAMESPACE: Final = re.compile(r"[a-z0-9*?-]*")
_CLUSTER: Final = re.compile(r"[A-Za-z0-9._@:*?-]*")


def wrong_namespace(glob: str) -> str:
    """Why a glob can fit no namespace, as the end of a sentence; empty when it can."""
    return _wrong(glob, _NAMESPACE, "small letters, digits and dashes")


def wrong_name(glob: str) -> str:
    """Why a glob can fit no object's name; empty when it can."""
    return _wrong(glob, _NAME, "small letters, digits, dashes and dots")


def wrong_cluster(glob: str) -> str:
    """Why a glob can fit no cluster's name; empty when it can."""
    return _wrong(glob, _CLUSTER, 'letters, digits and any of ". _ - @ :"')


def is_plain(glob: str) -> bool:
    """Whether it is a name rather than a pattern."""
    return not any(sign in glob for sign in "*?[")


def _wrong(glob: str, letters: re.Pattern[str], called: str) -> str:
    for inside in _SET.findall(glob):
        if any(low > high for low, high in _RANGE.findall(inside)):
            return "holds a range that is upside down"
    bare = _SET.sub("", glob)
    if "[" in bare or "]" in bare:
        return 'has a "[" or "]" without its other half'
    spelled = bare + "".join(_SET.findall(glob))
    return "" if letters.fullmatch(spelled) else f"can never fit: such names are made of {called}"
