"""Rooms by the API of admins: looking, blocking, deleting, purging, redacting."""

import asyncio

import pytest

from tests.admin.conftest import ADMIN, House
from tests.support.client import Json, Refused, User
from tests.support.waiting import eventually


async def finished(admin: User, path: str) -> Json:
    """How a job ended."""
    found: Json = {}

    async def is_done() -> bool:
        found.update(await admin.call("GET", path))
        return found["status"] not in {"scheduled", "active"}

    await eventually(is_done)
    return found


async def test_rooms_are_listed_found_and_shown_whole(house: House) -> None:
    admin = house.admin
    alice, bob = await house.server.register(), await house.server.register()
    room = await alice.creates_public_room(name="Listed chess club", topic="Openings")
    await bob.joins(room)
    event_id = await alice.says("e4", room)
    page = await admin.call("GET", f"{ADMIN}/v1/rooms", None, search_term="LISTED CHESS")
    assert (page["total_rooms"], page["offset"]) == (1, 0)
    [found] = page["rooms"]
    assert (found["room_id"], found["name"], found["creator"]) == (room, "Listed chess club", alice.user_id)
    assert (found["joined_members"], found["joined_local_members"], found["version"]) == (2, 2, "12")
    assert (found["join_rules"], found["history_visibility"], found["public"]) == ("public", "shared", False)
    one = await admin.call("GET", f"{ADMIN}/v1/rooms/{room}")
    assert (one["topic"], one["joined_local_devices"], one["forgotten"]) == ("Openings", 2, False)
    members = await admin.call("GET", f"{ADMIN}/v1/rooms/{room}/members")
    assert (set(members["members"]), members["total"]) == ({alice.user_id, bob.user_id}, 2)
    state = (await admin.call("GET", f"{ADMIN}/v1/rooms/{room}/state"))["state"]
    assert {"m.room.create", "m.room.member", "m.room.topic"} <= {event["type"] for event in state}
    newest = await admin.call("GET", f"{ADMIN}/v1/rooms/{room}/messages", None, dir="b", limit=1)
    assert [event["event_id"] for event in newest["chunk"]] == [event_id]
    before = await admin.call(
        "GET", f"{ADMIN}/v1/rooms/{room}/messages", None, **{"dir": "b", "limit": 1, "from": newest["end"]}
    )
    assert before["chunk"][0]["state_key"] == bob.user_id
    context = await admin.call("GET", f"{ADMIN}/v1/rooms/{room}/context/{event_id}")
    assert context["event"]["content"]["body"] == "e4"
    tips = await admin.call("GET", f"{ADMIN}/v1/rooms/{room}/forward_extremities")
    assert [tip["event_id"] for tip in tips["results"]] == [event_id]
    assert (await admin.ask("GET", f"{ADMIN}/v1/rooms/!none:hearth.test"))[0] == 404
    assert (await admin.ask("GET", f"{ADMIN}/v1/rooms", None, order_by="body"))[0] == 400
    for order in ("joined_members", "state_events", "version", "creator"):
        assert (await admin.call("GET", f"{ADMIN}/v1/rooms", None, order_by=order, dir="b"))["total_rooms"] > 0


async def test_nobody_joins_a_blocked_room(house: House) -> None:
    admin = house.admin
    alice, bob = await house.server.register(), await house.server.register()
    room = await alice.creates_public_room()
    path = f"{ADMIN}/v1/rooms/{room}/block"
    assert await admin.call("GET", path) == {"block": False}
    await admin.call("PUT", path, {"block": True})
    assert await admin.call("GET", path) == {"block": True, "user_id": admin.user_id}
    with pytest.raises(Refused) as refused:
        await bob.joins(room)
    assert (refused.value.status, refused.value.errcode) == (403, "M_FORBIDDEN")
    await admin.call("PUT", path, {"block": False})
    await bob.joins(room)


async def test_an_admin_joins_users_to_rooms_and_makes_them_powerful(house: House) -> None:
    admin = house.admin
    alice, bob = await house.server.register(), await house.server.register()
    room = await alice.creates_room(room_version="11")
    await admin.call("POST", f"{ADMIN}/v1/rooms/{room}/make_room_admin", {"user_id": admin.user_id})
    await admin.joins(room)
    levels = await alice.state(room, "m.room.power_levels")
    assert levels["users"] == {alice.user_id: 100, admin.user_id: 100}
    assert await admin.call("POST", f"{ADMIN}/v1/join/{room}", {"user_id": bob.user_id}) == {"room_id": room}
    assert room in (await bob.call("GET", "/v3/joined_rooms"))["joined_rooms"]
    assert (await admin.ask("POST", f"{ADMIN}/v1/join/{room}", {"user_id": "@nobody:hearth.test"}))[0] == 404


