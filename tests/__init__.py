"""Tests: each folder mirrors a room of the bot; `real` runs against real Flux (docs/real.md)."""
