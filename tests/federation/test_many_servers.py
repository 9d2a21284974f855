"""A room of a thousand servers: each gets what is said, and no row is written per message and server."""

import orjson

from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from tests.support import crowd
from tests.support.federation import PORT, Homeserver, eventually

SERVERS = 1_000
MESSAGES = 3


class Listeners:
    """Peers that take every transaction, and count the PDUs."""

    def __init__(self, net: FakeNet) -> None:
        self.got: dict[str, int] = {}
        for host in crowd.names(SERVERS):
            net.answers(host, PORT, self.answer)

    async def answer(self, request: Request) -> Answer:
        if request.method == "PUT":
            pdus = orjson.loads(request.body or b"{}").get("pdus", [])
            self.got[request.host] = self.got.get(request.host, 0) + len(pdus)
        return Answer(200, {}, b'{"pdus":{}}')


async def test_messages_to_a_thousand_servers_cost_no_row_each(a: Homeserver) -> None:
    listeners = Listeners(a.net)
    room = await a.creates_room(a.user("alice"))
    await crowd.joins(a, room, crowd.names(SERVERS))
    listeners.got.clear()
    for number in range(MESSAGES):
        await a.says(a.user("alice"), room, f"n{number}")

    async def all_have_it() -> bool:
        return len(listeners.got) == SERVERS and set(listeners.got.values()) == {MESSAGES}

    await eventually(all_have_it, within_s=60)
    await a.federation.sender.save()
    assert await a.database.fetchval("SELECT count(*) FROM outbound_edus") == 0
    # A server that was behind for a moment may have its one row.
    assert await a.database.fetchval("SELECT count(*) FROM destinations") <= SERVERS
