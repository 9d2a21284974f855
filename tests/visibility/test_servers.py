"""What a peer may read: whole, redacted or not at all, for each history visibility and each past of its server.

Spec: Server-Server API, Backfilling and retrieving missing events; Retrieving events.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from homeserver.net.testing import FakeNet
from homeserver.protocol.identifiers import EventId, RoomId
from homeserver.services.intents import Draft
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster
from tests.visibility.model import VISIBILITIES

FEDERATION = "/_matrix/federation/v1"


@pytest.fixture
def net() -> FakeNet:
    return FakeNet()


@pytest.fixture
async def pair(cluster: Cluster, net: FakeNet) -> AsyncIterator[list[Homeserver]]:
    async with homeservers(cluster, net, "a.test", "b.test") as servers:
        yield servers


class Reads:
    """Everything that a peer can ask of a room, signed by that peer."""

    def __init__(self, asked: Homeserver, peer: EvilPeer) -> None:
        self._asked = asked
        self._peer = peer

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        request = self._peer.signed_request(self._asked.name, method, FEDERATION + path, body)
        answer = await self._asked.answer(request)
        return answer.status, orjson.loads(answer.body)

    async def all(self, room: str, event_ids: list[str], newest: str) -> list[tuple[str, int, str]]:
        """(path, status, answer as text) of each read."""
        room = quote(room, safe="")
        asked: list[tuple[str, str, dict[str, Any] | None]] = [
            ("GET", f"/backfill/{room}?v={quote(newest)}&limit=100", None),
            (
                "POST",
                f"/get_missing_events/{room}",
                {"earliest_events": [], "latest_events": [newest], "limit": 20, "min_depth": 0},
            ),
        ]
        for event_id in map(quote, event_ids):
            asked.append(("GET", f"/event/{event_id}", None))
            asked += [("GET", f"/{what}/{room}?event_id={event_id}", None) for what in ("state", "state_ids")]
            asked.append(("GET", f"/event_auth/{room}/{event_id}", None))
        answers = []
        for method, path, body in asked:
            status, answer = await self.ask(method, path, body)
            answers.append((path, status, orjson.dumps(answer).decode()))
        return answers


def reads_of(asked: Homeserver, server: Homeserver | str, net: FakeNet) -> Reads:
    """Reads signed by one of our servers, or by a stranger of this name."""
    if isinstance(server, str):
        return Reads(asked, EvilPeer(server, net))
    peer = EvilPeer("spare.test", net)
    peer.name, peer.key = server.name, server.key
    return Reads(asked, peer)


async def _lived(a: Homeserver, b: Homeserver, visibility: str) -> tuple[RoomId, list[EventId]]:
    """A room with words before B's user came, while they were there, and after they left."""
    alice, bob = a.user("alice"), b.user("bob")
    room = await a.creates_room(alice)
    shown = Draft("m.room.history_visibility", {"history_visibility": visibility}, state_key="")
    await a.does(alice, room, shown)
    said = [await a.says(alice, room, f"{visibility}-before")]
    await b.joins(bob, room, via=a.name)
    said.append(await a.says(alice, room, f"{visibility}-during"))
    return room, said


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_server_in_the_room_gets_whole_what_its_users_may_see(
    pair: list[Homeserver], net: FakeNet, visibility: str
) -> None:
    a, b = pair
    room, said = await _lived(a, b, visibility)
    newest = await a.says(a.user("alice"), room, "newest")
    opened = visibility in {"world_readable", "shared"}
    for path, status, answer in await reads_of(a, b, net).all(room, said, newest):
        assert status == 200, (path, answer)
        if path.startswith(("/backfill", "/get_missing", f"/event/{quote(said[0])}")):
            assert (f"{visibility}-before" in answer) == opened, path
        if path.startswith(("/backfill", "/get_missing", f"/event/{quote(said[1])}")):
            assert f"{visibility}-during" in answer, path


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_server_that_left_or_never_came_gets_nothing(
    pair: list[Homeserver], net: FakeNet, visibility: str
) -> None:
    a, b = pair
    room, said = await _lived(a, b, visibility)
    await a.does(a.user("alice"), room, Draft.member(b.user("bob"), "leave"))
    said.append(await a.says(a.user("alice"), room, f"{visibility}-after"))

    async def bob_is_out() -> bool:
        return await b.membership(b.user("bob"), room) == "leave"

    await eventually(bob_is_out)
    for server in (b, "stranger.test"):
        for path, status, answer in await reads_of(a, server, net).all(room, said, said[-1]):
            assert status in {403, 404}, path
            assert visibility not in answer, path


async def test_no_event_of_another_room_is_served(pair: list[Homeserver], net: FakeNet) -> None:
    a, b = pair
    room, _ = await _lived(a, b, "shared")
    secret = await a.creates_room(a.user("alice"), join_rule="invite")
    hidden = await a.says(a.user("alice"), secret, "secret words")
    newest = (await a.timeline(secret))[-1].event_id
    for path, status, answer in await reads_of(a, b, net).all(room, [hidden, newest], hidden):
        assert "secret words" not in answer, path
        assert secret not in answer, path
        if not path.startswith(("/backfill", "/get_missing")):
            assert status in {403, 404}, path


async def test_the_texts_that_no_database_can_hold_are_refused(pair: list[Homeserver], net: FakeNet) -> None:
    a, b = pair
    room, _ = await _lived(a, b, "shared")
    reads = reads_of(a, b, net)
    for path in (
        "/event/%00",
        f"/state/{quote(room)}?event_id=%00",
        f"/backfill/{quote(room)}?v=%00",
        "/event/%24x%00",
    ):
        status, _ = await reads.ask("GET", path)
        assert 400 <= status < 500, path
    for path in (
        "/query/profile?user_id=%40a%00%3Aa.test%3A8448",
        "/query/profile?user_id=x",
        "/query/directory?room_alias=%23a%00%3Aa.test%3A8448",
        "/query/directory?room_alias=x",
    ):
        status, _ = await reads.ask("GET", path)
        assert 400 <= status < 500, path
