"""What clients send in bodies: objects, patches, and options of a deletion."""

from typing import Final

import msgspec

from bot.demo.kube.calls import Asked, Json
from bot.demo.kube.protobuf import MEDIA, read_protobuf
from bot.demo.kube.refusals import Refusal, bad_request, unsupported
from bot.demo.kube.resources import Resource
from bot.demo.kube.shapes import ACCEPTED

MERGE: Final = "application/merge-patch+json"

_STRATEGIC: Final = "application/strategic-merge-patch+json"

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding of a client's JSON may raise."""


def read_body(asked: Asked, kind: str) -> Json | Refusal:
    """A client's object, which should be of that kind."""
    media = asked.headers.get("content-type", ACCEPTED).partition(";")[0].strip()
    if media == MEDIA:
        return read_protobuf(asked.body) or unsupported(ACCEPTED)
    if media != ACCEPTED:
        return unsupported(ACCEPTED)
    try:
        given = msgspec.json.decode(asked.body)
    except UNREADABLE as error:
        return bad_request(f"the object provided is unrecognized (must be of type {kind}): {error}")
    return given if isinstance(given, dict) else bad_request(f"the object provided is no {kind}, not even an object")


def read_patch(resource: Resource, asked: Asked) -> Json | Refusal:
    """A merge patch, or a strategic one that means the same."""
    media = asked.headers.get("content-type", "").partition(";")[0].strip()
    if media not in (MERGE, *(() if resource.custom else (_STRATEGIC,))):
        return unsupported(MERGE)
    try:
        patch = msgspec.json.decode(asked.body)
    except UNREADABLE as error:
        return bad_request(f"error decoding patch: {error}")
    if not isinstance(patch, dict):
        return bad_request("error decoding patch: it must be an object")
    if media == _STRATEGIC and not _plainly_merged(patch):
        return unsupported(MERGE)
    return patch


def _plainly_merged(value: object) -> bool:
    """Whether a strategic patch means the same as a merge patch: no lists, no directives."""
    if isinstance(value, dict):
        return all(not key.startswith("$") and _plainly_merged(each) for key, each in value.items())
    return not isinstance(value, list)


def read_options(body: bytes) -> Json | Refusal:
    """What a deletion may say in its body."""
    if not body:
        return {}
    try:
        options = msgspec.json.decode(body)
    except UNREADABLE as error:
        return bad_request(f"the delete options cannot be read: {error}")
    if not isinstance(options, dict):
        return bad_request("the delete options are no object")
    return bad_request("this server does not know dry run") if options.get("dryRun") else options
