"""Every fault of the table, on the Kubernetes side and at every moment of a request: a clear sentence, the true end.

The whole bot, in virtual time, on a simulated cluster whose Flux goes on while the bot cannot see it.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from aiohttp import web

from bot.demo.kube.faults import FAULTS
from bot.demo.loopback import Fault, ResetAfter
from bot.demo.slack.state import MessageState
from tests.e2e.stage import buttons
from tests.e2e.ward import APPS, ASK, Ward, cured, passed

BREAKS = {name: fault for name, fault in FAULTS.items() if name != "slow"}
CREDENTIALS = "the bot cannot log in to the cluster"
ROLE = "the bot's role forbids it"
REFUSED = "the API server refused"
UNREACHABLE = "cluster unreachable"
SAYS = {"401": CREDENTIALS, "403": ROLE, "409": REFUSED, "410": REFUSED}
"""Why nothing was sent; every other fault is UNREACHABLE."""
ONCE_IS_NOTHING = ("409", "429", "503", "reset after processing", "cut line", "slow")
"""On a patch, once: the server did nothing and is asked again, or did it and the annotation tells."""
NEVER_ARRIVES = ("500", "502", "reset", "half-open", "instant close")
"""The same where nobody can know but by reading the object."""
APPLIED = re.compile(rf"✅ applied {APPS} main@\w{{7}} → main@\w{{7}} in ")
FAILED = f"❌ failed {APPS}: BuildFailed"
BROKEN_BUILD = "kustomization.yaml: no such file"
UNFIT = ("Traceback", "Error(", "Exception", "aiohttp", "<html", "object at 0x", "127.0.0.1", "None")


def is_patch(request: web.Request) -> bool:
    return request.method == "PATCH"


def fit(ward: Ward) -> None:
    """Nothing that was ever shown to anybody looks like a program's insides."""
    assert [(text, word) for text in ward.texts for word in UNFIT if word in text] == []


def not_sent(end: MessageState, name: str) -> None:
    head, reason, *_ = end.text.splitlines()
    assert head == f"❌ not sent {APPS}: {SAYS.get(name, UNREACHABLE)}"
    assert reason.startswith("prod: ")


async def audited(ward: Ward, sign: str) -> None:
    """The one line of the audit channel."""

    def line() -> MessageState | None:
        return next(iter(ward.workspace.messages("flux-audit")), None)

    found = await ward.workspace.wait_for(line, 60)
    assert found is not None
    assert found.text.startswith(f"{sign} #1 @sre ")
    assert len(ward.workspace.messages("flux-audit")) == 1


