"""@mallory of a hostile peer: her server joins, says and sends as an honest one would, until a test changes it."""

from collections.abc import Mapping
from typing import Any

import orjson

from homeserver.protocol.events import build_pdu, seal
from homeserver.protocol.identifiers import RoomId, UserId
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver

SEND = "/_matrix/federation/v1/send/"
MALLORY = UserId("@mallory:evil.test:8448")


async def send(server: Homeserver, peer: EvilPeer, txn_id: str, body: Mapping[str, Any]) -> tuple[int, Any]:
    answer = await server.answer(peer.signed_request(server.name, "PUT", SEND + txn_id, body))
    return answer.status, orjson.loads(answer.body)


async def message(
    a: Homeserver, peer: EvilPeer, room: str, *, sender: UserId = MALLORY, body: str = "x"
) -> dict[str, Any]:
    """A message by the peer's user on A's newest head."""
    head = await a.rooms.room(room)
    wanted = [("m.room.power_levels", ""), ("m.room.member", sender), ("m.room.create", "")]
    auth = [found.event_id for key in wanted if (found := head.event(key)) is not None]
    proto = build_pdu(
        head.rules,
        room_id=head.room_id,
        sender=sender,
        type="m.room.message",
        state_key=None,
        content={"msgtype": "m.text", "body": body},
        prev_events=[tip.event_id for tip in head.extremities.values()],
        auth_events=[event_id for event_id in auth if not (head.rules.create_is_room and event_id[1:] == room[1:])],
        depth=head.depth + 1,
        ts=a.clock.now_ms(),
    )
    return dict(seal(proto, head.rules, peer.key).pdu)


async def joins(a: Homeserver, peer: EvilPeer, room: RoomId) -> None:
    """The peer joins by the handshake, as an honest server would."""
    template = await a.federation.resident.make_join(peer.name, room, MALLORY, ["12"])
    head = await a.rooms.room(room)
    event = seal(template.event, head.rules, peer.key)
    await a.federation.resident.send_join(peer.name, room, event.event_id, dict(event.pdu))
