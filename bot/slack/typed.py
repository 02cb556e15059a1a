"""Undoes what clients, phones and Slack do to a typed command (docs/slack.md, "Commands"); pure.

A phone turns `--name` into `—name`, a desktop client links `apps.shop`, Slack escapes `&`: none of it was meant. What
comes out is what the person typed, as far as that can be known; whether it is a command is for bot/core/parsing.py.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.core.switches import LONG_OPTIONS

_SIGN: Final = re.compile(r"<([^<>\n]*)>")
_ASKER: Final = re.compile(r"([-—–]by[\s=]+)<@([A-Z0-9]+)\|[^<>\n]*>", re.IGNORECASE)
_BARE_HOST: Final = re.compile(r"https?://([^/?#@]+)/?")
_EMOJI: Final = re.compile(r"(?<!\S)(?::[a-z0-9_+'-]+:)+(?!\S)")
_WORD: Final = re.compile(r"[^\s,]+")
_WRAPPED: Final = re.compile(r"([*_~])(.+)\1")
_ENDING: Final = re.compile(r"(?<=[\w\"'*~])[.!?:;…]+$")
_DASHES: Final = "‐‑‒–―−﹘﹣－⁃"
_LEADING_DASHES: Final = re.compile(r"([-—]+)(\w.*)")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
"""`&amp;` last: `&amp;lt;` is somebody's `&lt;`, not their `<`."""

_CHARACTERS: Final = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″＂", '"'),
        **dict.fromkeys("‘’‚‛′＇", "'"),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys("，、", ","),
        **dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"),
        **dict.fromkeys("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0", None),
        **dict.fromkeys("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff", None),
        "\t": " ",
        "`": None,
    }
)


def plain(text: str, command: str) -> str:
    """The text as it was typed. Total: surrogates, control and invisible characters are dropped, never an error.

    A mention in front of everything addresses us as the slash command would, so it becomes `command`, which the
    parser drops.
    """
    # Whom `--by` names is looked for by id; elsewhere the name is what the person saw.
    signed = _SIGN.sub(_sign, _ASKER.sub(r"\1@\2", text))
    for entity, char in _ENTITIES:
        signed = signed.replace(entity, char)
    visible = "".join(map(_visible, signed.translate(_CHARACTERS)))
    words = _WORD.sub(_word, _EMOJI.sub(" ", visible)).strip()
    if text.lstrip().startswith("<@") and words.startswith("@"):
        return " ".join((command, *words.split(maxsplit=1)[1:]))
    return words


def _sign(found: re.Match[str]) -> str:
    """A person, channel, group or link between angle brackets, back to its own text."""
    body, _, label = found[1].partition("|")
    match body[:1]:
        case "@" | "#":
            return body[0] + (label or body[1:])
        case "!":
            return label or f"@{body[1:].removeprefix('subteam^')}"
        case _:
            host = _BARE_HOST.fullmatch(body)
            return label or (host[1] if host else body.removeprefix("mailto:"))


def _visible(char: str) -> str:
    """The character, a blank for one that only separates or decorates, nothing for one that nobody can see."""
    if char == "\n":
        return char
    match unicodedata.category(char):
        case "Zs" | "So":
            return " "
        case "Cc" | "Cf" | "Cs" | "Co" | "Cn":
            return ""
        case "Mn" if unicodedata.name(char, "").startswith("VARIATION SELECTOR"):
            return ""
        case _:
            return char


def _word(found: re.Match[str]) -> str:
    """One word without the bold around it and the full stop behind it, its dashes as two or one."""
    word = found[0]
    for _ in range(4):
        trimmed = _ENDING.sub("", word)
        wrapped = _WRAPPED.fullmatch(trimmed)
        word = wrapped[2] if wrapped else trimmed
    dashed = _LEADING_DASHES.fullmatch(word)
    if dashed is None:
        return word.replace("—", "--")
    dashes, rest = dashed[1], dashed[2].replace("—", "--")
    name = rest.partition("=")[0].lower()
    if len(name) > 1 and ("—" in dashes or name in LONG_OPTIONS or dashes == "--"):
        return f"--{rest}"
    return f"-{rest}" if len(name) == 1 else f"{dashes}{rest}"
