"""Roles, links, mutes and closing, through the whole server, as other people meet them."""

import time
from typing import Any

import pytest

from tests.support.client import Refused, Server, User

BASE = "/unstable/app.hearth"
EVERYONE = ["send", "media", "links", "react", "invite"]
MODS = {"id": "mods", "name": "Moderators", "colour": "green", "permissions": ["kick", "ban", "pin", "roles"]}
QUIET = {"id": "quiet", "name": "Quiet", "permissions": ["pin"]}


async def _refused(asked: Any) -> str:
    with pytest.raises(Refused) as refused:
        await asked
    return refused.value.errcode


async def _group(server: Server, *names: str) -> tuple[str, list[User]]:
    """A group of the first, with the others in it."""
    users = await server.users(*names)
    room = await users[0].creates_room(inviting=users[1:])
    for user in users[1:]:
        await user.joins(room)
    return room, users


async def _sets_roles(user: User, room: str, *roles: dict[str, Any], everyone: list[str] | None = None) -> Any:
    wanted = EVERYONE if everyone is None else everyone
    return await user.call("PUT", f"{BASE}/rooms/{room}/roles", {"roles": roles, "everyone": wanted})


async def _gives(user: User, room: str, target: User, *roles: str) -> None:
    await user.call("PUT", f"{BASE}/rooms/{room}/roles/{target.user_id}", {"roles": roles})


async def test_a_role_gives_the_power_it_says_and_takes_it_back(server: Server) -> None:
    room, (owner, ann, bob) = await _group(server, "r1.owner", "r1.ann", "r1.bob")
    listed = await _sets_roles(owner, room, MODS, QUIET)
    assert [role["id"] for role in listed["roles"]] == ["mods", "quiet"]
    assert await _refused(ann.bans(bob, room)) == "M_FORBIDDEN"
    await _gives(owner, room, ann, "mods")
    assert (await bob.state(room, "m.room.power_levels"))["users"][ann.user_id] == listed["roles"][0]["level"]
    assert (await bob.state(room, "app.hearth.role", f"_{ann.user_id}")) == {"roles": ["mods"]}
    await ann.bans(bob, room)
    await _gives(owner, room, ann)
    assert await _refused(ann.unbans(bob, room)) == "M_FORBIDDEN"


async def test_roles_above_ones_own_cannot_be_touched(server: Server) -> None:
    room, (owner, ann, bob) = await _group(server, "r2.owner", "r2.ann", "r2.bob")
    await _sets_roles(owner, room, MODS, QUIET)
    await _gives(owner, room, ann, "mods")
    assert await _refused(_sets_roles(ann, room, {**MODS, "permissions": ["redact"]}, QUIET)) == "M_FORBIDDEN"
    assert await _refused(_sets_roles(ann, room, QUIET)) == "M_FORBIDDEN"
    assert await _refused(_gives(ann, room, bob, "mods")) == "M_FORBIDDEN"
    assert await _refused(_gives(ann, room, bob, "nothing")) == "M_NOT_FOUND"
    assert await _refused(_gives(bob, room, bob, "quiet")) == "M_FORBIDDEN"
    await _sets_roles(ann, room, MODS, {**QUIET, "name": "Silent"})
    await _gives(ann, room, bob, "quiet")


async def test_what_levels_cannot_say_is_asked_of_local_senders(server: Server) -> None:
    room, (owner, ann) = await _group(server, "r3.owner", "r3.ann")
    await _sets_roles(owner, room, {**QUIET, "permissions": ["media"]}, everyone=["send"])
    photo = {"msgtype": "m.image", "body": "x.png", "url": "mxc://x/y"}
    link = {"msgtype": "m.text", "body": "see https://example.org"}
    edit = {"msgtype": "m.text", "body": "* x", "m.new_content": link}
    await ann.says("plain", room)
    for content in (photo, link, edit):
        assert await _refused(ann.sends(room, "m.room.message", content)) == "M_FORBIDDEN"
        await owner.sends(room, "m.room.message", content)
    await _gives(owner, room, ann, "quiet")
    await ann.sends(room, "m.room.message", photo)
    assert await _refused(ann.sends(room, "m.room.message", link)) == "M_FORBIDDEN"


async def test_a_higher_role_without_a_permission_does_not_have_it_here(server: Server) -> None:
    room, (owner, ann, bob) = await _group(server, "r4.owner", "r4.ann", "r4.bob")
    await _sets_roles(owner, room, {**MODS, "permissions": ["pin"]}, {**QUIET, "permissions": ["kick"]})
    await _gives(owner, room, ann, "mods")
    assert await _refused(ann.kicks(bob, room)) == "M_FORBIDDEN"
    await _gives(owner, room, ann, "mods", "quiet")
    await ann.kicks(bob, room)


