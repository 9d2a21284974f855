"""What suspended, locked and shadow-banned users and guests may do. Spec: Client-Server API, Account suspension."""

import asyncio

import pytest

from tests.admin.conftest import ADMIN, House
from tests.support.client import PASSWORD, Refused, User
from tests.support.socket_client import greet, socket
from tests.support.waiting import eventually

RESTART = 1012
STABLE, UNSTABLE = "/v1/admin", "/unstable/uk.timedout.msc4323/admin"


async def acts(user: User, room: str, own_event: str, other_event: str) -> dict[str, tuple[int, str]]:
    """What the server says to everything a user may want to do."""
    me = user.user_id
    calls: dict[str, tuple[str, str, object]] = {
        "send": ("PUT", f"/v3/rooms/{room}/send/m.room.message/a{own_event}", {"msgtype": "m.text", "body": "x"}),
        "state": ("PUT", f"/v3/rooms/{room}/state/m.room.topic", {"topic": "x"}),
        "create": ("POST", "/v3/createRoom", {}),
        "join": ("POST", "/v3/join/!any:hearth.test", {}),
        "knock": ("POST", "/v3/knock/!any:hearth.test", {}),
        "invite": ("POST", f"/v3/rooms/{room}/invite", {"user_id": "@admin:hearth.test"}),
        "profile": ("PUT", f"/v3/profile/{me}/displayname", {"displayname": "x"}),
        "redact another's": ("PUT", f"/v3/rooms/{room}/redact/{other_event}/1", {}),
        "redact own": ("PUT", f"/v3/rooms/{room}/redact/{own_event}/2", {}),
        "read": ("GET", f"/v3/rooms/{room}/messages?dir=b", None),
        "sync": ("GET", "/v3/sync?timeout=0", None),
        "devices": ("GET", "/v3/devices", None),
        "keys": ("POST", "/v3/keys/query", {"device_keys": {}}),
        "leave": ("POST", f"/v3/rooms/{room}/leave", {}),
        "log out": ("POST", "/v3/logout", {}),
    }
    found = {}
    for name, (method, path, body) in calls.items():
        status, answer = await user.ask(method, path, body)
        found[name] = (status, answer.get("errcode", ""))
    return found


async def prepared(house: House) -> tuple[User, str, str, str]:
    """A user who is the admin of a room with a message of theirs and one of another."""
    user, other = await house.server.register(), await house.server.register()
    room = await user.creates_public_room()
    await other.joins(room)
    return user, room, await user.says("mine", room), await other.says("another's", room)


@pytest.mark.parametrize("base", [STABLE, UNSTABLE])
async def test_a_suspended_user_reads_leaves_and_takes_back_what_they_said_and_no_more(house: House, base: str) -> None:
    user, *room = await prepared(house)
    path = f"{base}/suspend/{user.user_id}"
    assert await house.admin.call("GET", path) == {"suspended": False}
    assert await house.admin.call("PUT", path, {"suspended": True}) == {"suspended": True}
    assert await house.admin.call("GET", path) == {"suspended": True}
    found = await acts(user, *room)
    forbidden = {name for name, answer in found.items() if answer == (403, "M_USER_SUSPENDED")}
    assert forbidden == {"send", "state", "create", "join", "knock", "invite", "profile", "redact another's"}
    assert {name: answer for name, answer in found.items() if name not in forbidden and answer[0] != 200} == {}
    again = await house.server.login(user.user_id[1:].partition(":")[0])
    assert (await again.ask("POST", "/v3/createRoom", {}))[1]["errcode"] == "M_USER_SUSPENDED"
    await house.admin.call("PUT", path, {"suspended": False})
    await again.creates_room()


@pytest.mark.parametrize("base", [STABLE, UNSTABLE])
async def test_a_locked_user_can_only_log_out_and_is_as_before_when_unlocked(house: House, base: str) -> None:
    user, room, own, other = await prepared(house)
    path = f"{base}/lock/{user.user_id}"
    assert await house.admin.call("PUT", path, {"locked": True}) == {"locked": True}
    for endpoint in ("/v3/sync?timeout=0", "/v3/account/whoami"):
        status, answer = await user.ask("GET", endpoint)
        assert (status, answer["errcode"], answer["soft_logout"]) == (401, "M_USER_LOCKED", True)
    await house.admin.call("PUT", path, {"locked": False})
    await user.says("back", room)
    await house.admin.call("PUT", path, {"locked": True})
    found = await acts(user, room, own, other)
    assert set(found.values()) == {(401, "M_USER_LOCKED"), (200, "")}
    assert found["log out"] == (200, "")


async def test_an_open_sync_ends_when_its_user_is_locked(house: House) -> None:
    user = await house.server.register()
    await user.syncs()
    waiting = asyncio.ensure_future(user.ask("GET", "/v3/sync", None, since=user.next_batch, timeout=30_000))
    await asyncio.sleep(0.3)
    await house.admin.call("PUT", f"{STABLE}/lock/{user.user_id}", {"locked": True})
    async with asyncio.timeout(15):
        await waiting
    assert (await user.ask("GET", "/v3/sync"))[1]["errcode"] == "M_USER_LOCKED"


async def test_an_open_socket_ends_when_its_user_is_locked_and_goes_on_when_suspended(house: House) -> None:
    user = await house.server.register()
    async with socket(user) as stream:
        await house.admin.call("PUT", f"{STABLE}/suspend/{user.user_id}", {"suspended": True})
        assert (await stream.until("closed"))["code"] == RESTART
    async with socket(user) as stream:
        await house.admin.call("PUT", f"{STABLE}/lock/{user.user_id}", {"locked": True})
        assert (await stream.until("closed"))["code"] == RESTART
    async with socket(user, hello=False) as stream:
        with pytest.raises(AssertionError, match="4001"):
            await greet(stream, user)


