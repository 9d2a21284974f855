"""Calls an ASGI application in memory, as a server would."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from homeserver.asgi.interface import App, Message


@dataclass
class Answered:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def errcode(self) -> str:
        return str(self.json["errcode"])


class Exchange:
    """One request: feed `incoming`, read `answered`."""

    def __init__(
        self,
        method: str,
        target: str | bytes,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        client: str = "192.0.2.1",
    ) -> None:
        raw = target if isinstance(target, bytes) else target.encode("ascii")
        path, _, query = raw.partition(b"?")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.decode("ascii"),
            "raw_path": path,
            "query_string": query,
            "headers": [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in pairs],
            "client": (client, 40000),
            "server": ("127.0.0.1", 8008),
        }
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.answered = Answered()

    def body(self, part: bytes, *, more: bool = False) -> None:
        self.incoming.put_nowait({"type": "http.request", "body": part, "more_body": more})

    def leave(self) -> None:
        self.incoming.put_nowait({"type": "http.disconnect"})

    async def run(self, app: App) -> Answered:
        await app(self.scope, self.incoming.get, self._send)
        return self.answered

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answered.status = message["status"]
            self.answered.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            self.answered.body += message["body"]


async def ask(
    app: App,
    method: str,
    target: str | bytes,
    body: bytes | object = b"",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    client: str = "192.0.2.1",
) -> Answered:
    """One whole request; `body` may be JSON data."""
    exchange = Exchange(method, target, headers, client)
    exchange.body(body if isinstance(body, bytes) else orjson.dumps(body))
    return await exchange.run(app)
