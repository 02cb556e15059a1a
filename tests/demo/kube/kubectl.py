"""The real kubectl, in a home of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import sysconfig
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.demo.kube.kubeconfig import Entry, kubeconfig

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Said:
    """What one command said, and how it ended."""

    out: str
    err: str
    code: int

    @property
    def rows(self) -> list[list[str]]:
        """The words of each line."""
        return [line.split() for line in self.out.splitlines()]


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Commands against one server, as the context that is named first."""

    kubeconfig: Path
    home: Path

    @classmethod
    def at(cls, url: str, folder: Path, tokens: Mapping[str, str]) -> Kubectl:
        """A kubeconfig with one context per token, each in the namespace default."""
        target = folder / "kubeconfig"
        target.write_text(kubeconfig({name: Entry(url, token) for name, token in tokens.items()}))
        return cls(target, folder)

    async def __call__(self, *words: str) -> Said:
        process = await self._start(*words)
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
        return Said(out.decode(), err.decode(), process.returncode or 0)

    async def ok(self, *words: str) -> Said:
        """A command that must go well."""
        said = await self(*words)
        assert said.code == 0, said.err
        return said

    @asynccontextmanager
    async def watching(self, *words: str) -> AsyncIterator[asyncio.StreamReader]:
        """A command that runs until the block ends; its output, line by line."""
        process = await self._start(*words)
        try:
            assert process.stdout is not None
            yield process.stdout
        finally:
            process.kill()
            await process.communicate()

    async def _start(self, *words: str) -> asyncio.subprocess.Process:
        # The one of this Python's environment, not one that the machine may have.
        program = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
        assert program is not None
        return await asyncio.create_subprocess_exec(
            program,
            *words,
            env={**os.environ, "HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
