"""What a modal or a home may be (docs/slack.md)."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bot.demo.slack.blocks import Surface, complaints
from bot.demo.slack.checks import Check, anything, boolean, complaint, one_of, shape, string
from bot.demo.slack.elements import ID, plain
from bot.demo.slack.shapes import as_objects

_REMEMBERED: Final[dict[str, Check]] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": ID,
}
MODAL: Final = shape(
    {"type": one_of("modal"), "title": plain(24), "blocks": anything},
    {
        **_REMEMBERED,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
HOME: Final = shape({"type": one_of("home"), "blocks": anything}, _REMEMBERED)
_SURFACES: Final[Mapping[str, tuple[Check, Surface]]] = MappingProxyType(
    {"modal": (MODAL, Surface.MODAL), "home": (HOME, Surface.HOME)}
)


def view_complaints(view: object, kind: str) -> tuple[str, ...]:
    """Everything that Slack would object to; `kind` is the only type that fits here, modal or home."""
    check, surface = _SURFACES[kind]
    blocks = view.get("blocks") if isinstance(view, dict) else None
    found = [*check(view, "/view"), *complaints(blocks, surface, "/view/blocks")]
    if isinstance(view, dict):
        found.extend(_needs_submit(view))
    return tuple(found)


def _needs_submit(view: Mapping[str, object]) -> Iterator[str]:
    asks = any(block.get("type") == "input" for block in as_objects(view.get("blocks")))
    if asks and view.get("type") == "modal" and view.get("submit") is None:
        yield complaint("a modal with input blocks must have submit", "/view/submit")
