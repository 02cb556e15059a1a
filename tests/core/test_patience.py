"""How long a request may take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.patience import patience
from bot.core.resources import Remediation
from tests.fakes.objects import (
    git_repository,
    helm_release,
    kustomization,
)

FLOOR = timedelta(minutes=5)


def test_patience_is_never_shorter_than_the_floor() -> None:
    assert patience(kustomization(), FLOOR) == FLOOR


def test_patience_follows_a_long_timeout() -> None:
    assert patience(replace(kustomization(), timeout=timedelta(minutes=20)), FLOOR) == timedelta(
        minutes=20, seconds=30
    )


def test_patience_without_a_timeout_follows_the_interval() -> None:
    slow = replace(kustomization(), timeout=None, interval=timedelta(hours=1))
    assert patience(slow, FLOOR) == timedelta(hours=1)


def test_patience_of_a_release_that_may_be_undone_is_twice_its_timeout() -> None:
    podinfo = helm_release(remediation=Remediation(upgrade_retries=3))
    assert patience(podinfo, FLOOR) == timedelta(minutes=10, seconds=30)


def test_patience_of_a_release_that_is_undone_for_ever_is_twice_its_timeout_too() -> None:
    podinfo = helm_release(remediation=Remediation(upgrade_retries=-1))
    assert patience(podinfo, FLOOR) == timedelta(minutes=10, seconds=30)


def test_patience_of_a_source_follows_its_timeout() -> None:
    assert patience(replace(git_repository(), timeout=timedelta(minutes=9)), FLOOR) == timedelta(
        minutes=9, seconds=30
    )


def test_flux_says_what_timed_out_before_we_do() -> None:
    assert patience(replace(kustomization(), timeout=FLOOR), FLOOR) > FLOOR


FLOOR = timedelta(minutes=5)


def test_patience_leaves_flux_the_time_to_say_itself_what_timed_out() -> None:
    odd = [replace(each, timeout=FLOOR) for each in (kustomization(), helm_release(), git_repository())]
    assert [patience(each, FLOOR) for each in odd] == [timedelta(minutes=5, seconds=30)] * 3


def test_patience_gives_a_short_interval_a_whole_minute() -> None:
    hasty = replace(kustomization(), timeout=None, interval=timedelta(seconds=50))
    assert patience(hasty, timedelta(seconds=10)) == timedelta(minutes=1)


def test_patience_without_timeouts_takes_fluxs_own() -> None:
    bare = [replace(each, timeout=None) for each in (helm_release(), git_repository())]
    found = [patience(each, timedelta(seconds=10)) for each in bare]
    assert found == [timedelta(minutes=5, seconds=30), timedelta(minutes=1, seconds=30)]


def test_patience_of_a_release_whose_installation_may_be_undone_is_twice_its_timeout() -> None:
    podinfo = helm_release(remediation=Remediation(install_retries=2))
    assert patience(podinfo, FLOOR) == timedelta(minutes=10, seconds=30)


def test_patience_of_any_kind_is_never_shorter_than_the_floor() -> None:
    floor = timedelta(minutes=20)
    assert [patience(each, floor) for each in (kustomization(), helm_release(), git_repository())] == [floor] * 3
