"""The simulated resident of a large room on real ports, for servers in processes of their own."""

import ssl
from collections.abc import Sequence

from aiohttp import web

from homeserver.net.http import Request
from tests.support.big_room import BigRoom
from tools.certificates import LocalCertificate


async def serve(ports: Sequence[int], certificate: LocalCertificate, rooms: list[BigRoom]) -> web.AppRunner:
    """The resident and the servers of its members, on these ports; the newest of `rooms` is served."""

    async def answer(request: web.Request) -> web.Response:
        room = rooms[-1]
        name = f"localhost:{request.transport.get_extra_info('sockname')[1]}" if request.transport else room.name
        asked = Request(request.method, "localhost", 0, request.raw_path, body=await request.read())
        found = await (room.answer(asked) if name == room.name else room.other(name)(asked))
        return web.Response(status=found.status, body=found.body, content_type="application/json")

    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate.certificate, certificate.private_key)
    for port in ports:
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    return runner
