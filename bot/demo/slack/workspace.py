"""The door of the simulator: start it, be its people, see what they see."""

import time
from collections.abc import Callable, Mapping
from typing import Self, TypeVar

from bot.demo.loopback import Faults, Loopback
from bot.demo.slack import payloads
from bot.demo.slack.answers import Refused
from bot.demo.slack.blocks import Surface
from bot.demo.slack.calls import Call
from bot.demo.slack.client import Client, Impossible
from bot.demo.slack.deliveries import Delivery, Dispatcher
from bot.demo.slack.escaping import escape
from bot.demo.slack.forms import view_complaints
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.links import Ack, Links
from bot.demo.slack.modals import View, as_payload
from bot.demo.slack.replies import Replies
from bot.demo.slack.roster import Roster
from bot.demo.slack.server import build_app
from bot.demo.slack.shapes import Json, as_object, as_text
from bot.demo.slack.site import Site
from bot.demo.slack.state import MessageState
from bot.demo.slack.world import BOT_USER, Channel, Person

T = TypeVar("T")


class Workspace:
    """A Slack workspace on a free port of 127.0.0.1, from `start` to `stop` (or as an async context manager).

    Give the bot `api_url`, `world.BOT_TOKEN` and `world.APP_TOKEN`. People and channels are named by id or name.
    A deed returns when the bot has acknowledged it, or when Slack would have given up: see `Delivery.error`. What
    nobody could do in Slack raises `Impossible`. `seconds` is the clock for ids, lifetimes and budgets.
    """

    def __init__(self, knobs: Knobs | None = None, seconds: Callable[[], float] = time.monotonic) -> None:
        self.knobs = knobs if knobs is not None else Knobs()
        self.site = Site.build(self.knobs, seconds)
        self._dispatcher = Dispatcher(self.site)
        self._replies = Replies(self.site)
        self._client = Client(self.site)
        self._server = Loopback(build_app(self.site, self._replies))

    async def start(self) -> None:
        """Listen."""
        await self._server.start()
        self.site.links.origin = self._server.url

    async def stop(self) -> None:
        """Close connections and port; nothing said is lost."""
        await self._dispatcher.stop()
        await self.site.links.close()
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return self._server.url

    @property
    def api_url(self) -> str:
        """The base URL of the Web API, with the slash at its end that clients want."""
        return f"{self._server.url}/api/"

    @property
    def faults(self) -> Faults:
        """The table of what goes wrong over HTTP."""
        return self._server.faults

    @property
    def links(self) -> Links:
        """The bot's Socket Mode connections, to be ended, torn or frozen."""
        return self.site.links

    @property
    def roster(self) -> Roster:
        """People, groups and channels, to be changed under the bot."""
        return self.site.roster

    @property
    def history(self) -> list[MessageState]:
        """Every state of every message, in order."""
        return self.site.board.history

    @property
    def calls(self) -> list[Call]:
        """Every call of the Web API and of response URLs, in order."""
        return self.site.calls.log

    @property
    def acks(self) -> list[Ack]:
        """Every ack, in order, late ones included."""
        return self.site.links.acks

    @property
    def deliveries(self) -> list[Delivery]:
        """Every envelope that was sent, in the order in which its fate was known."""
        return self._dispatcher.log

    def messages(self, channel: str | None = None) -> tuple[MessageState, ...]:
        """What stands in a channel now, or in all of them, whoever may see it."""
        return self.site.board.current(None if channel is None else self.roster.channel(channel).id)

    def visible_to(self, user: str) -> tuple[MessageState, ...]:
        """What this person can see now."""
        person = self.roster.person(user)
        return tuple(message for message in self.site.board.current() if self._client.sees(person, message))

    def sees(self, user: str, message: MessageState) -> bool:
        """Whether this state of a message was before this person."""
        return self._client.sees(self.roster.person(user), message)

    def may_type(self, user: str, channel: str) -> None:
        """Raises Impossible, with the reason, where this person cannot write."""
        self._client.place_to_type(self._client.person(user), channel)

    def views_of(self, user: str) -> tuple[View, ...]:
        """The modals before this person, the lowest first."""
        return self.site.views.stack(self.roster.person(user).id)

    def home_of(self, user: str) -> View | None:
        """This person's home, if the bot published one."""
        return self.site.views.home(self.roster.person(user).id)

    async def wait_for(self, wanted: Callable[[], T], timeout: float = 10.0) -> T:
        """The first true answer of `wanted`, asked at every change; TimeoutError after `timeout` seconds."""
        return await self.site.pulse.until(wanted, timeout)

    async def connected(self, links: int = 1, timeout: float = 10.0) -> None:
        """Wait until the bot has at least so many connections."""
        await self.wait_for(lambda: len(self.links.open) >= links, timeout)

    async def command(
        self, user: str, channel: str, text: str, command: str = "/flux-reconcile", *, escaped: bool = True
    ) -> Delivery:
        """Type a slash command. `escaped=False` hands the text on as it is, whatever Slack would make of it."""
        person = self._client.person(user)
        self._client.allow_command(person)
        place = self._client.place_to_type(person, channel)
        deed = self._client.deed(person, (place.id, None))
        shown = escape(text, self.roster) if escaped else text
        delivery = await self._dispatcher.carry("slash_commands", payloads.slash_command(deed, place, command, shown))
        return self._after_command(delivery, person, place, f"{command} {text}".strip())

    async def press(self, user: str, message: MessageState, action_id: str, block_id: str | None = None) -> Delivery:
        """Press a button of a message as it stands now."""
        person = self._client.person(user)
        now = self._client.message_before(person, message)
        found = self._client.action(person, now.blocks, now.ts, action_id, block_id)
        if found.get("type") != "button":
            raise Impossible(f"{action_id!r} is no button")
        return await self._act(person, now, payloads.as_action(found))

    async def choose(self, user: str, message: MessageState, action_id: str, value: str) -> Delivery:
        """Choose the option with this value in a select of a message."""
        person = self._client.person(user)
        now = self._client.message_before(person, message)
        action = payloads.chosen(self._client.action(person, now.blocks, now.ts, action_id, None), value)
        if action is None:
            raise Impossible(f"{action_id!r} offers no {value!r}")
        return await self._act(person, now, action)

    async def fill(
        self, user: str, message: MessageState, action_id: str, state: Json, block_id: str | None = None
    ) -> Delivery:
        """Set any element of a message that is no button; `state` is what it then says: `{"selected_date": …}`."""
        person = self._client.person(user)
        now = self._client.message_before(person, message)
        found = self._client.action(person, now.blocks, now.ts, action_id, block_id)
        return await self._act(person, now, self._client.filled(found, state))

    async def mention(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Delivery | None:
        """Call the bot by name in a channel or thread; None if the bot hears nothing of it."""
        message = self.say(user, channel, f"<@{BOT_USER}> {escape(text, self.roster)}", thread_ts)
        place = self.roster.channel(message.channel)
        if place.direct or not self._client.bot_is_in(place) or "app_mentions:read" not in self.knobs.scopes:
            return None
        body = payloads.app_mention(self._client.person(user), message)
        return await self.tell(body, shared=place.is_ext_shared)

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> MessageState:
        """Type an ordinary message. The bot hears nothing of it."""
        person = self._client.person(user)
        return self._client.say(person, self._client.place_to_type(person, channel), text, thread_ts)

    async def tell(self, body: Json, *, shared: bool = False) -> Delivery:
        """Send any event, such as `subteam_members_changed`; brought again if nobody acknowledges it."""
        event = payloads.event(self.site.serial.next("Ev"), self.site.moments.wall(), body, shared=shared)
        return await self._dispatcher.carry_event(event)

    async def open_home(self, user: str) -> Delivery:
        """Look at the bot's home tab."""
        person = self._client.person(user)
        home = self.home_of(user)
        body: dict[str, object] = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self.roster.direct(person.id).id,
            "tab": "home",
            "event_ts": self.site.moments.next_ts(),
        }
        return await self.tell(body if home is None else {**body, "view": as_payload(home)})

    async def press_in_view(self, user: str, view: View, action_id: str, values: Json | None = None) -> Delivery:
        """Press a button of a modal or a home; `values` is what is filled in so far."""
        person = self._client.person(user)
        now = self._client.view_before(person, view)
        found = self._client.action(person, now.content.get("blocks"), now.id, action_id, None)
        deed = self._client.deed(person, view=now.id)
        payload = payloads.press_on_view(deed, now, values or {}, payloads.as_action(found))
        return await self._dispatcher.carry("interactive", payload)

    async def fill_in_view(
        self, user: str, view: View, action_id: str, state: Json, values: Json | None = None
    ) -> Delivery:
        """Set an element of a modal or a home that tells at once, one of an `input` block aside."""
        person = self._client.person(user)
        now = self._client.view_before(person, view)
        found = self._client.action(person, now.content.get("blocks"), now.id, action_id, None)
        deed = self._client.deed(person, view=now.id)
        payload = payloads.press_on_view(deed, now, values or {}, self._client.filled(found, state))
        return await self._dispatcher.carry("interactive", payload)

    async def submit_view(self, user: str, view: View, values: Mapping[str, Json] | None = None) -> Delivery:
        """Send a modal off. `values` maps block_id to action_id to the element's state, as Slack sends it.

        What the ack asks for is done: without a wish the modal closes; with errors it stays.
        """
        person = self._client.person(user)
        now = self._client.view_before(person, view)
        deed = self._client.deed(person, view=now.id)
        payload = payloads.view_submission(deed, now, values or {})
        delivery = await self._dispatcher.carry("interactive", payload)
        if delivery.ack is not None:
            self._follow_wish(now, delivery.ack.payload)
        return delivery

    async def close_view(self, user: str, view: View, *, whole_stack: bool = False) -> Delivery | None:
        """Close a modal, or all of them; None if the bot did not ask to be told."""
        person = self._client.person(user)
        now = self._client.view_before(person, view)
        for each in self.site.views.stack(person.id) if whole_stack else (now,):
            self.site.views.close(each)
        if not now.content.get("notify_on_close"):
            return None
        payload = payloads.view_closed(self._client.deed(person), now, cleared=whole_stack)
        return await self._dispatcher.carry("interactive", payload)

    async def deliver(self, kind: str, payload: Json) -> Delivery:
        """Any payload at all, once: `kind` is slash_commands, interactive or events_api."""
        return await self._dispatcher.carry(kind, payload)

    async def deliver_again(self, delivery: Delivery) -> Delivery:
        """The very same envelope once more, as a network may do it."""
        return await self._dispatcher.repeat(delivery.envelope)

    async def _act(self, person: Person, message: MessageState, action: Json) -> Delivery:
        place = self.roster.channel(message.channel)
        deed = self._client.deed(person, (place.id, message.ts))
        payload = payloads.press_on_message(deed, place, message, action)
        return await self._dispatcher.carry("interactive", payload)

    def _after_command(self, delivery: Delivery, person: Person, place: Channel, typed: str) -> Delivery:
        answer = {} if delivery.ack is None else delivery.ack.payload
        error = delivery.error
        if answer:
            if answer.get("response_type") == "in_channel":
                self._client.say(person, place, typed)
            said = self._replies.whisper(person.id, place.id, answer, "ack")
            error = "invalid_command_response" if isinstance(said, Refused) else None
        if error is not None:
            self._client.complain(person, place, typed.split(" ", maxsplit=1)[0], error)
        return Delivery(delivery.envelope, delivery.ack, error)

    def _follow_wish(self, view: View, wish: Json) -> None:
        """Do with a modal what the ack of its submission asks for."""
        action, content = as_text(wish.get("response_action")), as_object(wish.get("view"))
        if action == "errors":
            self.site.views.reject(view, as_object(wish.get("errors")) or {})
        elif action in ("update", "push"):
            if content is None or view_complaints(content, Surface.MODAL.value):
                raise Impossible("the ack's view is none that Slack takes")
            self._change_view(view, content, action)
        else:
            for each in self.site.views.stack(view.user) if action == "clear" else (view,):
                self.site.views.close(each)

    def _change_view(self, view: View, content: Json, action: str) -> None:
        if action == "push":
            self.site.views.show(view.user, content, view)
        else:
            self.site.views.change(view, content)
