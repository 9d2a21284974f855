"""Backups of room keys: versions, the better of two keys, counts and etags."""

from typing import Any

import pytest

from tests.support.client import Json, Server, User


@pytest.fixture
def server(crowd: Server) -> Server:
    return crowd


ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
ROOM, SESSION = "!room:hearth.test", "se/ss+ion"
PATH = "/v3/room_keys/keys"


def key(first: int = 0, forwarded: int = 0, *, verified: bool = False, text: str = "x") -> Json:
    return {
        "first_message_index": first,
        "forwarded_count": forwarded,
        "is_verified": verified,
        "session_data": {"ciphertext": text},
    }


async def begins(user: User) -> str:
    """A new version."""
    body = {"algorithm": ALGORITHM, "auth_data": {"public_key": "abc"}}
    return str((await user.call("POST", "/v3/room_keys/version", body))["version"])


async def keeps(user: User, version: str, *keys: Json, session: str = SESSION) -> Json:
    """Back up keys of one session, one after the other; the last answer."""
    answer: Json = {}
    for one in keys:
        body = {"rooms": {ROOM: {"sessions": {session: one}}}}
        answer = await user.call("PUT", PATH, body, version=version)
    return answer


async def kept(user: User, version: str) -> Any:
    return (await user.call("GET", PATH, version=version))["rooms"]


async def test_a_version_is_there_until_it_is_deleted(server: Server) -> None:
    [alice] = await server.users("alice")
    assert (await alice.ask("GET", "/v3/room_keys/version"))[0] == 404
    first, second = await begins(alice), await begins(alice)
    assert int(second) > int(first)
    newest = await alice.call("GET", "/v3/room_keys/version")
    assert newest == {
        "version": second,
        "algorithm": ALGORITHM,
        "auth_data": {"public_key": "abc"},
        "etag": "0",
        "count": 0,
    }
    await alice.call("DELETE", f"/v3/room_keys/version/{second}")
    assert (await alice.call("GET", "/v3/room_keys/version"))["version"] == first
    assert (await alice.ask("DELETE", f"/v3/room_keys/version/{second}"))[0] == 404
    assert int(await begins(alice)) > int(second)


async def test_a_version_keeps_its_algorithm_and_name(server: Server) -> None:
    [alice] = await server.users("alice")
    version = await begins(alice)
    path = f"/v3/room_keys/version/{version}"
    await alice.call("PUT", path, {"algorithm": ALGORITHM, "auth_data": {"n": 2}})
    assert (await alice.call("GET", path))["auth_data"] == {"n": 2}
    for wrong in ({"algorithm": "other"}, {"algorithm": ALGORITHM, "version": "0"}):
        status, answer = await alice.ask("PUT", path, {"auth_data": {}, **wrong})
        assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")


async def test_keys_are_kept_by_room_and_session(server: Server) -> None:
    [alice] = await server.users("alice")
    version = await begins(alice)
    other = await alice.call("PUT", f"{PATH}/!other/s2", key(), version=version)
    assert other == {"etag": "1", "count": 1}
    assert (await keeps(alice, version, key(5)))["count"] == 2
    assert await kept(alice, version) == {ROOM: {"sessions": {SESSION: key(5)}}, "!other": {"sessions": {"s2": key()}}}
    assert await alice.call("GET", f"{PATH}/!other", version=version) == {"sessions": {"s2": key()}}
    assert await alice.call("GET", f"{PATH}/{ROOM}/se%2Fss%2Bion", version=version) == key(5)
    assert (await alice.ask("GET", f"{PATH}/{ROOM}/none", version=version))[0] == 404
    assert await alice.call("GET", f"{PATH}/!none", version=version) == {"sessions": {}}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (key(9, 9, verified=True), key(0, 0)),
        (key(1, 9), key(2, 0)),
        (key(1, 1), key(1, 2)),
        (key(1, 1, text="first"), key(1, 1, text="second")),
    ],
)
async def test_the_better_of_two_keys_is_kept(server: Server, better: Json, worse: Json) -> None:
    [alice] = await server.users("alice")
    version = await begins(alice)
    after = await keeps(alice, version, better, worse)
    assert (await kept(alice, version))[ROOM]["sessions"][SESSION] == better
    assert after == {"etag": "1", "count": 1}
    if better["session_data"] == worse["session_data"]:
        assert (await keeps(alice, version, worse, better, session="other"))["etag"] == "3"
        assert (await kept(alice, version))[ROOM]["sessions"]["other"] == better


async def test_only_the_newest_version_is_written(server: Server) -> None:
    [alice] = await server.users("alice")
    old = await begins(alice)
    await keeps(alice, old, key())
    new = await begins(alice)
    status, answer = await alice.ask("PUT", PATH, {"rooms": {}}, version=old)
    assert (status, answer["errcode"], answer["current_version"]) == (403, "M_WRONG_ROOM_KEYS_VERSION", new)
    assert (await kept(alice, old))[ROOM]["sessions"] == {SESSION: key()}


async def test_deleted_keys_are_gone_and_counted(server: Server) -> None:
    [alice] = await server.users("alice")
    version = await begins(alice)
    for session in ("a", "b", "c"):
        await keeps(alice, version, key(), session=session)
    assert await alice.call("DELETE", f"{PATH}/{ROOM}/a", version=version) == {"etag": "4", "count": 2}
    assert await alice.call("DELETE", f"{PATH}/{ROOM}/a", version=version) == {"etag": "4", "count": 2}
    assert await alice.call("DELETE", f"{PATH}/{ROOM}", version=version) == {"etag": "5", "count": 0}
    await keeps(alice, version, key())
    assert await alice.call("DELETE", PATH, version=version) == {"etag": "7", "count": 0}


async def test_a_backup_is_its_owners_alone(server: Server) -> None:
    alice, bob = await server.users("alice", "bob")
    version = await begins(alice)
    await keeps(alice, version, key())
    for method, path in (("GET", PATH), ("DELETE", PATH), ("GET", f"/v3/room_keys/version/{version}")):
        assert (await bob.ask(method, path, version=version))[0] == 404
    assert (await bob.ask("PUT", PATH, {"rooms": {}}, version=version))[0] == 404
    assert (await bob.ask("DELETE", f"/v3/room_keys/version/{version}"))[0] == 404
    assert len(await kept(alice, version)) == 1


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "²"])
async def test_no_version_has_such_a_name(server: Server, version: str) -> None:
    [alice] = await server.users("alice")
    await begins(alice)
    assert (await alice.ask("GET", PATH, version=version))[0] in {400, 404}


@pytest.mark.parametrize("wrong", [{"first_message_index": -1}, {"session_data": 1}, {"is_verified": None}])
async def test_malformed_keys_are_refused(server: Server, wrong: Json) -> None:
    [alice] = await server.users("alice")
    version = await begins(alice)
    assert (await alice.ask("PUT", f"{PATH}/{ROOM}/s", {**key(), **wrong}, version=version))[0] == 400


@pytest.mark.parametrize("path", ["%00/s", "r/%00", "r/%ED%A0%80"])
async def test_ids_that_cannot_be_stored_are_refused(server: Server, path: str) -> None:
    [alice] = await server.users("alice")
    version = await begins(alice)
    for method, body in (("GET", None), ("PUT", key()), ("DELETE", None)):
        assert (await alice.ask(method, f"{PATH}/{path}", body, version=version))[0] in {400, 404}
    body = {"algorithm": "a\0", "auth_data": {}}
    assert (await alice.ask("POST", "/v3/room_keys/version", body))[0] == 400
