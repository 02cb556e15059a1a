"""One row of the Web API's table."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.demo.slack.answers import Answer
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.site import Site

Run = Callable[[Site, Arguments], Answer]


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its arguments, the scopes of which it needs at least one, and whose token it takes."""

    name: str
    run: Run
    required: frozenset[str] = field(default_factory=frozenset)
    optional: frozenset[str] = field(default_factory=frozenset)
    scopes: tuple[str, ...] = ()
    app_token: bool = False


def words(names: str) -> frozenset[str]:
    """Argument names written in one line."""
    return frozenset(names.split())
