"""Which audit channels may not hold an audit trail."""

from __future__ import annotations

from dataclasses import replace

from bot.core.channels import Allowlist, Channel
from bot.flows.audit_channels import unfit_audit_channels
from bot.ports import ChannelFacts, Unknown
from tests.fakes.directory import FakeDirectory

FOR_ALL, OWN = "C0AUDIT", "C0OWN"
TEAM = Channel("C0TEAM", "team", private=True, shared=False, clusters=("*",), rules=(), audit_channel=OWN)
ALLOWLIST = Allowlist((TEAM,), audit_channel=FOR_ALL)
FIT = ChannelFacts(FOR_ALL, "audit", private=True, shared=False, archived=False, member=True)


def directory(for_all: ChannelFacts | Unknown = FIT, own: ChannelFacts | Unknown = FIT) -> FakeDirectory:
    found = FakeDirectory()
    found.channels = {FOR_ALL: for_all, OWN: own}
    return found


async def test_private_channels_that_the_bot_is_in_are_fit() -> None:
    assert await unfit_audit_channels(ALLOWLIST, directory()) == ()


async def test_each_reason_has_its_sentence() -> None:
    unfit = (
        replace(FIT, archived=True),
        replace(FIT, member=False),
        replace(FIT, shared=True),
        replace(FIT, private=False),
    )
    assert [await unfit_audit_channels(ALLOWLIST, directory(each)) for each in unfit] == [
        ("the audit channel C0AUDIT is archived: name another one in the allowlist",),
        ("the bot is not in the audit channel C0AUDIT: invite it there",),
        ("the audit channel C0AUDIT is shared with another organisation",),
        ("the audit channel C0AUDIT is public: make it private, or set allow_public_audit in the allowlist",),
    ]


async def test_a_public_one_is_fit_where_the_allowlist_says_so_and_a_shared_one_never_is() -> None:
    allowed = replace(ALLOWLIST, allow_public_audit=True)
    public, shared = replace(FIT, private=False), replace(FIT, private=False, shared=True)
    assert await unfit_audit_channels(allowed, directory(public)) == ()
    assert await unfit_audit_channels(allowed, directory(shared)) == (
        "the audit channel C0AUDIT is shared with another organisation",
    )


async def test_a_channels_own_audit_channel_is_looked_at_too_and_each_one_once() -> None:
    twice = replace(
        ALLOWLIST, channels=(TEAM, replace(TEAM, id="C0TWO"), replace(TEAM, id="C0THREE", audit_channel=None))
    )
    found = await unfit_audit_channels(twice, directory(own=replace(FIT, archived=True)))
    assert found == ("the audit channel C0OWN is archived: name another one in the allowlist",)


async def test_what_slack_does_not_tell_about_is_fit_for_now() -> None:
    assert await unfit_audit_channels(ALLOWLIST, directory(Unknown.UNANSWERED, Unknown.NOT_FOUND)) == ()


async def test_without_any_audit_channel_there_is_nothing_to_say() -> None:
    assert await unfit_audit_channels(Allowlist((replace(TEAM, audit_channel=None),)), directory()) == ()
