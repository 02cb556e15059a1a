"""What a process that is the bot and nothing else does once, before it serves."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Final

_TRIM_THRESHOLD: Final = -1
"""glibc's name for the option in `mallopt`."""
_KEPT: Final = 128 * 1024
_OLD_AGE: Final = 100
"""Collections of the middle generation between two of the oldest; Python's own number is 10."""


def settle() -> None:
    """Keeps the event loop from long stops, and memory from staying as large as it was while everything was listed.

    What is imported stays for good: a collection that walks over it stops everything for 50 ms. One over all that
    lives takes as long in a crowd, so it comes a tenth as often; what dies young is collected as before. And glibc
    keeps twice the largest block that was ever freed, unless it is told how much. Other C libraries have no such
    option.
    """
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], _OLD_AGE)
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_TRIM_THRESHOLD, _KEPT)
