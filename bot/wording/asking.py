"""Commands of ours inside a message: each one parses to what the sentence around it promises."""

from __future__ import annotations

from bot.core.printing import printed, reconcile, target_of
from bot.core.requests import Options
from bot.core.resources import Ref
from bot.wording.document import Run


def ask(command: str, ref: Ref, *, with_source: bool = False) -> Run:
    """The command that reconciles exactly this object."""
    return Run(f"{command} {printed(reconcile((target_of(ref),), Options(with_source=with_source)))}")
