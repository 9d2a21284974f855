"""Contacts by our own endpoints and, for other clients, by the Identity Service API; on the whole server."""

import base64
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tests.phone.house import Phones, has_number, solve
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


async def proves_there(user: User, token: str, phones: Phones, number: str) -> Json:
    """`sid` and `client_secret` of a number proven at the identity server."""
    body = {"client_secret": "there", "country": "GB", "phone_number": number, "send_attempt": 1}
    path = f"{ROOT}/validate/msisdn"
    status, asked = await user.server.ask("POST", f"{path}/requestToken", body, token=token)
    if asked.get("errcode") == "APP.HEARTH.WORK_NEEDED":
        proof = solve(asked["app.hearth.challenge"], asked["app.hearth.bits"])
        status, asked = await user.server.ask("POST", f"{path}/requestToken", {**body, "proof": proof}, token=token)
    assert status == 200, asked
    creds = {"sid": asked["sid"], "client_secret": "there"}
    for code, is_right in (("no code", False), (phones.code, True)):
        answer = await user.server.call("POST", f"{path}/submitToken", {**creds, "token": code}, token=token)
        assert answer == {"success": is_right}
    return creds


async def test_a_number_is_published_and_withdrawn_as_other_clients_do(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 128011")
    token = await signs_in(ann)
    creds = await proves_there(ann, token, phones, "07400 128011")
    validated = await server.call("GET", f"{ROOT}/3pid/getValidated3pid", token=token, query=creds)
    assert (validated["medium"], validated["address"]) == ("msisdn", "447400128011")
    bound = await server.call("POST", f"{ROOT}/3pid/bind", {**creds, "mxid": ann.user_id}, token=token)
    assert (bound["mxid"], list(bound["signatures"])) == (ann.user_id, [server.name])
    assert (await ann.call("GET", SETTINGS))["by_number"] == "contacts"
    number = {"medium": "msisdn", "address": "447400128011"}
    unbound = await ann.call("POST", "/v3/account/3pid/unbind", {**number, "id_server": server.name})
    assert unbound == {"id_server_unbind_result": "success"}
    assert (await ann.call("GET", SETTINGS))["by_number"] == "nobody"
    assert (await ann.ask("POST", "/v3/account/3pid/unbind", {**number, "address": "447400128012"}))[0] == 400


async def test_the_homeserver_binds_at_itself_without_asking_anybody(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 128013")
    token = await signs_in(ann)
    creds = await proves_there(ann, token, phones, "07400 128013")
    await ann.call("POST", "/v3/account/3pid/bind", {**creds, "id_server": "localhost:8008", "id_access_token": token})
    assert (await ann.call("GET", SETTINGS))["by_number"] == "contacts"
    assert (await ann.ask("POST", f"{ROOT}/3pid/bind", {**creds, "mxid": ann.user_id}))[0] == 401


async def test_only_proven_numbers_of_ones_own_account_are_published(server: Server, phones: Phones) -> None:
    ann = await has_number(await server.register(), server, phones, "07400 128014")
    ben = await server.register()
    token = await signs_in(ben)
    creds = await proves_there(ben, token, phones, "07400 128014")
    path = f"{ROOT}/3pid/bind"
    assert (await server.ask("POST", path, {**creds, "mxid": ben.user_id}, token=token))[0] == 403, "it is ann's"
    assert (await server.ask("POST", path, {**creds, "mxid": ann.user_id}, token=token))[0] == 403
    of_ann = await signs_in(ann)
    status, answer = await server.ask("POST", path, {**creds, "mxid": ann.user_id}, token=of_ann)
    assert (status, answer["errcode"]) == (400, "M_SESSION_NOT_VALIDATED"), "the session is ben's"
    added = {"three_pid_creds": creds}
    assert (await ben.ask("POST", "/v3/account/3pid", added))[0] == 400, "proven for something else"
