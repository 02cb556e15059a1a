"""A chat-ops bot that reconciles Flux from Slack; ARCHITECTURE.md says where everything lives."""

__version__ = "0.1.0"
