"""What a peer is shown of a room: the state and history of rooms that it is in, and of no other."""

from typing import Any

import orjson
import pytest

from homeserver.services.intents import Draft
from tests.support import mallory
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver
from tests.support.mallory import MALLORY


async def test_a_server_that_the_acl_denies_is_kept_out(a: Homeserver, peer: EvilPeer) -> None:
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    await a.does(a.user("alice"), room, Draft("m.room.server_acl", {"allow": ["*"], "deny": ["evil.*"]}, state_key=""))
    pdu = await mallory.message(a, peer, room)
    _, answer = await mallory.send(a, peer, "t", {"pdus": [pdu]})
    assert all("error" in result for result in answer["pdus"].values())
    assert await a.texts(room) == []
    for path in ("state_ids", "state", "backfill"):
        uri = f"/_matrix/federation/v1/{path}/{room.replace('!', '%21')}?event_id=%24x&v=%24x"
        assert (await a.answer(peer.signed_request(a.name, "GET", uri))).status == 403


READS = [
    "state_ids/{room}?event_id={event}",
    "state/{room}?event_id={event}",
    "event_auth/{room}/{event}",
    "backfill/{room}?v={event}&limit=5",
]


@pytest.mark.parametrize("path", [*READS, "event/{event}"])
async def test_a_server_that_is_not_in_the_room_reads_nothing(a: Homeserver, peer: EvilPeer, path: str) -> None:
    room = await a.creates_room(a.user("alice"))
    event = await a.says(a.user("alice"), room, "secret canary")
    uri = "/_matrix/federation/v1/" + path.format(room=room.replace("!", "%21"), event=event.replace("$", "%24"))
    answer = await a.answer(peer.signed_request(a.name, "GET", uri))
    assert answer.status in (403, 404)
    assert b"canary" not in answer.body


@pytest.mark.parametrize("path", READS)
async def test_an_event_of_another_room_is_not_served(a: Homeserver, peer: EvilPeer, path: str) -> None:
    open_room, closed = await a.creates_room(a.user("alice")), await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, open_room)
    event = await a.says(a.user("alice"), closed, "secret canary")
    uri = "/_matrix/federation/v1/" + path.format(room=open_room.replace("!", "%21"), event=event.replace("$", "%24"))
    answer = await a.answer(peer.signed_request(a.name, "GET", uri))
    assert b"canary" not in answer.body
    assert closed.encode() not in answer.body


async def test_state_and_its_ids_agree(a: Homeserver, peer: EvilPeer) -> None:
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    event = await a.says(a.user("alice"), room, "x")
    where = f"{room.replace('!', '%21')}?event_id={event.replace('$', '%24')}"
    ids = orjson.loads(
        (await a.answer(peer.signed_request(a.name, "GET", f"/_matrix/federation/v1/state_ids/{where}"))).body
    )
    full = orjson.loads(
        (await a.answer(peer.signed_request(a.name, "GET", f"/_matrix/federation/v1/state/{where}"))).body
    )
    assert sorted(ids["pdu_ids"]) == sorted((await a.state(room)).values())
    assert len(full["pdus"]) == len(ids["pdu_ids"])
    assert len(full["auth_chain"]) == len(ids["auth_chain_ids"])


async def test_missing_events_are_found_by_the_graph_beside_a_branch_that_came_late(
    a: Homeserver, peer: EvilPeer
) -> None:
    room = await a.creates_room(a.user("alice"))
    await mallory.joins(a, peer, room)
    before = [tip.event_id for tip in (await a.rooms.room(room)).extremities.values()]
    late = await mallory.message(a, peer, room, body="late")
    said = [await a.says(a.user("alice"), room, str(number)) for number in range(5)]
    await mallory.send(a, peer, "t", {"pdus": [late]})
    branch = next(
        stored.event_id for stored in await a.timeline(room) if stored.sender == MALLORY and b"late" in stored.body
    )
    path = f"/_matrix/federation/v1/get_missing_events/{room.replace('!', '%21')}"

    async def missing(**asked: Any) -> list[str]:
        body = {"earliest_events": [*before, branch], "latest_events": [said[3]], "limit": 10, **asked}
        answer = await a.answer(peer.signed_request(a.name, "POST", path, body))
        return [pdu["content"]["body"] for pdu in orjson.loads(answer.body)["events"]]

    assert await missing() == ["0", "1", "2"]
    assert await missing(limit=2) == ["1", "2"]
    assert await missing(earliest_events=[said[1], branch]) == ["2"]
    assert await missing(latest_events=[said[0]]) == []
