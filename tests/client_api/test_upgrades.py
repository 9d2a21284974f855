"""A room that is replaced: what the new one has, what becomes of the old one, what goes with its members."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.client import Refused, Server, User

VERSIONS = ("9", "11", "12")


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


async def upgraded(user: User, room: str, version: str, **more: Any) -> str:
    path = f"/v3/rooms/{quote(room)}/upgrade"
    return str((await user.call("POST", path, {"new_version": version, **more}))["replacement_room"])


async def levels(user: User, room: str) -> dict[str, Any]:
    return await user.state(room, "m.room.power_levels")


@pytest.mark.parametrize("old_version", VERSIONS)
@pytest.mark.parametrize("new_version", VERSIONS)
async def test_the_new_room_has_what_the_old_one_had(server: Server, old_version: str, new_version: str) -> None:
    alice, bob, troll = await server.people(3)
    state: dict[str, dict[str, Any]] = {
        "m.room.server_acl": {"allow": ["*"], "deny": ["evil.test"]},
        "m.room.encryption": {"algorithm": "m.megolm.v1.aes-sha2"},
        "m.room.avatar": {"url": "mxc://hearth.test/face"},
        "m.room.history_visibility": {"history_visibility": "joined"},
        "m.room.guest_access": {"guest_access": "forbidden"},
        "m.room.join_rules": {"join_rule": "knock"},
    }
    initial = [{"type": kind, "content": content} for kind, content in state.items()]
    old = await alice.creates_public_room(
        name="Old", topic="About", room_version=old_version, initial_state=initial, creation_content={"type": "m.x"}
    )
    await alice.sets(old, "org.example.private", {"who": "sent it matters"})
    changed = await levels(alice, old)
    changed["users"][bob.user_id] = 50
    changed["events"]["m.room.topic"] = 75
    await alice.sets(old, "m.room.power_levels", changed)
    await alice.bans(troll, old)

    new = await upgraded(alice, old, new_version)

    create = await alice.state(new, "m.room.create")
    assert (create["room_version"], create["type"]) == (new_version, "m.x")
    assert create["predecessor"]["room_id"] == old
    for kind, content in {**state, "m.room.name": {"name": "Old"}}.items():
        assert await alice.state(new, kind) == content, kind
    assert (await alice.state(new, "m.room.topic"))["topic"] == "About"
    assert (await alice.ask("GET", f"/v3/rooms/{new}/state/org.example.private"))[0] == 404
    assert (await alice.state(new, "m.room.member", troll.user_id))["membership"] == "ban"
    taken = await levels(alice, new)
    assert taken["users"][bob.user_id] == 50
    assert taken["events"]["m.room.topic"] == 75
    assert (alice.user_id in taken["users"]) == (new_version != "12")
    assert new_version != "12" or taken["events"]["m.room.tombstone"] > taken["state_default"]

    tombstone = await alice.state(old, "m.room.tombstone")
    assert tombstone["replacement_room"] == new
    closed = await levels(alice, old)
    assert (closed["events_default"], closed["invite"]) == (50, 50)


async def test_aliases_and_the_place_in_the_public_list_move(server: Server) -> None:
    alice = await server.register()
    name = alice.user_id[1:].partition(":")[0]
    alias, other = f"#{name}:hearth.test", f"#{name}-other:hearth.test"
    old = await alice.creates_public_room(room_alias_name=name, visibility="public")
    await alice.call("PUT", f"/v3/directory/room/{quote(other)}", {"room_id": old})
    await alice.sets(old, "m.room.canonical_alias", {"alias": alias, "alt_aliases": [other]})
    new = await upgraded(alice, old, "12")
    for one in (alias, other):
        assert (await alice.call("GET", f"/v3/directory/room/{quote(one)}"))["room_id"] == new
    assert await alice.state(new, "m.room.canonical_alias") == {"alias": alias, "alt_aliases": [other]}
    assert await alice.state(old, "m.room.canonical_alias") == {}
    for room, shown in ((old, "private"), (new, "public")):
        assert (await alice.call("GET", f"/v3/directory/list/room/{quote(room)}"))["visibility"] == shown


async def test_additional_creators_are_those_of_the_request(server: Server) -> None:
    alice, bob, carol = await server.people(3)
    old = await alice.creates_room(room_version="12", creation_content={"additional_creators": [bob.user_id]})
    new = await upgraded(alice, old, "12", additional_creators=[carol.user_id])
    assert (await alice.state(new, "m.room.create"))["additional_creators"] == [carol.user_id]
    taken = await levels(alice, new)
    assert taken["users"] == {bob.user_id: 150}, "a creator who is none any more may still do everything"
    older = await upgraded(alice, new, "11", additional_creators=[carol.user_id])
    assert "additional_creators" not in await alice.state(older, "m.room.create")
    everyone = [alice.user_id, bob.user_id, carol.user_id]
    assert (await levels(alice, older))["users"] == dict.fromkeys(everyone, 150)


async def test_who_upgrades_without_being_the_highest_has_no_more_power_afterwards(server: Server) -> None:
    alice, bob = await server.people(2)
    old = await alice.creates_room(inviting=bob, room_version="11", name="x")
    await bob.joins(old)
    changed = await levels(alice, old)
    changed["users"][bob.user_id] = 50
    changed["events"]["m.room.tombstone"] = 50
    await alice.sets(old, "m.room.power_levels", changed)
    new = await upgraded(bob, old, "11")
    assert (await levels(bob, new))["users"] == {alice.user_id: 100, bob.user_id: 50}


async def test_who_may_not_send_a_tombstone_may_not_upgrade(server: Server) -> None:
    alice, bob, carol = await server.people(3)
    old = await alice.creates_room(inviting=bob)
    await bob.joins(old)
    for user in (bob, carol):
        with pytest.raises(Refused, match="M_FORBIDDEN"):
            await upgraded(user, old, "12")
    with pytest.raises(Refused, match="M_UNSUPPORTED_ROOM_VERSION"):
        await upgraded(alice, old, "0")
    with pytest.raises(Refused, match="M_INVALID_PARAM"):
        await upgraded(alice, old, "12", additional_creators=["nobody"])


async def test_asking_again_gives_the_room_that_was_made(server: Server) -> None:
    alice = await server.register()
    old = await alice.creates_room()
    new = await upgraded(alice, old, "12")
    assert await upgraded(alice, old, "12") == new


async def test_settings_of_members_follow_them_into_the_new_room(server: Server) -> None:
    alice, bob = await server.people(2)
    old = await alice.creates_public_room()
    await bob.joins(old)
    mine = f"/v3/user/{bob.user_id}"
    await bob.call("PUT", f"{mine}/rooms/{quote(old)}/tags/m.favourite", {"order": 0.5})
    await bob.call("PUT", f"{mine}/account_data/m.direct", {alice.user_id: [old]})
    await bob.call("PUT", f"/v3/pushrules/global/room/{quote(old)}", {"actions": []})
    muted = {"conditions": [{"kind": "event_match", "key": "room_id", "pattern": old}], "actions": []}
    await bob.call("PUT", f"/v3/pushrules/global/override/{quote(old)}", muted)
    new = await upgraded(alice, old, "12")
    await bob.joins(new)
    tags = await bob.call("GET", f"{mine}/rooms/{quote(new)}/tags")
    assert tags == {"tags": {"m.favourite": {"order": 0.5}}}
    assert await bob.call("GET", f"{mine}/account_data/m.direct") == {alice.user_id: [old, new]}
    assert (await bob.call("GET", f"/v3/pushrules/global/room/{quote(new)}"))["actions"] == []
    rule = await bob.call("GET", f"/v3/pushrules/global/override/{quote(new)}")
    assert rule["conditions"][0]["pattern"] == new


async def test_a_room_that_only_claims_to_replace_another_gets_nothing(server: Server) -> None:
    alice, bob = await server.people(2)
    old = await alice.creates_public_room()
    await bob.joins(old)
    await bob.call("PUT", f"/v3/user/{bob.user_id}/rooms/{quote(old)}/tags/m.favourite", {})
    claim = {"predecessor": {"room_id": old, "event_id": "$x"}}
    fake = await alice.creates_public_room(creation_content=claim)
    await bob.joins(fake)
    assert await bob.call("GET", f"/v3/user/{bob.user_id}/rooms/{quote(fake)}/tags") == {"tags": {}}
