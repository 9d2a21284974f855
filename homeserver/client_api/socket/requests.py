"""The requests of a socket: up to 16 at work, those that send to a room in the order they came."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from homeserver.asgi.responses import Raw, encode
from homeserver.client_api.http import EndpointTable, Origin
from homeserver.client_api.socket import frames
from homeserver.client_api.socket.frames import Ended, Req
from homeserver.client_api.socket.methods import HttpCall, http_call
from homeserver.errors import LimitExceeded, MatrixError
from homeserver.services.requester import Requester

REFUSED_AT_MOST = 64


class Requests:
    """Of one socket. `send` takes the answers, as frames."""

    def __init__(self, table: EndpointTable, origin: Origin, send: Callable[[str], Awaitable[None]]) -> None:
        self._table = table
        self._origin = origin
        self._send = send
        self._inflight: set[str] = set()
        self._refused = 0
        self._tails: dict[str, asyncio.Event] = {}

    async def take(self, req: Req, requester: Requester, tasks: asyncio.TaskGroup) -> None:
        """Have a request done, or refuse it. Raises Ended."""
        if req.id in self._inflight:
            raise Ended(frames.PROTOCOL_ERROR, "two requests have the same id")
        if len(self._inflight) >= frames.MAX_INFLIGHT:
            self._refused += 1
            if self._refused > REFUSED_AT_MOST:
                raise Ended(frames.TOO_FAST, "too many requests at once", retry_after_ms=30_000)
            await self._send(_failure(req.id, LimitExceeded(retry_after_ms=1_000)))
            return
        try:
            call = http_call(req.m, req.p, requester.user_id)
        except MatrixError as error:
            await self._send(_failure(req.id, error))
            return
        self._inflight.add(req.id)
        before: asyncio.Event | None = None
        done = asyncio.Event()
        if call.ordered is not None:
            before = self._tails.get(call.ordered)
            self._tails[call.ordered] = done
        tasks.create_task(self._answer(req.id, call, requester, before, done))

    async def _answer(
        self, request_id: str, call: HttpCall, requester: Requester, before: asyncio.Event | None, done: asyncio.Event
    ) -> None:
        try:
            if before is not None:
                await before.wait()
            result = await self._table.call(
                call.method,
                call.path,
                requester=requester,
                origin=self._origin,
                query=call.query,
                body=call.body,
            )
        finally:
            done.set()
            if call.ordered is not None and self._tails.get(call.ordered) is done:
                del self._tails[call.ordered]
            self._inflight.discard(request_id)
        body = orjson.Fragment(result.answer.body) if isinstance(result.answer, Raw) else result.answer
        key = "r" if result.status < 400 else "e"
        await self._send(encode({"t": "res", "id": request_id, "s": result.status, key: body}).decode())


def _failure(request_id: str, error: MatrixError) -> str:
    return encode({"t": "res", "id": request_id, "s": error.status, "e": error.body()}).decode()
