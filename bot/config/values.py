"""How single settings are read. Every complaint says what is wanted and never quotes what was given."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, SecretStr

from bot.config.clusters import ClusterSetting, parse_clusters
from bot.config.durations import parse_span
from bot.config.problems import listed

FORGES: Final = ("github", "gitlab", "gitea", "bitbucket", "bitbucket-server", "azure")
"""Kinds of forge that bot.core.revisions knows the compare pages of."""

_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_COMMAND: Final = re.compile(r"/[a-z0-9_-]{1,31}")
_SENTENCE: Final = re.compile(r"[^\W_][\w ,.:'-]{0,59}")
_TEAM: Final = re.compile(r"T[A-Z0-9]{2,30}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9-]{16,}")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_SPACE: Final = re.compile(r"\s")


def secret(prefix: str, what: str) -> BeforeValidator:
    """A token or secret of letters, digits and dashes; white space around it (a file's last line end) is dropped."""

    def read(value: str) -> SecretStr:
        text = value.strip()
        if not text.startswith(prefix) or not _TOKEN.fullmatch(text):
            raise ValueError(f"is not {what}")
        return SecretStr(text)

    return _from_text(read)


def lasting(shortest: str, longest: str) -> BeforeValidator:
    """A span of time within bounds."""

    def read(value: str) -> timedelta:
        span, low, high = parse_span(value), parse_span(shortest), parse_span(longest)
        if span is None or low is None or high is None or not low <= span <= high:
            raise ValueError(f"must be a time between {shortest} and {longest}, such as 30s, 5m or 1m30s")
        return span

    return _from_text(read)


def namespace() -> BeforeValidator:
    return _matching(_NAMESPACE, "a namespace's name")


def channel_command() -> BeforeValidator:
    return _matching(_COMMAND, "a slash command: a slash, then up to 31 small letters, digits, dashes, underscores")


def team_id() -> BeforeValidator:
    return _matching(_TEAM, "a workspace id (T…)")


def api_url() -> BeforeValidator:
    """The base of Slack's Web API. Tokens go there, so it is https unless it is this machine."""

    def read(value: str) -> str:
        parts = _url_parts(value)
        host = parts.hostname or "" if parts else ""
        if parts is None or parts.scheme not in {"https", "http"} or not host or parts.username or parts.query:
            raise ValueError("must be a URL such as https://slack.com/api/, without user and query")
        if parts.scheme == "http" and not _is_loopback(host):
            raise ValueError("must be https: the bot token is sent there")
        if not parts.path.endswith("/"):
            raise ValueError('must end with "/"')
        return value

    return _from_text(read)


def sentence() -> BeforeValidator:
    return _matching(_SENTENCE, "up to 60 letters, digits, blanks and , . : ' -")


def proxy_url() -> BeforeValidator:
    """An HTTP proxy; a secret, because the address may hold a name and a password."""

    def read(value: str) -> SecretStr:
        text = value.strip()
        parts = _url_parts(text)
        if parts is None or parts.scheme not in {"https", "http"} or not parts.hostname or _SPACE.search(text):
            raise ValueError("must be a URL such as http://proxy.example.com:3128")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("must end after the host and the port")
        return SecretStr(text)

    return _from_text(read)


def cluster_list() -> BeforeValidator:
    def read(value: str) -> tuple[ClusterSetting, ...]:
        clusters, wrong = [], []
        for each in parse_clusters(value):
            clusters.append(each) if isinstance(each, ClusterSetting) else wrong.append(each)
        if wrong:
            raise ValueError("; ".join(wrong))
        return tuple(clusters)

    return _from_text(read)


def namespace_list() -> BeforeValidator:
    """Names separated by commas; none is legal."""

    def read(value: str) -> tuple[str, ...]:
        names = _pieces(value)
        for number, name in enumerate(names, start=1):
            if not _NAMESPACE.fullmatch(name):
                raise ValueError(f"entry {number} is not a namespace's name")
        return tuple(dict.fromkeys(names))

    return _from_text(read)


def forge_list() -> BeforeValidator:
    """HOST=KIND, separated by commas."""

    def read(value: str) -> tuple[tuple[str, str], ...]:
        pairs = []
        for number, piece in enumerate(_pieces(value), start=1):
            host, _, kind = (part.strip() for part in piece.partition("="))
            if not _HOST.fullmatch(host.lower()) or kind not in FORGES:
                raise ValueError(f"entry {number} is not HOST=KIND, where KIND is {listed(FORGES)}")
            pairs.append((host.lower(), kind))
        return tuple(pairs)

    return _from_text(read)


def _from_text(read: Callable[[str], object]) -> BeforeValidator:
    """Texts are read; defaults, which are values already, pass."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


def _matching(pattern: re.Pattern[str], what: str) -> BeforeValidator:
    def read(value: str) -> str:
        if not pattern.fullmatch(value.strip()):
            raise ValueError(f"is not {what}")
        return value.strip()

    return _from_text(read)


def _pieces(value: str) -> list[str]:
    return [piece.strip() for piece in value.split(",") if piece.strip()]


def _url_parts(value: str) -> SplitResult | None:
    """None when it is no URL; a port that is no number from 0 to 65535 makes it none."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
