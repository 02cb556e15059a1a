"""Lines from standard input, without holding up the event loop or the end of the process."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
import threading
from typing import Final

_CHUNK: Final = 65_536
LINE_LIMIT: Final = 1_000_000
"""Characters: what is longer is handed on in parts."""


class Keyboard:
    """What is typed, line by line and without line ends; bytes that are no UTF-8 become U+FFFD."""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        # A pipe, a file and a terminal are all read by a thread, since no selector takes all three. It reads the
        # descriptor itself: a buffered reader's lock, held at the end of the process, would break its exit.
        threading.Thread(target=self._read, name="keyboard", daemon=True).start()

    @property
    def by_hand(self) -> bool:
        """Whether somebody sits there, who sees what comes meanwhile."""
        return os.isatty(self._descriptor) and sys.stdout.isatty()

    async def line(self) -> str | None:
        """The next line; None at the end of the input."""
        return await self._lines.get()

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while True:
            try:
                data = os.read(self._descriptor, _CHUNK)
            except OSError:
                data = b""
            rest += decoder.decode(data, final=not data)
            *whole, rest = rest.split("\n")
            if not data or len(rest) > LINE_LIMIT:
                whole, rest = [*whole, *([rest] if rest else [])], ""
            for line in whole:
                self._tell(line.removesuffix("\r"))
            if not data:
                return self._tell(None)

    def _tell(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            return  # the loop is closed: nobody listens any more
