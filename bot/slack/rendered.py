"""A notice as Slack takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.notices import Notice


@dataclass(frozen=True, slots=True)
class Rendered:
    """`text` says everything (docs/slack.md, Messages); `blocks` is how it looks, empty for plain text."""

    text: str
    blocks: tuple[dict[str, object], ...] = ()


Render = Callable[[Notice], Rendered]
"""Pure: the same notice always gives the same message."""
