"""Who people are and what channels are, asked of a workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from bot.core.requests import Caller
from bot.demo.loopback import Reset, Rule
from bot.demo.slack.knobs import Knobs
from bot.demo.slack.world import (
    BOT_USER,
    DEV,
    FORMER,
    GUEST,
    LOBBY,
    OLD_PROJECT,
    OLD_TEAM,
    OTHER_BOT,
    OTHER_TEAM,
    OUTSIDER,
    PARTNERS,
    PLATFORM,
    PLATFORM_TEAM,
    RANDOM,
    SECRETS,
    SHOP_TEAM,
    SLACKBOT,
    SRE,
    TEAM,
    Group,
)
from bot.ports import ChannelFacts, Unknown
from bot.slack.directory import SlackDirectory, read_channel, read_groups, read_person
from bot.slack.gateway import USER
from bot.slack.remembered import Remembered
from bot.tasks import Tasks
from tests.fakes.clock import FakeClock
from tests.slack.rig import FastClock, Rig, rigged

SAM = Caller(user=SRE, name="sre", team=TEAM, groups=frozenset({PLATFORM_TEAM}))


@dataclass(frozen=True, slots=True)
class Office:
    """A directory on a workspace."""

    rig: Rig
    directory: SlackDirectory

    def asked(self) -> list[str]:
        """The look-ups that reached Slack."""
        return sorted(call.method for call in self.rig.workspace.calls if call.method != "auth.test")


@asynccontextmanager
async def office(knobs: Knobs | None = None) -> AsyncIterator[Office]:
    died: list[BaseException] = []
    async with rigged(knobs) as rig:
        tasks = Tasks(lambda _name, error: died.append(error))
        yield Office(rig, SlackDirectory(rig.connection.gateway, rig.clock, TEAM, tasks))
        await tasks.drain(1)
    assert died == []


async def test_a_member_is_known_with_name_and_groups() -> None:
    async with office() as at:
        assert await at.directory.caller(SRE, TEAM) == SAM


@pytest.mark.parametrize(
    ("user", "team", "why"),
    [
        (GUEST, TEAM, Unknown.GUEST),
        (FORMER, TEAM, Unknown.DEACTIVATED),
        (OTHER_BOT, TEAM, Unknown.BOT),
        (BOT_USER, TEAM, Unknown.BOT),
        (OUTSIDER, TEAM, Unknown.FOREIGN),
        (OUTSIDER, OTHER_TEAM, Unknown.FOREIGN),
        (SRE, OTHER_TEAM, Unknown.FOREIGN),
        ("U0NOBODY001", TEAM, Unknown.NOT_FOUND),
        ("", TEAM, Unknown.ABSENT_ID),
        (SRE, "", Unknown.ABSENT_ID),
    ],
)
async def test_whoever_is_no_full_member_is_refused_with_the_reason(user: str, team: str, why: Unknown) -> None:
    async with office() as at:
        assert await at.directory.caller(user, team) == why


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ({"is_ultra_restricted": True}, Unknown.GUEST),
        ({"is_invited_user": True}, Unknown.GUEST),
        ({"is_restricted": "yes"}, Unknown.GUEST),
        ({"is_workflow_bot": True}, Unknown.BOT),
        ({"is_stranger": True}, Unknown.FOREIGN),
        ({"team_id": None}, Unknown.FOREIGN),
        ({"deleted": True, "is_bot": True}, Unknown.DEACTIVATED),
        ({"id": "U2"}, Unknown.NOT_FOUND),
    ],
)
def test_odd_flags_refuse(flags: dict[str, object], why: Unknown) -> None:
    assert read_person({"id": "U1", "team_id": "T1", **flags}, "U1", "T1") == why


def test_absent_flags_are_false_and_a_person_without_a_name_is_called_by_id() -> None:
    assert read_person({"id": "U1", "team_id": "T1"}, "U1", "T1") == Caller("U1", "U1", "T1")
    assert read_person({"id": SLACKBOT, "team_id": "T1"}, SLACKBOT, "T1") == Unknown.BOT
    assert read_person("odd", "U1", "T1") == Unknown.NOT_FOUND


def test_disabled_groups_and_odd_ones_have_no_members() -> None:
    given = [
        {"id": "S1", "handle": "ops", "users": ["U1", 7, None]},
        {"id": "S2", "handle": "old", "users": ["U1"], "date_delete": 1},
        {"id": None},
        "odd",
        {"id": "S3", "users": None},
    ]
    read = read_groups(given)
    assert {id_: (group.name, sorted(group.users)) for id_, group in read.items()} == {
        "S1": ("ops", ["U1"]),
        "S3": ("S3", []),
    }
    assert read_groups(None) == {}


async def test_channels_are_told_as_they_are() -> None:
    async with office() as at:
        found = [await at.directory.channel(id_) for id_ in (PLATFORM, RANDOM, LOBBY, OLD_PROJECT, PARTNERS)]
        assert found == [
            ChannelFacts(PLATFORM, "platform", private=True, shared=False, archived=False, member=True),
            ChannelFacts(RANDOM, "random", private=False, shared=False, archived=False, member=True),
            ChannelFacts(LOBBY, "lobby", private=False, shared=False, archived=False, member=False),
            ChannelFacts(OLD_PROJECT, "old-project", private=False, shared=False, archived=True, member=True),
            ChannelFacts(PARTNERS, "partners", private=False, shared=True, archived=False, member=True),
        ]


async def test_a_private_channel_without_the_bot_is_unknown_and_a_direct_message_is_never_looked_up() -> None:
    async with office() as at:
        assert await at.directory.channel(SECRETS) == Unknown.NOT_FOUND
        assert await at.directory.channel("") == Unknown.ABSENT_ID
        direct = await at.directory.channel("D0SREPERSON")
        assert isinstance(direct, ChannelFacts)
        assert direct.direct
        assert at.asked() == ["conversations.info"]


async def test_a_channel_about_to_be_shared_counts_as_shared() -> None:
    async with office() as at:
        roster = at.rig.workspace.roster
        roster.put_channel(replace(roster.channel("random"), is_pending_ext_shared=True))
        found = await at.directory.channel(RANDOM)
        assert isinstance(found, ChannelFacts)
        assert found.shared


def test_a_channel_whose_privacy_is_not_told_is_not_known() -> None:
    assert read_channel({"id": "C1", "name": "x"}, "C1") == Unknown.UNANSWERED
    assert read_channel({"id": "C2", "is_private": True}, "C1") == Unknown.NOT_FOUND
    assert read_channel([], "C1") == Unknown.NOT_FOUND


async def test_many_who_ask_at_once_are_one_question() -> None:
    async with office() as at:
        found = await asyncio.gather(*(at.directory.caller(SRE, TEAM) for _ in range(20)))
        assert found == [SAM] * 20
        assert at.asked() == ["usergroups.list", "users.info"]


async def test_one_who_stops_waiting_does_not_end_the_question_for_the_others() -> None:
    async with office() as at:
        impatient = asyncio.create_task(at.directory.caller(SRE, TEAM))
        patient = asyncio.create_task(at.directory.caller(SRE, TEAM))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == SAM


async def test_without_an_answer_nobody_is_known() -> None:
    async with office() as at:
        at.rig.workspace.faults.add(Rule(Reset(), "/api/*"))
        assert await at.directory.caller(SRE, TEAM) == Unknown.UNANSWERED
        assert await at.directory.channel(PLATFORM) == Unknown.UNANSWERED
        at.rig.workspace.faults.clear()
        assert await at.directory.caller(SRE, TEAM) == SAM


async def test_without_groups_nobody_is_known_while_they_may_come_back() -> None:
    async with office() as at:
        at.rig.workspace.faults.add(Rule(Reset(), "/api/usergroups.list"))
        assert await at.directory.caller(SRE, TEAM) == Unknown.UNANSWERED


async def test_where_groups_are_never_told_people_have_none() -> None:
    async with office(Knobs(scopes=Knobs().scopes - {"usergroups:read"})) as at:
        assert await at.directory.caller(SRE, TEAM) == replace(SAM, groups=frozenset())


async def test_without_the_scope_for_people_nobody_is_known() -> None:
    async with office(Knobs(scopes=Knobs().scopes)) as at:
        at.rig.workspace.knobs.scopes -= {"users:read"}
        assert await at.directory.caller(SRE, TEAM) == Unknown.NO_RIGHTS


async def test_a_change_of_groups_is_seen_once_it_is_doubted() -> None:
    async with office() as at:
        assert await at.directory.caller(SRE, TEAM) == SAM
        at.rig.workspace.roster.put_group(Group(SHOP_TEAM, "shop-team", "Shop team", (DEV, SRE)))
        at.directory.forget_groups()
        both = replace(SAM, groups=frozenset({PLATFORM_TEAM, SHOP_TEAM}))
        assert await at.directory.caller(SRE, TEAM) == both


async def test_a_channel_is_asked_anew_once_it_is_doubted() -> None:
    async with office() as at:
        await at.directory.channel(RANDOM)
        await at.directory.channel(RANDOM)
        at.directory.forget_channel(RANDOM)
        await at.directory.channel(RANDOM)
        assert at.asked() == ["conversations.info"] * 2


async def test_names_are_told_as_far_as_they_are_known() -> None:
    async with office() as at:
        ids = frozenset({SRE, DEV, GUEST, PLATFORM_TEAM, OLD_TEAM, "U0NOBODY001", "nonsense", ""})
        assert await at.directory.names(ids) == {
            SRE: "sre",
            DEV: "dev",
            GUEST: "guest",
            PLATFORM_TEAM: "platform-team",
        }
        at.rig.workspace.faults.add(Rule(Reset(), "/api/*"))
        assert await at.directory.names(frozenset({SRE, "U0OTHER0001"})) == {SRE: "sre"}


class LaterClock(FastClock):
    """The rig's clock, some time later."""

    def __init__(self) -> None:
        super().__init__()
        self.later = timedelta()

    def now(self) -> datetime:
        return super().now() + self.later


