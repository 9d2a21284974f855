"""Bringing the events of a graph to a whole server, in any order, and asking what became of them."""

from collections.abc import Sequence

from homeserver.protocol.events import Event
from homeserver.services.intents import Finished
from homeserver.storage.rows import OUTLIER
from tests.federation.convergence.graph import Graph
from tests.federation.convergence.resident import TruePeer
from tests.support.federation import Homeserver


async def begin(server: Homeserver, peer: TruePeer, graph: Graph) -> None:
    """Let the server know the beginning of the room; its first two events are its own."""
    create, join, *known = graph.events[: graph.base]
    await server.table.allocate(graph.room_id, graph.judged.rules.id, created_ts=create.ts)
    await server.commits.commit_all(await server.rooms.room(graph.room_id), [Finished(create), Finished(join)])
    await bring(server, peer, f"base {graph.room_id}", known)


async def bring(server: Homeserver, peer: TruePeer, txn_id: str, events: Sequence[Event]) -> None:
    """Send the events in one transaction."""
    path = f"/_matrix/federation/v1/send/{txn_id}"
    answer = await server.answer(peer.signed_request(server.name, "PUT", path, peer.transaction(events)))
    assert answer.status == 200, answer.body


async def flags(server: Homeserver) -> dict[str, int]:
    """Flags of the events that have a place in the graph, by id."""
    rows = await server.database.fetch("SELECT event_id, flags FROM events WHERE flags & $1 = 0", OUTLIER)
    return {row["event_id"]: row["flags"] for row in rows}


async def staged(server: Homeserver) -> int:
    """How many events wait for others."""
    count: int = await server.database.fetchval("SELECT count(*) FROM inbound_staging")
    return count
