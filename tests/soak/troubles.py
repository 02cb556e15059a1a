"""What we break between the bot and the API server, and for how long."""

from dataclasses import dataclass, field
from enum import Enum

from tests.soak.evidence import Fault


class Break(Enum):
    """What becomes of a call."""

    ERROR_500 = "answered with 500"
    ERROR_503 = "answered with 503"
    TOO_MANY = "answered with 429 and Retry-After 1"
    RESET = "cut off before it arrived"
    RESET_AFTER = "carried out, and cut off before the answer"
    SLOW = "answered after 4 s"


class Which(Enum):
    """Which calls."""

    PATCHES = "patches"
    READS = "reads"
    WATCHES = "lists and watches"
    ALL = "all calls"


@dataclass(slots=True)
class Trouble:
    """Breaks calls of one sort from now until a moment, but at most so many."""

    which: Which
    what: Break
    until: float
    left: int


@dataclass(slots=True)
class Troubles:
    """The troubles that stand, and a record of each that hit."""

    standing: list[Trouble] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def meets(self, now: float, sort: Which) -> Break | None:
        """What breaks this call, if anything does."""
        for each in self.standing:
            if now < each.until and each.left > 0 and each.which in {sort, Which.ALL}:
                each.left -= 1
                self.note(now, now + 5, f"{sort.value} {each.what.value}")
                return each.what
        return None

    def note(self, since: float, until: float, what: str) -> None:
        self.faults.append(Fault(since, until, what))
