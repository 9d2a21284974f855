"""Counting round trips of single reads."""

from collections.abc import Awaitable
from typing import TypeVar

from homeserver.storage.database import Database

T = TypeVar("T")


async def in_one_trip(database: Database, read: Awaitable[T]) -> T:
    """The answer of a read that costs one round trip."""
    with database.count() as trips:
        found = await read
    assert (trips.reads, trips.writes) == (1, 0)
    return found
