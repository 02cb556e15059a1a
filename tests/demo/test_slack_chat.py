"""Posting, editing, whispering, deleting: what the SDK gets to see, and what stands in the channel afterwards."""

from dataclasses import replace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.demo.slack import world
from bot.demo.slack.knobs import GRANTED
from bot.demo.slack.state import MessageState
from bot.demo.slack.workspace import Workspace
from tests.demo.asking import ask, refusal
from tests.demo.handclock import HandClock

DIVIDER = {"type": "divider"}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


def shown(states: list[MessageState]) -> list[tuple[str, str | None, str, int, bool, bool, str]]:
    return [
        (each.channel_name, each.only_for, each.text, len(each.blocks), each.edited, each.deleted, each.via)
        for each in states
    ]


async def test_history_keeps_every_state_of_every_message(slack: AsyncWebClient, workspace: Workspace) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="running", blocks=[SECTION])
    await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="details", thread_ts=root["ts"])
    await ask(slack, "chat.update", channel=world.PLATFORM, ts=root["ts"], text="done", blocks=[SECTION, DIVIDER])
    await ask(slack, "chat.postEphemeral", channel=world.TEAM_SHOP, user=world.DEV, text="for you")
    await ask(slack, "chat.delete", channel=world.PLATFORM, ts=root["ts"])

    assert shown(workspace.history) == [
        ("platform", None, "running", 1, False, False, "chat.postMessage"),
        ("platform", None, "details", 0, False, False, "chat.postMessage"),
        ("platform", None, "done", 2, True, False, "chat.update"),
        ("team-shop", world.DEV, "for you", 0, False, False, "chat.postEphemeral"),
        ("platform", None, "done", 2, True, True, "chat.delete"),
    ]
    assert [each.seq for each in workspace.history] == [1, 2, 3, 4, 5]
    assert [each.thread_ts for each in workspace.history] == [None, root["ts"], None, None, None]
    assert [each.text for each in workspace.messages()] == ["details", "for you"]
    assert [each.text for each in workspace.messages("platform")] == ["details"]


async def test_message_ids_grow_even_while_the_clock_stands_still(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    for number in range(3):
        await ask(slack, "chat.postMessage", channel=world.PLATFORM, text=str(number))
    stamps = [each.ts for each in workspace.messages()]
    assert stamps == sorted(set(stamps))
    assert [len(stamp.partition(".")[2]) for stamp in stamps] == [6, 6, 6]


async def test_the_answer_to_a_post_shows_the_message_with_its_ids_filled_in(slack: AsyncWebClient) -> None:
    answer = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi", blocks=[SECTION])
    message = answer["message"]
    block = message["blocks"][0]
    assert block == {**SECTION, "block_id": block["block_id"]}
    assert len(block["block_id"]) == 5
    assert {name: message[name] for name in ("user", "bot_id", "app_id", "team", "text", "ts")} == {
        "user": world.BOT_USER,
        "bot_id": world.BOT,
        "app_id": world.APP,
        "team": world.TEAM,
        "text": "hi",
        "ts": answer["ts"],
    }


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE01", "channel_not_found"),
        ("platform", "channel_not_found"),
        (world.SECRETS, "channel_not_found"),
        (world.LOBBY, "not_in_channel"),
        (world.OLD_PROJECT, "is_archived"),
    ],
)
async def test_a_post_is_refused_where_the_bot_may_not_write(
    slack: AsyncWebClient, workspace: Workspace, channel: str, error: str
) -> None:
    assert await refusal(ask(slack, "chat.postMessage", channel=channel, text="hi")) == error
    assert workspace.history == []


