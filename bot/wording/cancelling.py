"""The answers to a typed `cancel`; what became of the request is told where its message stands."""

from __future__ import annotations

from bot.core.notices import Cancelling, NothingToCancel
from bot.wording import status as is_
from bot.wording.document import Code, Document, Link, Piece, Strong, line, note
from bot.wording.foreign import TYPED, one_line, quote


def cancelling(notice: Cancelling) -> Document:
    """Nothing more is sent of it."""
    its = "its message tells what had been asked already"
    where: Piece = Link(f"↗ {its}", notice.link) if notice.link else its
    head = line(Strong(f"{is_.CANCELLED} {notice.request}"), ": nothing more is sent")
    return Document(head, (line(where), note(Code(one_line(notice.typed, TYPED)))))


def nothing_to_cancel(notice: NothingToCancel) -> Document:
    """It has ended, or never ran here."""
    head = Strong(str(is_.NOTHING_RUNS))
    if notice.request:
        request = Code(quote(notice.request, 40))
        return Document(line(head, ": ", request, " does not run in this channel, or has ended"))
    return Document(
        line(head, ": no request of yours runs in this channel"),
        (line("somebody else's: ", Code("cancel ID"), ", with the eight characters that end its message"),),
    )