async def test_facts_of_a_channel_that_must_be_fresh_are_no_older_than_five_minutes() -> None:
    async with office() as at:
        clock, tasks = LaterClock(), Tasks(lambda _name, _error: None)
        directory = SlackDirectory(at.rig.connection.gateway, clock, TEAM, tasks)
        before = await directory.channel(RANDOM)
        roster = at.rig.workspace.roster
        roster.put_channel(replace(roster.channel("random"), is_archived=True))
        clock.later = timedelta(seconds=301)
        after = await directory.channel(RANDOM, fresh=True)
        assert [isinstance(each, ChannelFacts) and each.archived for each in (before, after)] == [False, True]
        await tasks.drain(1)


async def test_a_name_is_asked_for_again_after_an_hour() -> None:
    async with office() as at:
        clock, tasks = LaterClock(), Tasks(lambda _name, _error: None)
        directory = SlackDirectory(at.rig.connection.gateway, clock, TEAM, tasks)
        for later in (0, 59, 61):
            clock.later = timedelta(minutes=later)
            await directory.names(frozenset({SRE}))
        assert at.asked() == ["users.info"] * 2
        await tasks.drain(1)


async def test_who_asks_is_looked_up_before_those_who_are_only_named() -> None:
    async with office() as at:
        many = frozenset({SRE, *(f"U0NOBODY{number:03}" for number in range(USER.burst + 30))})
        naming = asyncio.create_task(at.directory.names(many))
        await at.rig.until(lambda: at.rig.connection.gateway.waiting().get("users.info", 0) >= 5)
        assert isinstance(await at.directory.caller(DEV, TEAM), Caller)
        await naming


