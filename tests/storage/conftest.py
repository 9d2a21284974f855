"""Fixtures of the storage tests: a world on a database of its own."""

from collections.abc import AsyncIterator

import pytest

from homeserver.storage.database import Database
from tests.storage.world import World, opened


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A stream on a fresh database."""
    async with opened(database_url) as world:
        yield world


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database without a stream."""
    database = await Database.open(database_url)
    yield database
    await database.close()
