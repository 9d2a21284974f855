"""An identity server for tests, over TLS: it knows who it is told, keeps invites, and answers wrongly when told to."""

import base64
import ssl
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

from aiohttp import web

from tests.support.client import Json
from tools.certificates import LocalCertificate

PEPPER = "pepper"
KEYS = [{"public_key": "a" * 43, "key_validity_url": "https://id.test/isvalid"}]


def hashed(address: str) -> str:
    """A mail address as it is asked for."""
    return base64.urlsafe_b64encode(sha256(f"{address} email {PEPPER}".encode()).digest()).decode().rstrip("=")


@dataclass
class Identity:
    """Use as a context manager; the token of everybody is `mine`.

    `bound`: user ids by address; `kept`, `binds`: what arrived; `answers`: status and body in place of the right one.
    """

    certificate: LocalCertificate
    bound: dict[str, str] = field(default_factory=dict)
    kept: list[Json] = field(default_factory=list)
    binds: list[Json] = field(default_factory=list)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    name: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self._talk)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.certificate, self.certificate.private_key)
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
        self.name = f"localhost:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _talk(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer mine":
            return web.json_response({"errcode": "M_UNAUTHORIZED"}, status=401)
        what = request.path.removeprefix("/_matrix/identity/v2/")
        if what in self.answers:
            status, told = self.answers[what]
            return web.json_response(told, status=status)
        match what:
            case "hash_details":
                return web.json_response({"lookup_pepper": PEPPER, "algorithms": ["none", "sha256"]})
            case "lookup":
                asked = (await request.json())["addresses"]
                known = {hashed(address): user_id for address, user_id in self.bound.items()}
                return web.json_response({"mappings": {one: known[one] for one in asked if one in known}})
            case "store-invite":
                self.kept.append(await request.json())
                token = f"token{len(self.kept)}"
                return web.json_response({"token": token, "public_keys": KEYS, "display_name": "n...@e..."})
            case _:
                self.binds.append(await request.json())
                return web.json_response({"address": "x", "medium": "email", "mxid": "y"})
