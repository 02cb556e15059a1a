"""The chat and the directory that the flows' tests trust."""

from __future__ import annotations

from datetime import timedelta

from bot.core.notices import Apology, Part, Slot, Whisper
from bot.core.requests import Caller, Place
from bot.ports import ChannelFacts, Chat, Directory, NotYet, Posted, Unknown, Unpostable
from tests.fakes.chat import FakeChat, Shown, Whispered
from tests.fakes.clock import MORNING, FakeClock
from tests.fakes.directory import HOME, FakeDirectory

ROOT = Slot("r1", Part.ROOT)
DETAILS = Slot("r1", Part.DETAILS)
PLATFORM = Place("C0PLATFORM", "platform", HOME)
SOON = MORNING + timedelta(seconds=2)


async def test_what_is_shown_is_remembered_in_order_and_the_last_stands() -> None:
    chat = FakeChat(FakeClock())
    port: Chat = chat
    for slot, what in ((ROOT, "one"), (DETAILS, "two"), (ROOT, "three")):
        port.show(slot, PLATFORM, Apology(what))
    assert chat.shown == [
        Shown(ROOT, PLATFORM, Apology("one")),
        Shown(DETAILS, PLATFORM, Apology("two")),
        Shown(ROOT, PLATFORM, Apology("three")),
    ]
    assert chat.notices() == [Apology("one"), Apology("three")]
    assert chat.notices(subject="r2") == []
    assert chat.standing() == {ROOT: Apology("three"), DETAILS: Apology("two")}


async def test_a_first_message_fares_as_its_channel_does() -> None:
    clock = FakeClock()
    chat = FakeChat(clock)
    chat.answers["C0PLATFORM"] = Unpostable("not_in_channel")
    chat.show(ROOT, PLATFORM, Apology("one"))
    assert await chat.posted(ROOT, SOON) == Unpostable("not_in_channel")
    del chat.answers["C0PLATFORM"]
    assert isinstance(await chat.posted(ROOT, SOON), Posted)
    assert clock.now() == MORNING


async def test_a_silent_slack_takes_all_the_patience_there_is() -> None:
    clock = FakeClock()
    chat = FakeChat(clock)
    chat.answer = NotYet()
    chat.show(ROOT, PLATFORM, Apology("one"))
    assert await clock.through(chat.posted(ROOT, SOON)) == NotYet()
    assert clock.now() == SOON


async def test_whispers_are_remembered_whether_slack_takes_them_or_not() -> None:
    chat, to = FakeChat(FakeClock()), Whisper("U0ADA", "C0PLATFORM")
    chat.takes_whispers = False
    assert await chat.whisper(to, Apology("one")) is False
    assert chat.whispers == [Whispered(to, Apology("one"))]


async def test_only_full_members_of_our_workspace_are_vouched_for() -> None:
    directory = FakeDirectory()
    port: Directory = directory
    ada = directory.person("U0ADA", "Ada", ("S0SRE",))
    directory.people["U0GUEST"] = Unknown.GUEST
    asked = [("U0ADA", HOME), ("U0GUEST", HOME), ("U0WHO", HOME), ("U0ADA", "T0OTHER"), ("", HOME), ("U0ADA", "")]
    assert ada == Caller("U0ADA", "Ada", HOME, frozenset({"S0SRE"}))
    assert [await port.caller(*each) for each in asked] == [
        ada,
        Unknown.GUEST,
        Unknown.NOT_FOUND,
        Unknown.FOREIGN,
        Unknown.ABSENT_ID,
        Unknown.ABSENT_ID,
    ]


async def test_a_directory_that_is_down_vouches_for_nobody() -> None:
    directory = FakeDirectory()
    directory.person("U0ADA", "Ada")
    directory.place("C0PLATFORM", "platform")
    known = ChannelFacts("C0PLATFORM", "platform", private=True, shared=False, archived=False, member=True)
    assert await directory.channel("C0PLATFORM") == known
    assert await directory.names(frozenset({"U0ADA", "U0WHO"})) == {"U0ADA": "Ada"}
    directory.down = True
    assert await directory.caller("U0ADA", HOME, fresh=True) == Unknown.UNANSWERED
    assert await directory.channel("C0PLATFORM") == Unknown.UNANSWERED
    assert await directory.names(frozenset({"U0ADA"})) == {}
    assert directory.asked == [("U0ADA", True)]
