"""Joins into large rooms: usable before the members are known, whole afterwards, whatever happens in between.

Longer than others: every case joins the same room from the same resident.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest

from homeserver.config.network import Federation as FederationConfig
from homeserver.errors import Forbidden, NotFound, Unavailable
from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.events import Event, parse_pdu, seal
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.services import resident
from homeserver.services.extensions.join_progress import JoinProgress
from homeserver.services.intents import Draft
from homeserver.services.joining import Joining
from homeserver.services.partial import completing
from homeserver.services.requester import Requester
from homeserver.services.room_state import RoomState
from homeserver.storage.database import Database
from homeserver.storage.partial_joins import PartialJoins
from homeserver.storage.rows import REJECTED, EventRow
from homeserver.storage.state import StateTable
from tests.support.big_room import BigRoom
from tests.support.evil_peer import EvilPeer
from tests.support.federation import PORT, Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

MEMBERS = 150


@pytest.fixture
def net() -> FakeNet:
    return FakeNet()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(completing, "LOOK_S", 0.2)


@pytest.fixture
async def server(cluster: Cluster, net: FakeNet) -> AsyncIterator[Homeserver]:
    async with homeservers(cluster, net, "b.test") as (b,):
        yield b


@pytest.fixture
def room(net: FakeNet) -> BigRoom:
    """A room whose resident does not tell its members yet."""
    big = BigRoom(MEMBERS)
    big.listen(net)
    big.is_open.clear()
    return big


async def _whole(server: Homeserver, room_id: str) -> bool:
    found = await server.rooms.find(room_id)
    return found is not None and not found.is_partial


async def _has(server: Homeserver, room_id: str, text: str) -> bool:
    return text in await server.texts(room_id)


async def _has_left(server: Homeserver, user_id: str, room_id: str) -> bool:
    return await server.membership(user_id, room_id) == "leave"


async def _delivers(server: Homeserver, big: BigRoom, *pdus: dict[str, Any]) -> None:
    body = {"origin": big.name, "origin_server_ts": 1, "pdus": list(pdus)}
    await server.federation.inbound.transaction(big.name, f"t{pdus[0]['origin_server_ts']}", body)


def _expected(big: BigRoom, *joined: str) -> dict[tuple[str, str], str]:
    """The state of the room by key, joins of these users left out."""
    return {event.key: event.event_id for event in big.state if event.state_key not in joined}


async def test_a_room_can_be_used_before_its_members_are_told_and_is_whole_after(
    server: Homeserver, room: BigRoom
) -> None:
    bob = server.user("bob")
    await server.joins(bob, room.room_id, via=room.name)
    head = await server.rooms.room(room.room_id)
    assert (head.is_partial, set(head.members)) == (True, {bob})
    assert head.content("m.room.name") == {"name": "Agora"}
    await server.says(bob, room.room_id, "hello")
    await _delivers(server, room, room.says(UserId("@u3:s3.test:8448"), "welcome", "join"))
    await eventually(lambda: _has(server, room.room_id, "welcome"))
    room.is_open.set()
    await eventually(lambda: _whole(server, room.room_id))
    state = await server.state(room.room_id)
    assert state.pop(("m.room.member", bob))
    assert state == _expected(room)
    whole = await server.rooms.room(room.room_id)
    assert whole.joined_count == MEMBERS + 2
    assert {f"s{number}.test:8448" for number in range(10)} <= whole.servers
    assert sorted(await server.texts(room.room_id)) == ["hello", "welcome"]


async def test_a_room_comes_in_one_batch_and_is_in_memory_as_it_is_stored(server: Homeserver, room: BigRoom) -> None:
    before = server.stream.batches
    await server.joins(server.user("bob"), room.room_id, via=room.name)
    assert server.stream.batches == before + 1
    kept, loaded = server.rooms.known(room.room_id), await server.rooms.reload(room.room_id)
    assert kept is not None
    assert loaded is not None
    for name in ("version", "chain_id", "sequence", "depth", "extremities", "members", "is_partial", "told_servers"):
        assert getattr(kept, name) == getattr(loaded, name), name
    assert kept.state_event_ids() == loaded.state_event_ids()
    assert kept.last_position == loaded.last_position


async def test_servers_that_the_resident_tells_are_not_told_by_us(server: Homeserver, room: BigRoom) -> None:
    await server.joins(server.user("bob"), room.room_id, via=room.name)
    await server.says(server.user("bob"), room.room_id, "hello")

    async def hello_has_gone() -> bool:
        return any(pdu["type"] == "m.room.message" for body in room.sent for pdu in body["pdus"])

    await eventually(hello_has_gone)
    assert not [pdu for body in room.sent for pdu in body["pdus"] if pdu["type"] == "m.room.member"]


async def test_two_who_join_at_the_same_time_are_both_in_and_the_room_is_whole(
    cluster: Cluster, net: FakeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "MANY_MEMBERS", 1)
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        made = await a.creates_room(a.user("alice"))
        await a.does(a.user("dave"), made, Draft.member(a.user("dave"), "join"))
        bob, carol = b.user("bob"), b.user("carol")
        await asyncio.gather(*(b.joins(user, made, via=a.name) for user in (bob, carol)))
        await eventually(lambda: _whole(b, made))
        here = await b.rooms.room(made)
        assert [here.membership(user) for user in (bob, carol)] == ["join", "join"]
        assert await b.state(made) == await a.state(made)


async def test_who_follows_a_user_of_ours_into_a_room_asks_nobody_for_it(server: Homeserver, room: BigRoom) -> None:
    room.is_open.set()
    joining = _joining(server)
    asked = [Requester(server.user(name), None, 0, None, 0) for name in ("bob", "carol", "dave")]
    await asyncio.gather(*(joining.join(one, room.room_id, via=[room.name]) for one in asked))
    head = await server.rooms.room(room.room_id)
    assert [head.membership(one.user_id) for one in asked] == ["join"] * 3
    assert len([path for path in room.served if "/send_join/" in path]) == 1


async def test_who_asks_twice_at_the_same_time_comes_in_once(server: Homeserver, room: BigRoom) -> None:
    room.is_open.set()
    joining, bob = _joining(server), Requester(server.user("bob"), None, 0, None, 0)
    await asyncio.gather(*(joining.join(bob, room.room_id, via=[room.name]) for _ in range(3)))
    assert await server.database.fetchval("SELECT count(*) FROM events WHERE sender = $1", bob.user_id) == 1


async def test_what_is_said_meanwhile_goes_to_all_servers_that_are_told_to_be_there(
    server: Homeserver, room: BigRoom
) -> None:
    await server.joins(server.user("bob"), room.room_id, via=room.name)
    await server.says(server.user("bob"), room.room_id, "hello")

    async def all_have_it() -> bool:
        said = [pdu for body in room.sent for pdu in body["pdus"] if pdu["content"].get("body") == "hello"]
        return len(said) == 11

    await eventually(all_have_it)


async def test_the_state_before_every_event_is_whole_in_the_end(server: Homeserver, room: BigRoom) -> None:
    bob = server.user("bob")
    await server.joins(bob, room.room_id, via=room.name)
    first = await server.says(bob, room.room_id, "first")
    room.is_open.set()
    await eventually(lambda: _whole(server, room.room_id))
    (stored,) = await server.events.by_id([first])
    states = StateTable(server.database)
    before = await states.state_at((stored.chain_id, stored.sequence))
    assert len(before) == len(room.state) + 1
    assert before["m.room.member", "@u7:s7.test:8448"].event_id == room.state[-MEMBERS + 7].event_id


async def test_what_changed_meanwhile_is_not_overwritten(server: Homeserver, room: BigRoom) -> None:
    await server.joins(server.user("bob"), room.room_id, via=room.name)
    user = UserId("@u3:s3.test:8448")
    leave = room.says(user, "", "join", kind="m.room.member", key=user, content={"membership": "leave"})
    await _delivers(server, room, leave)
    await eventually(lambda: _has_left(server, user, room.room_id))
    room.is_open.set()
    await eventually(lambda: _whole(server, room.room_id))
    assert await server.membership(user, room.room_id) == "leave"
    assert (await server.state(room.room_id))["m.room.member", user] == parse_pdu(leave, room.rules).event_id
    assert (await server.rooms.room(room.room_id)).joined_count == MEMBERS + 1


async def test_what_asks_for_all_members_waits_for_them(server: Homeserver, room: BigRoom) -> None:
    bob = server.user("bob")
    await server.joins(bob, room.room_id, via=room.name)
    reading = RoomState(server.rooms, server.visibility, server.events, StateTable(server.database))
    with pytest.raises(Unavailable):
        await server.rooms.whole(room.room_id, timeout_s=0.05)
    listing = asyncio.ensure_future(reading.members(bob, room.room_id, membership=None, not_membership=None, at=None))
    joined = asyncio.ensure_future(reading.joined_members(bob, room.room_id))
    await asyncio.sleep(0.05)
    assert not listing.done()
    room.is_open.set()
    assert len(await asyncio.wait_for(listing, 15)) == MEMBERS + 2
    assert len(await asyncio.wait_for(joined, 15)) == MEMBERS + 2


async def test_those_in_the_room_are_told_how_far_it_is(server: Homeserver, room: BigRoom) -> None:
    bob = server.user("bob")
    await server.joins(bob, room.room_id, via=room.name)
    progress = JoinProgress(server.rooms, PartialJoins(server.database))
    requester = Requester(bob, None, 0, None, 0)
    assert await progress.of_room(requester, room.room_id) == {"is_whole": False, "done": 0, "total": None}
    with pytest.raises(Forbidden):
        await progress.of_room(replace(requester, user_id=server.user("eve")), room.room_id)
    table = PartialJoins(server.database)
    room.is_open.set()
    await eventually(lambda: _whole(server, room.room_id))
    assert await progress.of_room(requester, room.room_id) == {"is_whole": True}
    assert await table.progress((await server.rooms.room(room.room_id)).room_nid) == (MEMBERS + 7, MEMBERS + 7)


async def test_nobody_comes_in_by_us_and_no_state_is_told_before_it_is_whole(server: Homeserver, room: BigRoom) -> None:
    bob = server.user("bob")
    await server.joins(bob, room.room_id, via=room.name)
    with pytest.raises(NotFound):
        await server.federation.resident.make_join(room.name, room.room_id, room.creator, ["12"])
    room.is_open.set()
    await eventually(lambda: _whole(server, room.room_id))
    made = await server.federation.resident.make_join(room.name, room.room_id, f"@new:{room.name}", ["12"])
    assert made.room_version == "12"


class _NoNames:
    async def member_content(self, user_id: str) -> Mapping[str, Any]:
        """Nobody has a name."""
        return {}


def _joining(server: Homeserver) -> Joining:
    return Joining(
        server=server.name,
        rooms=server.rooms,
        members=server.members,
        commits=server.commits,
        remote=server.federation.remote_join,
        aliases=server.directory,
        profiles=_NoNames(),
    )


async def test_one_of_ours_who_is_banned_does_not_come_in_before_that_is_known(
    server: Homeserver, room: BigRoom
) -> None:
    carol = server.user("carol")
    room.bans(carol)
    await server.joins(server.user("bob"), room.room_id, via=room.name)
    joining = _joining(server)
    coming = asyncio.ensure_future(joining.join(Requester(carol, None, 0, None, 0), room.room_id))
    await asyncio.sleep(0.1)
    assert not coming.done()
    room.is_open.set()
    with pytest.raises(Forbidden):
        await asyncio.wait_for(coming, 15)
    assert await server.membership(carol, room.room_id) == "ban"


async def test_a_state_told_whole_is_written_in_portions(cluster: Cluster, net: FakeNet) -> None:
    big = BigRoom(MEMBERS, omits=False)
    big.listen(net)
    async with homeservers(cluster, net, "b.test") as (b,):
        await b.joins(b.user("bob"), big.room_id, via=big.name)
        await eventually(lambda: _whole(b, big.room_id))
        state = await b.state(big.room_id)
        assert state.pop(("m.room.member", b.user("bob")))
        assert state == _expected(big)
        assert not [path for path in big.served if "/state/" in path]


# -- what is refused in the end --------------------------------------------------------------------------------------


async def test_events_of_one_who_was_banned_leave_with_what_they_did(
    cluster: Cluster, net: FakeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "MANY_MEMBERS", 1)
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        alice, bob = a.user("alice"), b.user("bob")
        made = await a.creates_room(alice)
        await a.does(alice, made, Draft("m.room.power_levels", {"invite": 0, "state_default": 0}, state_key=""))
        await a.does(alice, made, Draft("m.room.topic", {"topic": "ours"}, state_key=""))
        evil = EvilPeer("evil.test", net)
        eve = await _joins_by(a, evil, made)
        await a.does(alice, made, Draft.member(eve.sender, "ban"))
        release = _hold_state(net, a)
        await b.joins(bob, made, via=a.name)
        assert (await b.rooms.room(made)).is_partial
        topic = _of(evil, b, await b.rooms.room(made), eve, "m.room.topic", {"topic": "owned"}, state_key="")
        after = _of(
            evil, b, await b.rooms.room(made), eve, "m.room.message", {"body": "spam"}, prev=topic, state_key=None
        )
        evil.replies["/_matrix/federation/v1/event_auth"] = lambda _: {"auth_chain": [eve.pdu]}
        body = {"origin": evil.name, "origin_server_ts": 1, "pdus": [topic.pdu, after.pdu]}
        await b.federation.inbound.transaction(evil.name, "t1", body)
        await eventually(lambda: _has(b, made, "spam"))
        assert (await b.rooms.room(made)).content("m.room.topic") == {"topic": "owned"}
        said = await b.says(bob, made, "who is that?")
        before = b.feed.head
        release.set()
        await eventually(lambda: _whole(b, made))
        room = await b.rooms.room(made)
        assert room.content("m.room.topic") == {"topic": "ours"}
        assert await b.texts(made) == ["who is that?"]
        assert await b.state(made) == await a.state(made)
        assert room.membership(eve.sender) == "ban"
        refused = {
            stored.event_id
            for stored in await b.events.by_id([topic.event_id, after.event_id, said])
            if stored.flags & REJECTED
        }
        assert refused == {topic.event_id, after.event_id}
        (stored,) = await b.events.by_id([said])
        point = await StateTable(b.database).state_at((stored.chain_id, stored.sequence), [("m.room.topic", "")])
        assert point["m.room.topic", ""].event_id == (await a.state(made))["m.room.topic", ""]
        taken = [row for row in b.feed.rows(0, before) or () if isinstance(row, EventRow)]
        shown = [row for row in taken if row.event_id == after.event_id]
        assert [row.flags & REJECTED for row in shown] == [REJECTED]


async def test_a_state_that_is_not_the_one_told_with_the_join_makes_nothing_whole(
    server: Homeserver, room: BigRoom
) -> None:
    honest = list(room.state)
    room.state = [event for event in honest if event.type != "m.room.join_rules"]
    room.is_open.set()
    await server.joins(server.user("bob"), room.room_id, via=room.name)
    await asyncio.sleep(0.3)
    assert not await _whole(server, room.room_id)
    await server.says(server.user("bob"), room.room_id, "still here")
    assert len((await server.rooms.room(room.room_id)).members) == 1
    room.state = honest
    room._replies.clear()
    await eventually(lambda: _whole(server, room.room_id))
    assert (await server.rooms.room(room.room_id)).joined_count == MEMBERS + 2


async def test_forged_and_foreign_members_are_left_out(server: Homeserver, room: BigRoom) -> None:
    other = BigRoom(1)
    forged = dict(room.state[-1].pdu) | {"content": {"membership": "join", "displayname": "forged"}}
    told = {"pdus": [*(event.pdu for event in room.state[:-1]), forged, other.state[-1].pdu, 7, {}], "auth_chain": []}
    room._replies["state"] = orjson.dumps(told)
    await server.joins(server.user("bob"), room.room_id, via=room.name)
    room.is_open.set()
    await eventually(lambda: _whole(server, room.room_id))
    found = await server.rooms.room(room.room_id)
    assert found.members[str(room.state[-1].state_key)].displayname is None  # as redacted: its hash is wrong
    assert "@u0:s0.test:8448" in found.members
    assert found.joined_count == MEMBERS + 2


async def test_members_omitted_without_saying_who_can_tell_them_are_no_join(server: Homeserver, room: BigRoom) -> None:
    answer = orjson.loads(room._joined(omits=True).body) | {"servers_in_room": []}
    room._replies["joined True"] = orjson.dumps(answer)
    with pytest.raises(Unavailable):
        await server.joins(server.user("bob"), room.room_id, via=room.name)


async def test_another_server_tells_what_the_first_one_does_not(
    server: Homeserver, room: BigRoom, net: FakeNet
) -> None:
    await server.joins(server.user("bob"), room.room_id, via=room.name)

    async def silent(request: Request) -> Answer:
        if "/state" in request.target:
            return Answer(500, {}, b"{}")
        return await room.answer(request)

    async def helpful(request: Request) -> Answer:
        if "/state" in request.target:
            return await room.answer(request)
        return Answer(404, {}, b"{}")

    net.answers("resident.test", PORT, silent)
    told = next(name for name in sorted((await server.rooms.room(room.room_id)).told_servers) if name != room.name)
    keys = net.peers[told.partition(":")[0], PORT]

    async def both(request: Request) -> Answer:
        return await (keys if "/key/" in request.target else helpful)(request)

    net.answers(told.partition(":")[0], PORT, both)
    room.is_open.set()
    await eventually(lambda: _whole(server, room.room_id))


# -- restarts --------------------------------------------------------------------------------------------------------


class _StopAt:
    """Never goes on from a named point, passed for the nth time."""

    def __init__(self, name: str, nth: int) -> None:
        self._name, self._left = name, nth
        self.reached = asyncio.Event()

    async def at(self, name: str) -> None:
        if name == self._name:
            self._left -= 1
            if self._left <= 0:
                self.reached.set()
                await asyncio.Event().wait()


@asynccontextmanager
async def _running(url: str, net: FakeNet, faults: _StopAt | None) -> AsyncIterator[Homeserver]:
    """A server over a database that may have been another's before; it ends without a word."""
    async with AsyncExitStack() as resources:
        database = await Database.open(url)
        resources.push_async_callback(database.close)
        config = FederationConfig(trusted_key_servers=(), public_rooms=True)
        made = Homeserver(f"b.test:{PORT}", database, net, resources=resources, config=config, faults=faults)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(made.run())
            try:
                await asyncio.sleep(0.05)
                yield made
            finally:
                running.cancel()


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("partial.fetched", 1),
        ("partial.filling", 2),
        pytest.param("partial.filling", 1, marks=pytest.mark.full("federation")),
        pytest.param("partial.filled", 1, marks=pytest.mark.full("federation")),
        ("partial.closing", 1),
    ],
)
async def test_a_server_that_ends_in_between_goes_on_where_it_was(
    cluster: Cluster, net: FakeNet, point: str, nth: int
) -> None:
    big = BigRoom(MEMBERS)
    big.listen(net)
    stop = _StopAt(point, nth)
    async with cluster.database() as url:
        async with _running(url, net, stop) as first:
            bob = first.user("bob")
            await first.joins(bob, big.room_id, via=big.name)
            await first.says(bob, big.room_id, "before the end")
            await asyncio.wait_for(stop.reached.wait(), 15)
        async with _running(url, net, None) as second:
            await eventually(lambda: _whole(second, big.room_id))
            state = await second.state(big.room_id)
            assert state.pop(("m.room.member", bob))
            assert state == _expected(big)
            assert await second.texts(big.room_id) == ["before the end"]
            assert len([path for path in big.served if "/state/" in path]) == 1


