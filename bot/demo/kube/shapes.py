"""In which shape a caller wants an answer: plain JSON, a Table, or aggregated discovery."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from bot.demo.kube.refusals import Refusal, not_acceptable

ACCEPTED: Final = "application/json"


class Shape(Enum):
    """What may be asked for with `Accept`."""

    PLAIN = "plain"
    TABLE = "Table"
    DISCOVERY = "APIGroupDiscoveryList"


def wanted(headers: Mapping[str, str], *offered: Shape) -> Shape | Refusal:
    """The first shape of the Accept header that is offered; without a header it is plain JSON."""
    accept = headers.get("accept", "")
    if not accept or accept == ACCEPTED:
        return Shape.PLAIN
    for kind, options in _media(accept):
        if kind not in (ACCEPTED, "*/*", "application/*"):
            continue
        special = options.get("as")
        if special is None:
            return Shape.PLAIN
        version = {"v2": "v2", "v1": "v1"}.get(options.get("v", ""))
        for shape in offered:
            if special == shape.value and version == ("v2" if shape is Shape.DISCOVERY else "v1"):
                return shape
    return not_acceptable(ACCEPTED)


def _media(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    for part in accept.split(","):
        kind, *options = (piece.strip() for piece in part.split(";"))
        yield kind, dict(option.split("=", 1) for option in options if "=" in option)
