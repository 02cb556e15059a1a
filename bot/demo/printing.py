"""Messages of the workspace on a terminal: as a person reads them, or as JSON."""

from __future__ import annotations

from bot.demo.slack.reading import as_read, handle
from bot.demo.slack.state import MessageState


def as_json(state: MessageState) -> dict[str, object]:
    """One state of a message, raw."""
    return {
        "channel": state.channel_name,
        "only_for": handle(state.only_for) if state.only_for else None,
        "ts": state.ts,
        "thread_ts": state.thread_ts,
        "edited": state.edited,
        "text": state.text,
        "blocks": list(state.blocks),
    }


def as_text(state: MessageState) -> str:
    """One state of a message: where and whose it is, and below that what it says."""
    marks = [f"#{state.channel_name}", f"@{handle(state.author)}"]
    if state.only_for:
        marks.append(f"(only @{handle(state.only_for)} sees this)")
    if state.thread_ts and state.thread_ts != state.ts:
        marks.append("(in the thread)")
    if state.deleted:
        marks.append("(deleted)")
    elif state.edited:
        marks.append("(edited)")
    lines = "\n".join(f"    {line}" for line in as_read(state.text).splitlines())
    return f"{' '.join(marks)}  {state.at:.1f} s\n{lines}\n"
