"""What a message may say: text, blocks, attachments and metadata, checked and cut as Slack does."""

import json
from dataclasses import dataclass
from typing import Final

from bot.demo.slack.answers import Refused
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.blocks import Surface, complaints
from bot.demo.slack.shapes import Json, as_list, as_object, as_objects, as_text

LONGEST_POST: Final = 40_000
LONGEST_EDIT: Final = 4_000
MOST_ATTACHMENTS: Final = 100
METADATA_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class Content:
    """What was given; None where an argument was left out."""

    text: str | None
    blocks: tuple[Json, ...] | None
    attachments: tuple[Json, ...] | None
    metadata: Json | None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.text or self.blocks or self.attachments)


def read_content(args: Arguments) -> Content | Refused:
    """The content of a call, or why Slack would not take it. Lengths of `text` are the caller's to judge."""
    text = args.text("markdown_text") if args.has("markdown_text") else args.given.get("text")
    if args.has("markdown_text") and (args.has("text") or args.has("blocks")):
        return Refused("markdown_text_conflict")
    blocks, attachments = args.nested("blocks"), args.nested("attachments")
    refused = _refuse_blocks(blocks) or _refuse_attachments(attachments) or _refuse_metadata(args)
    if refused is not None:
        return refused
    return Content(
        text=text if isinstance(text, str) else None,
        blocks=as_objects(blocks) if args.has("blocks") else None,
        attachments=as_objects(attachments) if args.has("attachments") else None,
        metadata=as_object(args.nested("metadata")),
    )


def _refuse_blocks(blocks: object) -> Refused | None:
    if blocks is not None and as_list(blocks) is None:
        return Refused("invalid_blocks_format")
    found = () if blocks is None else complaints(blocks, Surface.MESSAGE)
    return Refused("invalid_blocks", found) if found else None


def _refuse_attachments(attachments: object) -> Refused | None:
    if attachments is None:
        return None
    members = as_list(attachments)
    if members is None or not all(isinstance(member, dict) for member in members):
        return Refused("invalid_attachments")
    if len(members) > MOST_ATTACHMENTS:
        return Refused("too_many_attachments")
    for index, each in enumerate(as_objects(members)):
        inside = each.get("blocks")
        pointer = f"/attachments/{index}/blocks"
        found = () if inside is None else complaints(inside, Surface.MESSAGE, pointer)
        if found:
            return Refused("invalid_blocks", found)
    return None


def _refuse_metadata(args: Arguments) -> Refused | None:
    if not args.has("metadata"):
        return None
    metadata = as_object(args.nested("metadata"))
    if metadata is None or not as_text(metadata.get("event_type")):
        return Refused("invalid_metadata_format")
    if as_object(metadata.get("event_payload")) is None:
        return Refused("invalid_metadata_schema")
    return Refused("metadata_too_large") if len(json.dumps(metadata)) > METADATA_BYTES else None
