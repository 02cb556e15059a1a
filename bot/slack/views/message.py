"""A notice as a message: `text` that says everything, blocks that show it (docs/slack.md, "Messages")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from bot.core.notices import Notice
from bot.core.offers import Button, Press
from bot.core.vocabulary import DEFAULT_COMMAND
from bot.slack.rendered import Rendered
from bot.slack.text import (
    ACTIONS,
    BLOCKS,
    BUTTON_VALUE,
    CONTEXT_TEXT,
    MESSAGE_TEXT,
    PASSAGE,
    SECTION_TEXT,
    escape,
    label,
    length,
    mrkdwn,
    preformatted,
    preformatted_words,
    unformatted,
    words,
)
from bot.wording.document import Document, Line, Note, Part, Passage
from bot.wording.foreign import more
from bot.wording.plain import label as on_button
from bot.wording.sentences import document

Block = dict[str, object]

_LINE_IN_TEXT: Final = 1_000
"""One fact must not keep all others out of `text`."""
_PASSAGES_IN_ALL: Final = 12_000
_MARK: Final = 60
"""Room for saying how much was left out."""


def render(notice: Notice, command: str = DEFAULT_COMMAND) -> Rendered:
    """Pure: the same notice always gives the same message."""
    told = document(notice, command)
    return Rendered(_text(told), _blocks(told))


# --- Blocks -------------------------------------------------------------------------------------------------------


def _blocks(told: Document) -> tuple[Block, ...]:
    buttons = _actions(told.buttons)
    room = BLOCKS - 1 - len(buttons)
    parts, left_out = _parts(told.parts, room)
    rest = [_context(f"… {left_out:,} more facts; ask for fewer objects to see them")] if left_out else []
    return (_section(mrkdwn(told.head.spans, SECTION_TEXT)), *parts, *rest, *buttons)


def _parts(parts: Sequence[Part], room: int) -> tuple[list[Block], int]:
    """As many parts as fit, and how many do not; the last small print always stays."""
    shared = _passage_room(parts)
    drawn = [_part(part, PASSAGE if isinstance(part, Passage) and part.whole else shared) for part in parts]
    if sum(map(len, drawn)) <= room:
        return [block for each in drawn for block in each], 0
    small = drawn[-1] if parts and isinstance(parts[-1], Note) else []
    kept: list[Block] = []
    taken = 0
    for each in drawn[: len(drawn) - bool(small)]:
        if len(kept) + len(each) > room - len(small) - 1:
            break
        kept += each
        taken += 1
    return [*kept, *small], len(drawn) - taken - bool(small)


def _passage_room(parts: Sequence[Part]) -> int:
    count = sum(isinstance(part, Passage) and not part.whole for part in parts)
    return min(PASSAGE, _PASSAGES_IN_ALL // max(count, 1))


def _part(part: Part, room: int) -> list[Block]:
    match part:
        case Line():
            text = mrkdwn(part.spans, SECTION_TEXT)
            return [_section(text)] if text.strip() else []
        case Note():
            text = mrkdwn(part.spans, CONTEXT_TEXT)
            return [_context(text)] if text.strip() else []
        case Passage():
            return [_passage(part, room)] if part.text.strip() else []
        case _:
            assert_never(part)


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> Block:
    # Else Slack makes links of what only looks like a channel, a name or an address.
    return {"type": "mrkdwn", "text": text or "…", "verbatim": True}


def _passage(part: Passage, room: int) -> Block:
    title = {"type": "text", "text": part.title, "style": {"bold": True}}
    body = {"type": "text", "text": preformatted(part.text, room)}
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [title]},
            {"type": "rich_text_preformatted", "elements": [body]},
        ],
    }


def _actions(buttons: Sequence[Button]) -> tuple[Block, ...]:
    if not buttons:
        return ()
    presses = [button.press for button in buttons]
    elements = [
        _button(button, presses[:place].count(button.press)) for place, button in enumerate(buttons[:ACTIONS])
    ]
    return ({"type": "actions", "elements": elements},)


def _button(button: Button, namesakes: int) -> Block:
    """Its value is a key of a stored offer and nothing else; its id is unique in the message."""
    name = button.press.name.lower().replace("_", "-")
    action = f"offer:{name}:{namesakes}" if namesakes else f"offer:{name}"
    text = {"type": "plain_text", "text": label(on_button(button)), "emoji": False}
    look = {"style": "danger"} if button.press is Press.FORCE else {}
    return {"type": "button", "action_id": action, "text": text, "value": button.key[:BUTTON_VALUE], **look}


# --- Text ---------------------------------------------------------------------------------------------------------


def _text(told: Document) -> str:
    """Everything that the blocks say: passages are the first to be cut, then what stands last."""
    rows = (told.head, *told.parts)
    fixed = [None if isinstance(row, Passage) else words(row.spans, _LINE_IN_TEXT) for row in rows]
    ending = " ".join(f"[{escape(unformatted(label(on_button(button))))}]" for button in told.buttons[:ACTIONS])
    spoken = sum(length(text) + 1 for text in fixed if text) + length(ending) + 1
    passages = [row for row in rows if isinstance(row, Passage)]
    room = (MESSAGE_TEXT - _MARK - spoken) // max(len(passages), 1)
    lines = [
        _spoken(row, room) if isinstance(row, Passage) else text or "" for row, text in zip(rows, fixed, strict=True)
    ]
    return _shortened([line for line in lines if line.strip()], ending)


def _spoken(passage: Passage, room: int) -> str:
    """A passage between other lines: one that has no room is left to the blocks."""
    title = f"{passage.title}:"
    if room < length(title) + _MARK:
        return ""
    return f"{title}\n{preformatted_words(passage.text, room - length(title) - 2)}"


def _shortened(lines: Sequence[str], ending: str) -> str:
    """The first lines that fit, whole; then how much is missing, then the buttons."""
    whole = "\n".join(filter(None, (*lines, ending)))
    if length(whole) <= MESSAGE_TEXT:
        return whole
    room = MESSAGE_TEXT - _MARK - length(ending) - 2
    kept: list[str] = []
    for line in lines:
        room -= length(line) + 1
        if room < 0:
            break
        kept.append(line)
    missing = sum(len(line) for line in lines[len(kept) :])
    return "\n".join(filter(None, (*kept, more(missing), ending)))
