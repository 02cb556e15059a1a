"""From what an API server answers, or fails to answer, to the errors of bot.core.errors.

Only the `message` of a Status object is ever shown, cleaned and cut: bodies may hold anything (docs/kubernetes.md,
"Answers").
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Final

import aiohttp
import msgspec

from bot.cluster.transport import Disconnected, Redirected
from bot.core.errors import ClusterError, Forbidden, Overloaded, Rejected, Unauthorized, Unreachable

SENTENCE_LIMIT: Final = 256
"""Characters of a server's sentence that we pass on."""

_PATIENCE_LIMIT: Final = 300.0
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Missing(Rejected):
    """404: no such object, or no such kind."""


class Expired(Rejected):
    """410: the resource version or the page is too old; list anew."""


class Conflict(Rejected):
    """409: somebody else wrote at the same moment, and nothing was done."""


class StatusDetails(msgspec.Struct):
    """The part of a Status that says how long to wait."""

    retryAfterSeconds: float | None = None  # noqa: N815 - the field's name on the wire


class Status(msgspec.Struct):
    """A Kubernetes Status object, as far as we read it."""

    kind: str | None = None
    message: str | None = None
    reason: str | None = None
    code: int | None = None
    details: StatusDetails | None = None


class Silent(Unreachable):
    """An open watch said nothing for longer than was waited."""


class Brief(Unreachable):
    """The server ended a watch as soon as it had begun, and said nothing in it."""


class Dropped(Unreachable):
    """The connection went away before an answer came; it may only have been an old one."""


class Unsent(Overloaded):
    """It certainly did not reach the server: there was no connection, or a broken cluster's calls were used up."""


def clean(text: str, limit: int = SENTENCE_LIMIT) -> str:
    """One line without control characters, at most `limit` characters."""
    line = _CONTROL.sub(" ", text[: limit * 4]).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def read_status(body: bytes) -> Status:
    """The Status in a body; an empty one when the body is something else."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Status()
    return status if status.kind == "Status" else Status()


def refusal(
    cluster: str,
    code: int,
    body: bytes,
    headers: Mapping[str, str],
    doing: str,
) -> ClusterError:
    """The error for an answer that is not 2xx. `doing` is the verb and the plural: `patch kustomizations`."""
    return from_status(cluster, code, read_status(body), doing, _seconds(headers.get("Retry-After")))


def from_status(
    cluster: str, code: int, status: Status, doing: str, retry_after: float | None = None
) -> ClusterError:
    """The error for a Status, whether it came as an answer or inside a watch."""
    said = clean(status.message or "")
    if retry_after is None and status.details is not None:
        retry_after = _bounded(status.details.retryAfterSeconds)
    text = f"{cluster}: {said}" if said else f"{cluster}: the API server answered {code} to `{doing}`"
    match code:
        case 401:
            return Unauthorized(cluster, f"{cluster}: the API server does not accept the bot's credentials")
        case 403:
            return Forbidden(cluster, text, missing=doing)
        case 404:
            return Missing(cluster, text)
        case 409:
            return Conflict(cluster, text)
        case 410:
            return Expired(cluster, text)
        case 429 | 500 | 502 | 503 | 504:
            return Overloaded(cluster, text, retry_after)
        case _:
            return Rejected(cluster, text)


def unreachable(cluster: str, error: BaseException) -> Unreachable:
    """The error for a connection that could not be made, broke, or stayed silent; never an address."""
    kind = Dropped if isinstance(error, Disconnected) else Unreachable
    return kind(cluster, f"{cluster}: {_why(error)}")


def _why(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return "the API server did not answer in time"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return "the API server's certificate is not one that the bot trusts"
        case aiohttp.ClientHttpProxyError():
            return f"the proxy in front of the API server answered {error.status}"
        case aiohttp.ClientConnectorDNSError():
            return "the API server's name is not known here"
        case aiohttp.ClientConnectorError():
            return "no connection to the API server"
        case Redirected():
            return "the API server's address points elsewhere"
        case _:
            return "the connection to the API server broke off"


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; a date or nonsense is None."""
    if header is None or not header.strip().isascii() or not header.strip().isdigit():
        return None
    return _bounded(float(header.strip()[:9]))


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(0.0, seconds), _PATIENCE_LIMIT)
