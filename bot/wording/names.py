"""Names that fit: whole where there is room, else cut in the middle so that every piece still shows."""

from __future__ import annotations

from typing import Final

from bot.core.resources import Ref
from bot.wording.document import Code, Piece
from bot.wording.foreign import cut_middle, foreign

LOCK_SCREEN: Final = 80
"""Characters of a message that a locked phone shows."""
HIDDEN: Final = "something this channel may not see"


def fitted(ref: Ref, room: int) -> str:
    """`prod ks/flux-system/apps` in at most `room` characters, where that is possible at all.

    Cluster, namespace and name share what is left: a short one stays whole, long ones lose their middles.
    """
    whole = str(ref)
    if len(whole) <= room:
        return whole
    pieces = [ref.cluster, ref.namespace, ref.name]
    left = room - len(ref.kind.short) - 3
    shares = dict.fromkeys(range(3), 0)
    for place, index in enumerate(sorted(shares, key=lambda each: len(pieces[each]))):
        shares[index] = max(min(len(pieces[index]), left // (3 - place)), 1)
        left -= shares[index]
    cluster, namespace, name = (cut_middle(piece, shares[index]) for index, piece in enumerate(pieces))
    return f"{cluster} {ref.kind.short}/{namespace}/{name}"


def seen_from(ref: Ref, here: Ref) -> str:
    """The shortest name that is clear beside another: `backend`, `ks/shop/backend`, `prod ks/shop/backend`."""
    if ref.cluster != here.cluster:
        return str(ref)
    same = ref.kind == here.kind and ref.namespace == here.namespace
    return ref.name if same else ref.short


def named(ref: Ref | None, here: Ref | None = None) -> Piece:
    """An object inside a sentence; None is one that may not be named."""
    if ref is None:
        return HIDDEN
    return Code(ref.short if here is None or ref.cluster == here.cluster else str(ref))


def head_room(status: str, reason: str) -> int:
    """What is left for the name when status and reason have to show on a locked phone."""
    return LOCK_SCREEN - len(status) - len(reason) - 3


def word(reason: str, most: int = 40) -> str:
    """A reason as one word: Flux writes it so, others may not."""
    return cut_middle("".join(foreign(reason).split()), most)