@pytest.mark.parametrize("version", ["11", "12"])
async def test_a_deleted_room_is_left_emptied_and_learnt_of_by_who_was_away(house: House, version: str) -> None:
    admin, server = house.admin, house.server
    alice, bob, owner = [await server.register() for _ in range(3)]
    alias = f"gone{version}"
    room = await alice.creates_public_room(room_alias_name=alias, room_version=version)
    await bob.joins(room)
    said = await alice.says("never again", room)
    await bob.syncs()
    wanted = {"new_room_user_id": owner.user_id, "room_name": "Why", "message": "That is why.", "block": True}
    answer = await admin.call("DELETE", f"{ADMIN}/v2/rooms/{room}", wanted)
    status = await finished(admin, f"{ADMIN}/v2/rooms/delete_status/{answer['delete_id']}")
    done = status["shutdown_room"]
    assert (status["status"], set(done["kicked_users"])) == ("complete", {alice.user_id, bob.user_id})
    assert (done["failed_to_kick_users"], done["local_aliases"]) == ([], [f"#{alias}:{server.name}"])
    by_room = await admin.call("GET", f"{ADMIN}/v2/rooms/{room}/delete_status")
    assert [one["delete_id"] for one in by_room["results"]] == [answer["delete_id"]]
    new_room = done["new_room_id"]
    assert await bob.sees(new_room) == ["That is why."]
    assert (await bob.call("GET", f"/v3/directory/room/%23{alias}:{server.name}"))["room_id"] == new_room
    rooms = (await bob.syncs())["rooms"]
    assert (room in rooms["leave"], new_room in rooms["join"]) == (True, True)
    for user in (alice, bob):
        for path in (f"event/{said}", "messages?dir=b", "state", f"context/{said}", "members"):
            assert (await user.ask("GET", f"/v3/rooms/{room}/{path}"))[0] in {403, 404}, path
        assert (await user.ask("PUT", f"/v3/rooms/{room}/send/m.room.message/x", {"body": "x"}))[0] == 403
        assert (await user.ask("GET", "/v3/sync", None, filter='{"room":{"include_leave":true}}'))[0] == 200
    assert (await admin.ask("GET", f"{ADMIN}/v1/rooms/{room}"))[0] == 404
    with pytest.raises(Refused):
        await bob.joins(room)


async def test_a_room_can_be_closed_without_deleting_what_it_holds(house: House) -> None:
    alice = await house.server.register()
    room = await alice.creates_public_room()
    await alice.says("kept", room)
    done = await house.admin.call("DELETE", f"{ADMIN}/v1/rooms/{room}", {"purge": False})
    assert (done["kicked_users"], done["new_room_id"]) == ([alice.user_id], None)
    assert (await house.admin.call("GET", f"{ADMIN}/v1/rooms/{room}"))["joined_members"] == 0
    assert "kept" in await alice.sees(room)


async def test_old_messages_are_purged_and_state_and_newer_ones_stay(house: House) -> None:
    admin, server = house.admin, house.server
    alice, bob = await server.register(), await server.register()
    room = await alice.creates_public_room()
    root = await alice.says("root", room)
    reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "+"}}
    await alice.sends(room, "m.reaction", reaction)
    await alice.sets(room, "m.room.topic", {"topic": "old"})
    for n in range(5):
        await alice.says(f"old {n}", room)
    await bob.joins(room)
    kept = await alice.says("kept", room)
    await alice.says("newest", room)
    path = f"{ADMIN}/v1/purge_history/{room}/{kept}"
    remote_only = (await admin.call("POST", path, {}))["purge_id"]
    assert (await finished(admin, f"{ADMIN}/v1/purge_history_status/{remote_only}"))["status"] == "complete"
    assert len(await bob.sees(room)) == 8, "what was said here stays unless that is asked for"
    purge_id = (await admin.call("POST", path, {"delete_local_events": True}))["purge_id"]
    assert (await finished(admin, f"{ADMIN}/v1/purge_history_status/{purge_id}"))["status"] == "complete"
    assert await bob.sees(room) == ["kept", "newest"]
    types = [event["type"] for event in await bob.history(room)]
    assert types.count("m.room.topic") == 1, "state stays"
    assert (await bob.ask("GET", f"/v3/rooms/{room}/event/{root}"))[0] == 404
    third = await server.register()
    await third.joins(room)
    await third.says("still works", room)
    synced = (await third.syncs())["rooms"]["join"][room]
    assert "still works" in str(synced["timeline"])
    assert (await admin.ask("POST", f"{ADMIN}/v1/purge_history/{room}", {}))[0] == 400
    assert (await admin.ask("POST", f"{ADMIN}/v1/purge_history/{room}/$none", {}))[0] == 404
    assert (await admin.ask("GET", f"{ADMIN}/v1/purge_history_status/none"))[0] == 404