async def test_the_state_of_roles_has_no_other_way_in(server: Server) -> None:
    room, (owner, _) = await _group(server, "r5.owner", "r5.ann")
    for event_type in ("app.hearth.roles", "app.hearth.role", "app.hearth.restrict_until"):
        assert await _refused(owner.sets(room, event_type, {})) == "M_FORBIDDEN"


async def test_a_deleted_role_is_nobodys_any_more(server: Server) -> None:
    room, (owner, ann) = await _group(server, "r6.owner", "r6.ann")
    await _sets_roles(owner, room, MODS)
    await _gives(owner, room, ann, "mods")
    await _sets_roles(owner, room)
    assert ann.user_id not in (await owner.state(room, "m.room.power_levels"))["users"]
    assert (await owner.state(room, "app.hearth.role", f"_{ann.user_id}")) == {"roles": []}


async def test_a_link_brings_people_in_until_it_is_spent(server: Server) -> None:
    room, (owner, _) = await _group(server, "l1.owner", "l1.ann")
    bob, carol = await server.users("l1.bob", "l1.carol")
    await owner.sets(room, "m.room.name", {"name": "Crew"})
    link = await owner.call("POST", f"{BASE}/rooms/{room}/invite_links", {"name": "flyer", "max_uses": 1})
    path = f"{BASE}/invite_links/{link['token']}"
    shown = await bob.call("GET", path)
    assert (shown["name"], shown["num_joined_members"]) == ("Crew", 2)
    assert await bob.call("POST", f"{path}/join", {}) == {"room_id": room, "membership": "join"}
    await bob.says("by the link", room)
    assert await _refused(carol.call("POST", f"{path}/join", {})) == "M_NOT_FOUND"
    await bob.leaves(room)
    await bob.call("POST", f"{path}/join", {})
    [listed] = (await owner.call("GET", f"{BASE}/rooms/{room}/invite_links"))["links"]
    assert (listed["uses"], listed["users"]) == (1, [bob.user_id])


async def test_a_link_ends_when_revoked_or_when_its_maker_goes(server: Server) -> None:
    room, (owner, ann) = await _group(server, "l2.owner", "l2.ann")
    (bob,) = await server.users("l2.bob")
    first = await owner.call("POST", f"{BASE}/rooms/{room}/invite_links", {})
    second = await ann.call("POST", f"{BASE}/rooms/{room}/invite_links", {})
    path = f"{BASE}/rooms/{room}/invite_links/"
    assert await _refused(ann.call("DELETE", path + first["token"])) == "M_FORBIDDEN"
    await owner.call("DELETE", path + first["token"])
    await ann.leaves(room)
    for link in (first, second):
        assert await _refused(bob.call("POST", f"{BASE}/invite_links/{link['token']}/join", {})) == "M_NOT_FOUND"
        assert await _refused(bob.call("GET", f"{BASE}/invite_links/{link['token']}")) == "M_NOT_FOUND"


async def test_a_link_does_not_lift_a_ban_and_is_not_spent_by_trying(server: Server) -> None:
    room, (owner, ann) = await _group(server, "l3.owner", "l3.ann")
    (bob,) = await server.users("l3.bob")
    link = await owner.call("POST", f"{BASE}/rooms/{room}/invite_links", {"max_uses": 1})
    await owner.bans(ann, room)
    assert await _refused(ann.call("POST", f"{BASE}/invite_links/{link['token']}/join", {})) == "M_FORBIDDEN"
    await bob.call("POST", f"{BASE}/invite_links/{link['token']}/join", {})


async def test_links_are_checked_when_made(server: Server) -> None:
    room, (owner, ann) = await _group(server, "l4.owner", "l4.ann")
    path = f"{BASE}/rooms/{room}/invite_links"
    for body in ({"expires_ts": 1}, {"max_uses": 0}, {"approval": True}, {"name": "x" * 65}, {"expires_ts": 2**60}):
        assert await _refused(owner.call("POST", path, body)) == "M_INVALID_PARAM", body
    levels = await owner.state(room, "m.room.power_levels")
    await owner.sets(room, "m.room.power_levels", {**levels, "invite": 50})
    assert await _refused(ann.call("POST", path, {})) == "M_FORBIDDEN"
    assert await _refused(ann.call("GET", path)) == "M_FORBIDDEN"


