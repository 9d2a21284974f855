"""T16.3: a thief who got the victim's number, and nothing else, reads no old chat and no key. Security: S-16 (d)."""

from typing import Any
from urllib.parse import quote

from tests.phone.house import Phones, has_number, log_in, proves, request
from tests.support.client import PASSWORD, Server, User

OURS = "/unstable/app.hearth"
SECRET = "what only the two know"


async def victim_of(server: Server, phones: Phones, number: str) -> tuple[User, str]:
    """Somebody with a second factor, an old chat and a backup of keys."""
    victim, friend = await server.people(2)
    await has_number(victim, server, phones, number)
    room = await friend.creates_room(inviting=victim)
    await victim.joins(room)
    await friend.says(SECRET, room)
    backup = {"algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": {"public_key": "x"}}
    await victim.call("POST", "/v3/room_keys/version", backup)
    body: dict[str, Any] = {"enabled": True}
    _, begun = await victim.ask("PUT", f"{OURS}/account/second_factor", body)
    body["auth"] = {"type": "m.login.password", "password": PASSWORD, "session": begun["session"]}
    await victim.call("PUT", f"{OURS}/account/second_factor", body)
    return victim, room


async def test_a_stolen_number_opens_nothing(server: Server, phones: Phones) -> None:
    """Every way in that a number has, tried with good codes: signing in, starting anew, a new password, signing up."""
    number, digits = "07400 131001", "447400131001"
    victim, room = await victim_of(server, phones, number)
    tokens: list[str] = []

    async def tries(status: int, answer: dict[str, Any]) -> str:
        if status == 200 and "access_token" in answer:
            tokens.append(answer["access_token"])
        return str(answer.get("errcode", status))

    _, asked = await request(server, number, "thief", country="GB")
    outcomes = [
        await tries(*await log_in(server, asked["sid"], "thief", code=phones.code)),
        await tries(*await log_in(server, asked["sid"], "thief", sign_up=True, begin_anew=True)),
        await tries(*await log_in(server, asked["sid"], "thief", password="a guess")),
    ]
    assert outcomes == ["APP.HEARTH.PASSWORD_NEEDED", "APP.HEARTH.PASSWORD_NEEDED", "M_FORBIDDEN"]
    by_number = {"type": "m.id.phone", "country": "GB", "phone": number}
    guess = {"type": "m.login.password", "identifier": by_number, "password": "a guess"}
    assert await tries(*await server.ask("POST", "/v3/login", guess)) == "M_FORBIDDEN"

    reset: dict[str, Any] = {"new_password": "the thief's password"}
    _, begun = await server.ask("POST", "/v3/account/password", reset)
    creds = await proves(server, server, phones, "password", number, "thief")
    reset["auth"] = {"type": "m.login.msisdn", "threepid_creds": creds, "session": begun["session"]}
    assert await tries(*await server.ask("POST", "/v3/account/password", reset)) == "M_THREEPID_AUTH_FAILED"

    new: dict[str, Any] = {"username": "thief", "password": PASSWORD}
    _, begun = await server.ask("POST", "/v3/register", new)
    creds = await proves(server, server, phones, "register", number, "thief")
    new["auth"] = {"type": "m.login.msisdn", "threepid_creds": creds, "session": begun["session"]}
    assert await tries(*await server.ask("POST", "/v3/register", new)) == "M_THREEPID_IN_USE"

    own = await server.register("thiefs.own")
    creds = await proves(own, server, phones, "add", number, "thief")
    assert await tries(*await own.ask("POST", "/v3/account/3pid", {"three_pid_creds": creds})) == "M_THREEPID_IN_USE"
    tokens.append(own.token)

    for token in tokens:
        for path in (f"/v3/rooms/{quote(room)}/messages?dir=b", "/v3/room_keys/version", "/v3/sync"):
            _, answer = await server.ask("GET", path, token=token)
            assert SECRET not in str(answer)
            assert "auth_data" not in answer
    assert tokens == [own.token], "of the account, there is none"
    assert [one["address"] for one in (await victim.call("GET", f"{OURS}/account/phone"))["numbers"]] == [digits]
    assert SECRET in await victim.sees(room)
    assert (await victim.call("GET", f"{OURS}/account/second_factor")) == {"enabled": True}


async def test_a_stolen_number_does_not_confirm_what_a_stolen_session_does(server: Server, phones: Phones) -> None:
    """With the number and an open browser of the victim: the password stays the victim's, and the second factor on."""
    victim, _ = await victim_of(server, phones, "07400 131002")
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
