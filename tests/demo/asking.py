"""Calls of the Web API through the real SDK."""

from collections.abc import Awaitable

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse


async def ask(slack: AsyncWebClient, method: str, **arguments: object) -> AsyncSlackResponse:
    """One call with a JSON body; SlackApiError if it is refused."""
    return await slack.api_call(method, json=arguments)


async def refusal(call: Awaitable[AsyncSlackResponse]) -> str:
    """Slack's error for a call that must fail."""
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])