async def test_a_link_with_approval_asks(server: Server) -> None:
    room, (owner, _) = await _group(server, "l5.owner", "l5.ann")
    (bob,) = await server.users("l5.bob")
    await owner.sets(room, "m.room.join_rules", {"join_rule": "knock"})
    link = await owner.call("POST", f"{BASE}/rooms/{room}/invite_links", {"approval": True})
    answer = await bob.call("POST", f"{BASE}/invite_links/{link['token']}/join", {})
    assert answer == {"room_id": room, "membership": "knock"}
    assert (await owner.state(room, "m.room.member", bob.user_id))["membership"] == "knock"
    await owner.invites(bob, room)
    await bob.joins(room)


async def test_a_mute_ends_by_itself(server: Server) -> None:
    room, (owner, ann) = await _group(server, "m1.owner", "m1.ann")
    await _sets_roles(owner, room, QUIET)
    await _gives(owner, room, ann, "quiet")
    until = int(time.time() * 1000) + 1_500
    await owner.call("POST", f"{BASE}/rooms/{room}/mute", {"user_id": ann.user_id, "until": until})
    assert (await owner.state(room, "m.room.power_levels"))["users"][ann.user_id] == -1
    assert await _refused(ann.says("muted", room)) == "M_FORBIDDEN"
    assert await _refused(ann.sends(room, "m.reaction", {})) == "M_FORBIDDEN"
    deadline = time.monotonic() + 30
    level = -1
    while level < 0 and time.monotonic() < deadline:
        await ann.syncs(timeout_ms=1_000)
        level = (await owner.state(room, "m.room.power_levels"))["users"].get(ann.user_id, 0)
    assert level > 0, "the level of the role comes back"
    await ann.says("here again", room)


async def test_a_mute_can_be_ended_and_only_those_above_may(server: Server) -> None:
    room, (owner, ann, bob) = await _group(server, "m2.owner", "m2.ann", "m2.bob")
    until = int(time.time() * 1000) + 3_600_000
    path = f"{BASE}/rooms/{room}/mute"
    for body in ({"user_id": owner.user_id, "until": until}, {"user_id": bob.user_id, "until": until}):
        assert await _refused(ann.call("POST", path, body)) == "M_FORBIDDEN"
    assert await _refused(owner.call("POST", path, {"user_id": ann.user_id, "until": 5})) == "M_INVALID_PARAM"
    await owner.call("POST", path, {"user_id": ann.user_id, "until": until})
    assert await _refused(ann.says("muted", room)) == "M_FORBIDDEN"
    await ann.leaves(room)
    await owner.invites(ann, room)
    await ann.joins(room)
    assert await _refused(ann.says("still muted", room)) == "M_FORBIDDEN"
    await owner.call("POST", path, {"user_id": ann.user_id})
    await ann.says("free", room)


async def test_in_slow_mode_one_writes_once_and_waits(server: Server) -> None:
    room, (owner, ann, bob) = await _group(server, "s1.owner", "s1.ann", "s1.bob")
    await owner.sets(room, "app.hearth.slow_mode", {"seconds": 3600})
    first = await ann.says("first", room, "again")
    assert await ann.says("first", room, "again") == first, "the same request is the same message"
    with pytest.raises(Refused) as refused:
        await ann.says("too early", room)
    assert (refused.value.status, refused.value.errcode) == (429, "M_LIMIT_EXCEEDED")
    assert 3_500_000 < refused.value.body["retry_after_ms"] <= 3_600_000
    edit = {"msgtype": "m.text", "body": "* better", "m.new_content": {"msgtype": "m.text", "body": "better"}}
    await ann.sends(room, "m.room.message", {**edit, "m.relates_to": {"rel_type": "m.replace", "event_id": first}})
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "+"}}
    await ann.sends(room, "m.reaction", reaction)
    await bob.says("another one has a time of their own", room)
    for number in range(3):
        await owner.says(f"who may remove messages writes freely {number}", room)
    await owner.sets(room, "app.hearth.slow_mode", {"seconds": 0})
    await ann.says("free", room)


async def test_an_album_is_one_message_in_slow_mode(server: Server) -> None:
    room, (owner, ann, bob) = await _group(server, "s2.owner", "s2.ann", "s2.bob")
    await owner.sets(room, "app.hearth.slow_mode", {"seconds": 60})

    def photo(index: int, album: str = "a") -> dict[str, Any]:
        place = {"app.hearth.album": {"id": album, "i": index, "n": 3}}
        return {"msgtype": "m.image", "body": "x.png", "url": "mxc://x/y", **place}

    for index in range(3):
        await ann.sends(room, "m.room.message", photo(index))
    for content in (photo(2), photo(11), photo(3, "b")):
        assert await _refused(ann.sends(room, "m.room.message", content)) == "M_LIMIT_EXCEEDED"
    await bob.sends(room, "m.room.message", photo(-2))
    no_place = bob.sends(room, "m.room.message", photo(-1))
    assert await _refused(no_place) == "M_LIMIT_EXCEEDED", "places below the first would have no end"


