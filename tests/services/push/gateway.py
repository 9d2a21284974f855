"""A real push gateway over TLS, that takes, rejects or fails as it is told."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.client import Json, User
from tests.support.ports import free_ports
from tools.certificates import LocalCertificate

PATH = "/_matrix/push/v1/notify"
LIMIT_S = 20.0


@dataclass
class Gateway:
    """What arrived, and how it answers."""

    port: int
    came: list[Json] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    failing: int = 0
    """How many of the next requests fail; -1: all."""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}{PATH}"

    async def answer(self, request: web.Request) -> web.Response:
        """Take a notification."""
        notification = (await request.json())["notification"]
        if self.failing:
            self.failing = max(-1, self.failing - 1)
            return web.json_response({}, status=502)
        self.came.append(notification)
        keys = {device["pushkey"] for device in notification["devices"]}
        return web.json_response({"rejected": sorted(keys & self.rejected)})

    def of(self, pushkey: str) -> list[Json]:
        """What came for one push key."""
        return [one for one in self.came if one["devices"][0]["pushkey"] == pushkey]

    def events_of(self, pushkey: str) -> list[str]:
        """Ids of the events among it, in order."""
        return [one["event_id"] for one in self.of(pushkey) if "event_id" in one]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; fails with what came if it does not."""
        deadline = time.monotonic() + LIMIT_S
        while not holds():
            assert time.monotonic() < deadline, self.came
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running_gateway(certificate: LocalCertificate) -> AsyncIterator[Gateway]:
    """A gateway that listens."""
    gateway = Gateway(free_ports(1)[0])
    app = web.Application()
    app.router.add_post(PATH, gateway.answer)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate.certificate, certificate.private_key)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "localhost", gateway.port, ssl_context=tls).start()
    try:
        yield gateway
    finally:
        await runner.cleanup()


def pusher(url: str, pushkey: str, **more: object) -> Json:
    """Body of POST /pushers/set."""
    return {
        "kind": "http",
        "app_id": "test.app",
        "pushkey": pushkey,
        "app_display_name": "App",
        "device_display_name": "Phone",
        "lang": "en",
        "data": {"url": url, "custom": 7},
        **more,
    }


async def sets_pusher(user: User, url: str, pushkey: str, **more: object) -> None:
    """Have a user be notified there."""
    await user.call("POST", "/v3/pushers/set", pusher(url, pushkey, **more))
