"""Somebody else is at the same objects at the same moment: the bot never claims a success that was none, and ends.

What is true is known here without the bot: an object that was made unhealthy fails in every run that really happens,
and the test's own watch says which tokens were handled. The seed is printed; ``FLUX_BOT_TEST_SEED`` sets it.
"""

import asyncio
import os
import random
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import monotonic

import pytest

from tests.real.api import Api, Ref
from tests.real.bot import End, conversation
from tests.real.bot_watch import Seen, Shown, caught_up, watching
from tests.real.grounds import Grounds
from tests.real.objects import HEALTH, config_map, git_repository, kustomization, watched_health
from tests.real.sources import Sources
from tests.real.stage import at_rest

OBJECTS = 10
OVERTAKEN_ROUNDS, SUSPENDED_ROUNDS = 2, 5
WELL = ("✅", "🟰", "⚠️")
LONGEST = 1.2
"""Seconds after our token was seen within which somebody interferes: longer than most runs take here."""


@dataclass(frozen=True, slots=True)
class Herd:
    """Ten Kustomizations of one namespace, each with a ConfigMap whose annotation decides whether it is healthy."""

    api: Api
    namespace: str
    dice: random.Random

    @property
    def refs(self) -> list[Ref]:
        return [Ref("Kustomization", self.namespace, f"app-{number}") for number in range(OBJECTS)]

    def watched(self) -> AbstractAsyncContextManager[Seen]:
        return watching(self.api, "Kustomization", self.namespace)

    async def health(self, ref: Ref, state: str) -> None:
        await self.api.annotate(Ref("ConfigMap", ref.namespace, f"settings-{ref.name}"), **{HEALTH: state})

    async def settle(self, ref: Ref, token: str) -> None:
        """Healthy, not suspended, at rest after a run that ``token`` asked for."""
        await self.health(ref, "ok")
        await self.api.patch(ref, {"spec": {"suspend": False}})
        await self.api.request(ref, token)
        await self.api.until(ref, lambda obj: at_rest(obj) and obj["status"].get("lastHandledReconcileAt") == token)

    async def spoil(self) -> set[Ref]:
        """Makes about half of them unhealthy: every run of these fails, while they still look ready."""
        bad = {ref for ref in self.refs if self.dice.random() < 0.5}
        await asyncio.gather(*(self.health(ref, "bad") for ref in bad))
        return bad

    def command(self, round_: int) -> str:
        names = " ".join(f"{ref.namespace}/{ref.name}" for ref in self.refs)
        # Another patience each time, since the same command twice within seconds would be one request.
        return f"ks {names} --timeout {60 + round_}s"


@pytest.fixture
async def herd(api: Api, namespace: str, sources: Sources) -> Herd:
    seed = int(os.environ.get("FLUX_BOT_TEST_SEED") or random.SystemRandom().randrange(10**6))
    print(f"FLUX_BOT_TEST_SEED={seed}")
    made = Herd(api, namespace, random.Random(seed))
    repo = await sources.git(f"{namespace}-app")
    await repo.commit({f"{ref.name}/settings.yaml": config_map(f"settings-{ref.name}") for ref in made.refs})
    await api.create(git_repository(namespace, "app", repo.url))
    await asyncio.gather(*(_grow(api, ref) for ref in made.refs))
    await asyncio.gather(*(api.until(ref, at_rest) for ref in made.refs))
    return made


async def _grow(api: Api, ref: Ref) -> None:
    where = {"name": f"settings-{ref.name}", "namespace": ref.namespace, "annotations": {HEALTH: "ok"}}
    await api.create({"kind": "ConfigMap", "metadata": where})
    spec = {"path": f"./{ref.name}", "retryInterval": "1h", **watched_health()}
    await api.create(kustomization(ref.namespace, ref.name, "GitRepository/app", **spec))


