"""One call of the API, without a transport: what was asked and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

Json = dict[str, Any]
"""A raw Kubernetes object. Once stored it is never changed, only replaced."""

JSON: Final[Mapping[str, str]] = MappingProxyType({"Content-Type": "application/json"})
TEXT: Final[Mapping[str, str]] = MappingProxyType({"Content-Type": "text/plain; charset=utf-8"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `path` is as in the URL, still percent-encoded, without the query; header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


class Stream(Protocol):
    """The answer to a watch: status 200 and then one line after the other."""

    async def next(self) -> bytes | None:
        """The next line with its newline; None when the server ended the stream in good order.

        Raises ConnectionResetError when the stream was broken off.
        """
        ...

    def close(self) -> None:
        """The client has gone. Closing twice is fine."""
        ...
