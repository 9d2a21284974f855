"""What was just written can be found, also in the first moment of a server."""

import asyncio

import pytest

from homeserver.net.testing import FakeNet
from homeserver.services.search.index import Index
from homeserver.storage.jobs import Jobs
from homeserver.storage.leases import Leases
from homeserver.storage.search import SearchTable
from tests.support.federation import homeservers
from tests.support.postgres import Cluster

LIMIT_S = 20.0


async def test_who_searches_before_the_index_is_followed_waits_for_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = SearchTable.cursor

    async def slowly(table: SearchTable) -> int:
        await asyncio.sleep(0.3)
        return await read(table)

    monkeypatch.setattr(SearchTable, "cursor", slowly)
    async with homeservers(cluster, FakeNet(), "a.test") as (server,):
        alice = server.user("alice")
        message = await server.says(alice, await server.creates_room(alice), "hippopotamus")
        table = SearchTable(server.database)
        index = Index("a", table, Leases(server.database), Jobs(server.database), server.feed, server.clock)
        running = asyncio.ensure_future(index.run())
        try:
            await index.caught_up(LIMIT_S)
            assert message in await table.indexed([message])
            async with asyncio.timeout(LIMIT_S / 2):
                await index.caught_up(LIMIT_S)  # and whoever comes when all is done does not wait
        finally:
            running.cancel()


async def test_new_documents_wait_for_their_places_together_and_not_for_long(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, moved = SearchTable.settle, asyncio.Event()

    async def watched(one: SearchTable) -> int:
        pages = await settle(one)
        if pages and one is table:
            moved.set()
        return pages

    async with homeservers(cluster, FakeNet(), "a.test") as (server,):
        alice = server.user("alice")
        room = await server.creates_room(alice)
        table = SearchTable(server.database)
        index = Index("a", table, Leases(server.database), Jobs(server.database), server.feed, server.clock)
        for number in range(3):
            await server.says(alice, room, f"hippopotamus {number}")
        while await index.step():
            pass
        assert await table.settle() > 0, "they waited"
        message = await server.says(alice, room, "rhinoceros")
        monkeypatch.setattr(SearchTable, "settle", watched)
        running = asyncio.ensure_future(index.run())
        try:
            await index.caught_up(LIMIT_S)
            assert message in await table.indexed([message])
            async with asyncio.timeout(LIMIT_S):
                await moved.wait()
        finally:
            running.cancel()
        assert await table.settle() == 0
