"""A process that begins to send owes its peers what they have not got, and nothing that they have."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import orjson
import pytest

from homeserver.config.network import Federation as FederationConfig
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.storage.database import Database
from homeserver.storage.outbound import OutboundTable
from tests.support import crowd
from tests.support.federation import PORT, Homeserver, eventually
from tests.support.postgres import Cluster

(PEER,) = crowd.names(1)


class Listener:
    """A peer that writes down what it is told, and answers nothing while it hangs."""

    def __init__(self, net: FakeNet) -> None:
        self.told: list[str] = []
        self.hangs = False
        self.hanging = 0
        self.transactions = 0
        net.answers(PEER, PORT, self.answer)

    async def answer(self, request: Request) -> Answer:
        pdus = orjson.loads(request.body or b"{}").get("pdus", [])
        self.transactions += "/send/" in request.target
        if pdus and self.hangs:
            self.hanging += 1
            await asyncio.Event().wait()
        self.told += [pdu["content"].get("body", pdu["type"]) for pdu in pdus]
        return Answer(200, {}, b'{"pdus":{}}')


def _a(database: Database, net: FakeNet, resources: AsyncExitStack) -> Homeserver:
    config = FederationConfig(trusted_key_servers=(), public_rooms=True)
    return Homeserver(f"a.test:{PORT}", database, net, resources=resources, config=config)


@asynccontextmanager
async def _running(server: Homeserver) -> AsyncIterator[Homeserver]:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        await asyncio.sleep(0.05)
        yield server
        running.cancel()


async def test_who_hears_of_a_start_before_it_is_known_what_was_sent_is_not_told_everything_again(
    cluster: Cluster, net: FakeNet
) -> None:
    listener = Listener(net)
    async with AsyncExitStack() as resources:
        database = await Database.open(await resources.enter_async_context(cluster.database()))
        resources.push_async_callback(database.close)
        async with _running(_a(database, net, resources)) as a:
            alice = a.user("alice")
            room = await a.creates_room(alice)
            await crowd.joins(a, room, [PEER])
            for number in range(5):
                await a.says(alice, room, f"old {number}")
            await eventually(lambda: _has(listener, "old 4"))
            await a.federation.sender.save()
        listener.told.clear()
        listener.hangs = True
        second = _a(database, net, resources)
        second.federation.sender.offer([f"{PEER}:{PORT}"], "m.typing", room, {"room_id": room})
        async with _running(second):
            await second.says(alice, room, "new")
            await asyncio.sleep(0.2)  # it is on its way, and hangs
            await second.federation.sender.save()
        listener.hangs = False
        async with _running(_a(database, net, resources)):
            await eventually(lambda: _has(listener, "new"))
        assert listener.told == ["new"]


async def test_who_was_greeted_before_it_is_known_what_is_owed_gets_that_at_once(
    cluster: Cluster, net: FakeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener(net)
    async with AsyncExitStack() as resources:
        database = await Database.open(await resources.enter_async_context(cluster.database()))
        resources.push_async_callback(database.close)
        async with _running(_a(database, net, resources)) as a:
            alice = a.user("alice")
            room = await a.creates_room(alice)
            await crowd.joins(a, room, [PEER])
            await a.says(alice, room, "old")
            await eventually(lambda: _has(listener, "old"))
            listener.hangs = True
            await a.says(alice, room, "new")
            await eventually(lambda: _hangs(listener))
            await a.federation.sender.save()
        listener.hangs = False
        before = listener.transactions
        behind = OutboundTable.behind

        async def late(table: OutboundTable) -> Mapping[str, int]:
            await eventually(lambda: _has_answered(listener, before))
            await asyncio.sleep(0.05)
            return await behind(table)

        monkeypatch.setattr(OutboundTable, "behind", late)
        async with _running(_a(database, net, resources)):
            await eventually(lambda: _has(listener, "new"))


async def _hangs(listener: Listener) -> bool:
    return listener.hanging > 0


async def _has_answered(listener: Listener, before: int) -> bool:
    return listener.transactions > before


async def _has(listener: Listener, text: str) -> bool:
    return text in listener.told
