"""Secrets of known shapes, taken out of a text that comes from outside before a person or a log sees it.

Conditions, events and API errors quote what they were about: a URL with its password, a header, a Secret that would
not apply. Nobody can recognise every secret; what has a shape is recognised here. Mask a text before it is cut: a
token cut in half is no longer known for one.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"
_PASSES: Final = 4
"""A mask may bring two halves of another shape together; more than one further pass was never needed."""

_VALUE: Final = r"[^\s\"',;&\]\[{}()<>\\]+"
_TOKENS: Final = (
    r"xox[a-z][.-][A-Za-z0-9.-]{6,}",
    r"xapp-[A-Za-z0-9-]{6,}",
    r"gh[opsur]_[A-Za-z0-9]{16,}",
    r"github_pat_[A-Za-z0-9_]{16,}",
    r"gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.=-]{10,}",
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    # Only where a word begins: else every `eyJ` of a long text without a dot is tried anew.
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*",
)
_NAMED: Final = (
    r"passw(?:or)?d|passphrase|pwd|client[_-]?secret|webhook[_-]?secret|api[_-]?key"
    r"|(?:access|refresh|id|private|session|security|auth|amz-security)[_-]?token|x-(?:amz|goog)-signature"
)
_IN_QUERY: Final = r"token|sig|ticket|key|secret|code"
"""Common words (our own requests have tokens too): secrets only as parameters of an address."""
_SCHEMES: Final = r"bearer|basic|token|negotiate|digest|ntlm"

_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # A key without its end was cut by somebody before us: all that follows is taken for the key.
    (
        re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL),
        rf"{MASK} (\1)",
    ),
    # `git` is everybody's user name over ssh.
    (re.compile(r"(?<=://)(?!git@)[^\s/?#\"'<>\\]+@"), f"{MASK}@"),
    # A password with an unescaped slash; a port is no password.
    (re.compile(r"(?<=://)[^\s/:@\[?#\"'<>]{1,256}:(?!\d{1,5}/)[^\s@\"'<>]{1,1024}@"), f"{MASK}@"),
    (re.compile(r"(hooks\.slack(?:-gov)?\.com/)[A-Za-z0-9_/%.-]+"), rf"\1{MASK}"),
    (
        re.compile(rf"(?i)(authorization[\"']?\s{{0,4}}[:=]\s{{0,4}}\[?[\"']?(?:(?:{_SCHEMES})\s{{1,4}})?){_VALUE}"),
        rf"\g<1>{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)(\s{1,4})(?:[A-Za-z0-9._~+/=-]{20,})"), rf"\1\2{MASK}"),
    # Shorter ones only where they cannot be a word: `Basic authentication` stays.
    (
        re.compile(
            r"\b([Bb]earer|[Bb]asic)(\s{1,4})(?=[A-Za-z]{0,20}[0-9._~+/=]|[A-Za-z][a-z]{0,20}[A-Z])[A-Za-z0-9._~+/=-]{6,}"
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile("|".join(_TOKENS)), MASK),
    # Forty characters that are no commit.
    (
        re.compile(
            r"(?i)(secret[_ -]?(?:access[_ -]?)?key\w{0,8}[\"']?[\s:=>]{1,6}[\"']?)"
            r"(?-i:(?![0-9a-f]{40}(?![A-Za-z0-9/+])))[A-Za-z0-9/+]{40}={0,2}"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(rf"(?i)([?&](?:{_IN_QUERY})=){_VALUE}"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(?<![A-Za-z0-9])((?:{_NAMED})=[\"']?){_VALUE}"), rf"\1{MASK}"),
    (re.compile(rf"(?i)([\"'](?:{_NAMED})[\"']\s{{0,4}}:\s{{0,4}}[\"'])[^\"']{{1,4096}}"), rf"\1{MASK}"),
)

_JSON_BODY: Final = r"(?:[^{}\"]|\"(?:\\.|[^\"\\])*\"?)*"
_FIELD: Final = r"(?:(?<=\\n)|\b)(?:data|stringData)"
"""Behind a line break too that somebody wrote as two signs."""
_SECRET_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(rf"({_FIELD}\\?[\"']?:\s{{0,4}}\{{){_JSON_BODY}(\}}?)"), rf"\1{MASK}\2"),
    # Go prints a map with its keys sorted, so the field behind it is one of these.
    (
        re.compile(rf"(?s)({_FIELD}:map\[).*?(?=\]?\s(?:immutable|kind|metadata|stringData|type):|\Z)"),
        rf"\1{MASK}",
    ),
    (re.compile(rf"(?s)({_FIELD}:[ ]{{0,4}}\\n).*?(?=\\n[^\s\\]|\n|\Z)"), rf"\1{MASK}"),
    (
        re.compile(rf"({_FIELD}(?:\[[^\]\n]{{1,300}}\]|\.[^\s:]{{1,300}}): Invalid value: )\"(?:\\.|[^\"\\])*\"?"),
        rf'\1"{MASK}"',
    ),
)
_BLOCK: Final = re.compile(r"^(\s*(?:- )?)(?:data|stringData):\s*$")
_OF_SECRET: Final = re.compile(r"stringData|Secret\b|secret/")


def mask(text: str) -> str:
    """The text with every secret of a known shape replaced by `***`. Never fails; masking twice changes nothing."""
    for _ in range(_PASSES):
        masked = _once(text)
        if masked == text:
            return text
        text = masked
    return text


def _once(text: str) -> str:
    if _OF_SECRET.search(text):
        text = _mask_block(text)
        for pattern, instead in _SECRET_RULES:
            text = pattern.sub(instead, text)
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return _mask_tail_of_key(text)


def _mask_block(text: str) -> str:
    """Everything below a line `data:` that is indented deeper than it."""
    kept: list[str] = []
    depth: int | None = None
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if depth is not None and (not line.strip() or indent > depth):
            if kept[-1].strip() != MASK:
                kept.append(" " * (depth + 2) + MASK)
            continue
        block = _BLOCK.match(line)
        depth = len(block[1]) if block else None
        kept.append(line)
    return "\n".join(kept)


_KEY_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,30}KEY-----")


def _mask_tail_of_key(text: str) -> str:
    """A private key whose first line was cut off."""
    pieces: list[str] = []
    start = 0
    for end in _KEY_END.finditer(text):
        at = end.start()
        while at > start and (text[at - 1].isalnum() or text[at - 1] in "+/=\\\n\r"):
            at -= 1
        pieces += (text[start:at], MASK)
        start = end.end()
    return "".join((*pieces, text[start:]))
