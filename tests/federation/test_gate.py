"""The gate before the endpoints for peers: whose places a request takes, before and after it is verified."""

import asyncio
from typing import Any

from homeserver.asgi.interface import Message
from homeserver.federation.server.http import IN_LINE, READ_AT_ONCE, READ_IN_LINE
from homeserver.net.http import Request
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver

PROFILE = "/_matrix/federation/v1/query/profile?user_id=%40alice%3Aa.test%3A8448"


async def _begun(server: Homeserver, request: Request, ip: str) -> int:
    """Send the head of a request from an address, and never its body; the status, if it is answered."""
    path, _, query = request.target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": request.method,
        "raw_path": path.encode(),
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.items()],
        "client": (ip, 1),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await server.application(scope, receive, send)
    return int(sent[0]["status"])


async def test_slow_bodies_in_the_name_of_a_server_do_not_hold_that_server_up(a: Homeserver) -> None:
    peer = EvilPeer("good.test", a.net)
    claimed = peer.signed_request(a.name, "PUT", "/_matrix/federation/v1/send/t", {"pdus": []})
    slow = [asyncio.create_task(_begun(a, claimed, "192.0.2.66")) for _ in range(READ_AT_ONCE + IN_LINE + 10)]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        answer = await a.answer(peer.signed_request(a.name, "GET", PROFILE))
    assert answer.status == 200
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_an_address_has_so_many_unread_requests_and_no_more(a: Homeserver) -> None:
    peer = EvilPeer("good.test", a.net)
    claimed = peer.signed_request(a.name, "PUT", "/_matrix/federation/v1/send/t", {"pdus": []})
    slow = [asyncio.create_task(_begun(a, claimed, "192.0.2.66")) for _ in range(READ_AT_ONCE + READ_IN_LINE)]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in slow)
    async with asyncio.timeout(5):
        assert await _begun(a, claimed, "192.0.2.66") == 429
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
