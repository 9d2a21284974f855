"""A client of the socket `app.hearth.stream` for tests: real frames over a real connection."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import orjson

from tests.support.client import Json, User

PATH = "/_matrix/client/unstable/app.hearth.stream/v1/ws"
SUBPROTOCOL = "app.hearth.stream.v1.json"
EVERYTHING: Json = {
    "lists": {
        "all": {"timeline_limit": 20, "required_state": {"include": [{}], "lazy_members": True}},
    }
}


@dataclass(slots=True)
class Stream:
    """An open socket. Deltas are acknowledged as they are read, unless `acks` is off."""

    wire: aiohttp.ClientWebSocketResponse
    acks: bool = True
    pos: str | None = None
    deltas: list[Json] = field(default_factory=list)
    answers: dict[str, Json] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def send(self, **frame: object) -> None:
        await self.wire.send_str(orjson.dumps(frame).decode())

    async def frame(self, timeout_s: float = 15.0) -> Json:
        """The next frame; `{"t": "closed", "code": ...}` at the end."""
        message = await self.wire.receive(timeout_s)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return {"t": "closed", "code": self.wire.close_code}
        frame: Json = orjson.loads(message.data)
        if frame["t"] == "delta":
            self.deltas.append(frame)
            self.pos = frame["pos"]
            if self.acks:
                await self.send(t="ack", pos=self.pos)
        elif frame["t"] == "res":
            self.answers[frame["id"]] = frame
        return frame

    async def until(self, kind: str, timeout_s: float = 15.0) -> Json:
        """The next frame of a kind; the others before it are taken in."""
        async with asyncio.timeout(timeout_s):
            while True:
                frame = await self.frame(timeout_s)
                if frame["t"] == kind:
                    return frame
                if frame["t"] == "closed":
                    raise AssertionError(f"the socket was closed with {frame['code']}, no {kind} came")

    async def delta(self, timeout_s: float = 15.0) -> Json:
        """The body of the next delta."""
        body: Json = (await self.until("delta", timeout_s))["body"]
        return body

    async def asks(self, name: str, /, **params: object) -> Json:
        """Call a method and wait for its answer."""
        number = str(next(self.numbers))
        await self.send(t="req", id=number, m=name, p=params)
        async with asyncio.timeout(15):
            while number not in self.answers:
                if (await self.frame())["t"] == "closed":
                    raise AssertionError("the socket was closed")
        return self.answers.pop(number)


@contextlib.asynccontextmanager
async def socket(
    user: User, *, hello: bool = True, conn_id: str = "web", resume: str | None = None, sub: Json | None = None
) -> AsyncIterator[Stream]:
    """An open socket of a device; with `hello` it is ready."""
    url = user.server.base_url.replace("http", "ws", 1) + PATH
    async with user.server.session.ws_connect(url, protocols=(SUBPROTOCOL,), max_msg_size=0) as wire:
        stream = Stream(wire)
        if hello:
            await greet(stream, user, conn_id=conn_id, resume=resume, sub=sub)
        yield stream


async def greet(
    stream: Stream, user: User, *, conn_id: str = "web", resume: str | None = None, sub: Json | None = None
) -> Json:
    """Say `hello`; the `ready`."""
    more: Json = {"resume": {"pos": resume}} if resume is not None else {}
    await stream.send(
        t="hello", v=[1], access_token=user.token, conn_id=conn_id, client="test", sub=sub or EVERYTHING, **more
    )
    return await stream.until("ready")