# --- How long an answer serves ------------------------------------------------------------------------------------


class Source:
    """Answers what it is told to answer, and counts."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.answer: str | Unknown = "first"
        self.asked_at: list[datetime] = []
        self.takes = 0.0

    async def ask(self, _key: str) -> str | Unknown:
        self.asked_at.append(self.clock.now())
        answer = self.answer
        if self.takes:
            await self.clock.sleep(self.takes)
        return answer


@dataclass(frozen=True, slots=True)
class Memory:
    clock: FakeClock
    source: Source
    remembered: Remembered[str]

    async def get(self, fresh: bool = False) -> str | Unknown:
        return await self.clock.through(self.remembered.get("k", fresh))


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    clock = FakeClock()
    source = Source(clock)
    tasks = Tasks(lambda _name, _error: None)
    yield Memory(clock, source, Remembered(source.ask, clock, tasks, "ask"))
    await tasks.drain(0)


async def test_an_answer_serves_for_five_minutes(memory: Memory) -> None:
    assert await memory.get() == "first"
    memory.source.answer = "second"
    await memory.clock.advance(299)
    assert [await memory.get(), await memory.get(fresh=True)] == ["first", "first"]
    assert len(memory.source.asked_at) == 1


async def test_then_the_old_one_is_given_once_more_while_slack_is_asked(memory: Memory) -> None:
    await memory.get()
    memory.source.answer = "second"
    await memory.clock.advance(301)
    assert await memory.get() == "first"
    await memory.clock.settle()
    assert await memory.get() == "second"


async def test_what_must_be_fresh_waits_for_slack(memory: Memory) -> None:
    await memory.get()
    memory.source.answer = "second"
    await memory.clock.advance(301)
    assert await memory.get(fresh=True) == "second"


async def test_what_must_be_fresh_is_refused_when_slack_does_not_answer(memory: Memory) -> None:
    await memory.get()
    memory.source.answer = Unknown.UNANSWERED
    await memory.clock.advance(301)
    assert await memory.get(fresh=True) == Unknown.UNANSWERED
    assert await memory.get() == "first"


async def test_after_a_quarter_of_an_hour_an_old_answer_serves_no_more(memory: Memory) -> None:
    await memory.get()
    memory.source.answer = Unknown.UNANSWERED
    await memory.clock.advance(901)
    assert await memory.get() == Unknown.UNANSWERED


async def test_a_refusal_is_believed_for_half_a_minute_and_never_longer(memory: Memory) -> None:
    memory.source.answer = Unknown.GUEST
    assert await memory.get() == Unknown.GUEST
    memory.source.answer = "first"
    await memory.clock.advance(29)
    assert await memory.get() == Unknown.GUEST
    await memory.clock.advance(2)
    assert await memory.get() == "first"


async def test_somebody_demoted_is_refused_as_soon_as_slack_has_said_it(memory: Memory) -> None:
    await memory.get()
    memory.source.answer = Unknown.GUEST
    await memory.clock.advance(301)
    await memory.get()
    await memory.clock.settle()
    assert await memory.get() == Unknown.GUEST


async def test_what_was_asked_before_the_doubt_is_not_kept(memory: Memory) -> None:
    memory.source.takes = 2
    waiting = asyncio.create_task(memory.remembered.get("k"))
    await memory.clock.advance(1)
    memory.remembered.forget("k")
    memory.source.answer = "second"
    await memory.clock.advance(1)
    await waiting
    memory.source.takes = 0
    assert await memory.get() == "second"


async def test_during_the_shutdown_nobody_new_is_known() -> None:
    async with office() as at:
        assert await at.directory.caller(SRE, TEAM) == SAM
        tasks = Tasks(lambda _name, _error: None)
        stopped = SlackDirectory(at.rig.connection.gateway, at.rig.clock, TEAM, tasks)
        await tasks.drain(0)
        assert await stopped.caller(SRE, TEAM) == Unknown.UNANSWERED


async def test_channels_of_the_allowlist_are_known_before_anybody_asks() -> None:
    async with office() as at:
        knowing = asyncio.create_task(at.directory.run((PLATFORM, RANDOM)))
        await at.rig.workspace.wait_for(lambda: at.asked() == ["conversations.info"] * 2)
        await at.directory.channel(RANDOM)
        knowing.cancel()
        await asyncio.gather(knowing, return_exceptions=True)
        assert at.asked() == ["conversations.info"] * 2


async def test_they_are_asked_about_again_before_their_answer_is_too_old_to_serve() -> None:
    clock = FakeClock()
    async with office() as at:
        tasks = Tasks(lambda _name, _error: None)
        directory = SlackDirectory(at.rig.connection.gateway, clock, TEAM, tasks)
        knowing = asyncio.create_task(directory.run((PLATFORM,)))
        await at.rig.workspace.wait_for(lambda: len(at.asked()) == 1)
        await clock.advance(9 * 60)
        assert len(at.asked()) == 1
        await clock.advance(90)
        await at.rig.workspace.wait_for(lambda: len(at.asked()) == 2)
        knowing.cancel()
        await asyncio.gather(knowing, return_exceptions=True)
        await tasks.drain(1)