async def test_everything_a_user_said_is_redacted(house: House) -> None:
    admin = house.admin
    alice, bob = await house.server.register(), await house.server.register()
    rooms = [await alice.creates_public_room() for _ in range(2)]
    for room in rooms:
        await bob.joins(room)
        await bob.says("spam", room)
        await alice.says("answer", room)
    redact_id = (await admin.call("POST", f"{ADMIN}/v1/user/{bob.user_id}/redact", {"reason": "spam"}))["redact_id"]
    status = await finished(admin, f"{ADMIN}/v1/user/redact_status/{redact_id}")
    assert status == {"status": "complete", "failed_redactions": {}}
    for room in rooms:
        assert await alice.sees(room) == ["answer"]
    await alice.bans(bob, rooms[0])
    redact_id = (await admin.call("POST", f"{ADMIN}/v1/user/{bob.user_id}/redact", {"rooms": rooms}))["redact_id"]
    assert (await finished(admin, f"{ADMIN}/v1/user/redact_status/{redact_id}"))["status"] == "complete"


async def test_reports_reach_the_admin(house: House) -> None:
    admin = house.admin
    alice, bob = await house.server.register(), await house.server.register()
    room = await alice.creates_public_room(name="Reported")
    await bob.joins(room)
    event_id = await alice.says("rude", room)
    await bob.call("POST", f"/v3/rooms/{room}/report/{event_id}", {"reason": "rude", "score": -50})
    await bob.call("POST", f"/v3/rooms/{room}/report", {"reason": "all of it"})
    await bob.call("POST", f"/v3/users/{alice.user_id}/report", {"reason": "her"})
    await bob.call("POST", "/v3/users/@nobody:hearth.test/report", {"reason": "who?"})
    page = await admin.call("GET", f"{ADMIN}/v1/event_reports", None, room_id=room)
    [report] = page["event_reports"]
    assert (report["event_id"], report["sender"], report["user_id"]) == (event_id, alice.user_id, bob.user_id)
    assert (report["reason"], report["score"], report["name"], page["total"]) == ("rude", -50, "Reported", 1)
    whole = await admin.call("GET", f"{ADMIN}/v1/event_reports/{report['id']}")
    assert whole["event_json"]["content"]["body"] == "rude"
    await admin.call("DELETE", f"{ADMIN}/v1/event_reports/{report['id']}")
    assert (await admin.ask("GET", f"{ADMIN}/v1/event_reports/{report['id']}"))[0] == 404
    stranger = await house.server.register()
    assert (await stranger.ask("POST", f"/v3/rooms/{room}/report/{event_id}", {}))[0] == 404
    assert (await bob.ask("POST", f"/v3/rooms/{room}/report/$none", {}))[0] == 404
    assert (await bob.ask("POST", "/v3/rooms/!none:x/report", {"reason": "x"}))[0] == 404
    assert (await bob.ask("POST", "/v3/users/nonsense/report", {"reason": "x"}))[0] == 400


async def test_notices_come_into_a_room_that_is_muted_but_not_left(house: House) -> None:
    admin, user = house.admin, await house.server.register()
    body = {"user_id": user.user_id, "content": {"msgtype": "m.text", "body": "maintenance at noon"}}
    path = f"{ADMIN}/v1/send_server_notice"
    first, second = await asyncio.gather(*(admin.call("PUT", f"{path}/one", body) for _ in range(2)))
    assert first == second
    synced = await user.syncs()
    [(room, _)] = synced["rooms"]["invite"].items()
    await user.joins(room)
    await admin.call("POST", path, {**body, "content": {"msgtype": "m.text", "body": "it is over"}})
    assert await user.sees(room) == ["maintenance at noon", "it is over"]
    tags = await user.call("GET", f"/v3/user/{user.user_id}/rooms/{room}/tags")
    assert tags["tags"] == {"m.server_notice": {}}
    status, answer = await user.ask("POST", f"/v3/rooms/{room}/leave", {})
    assert (status, answer["errcode"]) == (403, "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM")
    assert (await admin.ask("POST", path, {**body, "user_id": "@nobody:hearth.test"}))[0] == 404


async def test_a_token_tells_other_services_who_one_is(house: House) -> None:
    user, other = await house.server.register(), await house.server.register()
    path = f"/v3/user/{user.user_id}/openid/request_token"
    token = await user.call("POST", path, {})
    assert (token["token_type"], token["matrix_server_name"], token["expires_in"]) == ("Bearer", "hearth.test", 3600)
    assert (await other.ask("POST", path, {}))[0] == 403
    transports = await user.call("GET", "/unstable/org.matrix.msc4143/rtc/transports")
    assert transports == {"rtc_transports": []}


async def test_what_tools_ask_of_the_server_itself(house: House) -> None:
    version = await house.server.call("GET", f"{ADMIN}/v1/server_version")
    assert version["server_version"].startswith("Hearth ")
    updates = await house.admin.call("GET", f"{ADMIN}/v1/background_updates/status")
    assert updates["enabled"] is True
    peers = await house.admin.call("GET", f"{ADMIN}/v1/federation/destinations")
    assert peers == {"destinations": [], "total": 0}
    assert (await house.admin.ask("GET", f"{ADMIN}/v1/federation/destinations/x.test"))[0] == 404
