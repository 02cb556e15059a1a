"""How long a request may take before we stop waiting for it (docs/flux.md, "The judge")."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.core.kinds import HELM_RELEASE, KUSTOMIZATION
from bot.core.resources import Snapshot

MARGIN: Final = timedelta(seconds=30)
"""Flux's own limit must come first, so that it is Flux who says what timed out."""
SHORTEST: Final = timedelta(seconds=30)
"""A Kustomization waits at least so long, whatever its spec says."""
LONGEST: Final = timedelta(days=1)
"""Nobody waits for longer, and what a spec says may lie beyond all dates."""
HELM_TIMEOUT: Final = timedelta(minutes=5)
SOURCE_TIMEOUT: Final = timedelta(minutes=1)


def patience(now: Snapshot, floor: timedelta) -> timedelta:
    """How long its own spec lets a run take, of which a day counts at most; never less than `floor`."""
    kind, timeout = now.ref.kind, min(now.timeout, LONGEST) if now.timeout is not None else None
    if kind == KUSTOMIZATION:
        own = timeout or (min(now.interval or timedelta(0), LONGEST) - timedelta(seconds=30))
        return max(max(own, SHORTEST) + MARGIN, floor)
    if kind == HELM_RELEASE:
        undoes = now.remediation.upgrade_retries != 0 or now.remediation.install_retries != 0
        undo = 2 if undoes else 1
        return max((timeout or HELM_TIMEOUT) * undo + MARGIN, floor)
    return max((timeout or SOURCE_TIMEOUT) + MARGIN, floor)
