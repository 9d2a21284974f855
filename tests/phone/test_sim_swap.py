"""T16.3: a thief who got the victim's number, and nothing else, reads no old chat and no key. Security: S-16 (d)."""

from typing import Any, Literal
from urllib.parse import quote

import pytest

from homeserver.app import App
from homeserver.services.phone.approval import YOUNG_MS
from homeserver.storage.database import Database
from tests.phone.house import (
    OURS,
    Phones,
    ages,
    has_number,
    log_in,
    proves,
    request,
    resets_password,
    sign_ins,
    sign_up,
)
from tests.support.client import PASSWORD, Server, User

SECRET = "what only the two know"
Kind = Literal["second factor", "password", "number alone", "signed out"]


async def victim_of(server: Server, phones: Phones, number: str, kind: Kind) -> tuple[User, str]:
    """Somebody with an old chat and a backup of keys."""
    friend = await server.register()
    if kind in {"number alone", "signed out"}:
        new = await sign_up(server, phones, f"+44{number.removeprefix('0')}")
        victim = User(server, new["user_id"], new["access_token"], new["device_id"])
    else:
        victim = await has_number(await server.register(), server, phones, number)
    room = await friend.creates_room(inviting=victim)
    await victim.joins(room)
    await friend.says(SECRET, room)
    backup = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "x"}}
    await victim.call("POST", "/v3/room_keys/version", backup)
    if kind == "second factor":
        body: dict[str, Any] = {"enabled": True}
        _, begun = await victim.ask("PUT", f"{OURS}/account/second_factor", body)
        body["auth"] = {"type": "m.login.password", "password": PASSWORD, "session": begun["session"]}
        await victim.call("PUT", f"{OURS}/account/second_factor", body)
    return victim, room


@pytest.mark.parametrize("kind", ["second factor", "password", "number alone", "signed out"])
async def test_a_stolen_number_opens_nothing(
    house: tuple[App, Server, Database], server: Server, phones: Phones, kind: Kind
) -> None:
    """Every way in that a number has, tried with good codes: signing in, starting anew, waiting, answering oneself, a
    new password, signing up, adding it.
    """
    last = ["second factor", "password", "number alone", "signed out"].index(kind)
    number, digits = f"07400 13110{last}", f"44740013110{last}"
    victim, room = await victim_of(server, phones, number, kind)
    await ages(house[2], victim.user_id, YOUNG_MS)
    if kind == "signed out":
        await victim.call("POST", "/v3/logout", {})
    own = await server.register()
    tokens: list[str] = [own.token]

    async def tries(status: int, answer: dict[str, Any]) -> str:
        if status == 200 and "access_token" in answer:
            tokens.append(answer["access_token"])
        return str(answer.get("errcode", status))

    _, asked = await request(server, number, "thief", country="GB")
    sid = asked["sid"]
    _, answer = await log_in(server, sid, "thief", code=phones.code)
    outcomes = [
        await tries(401, answer),
        await tries(*await log_in(server, sid, "thief", sign_up=True, begin_anew=True)),
        await tries(*await log_in(server, sid, "thief", recover=True)),
        await tries(*await log_in(server, sid, "thief", return_ticket="18f.00", recover=True)),
        await tries(*await log_in(server, sid, "thief", device_id=victim.device_id)),
    ]
    needed = "APP.HEARTH.PASSWORD_NEEDED" if kind == "second factor" else "APP.HEARTH.APPROVAL_NEEDED"
    assert outcomes == [needed] * 5
    waiting = (await sign_ins(victim))["requests"]
    assert len(waiting) == (kind in {"password", "number alone"})
    for one in waiting:
        path, shown = f"{OURS}/account/sign_ins/{one['id']}", {"number": answer["app.hearth.number"]}
        assert (await own.ask("POST", path, shown))[0] == 404, "only devices of the account say yes"
    assert await tries(*await log_in(server, sid, "thief", password="a guess")) in {needed, "M_FORBIDDEN"}
    by_number = {"type": "m.id.phone", "country": "GB", "phone": number}
    guess = {"type": "m.login.password", "identifier": by_number, "password": "a guess"}
    assert await tries(*await server.ask("POST", "/v3/login", guess)) == "M_FORBIDDEN"
    assert await tries(*await resets_password(server, phones, number)) == "M_THREEPID_AUTH_FAILED"

    new: dict[str, Any] = {"username": f"thief{last}", "password": PASSWORD}
    _, begun = await server.ask("POST", "/v3/register", new)
    creds = await proves(server, server, phones, "register", number, "thief")
    new["auth"] = {"type": "m.login.msisdn", "threepid_creds": creds, "session": begun["session"]}
    assert await tries(*await server.ask("POST", "/v3/register", new)) == "M_THREEPID_IN_USE"
    creds = await proves(own, server, phones, "add", number, "thief")
    assert await tries(*await own.ask("POST", "/v3/account/3pid", {"three_pid_creds": creds})) == "M_THREEPID_IN_USE"

    for token in tokens:
        for path in (f"/v3/rooms/{quote(room)}/messages?dir=b", "/v3/room_keys/version", "/v3/sync"):
            _, answer = await server.ask("GET", path, token=token)
            assert SECRET not in str(answer)
            assert "auth_data" not in answer
    assert tokens == [own.token], "of the account, there is none"
    if kind != "signed out":
        assert [one["address"] for one in (await victim.call("GET", f"{OURS}/account/phone"))["numbers"]] == [digits]
        assert SECRET in await victim.sees(room)
        has_second_factor = (await victim.call("GET", f"{OURS}/account/second_factor"))["enabled"]
        assert has_second_factor == (kind == "second factor")


async def test_a_stolen_number_does_not_confirm_what_a_stolen_session_does(server: Server, phones: Phones) -> None:
    """With the number and an open browser of the victim: the password stays the victim's, and the second factor on."""
    victim, _ = await victim_of(server, phones, "07400 131002", "second factor")
    creds = await proves(server, server, phones, "password", "07400 131002", "thief")
    for method, path, body in (
        ("PUT", f"{OURS}/account/second_factor", {"enabled": False}),
        ("POST", "/v3/account/password", {"new_password": "the thief's password"}),
        ("POST", "/v3/account/deactivate", {}),
    ):
        _, begun = await victim.ask(method, path, body)
        auth = {"type": "m.login.msisdn", "threepid_creds": creds, "session": begun["session"]}
        status, answer = await victim.ask(method, path, {**body, "auth": auth})
        assert (status, answer["errcode"]) == (401, "M_THREEPID_AUTH_FAILED")