@pytest.mark.timeout(170)
async def test_overtaken_twenty_times_it_claims_no_success_that_was_none(grounds: Grounds, herd: Herd) -> None:
    ends: Counter[str] = Counter()
    never_handled = 0
    async with herd.watched() as seen, conversation(grounds.bot_kubeconfig) as talk:
        for round_ in range(OVERTAKEN_ROUNDS):
            await asyncio.gather(*(herd.settle(ref, f"settled-{round_}") for ref in herd.refs))
            bad, began = await herd.spoil(), monotonic()
            busy = set(herd.dice.sample(herd.refs, 2))
            await asyncio.gather(*(_keep_busy(herd, seen, ref) for ref in busy))
            theirs = {ref: f"theirs-{round_}-{ref.name}" for ref in herd.refs}
            asking = asyncio.create_task(talk.say(herd.command(round_)))
            await asyncio.gather(*(_overtake(herd, seen, ref, theirs[ref], began, ref in busy) for ref in herd.refs))
            await asyncio.gather(*(herd.health(ref, "bad" if ref in bad else "ok") for ref in busy))
            end = await asking
            await caught_up(herd.api, seen, herd.refs[0])
            for ref in herd.refs:
                line = _line(end, ref)
                ends[line.partition(" ks/")[0]] += 1
                events = [each for each in seen.of(ref) if each.at > began]
                assert _true(line, ref in bad, _runs(events, _ours(events) | {theirs[ref]})), line
                never_handled += not any(each.handled in _ours(events) for each in events)
    print(f"{dict(ends)}, our token was never handled: {never_handled}")
    assert sum(ends.values()) == 20
    assert never_handled >= 2 * OVERTAKEN_ROUNDS, "nobody was overtaken, so nothing was tried"


@pytest.mark.timeout(170)
async def test_suspended_fifty_times_it_claims_no_success_that_was_none(grounds: Grounds, herd: Herd) -> None:
    ends: Counter[str] = Counter()
    async with herd.watched() as seen, conversation(grounds.bot_kubeconfig) as talk:
        for round_ in range(SUSPENDED_ROUNDS):
            await asyncio.gather(*(herd.settle(ref, f"settled-{round_}") for ref in herd.refs))
            bad, began = await herd.spoil(), monotonic()
            asking = asyncio.create_task(talk.say(herd.command(round_)))
            await asyncio.gather(*(_suspend(herd, seen, ref, began) for ref in herd.refs))
            end = await asking
            await caught_up(herd.api, seen, herd.refs[0])
            for ref in herd.refs:
                line = _line(end, ref)
                ends[line.partition(" ks/")[0]] += 1
                events = [each for each in seen.of(ref) if each.at > began]
                assert _true(line, ref in bad, _runs(events, _ours(events))), line
    print(dict(ends))
    assert sum(ends.values()) == 50


# --- What others do -------------------------------------------------------------------------------------------------


async def _overtake(herd: Herd, seen: Seen, ref: Ref, token: str, began: float, busy: bool) -> None:
    await _our_token(seen, ref, began)
    # A random moment, and not a wait for anything: that is what is tried here.
    await asyncio.sleep(0 if busy else herd.dice.choice((0.0, herd.dice.uniform(0, LONGEST))))
    await herd.api.request(ref, token)


async def _suspend(herd: Herd, seen: Seen, ref: Ref, began: float) -> None:
    moment = herd.dice.uniform(-0.2, LONGEST)
    if moment > 0:
        await _our_token(seen, ref, began)
    await asyncio.sleep(abs(moment))  # a random moment, as above
    await herd.api.patch(ref, {"spec": {"suspend": True}})


async def _keep_busy(herd: Herd, seen: Seen, ref: Ref) -> None:
    """Starts a run that waits for health, so that nobody else's token is looked at until it ends."""
    began = monotonic()
    await herd.health(ref, "busy")
    await herd.api.request(ref, f"busy-{began}")
    await seen.until(ref, lambda shown: shown.at > began and shown.waits_for_health)


async def _our_token(seen: Seen, ref: Ref, began: float) -> None:
    await seen.until(ref, lambda shown: shown.at > began and _is_ours(shown.token))


# --- What is true ---------------------------------------------------------------------------------------------------


def _is_ours(token: str) -> bool:
    return token.startswith("2") and "Z-" in token


def _ours(events: list[Shown]) -> set[str]:
    return {each.token for each in events if _is_ours(each.token)}


def _runs(events: list[Shown], tokens: set[str]) -> list[Shown]:
    """States after a run that one of the tokens asked for, and that did not merely acknowledge while suspended."""
    ran: set[str] = set()
    found = []
    for each in events:
        if not each.suspended:
            ran.add(each.token)
        if each.handled in tokens and (not each.suspended or each.handled in ran):
            found.append(each)
    return found


def _line(end: End, ref: Ref) -> str:
    return next(line for line in end.lines[1:] if f"ks/{ref.namespace}/{ref.name}" in line)


def _true(line: str, bad: bool, runs: list[Shown]) -> bool:
    """Whether the claim fits what happened: a success needs a run of ours or theirs that ended well."""
    if not line.startswith(WELL):
        return True
    return not bad and any(each.ready == "True" for each in runs)
