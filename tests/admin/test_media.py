"""Files by the API of admins."""

from tests.admin.conftest import ADMIN, House
from tests.support.client import User


async def uploads(user: User, text: bytes) -> str:
    """Upload a file; its id."""
    answer = await user.call("POST", "/_matrix/media/v3/upload", text, filename="a.txt")
    return str(answer["content_uri"].rpartition("/")[2])


async def is_served(user: User, media_id: str) -> bool:
    address = f"{user.server.base_url}/_matrix/client/v1/media/download/hearth.test/{media_id}"
    async with user.server.session.get(address, headers={"Authorization": f"Bearer {user.token}"}) as response:
        return response.status == 200


async def test_files_are_listed_forbidden_protected_and_deleted(house: House) -> None:
    admin, user = house.admin, await house.server.register()
    first, second = await uploads(user, b"one"), await uploads(user, b"two two")
    path = f"{ADMIN}/v1/users/{user.user_id}/media"
    page = await admin.call("GET", path, None, order_by="media_length", dir="b", limit=1)
    assert ([one["media_id"] for one in page["media"]], page["total"], page["next_token"]) == ([second], 2, 1)
    await admin.call("POST", f"{ADMIN}/v1/media/quarantine/hearth.test/{first}")
    assert (await is_served(user, first), await is_served(user, second)) == (False, True)
    await admin.call("POST", f"{ADMIN}/v1/media/unquarantine/hearth.test/{first}")
    await admin.call("POST", f"{ADMIN}/v1/media/protect/{first}")
    of_user = await admin.call("POST", f"{ADMIN}/v1/user/{user.user_id}/media/quarantine")
    assert (of_user, await is_served(user, first), await is_served(user, second)) == (
        {"num_quarantined": 1},
        True,
        False,
    )
    room = await user.creates_room()
    await user.sends(room, "m.room.message", {"msgtype": "m.file", "url": f"mxc://hearth.test/{first}"})
    assert (await admin.call("GET", f"{ADMIN}/v1/room/{room}/media"))["local"] == [f"mxc://hearth.test/{first}"]
    await admin.call("POST", f"{ADMIN}/v1/media/unprotect/{first}")
    assert await admin.call("POST", f"{ADMIN}/v1/room/{room}/media/quarantine") == {"num_quarantined": 1}
    gone = await admin.call("DELETE", f"{ADMIN}/v1/media/hearth.test/{second}")
    assert gone == {"deleted_media": [second], "total": 1}
    assert (await admin.ask("DELETE", f"{ADMIN}/v1/media/elsewhere.test/{second}"))[0] == 400
    assert (await admin.ask("DELETE", f"{ADMIN}/v1/media/hearth.test/{second}"))[0] == 404
    assert (await admin.call("DELETE", path))["deleted_media"] == [first]
    assert (await admin.call("POST", f"{ADMIN}/v1/purge_media_cache", None, before_ts=1)) == {"deleted": 0}
    assert (await admin.ask("POST", f"{ADMIN}/v1/media/delete"))[1]["errcode"] == "M_MISSING_PARAM"
    unused = await admin.call("POST", f"{ADMIN}/v1/media/delete", None, before_ts=1)
    assert unused == {"deleted_media": [], "total": 0}


async def test_pushers_of_a_user_are_listed(house: House) -> None:
    user = await house.server.register()
    pusher = {
        "app_display_name": "App",
        "app_id": "org.example.app",
        "data": {"url": "https://push.example.org/_matrix/push/v1/notify"},
        "device_display_name": "Phone",
        "kind": "http",
        "lang": "en",
        "pushkey": "key",
    }
    await user.call("POST", "/v3/pushers/set", pusher)
    found = await house.admin.call("GET", f"{ADMIN}/v1/users/{user.user_id}/pushers")
    assert found["total"] == 1
    assert found["pushers"][0] == {**pusher, "profile_tag": ""}
