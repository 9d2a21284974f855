"""Inviting by address: through an identity server over TLS, to whom it knows and to whom nobody knows yet."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from homeserver.config.network import OutboundHttp
from tests.support.client import Json, Refused, Server, User
from tests.support.identity import KEYS, Identity, hashed
from tests.support.running import running_app
from tools.certificates import LocalCertificate

if TYPE_CHECKING:
    from tests.support.postgres import Cluster


@pytest.fixture(scope="module")
async def identity(certificate: LocalCertificate) -> AsyncIterator[Identity]:
    async with Identity(certificate) as server:
        yield server


@pytest.fixture(scope="module")
async def server(cluster: "Cluster", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    outbound = OutboundHttp(allow_private_addresses=True, verify_certificates=False)
    async with running_app(cluster, tmp_path_factory.mktemp("ids"), outbound_http=outbound) as (_, server):
        yield server


@pytest.fixture(autouse=True)
def clean(identity: Identity) -> None:
    identity.answers.clear()
    identity.kept.clear()


def by_address(identity: Identity, address: str, **more: object) -> Json:
    return {"id_server": identity.name, "id_access_token": "mine", "medium": "email", "address": address, **more}


async def invites(user: User, room: str, body: Json) -> None:
    await user.call("POST", f"/v3/rooms/{room}/invite", body)


async def test_who_is_known_is_invited_at_once(server: Server, identity: Identity) -> None:
    alice, bob = await server.people(2)
    identity.bound["bob@example.org"] = bob.user_id
    room = await alice.creates_room()
    await invites(alice, room, by_address(identity, "Bob@Example.org", reason="come"))
    member = await alice.state(room, "m.room.member", bob.user_id)
    assert (member["membership"], member["reason"]) == ("invite", "come")
    assert identity.kept == []


async def test_for_others_the_invite_waits_in_the_room_and_at_the_identity_server(
    server: Server, identity: Identity
) -> None:
    alice = await server.register()
    await alice.call("PUT", f"/v3/profile/{alice.user_id}/displayname", {"displayname": "Alice"})
    room = await alice.creates_room(name="Cats")
    await invites(alice, room, by_address(identity, "new@example.org"))
    assert identity.kept == [
        {
            "medium": "email",
            "address": "new@example.org",
            "room_id": room,
            "sender": alice.user_id,
            "room_name": "Cats",
            "room_join_rules": "invite",
            "sender_display_name": "Alice",
        }
    ]
    waiting = await alice.state(room, "m.room.third_party_invite", "token1")
    assert waiting == {"display_name": "n...@e...", "public_keys": KEYS, **KEYS[0]}


async def test_a_room_is_made_with_people_invited_by_address(server: Server, identity: Identity) -> None:
    alice = await server.register()
    invitees = [by_address(identity, "one@example.org"), by_address(identity, "no address")]
    room = await alice.creates_room(invite_3pid=invitees)
    assert [one["address"] for one in identity.kept] == ["one@example.org"]
    assert (await alice.state(room, "m.room.third_party_invite", "token1"))["public_keys"] == KEYS


async def test_only_members_who_may_invite_can(server: Server, identity: Identity) -> None:
    alice, bob = await server.people(2)
    room = await alice.creates_room(inviting=bob, power_level_content_override={"invite": 50})
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        await invites(bob, room, by_address(identity, "x@example.org"))
    await bob.joins(room)
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        await invites(bob, room, by_address(identity, "x@example.org"))
    assert identity.kept == [], "nothing of the room was told to the identity server"


@pytest.mark.parametrize(
    ("what", "answer", "errcode"),
    [
        ("hash_details", (200, {"lookup_pepper": 5}), "M_UNKNOWN"),
        ("hash_details", (200, ["x"]), "M_UNKNOWN"),
        ("lookup", (200, {"mappings": {hashed("x@example.org"): "no user"}}), "M_UNKNOWN"),
        ("store-invite", (200, {"token": "", "public_keys": KEYS, "display_name": "x"}), "M_UNKNOWN"),
        ("store-invite", (200, {"token": "t", "public_keys": [{"public_key": 5}], "display_name": "x"}), "M_UNKNOWN"),
        ("store-invite", (400, {"errcode": "M_THREEPID_IN_USE"}), "M_THREEPID_IN_USE"),
        ("lookup", (403, {"errcode": "M_TERMS_NOT_SIGNED"}), "M_FORBIDDEN"),
        ("lookup", (502, {}), "M_UNKNOWN"),
    ],
)
async def test_what_an_identity_server_says_is_checked(
    server: Server, identity: Identity, what: str, answer: tuple[int, Any], errcode: str
) -> None:
    alice = await server.register()
    room = await alice.creates_room()
    identity.answers[what] = answer
    status, told = await alice.ask("POST", f"/v3/rooms/{room}/invite", by_address(identity, "x@example.org"))
    assert told["errcode"] == errcode
    assert status < 500 or status == 503


async def test_an_address_is_bound_at_the_identity_server(server: Server, identity: Identity) -> None:
    alice = await server.register()
    body = {"id_server": identity.name, "id_access_token": "mine", "sid": "s", "client_secret": "c"}
    assert await alice.call("POST", "/v3/account/3pid/bind", body) == {}
    assert identity.binds == [{"sid": "s", "client_secret": "c", "mxid": alice.user_id}]
    away = {"id_server": "nowhere.invalid"}
    assert (await alice.ask("POST", "/v3/account/3pid/bind", {**body, **away}))[0] == 503
    for bad in ({"id_server": "a/b"}, {"id_server": "a:99999"}, {"id_server": ""}, {"id_access_token": "a\r\nb: c"}):
        with pytest.raises(Refused, match="M_INVALID_PARAM"):
            await alice.call("POST", "/v3/account/3pid/bind", {**body, **bad})
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        await alice.call("POST", "/v3/account/3pid/bind", {**body, "id_access_token": "theirs"})
