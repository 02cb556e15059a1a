"""The table of faults in Kubernetes' shape: what an API server, or a proxy in front of it, says when it is ill."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from bot.demo.kube.refusals import Refusal, expired, unauthorized
from bot.demo.kube.store import event_line
from bot.demo.loopback import CutLine, Fault, HalfOpen, InstantClose, Reset, ResetAfter, Slow, Status

_JSON: Final = "application/json"

_REFUSALS: Final[Mapping[int, Refusal]] = MappingProxyType(
    {
        401: unauthorized(),
        403: Refusal(403, "Forbidden", 'forbidden: User "somebody" cannot do this', {"kind": "everything"}),
        409: Refusal(409, "Conflict", "Operation cannot be fulfilled: the object has been modified"),
        410: expired("too old resource version"),
        429: Refusal(429, "TooManyRequests", "the server has received too many requests"),
        500: Refusal(500, "InternalError", "Internal error occurred: the storage cannot be reached"),
        503: Refusal(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
    }
)


def refusing(code: int, retry_after: int | None = None) -> Status:
    """Answers with a Status object of that code, or with a proxy's page for 502 and 504. Raises KeyError for others.

    `retry_after` is in seconds; 429 always asks for one.
    """
    if code in (502, 504):
        return Status(code, f"<html><body><h1>{code}</h1></body></html>", retry_after, "text/html")
    if code == 429 and retry_after is None:
        retry_after = 1
    return Status(code, _REFUSALS[code].answer().body.decode(), retry_after, _JSON)


EXPIRED_WATCH: Final = Status(
    200, event_line("ERROR", msgspec.json.encode(_REFUSALS[410].status)).decode(), content_type=_JSON
)
"""A watch whose version is too old: status 200, and the 410 inside."""

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        **{str(code): refusing(code) for code in (401, 403, 409, 410, 429, 500, 502, 503)},
        "reset": Reset(),
        "reset after processing": ResetAfter(),
        "half-open": HalfOpen(),
        "cut line": CutLine(),
        "instant close": InstantClose(),
        "slow": Slow(3.0),
    }
)
"""Every fault there is, by name."""
