"""Everything that a workspace holds, in one hand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from bot.demo.slack.calls import Budgets, Calls
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.links import Links
from bot.demo.slack.modals import Views
from bot.demo.slack.moments import Moments, Pulse, Serial
from bot.demo.slack.roster import Roster
from bot.demo.slack.state import Board
from bot.demo.slack.tickets import ResponseUrls, Triggers


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of one workspace; each keeps its own state and knows only what it needs of the others."""

    moments: Moments
    pulse: Pulse
    serial: Serial
    knobs: Knobs
    roster: Roster
    board: Board
    views: Views
    calls: Calls
    budgets: Budgets
    triggers: Triggers
    urls: ResponseUrls
    links: Links

    @classmethod
    def build(cls, knobs: Knobs, seconds: Callable[[], float]) -> Self:
        """A new workspace, nothing said in it yet."""
        moments, pulse, serial = Moments(seconds), Pulse(), Serial()
        return cls(
            moments=moments,
            pulse=pulse,
            serial=serial,
            knobs=knobs,
            roster=Roster(),
            board=Board(moments, pulse),
            views=Views(serial, pulse),
            calls=Calls(moments, pulse),
            budgets=Budgets(knobs, moments),
            triggers=Triggers(knobs, moments, serial),
            urls=ResponseUrls(knobs, moments, serial),
            links=Links(knobs, moments, pulse, serial),
        )
