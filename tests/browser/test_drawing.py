"""The page draws what the workspace holds, all of it and nothing else."""

from __future__ import annotations

import json

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.demo.slack.workspace import Workspace
from bot.demo.slack.world import BOT_TOKEN, PLATFORM
from tests.browser.strategies import Json, Shown, messages
from tests.browser.visit import LONG, Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

_SEEN = """(ts) => {
  const article = document.querySelector(`#log .message[data-ts="${ts}"]`);
  const fields = [...article.querySelectorAll("input, textarea, select, optgroup, [title], [aria-label]")];
  const said = fields.flatMap((each) => [each.placeholder, each.value, each.label, each.title, each.ariaLabel]);
  return [article.textContent, ...said].filter(Boolean);
}"""


async def post(workspace: Workspace, blocks: list[Json]) -> str:
    """As the bot would, by Slack's Web API; answers the ts. What Slack would refuse fails the test."""
    body = {"channel": PLATFORM, "text": "words for notifications", "blocks": blocks}
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
        async with session.post(f"{workspace.api_url}chat.postMessage", json=body, headers=headers) as response:
            answer = await response.json()
    assert answer["ok"], json.dumps([answer, blocks], ensure_ascii=False)
    return str(answer["ts"])


# A failing example is shown as it came: to shrink it would take longer than a test may.
@settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(said=st.lists(messages(), min_size=6, max_size=10))
async def test_each_text_of_random_valid_blocks_is_on_the_page(visit: Visit, said: list[list[Shown]]) -> None:
    posted = [(await post(visit.world.workspace, [each.json for each in blocks]), blocks) for blocks in said]
    await visit.message(posted[-1][0]).wait_for(timeout=LONG)
    for ts, blocks in posted:
        seen = "\n".join(" ".join(part.split()) for part in await visit.page.evaluate(_SEEN, ts))
        missing = [word for each in blocks for word in each.words if " ".join(word.split()) not in seen]
        assert missing == [], json.dumps([each.json for each in blocks], ensure_ascii=False)
    assert await visit.page.locator("#log script, #log iframe, #log img:not(.avatar)").count() == 0
