"""The allowlist as a value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.channels import Allowlist, Channel, Ping, Rule, Who, fits
from bot.core.kinds import KINDS

SHOP = Channel(id="C0SHOP", name="shop", private=False, shared=False, clusters=("prod", "stag*"), rules=())


@pytest.mark.parametrize(
    ("globs", "value", "expected"),
    [
        (("*",), "anything", True),
        (("*",), "", False),
        ((), "anything", False),
        (("shop-?",), "shop-a", True),
        (("shop-?",), "shop-", False),
        (("[ab]x",), "bx", True),
        (("[!ab]x",), "bx", False),
        (("a.b",), "acb", False),
        (("shop",), "SHOP", False),
        (("shop",), "shop\n", False),
        (("no", "yes"), "yes", True),
    ],
)
def test_a_glob_is_the_whole_value_or_does_not_fit(globs: tuple[str, ...], value: str, expected: bool) -> None:
    assert fits(globs, value) is expected


def test_an_unlisted_or_absent_channel_is_no_channel() -> None:
    allowlist = Allowlist(channels=(SHOP, replace(SHOP, id="")))
    assert [allowlist.channel(id_) for id_ in ("C0SHOP", "C0OTHER", "", "c0shop")] == [SHOP, None, None, None]


def test_the_channels_own_ping_wins() -> None:
    allowlist = Allowlist(channels=(SHOP,), ping=Ping.FAILURES)
    assert allowlist.ping_in(SHOP) is Ping.FAILURES
    assert allowlist.ping_in(replace(SHOP, ping=Ping.NEVER)) is Ping.NEVER


def test_the_audit_channel_for_all_comes_first_and_none_comes_twice() -> None:
    own = replace(SHOP, audit_channel="C0OWN")
    assert Allowlist(audit_channel="C0ALL").audit_channels(own) == ("C0ALL", "C0OWN")
    assert Allowlist(audit_channel="C0OWN").audit_channels(own) == ("C0OWN",)
    assert Allowlist().audit_channels(SHOP) == ()


def test_a_channel_knows_its_clusters_by_globs_in_the_order_given() -> None:
    assert SHOP.clusters_among(("staging", "dev", "prod")) == ("staging", "prod")


def test_every_group_that_a_rule_names_is_listed() -> None:
    rule = Rule("a", Who(groups=frozenset({"S1", "S2"})), frozenset(), (), frozenset(), (), ())
    other = replace(rule, name="b", who=Who(users=frozenset({"U1"}), groups=frozenset({"S3"})))
    assert Allowlist(channels=(replace(SHOP, rules=(rule, other)),)).groups == {"S1", "S2", "S3"}
    assert Allowlist().groups == frozenset()


def test_no_two_kinds_share_a_name_so_that_a_rule_names_one() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
