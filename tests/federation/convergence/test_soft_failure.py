"""Fixed cases that partitions brought to light (see test_partitions): what a soft-failed event leaves behind."""

from homeserver.services.intents import Draft
from homeserver.storage.rows import REJECTED, SOFT_FAILED
from tests.federation.convergence.islands import Islands
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster


async def test_what_follows_a_soft_failed_state_event_is_judged_by_the_state_after_it(cluster: Cluster) -> None:
    """Carol joins while the room is closed elsewhere: there her join and her words are soft-failed, not rejected."""
    net = Islands()
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        alice, bob, carol = a.user("alice"), b.user("bob"), b.user("carol")
        room = await a.creates_room(alice)
        await b.joins(bob, room, via=a.name)
        net.cut = {("a.test", "b.test"), ("b.test", "a.test")}
        await a.does(alice, room, Draft("m.room.join_rules", {"join_rule": "invite"}, state_key=""))
        joined = await b.does(carol, room, Draft.member(carol, "join"))
        said = await b.says(carol, room, "I am in")
        net.heal()
        await b.says(bob, room, "she is")

        async def has_all() -> bool:
            return set(await _flags(a, joined, said)) == {joined, said}

        await eventually(has_all, within_s=20)
        flags = await _flags(a, joined, said)
        assert {event_id: flag & (REJECTED | SOFT_FAILED) for event_id, flag in flags.items()} == {
            joined: SOFT_FAILED,
            said: SOFT_FAILED,
        }


async def _flags(server: Homeserver, *event_ids: str) -> dict[str, int]:
    rows = await server.database.fetch(
        "SELECT event_id, flags FROM events WHERE event_id = ANY($1::text[])", list(event_ids)
    )
    return {row["event_id"]: row["flags"] for row in rows}
