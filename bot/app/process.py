"""What a process that is the bot and nothing else does once, before it serves."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Final

_TRIM_THRESHOLD: Final = -1
"""glibc's name for the option in `mallopt`."""
_KEPT: Final = 128 * 1024


def settle() -> None:
    """Keeps the event loop from long stops, and memory from staying as large as it was while everything was listed.

    What is imported stays for good: a collection that walks over it stops everything for 50 ms. And glibc keeps twice
    the largest block that was ever freed, unless it is told how much; other C libraries have no such option.
    """
    gc.freeze()
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_TRIM_THRESHOLD, _KEPT)
