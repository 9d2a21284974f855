"""A small Matrix client for tests: real HTTP to a running server, sentences in place of paths.

Not for: the web client's socket (tests/support/socket_client.py).
"""

import itertools
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

Json = dict[str, Any]
_numbers = itertools.count(1)

PASSWORD = "correct horse battery staple"


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status: int, body: Json) -> None:
        self.status = status
        self.body = body
        self.errcode: str = body.get("errcode", "")
        super().__init__(f"{status} {self.errcode}: {body.get('error')}")


@dataclass(slots=True)
class Server:
    """A server under test, by the address of its client API. Use as a context manager."""

    base_url: str
    name: str
    ssl: Any = True
    session: aiohttp.ClientSession = field(init=False)

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def call(
        self, method: str, path: str, body: object = None, *, token: str | None = None, query: Json | None = None
    ) -> Json:
        """Call an endpoint; `path` is below `/_matrix/client` unless it begins with `/_`. Raises Refused."""
        status, answer = await self.ask(method, path, body, token=token, query=query)
        if status != 200:
            raise Refused(status, answer)
        return answer

    async def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None, query: Json | None = None
    ) -> tuple[int, Json]:
        """Like `call`, but errors are answers too."""
        url = self.base_url + (path if path.startswith("/_") else f"/_matrix/client{path}")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is None and method in {"POST", "PUT"}:
            body = {}
        data = orjson.dumps(body) if body is not None and not isinstance(body, bytes) else body
        if data is not None:
            headers["Content-Type"] = "application/json"
        params = {key: str(value) for key, value in (query or {}).items()}

        request = self.session.request(
            method, URL(url, encoded=True).update_query(params), data=data, headers=headers, ssl=self.ssl
        )
        async with request as response:
            raw = await response.read()
            return response.status, orjson.loads(raw) if raw else {}

    async def register(self, localpart: str | None = None, *, password: str = PASSWORD, **more: object) -> "User":
        """Sign up a user and their first device."""
        localpart = localpart or f"user{next(_numbers)}"
        answer = await self.call(
            "POST",
            "/v3/register",
            {"username": localpart, "password": password, "auth": {"type": "m.login.dummy"}, **more},
        )
        return User(self, answer["user_id"], answer["access_token"], answer["device_id"])

    async def users(self, *localparts: str) -> "list[User]":
        """Sign up several users."""
        return [await self.register(localpart) for localpart in localparts]

    async def people(self, n: int) -> "list[User]":
        """Sign up users of whatever names, for servers that tests share."""
        return [await self.register() for _ in range(n)]

    async def login(self, localpart: str, *, password: str = PASSWORD, **more: object) -> "User":
        """Sign in on a new device."""
        identifier = {"type": "m.id.user", "user": localpart}
        answer = await self.call(
            "POST", "/v3/login", {"type": "m.login.password", "identifier": identifier, "password": password, **more}
        )
        return User(self, answer["user_id"], answer["access_token"], answer["device_id"])