# -- helpers ---------------------------------------------------------------------------------------------------------


def _hold_state(net: FakeNet, holder: Homeserver) -> asyncio.Event:
    """Have a server answer /state only once the event is set."""
    release = asyncio.Event()

    async def answer(request: Request) -> Answer:
        if "/state/" in request.target:
            await release.wait()
        return await holder.answer(request)

    net.answers(holder.name.partition(":")[0], PORT, answer)
    return release


async def _joins_by(server: Homeserver, peer: EvilPeer, room_id: RoomId) -> Event:
    user = UserId(f"@eve:{peer.name}")
    template = await server.federation.resident.make_join(peer.name, room_id, user, ["12"])
    event = seal(template.event, ROOM_VERSIONS["12"], peer.key)
    await server.federation.resident.send_join(peer.name, room_id, event.event_id, dict(event.pdu))
    return event


def _of(
    peer: EvilPeer,
    server: Homeserver,
    room: Any,
    member: Event,
    kind: str,
    content: dict[str, Any],
    *,
    state_key: str | None,
    prev: Event | None = None,
) -> Event:
    """An event of a member who cites the join that made them one."""
    tips = [tip.event_id for tip in room.extremities.values()]
    proto = {
        "room_id": room.room_id,
        "type": kind,
        "sender": member.sender,
        "content": content,
        "depth": room.depth + (1 if prev is None else 2),
        "origin_server_ts": server.clock.now_ms(),
        "prev_events": tips if prev is None else [prev.event_id],
        "auth_events": [room.event(("m.room.power_levels", "")).event_id, member.event_id],
    } | ({} if state_key is None else {"state_key": state_key})
    return seal(proto, ROOM_VERSIONS["12"], peer.key)


