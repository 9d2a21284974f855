"""The seeded database is one that the server might have written: it starts on it, sends, syncs and pages in it."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
import pytest

from homeserver.protocol.auth_rules import check
from homeserver.protocol.events import Event, join
from homeserver.protocol.hashes import check_content_hash, event_id_of
from homeserver.protocol.signing import verify_event
from tests.performance.seed import KEY, KEY_LINE, SERVER, SMALL, Seeded, planned, seed
from tests.performance.seed_rooms import RULES
from tests.support.client import Json, Server, User
from tests.support.running import configured, running_on

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@dataclass(frozen=True, slots=True)
class Aged:
    """A server on a seeded database."""

    url: str
    seeded: Seeded
    server: Server

    def user(self, number: int) -> User:
        localpart = f"user{number}"
        return User(self.server, f"@{localpart}:{SERVER}", self.seeded.tokens[localpart], "BENCH")


@pytest.fixture(scope="module")
async def aged(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Aged]:
    folder = tmp_path_factory.mktemp("aged")
    (folder / "signing.key").write_text(KEY_LINE, encoding="ascii")
    (folder / "signing.key").chmod(0o600)
    async with cluster.database() as url:
        seeded = await seed(url, SMALL, workers=0)
        async with running_on(configured(url, folder, server_name=SERVER)) as (_, server):
            yield Aged(url, seeded, server)


async def test_it_holds_as_many_events_and_rooms_as_planned(aged: Aged) -> None:
    connection = await asyncpg.connect(aged.url)
    counts = await connection.fetchrow("SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM rooms)")
    await connection.close()
    assert tuple(counts or ()) == (SMALL.events, SMALL.rooms)
    assert sum(plan.events for plan in planned(SMALL)) == SMALL.events


async def test_its_events_have_right_hashes_and_signatures_and_are_authorised_by_those_they_name(aged: Aged) -> None:
    connection = await asyncpg.connect(aged.url)
    rows = await connection.fetch("SELECT body, envelope FROM events ORDER BY event_nid")
    await connection.close()
    events = {event.event_id: event for event in (join(row["body"], row["envelope"], RULES) for row in rows)}
    creates = {event.room_id: event for event in events.values() if event.type == "m.room.create"}
    for event in itertools.islice(events.values(), 0, None, 7):
        assert event_id_of(event.pdu, RULES) == event.event_id
        assert check_content_hash(event.pdu, RULES)
        verify_event(event.pdu, RULES, SERVER, KEY.key_id, KEY.verify_key)
        assert all(events[parent].depth < event.depth for parent in event.prev_events)
        authorising: list[Event] = [events[event_id] for event_id in event.auth_events]
        check(event, {one.key: one for one in authorising}, RULES, create=creates[event.room_id])


async def test_all_of_a_room_is_there_page_by_page(aged: Aged) -> None:
    room = aged.seeded.shared[SMALL.furniture.shared[0]]
    plan = next(one for one in planned(SMALL) if one.name == f"shared {len(one.members)}")
    history = await aged.user(1).history(room)
    assert len(history) == plan.events
    assert len({event["event_id"] for event in history}) == plan.events


async def test_its_state_and_members_are_whole(aged: Aged) -> None:
    room = aged.seeded.shared[SMALL.furniture.shared[0]]
    state: list[Json] = (await aged.server.ask("GET", f"/v3/rooms/{room}/state", token=aged.user(0).token))[1]  # type: ignore[assignment]  # a list
    kinds = sorted(event["type"] for event in state if event["type"] != "m.room.member")
    assert kinds == sorted(
        f"m.room.{kind}" for kind in ("create", "power_levels", "join_rules", "history_visibility", "guest_access")
    )
    joined = await aged.user(0).call("GET", f"/v3/rooms/{room}/joined_members")
    assert len(joined["joined"]) == SMALL.furniture.shared[0]


async def test_who_syncs_gets_every_room_with_its_end(aged: Aged) -> None:
    answer = await aged.user(0).syncs()
    joined = answer["rooms"]["join"]
    assert set(joined) >= {*aged.seeded.talkative, *aged.seeded.shared.values(), aged.seeded.own[0]}
    for room in aged.seeded.talkative:
        history = await aged.user(0).history(room)
        timeline = joined[room]["timeline"]["events"]
        assert [event["event_id"] for event in timeline] == [event["event_id"] for event in history[-len(timeline) :]]


async def test_people_go_on_talking_in_its_rooms(aged: Aged) -> None:
    room = aged.seeded.shared[SMALL.furniture.shared[0]]
    alice, bob = aged.user(0), aged.user(1)
    await bob.syncs()
    said = await alice.says("and then?", room)
    news = (await bob.syncs(timeout_ms=5000))["rooms"]["join"][room]["timeline"]
    assert [event["event_id"] for event in news["events"]] == [said]
    assert not news["limited"]
    assert (await alice.history(room))[-1]["event_id"] == said
    new = await alice.creates_public_room()
    await bob.joins(new)
    assert await alice.says("here", new) in [event["event_id"] for event in await bob.history(new)]
