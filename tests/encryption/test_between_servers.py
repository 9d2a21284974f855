"""Keys, device lists and messages to devices between two servers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from homeserver.asgi.dispatch import Dispatcher
from homeserver.asgi.observe import RequestObserver
from homeserver.bus.local import LocalBus
from homeserver.clock import SystemRng
from homeserver.config.rate_limits import RateLimits
from homeserver.federation.server import devices as peer_devices_api
from homeserver.net.testing import FakeNet
from homeserver.services.confirmation import Confirmation
from homeserver.services.encryption import Encryption
from homeserver.services.login import Login
from homeserver.services.passwords import Passwords
from homeserver.services.ratelimit import Limits
from homeserver.services.requester import Requester
from homeserver.services.sessions import Sessions
from homeserver.services.threepids.addresses import Addresses
from homeserver.services.threepids.vault import Vault
from homeserver.services.threepids.verifications import Verifications
from homeserver.services.ui_auth import UiAuth
from homeserver.storage.rows import DeviceChangeRow
from homeserver.storage.sessions import Sessions as SessionTable
from homeserver.storage.sessions import UiAuthSessions
from homeserver.storage.to_device import ToDevice as Inboxes
from homeserver.storage.users import Threepids, Users
from homeserver.storage.verifications import Verifications as VerificationTable
from tests.support import client
from tests.support.crypto import SIGNED, Device, Identity, public_part
from tests.support.federation import Homeserver, eventually, homeservers
from tests.support.postgres import Cluster

NAME = "Secret name of a device"


class Encrypting:
    """A homeserver with accounts and the services of encryption."""

    def __init__(self, server: Homeserver) -> None:
        self.server = server
        rng, limits = SystemRng(), Limits(RateLimits(enabled=False), LocalBus(server.clock))
        self.users = Users(server.database)
        self.sessions = Sessions(SessionTable(server.database), server.stream, server.clock, rng)
        database, clock = server.database, server.clock
        vault = Vault(bytes(32), rng)
        verifications = Verifications(VerificationTable(database), vault, clock, rng)
        login = Login(
            server=server.name,
            users=self.users,
            addresses=Addresses(Threepids(database), vault, verifications, clock),
            passwords=Passwords("test"),
            sessions=self.sessions,
            limits=limits,
            clock=clock,
            enabled=True,
        )
        confirmation = Confirmation(UiAuth(UiAuthSessions(server.database), server.clock, rng), login)
        self.services = Encryption(
            server.name,
            server.database,
            server.stream,
            server.feed,
            sessions=self.sessions,
            confirmation=confirmation,
            clock=server.clock,
            rng=rng,
        )
        self.services.federate(server.federation.devices, server.federation.inbound)
        peer_devices_api.endpoints(server.federation.table, server.name, self.services.keys)
        dispatcher = Dispatcher(
            server.federation.routes, observer=RequestObserver(CollectorRegistry()), stopping=asyncio.Event()
        )
        server.application = dispatcher.listener(frozenset({"federation", "keys"}))
        self.changes: list[str] = []
        server.feed.register(self._note)

    def _note(self, row: object) -> None:
        if isinstance(row, DeviceChangeRow) and row.room_nids:
            self.changes.append(row.user_id)

    async def user(self, localpart: str, device_id: str = "DEVICE") -> "Owner":
        """A user who is logged in on one device."""
        user_id = self.server.user(localpart)
        await self.users.create(user_id, password_hash=None, now_ms=1)
        tokens = await self.sessions.begin(user_id, device_id=device_id, display_name=NAME, wants_refresh=False)
        requester = await self.sessions.authenticate(tokens.access_token)
        person = client.User(client.Server("http://nowhere", self.server.name), user_id, "", device_id)
        return Owner(self, requester, Device(person))

    async def asks(self, asking: "Owner", user_id: str) -> Mapping[str, Any]:
        """Keys of one user as `asking` gets them: the answer to /keys/query."""
        answer: Mapping[str, Any] = orjson.loads(
            orjson.dumps(await self.services.keys.query(asking.requester, {user_id: []}, 5_000))
        )
        return answer


@dataclass
class Owner:
    """A user with a device and its keys."""

    home: Encrypting
    requester: Requester
    device: Device

    @property
    def user_id(self) -> str:
        return self.requester.user_id

    async def uploads(self, n: int = 0) -> None:
        await self.home.services.keys.upload(self.requester, self.device.keys, self.device.one_time_keys(n), {})

    async def sends(self, to: "Owner", content: Mapping[str, Any], txn: str) -> None:
        messages = {to.user_id: {"*": content}}
        await self.home.services.to_device.send(self.requester, "m.x", messages, (1, txn))

    async def inbox(self) -> list[Any]:
        assert self.requester.device_nid is not None
        rows = await Inboxes(self.home.server.database).inbox(self.requester.device_nid, 0, 2**62, 1_000)
        return [orjson.loads(row.content)["content"] for row in rows]


@pytest.fixture
def net() -> FakeNet:
    return FakeNet()


@pytest.fixture
async def pair(cluster: Cluster, net: FakeNet) -> AsyncIterator[tuple[Encrypting, Encrypting]]:
    async with homeservers(cluster, net, "a.test", "b.test") as (a, b):
        yield Encrypting(a), Encrypting(b)


Pair = tuple[Encrypting, Encrypting]


async def friends(pair: Pair) -> tuple[Owner, Owner]:
    """Alice of the first server and Bob of the second, in one room."""
    a, b = pair
    alice, bob = await a.user("alice"), await b.user("bob")
    room = await a.server.creates_room(alice.requester.user_id)
    await b.server.joins(bob.requester.user_id, room, via=a.server.name)
    return alice, bob


def requests(net: FakeNet, part: str) -> int:
    return sum(part in request.target for request in net.sent)


async def settled(net: FakeNet, b: Encrypting, bob: Owner, alice: Owner) -> int:
    """How often devices were asked for, once news of what was uploaded, before or after the first answer, has come."""
    asked, quiet = requests(net, "/user/"), 0
    while quiet < 5:
        await asyncio.sleep(0.1)
        await b.asks(bob, alice.user_id)
        before, asked = asked, requests(net, "/user/")
        quiet = quiet + 1 if asked == before else 0
    return asked


async def test_keys_are_asked_for_once_and_then_followed(pair: Pair, net: FakeNet) -> None:
    a, b = pair
    alice, bob = await friends(pair)
    await alice.uploads()
    shown = (await b.asks(bob, alice.user_id))["device_keys"][alice.user_id]["DEVICE"]
    assert {name: shown[name] for name in alice.device.keys} == alice.device.keys
    assert NAME not in orjson.dumps(shown).decode()
    asked = await settled(net, b, bob, alice)
    await b.asks(bob, alice.user_id)
    assert requests(net, "/user/") == asked
    identity = Identity(alice.user_id)
    b.changes.clear()
    await a.services.cross_signing.upload_keys(alice.requester, identity.upload, None)

    async def has_identity() -> bool:
        return bool((await b.asks(bob, alice.user_id))["master_keys"] == {alice.user_id: identity.key("master")})

    await eventually(has_identity)  # news of the device that is known already may come before it
    assert alice.user_id in b.changes
    signed = identity.signed(alice.device.keys, identity.self_signing)
    await a.services.cross_signing.upload_signatures(alice.requester, {alice.user_id: {"DEVICE": signed}})

    async def has_signature() -> bool:
        devices = (await b.asks(bob, alice.user_id))["device_keys"][alice.user_id]
        return f"ed25519:{public_part(identity.self_signing)}" in devices["DEVICE"]["signatures"][alice.user_id]

    await eventually(has_signature)
    assert requests(net, "/user/") == asked


async def test_a_new_and_an_ended_device_are_told_of(pair: Pair, net: FakeNet) -> None:
    a, b = pair
    alice, bob = await friends(pair)
    await alice.uploads()
    await b.asks(bob, alice.user_id)
    asked = await settled(net, b, bob, alice)
    second = await a.user("alice", "SECOND")
    await second.uploads()

    async def devices() -> set[str]:
        return set((await b.asks(bob, alice.user_id))["device_keys"][alice.user_id])

    async def are_two() -> bool:
        return await devices() == {"DEVICE", "SECOND"}

    async def is_one() -> bool:
        return await devices() == {"SECOND"}

    await eventually(are_two)
    await a.sessions.end(alice.requester)
    await eventually(is_one)
    assert requests(net, "/user/") == asked


async def test_changes_during_an_outage_are_not_lost(pair: Pair, net: FakeNet) -> None:
    a, b = pair
    alice, bob = await friends(pair)
    await alice.uploads()
    await b.asks(bob, alice.user_id)
    net.down.add("b.test")
    for name in ("SECOND", "THIRD"):
        await (await a.user("alice", name)).uploads()
    net.down.clear()

    async def has_all() -> bool:
        devices = (await b.asks(bob, alice.user_id))["device_keys"][alice.user_id]
        return set(devices) == {"DEVICE", "SECOND", "THIRD"}

    await eventually(has_all, within_s=15)


async def test_a_change_that_cannot_be_placed_makes_the_list_stale(pair: Pair, net: FakeNet) -> None:
    _, b = pair
    alice, bob = await friends(pair)
    await alice.uploads()
    await b.asks(bob, alice.user_id)
    asked = requests(net, "/user/")
    invented = {"user_id": alice.user_id, "device_id": "FORGED", "stream_id": 9, "prev_id": [8], "keys": {}}
    await b.server.federation.inbound.transaction(
        pair[0].server.name, "t1", {"edus": [{"edu_type": "m.device_list_update", "content": invented}]}
    )
    assert set((await b.asks(bob, alice.user_id))["device_keys"][alice.user_id]) == {"DEVICE"}
    assert requests(net, "/user/") == asked + 1


async def test_news_of_other_servers_users_and_of_strangers_are_left_out(pair: Pair) -> None:
    _, b = pair
    alice, bob = await friends(pair)
    b.changes.clear()
    for origin, user_id in (("evil.test:8448", alice.user_id), (pair[0].server.name, "@stranger:a.test:8448")):
        for edu_type in ("m.device_list_update", "m.signing_key_update"):
            content = {"user_id": user_id, "device_id": "D", "stream_id": 1, "prev_id": []}
            edus = [{"edu_type": edu_type, "content": content}]
            await b.server.federation.inbound.transaction(origin, f"{user_id}{edu_type}", {"edus": edus})
    assert b.changes == []
    assert bob.user_id not in b.changes


async def test_one_time_keys_are_claimed_across(pair: Pair) -> None:
    _, b = pair
    alice, bob = await friends(pair)
    await alice.uploads(2)
    wanted = {alice.user_id: {"DEVICE": SIGNED}}
    keys = [await b.services.keys.claim(wanted, 5_000) for _ in range(3)]
    given = [list(found.get(alice.user_id, {}).get("DEVICE", {})) for found, _ in keys]
    assert [len(names) for names in given] == [1, 1, 0]
    assert given[0] != given[1]
    assert all(failed == set() for _, failed in keys)
    assert (await b.services.keys.query(bob.requester, {"@x:gone.test": []}, 500))["failures"] == {"gone.test": {}}


async def test_messages_to_devices_cross_once_and_in_order(pair: Pair, net: FakeNet) -> None:
    alice, bob = await friends(pair)
    net.down.add("b.test")
    for n in range(30):
        await alice.sends(bob, {"n": n}, str(n))
    await alice.sends(bob, {"n": "again"}, "0")
    net.down.clear()

    async def has_all() -> bool:
        return len(await bob.inbox()) >= 30

    await eventually(has_all, within_s=15)
    assert await bob.inbox() == [{"n": n} for n in range(30)]


async def test_a_large_sending_is_split_for_peers(pair: Pair) -> None:
    a, b = pair
    alice, bob = await friends(pair)
    for n in range(8):
        await b.user("bob", f"D{n}")
    messages = {bob.user_id: {f"D{n}": {"x": "x" * 20_000} for n in range(8)} | {"DEVICE": {"last": True}}}
    await a.services.to_device.send(alice.requester, "m.x", messages, (1, "1"))

    async def has_it() -> bool:
        return await bob.inbox() == [{"last": True}]

    await eventually(has_it)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "@alice:evil.test"},
        {"sender": 1},
        {"type": None},
        {"message_id": None},
        {"messages": {"@bob:b.test:8448": {"*": "text"}}},
        {"messages": {"@bob:b.test:8448": {"*": {"x": "x" * 1_000_000}}}},
    ],
)
async def test_forged_and_malformed_messages_are_left_out(pair: Pair, wrong: dict[str, Any]) -> None:
    a, b = pair
    bob = await b.user("bob")
    good = {
        "sender": f"@alice:{a.server.name}",
        "type": "m.x",
        "message_id": "m1",
        "messages": {bob.user_id: {"*": {"n": 1}}},
    }
    for number, content in enumerate(({**good, **wrong}, good, good)):
        edus = [{"edu_type": "m.direct_to_device", "content": content}]
        await b.server.federation.inbound.transaction(a.server.name, str(number), {"edus": edus})
    assert await bob.inbox() == [{"n": 1}]


async def test_a_deactivated_user_gets_no_messages(pair: Pair) -> None:
    a, b = pair
    bob = await b.user("bob")
    await b.users.deactivate(bob.user_id, erase=False)
    content = {
        "sender": f"@alice:{a.server.name}",
        "type": "m.x",
        "message_id": "m1",
        "messages": {bob.user_id: {"*": {"n": 1}}},
    }
    edus = [{"edu_type": "m.direct_to_device", "content": content}]
    await b.server.federation.inbound.transaction(a.server.name, "1", {"edus": edus})
    assert await bob.inbox() == []


async def test_peers_are_told_of_users_here_alone(pair: Pair) -> None:
    a, b = pair
    alice, bob = await friends(pair)
    await alice.uploads(1)
    await b.asks(bob, alice.user_id)
    told = await b.services.keys.for_peer([alice.user_id])
    assert told["device_keys"] == {}
    assert await b.services.keys.claim_for_peer({alice.user_id: {"DEVICE": SIGNED}}) == {}
    assert (await a.services.keys.for_peer([alice.user_id]))["device_keys"][alice.user_id].keys() == {"DEVICE"}
