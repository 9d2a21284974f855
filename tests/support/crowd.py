"""Many servers in one room of a server under test, with nobody behind their names but who a test puts there."""

from collections.abc import Sequence

from homeserver.protocol.events import Event, build_pdu, seal
from homeserver.protocol.identifiers import RoomId, ServerName, UserId
from homeserver.protocol.signing import SigningKey
from homeserver.services.intents import Finished
from tests.support.federation import PORT, Homeserver

A_BATCH = 100


def names(count: int) -> list[str]:
    """Hosts of so many servers."""
    return [f"s{number}.test" for number in range(count)]


async def joins(server: Homeserver, room_id: RoomId, hosts: Sequence[str]) -> None:
    """A user of each of these hosts joins the public room."""
    room = await server.rooms.room(room_id)
    levels, rule = room.event(("m.room.power_levels", "")), room.event(("m.room.join_rules", ""))
    assert levels is not None
    assert rule is not None
    (tip,) = room.extremities.values()
    before, depth, joined = tip.event_id, room.depth, list[Event]()
    for host in hosts:
        name = ServerName(f"{host}:{PORT}")
        user = UserId(f"@u:{name}")
        depth += 1
        proto = build_pdu(
            room.rules,
            room_id=room_id,
            sender=user,
            type="m.room.member",
            state_key=user,
            content={"membership": "join"},
            prev_events=[before],
            auth_events=[levels.event_id, rule.event_id],
            depth=depth,
            ts=server.clock.now_ms(),
        )
        joined.append(seal(proto, room.rules, SigningKey(name, "ed25519:1", host.encode().ljust(32, b"."))))
        before = joined[-1].event_id
    for start in range(0, len(joined), A_BATCH):
        room = await server.rooms.room(room_id)
        await server.commits.commit_all(room, [Finished(join) for join in joined[start : start + A_BATCH]])
