"""What comes back without a token: answers to response URLs, and messages in acks of commands."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from bot.demo.slack.answers import Refused
from bot.demo.slack.arguments import Arguments
from bot.demo.slack.content import LONGEST_POST, Content, read_content
from bot.demo.slack.methods.method import words
from bot.demo.slack.shapes import Json
from bot.demo.slack.site import Site
from bot.demo.slack.state import Draft, MessageState
from bot.demo.slack.tickets import ResponseUrl
from bot.demo.slack.world import BOT_USER

OPTIONAL: Final = words(
    "text blocks attachments metadata response_type replace_original delete_original thread_ts "
    "unfurl_links unfurl_media mrkdwn link_names parse"
)
"""What an answer may hold. `thread_ts` is taken and ignored, as Slack does."""


class Replies:
    """Answers `/actions/{team}/{token}`: membership and posting rules of the channel do not count here."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def serve(self, request: web.Request) -> web.Response:
        """One answer to a command or a press; the only news that comes back is "ok"."""
        given = await _read(request)
        token = request.match_info["token"]
        url = self._site.urls.use(token)
        if isinstance(url, str):
            return self._say(given, 404, url)
        refused = self._carry_out(url, given)
        return self._say(given, 200, None) if refused is None else self._say(given, 400, refused.error)

    def whisper(self, user: str, channel: str, given: Json, via: str) -> MessageState | Refused:
        """A message for one person, or for all with `response_type` in_channel."""
        content = _checked(Arguments(given))
        if isinstance(content, Refused):
            return content
        place = self._site.roster.channel(channel)
        only_for = None if given.get("response_type") == "in_channel" else user
        draft = Draft(
            channel=place,
            author=BOT_USER,
            text=(content.text or "")[:LONGEST_POST],
            blocks=content.blocks or (),
            attachments=content.attachments or (),
            only_for=only_for,
            metadata=content.metadata,
        )
        return self._site.board.post(draft, via)

    def _carry_out(self, url: ResponseUrl, given: Json) -> Refused | None:
        args = Arguments(given)
        refused = args.complaints(frozenset(), OPTIONAL)
        if refused is not None:
            return refused
        original = None if url.message_ts is None else self._site.board.find(url.channel, url.message_ts)
        if args.flag("delete_original"):
            return self._change(original, lambda old: self._site.board.delete(old, "response_url"))
        if not args.flag("replace_original"):
            said = self.whisper(url.user, url.channel, given, "response_url")
            return said if isinstance(said, Refused) else None
        content = _checked(args)
        if isinstance(content, Refused):
            return content
        return self._change(original, lambda old: self._replace(old, content))

    def _change(self, old: MessageState | None, act: Callable[[MessageState], MessageState]) -> Refused | None:
        # A slash command leaves no message that could be replaced.
        if old is None:
            return Refused("message_not_found")
        act(old)
        return None

    def _replace(self, old: MessageState, content: Content) -> MessageState:
        draft = Draft(
            channel=self._site.roster.channel(old.channel),
            author=old.author,
            text=(content.text or "")[:LONGEST_POST],
            blocks=content.blocks or (),
            attachments=content.attachments or (),
            metadata=content.metadata,
        )
        return self._site.board.edit(old, draft, "response_url")

    def _say(self, given: Json, status: int, error: str | None) -> web.Response:
        self._site.calls.note("response_url", given, status, error)
        if error is None:
            return web.Response(text="ok")
        return web.json_response({"ok": False, "error": error}, status=status)


async def _read(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _checked(args: Arguments) -> Content | Refused:
    content = read_content(args)
    if isinstance(content, Content) and content.empty:
        return Refused("no_text")
    return content
