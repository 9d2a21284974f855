"""A small ASGI application behind the real front, and a client that sends bytes as they are."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from homeserver.asgi.interface import DIRECT, App, Direct, Receive, Scope, Send
from homeserver.config.server import Listener, Tls
from homeserver.serving import Crowd, bind, serve

BIG_PART = b"b" * 65536
BIG_PARTS = 800


@dataclass
class Small:
    """`/echo`, `/count` (of a body), `/poll`, `/late`, `/parts`, `/big`, `/raises`, ... ; remembers its calls."""

    paths: list[str] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    polling: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    sent_parts: int = 0
    stop_called: bool = False

    def listener(self, _resources: frozenset[str]) -> App:
        return self.answer

    async def run(self) -> None:
        await asyncio.Event().wait()

    def stop(self) -> None:
        self.stop_called = True

    async def close(self) -> None:
        pass

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": message["text"]})
            return
        path = scope["raw_path"].decode()
        self.paths.append(path)
        self.scopes.append(scope)
        if path == "/direct":
            await self.direct(scope["extensions"][DIRECT])
        else:
            await getattr(self, path.strip("/") or "echo", self.echo)(receive, send)

    async def echo(self, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            body += message["body"]
            more = message["more_body"]
        await _plain(send, body)

    async def count(self, receive: Receive, send: Send) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message["body"])
            more = message["more_body"]
        await _plain(send, b"%d" % size)

    async def poll(self, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        self.polling.set()
        assert (await receive())["type"] == "http.disconnect"
        self.gone.set()

    async def direct(self, direct: Direct) -> None:
        body = direct.take_body()
        if body:
            direct.answer(200, b"x-direct: yes\r\n", body)
            return
        assert direct.cancel_when_gone()
        self.polling.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.gone.set()

    async def late(self, _receive: Receive, send: Send) -> None:
        self.polling.set()
        await self.go_on.wait()
        await _plain(send, b"late")

    async def unread(self, _receive: Receive, send: Send) -> None:
        await _plain(send, b"no, thanks", status=413)

    async def parts(self, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one ", b"two ", b""):
            await send({"type": "http.response.body", "body": part, "more_body": bool(part)})

    async def big(self, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(BIG_PARTS):
            await send({"type": "http.response.body", "body": BIG_PART, "more_body": True})
            self.sent_parts += 1
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def short(self, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"12345", "more_body": False})

    async def split(self, _receive: Receive, send: Send) -> None:
        await _plain(send, b"", headers=[(b"location", b"/a\r\nset-cookie: b")])

    async def empty(self, _receive: Receive, send: Send) -> None:
        await _plain(send, b"", status=204)

    async def raises(self, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("as it was asked to")


async def _plain(send: Send, body: bytes, *, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@dataclass
class Running:
    port: int
    app: Small
    stop: asyncio.Event
    task: "asyncio.Task[None]"

    async def opens(self, *, limit: int = 2**20, tls: ssl.SSLContext | None = None) -> "Wire":
        """A connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=limit, ssl=tls)
        return Wire(reader, writer)

    async def exchange(self, raw: bytes, *, within_s: float = 5) -> bytes:
        """All that comes back for these bytes, until the server closes, after the client has said that it is done."""
        wire = await self.opens()
        wire.writer.write(raw)
        wire.writer.write_eof()
        try:
            return await wire.rest(within_s)
        finally:
            wire.writer.close()


@dataclass
class Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self, within_s: float = 5) -> tuple[int, bytes]:
        """Status and body of the next answer, which has a content-length."""
        async with asyncio.timeout(within_s):
            head = await self.reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            body = await self.reader.readexactly(int(fields.get(b"content-length", b"0")))
            return int(head[9:12]), body

    async def rest(self, within_s: float = 5) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(within_s):
            return await self.reader.read()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()


@asynccontextmanager
async def running(
    *, certificate: tuple[Path, Path] | None = None, crowd: Crowd | None = None
) -> AsyncIterator[Running]:
    """The small application, served."""
    tls = Tls(certificate=str(certificate[0]), private_key=str(certificate[1])) if certificate else None
    bindings = bind([Listener(host="127.0.0.1", port=0, resources=("client",), tls=tls)])
    app, stop, ready = Small(), asyncio.Event(), asyncio.Event()
    task = asyncio.ensure_future(serve(app, bindings, on_ready=ready.set, stop=stop, crowd=crowd))
    await ready.wait()
    try:
        yield Running(bindings[0].sock.getsockname()[1], app, stop, task)
    finally:
        app.go_on.set()
        stop.set()
        await asyncio.wait_for(task, 15)


def statuses(answers: bytes) -> list[int]:
    """The statuses of answers in a row."""
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]
