"""What holds for every message, whatever it tells: Slack takes it, nothing in it is active, no secret is in it."""

from collections.abc import Iterator

from bot.core.notices import Mentioned, Notice
from bot.slack.views import render
from tests.soak.fuzz_mutations import SECRET
from tests.wording.slack_limits import broken_limits, foreign_markup, marked_texts


def ugly(notice: Notice, *, secretive: bool = True) -> Iterator[str]:
    """Everything that is wrong with the message for a notice. `secretive`: its secrets have shapes that are known."""
    shown = render(notice)
    name = type(notice).__name__
    if broken := broken_limits(shown.text, shown.blocks):
        yield f"{name} breaks a limit: {broken}"
    for text in marked_texts(shown.text, shown.blocks):
        if found := [each for each in foreign_markup(text) if not _seam(each)]:
            yield f"{name} holds {found}: {text}"
        if "<@" in text and not isinstance(notice, Mentioned):
            yield f"{name} pings: {text}"
    if secretive and (SECRET in shown.text or SECRET in str(shown.blocks)):
        yield f"{name} tells a secret: {shown.text}"


def _seam(found: str) -> bool:
    """`:09Z:`, where a name that ends in a time stands before a colon of ours: no name of an emoji begins so, and one
    that a name of letters made there would harm nobody."""
    return found.startswith(":") and found.endswith(":")
