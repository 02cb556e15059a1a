"""The events that mean more than a log line: how grave each is and which metrics it moves.

An event without a row is logged at level info and counted by its name. A new metric is a row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Counts:
    """Adds 1, or the fact called `by`."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """Observes the fact `seconds` in a histogram."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Holds:
    """Sets a gauge to the fact called `by`, or to `to`."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    by: str = ""
    to: float = 0.0


Meter = Counts | Times | Holds


@dataclass(frozen=True, slots=True)
class Row:
    """What one event does."""

    meters: tuple[Meter, ...] = ()
    warning: bool = False
    quiet: bool = False
    """Too frequent for a line: only at level debug."""


_QUICK: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG: Final = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)

_BLIND: Final = "watch_blind"
_BLIND_TEXT: Final = "1 while a watch is dead."

_BROKEN: Final = "cluster_broken"
_BROKEN_TEXT: Final = "1 while a cluster is asked twice a second at most, because it fails."

_BY_WATCH: Final = ("cluster", "kind")

_OF_REQUESTS: Final[dict[str, Row]] = {
    "accepted": Row((Counts("requests_accepted", "Requests taken.", ("verb",)),)),
    "patched": Row((Counts("patches", "Requests sent to objects.", _BY_WATCH),)),
    "followed": Row((Times("follow_seconds", "From a patch to its verdict.", ("kind", "verdict"), _LONG),)),
    "ended": Row(
        (
            Counts("requests_ended", "Requested objects by how they ended.", ("verb", "outcome")),
            Times("request_seconds", "From the command to its end, per object.", ("verb", "outcome"), _LONG),
        )
    ),
    "healed": Row((Counts("healed", "Failures that Flux mended by itself."),)),
    "cancelled": Row((Counts("cancels", "Requests that somebody cancelled."),)),
    "refused": Row((Counts("refusals", "Refusals by reason.", ("reason",)),)),
    "store.waiting": Row((Counts("store_waits", "Tries to store an end that failed."),), warning=True),
    "store.refused": Row((Counts("store_refusals", "Commands that could not be recorded."),), warning=True),
    "joined": Row((Counts("joined_requests", "Double sends that joined an earlier request."),)),
    "duplicate": Row((Counts("duplicate_deliveries", "Deliveries that Slack sent again."),)),
    "conveyed": Row(
        (Times("notice_to_slack_seconds", "From a state of a request to Slack showing it.", (), _QUICK),),
        quiet=True,
    ),
}

_OF_SLACK: Final[dict[str, Row]] = {
    "slack.event": Row((Counts("slack_deliveries", "What Slack sent, by its kind.", ("kind",)),), quiet=True),
    "slack.duplicate": Row((Counts("slack_duplicates", "Deliveries that Slack sent again, dropped early."),)),
    "slack.garbled": Row((Counts("slack_garbled", "Deliveries that we could not read.", ("kind",)),), warning=True),
    "slack.called": Row(
        (
            Counts("slack_calls", "Calls of the Web API.", ("method", "outcome")),
            Holds("slack_queue_depth", "Calls that wait for their turn.", ("method",), by="waiting"),
        ),
        quiet=True,
    ),
    "slack.limited": Row(
        (
            Counts("slack_calls", "Calls of the Web API.", ("method", "outcome")),
            Counts("slack_rate_limited", "Answers 429.", ("method",)),
            Counts("slack_paused_seconds", "How long 429 made us wait.", ("method",), by="seconds"),
            Holds("slack_queue_depth", "Calls that wait for their turn.", ("method",), by="waiting"),
        ),
        warning=True,
    ),
    "slack.queued": Row((Holds("courier_queue_depth", "Messages not yet shown.", (), by="depth"),), quiet=True),
    "slack.post_lost": Row((Counts("slack_posts_lost", "Posts whose answer is unknown.", ("part",)),), warning=True),
    "slack.given_up": Row((Counts("slack_given_up", "Notices given up.", ("part", "code")),), warning=True),
    "slack.no_rights": Row(
        (Counts("slack_no_rights", "Calls that the token may not make.", ("why",)),), warning=True
    ),
    "slack.whisper_lost": Row((Counts("slack_whispers_lost", "Answers that nobody could read."),), warning=True),
    "slack.linked": Row((Counts("slack_links", "Socket Mode connections opened."),)),
    "slack.link_lost": Row((Counts("slack_links_lost", "Socket Mode connections lost."),), warning=True),
    "slack.no_link": Row((Counts("slack_no_link", "Connections refused or failed.", ("outcome",)),), warning=True),
    "slack.http_refused": Row((Counts("slack_http_refused", "Requests that were not Slack's."),), warning=True),
    "slack.reply_refused": Row(warning=True),
    "slack.library": Row(warning=True),
}

_OF_CLUSTERS: Final[dict[str, Row]] = {
    "cluster_called": Row(
        (
            Counts("cluster_calls", "Calls of API servers.", ("cluster", "verb", "outcome")),
            Times("cluster_call_seconds", "How long API servers took.", ("cluster", "verb"), _QUICK),
        ),
        quiet=True,
    ),
    "cluster_broken": Row((Holds(_BROKEN, _BROKEN_TEXT, ("cluster",), to=1.0),), warning=True),
    "cluster_mended": Row(
        (
            Holds(_BROKEN, _BROKEN_TEXT, ("cluster",), to=0.0),
            Counts("cluster_broken_seconds", "How long clusters were broken.", ("cluster",), by="seconds"),
        )
    ),
    "watch_restarted": Row((Counts("watch_restarts", "Lists begun anew.", _BY_WATCH),)),
    "watch_blind": Row((Holds(_BLIND, _BLIND_TEXT, _BY_WATCH, to=1.0),), warning=True),
    "watch_sees": Row(
        (
            Holds(_BLIND, _BLIND_TEXT, _BY_WATCH, to=0.0),
            Counts("watch_blind_seconds", "How long watches were dead.", _BY_WATCH, by="seconds"),
        )
    ),
    "held": Row((Holds("cached_objects", "Objects in the cache.", _BY_WATCH, by="count"),), quiet=True),
}

_OF_THE_PROCESS: Final[dict[str, Row]] = {
    "loop_late": Row(
        (Counts("loop_late_seconds", "How far the event loop fell behind.", by="seconds"),), warning=True
    ),
}

EVENTS: Final[dict[str, Row]] = {**_OF_REQUESTS, **_OF_SLACK, **_OF_CLUSTERS, **_OF_THE_PROCESS}
