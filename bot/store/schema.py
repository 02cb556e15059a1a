"""The tables, one shape for SQLite and PostgreSQL. The migrations make them; a test holds both equal.

Values of the core are JSON text (bot/store/codec.py); beside them stand only the columns that something is asked by.
Moments are whole microseconds since 1970 in UTC, which sort and compare alike in both databases.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

REQUESTS: Final = Table(
    "requests",
    METADATA,
    Column("id", String, primary_key=True),
    Column("question", String, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ends", Text),
    Index("requests_by_question", "question", "asked_at"),
    Index("requests_by_end", "ended_at"),
)
ASKS: Final = Table(
    "asks",
    METADATA,
    Column("request", ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)
DELIVERIES: Final = Table(
    "deliveries",
    METADATA,
    Column("key", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index("deliveries_by_time", "at"),
)
OFFERS: Final = Table(
    "offers",
    METADATA,
    Column("key", String, primary_key=True),
    Column("body", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("pressed_by", String),
    Index("offers_by_end", "ends_at"),
)
ENTRIES: Final = Table(
    "entries",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("outcome", String, nullable=False),
    Column("user", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("cluster", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("namespace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("hash", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("entries_by_object", "name", "namespace", "kind", "cluster", "number"),
    Index("entries_by_user", "user", "number"),
    Index("entries_by_channel", "channel", "number"),
    Index("entries_by_outcome", "outcome", "number"),
    Index("entries_by_time", "at"),
)


def stamp(moment: datetime) -> int:
    """A moment as it is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(stamped: int) -> datetime:
    """The same read back."""
    return _EPOCH + stamped * _MICROSECOND
