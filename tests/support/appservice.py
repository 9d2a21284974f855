"""An application service for tests: a real HTTP server with a registration file, which answers as it is told."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from tests.support.client import Json, Refused, Server, User

DEADLINE_S = 20.0
OLD_ROUTE_TRANSACTIONS = "/transactions/{txn_id}"


@dataclass(slots=True)
class Appservice:
    """One bridge. Use as a context manager; `transactions` is what arrived, in order, repeats too."""

    folder: Path
    id: str = "bridge"
    prefix: str = "_bridge_"
    server_name: str = "hearth.test"
    more: Json = field(default_factory=dict)
    port: int = 0
    transactions: list[tuple[str, Json]] = field(default_factory=list)
    pings: list[Json] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    users: dict[str, Any] = field(default_factory=dict)
    """User id -> what to do before answering that there is such a user."""
    aliases: dict[str, Any] = field(default_factory=dict)
    refuses: int = 0
    """How many transactions are still answered by 500."""
    loses: int = 0
    """How many transactions are still taken without an answer that arrives."""
    ping_status: int = 200
    knows_old_routes_alone: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    @property
    def as_token(self) -> str:
        return f"as-{self.id}"

    @property
    def hs_token(self) -> str:
        return f"hs-{self.id}"

    @property
    def sender(self) -> str:
        return f"@{self.prefix}bot:{self.server_name}"

    def user_id(self, name: str) -> str:
        """The user id of a ghost."""
        return f"@{self.prefix}{name}:{self.server_name}"

    @property
    def file(self) -> str:
        """The registration file, written anew."""
        path = self.folder / f"{self.id}.yaml"
        registration = {
            "id": self.id,
            "url": f"http://127.0.0.1:{self.port}",
            "as_token": self.as_token,
            "hs_token": self.hs_token,
            "sender_localpart": f"{self.prefix}bot",
            "namespaces": {
                "users": [{"exclusive": True, "regex": f"@{self.prefix}.*"}],
                "aliases": [{"exclusive": True, "regex": f"#{self.prefix}.*"}],
            },
            "protocols": [self.id],
            "receive_ephemeral": True,
            "org.matrix.msc3202": True,
            **self.more,
        }
        path.write_text(json.dumps(registration))
        return str(path)

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._checked])
        app.router.add_put("/_matrix/app/v1/transactions/{txn_id}", self._transaction)
        app.router.add_put(OLD_ROUTE_TRANSACTIONS, self._transaction)
        app.router.add_post("/_matrix/app/v1/ping", self._ping)
        app.router.add_get("/_matrix/app/v1/users/{name}", self._user)
        app.router.add_get("/_matrix/app/v1/rooms/{name}", self._alias)
        app.router.add_get("/_matrix/app/v1/thirdparty/protocol/{name}", self._protocol)
        app.router.add_get("/_matrix/app/v1/thirdparty/user/{name}", self._third_party)
        app.router.add_get("/_matrix/app/v1/thirdparty/user", self._third_party)
        app.router.add_get("/_matrix/app/v1/thirdparty/location", self._location)
        app.router.add_get("/_matrix/app/v1/thirdparty/location/{name}", self._location)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # -- what the server asks --------------------------------------------------------------------------------------

    @web.middleware
    async def _checked(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.hs_token}":
            return web.json_response({"errcode": "M_FORBIDDEN"}, status=403)
        if self.knows_old_routes_alone and request.path.startswith("/_matrix/app/v1"):
            return web.json_response({"errcode": "M_UNRECOGNIZED"}, status=404)
        response: web.StreamResponse = await handler(request)
        return response

    async def _transaction(self, request: web.Request) -> web.Response:
        txn = (request.match_info["txn_id"], await request.json())
        if self.refuses > 0:
            self.refuses -= 1
            return web.json_response({"errcode": "M_UNKNOWN"}, status=500)
        self.transactions.append(txn)
        self._news.set()
        if self.loses > 0:
            self.loses -= 1
            return web.json_response({}, status=504)
        return web.json_response({})

    async def _ping(self, request: web.Request) -> web.Response:
        self.pings.append(await request.json())
        return web.json_response({} if self.ping_status == 200 else {"errcode": "M_SICK"}, status=self.ping_status)

    async def _user(self, request: web.Request) -> web.Response:
        return await self._made(self.users, request.match_info["name"])

    async def _alias(self, request: web.Request) -> web.Response:
        return await self._made(self.aliases, request.match_info["name"])

    async def _made(self, makers: dict[str, Any], name: str) -> web.Response:
        self.asked.append(name)
        if name not in makers:
            return web.json_response({"errcode": "M_NOT_FOUND"}, status=404)
        await makers[name]()
        return web.json_response({})

    async def _protocol(self, request: web.Request) -> web.Response:
        self.asked.append(request.match_info["name"])
        return web.json_response(
            {
                "user_fields": ["nick"],
                "location_fields": ["channel"],
                "icon": "mxc://hearth.test/icon",
                "field_types": {},
                "instances": [{"network_id": "net", "desc": "A network", "fields": {}}],
            }
        )

    async def _third_party(self, request: web.Request) -> web.Response:
        fields = dict(request.query)
        if fields.get("nick") == "nobody":
            return web.json_response([])
        return web.json_response([{"userid": self.user_id("x"), "protocol": self.id, "fields": fields}])

    async def _location(self, request: web.Request) -> web.Response:
        alias = f"#{self.prefix}x:{self.server_name}"
        return web.json_response([{"alias": alias, "protocol": self.id, "fields": dict(request.query)}])

    # -- what it does and saw --------------------------------------------------------------------------------------

    def acts(self, server: Server, user_id: str | None = None, device_id: str | None = None) -> "Ghost":
        """The API as one of its users, or as its sender."""
        return Ghost(server, user_id or self.sender, self.as_token, device_id or "", None)

    async def ghost(self, server: Server, name: str, **more: object) -> "Ghost":
        """Register a ghost that has no session."""
        body = {"type": "m.login.application_service", "username": f"{self.prefix}{name}", "inhibit_login": True}
        answer = await server.call("POST", "/v3/register", {**body, **more}, token=self.as_token)
        return self.acts(server, answer["user_id"])

    @property
    def events(self) -> list[Json]:
        """Every event that arrived, without repeated transactions."""
        return [event for body in self.bodies for event in body["events"]]

    @property
    def bodies(self) -> list[Json]:
        """Transactions by their ids, each once."""
        return list(dict(self.transactions).values())

    def saw(self, **wanted: object) -> list[Json]:
        """Events that have these values."""
        return [event for event in self.events if all(event.get(key) == value for key, value in wanted.items())]

    async def until(self, check: Any) -> Any:
        """Wait for a transaction after which `check()` is true; its value."""
        async with asyncio.timeout(DEADLINE_S):
            while not (found := check()):
                self._news.clear()
                await self._news.wait()
        return found


class Ghost(User):
    """A user of an application service, by its token."""

    async def ask(self, method: str, path: str, body: object = None, **query: object) -> tuple[int, Json]:
        """Ask as this user, and this device if one is named."""
        query.setdefault("user_id", self.user_id)
        if self.device_id:
            query.setdefault("device_id", self.device_id)
        return await self.server.ask(method, path, body, token=self.token, query=query)

    async def call(self, method: str, path: str, body: object = None, **query: object) -> Json:
        """`ask`, with errors raised as Refused."""
        status, answer = await self.ask(method, path, body, **query)
        if status not in {200, 201}:
            raise Refused(status, answer)
        return answer
