"""A Slack workspace on loopback: Web API, Socket Mode, response URLs, and people who type and press.

Rule of this package: it knows Slack (docs/slack.md), nothing of the bot, and it refuses what Slack does.
`Workspace` is the door; `world` holds the ids that never change.
"""
