"""Why something cannot be done on the page, as a sentence for whoever tried."""

from __future__ import annotations


class Refused(Exception):
    """The sentence is its message, without a full stop."""
