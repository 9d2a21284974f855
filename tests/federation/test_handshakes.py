"""Joins, leaves and invites by way of a server that lies: nothing foreign is signed, nothing false is stored."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from homeserver.errors import MatrixError
from homeserver.federation.client.joining import Template
from homeserver.net.http import Request
from homeserver.net.testing import FakeNet
from homeserver.protocol.identifiers import RoomId, UserId
from homeserver.protocol.room_versions import ROOM_VERSIONS
from homeserver.protocol.signing import SigningKey
from homeserver.services.templates import BadTemplate, read_template
from tests.support.evil_peer import EvilPeer
from tests.support.federation import Homeserver

Json = dict[str, Any]
MAKE_JOIN = "/_matrix/federation/v1/make_join/"
MAKE_LEAVE = "/_matrix/federation/v1/make_leave/"
ROOM = RoomId("!abcdefghijklmnopqr:evil.test:8448")
BOB = UserId("@bob:a.test:8448")


def template(membership: str = "join") -> Json:
    return {
        "type": "m.room.member",
        "room_id": ROOM,
        "sender": BOB,
        "state_key": BOB,
        "content": {"membership": membership},
        "prev_events": ["$p"],
        "auth_events": ["$create", "$levels"],
        "depth": 7,
        "origin_server_ts": 5,
    }


def _set(path: str, value: Any) -> Callable[[Json], None]:
    def change(event: Json) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            event = event[parent]
        event[last] = value

    return change


def _drop(name: str) -> Callable[[Json], None]:
    return lambda event: event.pop(name) and None


REFUSED: list[Callable[[Json], None]] = [
    *(_set("type", value) for value in ("m.room.power_levels", "m.room.message", "m.room.create", "", None, 5, [])),
    *(_set("room_id", value) for value in ("!other:evil.test", "", None, 5, ROOM + "x", ROOM.upper())),
    *(_set("sender", value) for value in ("@alice:a.test:8448", "@bob:evil.test", "", None, 5, BOB + "x")),
    *(_set("state_key", value) for value in ("@alice:a.test:8448", "", None, 5, {})),
    *(_set("content.membership", value) for value in ("ban", "invite", "leave", "knock", "", None, 5, ["join"])),
    *(_set("content", value) for value in (None, [], "join", 5, {})),
    *(_set("depth", value) for value in (-1, 2**53, 2**63, 1.5, "7", None, True, [])),
    *(_set("prev_events", value) for value in ([], None, "$p", ["p"], [5], ["$p", "$p"], ["$" + "x" * 300])),
    _set("prev_events", [f"${n}" for n in range(21)]),
    *(_set("auth_events", value) for value in ([], None, {}, ["create"], ["$c", "$c"], [f"${n}" for n in range(11)])),
    *(_set("content.join_authorised_via_users_server", value) for value in (5, "nobody", ["@a:b"], {"a": 1})),
    *(_drop(name) for name in ("type", "room_id", "sender", "state_key", "content", "depth", "prev_events")),
]


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    """Every event that any key of this process signs."""
    events: list[Json] = []
    sign = SigningKey.sign

    def spy(key: SigningKey, message: bytes) -> str:
        if "prev_events" in (entry := orjson.loads(message)):
            events.append(entry)
        return sign(key, message)

    monkeypatch.setattr(SigningKey, "sign", spy)
    return events


def test_there_are_sixty_variants() -> None:
    assert len(REFUSED) >= 60


@pytest.mark.parametrize("change", REFUSED)
def test_a_template_for_anything_else_is_refused(change: Callable[[Json], None]) -> None:
    event = template()
    change(event)
    with pytest.raises(BadTemplate):
        read_template(Template("10", event), ROOM_VERSIONS["10"], BOB, ROOM, "join")


async def test_no_variant_of_a_template_is_signed(a: Homeserver, peer: EvilPeer, signed: list[Json]) -> None:
    for change in REFUSED:
        event = template()
        change(event)
        peer.replies[MAKE_JOIN] = {"room_version": "10", "event": event}
        with pytest.raises(MatrixError):
            await a.federation.remote_join.join(BOB, ROOM, [peer.name], {})
    assert signed == []
    assert not any("/send_join/" in request.target for request in peer.requests)


async def test_what_else_is_in_a_template_is_not_signed(a: Homeserver, peer: EvilPeer, signed: list[Json]) -> None:
    event = template() | {"origin": "evil", "redacts": "$x", "unsigned": {"a": 1}, "hashes": {"sha256": "x"}, "zzz": 1}
    event["content"] |= {"displayname": "root", "reason": "x", "third_party_invite": {}, "m.relates_to": {}}
    peer.replies[MAKE_JOIN] = {"room_version": "10", "event": event}
    with pytest.raises(MatrixError):
        await a.federation.remote_join.join(BOB, ROOM, [peer.name], {"displayname": "Bob"})
    sent, in_the_first_form = [request for request in peer.requests if "/send_join/" in request.target]
    assert sent.body == in_the_first_form.body
    pdu = orjson.loads(sent.body or b"")
    assert pdu["content"] == {"membership": "join", "displayname": "Bob"}
    assert pdu.keys() == {
        "type", "room_id", "sender", "state_key", "content", "prev_events", "auth_events", "depth", "origin_server_ts",
        "hashes", "signatures",
    }  # fmt: skip
    assert {entry["type"] for entry in signed} == {"m.room.member"}
    assert pdu["origin_server_ts"] > 5


@pytest.mark.parametrize("version", ["1", "99", "org.evil", ""])
async def test_a_room_version_that_was_not_offered_is_not_joined(a: Homeserver, peer: EvilPeer, version: str) -> None:
    peer.replies[MAKE_JOIN] = {"room_version": version, "event": template()}
    with pytest.raises(MatrixError):
        await a.federation.remote_join.join(BOB, ROOM, [peer.name], {})


async def test_no_variant_of_a_leave_template_is_signed(a: Homeserver, peer: EvilPeer, signed: list[Json]) -> None:
    await _invited_by(a, peer)
    signed.clear()
    for change in REFUSED:
        event = template("leave")
        change(event)
        if event == template("leave"):
            continue
        peer.replies[MAKE_LEAVE] = {"room_version": "10", "event": event}
        with pytest.raises(MatrixError):
            await a.federation.remote_join.leave(BOB, ROOM, {})
    assert signed == []


def _without_create(answer: Json) -> None:
    answer["state"] = [pdu for pdu in answer["state"] if pdu["type"] != "m.room.create"]


def _forged_levels(answer: Json) -> None:
    for pdu in answer["state"]:
        if pdu["type"] == "m.room.power_levels":
            pdu["content"]["users"] = {"@mallory:evil.test": 100}


def _of_another_room(answer: Json) -> None:
    for pdu in answer["state"] + answer["auth_chain"]:
        if "room_id" in pdu:
            pdu["room_id"] = "!other:evil.test"


def _unsigned(answer: Json) -> None:
    for pdu in answer["state"] + answer["auth_chain"]:
        pdu["signatures"] = {}


def _no_lists(answer: Json) -> None:
    answer["state"] = {}


def _without_join_rules(answer: Json) -> None:
    """Our join is not allowed by a state without the rule that lets it in."""
    for name in ("state", "auth_chain"):
        answer[name] = [pdu for pdu in answer[name] if pdu["type"] != "m.room.join_rules"]


@pytest.mark.parametrize("version", ["10", "12"])
async def test_a_join_with_a_false_state_comes_to_nothing(pair: list[Homeserver], net: FakeNet, version: str) -> None:
    a, b = pair
    for lie in (_without_create, _of_another_room, _unsigned, _no_lists, _without_join_rules):
        room, told = await a.creates_room(a.user("alice"), version=version), list[Json]()
        net.answers("a.test", 8448, _lying(a, lie, told))
        with pytest.raises(MatrixError):
            await b.joins(b.user("bob"), room, via=a.name)
        assert told, lie
        assert await b.membership(b.user("bob"), room) is None, lie
        assert await b.timeline_or_nothing(room) == [], lie


async def test_forged_levels_do_not_come_in_with_a_join(pair: list[Homeserver], net: FakeNet) -> None:
    a, b = pair
    room, told = await a.creates_room(a.user("alice"), version="10"), list[Json]()
    net.answers("a.test", 8448, _lying(a, _forged_levels, told))
    await b.joins(b.user("bob"), room, via=a.name)
    assert told
    assert (await b.rooms.room(room)).power.of_user("@mallory:evil.test") == 0


INVITE_LIES: list[Callable[[Json], None]] = [
    _set("event.type", "m.room.message"),
    _set("event.content", {"membership": "join"}),
    _set("event.state_key", "@bob:other.test"),
    _set("event.sender", "@mallory:other.test"),
    _set("event.room_id", "!other:evil.test"),
    _set("event.signatures", {}),
    _set("event", {}),
    _set("room_version", "99"),
    _set("invite_room_state", None),
]


async def test_a_false_invite_is_not_signed(pair: list[Homeserver], signed: list[Json]) -> None:
    a, b = pair
    for lie in INVITE_LIES:
        seen: list[Json] = []

        async def changed(request: Request, lie: Callable[[Json], None] = lie, seen: list[Json] = seen) -> Any:
            body = orjson.loads(request.body or b"{}")
            lie(body)
            seen.append(body)
            return await b.answer(EvilPeer.signed_request(_as(a), b.name, "PUT", request.target, body))

        signed.clear()
        room = await a.creates_room(a.user("alice"), join_rule="invite")
        b.net.answers("b.test", 8448, changed)
        with pytest.raises(MatrixError):
            await a.invites(a.user("alice"), b.user("bob"), room)
        assert seen
        assert await b.membership(b.user("bob"), room) is None, seen
        assert len([entry for entry in signed if entry.get("content", {}).get("membership") == "invite"]) <= 1, seen


def _as(server: Homeserver) -> Any:
    """A stand-in that signs requests with this server's key."""

    class Stand:
        name = server.name
        key = server.key

    return Stand


def _lying(server: Homeserver, lie: Callable[[Json], None], told: list[Json]) -> Any:
    """The server, whose answers to joins are changed by `lie`; those go into `told`."""

    async def answer(request: Request) -> Any:
        honest = await server.answer(request)
        if "/send_join/" not in request.target:
            return honest
        body = orjson.loads(honest.body)
        lie(body)
        told.append(body)
        return type(honest)(honest.status, honest.headers, orjson.dumps(body))

    return answer


async def _invited_by(a: Homeserver, peer: EvilPeer) -> None:
    """Let Bob have an invite to a room of the peer's, as its row says."""
    from homeserver.storage.rows import MemberRow

    allocated = await a.table.allocate(ROOM, "10", created_ts=1)
    await a.stream.write(
        MemberRow(
            room_nid=allocated.room_nid,
            room_id=ROOM,
            user_id=BOB,
            server="a.test:8448",
            membership="invite",
            event_id="$i",
            sender=f"@m:{peer.name}",
        )
    )
