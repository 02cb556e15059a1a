"""Cutting a command into words: quotes, commas, lines and their bullets, nothing of their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.core.commands import Trouble, Unparsed

_QUOTES: Final = "\"'"
_SEPARATORS: Final = ",;\n"
_BULLETS: Final = ("-", "*", "•", "◦", "‣", "–")
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command."""

    text: str
    quoted: bool = False
    """It began with a quote: a name and nothing else, whatever it looks like."""
    opens: bool = False
    """The first word of the command, of a line, or after a comma."""
    first_of_line: bool = False

    @property
    def lowered(self) -> str:
        return self.text.lower()

    def says(self, *words: str) -> bool:
        """It is one of these (lower-case) words of ours, not somebody's name."""
        return not self.quoted and self.lowered in words


def unparsed(
    trouble: Trouble, word: str = "", nearest: tuple[str, ...] = (), valid: tuple[str, ...] = ()
) -> Unparsed:
    """The answer to a text that is no command, its word cut to what a message has room for."""
    return Unparsed(trouble, word if len(word) <= _SHOWN else f"{word[: _SHOWN - 1]}…", nearest[:3], valid)


@dataclass(slots=True)
class _Cutter:
    """Where the cutting of one text stands."""

    text: str
    at: int = 0
    opens: bool = True
    new_line: bool = True

    def words(self) -> tuple[Word, ...] | Unparsed:
        found: list[Word] = []
        while self._skip():
            word = self._word()
            if isinstance(word, Unparsed):
                return word
            if self._is_bullet(word):
                self.opens, self.new_line = word.opens, True
            else:
                found.append(word)
        return tuple(found)

    def _is_bullet(self, word: Word) -> bool:
        """It stands before the words of a line that was copied out of a list."""
        rest_of_line = self.text[self.at :].partition("\n")[0]
        bullet = word.first_of_line and not word.quoted and word.text in _BULLETS
        return bullet and bool(rest_of_line.strip())

    def _skip(self) -> bool:
        """Past blanks and separators to the next word; False at the end."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char not in _SEPARATORS and not char.isspace():
                return True
            self.opens |= char in _SEPARATORS
            self.new_line |= char == "\n"
            self.at += 1
        return False

    def _word(self) -> Word | Unparsed:
        begin, quoted = self.at, self.text[self.at] in _QUOTES
        pieces: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _SEPARATORS or char.isspace():
                break
            if char in _QUOTES and (self.at == begin or self.text[self.at - 1] == "="):
                end = self.text.find(char, self.at + 1)
                if end < 0:
                    return unparsed(Trouble.OPEN_QUOTE, self.text[self.at :])
                pieces.append(self.text[self.at + 1 : end])
                self.at = end + 1
            else:
                pieces.append(char)
                self.at += 1
        word = Word("".join(pieces), quoted, self.opens, self.new_line)
        self.opens = self.new_line = False
        return word


def cut(text: str) -> tuple[Word, ...] | Unparsed:
    """The words of a text, in order. A quote counts at the start of a word or of an option's value (`--name="x"`)."""
    return _Cutter(text).words()