# -- at full size ----------------------------------------------------------------------------------------------------


@pytest.mark.full("federation")
async def test_twenty_thousand_members_hold_nobody_up(
    server: Homeserver, net: FakeNet, record_property: Callable[[str, object], None]
) -> None:
    """Visible within 10 s, whole within 3 minutes, while another room goes on: no stall, no slow commit."""
    big = BigRoom(20_000)
    big.prepare()
    gc.freeze()  # the million objects of the simulated resident are not the server's to walk through
    big.listen(net)
    alice, bob = server.user("alice"), server.user("bob")
    other = await server.creates_room(alice)
    waits: list[float] = []
    commits: list[float] = []
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            asked = loop.time()
            await asyncio.sleep(0.005)
            waits.append(loop.time() - asked - 0.005)

    async def talk() -> None:
        while True:
            asked = loop.time()
            await server.says(alice, other, "meanwhile")
            commits.append(loop.time() - asked)
            await asyncio.sleep(0.02)

    tasks = [asyncio.ensure_future(watch()), asyncio.ensure_future(talk())]
    began = loop.time()
    await server.joins(bob, big.room_id, via=big.name)
    visible = loop.time() - began
    await server.says(bob, big.room_id, "hello")
    await eventually(lambda: _whole(server, big.room_id), within_s=180)
    whole = loop.time() - began
    for task in tasks:
        task.cancel()
    record_property("room", f"visible after {visible:.2f} s, whole after {whole:.1f} s")
    for name, found in (("loop", waits), ("commits", commits)):
        ordered = sorted(found)
        at = {part: round(1000 * ordered[int(len(ordered) * part)]) for part in (0.5, 0.99, 0.999)}
        record_property(name, f"{len(ordered)}, ms by share {at}, longest {round(1000 * ordered[-1])} ms")
    assert (await server.rooms.room(big.room_id)).joined_count == 20_002
    gc.unfreeze()
    assert visible < 10
    assert max(commits) < 1.0
