"""The terminal. Modules here import click and nothing else; a command's body imports what it needs when it runs."""

from bot.cli.entry import main

__all__ = ["main"]