async def test_with_the_scope_for_it_the_bot_posts_to_public_channels_that_it_is_not_in(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    workspace.knobs.scopes = GRANTED | {"chat:write.public"}
    await ask(slack, "chat.postMessage", channel=world.LOBBY, text="hi")
    assert await refusal(ask(slack, "chat.postMessage", channel=world.SECRETS, text="hi")) == "channel_not_found"
    assert [each.channel_name for each in workspace.history] == ["lobby"]


async def test_a_post_to_a_person_lands_in_the_direct_conversation(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    answer = await ask(slack, "chat.postMessage", channel=world.DEV, text="hi")
    assert answer["channel"] == "D0DEVPERSON"
    assert [each.text for each in workspace.visible_to("dev")] == ["hi"]
    assert workspace.visible_to("sre") == ()


async def test_a_knob_shuts_a_channel_with_the_error_of_a_rule(slack: AsyncWebClient, workspace: Workspace) -> None:
    workspace.knobs.channel_errors[world.PLATFORM] = "restricted_action"
    assert await refusal(ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi")) == "restricted_action"


async def test_nothing_to_say_is_no_message(slack: AsyncWebClient) -> None:
    assert await refusal(ask(slack, "chat.postMessage", channel=world.PLATFORM, text="")) == "no_text"
    assert await refusal(ask(slack, "chat.postMessage", channel=world.PLATFORM, text="", blocks=[])) == "no_text"
    assert (
        await refusal(ask(slack, "chat.postEphemeral", channel=world.PLATFORM, user=world.SRE, text="")) == "no_text"
    )


async def test_a_post_keeps_forty_thousand_characters_and_an_edit_takes_four_thousand(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="x" * 40_001)
    await ask(slack, "chat.update", channel=world.PLATFORM, ts=root["ts"], text="y" * 4_000)
    too_long = ask(slack, "chat.update", channel=world.PLATFORM, ts=root["ts"], text="y" * 4_001)
    assert await refusal(too_long) == "msg_too_long"
    assert [len(each.text) for each in workspace.history] == [40_000, 4_000]


async def test_blocks_over_the_limits_come_back_with_pointers(slack: AsyncWebClient, workspace: Workspace) -> None:
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    with pytest.raises(SlackApiError) as caught:
        await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi", blocks=[SECTION, long])
    assert caught.value.response.data == {
        "ok": False,
        "error": "invalid_blocks",
        "response_metadata": {
            "messages": ["[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]"]
        },
    }
    assert workspace.history == []


async def test_blocks_that_are_no_list_and_too_many_attachments_have_errors_of_their_own(
    slack: AsyncWebClient,
) -> None:
    post = {"channel": world.PLATFORM, "text": "hi"}
    assert await refusal(ask(slack, "chat.postMessage", **post, blocks={})) == "invalid_blocks_format"
    attachments = [{"text": "x"}] * 101
    assert await refusal(ask(slack, "chat.postMessage", **post, attachments=attachments)) == "too_many_attachments"
    await ask(slack, "chat.postMessage", **post, attachments=attachments[:100])


async def test_metadata_needs_a_type_and_an_object(slack: AsyncWebClient, workspace: Workspace) -> None:
    good = {"event_type": "reconcile", "event_payload": {"id": "r1"}}
    await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi", metadata=good)
    assert workspace.history[0].metadata == good
    refused: list[tuple[dict[str, object], str]] = [
        ({"event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "x", "event_payload": 1}, "invalid_metadata_schema"),
    ]
    for bad, error in refused:
        assert await refusal(ask(slack, "chat.postMessage", channel=world.PLATFORM, text="hi", metadata=bad)) == error


async def test_threads_hang_below_roots_only(slack: AsyncWebClient, workspace: Workspace) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    reply = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="reply", thread_ts=root["ts"])

    async def post(thread_ts: str) -> AsyncSlackResponse:
        return await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="more", thread_ts=thread_ts)

    assert await refusal(post("1700000000.000100")) == "thread_not_found"
    assert await refusal(post(reply["ts"])) == "cannot_reply_to_message"
    await ask(slack, "chat.delete", channel=world.PLATFORM, ts=root["ts"])
    await post(root["ts"])
    assert [each.text for each in workspace.messages()] == ["reply", "more"]


async def test_a_root_without_replies_takes_its_thread_along_when_it_goes(slack: AsyncWebClient) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    await ask(slack, "chat.delete", channel=world.PLATFORM, ts=root["ts"])
    late = ask(slack, "chat.postMessage", channel=world.PLATFORM, text="late", thread_ts=root["ts"])
    assert await refusal(late) == "thread_not_found"


async def test_an_edit_with_text_alone_takes_the_blocks_away_and_one_with_blocks_alone_the_text(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    root = await ask(
        slack,
        "chat.postMessage",
        channel=world.PLATFORM,
        text="one",
        blocks=[SECTION],
        attachments=[{"text": "side"}],
    )
    place = {"channel": world.PLATFORM, "ts": root["ts"]}
    await ask(slack, "chat.update", **place, blocks=[DIVIDER])
    await ask(slack, "chat.update", **place, text="two")
    await ask(slack, "chat.update", **place, attachments=[])
    assert [(each.text, list(each.blocks), list(each.attachments)) for each in workspace.history] == [
        ("one", [SECTION], [{"text": "side"}]),
        ("", [DIVIDER], [{"text": "side"}]),
        ("two", [], [{"text": "side"}]),
        ("two", [], []),
    ]


async def test_edits_and_deletions_are_refused_for_what_is_not_the_bots(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    theirs = workspace.say("sre", "platform", "mine").ts
    edit = {"channel": world.PLATFORM, "ts": theirs}
    assert await refusal(ask(slack, "chat.update", **edit, text="yours")) == "cant_update_message"
    assert await refusal(ask(slack, "chat.delete", **edit)) == "cant_delete_message"


async def test_edits_and_deletions_are_refused_for_what_is_not_there(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    gone = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="gone")
    await ask(slack, "chat.delete", channel=world.PLATFORM, ts=gone["ts"])
    whisper = await ask(slack, "chat.postEphemeral", channel=world.PLATFORM, user=world.SRE, text="psst")
    for ts in (gone["ts"], whisper["message_ts"], "1700000000.000100"):
        edit = {"channel": world.PLATFORM, "ts": ts}
        assert await refusal(ask(slack, "chat.update", **edit, text="x")) == "message_not_found"
        assert await refusal(ask(slack, "chat.delete", **edit)) == "message_not_found"
    elsewhere = ask(slack, "chat.update", channel=world.SECRETS, ts=gone["ts"], text="x")
    assert await refusal(elsewhere) == "channel_not_found"


async def test_an_edit_needs_something_to_say(slack: AsyncWebClient) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    place = {"channel": world.PLATFORM, "ts": root["ts"]}
    assert await refusal(ask(slack, "chat.update", **place)) == "no_text"
    assert await refusal(ask(slack, "chat.update", **place, text="")) == "no_text"


async def test_the_edit_window_closes_when_the_workspace_says_so(
    slack: AsyncWebClient, workspace: Workspace, clock: HandClock
) -> None:
    workspace.knobs.edit_window = 60
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    place = {"channel": world.PLATFORM, "ts": root["ts"]}
    clock.pass_by(60)
    await ask(slack, "chat.update", **place, text="in time")
    clock.pass_by(0.1)
    assert await refusal(ask(slack, "chat.update", **place, text="late")) == "edit_window_closed"


async def test_messages_of_a_channel_that_was_archived_cannot_be_edited(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    workspace.roster.put_channel(replace(workspace.roster.channel("platform"), is_archived=True))
    edit = ask(slack, "chat.update", channel=world.PLATFORM, ts=root["ts"], text="x")
    assert await refusal(edit) == "is_inactive"


async def test_a_whisper_is_seen_by_its_one_reader_in_the_channel_only(
    slack: AsyncWebClient, workspace: Workspace
) -> None:
    await ask(slack, "chat.postEphemeral", channel=world.PLATFORM, user=world.DEV, text="psst")
    assert [each.text for each in workspace.visible_to("dev")] == ["psst"]
    assert workspace.visible_to("sre") == ()
    assert workspace.visible_to("outsider") == ()


async def test_a_whisper_needs_its_reader_in_the_channel_and_no_blocks_in_attachments(
    slack: AsyncWebClient,
) -> None:
    whisper = {"channel": world.FLUX_AUDIT, "text": "psst"}
    assert await refusal(ask(slack, "chat.postEphemeral", **whisper, user=world.DEV)) == "user_not_in_channel"
    boxed = ask(slack, "chat.postEphemeral", **whisper, user=world.SRE, attachments=[{"blocks": [SECTION]}])
    assert await refusal(boxed) == "invalid_attachments"
    away = ask(slack, "chat.postEphemeral", channel=world.LOBBY, user=world.SRE, text="psst")
    assert await refusal(away) == "not_in_channel"


async def test_a_permalink_names_the_message_and_its_thread(slack: AsyncWebClient) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    reply = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="reply", thread_ts=root["ts"])
    answer = await ask(slack, "chat.getPermalink", channel=world.PLATFORM, message_ts=reply["ts"])
    assert answer["permalink"] == (
        f"https://flux-demo.slack.com/archives/{world.PLATFORM}/p{reply['ts'].replace('.', '')}"
        f"?thread_ts={root['ts']}&cid={world.PLATFORM}"
    )
    missing = ask(slack, "chat.getPermalink", channel=world.PLATFORM, message_ts="1.0")
    assert await refusal(missing) == "message_not_found"


async def test_reactions_and_thread_statuses_are_kept(slack: AsyncWebClient, workspace: Workspace) -> None:
    root = await ask(slack, "chat.postMessage", channel=world.PLATFORM, text="root")
    react = {"channel": world.PLATFORM, "timestamp": root["ts"], "name": "eyes"}
    assert await refusal(ask(slack, "reactions.add", **react)) == "missing_scope"
    workspace.knobs.scopes = GRANTED | {"reactions:write"}
    await ask(slack, "reactions.add", **react)
    assert await refusal(ask(slack, "reactions.add", **react)) == "already_reacted"
    assert [each.name for each in workspace.site.board.reactions] == ["eyes"]

    status = {"channel_id": world.PLATFORM, "thread_ts": root["ts"]}
    await ask(slack, "assistant.threads.setStatus", **status, status="is reconciling")
    too_many = ask(slack, "assistant.threads.setStatus", **status, status="x", loading_messages=["x"] * 11)
    assert await refusal(too_many) == "invalid_arguments"
    assert [each.status for each in workspace.site.board.statuses] == ["is reconciling"]


async def test_form_bodies_and_queries_are_read_like_json(
    workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    form = {"channel": world.PLATFORM, "text": "hi", "blocks": '[{"type": "divider"}]', "token": world.BOT_TOKEN}
    async with session.post(f"{workspace.api_url}chat.postMessage?team_id={world.TEAM}", data=form) as answer:
        assert (await answer.json())["ok"] is True
    assert [list(each.blocks) for each in workspace.history] == [[DIVIDER]]
    assert [call.arguments for call in workspace.calls] == [
        {"team_id": world.TEAM, "channel": world.PLATFORM, "text": "hi", "blocks": '[{"type": "divider"}]'}
    ]
