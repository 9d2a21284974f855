"""The front of every listener: finds the route on the raw path, answers, turns errors into JSON, logs.

Quart stands behind it for WebSockets and for pages under the prefixes given; the web client's files come last. Errors
of services become answers here and nowhere else. Spec: Client-Server API, API Standards.
"""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence

import structlog

from homeserver.asgi.interface import App, Message, Receive, Scope, Send
from homeserver.asgi.observe import RequestObserver
from homeserver.asgi.request import ClientGone, IpNetwork, Request, client_address
from homeserver.asgi.responses import PREFLIGHT, Answer, error_answer, send_answer
from homeserver.asgi.routes import Params, Route, Routes
from homeserver.errors import BadJson, InternalError, MatrixError, MethodNotAllowed, Unavailable, Unrecognized

CLIENT_GONE = 499
SERVICE_RESTART = 1012
STOP_GRACE_S = 2.0
_API_PREFIXES = (b"/_matrix/", b"/_synapse/", b"/.well-known/matrix/")

log = structlog.get_logger("http")


class Dispatcher:
    """The ASGI application of all listeners of a process; `listener()` gives the view of one."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        observer: RequestObserver,
        stopping: asyncio.Event,
        trusted_proxies: Sequence[IpNetwork] = (),
        pages: Mapping[bytes, App] | None = None,
        websockets: App | None = None,
        site: App | None = None,
        instance: str = "0",
    ) -> None:
        self._routes = Routes(routes)
        self._observer = observer
        self._stopping = stopping
        self._trusted_proxies = trusted_proxies
        self._pages = pages or {}
        self._websockets = websockets
        self._site = site
        self._instance = instance
        self._numbers = itertools.count(1)
        self._waiting: set[asyncio.Timeout] = set()

    def listener(self, resources: frozenset[str]) -> App:
        """The application for a listener that offers these resources."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._http(resources, scope, receive, send)
            elif scope["type"] == "websocket":
                await self._websocket(resources, scope, receive, send)
            elif scope["type"] == "lifespan":
                await _lifespan(receive, send)

        return application

    def stop(self) -> None:
        """Let long-polls and WebSockets end by themselves (`stopping`), and end the rest of them soon after."""
        self._stopping.set()
        due = asyncio.get_running_loop().time() + STOP_GRACE_S
        for timeout in list(self._waiting):
            timeout.reschedule(due)

    async def _http(self, resources: frozenset[str], scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = Request(scope, receive, f"{self._instance}-{next(self._numbers):x}")
        request.ip = client_address(request, self._trusted_proxies)
        self._observer.began()
        status, size = CLIENT_GONE, 0
        try:
            application = self._behind(resources, request)
            if application is not None:
                await application(scope, receive, send)
                status = 200
            else:
                answer = await self._answer(resources, request)
                if answer is not None:
                    status, size = await send_answer(
                        send, answer, head_only=request.method == "HEAD", direct=request.direct
                    )
                elif request.method == "OPTIONS":
                    status = await _preflight(send)
        finally:
            self._observer.ended(request, status, size, time.perf_counter() - started)

    def _behind(self, resources: frozenset[str], request: Request) -> App | None:
        """What answers a path that is no endpoint's: a page of Quart, or a file of the web client."""
        path = request.raw_path
        for prefix, application in self._pages.items():
            if path.startswith(prefix) and "client" in resources:
                request.pattern = prefix.decode("ascii")
                return application
        if self._site is None or "web" not in resources or path.startswith(_API_PREFIXES):
            return None
        if request.method not in {"GET", "HEAD"} or path in {b"/health", b"/metrics"}:
            return None
        request.pattern = "(web client)"
        return self._site

    async def _answer(self, resources: frozenset[str], request: Request) -> Answer | None:
        """The answer, None if the client has gone or only asks what it may ask."""
        try:
            if request.refusal is not None:
                raise request.refusal
            if request.method == "OPTIONS":
                return None
            route, params, known = self._routes.find(request.method, request.raw_path)
            if route is None and request.method == "HEAD":
                route, params, known = self._routes.find("GET", request.raw_path)
            if route is None and known:
                raise MethodNotAllowed
            if route is None or route.resource not in resources:
                raise Unrecognized
            request.pattern = route.path
            return await (self._poll(route, request, params) if route.long_poll else route.handler(request, params))
        except ClientGone:
            return None
        except MatrixError as error:
            answer: Answer = error_answer(error)
        except RecursionError:
            answer = error_answer(BadJson("The body is nested too deeply"))
        except Exception:
            log.exception("request_failed", id=request.id, method=request.method, route=request.pattern)
            answer = error_answer(InternalError())
        await request.discard_body()
        return answer

    async def _poll(self, route: Route, request: Request, params: Params) -> Answer:
        """Run a handler that may wait long: it ends when its client goes, and at the latest soon after `stop`."""
        await request.prefetch()
        if request.direct is None:
            return await self._poll_and_watch(route, request, params)
        if not request.direct.cancel_when_gone():
            raise ClientGone
        timeout = asyncio.timeout(None)
        try:
            async with timeout:
                self._watch(timeout)
                return await route.handler(request, params)
        except TimeoutError:
            if timeout.expired():
                raise Unavailable("The server is being restarted") from None
            raise
        finally:
            self._waiting.discard(timeout)

    async def _poll_and_watch(self, route: Route, request: Request, params: Params) -> Answer:
        """`_poll` under a server that only tells by `receive` that a client has gone."""
        outcome: list[Answer | Exception] = []

        async def run() -> None:
            try:
                outcome.append(await route.handler(request, params))
            except Exception as error:  # noqa: BLE001 - carried out of the task group as it is, and raised below
                outcome.append(error)
            watch.cancel()

        async def until_gone() -> None:
            await request.gone()
            answering.cancel()

        timeout = asyncio.timeout(None)
        try:
            async with timeout, asyncio.TaskGroup() as group:
                self._watch(timeout)
                answering = group.create_task(run())
                watch = group.create_task(until_gone())
        except TimeoutError:
            raise Unavailable("The server is being restarted") from None
        finally:
            self._waiting.discard(timeout)
        if not outcome:
            raise ClientGone
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def _watch(self, timeout: asyncio.Timeout) -> None:
        self._waiting.add(timeout)
        if self._stopping.is_set():
            timeout.reschedule(asyncio.get_running_loop().time() + STOP_GRACE_S)

    async def _websocket(self, resources: frozenset[str], scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a WebSocket to Quart; whatever is still open soon after `stop` is closed with 1012."""
        if self._websockets is None or "client" not in resources:
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        closed = False

        async def watched(message: Message) -> None:
            nonlocal closed
            closed = closed or message["type"] == "websocket.close"
            await send(message)

        timeout = asyncio.timeout(None)
        try:
            async with timeout:
                self._watch(timeout)
                await self._websockets(scope, receive, watched)
        except TimeoutError:
            if not closed:
                await send({"type": "websocket.close", "code": SERVICE_RESTART})
        finally:
            self._waiting.discard(timeout)


async def _preflight(send: Send) -> int:
    """Answer OPTIONS, which every path allows and which changes nothing."""
    await send({"type": "http.response.start", "status": 204, "headers": list(PREFLIGHT)})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return 204


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing starts or stops with the server's lifespan: `App.run` owns all tasks."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
