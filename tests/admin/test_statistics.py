"""Amounts, what users set, jobs and single events by the API of admins."""

from tests.admin.conftest import ADMIN, House
from tests.admin.test_media import uploads


async def test_files_are_counted_by_user(house: House) -> None:
    admin, user, other = house.admin, await house.server.register("hoarder"), await house.server.register("hoarder2")
    await user.call("PUT", f"/v3/profile/{user.user_id}/displayname", {"displayname": "Squirrel"})
    for text in (b"one", b"two two"):
        await uploads(user, text)
    await uploads(other, b"x" * 100)
    path = f"{ADMIN}/v1/statistics/users/media"
    page = await admin.call("GET", path, None, search_term="hoarder", order_by="media_length", dir="b", limit=1)
    assert (page["total"], page["next_token"]) == (2, "1")
    assert page["users"] == [
        {"user_id": other.user_id, "displayname": None, "media_count": 1, "media_length": 100},
    ]
    by_name = await admin.call("GET", path, None, search_term="squirrel")
    assert by_name == {
        "users": [{"user_id": user.user_id, "displayname": "Squirrel", "media_count": 2, "media_length": 10}],
        "total": 1,
    }
    assert (await admin.call("GET", path, None, search_term="hoarder", until_ts=1))["users"] == []
    assert (await admin.ask("GET", path, None, order_by="colour"))[1]["errcode"] == "M_INVALID_PARAM"


async def test_the_largest_rooms_are_named(house: House) -> None:
    user = await house.server.register()
    room = await user.creates_room()
    for _ in range(3):
        await user.says("x" * 50_000, room)
    sizes = (await house.admin.call("GET", f"{ADMIN}/v1/statistics/database/rooms"))["rooms"]
    assert sizes == sorted(sizes, key=lambda one: -one["estimated_size"])
    assert next(one["estimated_size"] for one in sizes if one["room_id"] == room) > 150_000


async def test_what_a_user_set_and_where_they_are_is_told(house: House) -> None:
    admin, user = house.admin, await house.server.register()
    room, left = await user.creates_room(), await user.creates_room()
    await user.leaves(left)
    await user.call("PUT", f"/v3/user/{user.user_id}/account_data/m.test", {"a": 1})
    await user.call("PUT", f"/v3/user/{user.user_id}/rooms/{room}/account_data/m.test", {"b": 2})
    await user.call("PUT", "/v3/pushrules/global/content/word", {"pattern": "word", "actions": []})
    data = (await admin.call("GET", f"{ADMIN}/v1/users/{user.user_id}/accountdata"))["account_data"]
    assert data["global"]["m.test"] == {"a": 1}
    assert data["rooms"] == {room: {"m.test": {"b": 2}}}
    assert not [name for name in data["global"] if name.startswith("app.hearth.")]
    found = await admin.call("GET", f"{ADMIN}/v1/users/{user.user_id}/memberships")
    assert found == {"memberships": {room: "join", left: "leave"}}
    for path in ("accountdata", "memberships"):
        assert (await admin.ask("GET", f"{ADMIN}/v1/users/@nobody:hearth.test/{path}"))[0] == 404


async def test_jobs_are_listed_with_how_they_stand(house: House) -> None:
    admin, user = house.admin, await house.server.register()
    room = await user.creates_room()
    deletion = await admin.call("DELETE", f"{ADMIN}/v2/rooms/{room}", {})
    path = f"{ADMIN}/v1/scheduled_tasks"
    [task] = (await admin.call("GET", path, None, resource_id=room))["scheduled_tasks"]
    assert task["id"] == deletion["delete_id"]
    assert task["status"] in {"scheduled", "active", "complete"}
    of_its_kind = (await admin.call("GET", path, None, action_name=task["action"]))["scheduled_tasks"]
    assert task["id"] in [one["id"] for one in of_its_kind]
    assert (await admin.call("GET", path, None, action_name="knitting"))["scheduled_tasks"] == []


async def test_one_event_is_shown(house: House) -> None:
    user = await house.server.register()
    room = await user.creates_room()
    event_id = await user.says("seen by admins alone", room)
    found = (await house.admin.call("GET", f"{ADMIN}/v1/fetch_event/{event_id}"))["event"]
    assert (found["room_id"], found["content"]["body"]) == (room, "seen by admins alone")
    assert (await house.admin.ask("GET", f"{ADMIN}/v1/fetch_event/$none"))[0] == 404


async def test_rooms_shared_with_a_server_nobody_knows_are_not_told(house: House) -> None:
    status, answer = await house.admin.ask("GET", f"{ADMIN}/v1/federation/destinations/other.test/rooms")
    assert (status, answer["errcode"]) == (404, "M_NOT_FOUND")
