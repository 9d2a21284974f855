"""Pushers, what a gateway is told, and the list of notifications."""

import asyncio
import copy
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeserver.clock import SystemClock, SystemRng
from homeserver.config.network import OutboundHttp
from homeserver.providers.http_push import HttpPush, PushFailed
from homeserver.services.push.parts import outside
from homeserver.storage.errors import DatabaseDown
from homeserver.storage.pushers import PusherTable, Queued
from tests.services.push.gateway import Gateway, pusher, running_gateway, sets_pusher
from tests.support.client import Json, Refused, Server, User
from tests.support.waiting import eventually
from tools.certificates import LocalCertificate

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

GATEWAY = "https://push.example/_matrix/push/v1/notify"


@dataclass
class House:
    """A server beside a gateway."""

    server: Server
    gateway: Gateway

    async def pair(self) -> tuple[User, User, str]:
        """Two users in a room: one who writes, one who is notified by the push key that is their id."""
        alice, bob = await self.server.register(), await self.server.register()
        room = await alice.creates_room(inviting=bob, name="Kitchen")
        await bob.joins(room)
        await sets_pusher(bob, self.gateway.url, bob.user_id)
        return alice, bob, room


@pytest.fixture(scope="module")
async def house(
    cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory, certificate: LocalCertificate
) -> AsyncIterator[House]:
    from tests.support.running import running_app

    outbound = OutboundHttp(verify_certificates=False, allow_private_addresses=True)
    async with (
        running_gateway(certificate) as gateway,
        running_app(cluster, tmp_path_factory.mktemp("push"), outbound_http=outbound) as (_, server),
    ):
        yield House(server, gateway)


async def shown(user: User) -> list[Json]:
    """The user's pushers."""
    pushers: list[Json] = (await user.call("GET", "/v3/pushers"))["pushers"]
    return pushers


async def test_a_database_that_is_away_for_a_moment_delays_notices_and_ends_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, room = await house.pair()
    enqueue, refused = PusherTable.enqueue, asyncio.Event()

    async def is_away_once(self: PusherTable, upto: int, queued: Sequence[Queued]) -> None:
        if not refused.is_set():
            refused.set()
            raise DatabaseDown
        await enqueue(self, upto, queued)

    monkeypatch.setattr(PusherTable, "enqueue", is_away_once)
    said = await alice.says("while it was away", room)
    async with asyncio.timeout(30):
        await refused.wait()
        await house.gateway.until(lambda: said in house.gateway.events_of(bob.user_id))


