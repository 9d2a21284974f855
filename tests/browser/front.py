"""A web server before two others: the client's files come from one, the API of a homeserver from another."""

import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp
from aiohttp import web

_API = ("/_matrix/", "/_synapse/", "/.well-known/")
_KEPT_BACK = {"transfer-encoding", "content-encoding", "content-length", "connection"}
_OWN = {"connection", "accept-encoding"}
CLOSING_S = 0.5
"""At its end a page may still wait for news, as it does for half a minute; nobody waits for that."""


@contextlib.asynccontextmanager
async def front(
    *,
    files: str,
    api: str,
    port: int = 0,
    trouble: Callable[[web.Request], web.Response | None] = lambda _request: None,
) -> AsyncIterator[str]:
    """Addresses of the two in; the address of both together out. WebSockets are answered 404, as Synapse does.

    `trouble` answers in their place what it wants to.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:

        async def forward(request: web.Request) -> web.StreamResponse:
            if (own := trouble(request)) is not None:
                return own
            to = api if request.path.startswith(_API) else files
            if "upgrade" in request.headers.get("Connection", "").lower():
                return web.Response(status=404)
            headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
            try:
                return await passed_on(request, to, headers)
            except aiohttp.ClientError:
                return web.Response(status=502)

        async def passed_on(request: web.Request, to: str, headers: dict[str, str]) -> web.Response:
            async with session.request(
                request.method, to + request.raw_path, headers=headers, data=await request.read(), allow_redirects=False
            ) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _KEPT_BACK}
                # The homeserver tells its own address to those who sign in: here it has another one.
                body = (await answer.read()).replace(api.encode(), f"http://{request.host}".encode())
                return web.Response(status=answer.status, headers=kept, body=body)

        app = web.Application(client_max_size=50_000_000)
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, shutdown_timeout=CLOSING_S)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield f"http://localhost:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