async def test_accounts_that_cannot_be_locked_are_told(house: House) -> None:
    closed = await house.server.register()
    await house.admin.call("POST", f"{ADMIN}/v1/deactivate/{closed.user_id}", {})
    for user_id, expected in (
        (house.admin.user_id, (403, "M_FORBIDDEN")),
        ("@nobody:hearth.test", (404, "M_NOT_FOUND")),
        (closed.user_id, (404, "M_NOT_FOUND")),
        ("@alice:elsewhere.test", (400, "M_INVALID_PARAM")),
    ):
        for what, body in (("lock", {"locked": True}), ("suspend", {"suspended": True})):
            status, answer = await house.admin.ask("PUT", f"{STABLE}/{what}/{user_id}", body)
            assert (status, answer["errcode"]) == expected, user_id
    user = await house.server.register()
    assert (await user.ask("PUT", f"{STABLE}/lock/@nobody:hearth.test", {"locked": True}))[0] == 403


async def test_what_a_shadow_banned_user_does_seems_to_be_done(house: House) -> None:
    user, other = await house.server.register(), await house.server.register()
    room = await user.creates_public_room()
    await other.joins(room)
    await house.admin.call("POST", f"{ADMIN}/v1/users/{user.user_id}/shadow_ban", {})
    assert await user.says("nobody hears this", room, "t1") == await user.says("nobody hears this", room, "t1")
    await user.sets(room, "m.room.topic", {"topic": "nor this"})
    third = await house.server.register()
    await user.invites(third, room)
    assert await other.sees(room) == []
    assert (await third.syncs()).get("rooms", {}).get("invite", {}) == {}
    await house.admin.call("DELETE", f"{ADMIN}/v1/users/{user.user_id}/shadow_ban")
    await user.says("but this", room)
    assert await other.sees(room) == ["but this"]


async def test_what_an_erased_user_said_stays_with_those_who_had_it(house: House) -> None:
    gone, old, late = [await house.server.register() for _ in range(3)]
    room = await old.creates_public_room()
    await gone.joins(room)
    event_id = await gone.says("forget me", room)
    await house.admin.call("POST", f"{ADMIN}/v1/deactivate/{gone.user_id}", {"erase": True})
    await late.joins(room)

    async def is_hidden() -> bool:
        return bool((await late.event(room, event_id))["content"] == {})

    await eventually(is_hidden)
    assert await late.sees(room) == []
    assert await old.sees(room) == ["forget me"]
    first = await late.call("GET", "/v3/sync", None, timeout=0)
    assert "forget me" not in str(first)


# -- guests ------------------------------------------------------------------------------------------------------------


async def guest_of(house: House) -> User:
    answer = await house.server.call("POST", "/v3/register", {}, query={"kind": "guest"})
    return User(house.server, answer["user_id"], answer["access_token"], answer["device_id"])


async def test_a_guest_reads_joins_and_speaks_where_guests_may(house: House) -> None:
    owner, guest = await house.server.register(), await guest_of(house)
    assert (await guest.call("GET", "/v3/account/whoami"))["is_guest"] is True
    closed = await owner.creates_public_room()
    status, answer = await guest.ask("POST", f"/v3/rooms/{closed}/join", {})
    assert (status, answer["errcode"]) == (403, "M_GUEST_ACCESS_FORBIDDEN")
    access = {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "can_join"}}
    room = await owner.creates_public_room(initial_state=[access])
    await guest.joins(room)
    await guest.says("hello", room)
    assert await owner.sees(room) == ["hello"]
    await guest.call("PUT", f"/v3/profile/{guest.user_id}/displayname", {"displayname": "Guest"})
    for method, path, body in (
        ("POST", "/v3/createRoom", {}),
        ("POST", f"/v3/rooms/{room}/invite", {"user_id": owner.user_id}),
        ("PUT", f"/v3/profile/{guest.user_id}/avatar_url", {"avatar_url": "mxc://a/b"}),
        ("GET", "/v3/pushrules/", None),
        ("POST", "/v3/user_directory/search", {"search_term": "x"}),
    ):
        status, answer = await guest.ask(method, path, body)
        assert (status, answer["errcode"]) == (403, "M_GUEST_ACCESS_FORBIDDEN"), path


async def test_guests_leave_a_room_that_lets_none_in_any_more(house: House) -> None:
    owner, guest = await house.server.register(), await guest_of(house)
    access = {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "can_join"}}
    room = await owner.creates_public_room(initial_state=[access])
    await guest.joins(room)
    await owner.sets(room, "m.room.guest_access", {"guest_access": "forbidden"})

    async def left() -> bool:
        return bool((await owner.state(room, "m.room.member", guest.user_id))["membership"] == "leave")

    await eventually(left)


async def test_a_guest_becomes_a_user_and_keeps_what_they_have(house: House) -> None:
    owner, guest = await house.server.register(), await guest_of(house)
    access = {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "can_join"}}
    room = await owner.creates_public_room(initial_state=[access])
    await guest.joins(room)
    name = guest.user_id[1:].partition(":")[0]
    with pytest.raises(Refused) as refused:
        await house.server.register("another", guest_access_token=guest.token)
    assert refused.value.errcode == "M_INVALID_PARAM"
    with pytest.raises(Refused) as refused:
        await house.server.register(name, guest_access_token=owner.token)
    assert refused.value.errcode == "M_FORBIDDEN"
    user = await house.server.register(name, guest_access_token=guest.token)
    assert user.user_id == guest.user_id
    await user.says("I am one of you", room)
    await user.creates_room()
    assert (await guest.call("GET", "/v3/account/whoami"))["is_guest"] is False
    await house.server.login(name, password=PASSWORD)
