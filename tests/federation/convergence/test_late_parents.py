"""Events that come after what follows them: neither they nor what is before them may become or stay tips.

The peer answers no question about what is missing, so that what follows is accepted on the state that it tells.
"""

import random
from collections.abc import AsyncIterator, Sequence

import pytest

from homeserver.protocol.events import Event
from homeserver.protocol.identifiers import UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.storage.rows import HIDDEN, SOFT_FAILED
from tests.federation.convergence.arriving import begin, bring, flags, staged
from tests.federation.convergence.graph import Growing
from tests.federation.convergence.islands import Islands
from tests.federation.convergence.resident import PATH, TruePeer
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster


class _Room:
    """A room that grows by hand, with the server that it is brought to."""

    def __init__(self, server: Homeserver, net: Islands) -> None:
        self._server = server
        self._net = net
        self._is_known = False
        self._growing = Growing(random.Random(1), ROOM_VERSIONS["12"], ("a.test:8448", "b.test:8448"))
        self.begun = self._growing.begun()
        self.creator, self.other, _, self.banned = self._growing.users[:4]

    def says(self, sender: UserId, *after: Event) -> Event:
        content = {"msgtype": "m.text", "body": f"after {len(after)}"}
        return self._growing.add(after, sender, "m.room.message", content, None)

    def topic(self, sender: UserId, topic: str, *after: Event) -> Event:
        return self._growing.add(after, sender, "m.room.topic", {"topic": topic}, "")

    def bans(self, *after: Event) -> Event:
        return self._growing.add(after, self.creator, "m.room.member", {"membership": "ban"}, self.banned)

    async def arrive(self, *events: Event) -> None:
        """One after the other, each judged before the next comes."""
        graph = self._growing.grown()
        peer = TruePeer("b.test", self._net, graph)
        peer.replies[PATH + "get_missing_events/"] = lambda request: {"events": []}
        if not self._is_known:
            await begin(self._server, peer, graph)
            self._is_known = True
        for event in events:
            await bring(self._server, peer, event.event_id, [event])

            async def is_judged(event: Event = event) -> bool:
                return event.event_id in await flags(self._server) and not await staged(self._server)

            await eventually(is_judged, within_s=30)

    async def tips(self) -> set[str]:
        """As the server has them in memory; they are the same in the database."""
        found: list[set[str]] = []
        for _ in range(2):
            room = await self._server.rooms.room(self.begun.room_id)
            found.append({tip.event_id for tip in room.extremities.values()})
            self._server.rooms.forget(self.begun.room_id)
        assert found[0] == found[1]
        return found[0]

    async def hidden(self, *events: Event) -> list[bool]:
        found = await flags(self._server)
        return [found[event.event_id] & HIDDEN == SOFT_FAILED for event in events]


@pytest.fixture
async def room(cluster: Cluster) -> AsyncIterator[_Room]:
    net = Islands()
    async with homeservers(cluster, net, "a.test") as (server,):
        yield _Room(server, net)


def _ids(events: Sequence[Event]) -> set[str]:
    return {event.event_id for event in events}


async def test_what_is_before_a_late_soft_failed_event_is_no_tip_any_more(room: _Room) -> None:
    before = room.says(room.banned, room.begun)
    ban = room.bans(room.begun)
    late = room.topic(room.banned, "late", before)
    meeting = room.says(room.creator, late, ban)
    await room.arrive(before, ban, meeting)
    assert await room.tips() == _ids([before, meeting])
    await room.arrive(late)
    assert await room.hidden(late) == [True]
    assert await room.tips() == _ids([meeting])


async def test_what_is_before_a_chain_of_soft_failed_events_is_no_tip_whichever_of_them_comes_last(room: _Room) -> None:
    before = room.says(room.banned, room.begun)
    first = room.says(room.banned, before)
    second = room.says(room.banned, first)
    ban = room.bans(room.begun)
    meeting = room.says(room.creator, second, ban)
    await room.arrive(before, ban, second, meeting)
    assert await room.tips() == _ids([before, meeting])
    await room.arrive(first)
    assert await room.hidden(first, second) == [True, True]
    assert await room.tips() == _ids([meeting])


async def test_a_late_parent_that_follows_a_tip_is_no_tip_itself(room: _Room) -> None:
    before = room.says(room.other, room.begun)
    late = room.says(room.other, before)
    newest = room.says(room.creator, late)
    await room.arrive(before, newest)
    assert await room.tips() == _ids([before, newest])
    await room.arrive(late)
    assert await room.hidden(late) == [False]
    assert await room.tips() == _ids([newest])
