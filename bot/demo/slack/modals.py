"""The views that stand before people: stacks of modals, and one home each."""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Final

from bot.demo.slack.moments import Pulse, Serial
from bot.demo.slack.shapes import Json, as_text
from bot.demo.slack.state import with_ids
from bot.demo.slack.world import APP, BOT, TEAM

MOST_STACKED: Final = 3


@dataclass(frozen=True, slots=True)
class View:
    """One state of one view. `hash` changes with the content; `previous` is the view below it in the stack.

    `errors` is what the bot said to the last attempt to send it off: block_id to words.
    """

    id: str
    user: str
    content: Json
    hash: str
    root: str
    previous: str | None = None
    open: bool = True
    errors: Json = field(default_factory=dict)

    @property
    def is_home(self) -> bool:
        """Whether it is somebody's home and not a modal."""
        return self.content.get("type") == "home"


class Views:
    """Every view; `history` holds each of their states in order."""

    def __init__(self, serial: Serial, pulse: Pulse) -> None:
        self.history: list[View] = []
        self._current: dict[str, View] = {}
        self._serial = serial
        self._pulse = pulse

    def show(self, user: str, content: Json, below: View | None = None) -> View:
        """A new view: the first of a stack, or on top of `below`."""
        name = self._serial.next("V")
        root = name if below is None else below.root
        return self._keep(
            View(name, user, deepcopy(content), self._hash(), root, None if below is None else below.id)
        )

    def change(self, view: View, content: Json) -> View:
        """The same view with other content."""
        return self._keep(replace(view, content=deepcopy(content), hash=self._hash(), errors={}))

    def reject(self, view: View, errors: Json) -> View:
        """The same view with complaints under its inputs."""
        return self._keep(replace(view, errors=deepcopy(errors)))

    def close(self, view: View) -> View:
        """Take it away; the one below comes to light."""
        return self._keep(replace(view, open=False))

    def find(self, view_id: str) -> View | None:
        """The view as it stands, if it is still open."""
        view = self._current.get(view_id)
        return view if view is not None and view.open else None

    def named(self, external_id: str) -> View | None:
        """The open view to which the bot gave this name of its own."""
        for view in self._current.values():
            if view.open and as_text(view.content.get("external_id")) == external_id:
                return view
        return None

    def home(self, user: str) -> View | None:
        """Somebody's home, if one was published."""
        return next((v for v in self._current.values() if v.is_home and v.user == user), None)

    def stack(self, user: str) -> tuple[View, ...]:
        """The modals before this person, the lowest first."""
        return tuple(v for v in self._current.values() if v.open and not v.is_home and v.user == user)

    def _hash(self) -> str:
        return self._serial.next("h.")

    def _keep(self, view: View) -> View:
        self._current[view.id] = view
        self.history.append(view)
        self._pulse.beat()
        return view


def as_payload(view: View, values: Json | None = None) -> dict[str, object]:
    """The view as methods answer it and payloads carry it; `values` is what was filled in."""
    content = view.content
    blocks = content.get("blocks")
    return {
        "id": view.id,
        "team_id": TEAM,
        "type": content.get("type"),
        "blocks": with_ids(blocks if isinstance(blocks, list | tuple) else (), view.id),
        "private_metadata": as_text(content.get("private_metadata")),
        "callback_id": as_text(content.get("callback_id")),
        "state": {"values": dict(values or {})},
        "hash": view.hash,
        "title": content.get("title"),
        "clear_on_close": bool(content.get("clear_on_close")),
        "notify_on_close": bool(content.get("notify_on_close")),
        "close": content.get("close"),
        "submit": content.get("submit"),
        "previous_view_id": view.previous,
        "root_view_id": view.root,
        "app_id": APP,
        "external_id": as_text(content.get("external_id")),
        "app_installed_team_id": TEAM,
        "bot_id": BOT,
    }
