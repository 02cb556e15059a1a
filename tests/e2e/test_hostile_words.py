"""What people and Slack's own records hold that would ping, hide, break a layout or hang a bot: told as mere text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.demo.slack import world
from bot.demo.slack.workspace import Workspace
from tests.e2e.stage import Stage, staged

HARM = re.compile(
    r"<(?!https?://|!date\^)|```"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""What pings, ends a code block, turns writing around, hides, or what no reader of JSON should have to meet."""
HOSTILE = (
    "<!channel> <!here> <!everyone> @channel <@U0SREPERSON> <#C0PLATFORM1> <!subteam^S0PLATFORM1>",
    "````` ``` ` ````",
    "\u202eppa\u202c \u2066x\u2069 \u200f\u061c\u200b\ufeff",
    "a\x00b\x1b[31m\x07\x7f\x85",
    "\ud800\udfff\udc00",
    "<https://evil.example/|prod> *bold* _it_ ~no~ :fire: > quote",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "%s {0} ${HOME} $(reboot) \\u0000 \\",
    "\N{ZERO WIDTH JOINER}" * 500,
    "e" + "\u0301" * 2_000,
)
HOSTILE_NAME = "<!channel> ```\u202eeve\x00 *x* @here </a>"


ANSWERS = {
    "pod my-pod": "❓ not understood: pod is no kind of Flux",
    "kustomizaton my-app": "❓ not understood: kustomizaton is no kind of Flux",
    "suspend ks apps": "❓ not understood: suspend is nothing this bot does",
    "reconcil ks apps": "❓ not understood: reconcil is nothing this bot does",
    "ks app --wih-source": "❓ not understood: --wih-source is no option",
    "ks app --timeout": "❓ not understood: --timeout needs a value",
    "ks app --timeout soon": "❓ not understood: --timeout soon is not a value that fits there",
    "ks My_App": "❓ not understood: My_App is not a name that Kubernetes allows",
    "ks ../../etc/passwd": "❓ not understood: ../../etc/passwd is not a name that Kubernetes allows",
    "ks naïve": "❓ not understood: naïve is not a name that Kubernetes allows",
    "ks -app": "❓ not understood: -app is no option",
    "ks " + "x" * 254: f"❓ not understood: {'x' * 99}… is not a name that Kubernetes allows",
    f"ks {'n' * 64}/app": f"❓ not understood: {'n' * 64}/app is not a name that Kubernetes allows",
    "ks app --cluster atlantis": "❓ not understood: atlantis is no cluster of this channel",
    "atlantis ks/app": "❓ not understood: atlantis is no cluster of this channel",
    "ks 'app": "❓ not understood: the quote at 'app is never closed",
    "ks app hr app --force --cluster prod on other": "❓ not understood: other says two different things at once",
    "x" * 40_000: "❓ not understood: the text is longer than any command",
}


@pytest.mark.parametrize("escaped", [True, False], ids=["as Slack escapes it", "raw"])
async def test_whatever_is_wrong_with_a_command_is_named_and_an_example_given(tmp_path: Path, escaped: bool) -> None:
    told = {}
    async with staged("ks-unchanged", tmp_path, fast=True) as stage:
        for text in ANSWERS:
            seen = len(stage.history)
            await stage.type(text, escaped=escaped)
            told[text] = (await stage.end(seen)).text.splitlines()[0]
        assert stage.cluster.patches == []
    assert told == ANSWERS


def strings(value: object) -> list[str]:
    """Every text inside."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for each in inside for text in strings(each)]


def harmful(stage: Stage) -> list[str]:
    """What the bot said that is more than text; the ping of a closing mention is its own doing."""
    said = [state for state in stage.history if state.author == world.BOT_USER]
    assert said
    texts = [text for state in said for text in (state.text, *strings(state.blocks))]
    return [text for text in texts if HARM.search(text.replace(f"<@{world.SRE}>", ""))]


@pytest.mark.parametrize("escaped", [True, False], ids=["as Slack escapes it", "raw"])
@pytest.mark.parametrize("who", ["sre", "dev", "guest"])
async def test_hostile_text_is_answered_as_text_whoever_types_it(tmp_path: Path, who: str, escaped: bool) -> None:
    shapes = (
        "{}",
        "ks {}",
        "ks/{}/app",
        "ks app --cluster {}",
        "ks app --name={}",
        "ks app --{}",
        '"{}"',
        "{} ks/app",
    )
    async with staged("ks-unchanged", tmp_path, fast=True) as stage:
        for shape in shapes:
            for text in HOSTILE:
                seen = len(stage.history)
                await stage.type(shape.replace("{}", text), who=who, escaped=escaped)
                answer = await stage.end(seen)
                # What is left of some names an object, though there is none of that name.
                assert answer.only_for == stage.workspace.roster.person(who).id or who == "sre"
        assert harmful(stage) == []
        assert stage.cluster.patches == []


async def test_names_that_slack_hands_out_are_shown_as_text(tmp_path: Path) -> None:
    def rename(workspace: Workspace) -> None:
        roster = workspace.roster
        for person in (world.SRE, world.DEV):
            roster.put_person(replace(roster.person(person), name=HOSTILE_NAME, real_name=HOSTILE_NAME))
        for channel in (world.PLATFORM, world.RANDOM):
            roster.put_channel(replace(roster.channel(channel), name=HOSTILE_NAME))
        for group in roster.groups():
            roster.put_group(replace(group, handle=HOSTILE_NAME, name=HOSTILE_NAME))

    async with staged("ks-build-failure", tmp_path, since=1, fast=True, prepare=rename) as stage:
        failed = await stage.say("ks ks-build-failure/app", who=world.SRE, where=world.PLATFORM)
        await stage.until(lambda state: state.thread_ts == failed.ts and f"<@{world.SRE}>" in state.text)
        await stage.say("ks ks-build-failure/app", who=world.DEV, where=world.PLATFORM)
        await stage.say("ks ks-build-failure/app", who=world.DEV, where=world.RANDOM)
        await stage.press(failed, "retry", who=world.DEV)
        lines = await stage.audited(3)
        assert all("eve" in line for line in lines)
        assert harmful(stage) == []
