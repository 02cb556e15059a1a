"""Whatever JSON comes in, the workspace answers with one of its errors and never breaks."""

from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import world
from bot.demo.slack.blocks import Surface, complaints
from bot.demo.slack.forms import view_complaints
from bot.demo.slack.knobs import GRANTED
from bot.demo.slack.methods.web_api import METHODS
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask

WORDS = st.sampled_from(
    [
        *("type", "text", "elements", "fields", "accessory", "block_id", "action_id", "options", "value", "rows"),
        *("section", "actions", "context", "table", "rich_text", "button", "static_select", "mrkdwn", "plain_text"),
        *("modal", "home", "blocks", "title", "submit", "element", "input", "label", "url", "confirm", "style"),
    ]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20), WORDS)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(WORDS, inner, max_size=6)),
    max_leaves=30,
)
ARGUMENTS = st.dictionaries(
    st.sampled_from(
        [
            *("channel", "text", "blocks", "attachments", "ts", "user", "view", "trigger_id", "limit", "cursor"),
            *("metadata", "thread_ts", "include_users", "users", "user_id", "view_id", "hash", "types", "status"),
        ]
    ),
    JSON | st.sampled_from([world.PLATFORM, world.SRE, "1700000000.000100"]),
)


@given(value=JSON, surface=st.sampled_from(Surface))
def test_blocks_of_any_shape_are_judged(value: object, surface: Surface) -> None:
    assert all(line.startswith("[ERROR] ") and line.endswith("]") for line in complaints(value, surface))


@given(value=JSON, kind=st.sampled_from(["modal", "home"]))
def test_views_of_any_shape_are_judged(value: object, kind: str) -> None:
    assert all(line.startswith("[ERROR] ") for line in view_complaints(value, kind))


async def answered(slack: AsyncWebClient, method: str, arguments: dict[str, object]) -> bool:
    """Whether Slack's own words came back, yes or no, and not a broken server."""
    try:
        answer = await ask(slack, method, **arguments)
    except SlackApiError as refused:
        return refused.response.status_code == 200 and bool(refused.response["error"])
    return bool(answer["ok"])


async def test_every_method_answers_arguments_of_any_shape() -> None:
    cases: list[tuple[str, dict[str, object]]] = []

    @settings(max_examples=300, deadline=None)
    @given(method=st.sampled_from(sorted(METHODS)), arguments=ARGUMENTS)
    def collect(method: str, arguments: dict[str, object]) -> None:
        known = METHODS[method].required | METHODS[method].optional
        fitting = {name: value for name, value in arguments.items() if name in known}
        cases.append((method, {**dict.fromkeys(METHODS[method].required, "x"), **fitting}))

    collect()
    async with Workspace() as workspace:
        workspace.knobs.scopes = GRANTED | {"reactions:write", "im:write"}
        slack = AsyncWebClient(token=world.BOT_TOKEN, base_url=workspace.api_url)
        broken = [case for case in cases if not await answered(slack, *case)]
    assert broken == []
