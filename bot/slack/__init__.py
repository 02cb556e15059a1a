"""Slack's edge: what Slack sends becomes values, notices become messages. The rules obeyed here: docs/slack.md."""
