"""Every way in, for accounts of every state: one matrix. Security: S-13."""

import orjson
import pytest

from homeserver.clock import SystemClock
from tests.admin.conftest import ADMIN, House
from tests.support.client import PASSWORD, Json, User
from tests.support.socket_client import EVERYTHING, PATH, SUBPROTOCOL

Tried = tuple[int, str]
OPEN, LOCKED, CLOSED = (200, ""), (401, "M_USER_LOCKED"), (403, "M_USER_DEACTIVATED")
UNKNOWN = (401, "M_UNKNOWN_TOKEN")

STATES = ("active", "suspended", "shadow-banned", "locked", "deactivated", "erased", "expired")
EXPECTED: dict[str, dict[str, Tried]] = {
    "password": {"locked": LOCKED, "deactivated": CLOSED, "erased": CLOSED},
    "refresh token": {"locked": LOCKED, "deactivated": UNKNOWN, "erased": UNKNOWN},
    "access token": {"locked": LOCKED, "deactivated": UNKNOWN, "erased": UNKNOWN, "expired": UNKNOWN},
    "access token in the query": {"locked": LOCKED, "deactivated": UNKNOWN, "erased": UNKNOWN, "expired": UNKNOWN},
    "login token": {"locked": LOCKED, "deactivated": CLOSED, "erased": CLOSED, "expired": (403, "M_FORBIDDEN")},
    "application service, login": {"locked": LOCKED, "deactivated": CLOSED, "erased": CLOSED},
    "application service, acting": {"locked": LOCKED, "deactivated": CLOSED, "erased": CLOSED},
    "socket": {"locked": LOCKED, "deactivated": UNKNOWN, "erased": UNKNOWN, "expired": UNKNOWN},
    "admin, logging in as": {"deactivated": (404, "M_NOT_FOUND"), "erased": (404, "M_NOT_FOUND")},
}
"""What every way in answers, where it is not open."""


async def brought_into(house: House, user: User, state: str) -> None:
    """Give the account its state."""
    admin = house.admin
    match state:
        case "suspended":
            await admin.call("PUT", f"/v1/admin/suspend/{user.user_id}", {"suspended": True})
        case "locked":
            await admin.call("PUT", f"/v1/admin/lock/{user.user_id}", {"locked": True})
        case "shadow-banned":
            await admin.call("POST", f"{ADMIN}/v1/users/{user.user_id}/shadow_ban", {})
        case "deactivated" | "erased":
            await admin.call("POST", f"{ADMIN}/v1/deactivate/{user.user_id}", {"erase": state == "erased"})


async def opened(house: House, token: str) -> Tried:
    """Greet on a socket."""
    address = house.server.base_url.replace("http", "ws", 1) + PATH
    async with house.server.session.ws_connect(address, protocols=[SUBPROTOCOL]) as wire:
        hello = {"t": "hello", "v": [1], "access_token": token, "conn_id": "gate", "client": "test", "sub": EVERYTHING}
        await wire.send_str(orjson.dumps(hello).decode())
        frame: Json = await wire.receive_json(timeout=10)
    return (401, str(frame.get("errcode", frame))) if frame["t"] == "bye" else OPEN


def answered(reply: tuple[int, Json]) -> Tried:
    return reply[0], str(reply[1].get("errcode", ""))


async def ways_in(house: House, user: User, refresh_token: str, login_token: str) -> dict[str, Tried]:
    """Try all of them. Those that end others come last."""
    server, puppets = house.server, house.puppets
    whoami, identifier = "/v3/account/whoami", {"type": "m.id.user", "user": user.user_id}
    as_login = {"type": "m.login.application_service", "identifier": identifier}
    by_password = {"type": "m.login.password", "identifier": identifier, "password": PASSWORD}
    by_token = {"type": "m.login.token", "token": login_token}
    return {
        "access token": answered(await user.ask("GET", whoami)),
        "access token in the query": answered(
            await server.ask("GET", whoami, None, query={"access_token": user.token})
        ),
        "socket": await opened(house, user.token),
        "refresh token": answered(await server.ask("POST", "/v3/refresh", {"refresh_token": refresh_token})),
        "password": answered(await server.ask("POST", "/v3/login", by_password)),
        "login token": answered(await server.ask("POST", "/v3/login", by_token)),
        "application service, login": answered(await server.ask("POST", "/v3/login", as_login, token=puppets.as_token)),
        "application service, acting": answered(await puppets.acts(server, user.user_id).ask("GET", whoami)),
        "admin, logging in as": answered(await house.admin.ask("POST", f"{ADMIN}/v1/users/{user.user_id}/login", {})),
    }


@pytest.mark.parametrize("state", STATES)
async def test_every_way_in_answers_as_the_account_stands(
    house: House, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = await house.server.call(
        "POST",
        "/v3/register",
        {
            "username": f"gate-{state}",
            "password": PASSWORD,
            "refresh_token": True,
            "auth": {"type": "m.login.dummy"},
        },
    )
    user = User(house.server, registered["user_id"], registered["access_token"], registered["device_id"])
    issued = await house.puppets.acts(house.server, user.user_id).call("POST", "/v1/login/get_token", {})
    await brought_into(house, user, state)
    if state == "expired":
        now = SystemClock().now_ms()
        monkeypatch.setattr("homeserver.clock.SystemClock.now_ms", lambda _: now + 3_600_001)
    found = await ways_in(house, user, registered["refresh_token"], issued["login_token"])
    assert found == {way: answers.get(state, OPEN) for way, answers in EXPECTED.items()}
