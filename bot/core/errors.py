"""What an edge raises when it could not answer. Expected outcomes are values, never these.

BotError
├── ClusterError        a cluster did not do what was asked
│   ├── Unreachable     no answer at all: network, TLS, time-out
│   ├── Unauthorized    401: our credentials
│   ├── Forbidden       403: our RBAC
│   ├── Rejected        the API server understood and refused (400, 409, 422 …)
│   └── Overloaded      429, 500, 503, 504 after our own retries
├── ChatError           Slack did not do what was asked
└── StoreError          the state could not be read or written
    └── Settled         it could, and the request is unknown or has ended
"""

from __future__ import annotations


class BotError(Exception):
    """Text for a person: what, where, what to do next. Never a body, a token or an address with credentials."""


class ClusterError(BotError):
    """A cluster could not answer."""

    def __init__(self, cluster: str, text: str) -> None:
        super().__init__(text)
        self.cluster = cluster


class Unreachable(ClusterError):
    """No answer within the limit, or no connection. Whether a write went through is unknown."""


class Unauthorized(ClusterError):
    """The cluster does not accept our credentials."""


class Forbidden(ClusterError):
    """RBAC refuses; `missing` names the verb and the plural that the bot's role lacks."""

    def __init__(self, cluster: str, text: str, missing: str = "") -> None:
        super().__init__(cluster, text)
        self.missing = missing


class Rejected(ClusterError):
    """The API server refused this one call; repeating it would not help."""


class Overloaded(ClusterError):
    """The API server asks for patience; `retry_after` in seconds when it said how much."""

    def __init__(self, cluster: str, text: str, retry_after: float | None = None) -> None:
        super().__init__(cluster, text)
        self.retry_after = retry_after


class ChatError(BotError):
    """Slack could not answer; `code` is Slack's own word for it when there was one."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class StoreError(BotError):
    """The store could not answer."""


class Settled(StoreError):
    """The store answers, and the answer is no: the request was never accepted, or it has ended already."""
