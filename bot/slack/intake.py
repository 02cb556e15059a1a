"""The one way of a payload to Bolt, over Socket Mode and over HTTP (docs/slack.md, Acknowledgement).

Bolt looks into a payload before any listener of ours does, and an odd field makes it stumble: then nothing would be
acknowledged, the person would read that the app failed, and an event would come again and again.
"""

from __future__ import annotations

from collections.abc import Mapping

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.ports import Telemetry

ACKNOWLEDGED = 200


async def take_in(
    app: AsyncApp, payload: dict[str, object], headers: Mapping[str, str], telemetry: Telemetry
) -> BoltResponse:
    """What a listener answers. A payload that none listens to, or that Bolt cannot read, is acknowledged and told."""
    try:
        request = AsyncBoltRequest(body=payload, mode="socket_mode", headers=dict(headers))
        response = await app.async_dispatch(request)
    except Exception as error:  # noqa: BLE001 Bolt takes a payload to be of the right shape: anything may come of it
        return _acknowledged(telemetry, type(error).__name__)
    if response.status == ACKNOWLEDGED:
        return response
    return _acknowledged(telemetry, f"status {response.status}")


def _acknowledged(telemetry: Telemetry, why: str) -> BoltResponse:
    telemetry.tell("slack.garbled", kind="payload", why=why)
    return BoltResponse(status=ACKNOWLEDGED, body="")