@pytest.mark.parametrize("name", BREAKS)
def test_before_a_request_nothing_is_sent_and_it_is_said_why_within_seconds(name: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        ward.fall_ill(BREAKS[name])
        ward.lose_watches()
        await asyncio.sleep(3)
        began = passed()
        end = await ward.say()
        assert passed() - began < 10
        not_sent(end, name)
        assert ward.tokens == set()
        await audited(ward, "❌")
        ward.heal()
        await asyncio.sleep(1)
        again = await (ward.retry(end) if "retry" in buttons(end) else ward.say())
        assert again.text.startswith(f"🟰 unchanged {APPS}")
        fit(ward)

    cured(story, tmp_path)


@pytest.mark.parametrize("name", BREAKS)
def test_at_the_bots_start_it_lives_says_why_and_works_once_the_cluster_is_healed(name: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        await asyncio.sleep(30)
        not_sent(await ward.say(), name)
        ward.heal()
        await asyncio.sleep(1)
        assert (await ward.say()).text.startswith(f"🟰 unchanged {APPS}")
        fit(ward)

    cured(story, tmp_path, at_birth=BREAKS[name])


@pytest.mark.parametrize("name", ONCE_IS_NOTHING)
def test_once_on_the_patch_it_does_not_matter(name: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        await ward.new_revision_waits()
        ward.fall_ill(FAULTS[name], when=is_patch, times=1)
        since = await ward.type()
        await ward.patched()
        await asyncio.sleep(5)
        ward.carry_on()
        assert APPLIED.match((await ward.end(since)).text)
        assert len(ward.tokens) == 1
        await audited(ward, "✅")
        fit(ward)

    cured(story, tmp_path)


@pytest.mark.parametrize("name", NEVER_ARRIVES)
def test_a_patch_that_does_not_arrive_is_not_sent_twice_and_told_as_such(name: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        rule = ward.fall_ill(FAULTS[name], when=is_patch)
        head, reason, *_ = (await ward.say()).text.splitlines()
        assert head == f"❌ broken off {APPS}"
        assert reason.startswith("the request did not reach the cluster within 10 s: prod: ")
        assert (rule.hits, ward.tokens) == (1, set())
        await audited(ward, "❌")
        fit(ward)

    cured(story, tmp_path)


@pytest.mark.parametrize(
    ("name", "head", "hits"),
    [
        ("401", f"❌ not sent {APPS}: {CREDENTIALS}", 1),
        ("403", f"❌ not sent {APPS}: {ROLE}", 1),
        ("409", f"❌ broken off {APPS}", 4),
        ("410", f"❌ broken off {APPS}", 1),
        ("429", f"❌ not sent {APPS}: {UNREACHABLE}", 4),
        ("503", f"❌ not sent {APPS}: {UNREACHABLE}", 4),
    ],
)
def test_a_patch_that_is_always_refused_is_told_at_once(name: str, head: str, hits: int, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        rule = ward.fall_ill(FAULTS[name], when=is_patch)
        began = passed()
        end = await ward.say()
        assert passed() - began < 10
        assert end.text.splitlines()[0] == head
        assert (rule.hits, ward.tokens) == (hits, set())
        fit(ward)

    cured(story, tmp_path)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("broken", ["", BROKEN_BUILD], ids=["good", "bad"])
def test_in_the_middle_of_a_follow_the_end_is_told_as_it_truly_was(name: str, broken: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        since = await _lost_sight(ward, FAULTS[name], broken)
        await asyncio.sleep(15)
        healed_at = passed()
        ward.heal()
        end = await ward.end(since)
        assert passed() - healed_at < 15
        if broken:
            assert end.text.startswith(FAILED)
            assert broken in end.text
        else:
            assert APPLIED.match(end.text)
        assert len(ward.tokens) == 1
        fit(ward)

    cured(story, tmp_path)


async def _lost_sight(ward: Ward, fault: Fault, broken: str = "") -> int:
    """Asked and sent; then the cluster goes ill, and Flux comes to an end that nobody sees."""
    await ward.new_revision_waits(broken)
    since = await ward.type()
    await ward.patched()
    await asyncio.sleep(1)
    ward.fall_ill(fault)
    ward.lose_watches()
    await asyncio.sleep(15)
    ward.carry_on()
    return since


@pytest.mark.parametrize("name", BREAKS)
def test_while_it_cannot_see_it_says_so_in_the_running_message(name: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        since = await _lost_sight(ward, BREAKS[name])
        await asyncio.sleep(15)
        shown = ward.workspace.history[-1].text
        assert shown.startswith("⏳")
        assert "prod: " in shown
        ward.heal()
        await ward.end(since)

    cured(story, tmp_path)


@pytest.mark.parametrize("broken", ["", BROKEN_BUILD], ids=["good", "bad"])
@pytest.mark.parametrize("name", BREAKS)
def test_an_illness_longer_than_the_wait_is_never_a_success_and_the_end_is_still_told(
    name: str, broken: str, tmp_path: Path
) -> None:
    async def story(ward: Ward) -> None:
        first = await ward.end(await _lost_sight(ward, BREAKS[name], broken))
        head, reason, *_ = first.text.splitlines()
        assert head.startswith(f"⏱️ not finished {APPS} after 5 m")
        assert reason.startswith("pending: prod: ")
        await asyncio.sleep(30)
        ward.heal()
        if broken:
            await ward.edited(first, broken)
        else:
            assert APPLIED.match((await ward.edited(first, "applied")).text)
        fit(ward)

    cured(story, tmp_path)


def test_a_request_that_arrived_before_the_cluster_died_is_followed_to_its_end(tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        await ward.new_revision_waits()
        ward.fall_ill(ResetAfter(), when=is_patch)
        since = await ward.type()
        await ward.patched()
        ward.fall_ill(FAULTS["reset"])
        ward.lose_watches()
        await asyncio.sleep(5)
        ward.carry_on()
        ward.heal()
        assert APPLIED.match((await ward.end(since)).text)
        assert len(ward.tokens) == 1

    cured(story, tmp_path)


def test_where_nobody_can_tell_whether_it_arrived_that_is_what_is_said(tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        ward.fall_ill(ResetAfter(), when=is_patch)
        since = await ward.type()
        await ward.patched()
        ward.fall_ill(FAULTS["reset"])
        ward.lose_watches()
        end = await ward.end(since)
        assert not end.text.startswith(("✅", "🟰"))
        assert "it is unknown whether the request reached the cluster" in end.text
        assert "retry" in buttons(end)
        fit(ward)

    cured(story, tmp_path)


@pytest.mark.parametrize("broken", ["", BROKEN_BUILD], ids=["good", "bad"])
def test_connections_that_go_dead_without_a_word_delay_the_end_and_lose_none(broken: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        await ward.new_revision_waits(broken)
        since = await ward.type()
        await ward.patched()
        await asyncio.sleep(1)
        ward.relay.deaden()
        ward.carry_on()
        began = passed()
        end = await ward.end(since)
        assert passed() - began < 200
        assert end.text.startswith(FAILED) if broken else APPLIED.match(end.text)
        fit(ward)

    cured(story, tmp_path)


def test_a_dead_connection_that_outlasts_the_wait_is_no_success_and_the_end_follows(tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        await ward.new_revision_waits()
        since = await ward.type(f"{ASK} --timeout 1m")
        await ward.patched()
        await asyncio.sleep(1)
        ward.relay.deaden()
        ward.carry_on()
        first = await ward.end(since)
        assert first.text.startswith(f"⏱️ not finished {APPS} after 1 m")
        assert APPLIED.match((await ward.edited(first, "applied")).text)
        fit(ward)

    cured(story, tmp_path)


def test_dead_connections_and_an_illness_at_once_end_well(tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        await ward.new_revision_waits()
        since = await ward.type()
        await ward.patched()
        await asyncio.sleep(1)
        ward.fall_ill(FAULTS["half-open"])
        ward.relay.deaden()
        ward.carry_on()
        await asyncio.sleep(100)
        ward.heal()
        assert APPLIED.match((await ward.end(since)).text)
        fit(ward)

    cured(story, tmp_path)


@pytest.mark.parametrize("name", FAULTS)
def test_where_every_third_request_goes_wrong_the_end_is_still_true(name: str, tmp_path: Path) -> None:
    async def story(ward: Ward) -> None:
        count = 0

        def every_third(_: web.Request) -> bool:
            nonlocal count
            count += 1
            return count % 3 == 0

        ward.fall_ill(FAULTS[name], when=every_third)
        for broken in ("", BROKEN_BUILD):
            await ward.new_revision_waits(broken)
            since = await ward.type()
            await asyncio.sleep(20)
            ward.carry_on()
            end = await ward.end(since)
            unknown = (f"❌ not sent {APPS}", f"❌ broken off {APPS}", "⏱️")
            assert end.text.startswith((FAILED if broken else "✅ applied", *unknown))
        fit(ward)

    cured(story, tmp_path)
