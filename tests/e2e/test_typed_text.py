"""What people and programs type: answered once each, to whoever typed it, and it can ping nobody."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.demo.slack import world
from tests.e2e.stage import Stage, staged

PING = re.compile(r"<[!@#]|\"type\": \"(user|usergroup|broadcast|channel)\"")
HELP = ["help", "--help", "-h", "?", "", "   ", "HELP"]
STRANGE = {
    "nonsense": "make me a sandwich",
    "unknown kind": "pod my-pod",
    "no name": "--resource kustomization",
    "not yet": "--resource all",
    "40,000 characters": "ks " + "x" * 39_997,
    "40,000 words": "a " * 20_000,
    "everybody": "ks <!channel>",
    "everybody, unescaped by a client": "<!channel> <!here> <!everyone> <@U0SREPERSON|sre> <#C0PLATFORM1>",
    "a group": "pod <!subteam^S0PLATFORM1|@platform-team>",
    "right to left": "pod \u202egnirts\u202c \u2066x\u2069",
    "half characters": "\ud800\udfff \udc00name",
    "NUL and escapes": "ks a\x00b \x1b[31mred",
    "back-ticks": "ks ```` ``` ` ```",
    "entities": "ks &lt;!channel&gt; &amp;lt;!here&amp;gt;",
    "link": "pod <https://evil.example/?q=1|prod>",
    "newlines": "ks\n\n\nnope nope\r\n--cluster\n",
    "a format": "ks %s {0} ${HOME} $(reboot); rm -rf /",
    "slashes": "/// // /",
    "options only": "--with-source --force --timeout",
}


def unpinging(stage: Stage) -> list[str]:
    """Every message of the bot in which something could ping."""
    told = [state for state in stage.history if state.author == world.BOT_USER]
    return [state.text for state in told if PING.search(state.text) or PING.search(json.dumps(state.blocks))]


@pytest.mark.parametrize("escaped", [True, False], ids=["as Slack escapes it", "raw"])
async def test_whatever_is_typed_gets_one_whisper_that_pings_nobody(tmp_path: Path, escaped: bool) -> None:
    async with staged("ks-unchanged", tmp_path, fast=True) as stage:
        for text in (*HELP, *STRANGE.values()):
            seen = len(stage.history)
            await stage.type(text, escaped=escaped)
            await stage.end(seen)
        assert len(stage.whispers()) == len(HELP) + len(STRANGE)
        assert stage.roots() == []
        assert unpinging(stage) == []
        assert stage.cluster.patches == []
        assert (await stage.say("ks ks-unchanged/app")).text.startswith("🟰 ")


async def test_every_way_to_ask_for_help_gives_the_same_help(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        answers = [(await stage.say(text)).text for text in HELP]
        assert len(set(answers)) == 1
        assert answers[0].startswith("💡 ")
        assert answers[0].splitlines()[1] == "/flux-reconcile ks ks-unchanged/app --with-source"


async def test_what_is_not_understood_says_so_and_names_the_nearest(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        answer = await stage.say("--resource kustomizatoin --name app")
        assert answer.text.splitlines()[0] == "❓ not understood: kustomizatoin is no kind of Flux"
        assert any("kustomization" in line for line in answer.text.splitlines()[1:])


async def test_names_are_shown_without_what_would_turn_the_writing_around(tmp_path: Path) -> None:
    async with staged("ks-unchanged", tmp_path) as stage:
        await stage.say("ks ks-unchanged/\u202eppa\u202c")
        shown = "".join(f"{state.text}{state.blocks}" for state in stage.history)
        assert re.findall("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown) == []