async def test_a_message_for_later_waits_for_slow_mode_too(server: Server) -> None:
    room, (owner, ann) = await _group(server, "s3.owner", "s3.ann")
    await owner.sets(room, "app.hearth.slow_mode", {"seconds": 2})
    await ann.says("now", room)
    later = f"/v3/rooms/{room}/send/m.room.message/later"
    await ann.call("PUT", later, {"msgtype": "m.text", "body": "later"}, **{"org.matrix.msc4140.delay": 1})
    deadline = time.monotonic() + 30
    while "later" not in await ann.sees(room) and time.monotonic() < deadline:
        await ann.syncs(timeout_ms=500)
    assert await ann.sees(room) == ["now", "later"]


async def test_slow_mode_is_set_by_those_who_may_and_makes_sense(server: Server) -> None:
    room, (owner, ann) = await _group(server, "s4.owner", "s4.ann")
    assert await _refused(ann.sets(room, "app.hearth.slow_mode", {"seconds": 10})) == "M_FORBIDDEN"
    for seconds in (-1, 3601, "10", True):
        assert await _refused(owner.sets(room, "app.hearth.slow_mode", {"seconds": seconds})) == "M_INVALID_PARAM"


async def test_a_closed_group_is_empty_and_nobody_comes_in(server: Server) -> None:
    owner, ann, bob = await server.users("c1.owner", "c1.ann", "c1.bob")
    room = await owner.creates_public_room(room_alias_name="c1.group")
    await ann.joins(room)
    assert await _refused(ann.call("POST", f"{BASE}/rooms/{room}/close", {})) == "M_FORBIDDEN"
    await owner.call("POST", f"{BASE}/rooms/{room}/close", {"reason": "over"})
    assert room not in (await ann.call("GET", "/v3/joined_rooms"))["joined_rooms"]
    assert room not in (await owner.call("GET", "/v3/joined_rooms"))["joined_rooms"]
    assert await _refused(bob.joins(room)) == "M_NOT_FOUND"
    assert await _refused(bob.call("GET", "/v3/directory/room/%23c1.group:" + server.name)) == "M_NOT_FOUND"


async def test_who_hides_is_offline_to_others(server: Server) -> None:
    room, (owner, ann) = await _group(server, "p1.owner", "p1.ann")
    del room
    await ann.syncs()
    await _until_presence(owner, ann, "online")
    wish = f"/v3/user/{ann.user_id}/account_data/app.hearth.privacy"
    await ann.call("PUT", wish, {"presence": "nobody"})
    seen = await _until_presence(owner, ann, "offline")
    assert "last_active_ago" not in seen
    await ann.call("PUT", wish, {})
    await ann.syncs()
    await _until_presence(owner, ann, "online")


async def _until_presence(viewer: User, user: User, wanted: str) -> Any:
    deadline = time.monotonic() + 20
    seen: Any = {}
    while seen.get("presence") != wanted and time.monotonic() < deadline:
        await user.syncs(timeout_ms=300)
        seen = await viewer.call("GET", f"/v3/presence/{user.user_id}/status")
    assert seen["presence"] == wanted
    return seen


async def test_each_extension_is_announced(server: Server) -> None:
    features = (await server.call("GET", "/versions"))["unstable_features"]
    for name in ("roles", "invites", "restrict_until", "close_room", "privacy", "search", "slow_mode", "silent"):
        assert features[f"app.hearth.{name}"] is True


async def test_what_the_client_keeps_reaches_its_other_devices(server: Server) -> None:
    (ann,) = await server.users("k1.ann")
    await ann.syncs()
    folders = {"folders": [{"id": "a", "name": "Work"}]}
    await ann.call("PUT", f"/v3/user/{ann.user_id}/account_data/app.hearth.folders", folders)
    shown = {event["type"]: event["content"] for event in (await ann.syncs())["account_data"]["events"]}
    assert shown == {"app.hearth.folders": folders}
    first = (await ann.call("GET", "/v3/sync", timeout=0))["account_data"]["events"]
    assert folders in [event["content"] for event in first]
    assert not [event["type"] for event in first if "push_ruleset" in event["type"]]
