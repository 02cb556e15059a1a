"""What people can do in a workspace, and what they cannot."""

from typing import Final

from bot.demo.slack import payloads
from bot.demo.slack.modals import View
from bot.demo.slack.payloads import Deed, find_action
from bot.demo.slack.shapes import Json, as_list
from bot.demo.slack.site import Site
from bot.demo.slack.state import Draft, MessageState
from bot.demo.slack.world import BOT_USER, SLACKBOT, TEAM, Channel, Person

DIRECT: Final = "direct"
"""As a channel's name: the person's conversation with the bot."""


class Impossible(Exception):
    """Nobody could do that in Slack: the button is not there, the channel is not theirs."""


class Client:
    """The rules of the client: who sees what, who may type where, which buttons can be pressed."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def person(self, user: str) -> Person:
        """Somebody who can log in at all."""
        person = self._site.roster.person(user)
        if person.deleted:
            raise Impossible(f"{person.name} is deactivated")
        return person

    def place(self, person: Person, channel: str) -> Channel:
        """A channel that the person is in."""
        roster = self._site.roster
        place = roster.direct(person.id) if channel == DIRECT else roster.channel(channel)
        if person.id not in place.members:
            raise Impossible(f"{person.name} is not in {place.name}")
        return place

    def place_to_type(self, person: Person, channel: str) -> Channel:
        """A channel that the person can write in."""
        place = self.place(person, channel)
        if place.is_archived:
            raise Impossible(f"{place.name} is archived")
        return place

    def allow_command(self, person: Person) -> None:
        """Commands belong to members of the workspace, and to apps with the scope for them."""
        if person.team != TEAM:
            raise Impossible(f"{person.name} is of another organisation: this app's commands are not theirs")
        if "commands" not in self._site.knobs.scopes:
            raise Impossible("the app has no commands: its token lacks the scope")

    def message_before(self, person: Person, message: MessageState) -> MessageState:
        """The message as it stands now, if this person sees it."""
        now = self._site.board.find(message.channel, message.ts)
        if now is None or not self.sees(person, now):
            raise Impossible(f"{person.name} does not see that message")
        return now

    def sees(self, person: Person, message: MessageState) -> bool:
        """Whether a message is before this person."""
        channel = self._site.roster.find_channel(message.channel)
        inside = channel is not None and person.id in channel.members
        return inside and message.only_for in (None, person.id)

    def view_before(self, person: Person, view: View) -> View:
        """The view as it stands now, if it is this person's and lies on top."""
        now = self._site.views.find(view.id)
        if now is None or now.user != person.id:
            raise Impossible(f"{person.name} has no such view open")
        if not now.is_home and self._site.views.stack(person.id)[-1].id != now.id:
            raise Impossible("another view lies on top of that one")
        return now

    def action(self, person: Person, blocks: object, seed: str, action_id: str, block_id: str | None) -> Json:
        """The element with this action_id that the blocks hold now and that this person is shown."""
        held = tuple(block for block in as_list(blocks) or () if isinstance(block, dict))
        found = find_action(held, seed, action_id, block_id)
        if found is None:
            raise Impossible(f"nothing there has the action_id {action_id!r}")
        shown_to = as_list(found.get("visible_to_user_ids"))
        if shown_to is not None and person.id not in shown_to:
            raise Impossible(f"{person.name} is not shown {action_id!r}")
        return found

    def filled(self, element: Json, state: Json) -> Json:
        """The element with what was chosen or typed in it."""
        found = payloads.filled(element, state)
        if found is None:
            raise Impossible(f"{element.get('action_id')!r} cannot say {dict(state)!r}")
        return found

    def deed(self, person: Person, place: tuple[str, str | None] | None = None, view: str | None = None) -> Deed:
        """A fresh trigger, and a response URL if the deed happens in a channel (and on a message there)."""
        site = self._site
        url = "" if place is None else site.links.origin + site.urls.issue(person.id, *place)
        return Deed(person, site.triggers.issue(person.id, view), site.moments.next_ts(), url)

    def say(self, person: Person, channel: Channel, text: str, thread_ts: str | None = None) -> MessageState:
        """A message that a person typed."""
        return self._site.board.post(Draft(channel, person.id, text, thread_ts=thread_ts), "person")

    def complain(self, person: Person, channel: Channel, command: str, error: str) -> MessageState:
        """What Slackbot tells somebody whose command went wrong."""
        text = f'{command} failed with the error "{error}"'
        return self._site.board.post(Draft(channel, SLACKBOT, text, only_for=person.id), "slack")

    def bot_is_in(self, channel: Channel) -> bool:
        """Whether events of this channel reach the bot."""
        return BOT_USER in channel.members
