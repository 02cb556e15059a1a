"""A message as Slack shows one to programs."""

from bot.demo.slack.state import MessageState, with_ids
from bot.demo.slack.world import APP, BOT, BOT_USER, TEAM, TEAM_DOMAIN


def message_json(message: MessageState) -> dict[str, object]:
    """What methods answer and payloads carry, ids of blocks filled in."""
    shown: dict[str, object] = {
        "type": "message",
        "user": message.author,
        "text": message.text,
        "ts": message.ts,
        "team": TEAM,
    }
    if message.author == BOT_USER:
        shown |= {"bot_id": BOT, "app_id": APP}
    if message.blocks:
        shown["blocks"] = with_ids(message.blocks, message.ts)
    if message.attachments:
        shown["attachments"] = list(message.attachments)
    if message.thread_ts is not None:
        shown["thread_ts"] = message.thread_ts
    if message.metadata is not None:
        shown["metadata"] = message.metadata
    return shown


def permalink(message: MessageState) -> str:
    """The address of a message for browsers."""
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
    thread = message.thread_ts
    return link if thread is None else f"{link}?thread_ts={thread}&cid={message.channel}"
