"""A whole server with phones: what the console prints is what they ring with. Sentences for signing up and proving."""

import asyncio
import re
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import structlog

from homeserver.services.phone.signing_in import LOGIN_TYPE
from homeserver.storage.database import Database
from tests.support.client import Server, User

BASE_URL = "http://localhost:8008"
OURS = "/unstable/app.hearth"
REQUEST = f"{OURS}/login/sms/request_code"


class Phones:
    """Every phone of the country: what the console printed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.rang = asyncio.Event()
        self.got_code = asyncio.Event()
        self.code = ""
        """The last one, whatever texts came after it."""
        self.log: list[dict[str, Any]] = []

    def __call__(self, _logger: object, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
        self.log.append(dict(entry))
        if "text" in entry:
            self.texts.append(entry["text"])
            self.rang.set()
            if found := re.search(r"#(\d{6})$", entry["text"]):
                self.code = found[1]
                self.got_code.set()
        raise structlog.DropEvent


def solve(challenge: str, bits: int) -> str:
    """A proof of work, found by trying."""
    number = 0
    while True:
        proof = f"{challenge}:{number}"
        if int.from_bytes(sha256(proof.encode()).digest(), "big") >> (256 - bits) == 0:
            return proof
        number += 1


async def request(server: Server, number: str, secret: str = "s", **more: Any) -> tuple[int, dict[str, Any]]:
    """Ask for a code; work that is asked for is done."""
    body = {"number": number, "client_secret": secret, "send_attempt": 1, **more}
    status, answer = await server.ask("POST", REQUEST, body)
    if answer.get("errcode") == "APP.HEARTH.WORK_NEEDED":
        proof = solve(answer["app.hearth.challenge"], answer["app.hearth.bits"])
        status, answer = await server.ask("POST", REQUEST, {**body, "proof": proof})
    return status, answer


async def log_in(server: Server, sid: str, secret: str = "s", **more: Any) -> tuple[int, dict[str, Any]]:
    return await server.ask("POST", "/v3/login", {"type": LOGIN_TYPE, "sid": sid, "client_secret": secret, **more})


async def sign_up(server: Server, phones: Phones, number: str, secret: str = "s") -> dict[str, Any]:
    status, asked = await request(server, number, secret)
    assert status == 200, asked
    status, answer = await log_in(server, asked["sid"], secret, code=phones.code, sign_up=True)
    assert status == 200, answer
    return answer


async def approves(device: User, number: str | None) -> tuple[int, dict[str, Any]]:
    """Answer who waits to come in, on a device of the account: yes with the number shown there, no with None."""
    [waiting] = (await sign_ins(device))["requests"]
    return await device.ask("POST", f"{OURS}/account/sign_ins/{waiting['id']}", {"number": number})


async def sign_ins(device: User) -> dict[str, Any]:
    """What waits for an answer of the account's devices."""
    status, content = await device.ask("GET", f"/v3/user/{quote(device.user_id)}/account_data/app.hearth.sign_ins")
    return content if status == 200 else {"requests": []}


async def sign_in_state(server: Server, sid: str, secret: str) -> str:
    """What another device said."""
    body = {"sid": sid, "client_secret": secret}
    return str((await server.call("POST", f"{OURS}/login/sms/approval", body))["state"])


async def comes_back(
    server: Server, phones: Phones, number: str, secret: str, device: User
) -> tuple[int, dict[str, Any]]:
    """Sign in by a number on a new device; the other one says yes."""
    _, asked = await request(server, number, secret)
    status, answer = await log_in(server, asked["sid"], secret, code=phones.code)
    if answer.get("errcode") == "APP.HEARTH.APPROVAL_NEEDED":
        await approves(device, answer["app.hearth.number"])
        status, answer = await log_in(server, asked["sid"], secret)
    return status, answer


async def asks_by_spec(who: Server | User, phones: Phones, purpose: str, number: str, secret: str) -> dict[str, Any]:
    """`requestToken`, until the code has come; invites by number may come before it."""
    phones.got_code.clear()
    body = {"country": "GB", "phone_number": number, "client_secret": secret, "send_attempt": 1}
    path = {"register": "/v3/register", "password": "/v3/account/password", "add": "/v3/account/3pid"}[purpose]
    status, asked = await who.ask("POST", f"{path}/msisdn/requestToken", body)
    if asked.get("errcode") == "APP.HEARTH.WORK_NEEDED":
        proof = solve(asked["app.hearth.challenge"], asked["app.hearth.bits"])
        status, asked = await who.ask("POST", f"{path}/msisdn/requestToken", {**body, "proof": proof})
    assert status == 200, asked
    async with asyncio.timeout(10):
        await phones.got_code.wait()
    return asked


async def gives_back(server: Server, asked: dict[str, Any], secret: str, code: str) -> bool:
    body = {"sid": asked["sid"], "client_secret": secret, "token": code}
    async with server.session.post(asked["submit_url"].replace(BASE_URL, server.base_url), json=body) as answer:
        return bool((await answer.json())["success"])


async def proves(
    who: Server | User, server: Server, phones: Phones, purpose: str, number: str, secret: str = ""
) -> dict[str, str]:
    """`threepid_creds` of a proven number."""
    secret = f"{secret}{purpose}.{number[-4:]}"
    asked = await asks_by_spec(who, phones, purpose, number, secret)
    assert not await gives_back(server, asked, secret, "no code")
    assert await gives_back(server, asked, secret, phones.code)
    return {"sid": asked["sid"], "client_secret": secret}


async def has_number(user: User, server: Server, phones: Phones, number: str) -> User:
    """Add the number, as people write it in Great Britain, to the account."""
    creds = await proves(user, server, phones, "add", number)
    await user.call("POST", "/v3/account/3pid", {"three_pid_creds": creds})
    return user


async def resets_password(server: Server, phones: Phones, number: str) -> tuple[int, dict[str, Any]]:
    """Ask for a new password of the account that has the number, with a good code and nothing else."""
    body: dict[str, Any] = {"new_password": "the thief's password"}
    _, begun = await server.ask("POST", "/v3/account/password", body)
    creds = await proves(server, server, phones, "password", number, "thief")
    body["auth"] = {"type": "m.login.msisdn", "threepid_creds": creds, "session": begun["session"]}
    return await server.ask("POST", "/v3/account/password", body)


async def ages(database: Database, user_id: str, by_ms: int) -> None:
    """Make an account, and the last use of it, older."""
    await database.execute("UPDATE users SET created_ts = created_ts - $2 WHERE user_id = $1", user_id, by_ms)
    await database.execute(
        "UPDATE devices SET created_ts = created_ts - $2, last_seen_ts = NULL WHERE user_id = $1", user_id, by_ms
    )