async def test_a_new_server_whose_database_is_away_at_once_loses_no_notice(
    house: House, cluster: "Cluster", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.running import running_app

    enqueue, is_back = PusherTable.enqueue, asyncio.Event()

    async def is_away(self: PusherTable, upto: int, queued: Sequence[Queued]) -> None:
        if not is_back.is_set():
            raise DatabaseDown
        await enqueue(self, upto, queued)

    monkeypatch.setattr(PusherTable, "enqueue", is_away)
    outbound = OutboundHttp(verify_certificates=False, allow_private_addresses=True)
    async with running_app(cluster, tmp_path, outbound_http=outbound) as (_, server):
        alice, bob, room = await House(server, house.gateway).pair()
        said = await alice.says("before the first cursor", room)
        is_back.set()
        await house.gateway.until(lambda: said in house.gateway.events_of(bob.user_id))


async def test_a_new_server_that_dies_before_it_has_looked_loses_no_notice(
    house: House, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.running import configured, running_on

    outbound = OutboundHttp(verify_certificates=False, allow_private_addresses=True)
    config = configured(database_url, tmp_path, outbound_http=outbound)

    async def never(_: PusherTable) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(PusherTable, "prune", never)
        async with running_on(config) as (_, server):
            alice, bob, room = await House(server, house.gateway).pair()
            said = await alice.says("before it looked", room)
    async with running_on(config):
        await house.gateway.until(lambda: said in house.gateway.events_of(bob.user_id))


async def test_who_sets_a_pusher_while_it_is_read_who_has_any_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    users, is_read, goes_on = PusherTable.users, asyncio.Event(), asyncio.Event()

    async def slowly(self: PusherTable) -> set[str]:
        found = await users(self)
        is_read.set()
        await goes_on.wait()
        return found

    alice, bob = await house.server.register(), await house.server.register()
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    monkeypatch.setattr(PusherTable, "users", slowly)
    await sets_pusher(alice, house.gateway.url, alice.user_id)  # who has any is read with the next events
    await alice.says("first", room)
    async with asyncio.timeout(30):
        await is_read.wait()
    await sets_pusher(bob, house.gateway.url, bob.user_id)
    goes_on.set()
    said = await alice.says("second", room)
    await house.gateway.until(lambda: said in house.gateway.events_of(bob.user_id))


async def test_a_pusher_is_set_changed_and_deleted(house: House) -> None:
    alice = await house.server.register()
    await sets_pusher(alice, GATEWAY, "key", profile_tag="tag")
    assert await shown(alice) == [
        {
            **pusher(GATEWAY, "key", profile_tag="tag"),
            "org.matrix.msc3881.enabled": True,
            "org.matrix.msc3881.device_id": alice.device_id,
        }
    ]
    await sets_pusher(alice, GATEWAY, "key", lang="ru")
    assert [one["lang"] for one in await shown(alice)] == ["ru"]
    await alice.call("POST", "/v3/pushers/set", {"kind": None, "app_id": "test.app", "pushkey": "key"})
    assert await shown(alice) == []


async def test_a_push_key_belongs_to_who_set_it_last_unless_it_is_appended(house: House) -> None:
    alice, bob, carol = [await house.server.register() for _ in range(3)]
    await sets_pusher(alice, GATEWAY, "shared")
    await sets_pusher(bob, GATEWAY, "shared", append=True)
    assert [len(await shown(one)) for one in (alice, bob)] == [1, 1]
    await sets_pusher(carol, GATEWAY, "shared")
    assert [len(await shown(one)) for one in (alice, bob, carol)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"data": {"url": "http://push.example/_matrix/push/v1/notify"}}, "M_INVALID_PARAM"),
        ({"data": {"url": "https://push.example/elsewhere"}}, "M_INVALID_PARAM"),
        ({"data": {"url": "https://user@push.example/_matrix/push/v1/notify"}}, "M_INVALID_PARAM"),
        ({"data": {"url": "https://[::/_matrix/push/v1/notify"}}, "M_INVALID_PARAM"),
        ({"data": {}}, "M_MISSING_PARAM"),
        ({"lang": None}, "M_MISSING_PARAM"),
        ({"kind": "pigeon"}, "M_INVALID_PARAM"),
        ({"app_id": "x" * 65}, "M_INVALID_PARAM"),
        ({"pushkey": "x" * 513}, "M_INVALID_PARAM"),
        ({"device_display_name": "x" * 256}, "M_INVALID_PARAM"),
        ({"data": {"url": GATEWAY, "more": "x" * 20_000}}, "M_INVALID_PARAM"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_pusher_that_cannot_work_is_refused(house: House, change: Json, errcode: str) -> None:
    alice = await house.server.register()
    with pytest.raises(Refused) as refused:
        await alice.call("POST", "/v3/pushers/set", {**pusher(GATEWAY, "key"), **change})
    assert (refused.value.status, refused.value.errcode) == (400, errcode)


async def test_a_gateway_is_told_of_a_message(house: House) -> None:
    alice, bob, room = await house.pair()
    name = {"displayname": "Alice in the kitchen"}
    await alice.call("PUT", f"/v3/profile/{alice.user_id}/displayname", name)

    async def is_called_so() -> bool:
        return (await alice.state(room, "m.room.member", alice.user_id)).get("displayname") == name["displayname"]

    await eventually(is_called_so)  # rooms hear of it a moment later
    event_id = await alice.says("dinner", room)
    await house.gateway.until(lambda: event_id in house.gateway.events_of(bob.user_id))
    (told,) = copy.deepcopy([one for one in house.gateway.of(bob.user_id) if one.get("event_id") == event_id])
    (device,) = told.pop("devices")
    ts = device.pop("pushkey_ts")
    assert 1_600_000_000 < ts < 10_000_000_000
    assert told == {
        "event_id": event_id,
        "room_id": room,
        "type": "m.room.message",
        "sender": alice.user_id,
        "sender_display_name": "Alice in the kitchen",
        "room_name": "Kitchen",
        "prio": "high",
        "content": {"msgtype": "m.text", "body": "dinner"},
        "counts": {"unread": 1},
    }
    assert device == {
        "app_id": "test.app",
        "pushkey": bob.user_id,
        "data": {"custom": 7},
        "tweaks": {"sound": "default"},
    }


async def test_a_gateway_is_told_ids_alone_where_that_is_asked(house: House) -> None:
    alice, bob, room = await house.pair()
    await sets_pusher(bob, house.gateway.url, bob.user_id, data={"url": house.gateway.url, "format": "event_id_only"})
    event_id = await alice.says("secret", room)
    await house.gateway.until(lambda: event_id in house.gateway.events_of(bob.user_id))
    told = house.gateway.of(bob.user_id)[-1]
    assert set(told) == {"event_id", "room_id", "counts", "devices", "prio"}
    assert told["devices"][0]["data"] == {"format": "event_id_only"}


async def test_a_mention_is_told_as_highlight(house: House) -> None:
    alice, bob, room = await house.pair()
    content = {"msgtype": "m.text", "body": "hey", "m.mentions": {"user_ids": [bob.user_id]}}
    event_id = await alice.sends(room, "m.room.message", content)
    await house.gateway.until(lambda: event_id in house.gateway.events_of(bob.user_id))
    assert house.gateway.of(bob.user_id)[-1]["devices"][0]["tweaks"]["highlight"] is True


async def test_a_silent_message_is_told_without_a_sound(house: House) -> None:
    alice, bob, room = await house.pair()
    content = {"msgtype": "m.text", "body": "good night", "app.hearth.silent": True}
    event_id = await alice.sends(room, "m.room.message", content)
    await house.gateway.until(lambda: event_id in house.gateway.events_of(bob.user_id))
    told = house.gateway.of(bob.user_id)[-1]
    assert told["prio"] == "low"
    assert "sound" not in told["devices"][0].get("tweaks", {})


async def test_an_invite_is_told_to_its_target(house: House) -> None:
    alice, bob = await house.server.register(), await house.server.register()
    await sets_pusher(bob, house.gateway.url, bob.user_id)
    room = await alice.creates_room(inviting=bob)
    await house.gateway.until(lambda: bool(house.gateway.events_of(bob.user_id)))
    told = house.gateway.of(bob.user_id)[0]
    assert told["room_id"] == room
    assert told["user_is_target"] is True
    assert told["content"]["membership"] == "invite"


async def test_nobody_is_told_of_what_their_rules_silence_or_who_they_ignore(house: House) -> None:
    alice, bob, room = await house.pair()
    rule = {"actions": [], "conditions": [{"kind": "event_match", "key": "content.body", "pattern": "spam"}]}
    await bob.call("PUT", "/v3/pushrules/global/override/no-spam", rule)
    await alice.says("spam", room)
    content = {"msgtype": "m.notice", "body": "a notice"}
    await alice.sends(room, "m.room.message", content)
    carol = await house.server.register()
    await alice.invites(carol, room)
    await carol.joins(room)
    ignored = {"ignored_users": {carol.user_id: {}}}
    await bob.call("PUT", f"/v3/user/{bob.user_id}/account_data/m.ignored_user_list", ignored)
    await carol.says("hello", room)
    last = await alice.says("to be told", room)
    await house.gateway.until(lambda: last in house.gateway.events_of(bob.user_id))
    assert house.gateway.events_of(bob.user_id) == [last]


async def test_the_number_at_the_icon_follows_what_is_read(house: House) -> None:
    alice, bob, room = await house.pair()
    ids = [await alice.says(f"n{number}", room) for number in range(3)]
    await house.gateway.until(lambda: len(house.gateway.events_of(bob.user_id)) == 3)
    assert house.gateway.of(bob.user_id)[-1]["counts"] == {"unread": 3}
    await bob.call("POST", f"/v3/rooms/{room}/receipt/m.read/{ids[-1]}", {})
    await house.gateway.until(lambda: "event_id" not in house.gateway.of(bob.user_id)[-1])
    assert house.gateway.of(bob.user_id)[-1]["counts"] == {"unread": 0}


async def test_a_rejected_push_key_is_forgotten(house: House) -> None:
    alice, bob, room = await house.pair()
    house.gateway.rejected.add(bob.user_id)
    await alice.says("one", room)
    await house.gateway.until(lambda: bool(house.gateway.of(bob.user_id)))
    await alice.says("two", room)
    await house.gateway.until(lambda: True)
    assert await shown(bob) == []
    assert len(house.gateway.events_of(bob.user_id)) == 1


async def test_what_fails_is_sent_again_in_order(house: House) -> None:
    alice, bob, room = await house.pair()
    house.gateway.failing = 1
    ids = [await alice.says(f"n{number}", room) for number in range(3)]
    await house.gateway.until(lambda: len(house.gateway.events_of(bob.user_id)) == 3)
    assert house.gateway.events_of(bob.user_id) == ids


async def test_a_pusher_goes_with_its_session_and_rests_when_switched_off(house: House) -> None:
    alice, bob, room = await house.pair()
    phone = await house.server.login(bob.user_id[1:].partition(":")[0])
    await sets_pusher(phone, house.gateway.url, "phone" + bob.user_id)
    await sets_pusher(bob, house.gateway.url, bob.user_id, **{"org.matrix.msc3881.enabled": False})
    first = await alice.says("one", room)
    await house.gateway.until(lambda: first in house.gateway.events_of("phone" + bob.user_id))
    await phone.call("POST", "/v3/logout", {})
    assert [one["pushkey"] for one in await shown(bob)] == [bob.user_id]
    await sets_pusher(bob, house.gateway.url, bob.user_id)
    second = await alice.says("two", room)
    await house.gateway.until(lambda: second in house.gateway.events_of(bob.user_id))
    assert first not in house.gateway.events_of(bob.user_id)
    assert second not in house.gateway.events_of("phone" + bob.user_id)


async def test_notifications_are_listed_page_by_page(house: House) -> None:
    alice, bob = await house.server.register(), await house.server.register()
    room = await alice.creates_room(inviting=bob)
    await bob.joins(room)
    ids = [await alice.says(f"n{number}", room) for number in range(5)]
    loud = {"msgtype": "m.text", "body": "hey", "m.mentions": {"user_ids": [bob.user_id]}}
    ids.append(await alice.sends(room, "m.room.message", loud))
    await bob.says("mine", room)
    await bob.call("POST", f"/v3/rooms/{room}/receipt/m.read/{ids[1]}", {})
    seen: list[Json] = []
    query: Json = {"limit": 4}
    while True:
        page = await bob.call("GET", "/v3/notifications", None, **query)
        seen += page["notifications"]
        if "next_token" not in page:
            break
        query["from"] = page["next_token"]
    assert [one["event"]["event_id"] for one in seen] == ids[::-1]
    assert [one["read"] for one in seen] == [False] * 4 + [True] * 2
    assert seen[0]["actions"] == ["notify", {"set_tweak": "highlight"}]
    only = await bob.call("GET", "/v3/notifications", None, only="highlight")
    assert [one["event"]["event_id"] for one in only["notifications"]] == ids[-1:]
    assert (await alice.call("GET", "/v3/notifications"))["notifications"][0]["event"]["content"]["body"] == "mine"


async def test_a_gateway_inside_is_not_reached(certificate: LocalCertificate) -> None:
    async with AsyncExitStack() as resources, running_gateway(certificate) as gateway:
        config = OutboundHttp(verify_certificates=False)
        gateways = HttpPush(outside(config, SystemClock(), SystemRng(), resources))
        with pytest.raises(PushFailed, match="AddressRefused"):
            await gateways.notify(gateway.url, {"devices": [{"app_id": "a", "pushkey": "k"}]})
        assert gateway.came == []
