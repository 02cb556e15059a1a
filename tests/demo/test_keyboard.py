"""Lines of standard input, from whatever it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.keyboard import LINE_LIMIT, Keyboard


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    for end in (read, write):
        try:
            os.close(end)
        except OSError:
            continue


async def all_lines(keyboard: Keyboard) -> list[str]:
    lines = []
    async with asyncio.timeout(10):
        while (line := await keyboard.line()) is not None:
            lines.append(line)
    return lines


async def typed(pipe: tuple[int, int], data: bytes) -> list[str]:
    read, write = pipe
    keyboard = Keyboard(read)
    await asyncio.to_thread(_write_and_close, write, data)
    return await all_lines(keyboard)


def _write_and_close(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.close(descriptor)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"help\n", ["help"]),
        (b"help", ["help"]),
        (b"help\r\n\nks a\n", ["help", "", "ks a"]),
        ("ks mü→\n".encode(), ["ks mü→"]),
        (b"ks \xff\xfe a\nhelp\n", ["ks \ufffd\ufffd a", "help"]),
        (b"cut \xe2\x86", ["cut \ufffd"]),
        (b"nul\x00\n", ["nul\x00"]),
    ],
    ids=["nothing", "a line", "without an end", "other ends", "signs", "no UTF-8", "half a sign", "NUL"],
)
async def test_lines_come_as_they_were_typed(pipe: tuple[int, int], data: bytes, lines: list[str]) -> None:
    assert await typed(pipe, data) == lines


async def test_a_line_without_end_is_handed_on_in_parts_and_nothing_is_lost(pipe: tuple[int, int]) -> None:
    parts = await typed(pipe, b"x" * (LINE_LIMIT * 2 + 10))

    assert (len(parts) > 1, sum(map(len, parts))) == (True, LINE_LIMIT * 2 + 10)


async def test_a_file_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "typed"
    file.write_text("help\nks a\n", "utf-8")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        keyboard = Keyboard(descriptor)
        assert (keyboard.by_hand, await all_lines(keyboard)) == (False, ["help", "ks a"])
    finally:
        os.close(descriptor)
