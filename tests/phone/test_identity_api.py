"""Contacts by our own endpoints and, for other clients, by the Identity Service API; on the whole server."""

import base64
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tests.phone.house import Phones, has_number
from tests.support.client import Json, Server, User
from tests.support.running import running_app

if TYPE_CHECKING:
    from tests.support.postgres import Cluster

ROOT = "/_matrix/identity/v2"
OURS = "/unstable/app.hearth"
SETTINGS = f"{OURS}/account/discovery"


def hashed(number: str, pepper: str) -> str:
    digest = sha256(f"{number} msisdn {pepper}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def person(server: Server, phones: Phones, number: str) -> User:
    """Somebody with a number who wants to be found."""
    user = await has_number(await server.register(), server, phones, number)
    await user.call("PUT", SETTINGS, {"by_number": "contacts"})
    return user


async def asks(user: User, *numbers: str) -> dict[str, str]:
    """Whom the user finds by our own endpoint, by number."""
    pepper = (await user.call("GET", f"{OURS}/contacts/hash_details"))["lookup_pepper"]
    hashes = {hashed(number, pepper): number for number in numbers}
    body = {"algorithm": "sha256", "pepper": pepper, "addresses": list(hashes)}
    found = (await user.call("POST", f"{OURS}/contacts/lookup", body))["mappings"]
    return {hashes[one]: who for one, who in found.items()}


async def signs_in(user: User) -> str:
    """A session of the user with the identity server."""
    openid = await user.call("POST", f"/v3/user/{user.user_id}/openid/request_token", {})
    return str((await user.server.call("POST", f"{ROOT}/account/register", openid))["token"])


async def well_known_of(server: Server) -> Json:
    async with server.session.get(f"{server.base_url}/.well-known/matrix/client") as answer:
        return dict(await answer.json())


async def test_settings_and_contacts_over_http(server: Server, phones: Phones) -> None:
    ann = await person(server, phones, "07400 128001")
    ben = await person(server, phones, "07400 128002")
    assert await asks(ann, "447400128002") == {}
    assert await asks(ben, "447400128001") == {"447400128001": ann.user_id}
    assert await asks(ann, "447400128002") == {"447400128002": ben.user_id}
    assert await ben.call("PUT", SETTINGS, {"by_number": "nobody", "invites": False}) == {
        "available": True,
        "by_number": "nobody",
        "invites": False,
    }
    assert await asks(ann, "447400128002") == {}
    status, answer = await ben.ask("POST", f"{OURS}/contacts/lookup", {"algorithm": "", "pepper": "", "addresses": []})
    assert (status, answer["errcode"]) == (400, "M_INVALID_PARAM")
    await ann.call("DELETE", f"{OURS}/contacts")


async def test_other_clients_look_numbers_up_as_at_an_identity_server(server: Server, phones: Phones) -> None:
    ann = await person(server, phones, "07400 128003")
    ben = await person(server, phones, "07400 128004")
    await asks(ben, "447400128003")
    token = await signs_in(ann)
    assert (await server.call("GET", f"{ROOT}/account", token=token)) == {"user_id": ann.user_id}
    assert await server.call("GET", ROOT) == {}
    assert "v1.11" in (await server.call("GET", "/_matrix/identity/versions"))["versions"]
    assert await server.call("GET", f"{ROOT}/terms") == {"policies": {}}
    assert await server.call("POST", f"{ROOT}/terms", {"user_accepts": []}, token=token) == {}
    details = await server.call("GET", f"{ROOT}/hash_details", token=token)
    assert details["algorithms"] == ["sha256"]
    wanted = hashed("447400128004", details["lookup_pepper"])
    body: Json = {"algorithm": "sha256", "pepper": details["lookup_pepper"], "addresses": [wanted, "unknown"]}
    assert await server.call("POST", f"{ROOT}/lookup", body, token=token) == {"mappings": {wanted: ben.user_id}}
    status, answer = await server.ask("POST", f"{ROOT}/lookup", {**body, "pepper": "old"}, token=token)
    assert (status, answer["errcode"]) == (400, "M_INVALID_PEPPER")
    await server.call("POST", f"{ROOT}/account/logout", {}, token=token)
    assert (await server.ask("POST", f"{ROOT}/lookup", body, token=token))[1]["errcode"] == "M_UNAUTHORIZED"
    well_known = await well_known_of(server)
    assert well_known["m.identity_server"] == {"base_url": "http://localhost:8008"}


async def test_tokens_of_one_api_are_of_no_use_in_the_other(server: Server, phones: Phones) -> None:
    ann = await person(server, phones, "07400 128005")
    token = await signs_in(ann)
    assert (await server.ask("GET", "/v3/account/whoami", token=token))[0] == 401
    assert (await server.ask("GET", f"{ROOT}/account", token=ann.token))[0] == 401
    assert (await server.ask("GET", f"{ROOT}/account"))[1]["errcode"] == "M_UNAUTHORIZED"
    openid = await ann.call("POST", f"/v3/user/{ann.user_id}/openid/request_token", {})
    elsewhere = {**openid, "matrix_server_name": "elsewhere.test"}
    assert (await server.ask("POST", f"{ROOT}/account/register", elsewhere))[0] == 401
    assert (await server.ask("POST", f"{ROOT}/account/register", {**openid, "access_token": "x"}))[0] == 401


async def test_who_does_not_want_to_be_found_learns_nothing_there(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 128006")
    ben = await person(server, phones, "07400 128007")
    await asks(ben, "447400128006")
    token = await signs_in(ann)
    pepper = (await server.call("GET", f"{ROOT}/hash_details", token=token))["lookup_pepper"]
    body = {"algorithm": "sha256", "pepper": pepper, "addresses": [hashed("447400128007", pepper)]}
    assert await server.call("POST", f"{ROOT}/lookup", body, token=token) == {"mappings": {}}


async def test_without_its_setting_nobody_is_found_and_there_is_no_identity_server(
    cluster: "Cluster", tmp_path: Path
) -> None:
    async with running_app(cluster, tmp_path, server_name="localhost") as (_, server):
        ann = await server.register()
        status, answer = await ann.ask("PUT", SETTINGS, {"by_number": "contacts"})
        assert (status, answer["errcode"]) == (403, "M_FORBIDDEN")
        assert (await ann.call("GET", SETTINGS))["available"] is False
        assert (await ann.ask("GET", f"{OURS}/contacts/hash_details"))[0] == 403
        assert (await server.ask("POST", f"{ROOT}/account/register", {}))[1]["errcode"] == "M_UNRECOGNIZED"
        assert "m.identity_server" not in await well_known_of(server)
