"""Where every call of the Web API arrives: token, budget, scopes and arguments, in Slack's order."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web

from bot.demo.slack.answers import Answer, Done, Refused, as_json
from bot.demo.slack.arguments import Arguments, read_arguments
from bot.demo.slack.methods import chat, conversations, extras, people, views
from bot.demo.slack.methods.method import Method
from bot.demo.slack.methods.places import missing_scope
from bot.demo.slack.site import Site
from bot.demo.slack.world import APP_TOKEN, BOT_TOKEN

METHODS: Final[Mapping[str, Method]] = MappingProxyType(
    {method.name: method for family in (chat, conversations, extras, people, views) for method in family.METHODS}
)


class WebApi:
    """Answers `/api/{method}`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def serve(self, request: web.Request) -> web.Response:
        """One call, written into the log."""
        name = request.match_info["method"]
        args = await read_arguments(request)
        if isinstance(args, Refused):
            return self._say(name, Arguments({}), args)
        method = METHODS.get(name)
        if method is None:
            return self._say(name, args, Refused("unknown_method", extra={"req_method": name}))
        refused = self._refuse_token(method, _token(request, args))
        if refused is not None:
            return self._say(name, args, refused)
        wait = self._site.budgets.charge(name, args.given)
        if wait is not None:
            return self._slow_down(name, args, wait)
        return self._say(name, args, self._answer(method, args))

    def _answer(self, method: Method, args: Arguments) -> Answer:
        forced = self._site.knobs.api_errors.get(method.name)
        if forced is not None:
            return Refused(forced)
        if method.scopes and not self._site.knobs.scopes.intersection(method.scopes):
            return missing_scope(self._site, *method.scopes)
        return args.complaints(method.required, method.optional) or method.run(self._site, args)

    def _refuse_token(self, method: Method, token: str) -> Refused | None:
        if not token:
            return Refused("not_authed")
        if token not in (BOT_TOKEN, APP_TOKEN):
            return Refused("invalid_auth")
        if method.app_token != (token == APP_TOKEN):
            return Refused("not_allowed_token_type")
        error = self._site.knobs.token_error
        return Refused(error) if error is not None and token == BOT_TOKEN else None

    def _say(self, name: str, args: Arguments, answer: Answer) -> web.Response:
        error = None if isinstance(answer, Done) else answer.error
        self._site.calls.note(name, args.given, 200, error)
        headers = {"x-oauth-scopes": ",".join(sorted(self._site.knobs.scopes))}
        return web.json_response(as_json(answer), headers=headers)

    def _slow_down(self, name: str, args: Arguments, wait: int) -> web.Response:
        self._site.calls.note(name, args.given, 429, "ratelimited")
        body = as_json(Refused("ratelimited"))
        return web.json_response(body, status=429, headers={"Retry-After": str(wait)})


def _token(request: web.Request, args: Arguments) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else args.text("token")
