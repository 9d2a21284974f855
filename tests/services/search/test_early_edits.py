"""Edits that a server gets to know before the messages they change: messages are found by their new words."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.search_terms import index_grams
from homeserver.services.intents import Draft
from homeserver.services.search.index import Index
from homeserver.services.search.texts import MESSAGE, mixed
from homeserver.storage.jobs import Jobs
from homeserver.storage.leases import Leases
from homeserver.storage.search import Probe, SearchTable
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

EVERYTHING = 2**62


@pytest.fixture
async def pair(cluster: Cluster) -> AsyncIterator[list[Homeserver]]:
    async with homeservers(cluster, FakeNet(), "a.test", "b.test") as servers:
        yield servers


async def test_a_message_of_the_past_is_found_by_the_words_of_an_edit_that_was_here_first(
    pair: list[Homeserver],
) -> None:
    a, b = pair
    alice, bob = a.user("alice"), b.user("bob")
    room_id = await a.creates_room(alice)
    message = await a.says(alice, room_id, "hippopotamus")
    new = {"msgtype": "m.text", "body": "rhinoceros"}
    relates = {"rel_type": "m.replace", "event_id": message}
    edit = Draft("m.room.message", {**new, "m.new_content": new, "m.relates_to": relates})
    await a.does(alice, room_id, edit)
    newest = await a.says(alice, room_id, "marker")
    await b.joins(bob, room_id, via=a.name)
    room = await b.rooms.room(room_id)
    table = SearchTable(b.database)
    index = Index("b", table, Leases(b.database), Jobs(b.database), b.feed, b.clock)
    running = asyncio.ensure_future(index.run())

    async def has(event_id: str) -> bool:
        return event_id in await table.indexed([event_id])

    try:
        await b.federation.backfill.fill(room, EVERYTHING, 2)
        await eventually(lambda: has(newest))
        assert not await has(message), "else the edit was not first"
        while await b.federation.backfill.fill(room, EVERYTHING, 50):
            pass
        await eventually(lambda: has(message))
    finally:
        running.cancel()
    [where] = (await table.indexed([message])).values()
    grams = mixed(index_grams("rhinoceros"), where.room_nid, where.era)
    probe = Probe(where.room_nid, where.era, grams)
    hits = await table.find([probe], below=(EVERYTHING, EVERYTHING), since_ts=0, kinds=[MESSAGE], limit=5)
    assert [hit.event_id for hit in hits] == [message]
