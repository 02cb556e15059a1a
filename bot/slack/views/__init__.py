"""How messages look: a document of bot/wording as Slack's blocks."""

from __future__ import annotations

from bot.slack.views.message import render

__all__ = ["render"]
