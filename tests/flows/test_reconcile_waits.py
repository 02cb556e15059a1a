"""What a request waits for, and what goes on after its end."""

from __future__ import annotations

from datetime import timedelta

from bot.core.notices import (
    Finished,
    Part,
    Running,
    Stage,
)
from bot.core.offers import Press
from bot.core.resources import Controller, Ref
from bot.core.verdicts import (
    Failed,
    Gone,
    Pending,
    Succeeded,
    TimedOut,
    Why,
)
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import git_repository, kustomization
from tests.fakes.runs import done, failed, held_up, running
from tests.fakes.status import B
from tests.flows.house import house_with


async def test_an_object_deleted_while_we_wait_is_gone() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def vanish(_: object) -> None:
        house.clock.call_in(2, lambda: cluster.remove(apps.ref))

    cluster.on_request = vanish
    await house.say("ks apps")
    assert house.ends() == [Gone(seen_before=True)]


async def test_the_deadline_tells_what_is_pending() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda _, now: running(now, B)))
    await house.say("ks apps --timeout 1m")
    (end,) = house.ends()
    assert isinstance(end, TimedOut)
    assert end.pending.why is Why.RUNNING
    assert house.finished().took == timedelta(minutes=1)


async def test_a_controller_that_does_not_answer_is_named_after_thirty_seconds() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.controllers[apps.ref.kind] = Controller("kustomize-controller", "flux-system", replicas=1, available=0)
    await house.say("ks apps --timeout 1m")
    slow = [root.tracks[0].slow for root in house.in_part(Part.ROOT) if isinstance(root, Running)]
    assert slow[-1] == Controller("kustomize-controller", "flux-system", replicas=1, available=0)
    assert house.ends() == [TimedOut(Pending(Why.QUEUED))]


async def test_a_dead_watch_is_told_and_no_wait_is_lost() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())

    def die(_: object) -> None:
        house.clock.call_in(1, cluster.blind)

    cluster.on_request = die
    cluster.script(apps.ref, (8, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps")
    pending = [stage.pending for root in house.in_part(Part.ROOT) for stage in _stages(root)]
    assert Pending(Why.BLIND, "connection refused") in pending
    assert isinstance(house.ends()[0], Succeeded)


def _overwrite(cluster: FakeCluster, ref: Ref) -> None:
    cluster.overwrite(ref, "theirs")


def _stages(root: object) -> tuple[Stage, ...]:
    assert isinstance(root, Running | Finished)
    return root.tracks[0].stages


async def test_a_dependency_that_fails_ends_the_wait_with_the_root_cause() -> None:
    backend = kustomization("shop/backend", ready=False)
    frontend = kustomization("shop/frontend", depends_on=("shop/backend",))
    house, cluster = house_with(frontend, backend, git_repository("shop/frontend"))
    cluster.script(frontend.ref, (1, lambda ask, now: held_up(now, ask.token, "shop/backend")))
    await house.say("ks shop/frontend")
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Failed)
    assert outcome.end.reason == "DependencyNotReady"
    assert outcome.cause is not None
    assert outcome.cause.root.ref == backend.ref
    assert house.finished().took < timedelta(seconds=30)


async def test_a_dependency_at_work_is_waited_for() -> None:
    backend = running(kustomization("shop/backend"), B)
    frontend = kustomization("shop/frontend", depends_on=("shop/backend",))
    house, cluster = house_with(frontend, backend, git_repository("shop/frontend"), git_repository("shop/backend"))
    cluster.script(
        frontend.ref,
        (1, lambda ask, now: held_up(now, ask.token, "shop/backend")),
        (90, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks shop/frontend")
    assert isinstance(house.ends()[0], Succeeded)


async def test_a_failure_that_heals_edits_the_root_once() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(
        apps.ref,
        (2, lambda ask, now: failed(now, ask.token, "HealthCheckFailed", "boom", B)),
        (60, lambda ask, now: failed(now, ask.token, "HealthCheckFailed", "boom again", B)),
        (240, lambda ask, now: done(now, ask.token, B)),
    )
    await house.say("ks apps")
    told_before = len(house.in_part(Part.ROOT))
    await house.clock.advance(600)
    roots = house.in_part(Part.ROOT)[told_before:]
    assert len(roots) == 1
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert isinstance(outcome.end, Failed)
    assert outcome.healed is not None
    assert isinstance(outcome.healed.verdict, Succeeded)
    assert outcome.healed.after == timedelta(seconds=239)
    assert [button.press for button in house.finished().buttons] == [Press.DETAILS]
    assert len(house.afterlives) == 0


async def test_a_time_out_is_followed_on_to_its_end() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (1, lambda _, now: running(now, B)), (300, lambda ask, now: done(now, ask.token, B)))
    await house.say("ks apps --timeout 1m")
    await house.clock.advance(600)
    outcome = house.finished().tracks[0].outcome
    assert outcome is not None
    assert outcome.healed is not None
    assert isinstance(outcome.healed.verdict, Succeeded)


async def test_the_afterlife_ends_when_somebody_asks_anew() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (2, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    await house.clock.advance(10)
    assert len(house.afterlives) == 1
    cluster.overwrite(apps.ref, "theirs")
    await house.clock.advance(1)
    assert len(house.afterlives) == 0


async def test_the_afterlife_ends_by_itself() -> None:
    apps = kustomization()
    house, cluster = house_with(apps, git_repository())
    cluster.script(apps.ref, (2, lambda ask, now: failed(now, ask.token, "BuildFailed", "boom", B)))
    await house.say("ks apps")
    await house.clock.advance(1801)
    assert len(house.afterlives) == 0