@dataclass(slots=True)
class User:
    """A signed-in device of a user."""

    server: Server
    user_id: str
    token: str
    device_id: str
    next_batch: str | None = None

    async def call(self, method: str, path: str, body: object = None, **query: object) -> Json:
        """Call an endpoint with the token. Raises Refused."""
        return await self.server.call(method, path, body, token=self.token, query=query)

    async def ask(self, method: str, path: str, body: object = None, **query: object) -> tuple[int, Json]:
        """Like `call`, but errors are answers too."""
        return await self.server.ask(method, path, body, token=self.token, query=query)

    # -- rooms -----------------------------------------------------------------------------------------------------

    async def creates_room(self, *, inviting: "User | list[User] | None" = None, **more: object) -> str:
        """Create a room; its id."""
        invited = [inviting] if isinstance(inviting, User) else inviting or []
        body: Json = {"preset": "private_chat", "invite": [user.user_id for user in invited], **more}
        return str((await self.call("POST", "/v3/createRoom", body))["room_id"])

    async def creates_public_room(self, **more: object) -> str:
        return await self.creates_room(preset="public_chat", **more)

    async def joins(self, room_id: str, **query: object) -> str:
        return str((await self.call("POST", f"/v3/join/{quote(room_id, safe='')}", {}, **query))["room_id"])

    async def leaves(self, room_id: str) -> None:
        await self.call("POST", f"/v3/rooms/{room_id}/leave", {})

    async def invites(self, other: "User", room_id: str) -> None:
        await self.call("POST", f"/v3/rooms/{room_id}/invite", {"user_id": other.user_id})

    async def kicks(self, other: "User", room_id: str, reason: str = "") -> None:
        await self.call("POST", f"/v3/rooms/{room_id}/kick", {"user_id": other.user_id, "reason": reason})

    async def bans(self, other: "User", room_id: str) -> None:
        await self.call("POST", f"/v3/rooms/{room_id}/ban", {"user_id": other.user_id})

    async def unbans(self, other: "User", room_id: str) -> None:
        await self.call("POST", f"/v3/rooms/{room_id}/unban", {"user_id": other.user_id})

    # -- events ----------------------------------------------------------------------------------------------------

    async def sends(self, room_id: str, event_type: str, content: Json, txn_id: str | None = None) -> str:
        """Send an event; its id."""
        txn_id = txn_id or f"t{next(_numbers)}"
        path = f"/v3/rooms/{room_id}/send/{quote(event_type, safe='')}/{quote(txn_id, safe='')}"
        return str((await self.call("PUT", path, content))["event_id"])

    async def says(self, text: str, room_id: str, txn_id: str | None = None) -> str:
        """Send a text message; its id."""
        return await self.sends(room_id, "m.room.message", {"msgtype": "m.text", "body": text}, txn_id)

    async def sets(self, room_id: str, event_type: str, content: Json, state_key: str = "") -> str:
        """Send a state event; its id."""
        path = f"/v3/rooms/{room_id}/state/{quote(event_type, safe='')}/{quote(state_key, safe='')}"
        return str((await self.call("PUT", path, content))["event_id"])

    async def redacts(self, room_id: str, event_id: str, reason: str = "") -> str:
        path = f"/v3/rooms/{room_id}/redact/{quote(event_id, safe='')}/t{next(_numbers)}"
        return str((await self.call("PUT", path, {"reason": reason}))["event_id"])

    async def state(self, room_id: str, event_type: str, state_key: str = "") -> Json:
        return await self.call("GET", f"/v3/rooms/{room_id}/state/{event_type}/{quote(state_key, safe='')}")

    async def event(self, room_id: str, event_id: str) -> Json:
        return await self.call("GET", f"/v3/rooms/{room_id}/event/{quote(event_id, safe='')}")

    # -- reading ---------------------------------------------------------------------------------------------------

    async def syncs(self, *, timeout_ms: int = 0, **query: object) -> Json:
        """One sync from where the last one ended."""
        if self.next_batch is not None:
            query.setdefault("since", self.next_batch)
        answer = await self.call("GET", "/v3/sync", timeout=timeout_ms, **query)
        self.next_batch = answer["next_batch"]
        return answer

    async def history(self, room_id: str) -> list[Json]:
        """Every event of the room that this user may read, oldest first, by `/messages`."""
        events: list[Json] = []
        token: str | None = None
        while True:
            query: Json = {"dir": "b", "limit": 100}
            if token is not None:
                query["from"] = token
            page = await self.call("GET", f"/v3/rooms/{room_id}/messages", None, **query)
            events += page["chunk"]
            token = page.get("end")
            if token is None:
                return events[::-1]

    async def sees(self, room_id: str) -> list[str]:
        """The texts of the room's messages, oldest first."""
        return [event["content"]["body"] for event in await self.history(room_id) if event["content"].get("body")]
