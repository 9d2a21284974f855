"""Third-party invites that find their user: bound here, made into invites where the room is."""

from typing import Any

import orjson
import pytest

from homeserver.net.http import Request
from homeserver.protocol.identifiers import RoomId, ServerName
from homeserver.protocol.signing import SigningKey, sign_json
from homeserver.services.intents import Draft
from tests.support.federation import Homeserver, eventually

IDENTITY = SigningKey(ServerName("identity.test"), "ed25519:0", b"i" * 32)
OTHER = SigningKey(ServerName("identity.test"), "ed25519:0", b"o" * 32)


async def _invited_by_address(a: Homeserver) -> RoomId:
    room = await a.creates_room(a.user("alice"), join_rule="invite")
    content = {"display_name": "b...@example.org", "public_key": IDENTITY.verify_key_base64}
    await a.does(a.user("alice"), room, Draft("m.room.third_party_invite", content, state_key="token"))
    return room


def _bound(a: Homeserver, b: Homeserver, room: str, key: SigningKey = IDENTITY, **changes: Any) -> dict[str, Any]:
    bob = b.user("bob")
    signed = sign_json({"mxid": bob, "token": "token", "sender": a.user("alice")} | changes, key)
    invite = {"medium": "email", "address": "bob@example.org", "mxid": bob, "room_id": room}
    invite |= {"sender": a.user("alice"), "signed": signed}
    return {"medium": "email", "address": "bob@example.org", "mxid": bob, "invites": [invite]}


async def _tell(server: Homeserver, body: dict[str, Any]) -> int:
    path = "/_matrix/federation/v1/3pid/onbind"
    answer = await server.answer(Request("PUT", "b.test", 8448, path, body=orjson.dumps(body)))
    return answer.status


async def test_who_binds_the_address_is_invited_by_way_of_the_inviters_server(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await _invited_by_address(a)
    assert await _tell(b, _bound(a, b, room)) == 200
    assert await a.membership(b.user("bob"), room) == await b.membership(b.user("bob"), room) == "invite"
    await b.joins(b.user("bob"), room, a.name)
    assert await a.membership(b.user("bob"), room) == "join"


async def test_a_server_in_the_room_makes_the_invite_itself(pair: list[Homeserver]) -> None:
    a, b = pair
    room = await _invited_by_address(a)
    await a.invites(a.user("alice"), b.user("carol"), room)
    await b.joins(b.user("carol"), room, a.name)
    assert await _tell(b, _bound(a, b, room)) == 200
    assert await b.membership(b.user("bob"), room) == "invite"

    async def has_arrived() -> bool:
        return await a.membership(b.user("bob"), room) == "invite"

    await eventually(has_arrived)


@pytest.mark.parametrize("wrong", ["key", "mxid", "token", "user"])
async def test_what_the_identity_server_did_not_sign_invites_nobody(pair: list[Homeserver], wrong: str) -> None:
    a, b = pair
    room = await _invited_by_address(a)
    body = {
        "key": lambda: _bound(a, b, room, OTHER),
        "mxid": lambda: _bound(a, b, room, mxid=b.user("mallory")),
        "token": lambda: _bound(a, b, room, token="other"),
        "user": lambda: _bound(a, b, room) | {"mxid": b.user("nobody")},
    }[wrong]()
    assert await _tell(b, body) in (200, 400)
    assert await a.membership(b.user("bob"), room) is None
    assert await b.membership(b.user("bob"), room) is None


@pytest.mark.parametrize(
    "body", [[], {}, {"medium": 5}, {"medium": "email", "address": "x", "mxid": "y", "invites": 5}]
)
async def test_a_malformed_notice_is_refused(pair: list[Homeserver], body: Any) -> None:
    assert await _tell(pair[1], body) == 400
