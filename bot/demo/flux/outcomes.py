"""What a run says about the next one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rest:
    """The run came to its end; the next is due after so many seconds, or (None, 0) only when something changes."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The run wants another one, as soon as the back-off allows."""


Outcome = Rest | Again
